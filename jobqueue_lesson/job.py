"""A job, its states, the legal moves between them, and the errors that a queue raises (page 2).

Everything that checks, draws or counts states reads `Move` below. Nothing else in the package knows
which move is legal. What a move does to a job is in `moves.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from .arguments import shown


class Status(StrEnum):
    """The state of a job."""

    PENDING = "pending"
    """Waiting for a worker, or for the time from which it may run (`Job.scheduled_for`)."""
    PROCESSING = "processing"
    """Claimed by a worker, and running."""
    COMPLETED = "completed"
    """Done, with a result. A final state."""
    FAILED = "failed"
    """Permanently failed, with the error of every attempt: a dead letter. Only a person can revive or discard it."""

    # Enum's own hash is slow Python code, and a status is looked up several times per job: hash it as the str it is.
    __hash__ = str.__hash__


ENDED = (Status.COMPLETED, Status.FAILED)


class Move(StrEnum):
    """The legal moves: the only table of them. A move leads from the state `source` to the state `target`.

    `None`: the job does not exist before this move, or after it.
    """

    ENQUEUE = "enqueue", None, Status.PENDING, "a producer adds the job"
    DEQUEUE = "dequeue", Status.PENDING, Status.PROCESSING, "a worker picks the job up"
    COMPLETE = "complete", Status.PROCESSING, Status.COMPLETED, "the handler returned"
    RETRY = "retry", Status.PROCESSING, Status.PENDING, "the handler failed and will be tried again"
    FAIL = "fail", Status.PROCESSING, Status.FAILED, "the handler failed and will not be tried again"
    RELEASE = "release", Status.PROCESSING, Status.PENDING, "the worker was stopped before the handler ended"
    PROGRESS = "progress", Status.PROCESSING, Status.PROCESSING, "the handler reports its progress"
    REVIVE = "revive", Status.FAILED, Status.PENDING, "a person gives the job new attempts"
    DISCARD = "discard", Status.FAILED, None, "a person throws the job away"

    source: Status | None
    target: Status | None
    means: str

    def __new__(cls, value: str, source: Status | None, target: Status | None, means: str) -> Move:
        """Make a member whose value is its name; the rest of the row becomes its attributes."""
        move = str.__new__(cls, value)
        move._value_ = value
        move.source, move.target, move.means = source, target, means
        return move

    __hash__ = str.__hash__  # as for Status


# As names of this module, because looking up a member of an enum takes Python 3.11 longer than most moves.
ENQUEUE, DEQUEUE, COMPLETE, RETRY, FAIL, RELEASE, PROGRESS, REVIVE, DISCARD = Move


class QueueError(Exception):
    """Base class of the errors that a queue raises."""


class QueueFull(QueueError):
    """The queue has reached its limit of pending jobs. Nothing was enqueued; try again later."""


class KeyReused(QueueError):
    """The idempotency key belongs to a job of another type or with other data. Nothing was enqueued."""


class IllegalMove(QueueError):
    """A move that is not in `Move`, such as completing a job that no worker has picked up."""

    def __init__(self, job: Job, move: Move) -> None:
        legal = ", ".join(m for m in Move if m.source == job.status) or "none, it is a final state"
        super().__init__(
            f"cannot {move} job #{job.id}: it is {job.status}, and {move.value!r} starts from {move.source}. "
            f"Legal moves from {job.status}: {legal}"
        )
        self.job_id = job.id
        self.move = move


class JobNotFound(QueueError, LookupError):
    """No job with this id: it was never enqueued here, or it is finished and no longer kept."""

    def __init__(self, job_id: object) -> None:
        super().__init__(f"no job with id {shown(job_id)}: never enqueued here, or finished and no longer kept")
        self.job_id = job_id


class LeaseLost(QueueError):
    """An attempt that lost its lease reports on its job, which has moved on: it was retried, or has ended."""

    def __init__(self, job: Job, attempt: int) -> None:
        super().__init__(
            f"attempt {shown(attempt)} of job #{job.id} has lost its lease: the job is {job.status}, "
            f"at attempt {job.attempts}"
        )
        self.job_id = job.id
        self.attempt = attempt


class StorageError(QueueError):
    """The queue's storage cannot be used: it is down, locked, full, gone, or not a queue. Nothing was changed."""


class QueueClosed(StorageError):
    """The queue was closed. Unlike other storage errors, this one is permanent."""


class AttemptError(NamedTuple):
    """What went wrong in one attempt."""

    attempt: int
    """1 for the first."""
    type: str
    """Name of the exception's class; empty if the error was given as a string."""
    message: str
    at: float
    """When it failed, in seconds on the queue's clock."""
    retry_in: float | None
    """Seconds of backoff before the next attempt; None if there is none."""

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.type else self.message


@dataclass(slots=True, eq=False, repr=False)
class Job:
    """One piece of work, as the queue keeps it. Times are in seconds on the queue's clock.

    Read it, but do not change it: only the queue's moves change a job. Whether a `Job` that you
    hold follows later changes depends on the queue; `queue.get(job.id)` is always up to date.
    """

    id: int
    type: str
    data: Any
    priority: int
    max_attempts: int
    """How many attempts it may have since it was enqueued or last revived."""
    key: str | None
    created_at: float
    scheduled_for: float
    """No worker picks it up before this time."""
    status: Status = Status.PENDING
    attempts: int = 0
    """How many attempts were started since it was enqueued; one that was released does not count."""
    spent: int = 0
    """How many of these were started before it was last revived: they no longer count towards `max_attempts`."""
    started_at: float | None = None
    """When the last attempt started."""
    finished_at: float | None = None
    """When the last attempt ended."""
    worker: str | None = None
    """The worker that is running it, or was the last to run it."""
    result: Any = None
    errors: tuple[AttemptError, ...] = ()
    """One entry for each failed attempt, including those before it was revived."""
    progress: float | None = None
    """The furthest that any attempt has reached, from 0 to 1, so it never goes back; None if none was reported."""
    note: str = ""
    """The note of the last progress report."""

    def __repr__(self) -> str:
        return f"<Job #{self.id} {self.type}: {self.status}>"

    @property
    def duration(self) -> float | None:
        """Seconds the last attempt took, 0 if the clock was set back; None until an attempt has ended."""
        if self.started_at is None or self.finished_at is None:
            return None
        return max(0.0, self.finished_at - self.started_at)

    @property
    def attempts_left(self) -> int:
        """How many more attempts may be started; 0 once the job has ended."""
        return 0 if self.status in ENDED else self.max_attempts - (self.attempts - self.spent)

    @property
    def error(self) -> str | None:
        """The error of the last failed attempt, as a string; None if none failed."""
        return str(self.errors[-1]) if self.errors else None


class JobEvent(NamedTuple):
    """One move of one job, with all that a reader of the history needs. Times are in seconds."""

    at: float
    move: Move
    job_id: int
    type: str
    status: Status
    """The job's state after the move; for `discard`, the state before it."""
    attempt: int
    """The attempt that this move belongs to; 0 before the first."""
    priority: int
    scheduled_for: float
    worker: str | None
    """`Job.worker` at the move; None before the first attempt."""
    error: AttemptError | None
    """For the moves `retry` and `fail`."""
    progress: float | None = None
    """`Job.progress` after the move."""
    note: str = ""
    """`Job.note` after the move."""
