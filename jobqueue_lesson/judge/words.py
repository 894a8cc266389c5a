"""Values in words: short, on one line, and for any value that a queue may return (page 14)."""

from __future__ import annotations

import re
from typing import Any

from .. import moves
from ..job import Move, Status
from ..lines import raising_line

MISSING = object()
"""The value of an attribute that is not there."""
ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")
"""What is different in every run."""


def attribute(value: Any, name: str) -> Any:
    """Return an attribute; `MISSING` if it is not there, or cannot be read. This works for any value."""
    try:
        return getattr(value, name, MISSING)
    except Exception:  # a property that fails
        return MISSING


def shown_job(job: Any) -> str:
    """Say which job was returned, and its state."""
    if job is None or job is MISSING:
        return "None"
    number, status = attribute(job, "id"), attribute(job, "status")
    if number is MISSING or status is MISSING:
        return brief(job)
    return f"job #{plain(number)}, {plain(status)}"


def plain(value: Any) -> str:
    """Return a value as somebody would write it: a state without its class, a number without .0. See `brief`."""
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e5 else brief(value)


def event_in_words(event: Any) -> str:
    """Say of which move a listener was called. This works for any value."""
    move, number = attribute(event, "move"), attribute(event, "job_id")
    if move is MISSING or number is MISSING:
        return f"it is called with {brief(event)}"
    return f"it hears of {plain(move)} of job #{plain(number)}"


def brief(value: Any) -> str:
    """Return a value's repr on one line, shortened. This works for any value."""
    if value is MISSING:
        return "missing"
    if isinstance(value, (Status, Move)):
        return str(value)
    try:
        if isinstance(value, dict):
            value = {(str(key) if isinstance(key, str) else key): inner for key, inner in value.items()}
        text = " ".join(repr(value).split())
    except Exception:  # a __repr__ that fails
        text = f"a {type(value).__name__} that cannot be shown"
    return _cut(ADDRESS.sub("", text), 70)


def many(number: int, what: str) -> str:
    """Say how many of something there are, such as "no error" or "2 errors"."""
    return f"{number or 'no'} {what}{'s' * (number != 1)}"


def error_in_words(error: BaseException) -> str:
    """Return an error's type and message on one line, shortened. This works for any error."""
    name, message = moves.describe_error(error)
    text = _cut(" ".join(message.split()), 140)
    return f"{name}: {text}" if text else name


def with_line_of(error: BaseException) -> str:
    """Return an error's type and message, and the learner's line that raised it."""
    line = raising_line(error)
    return error_in_words(error) + (f", at {line}" if line is not None else "")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
