"""What a job queue promises: the contract between producers and workers (page 2).

`Producer` is the part that an API needs, and all that the adapter to a production engine has. `Queue` adds what a
worker needs. Code should ask for the smaller one if that is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .job import Job, JobEvent

Clock = Callable[[], float]
Listener = Callable[[JobEvent], object]

STORAGE_RETRY_DELAY = 1.0
"""Seconds after which a worker or a follower tries again while a queue's storage is down."""
SHORTEST_TIMER = 1e-6
"""Seconds for which a timer for a time on a queue's clock is set at least.

That clock and the event loop's are two clocks: when the timer ends, the queue's may still be behind by a rounding
error. A timer for the rest must be long enough to change both.
"""


class Producer(Protocol):
    """What producers can rely on, however the queue stores its jobs.

    - A job is never lost: it ends as completed or failed, and a failed one is kept until a person discards it.
    - A move that `job.Move` does not allow raises `IllegalMove`; an unknown id raises `JobNotFound`.
    - Times are seconds on `clock`. Each field of a `Job`, a `JobEvent` and an `AttemptError` means what `job.py` says.
    - `name` is a string, for people to read: it names the queue in logs and pictures.
    - A `Job` shows the job's state when the method returned. Whether it follows later changes is not promised: a queue
      in memory may return the job itself, one with storage cannot. For the current state, call `get`.
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
        """Add a job; it is pending. Its id is a whole number that no other job of this queue has or has had.

        Args:
            type: names the handler.
            data: what the handler gets.
            priority: a job with a higher one goes first.
            delay: seconds before a worker may pick it up.
            max_attempts: how often it is tried before it fails permanently.
            key: idempotency key. While a job with this key is kept, that job is returned and none is added.

        Raises:
            TypeError, ValueError: for an invalid argument; the message names it.
            QueueFull: if the queue has a limit and has reached it.
            KeyReused: if the job with this key has another type or other data.
        """
        ...

    def get(self, job_id: int) -> Job | None:
        """Return a job; None if there is none with this id, or it is no longer kept."""
        ...

    def stats(self) -> dict[str, int]:
        """Count the jobs in each state. Finished jobs count even when they are no longer kept."""
        ...

    def dead(self, type: str | None = None, *, after: int = 0, limit: int = 100) -> list[Job]:
        """List failed jobs, of one type or of all, by id: up to `limit` of them, with ids above `after`."""
        ...

    def revive(self, job_id: int) -> Job:
        """Give a failed job `max_attempts` new attempts: it is pending, and due now.

        Between them, it waits as a new job does. Its errors are kept, and its attempts go on counting: the next one has
        the next number.
        """
        ...

    def discard(self, job_id: int) -> Job:
        """Delete a failed job. `stats` still counts it."""
        ...

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with a `JobEvent` after every move, until the function that this returns is called.

        The event shows the job after the move, or before a `discard`; its `attempt` is the one that the move belongs
        to, even if that was released. A listener may raise an error, unsubscribe, or call the queue: the other
        listeners still hear of every move, in the order of the moves.
        """
        ...


class Queue(Producer, Protocol):
    """What workers can also rely on: a job is claimed by one worker at a time.

    If jobs are in a file, workers may be in several processes. One that sleeps in `wait` need not hear of a job from
    another process.
    """

    @property
    def lease(self) -> float | None:
        """Seconds without a heartbeat after which another worker may claim the job; None: never.

        The attempt has failed then, with an error; the job is due at once, or has permanently failed if that was its
        last. The queue need not notice before the next `dequeue` or `wait`. Until it has noticed, a report of that
        attempt may count or raise `LeaseLost`.
        """
        ...

    def dequeue(self, worker: str = "worker-1") -> Job | None:
        """Claim the next job that is due: highest priority, then earliest `scheduled_for`, then lowest id; or None."""
        ...

    def heartbeat(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Renew the lease of a running job. For `attempt`, see `complete`."""
        ...

    def complete(self, job_id: int, result: Any = None, *, attempt: int | None = None) -> Job:
        """Mark a running job as done.

        After `release`, the next attempt has the same number again. So a worker must never report on an attempt that it
        has released.

        Args:
            job_id: the job.
            result: what its handler returned.
            attempt: which attempt is reporting: `Job.attempts` when it was claimed. None: the one that is running.

        Raises:
            LeaseLost: if an attempt with another number is running, or none; if none is, `IllegalMove` will do.
        """
        ...

    def fail(self, job_id: int, error: BaseException | str, *, attempt: int | None = None) -> Job:
        """Report that the running attempt failed: the job is retried after a backoff, or has permanently failed.

        When, and after which errors, it is retried is up to the `RetryPolicy` that the queue was made with or, without
        one, to the queue. For `attempt`, see `complete`.
        """
        ...

    def release(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Make a running job pending again, as if it had not been claimed: the attempt does not count.

        Only `worker`, `started_at` and `finished_at` may still tell of it. For `attempt`, see `complete`.
        """
        ...

    def progress(self, job_id: int, fraction: float, note: str = "", *, attempt: int | None = None) -> Job:
        """Record a running job's progress.

        Args:
            job_id: the job.
            fraction: from 0 to 1. The job's progress never goes back: a retry starts again at 0, but the job stays at
                the furthest that any attempt has reached.
            note: what the handler is doing now, for people to read.
            attempt: see `complete`.

        Raises:
            TypeError, ValueError: for a fraction that is not a number from 0 to 1, or a note that is not a string.
        """
        ...

    async def wait(self, *, or_finished: bool = True) -> None:
        """Sleep until a job is due, or `wake` is called.

        It returns first come, first served, and to no more callers than there are jobs due. A caller for whom there is
        no job sleeps on, and keeps its place. One that is cancelled leaves the line, and the next is woken for it. If
        all jobs are finished already, it may return at once.

        Args:
            or_finished: whether to wake up when all jobs are finished, too.
        """
        ...

    def wake(self) -> None:
        """End every `wait` now."""
        ...

    async def join(self) -> None:
        """Sleep until no job is pending or processing."""
        ...
