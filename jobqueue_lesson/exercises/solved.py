"""Which exercises have been solved here: kept in a small file beside the notebooks, and nowhere else."""

from __future__ import annotations

import json
import os
from pathlib import Path

FILE = ".jobqueue_lesson_solved.json"
ELSEWHERE = "JOBQUEUE_LESSON_SOLVED"
"""Names the environment variable that says where else the file shall be."""


def path() -> Path:
    """Return where the file is, or will be: in the folder that the notebook runs in."""
    return Path(os.environ.get(ELSEWHERE) or FILE)


def names() -> set[str]:
    """Name the exercises that have been solved. A file that cannot be read counts as none."""
    try:
        known = json.loads(path().read_text(encoding="utf-8"))
        return {str(name) for name in known["solved"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def note(name: str) -> None:
    """Note that an exercise is solved. Where nothing can be written, nothing is noted."""
    known = names()
    if name in known:
        return
    text = json.dumps({"solved": sorted({*known, name})}, indent=1)
    scratch = path().with_suffix(".new")
    try:
        scratch.write_text(text + "\n", encoding="utf-8")
        scratch.replace(path())  # all or nothing, should the kernel be killed meanwhile
    except OSError:
        return


def forget_solved() -> None:
    """Forget all that has been solved here: the map is empty again."""
    path().unlink(missing_ok=True)
