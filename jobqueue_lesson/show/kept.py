"""What the course keeps of a learner's work: the exercises that are solved, and the predictions they committed to.

It is in a small file beside the notebooks, and nowhere else.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FILE = ".jobqueue_lesson_solved.json"
ELSEWHERE = "JOBQUEUE_LESSON_SOLVED"
"""The environment variable with another path for the file."""


def path() -> Path:
    """Return where the file is, or will be: in the notebook's folder."""
    return Path(os.environ.get(ELSEWHERE) or FILE)


def solved() -> set[str]:
    """Return the names of the solved exercises: none, if the file cannot be read."""
    return set(_read()["solved"])


def mark_solved(exercise: str) -> None:
    """Mark an exercise as solved. If the file cannot be written, do nothing."""
    record = _read()
    if exercise not in record["solved"]:
        record["solved"] = sorted([*record["solved"], exercise])
        _write(record)


def prediction(card: str) -> str | None:
    """Return the answer that was committed to on a card; None if there is none, or the file cannot be read."""
    answer: str | None = _read()["predictions"].get(card)
    return answer


def keep_prediction(card: str, answer: str | None) -> None:
    """Keep an answer to a card; None: forget it. If the file cannot be written, do nothing."""
    record = _read()
    record["predictions"].pop(card, None)
    if answer is not None:
        record["predictions"][card] = answer
    _write(record)


def start_over() -> None:
    """Forget everything: the map is empty, and every card asks again."""
    path().unlink(missing_ok=True)


def _read() -> dict[str, Any]:
    try:
        known = json.loads(path().read_text(encoding="utf-8"))
        solved = [str(name) for name in known.get("solved", [])]
        predictions = {str(card): str(answer) for card, answer in known.get("predictions", {}).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {"solved": [], "predictions": {}}
    return {"solved": solved, "predictions": predictions}


def _write(record: dict[str, Any]) -> None:
    scratch = path().with_suffix(".new")
    try:
        scratch.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        scratch.replace(path())  # atomic, in case the kernel is killed meanwhile
    except OSError:
        return
