"""A job, the states it can be in, and the legal moves between them (notebook 02).

Everything that checks a state, draws one or counts one reads `Move` below. Nothing else in the
package knows which move is legal. What a move does to a job is in `moves.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from .arguments import shown


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


ENDED = (Status.COMPLETED, Status.FAILED)


class Move(StrEnum):
    """The legal moves: the only table of them. `source` is the state that a move starts from, `target` where it ends.

    `None`: the job does not exist before this move, or after it.
    """

    ENQUEUE = "enqueue", None, Status.PENDING, "a producer hands the job in"
    DEQUEUE = "dequeue", Status.PENDING, Status.PROCESSING, "a worker picks the job up"
    COMPLETE = "complete", Status.PROCESSING, Status.COMPLETED, "the handler returned"
    RETRY = "retry", Status.PROCESSING, Status.PENDING, "the handler failed and has attempts left"
    FAIL = "fail", Status.PROCESSING, Status.FAILED, "the handler failed for good"
    RELEASE = "release", Status.PROCESSING, Status.PENDING, "the worker was stopped and puts the job back"
    PROGRESS = "progress", Status.PROCESSING, Status.PROCESSING, "the handler says how far it is"
    REVIVE = "revive", Status.FAILED, Status.PENDING, "a person gives the job new attempts"
    DISCARD = "discard", Status.FAILED, None, "a person throws the job away"

    source: Status | None
    target: Status | None
    means: str

    def __new__(cls, value: str, source: Status | None, target: Status | None, means: str) -> Move:
        """Make a move that is its name, as text, with what belongs to it."""
        move = str.__new__(cls, value)
        move._value_ = value
        move.source, move.target, move.means = source, target, means
        return move

    __hash__ = str.__hash__  # as for Status


# By these names, since Python 3.11 takes longer to find a member of an enum than to make most moves.
ENQUEUE, DEQUEUE, COMPLETE, RETRY, FAIL, RELEASE, PROGRESS, REVIVE, DISCARD = Move


class QueueError(Exception):
    """Base class of everything that a queue refuses."""


class IllegalMove(QueueError):
    """A move that is not in `Move`, such as completing a job that nobody has picked up."""

    def __init__(self, job: Job, move: Move) -> None:
        legal = ", ".join(m for m in Move if m.source == job.status) or "none, it is a final state"
        super().__init__(
            f"cannot {move} job #{job.id}: it is {job.status}, and {move.value!r} starts from {move.source}. "
            f"Legal moves from {job.status}: {legal}"
        )
        self.job_id = job.id
        self.move = move


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
    move: Move
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
