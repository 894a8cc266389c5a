"""Which exercises have been solved: kept in a small file beside the notebooks, and nowhere else."""

from __future__ import annotations

import json
import os
from pathlib import Path

FILE = ".jobqueue_lesson_solved.json"
ELSEWHERE = "JOBQUEUE_LESSON_SOLVED"
"""The environment variable with another path for the file."""


def path() -> Path:
    """Return where the file is, or will be: in the notebook's folder."""
    return Path(os.environ.get(ELSEWHERE) or FILE)


def names() -> set[str]:
    """Return the names of the solved exercises: none, if the file cannot be read."""
    try:
        known = json.loads(path().read_text(encoding="utf-8"))
        return {str(name) for name in known["solved"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def mark(name: str) -> None:
    """Mark an exercise as solved. If the file cannot be written, do nothing."""
    known = names()
    if name in known:
        return
    text = json.dumps({"solved": sorted({*known, name})}, indent=1)
    scratch = path().with_suffix(".new")
    try:
        scratch.write_text(text + "\n", encoding="utf-8")
        scratch.replace(path())  # atomic, in case the kernel is killed meanwhile
    except OSError:
        return


def forget_solved() -> None:
    """Delete the record of solved exercises: the map is empty again."""
    path().unlink(missing_ok=True)
