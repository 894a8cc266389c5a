"""What a job queue promises: the contract between producers and workers (notebook 02).

`Producer` is the half that an API needs, and all that the cover of a production engine has. `Queue` adds what a worker
needs. Code takes the smaller one if that is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .job import Job, JobEvent, QueueError

Clock = Callable[[], float]
Listener = Callable[[JobEvent], object]


class QueueFull(QueueError):
    """The queue holds as many pending jobs as it may. Nothing was enqueued; try again later."""


class KeyReused(QueueError):
    """The idempotency key belongs to a job of another type or with other data. Nothing was enqueued."""


class Producer(Protocol):
    """What producers may count on, whatever keeps the jobs.

    - A job is never lost: it ends completed or failed, or a person discards it.
    - A move that `job.Move` does not allow raises `IllegalMove`; an unknown id raises `JobNotFound`.
    - Times are seconds on `clock`.
    - A `Job` says how the job was when the method returned. Whether it follows later changes is not promised: a queue
      in memory may return the job itself, one with storage cannot. To know how the job is now, call `get`.
    """

    name: str
    clock: Clock

    def enqueue(
        self,
        type: str,
        data: Any = None,
        *,
        priority: int = 0,
        delay: float = 0.0,
        max_attempts: int = 3,
        key: str | None = None,
    ) -> Job:
        """Hand in a job; it is pending.

        Args:
            type: which handler shall do it.
            data: what the handler gets.
            priority: a higher one goes first.
            delay: seconds before which it is not picked up.
            max_attempts: how often it is tried before it fails for good.
            key: idempotency key. While a job with this key is kept, that job is returned and none is added.

        Raises:
            TypeError, ValueError: for an argument that makes no sense; the message names it.
            QueueFull: if the queue has a bound and has reached it.
            KeyReused: if the key's job has another type or other data.
        """
        ...

    def get(self, job_id: int) -> Job | None:
        """Look a job up; None if it is not known (any more)."""
        ...

    def stats(self) -> dict[str, int]:
        """Count the jobs in each state. Finished jobs that were forgotten still count."""
        ...

    def dead(self, type: str | None = None, *, after: int = 0, limit: int = 100) -> list[Job]:
        """List failed jobs, of one type or of all, by id: up to `limit` of them, from the id `after` on."""
        ...

    def revive(self, job_id: int) -> Job:
        """Give a failed job new attempts: it is pending at once. The errors it has met are kept."""
        ...

    def discard(self, job_id: int) -> Job:
        """Forget a failed job. `stats` still counts it."""
        ...

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called with a `JobEvent` after every move; call what is returned to end that."""
        ...


class Queue(Producer, Protocol):
    """What workers may count on besides: a job is handed to one worker at a time."""

    lease: float | None
    """Seconds without a heartbeat after which a job goes to another worker; None: it never does."""

    def dequeue(self, worker: str = "worker-1") -> Job | None:
        """Pick up the next job: highest priority, then earliest `scheduled_for`, then lowest id; or None."""
        ...

    def heartbeat(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Say that a job in hand is still worked on. For `attempt`, see `complete`."""
        ...

    def complete(self, job_id: int, result: Any = None, *, attempt: int | None = None) -> Job:
        """Mark a job in hand as done.

        Args:
            job_id: the job.
            result: what its handler returned.
            attempt: which attempt says so. None: the one that is in hand.

        Raises:
            LeaseLost: if that attempt does not have the job in hand any more.
        """
        ...

    def fail(self, job_id: int, error: BaseException | str, *, attempt: int | None = None) -> Job:
        """Say that the attempt in hand failed: the job is pending again after its backoff, or failed for good."""
        ...

    def release(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Put a job in hand back, as if it had not been picked up: the attempt does not count."""
        ...

    def progress(self, job_id: int, fraction: float, note: str = "", *, attempt: int | None = None) -> Job:
        """Note how far a job in hand is.

        Args:
            job_id: the job.
            fraction: from 0 to 1. What the queue shows never goes back: a retry begins again, and the job stays at
                the furthest that any attempt came.
            note: what the handler does now, for a person.
            attempt: see `complete`.

        Raises:
            TypeError, ValueError: for a fraction that is none, or a note that is no text.
        """
        ...

    async def wait(self, *, or_finished: bool = True) -> None:
        """Sleep until `dequeue` is worth a try: a job is due, or somebody called `wake`.

        As many are woken as there are jobs for, first come, first served.

        Args:
            or_finished: whether to wake up, too, when all jobs are finished.
        """
        ...

    def wake(self) -> None:
        """End every `wait` now."""
        ...

    async def join(self) -> None:
        """Sleep until no job is pending or processing."""
        ...
