"""What each move does to a job (pages 2, 4 and 7).

Each effect is written here, once, for the queue in memory and the one on disk: which fields change, what a failure
becomes, and the event that reports it. The functions know nothing of clocks and storage. A queue finds a job, checks
that it may make the move, makes it, and stores the job. Times are in seconds on the queue's clock.

The production engine of page 11 makes its moves in SQL, in `engine.sql`. From here, it takes `backoff`,
`describe_error`, `refusal` and `require_same`.
"""

from __future__ import annotations

from typing import Any

from .arguments import shown
from .job import (
    FAIL,
    RELEASE,
    RETRY,
    AttemptError,
    IllegalMove,
    Job,
    JobEvent,
    JobNotFound,
    KeyReused,
    LeaseLost,
    Move,
    QueueError,
    Status,
)
from .retries import RetryPolicy


class LeaseExpired(Exception):
    """The worker sent no heartbeat before its lease expired."""


def refusal(job: Job | None, job_id: int, move: Move, attempt: int | None = None) -> QueueError:
    """Return why a job cannot make a move: it is unknown, in another state, or claimed by another attempt."""
    if job is None:
        return JobNotFound(job_id)
    return IllegalMove(job, move) if attempt is None else LeaseLost(job, attempt)


def require_same(job: Job, type: str, data: Any) -> None:
    """Reject an idempotency key that was used for another job.

    Raises:
        KeyReused: if the job that has the key is of another type, or has other data.
    """
    try:
        same = bool(job.type == type and job.data == data)
    except Exception:  # nested too deeply to be compared, or an __eq__ that fails
        same = job.data is data
    if not same:
        other = " with other data" if job.type == type else f", not a {type}"
        raise KeyReused(f"key {shown(job.key)} belongs to job #{job.id}, a {job.type}{other}")


def start(job: Job, worker: str, now: float) -> None:
    """Start an attempt: the move dequeue."""
    job.started_at = now
    job.finished_at = None
    job.worker = worker
    job.attempts += 1
    job.status = Status.PROCESSING


def complete(job: Job, result: Any, now: float) -> None:
    """End an attempt, and the job, with what the handler returned."""
    job.finished_at = now
    job.result = result
    if job.progress is not None:
        job.progress = 1.0
    job.status = Status.COMPLETED


def fail(job: Job, error: BaseException | str, now: float, policy: RetryPolicy) -> Move:
    """End an attempt that failed; return what the failure becomes, `RETRY` or `FAIL`."""
    previous = job.errors[-1].retry_in if job.errors else None
    retry_in = backoff(policy, error, job.attempts - job.spent, job.max_attempts, previous)
    return _end_attempt(job, AttemptError(job.attempts, *describe_error(error), now, retry_in))


def expire(job: Job, lease: float, now: float) -> Move:
    """End an attempt whose worker sent no heartbeat for `lease` seconds; return what that becomes, as `fail` does.

    The next attempt starts at once: the job has waited for as long as the lease.
    """
    error = LeaseExpired(f"{job.worker} sent no heartbeat for {lease:g} s")
    retry_in = 0.0 if job.attempts_left > 0 else None
    return _end_attempt(job, AttemptError(job.attempts, *describe_error(error), now, retry_in))


def backoff(
    policy: RetryPolicy, error: BaseException | str, attempt: int, max_attempts: int, previous: float | None
) -> float | None:
    """Return the seconds until the next attempt; None: there is none, and the job has failed.

    Args:
        policy: which errors are worth another attempt, and when.
        error: what went wrong.
        attempt: which attempt failed; 1 for the first since the job was enqueued or last revived.
        max_attempts: how many there may be.
        previous: the seconds of backoff before this attempt; None before the second.
    """
    if attempt < max_attempts and policy.worth_retrying(error):
        return policy.delay(attempt, previous)
    return None


def _end_attempt(job: Job, error: AttemptError) -> Move:
    """Keep an attempt's error. The job is pending again if the error says when; otherwise it has failed."""
    job.finished_at = error.at
    job.errors += (error,)
    if error.retry_in is None:
        job.status = Status.FAILED
        return FAIL
    job.status = Status.PENDING
    job.scheduled_for = error.at + error.retry_in
    return RETRY


def release(job: Job, now: float) -> None:
    """Make a job pending again, as if it had not been claimed: the attempt does not count."""
    job.finished_at = now
    job.attempts -= 1
    job.status = Status.PENDING


def progress(job: Job, fraction: float, note: str) -> None:
    """Record a job's progress: the furthest that any attempt has reached."""
    job.progress = max(fraction, job.progress or 0.0)
    job.note = note


def revive(job: Job, now: float) -> None:
    """Give a failed job new attempts, due now: those that it has had no longer count."""
    job.scheduled_for = now
    job.spent = job.attempts
    job.status = Status.PENDING


def event(job: Job, move: Move, at: float) -> JobEvent:
    """Return the event of a move that a job has just made."""
    return JobEvent(
        at,
        move,
        job.id,
        job.type,
        job.status,
        job.attempts + 1 if move is RELEASE else job.attempts,  # the one that was released
        job.priority,
        job.scheduled_for,
        job.worker,
        job.errors[-1] if move is RETRY or move is FAIL else None,
        job.progress,
        job.note,
    )


def describe_error(error: BaseException | str) -> tuple[str, str]:
    """Return an error's type, empty for a string, and its message, as a string that UTF-8 can encode."""
    if isinstance(error, str):
        return "", error
    try:
        message = str(error).encode(errors="backslashreplace").decode()  # names of files may hold half a surrogate pair
    except Exception:  # its __str__ raises; the job must not fail because of that
        message = "(its message cannot be shown)"
    return type(error).__name__, message
