"""Joining JavaScript modules into one: anywidget loads a widget's code from memory, so it cannot import files."""

from __future__ import annotations

import re
from pathlib import Path

IMPORT = re.compile(r'^import \{[^}]*\} from "\./([^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default )", re.MULTILINE)
DEFAULT = re.compile(r"^export default .*;\n", re.MULTILINE)


def join_modules(entry: Path) -> str:
    """Join a module and everything that it imports into one module without imports.

    Modules import from files beside them, by name: `import { a, b } from "./c.js";`, and export at the declaration. No
    two modules may declare the same name at their top level. What others than the entry export as their default is for
    those who load them by themselves.

    Args:
        entry: the module whose default export becomes that of the joined one.

    Returns:
        The source of the joined module, each part after those that it imports.
    """
    parts: dict[Path, str] = {}

    def add(module: Path) -> None:
        source = module.read_text(encoding="utf-8")
        for name in IMPORT.findall(source):
            if module.with_name(name) not in parts:
                add(module.with_name(name))
        source = EXPORT.sub("", IMPORT.sub("", source))
        parts[module] = source if module == entry else DEFAULT.sub("", source)

    add(entry)
    return "\n".join(parts.values())
