"""Write what learners can do after each page into INSTRUCTORS.md: the lists come from the pages' first cells.

    python -m tools.objectives            show them
    python -m tools.objectives --write    write them

A page's list ends with the names of what shows each of them: see `jobqueue_lesson.course.pages.objectives`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from jobqueue_lesson.course import pages

from . import parser
from .paths import INSTRUCTORS, notebooks

LEAD = "After it they can: "


def line(path: Path) -> str:
    """Return a page's objectives in one line: "After it they can: … (`check_worker`) · …"."""
    found = pages.objectives(json.loads(path.read_bytes()))
    return LEAD + " · ".join(f"{text} ({', '.join(f'`{shown}`' for shown in by)})" for text, by in found)


def in_instructors(text: str) -> str:
    """Write each page's objectives below the minutes of its section."""
    for path in notebooks():
        section = rf"(?m)(^### {int(path.stem[:2])} · .+\n\n\*.+\n)(?:\n{LEAD}.*\n)?"
        text = re.sub(section, lambda match: f"{match[1]}\n{line(path)}\n", text)  # noqa: B023
    return text


def main(arguments: Sequence[str]) -> int:
    """Show the objectives, or write them; return the exit code."""
    command_line = parser("objectives", __doc__)
    command_line.add_argument("--write", action="store_true", help=f"write them into {INSTRUCTORS.name}")
    if command_line.parse_args(arguments).write:
        INSTRUCTORS.write_text(in_instructors(INSTRUCTORS.read_text(encoding="utf-8")), encoding="utf-8")
        return 0
    for path in notebooks():
        print(f"{path.stem}: {line(path)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
