"""A job, the states it can be in, and the legal moves between them (notebook 02).

Everything that checks a state, draws one or counts one reads `MOVES` below. Nothing else in the
package knows which move is legal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class Status(StrEnum):
    """Where a job is in its life."""

    PENDING = "pending"
    """Waits for a worker; perhaps not before a certain time (`Job.scheduled_for`)."""
    PROCESSING = "processing"
    """A worker has it in hand."""
    COMPLETED = "completed"
    """Done, with a result. A final state."""
    FAILED = "failed"
    """Given up, with the error of every attempt: a dead letter. Only a person moves it on."""

    # Enum hashes its members in Python; a status is looked up several times a job, so hash it as the str it is.
    __hash__ = str.__hash__


class Move(NamedTuple):
    """One legal move: its name, where it starts and where it ends."""

    name: str
    source: Status | None
    target: Status | None
    means: str


MOVES = (
    Move("enqueue", None, Status.PENDING, "a producer hands the job in"),
    Move("dequeue", Status.PENDING, Status.PROCESSING, "a worker picks the job up"),
    Move("complete", Status.PROCESSING, Status.COMPLETED, "the handler returned"),
    Move("retry", Status.PROCESSING, Status.PENDING, "the handler failed and has attempts left"),
    Move("fail", Status.PROCESSING, Status.FAILED, "the handler failed for good"),
    Move("release", Status.PROCESSING, Status.PENDING, "the worker was stopped and puts the job back"),
    Move("progress", Status.PROCESSING, Status.PROCESSING, "the handler says how far it is"),
    Move("revive", Status.FAILED, Status.PENDING, "a person gives the job new attempts"),
    Move("discard", Status.FAILED, None, "a person throws the job away"),
)
"""The table of legal moves. `None`: the job does not exist before this move, or after it."""

ENQUEUE, DEQUEUE, COMPLETE, RETRY, FAIL, RELEASE, PROGRESS, REVIVE, DISCARD = MOVES


class QueueError(Exception):
    """Base class of everything that a queue refuses."""


class IllegalMove(QueueError):
    """A move that is not in `MOVES`, such as completing a job that nobody has picked up."""

    def __init__(self, job: Job, move: Move) -> None:
        legal = ", ".join(m.name for m in MOVES if m.source == job.status) or "none, it is a final state"
        super().__init__(
            f"cannot {move.name} job #{job.id}: it is {job.status}, and {move.name!r} starts from {move.source}. "
            f"Legal moves from {job.status}: {legal}"
        )
        self.job_id = job.id
        self.move = move.name


class JobNotFound(QueueError, LookupError):
    """No job with this id: it was never enqueued here, or it is finished and was forgotten."""

    def __init__(self, job_id: object) -> None:
        super().__init__(f"no job with id {shown(job_id)}: never enqueued here, or finished and forgotten")
        self.job_id = job_id


class LeaseLost(QueueError):
    """An attempt reports on a job that is no longer in its hand: its lease ran out, and the job went on."""

    def __init__(self, job: Job, attempt: int) -> None:
        super().__init__(
            f"attempt {shown(attempt)} of job #{job.id} has lost its lease: the job is {job.status}, "
            f"at attempt {job.attempts}"
        )
        self.job_id = job.id
        self.attempt = attempt


class StorageError(QueueError):
    """What keeps the jobs cannot be used: down, locked, full, gone, or not a queue. Nothing was changed."""


class QueueClosed(StorageError):
    """The queue was closed. Unlike other trouble with storage, this one never passes."""


class AttemptError(NamedTuple):
    """What went wrong in one attempt."""

    attempt: int
    """1 for the first."""
    type: str
    """Name of the exception's class; empty if the error was given as text."""
    message: str
    at: float
    """When it failed, in seconds on the queue's clock."""
    retry_in: float | None
    """Seconds of backoff before the next attempt; None where there is none."""

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.type else self.message


@dataclass(slots=True, eq=False, repr=False)
class Job:
    """One piece of work, as the queue keeps it. Times are in seconds on the queue's clock.

    Read it, do not write to it: a job changes through the queue's moves only. Whether a `Job` that
    you hold follows later changes depends on the queue; `queue.get(job.id)` is always up to date.
    """

    id: int
    type: str
    data: Any
    priority: int
    max_attempts: int
    key: str | None
    created_at: float
    scheduled_for: float
    """Not to be picked up before this time."""
    status: Status = Status.PENDING
    attempts: int = 0
    """How often a worker has picked it up since it was enqueued or revived (one that was put back does not count)."""
    started_at: float | None = None
    """When the last attempt began."""
    finished_at: float | None = None
    """When the last attempt ended."""
    worker: str | None = None
    """Who has, or last had, the job in hand."""
    result: Any = None
    errors: tuple[AttemptError, ...] = ()
    """One entry for each attempt that failed, also of those before it was revived."""
    progress: float | None = None
    """The furthest that any attempt came, from 0 to 1, so it never goes back; None if no handler said so."""
    note: str = ""
    """What the handler said last about its progress."""

    def __repr__(self) -> str:
        return f"<Job #{self.id} {self.type}: {self.status}>"

    @property
    def duration(self) -> float | None:
        """Seconds the last attempt took by the queue's clock, 0 if that was set back; None before one has ended."""
        if self.started_at is None or self.finished_at is None:
            return None
        return max(0.0, self.finished_at - self.started_at)

    @property
    def error(self) -> str | None:
        """The last attempt's error as text; None if none failed."""
        return str(self.errors[-1]) if self.errors else None


class JobEvent(NamedTuple):
    """One move of one job, with all that a reader of the record needs to know. Times in seconds."""

    at: float
    move: str
    """The move's name in `MOVES`."""
    job_id: int
    type: str
    status: Status
    """The job's state after the move; for `discard`, its last."""
    attempt: int
    """The attempt this move belongs to: 0 before the first."""
    priority: int
    scheduled_for: float
    worker: str | None
    """Who made the move; None for the producer's."""
    error: AttemptError | None
    """For the moves `retry` and `fail`."""
    progress: float | None = None
    """`Job.progress` after the move."""
    note: str = ""
    """`Job.note` after the move."""


SMALLEST, LARGEST = -(2**63), 2**63 - 1
"""The whole numbers that a database can keep."""
LONGEST = 1e10
"""The longest delay, in seconds: 317 years. Calendars end, and a database has to keep the date."""


def shown(value: object) -> str:
    """Return what an error message says about a value: its repr, shortened. Whatever the value is, this works."""
    try:
        text = repr(value).encode(errors="backslashreplace").decode()
    except Exception:  # nested too deeply, too many digits, a __repr__ that fails
        text = f"a {value.__class__.__name__} that cannot be shown"
    return text if len(text) <= 200 else f"{text[:200]}…"


def check_number(
    name: str, value: object, *, least: float = 0, above: bool = False, most: float = math.inf, of: str = ""
) -> float:
    """Return `value` if it is a usable number.

    Args:
        name: what the value is, for the error.
        value: any number.
        least: the smallest that is allowed.
        above: whether `least` itself is too small.
        most: the largest that is allowed.
        of: its unit, for the error, such as " of seconds".

    Raises:
        TypeError: if it is not a number.
        ValueError: if it is too small, too large, NaN or infinite.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number{of}, got {shown(value)}")
    try:
        finite = math.isfinite(value)
    except OverflowError:  # a whole number beyond what a float can hold
        finite = False
    if not finite or value < least or (above and value == least):
        limit = f"above {least}" if above else f"{least} or more"
        raise ValueError(f"{name} must be a finite number{of}, {limit}, got {shown(value)}")
    if value > most:
        raise ValueError(f"{name} must be a number{of}, {most:g} or less, got {shown(value)}")
    return value


def check_seconds(name: str, value: object, *, zero: bool = True, most: float = math.inf) -> float:
    """Return `value` if it is a usable length or point of time in seconds; 0 only if `zero`. See `check_number`."""
    return check_number(name, value, above=not zero, most=most, of=" of seconds")


def check_whole(name: str, value: object) -> int:
    """Return `value` if it is a whole number, however large.

    Raises:
        TypeError: if it is not an int.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, got {shown(value)}")
    return value


def check_count(name: str, value: object, *, least: int = 1, most: float = LARGEST) -> int:
    """Return `value` if it is a whole number from `least` to `most`.

    Raises:
        TypeError: if it is not an int.
        ValueError: if it is below `least` or above `most`.
    """
    count = check_whole(name, value)
    if count < least:
        raise ValueError(f"{name} must be {least} or more, got {shown(value)}")
    if count > most:
        raise ValueError(f"{name} must be {most} or less, got {shown(value)}")
    return count


def check_ids(job_id: object, attempt: object) -> None:
    """Refuse what can't be the id of a job, or the number of an attempt. Any whole number can; most are unknown.

    Raises:
        TypeError: naming the argument.
    """
    check_whole("job_id", job_id)
    if attempt is not None:
        check_whole("attempt", attempt)


def check_text(name: str, value: object, must_be: str = "a string", *, empty: str | None = None) -> str:
    """Return `value` if it is text that can be stored and sent.

    Args:
        name: what the value is, for the error.
        value: any string that UTF-8 can encode.
        must_be: for the error, such as "a string or None".
        empty: for the error, why it must not be empty. None: it may be.

    Raises:
        TypeError: if it is not a string.
        ValueError: if it is empty and must not be, or holds half of a surrogate pair.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be {must_be}, got {shown(value)}")
    if not value and empty is not None:
        raise ValueError(f"{name} must not be empty: {empty}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"{name} must be text that UTF-8 can encode, and half of a surrogate pair is not: {shown(value)}"
            ) from None
    return value


def check_fraction(name: str, value: object) -> float:
    """Return `value` if it is a number from 0 to 1.

    Raises:
        TypeError: if it is not a number.
        ValueError: if it is below 0, above 1 or NaN.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number from 0 to 1, got {shown(value)}")
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be from 0 to 1, such as 0.5 for half way, got {shown(value)}")
    return value
