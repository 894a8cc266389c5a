"""JavaScript modules joined into one: anywidget loads a widget's code from memory, so it can import no file."""

from __future__ import annotations

import re
from pathlib import Path

IMPORT = re.compile(r'^import \{[^}]*\} from "\./([^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default )", re.MULTILINE)


def join_modules(entry: Path) -> str:
    """Join a module and all that it imports into one module, which needs no other.

    A module imports from files beside it, by name: `import { a, b } from "./c.js";`. It exports where it declares. So
    no two modules may declare the same name at their top level.

    Args:
        entry: the module whose default export the joined one has.

    Returns:
        The source of the joined module, each part after those that it imports.
    """
    parts: dict[Path, str] = {}

    def add(module: Path) -> None:
        source = module.read_text(encoding="utf-8")
        for name in IMPORT.findall(source):
            if module.with_name(name) not in parts:
                add(module.with_name(name))
        parts[module] = EXPORT.sub("", IMPORT.sub("", source))

    add(entry)
    return "\n".join(parts.values())
