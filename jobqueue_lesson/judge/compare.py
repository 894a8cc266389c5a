"""Comparing what a queue showed with what the contract promises, field by field (page 14).

Only what the contract says is compared. A queue may forget when a released attempt started, and it may use
`scheduled_for` for something else while a job is running.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from operator import attrgetter
from typing import Any, NamedTuple

from ..job import ENDED, AttemptError, Job, JobEvent, Move, Status
from ..lines import Line
from .calls import Outcome, Raised
from .promises import Promise
from .words import MISSING, attribute, brief, many, plain

CLOSE = 1e-6
"""Seconds by which two times may differ: databases round them."""
TIMES = {"at", "created_at", "scheduled_for", "started_at", "finished_at", "retry_in"}
"""The fields that are compared with `same_time`."""


class Difference(NamedTuple):
    """A promise that was broken, and how."""

    promise: Promise
    promised: str
    seen: str
    line: Line | None = None
    """The queue's own line that raised what was seen; None if it is not known, or nothing was raised."""


class Broken(Exception):
    """A queue has broken a promise.

    Args:
        promise: the sentence.
        promised: what it means here.
        seen: what was seen instead, in words or as the outcome of a call.
    """

    def __init__(self, promise: Promise, promised: str, seen: str | Outcome) -> None:
        super().__init__(promise, promised, seen)
        line = seen.line if isinstance(seen, Raised) else None
        self.difference = Difference(promise, promised, str(seen), line)


FIELDS = {
    "id": 1, "type": 1, "data": 1, "status": 1, "worker": 1, "result": 1,
    "priority": 2, "created_at": 2, "scheduled_for": 2,
    "attempts": 3, "max_attempts": 3, "errors": 3, "started_at": 3, "finished_at": 3,
    "key": 4,
    "progress": 5, "note": 5,
}  # fmt: skip
"""The fields of a job, and the stage from which on each is compared."""

CLAIMED = (Status.PROCESSING, *ENDED)
ALL_FIELDS = attrgetter(*FIELDS)

WHILE = {
    "worker": CLAIMED,
    "started_at": CLAIMED,
    "finished_at": ENDED,
    "result": (Status.COMPLETED,),
    "scheduled_for": (Status.PENDING,),
}
"""In which states a field is compared, if not in all."""

METHOD = {
    "enqueue": Promise.ADD,
    "dequeue": Promise.NEXT,
    "complete": Promise.COMPLETE,
    "fail": Promise.FAIL,
    "release": Promise.RELEASE,
    "heartbeat": Promise.HEARTBEAT,
    "progress": Promise.PROGRESS,
    "revive": Promise.REVIVE,
    "discard": Promise.DISCARD,
    "get": Promise.GET,
    "stats": Promise.STATS,
    "dead": Promise.DEAD,
    "subscribe": Promise.SUBSCRIBE,
    "hear": Promise.SUBSCRIBE,
    "leave": Promise.SUBSCRIBE,
    "wake": Promise.WAKE,
    "wait": Promise.WAIT,
    "work": Promise.WAIT,
    "join": Promise.JOIN,
    "reopen": Promise.NEVER_LOST,
    "name": Promise.NAME,
    "clock": Promise.CLOCK,
    "lease": Promise.LEASE,
}
"""What each method or attribute is for: the sentence that is broken if it does nothing, or raises an error."""

FIELD = {
    "type": Promise.TYPE,
    "data": Promise.DATA,
    "priority": Promise.PRIORITY,
    "max_attempts": Promise.ATTEMPTS,
    "key": Promise.KEY,
    "result": Promise.RESULT,
    "created_at": Promise.CLOCK,
    "started_at": Promise.FIELDS,
    "finished_at": Promise.FIELDS,
    "progress": Promise.PROGRESS,
    "note": Promise.NOTE,
}
"""The sentence about a field, whatever the method; for other fields, it is the method's."""

BY_METHOD = {
    ("enqueue", "scheduled_for"): Promise.DELAY,
    ("revive", "errors"): Promise.GOES_ON,
    ("revive", "attempts"): Promise.GOES_ON,
    ("dequeue", "attempts"): Promise.ATTEMPTS,
    ("fail", "attempts"): Promise.ATTEMPTS,
    ("fail", "status"): Promise.ATTEMPTS,
}
IF_REVIVED = {
    ("fail", "status"): Promise.REVIVE,
    ("fail", "scheduled_for"): Promise.WAITS_ANEW,
}
"""The same for a job that was revived, and has an attempt left."""


def promise_of(method: str, field: str, job: Job, seen: Any, fraction: float | None = None) -> Promise:
    """Return the sentence that is broken if a field of a job is wrong after a call of a method.

    Args:
        method: its name.
        field: the field.
        job: the job as it should be.
        seen: what the queue returned.
        fraction: what the method was given as `fraction`.
    """
    if field == "progress" and job.progress != fraction:
        return Promise.NEVER_BACK
    if job.spent and job.attempts_left > 0 and (method, field) in IF_REVIVED:
        return IF_REVIVED[method, field]
    with suppress(Exception):
        wrong = _wrong_error(job.errors, seen.errors) if field == "errors" and method == "fail" else None
        if wrong is not None and wrong[0].split()[0] in ("attempt", "type", "message", "at"):
            return Promise.FIELDS
    return BY_METHOD.get((method, field)) or FIELD.get(field) or METHOD.get(method, Promise.CURRENT)


def wrong_field(right: Job, seen: Any, stage: int) -> str | None:
    """Return the name of the first field that is not as promised; None if all are.

    Args:
        right: the job as it should be.
        seen: what the queue returned.
        stage: fields of later stages are left out.
    """
    with suppress(Exception):
        if ALL_FIELDS(seen) == ALL_FIELDS(right):
            return None
    for field, first in FIELDS.items():
        if first > stage or right.status not in WHILE.get(field, (right.status,)):
            continue
        value, promised = attribute(seen, field), getattr(right, field)
        if value is not promised and not _same(field, promised, value):
            done = field == "progress" and right.status is Status.COMPLETED and value == 1 and promised is not None
            if not done:  # whether completing sets progress to 1 is left open
                return field
    return None


def _same(field: str, right: Any, seen: Any) -> bool:
    try:
        if seen is MISSING:
            return False
        if field in TIMES:
            return same_time(right, seen)
        if field == "errors":
            return _wrong_error(right, seen) is None
        return type(seen) is not bool and bool(seen == right)
    except Exception:  # an __eq__ that fails, or a list of errors that is no list
        return False


def same_time(right: float | None, seen: Any) -> bool:
    """Whether two times are the same; both may be None."""
    if right is None or seen is None:
        return right is seen
    return isinstance(seen, (int, float)) and abs(right - seen) <= CLOSE


def _wrong_error(right: Iterable[Any], seen: Any) -> tuple[str, str] | None:
    """Return what is promised of a job's errors, and what was seen instead; None if they are right."""
    promised, found = list(right), list(seen)
    if len(promised) != len(found):
        return many(len(promised), "error"), many(len(found), "error")
    for number, (ours, theirs) in enumerate(zip(promised, found, strict=True), start=1):
        for name in AttemptError._fields:
            value, other = getattr(ours, name), attribute(theirs, name)
            same = same_time(value, other) if name in TIMES else value == other
            if not same:
                return f"{name} {plain(value)} in error {number}", f"{name} {plain(other)}"
    return None


def field_in_words(field: str, right: Job, seen: Any) -> tuple[str, str]:
    """Say what is promised of a field, and what was seen instead."""
    value = attribute(seen, field)
    if field == "errors" and value is not MISSING:
        try:
            promised, found = _wrong_error(right.errors, value) or ("", "")
        except Exception:
            promised, found = "a tuple of errors", brief(value)
        return f"job #{right.id} has {promised}", found
    return f"job #{right.id} has {field} {plain(getattr(right, field))}", f"{field} {plain(value)}"


# --- events ---


def wrong_event(right: JobEvent, seen: Any) -> str | None:
    """Return the name of the first field of an event that is not as promised; None if all are."""
    for field in JobEvent._fields:
        value, ours = attribute(seen, field), getattr(right, field)
        if field == "worker" and right.move in (Move.RELEASE, Move.ENQUEUE, Move.REVIVE):
            continue  # who ran it last is not promised once it is pending again
        if field == "scheduled_for" and right.status is not Status.PENDING:
            continue
        if field == "error":
            if (value is None) != (ours is None) or (ours is not None and _wrong_error([ours], [value])):
                return field
        elif field == "progress" and right.move is Move.COMPLETE and ours is not None and value in (ours, 1):
            continue
        elif not _same(field, ours, value):
            return field
    return None
