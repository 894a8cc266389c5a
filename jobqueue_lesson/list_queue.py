"""A queue on a list and a dict: what page 14 builds, as far as the fourth stage of the judge.

It is the smallest queue of the course, and it is not finished: no listeners, no leases, nothing on disk.
"""

from __future__ import annotations

from typing import Any

from . import moves
from .arguments import validate_error, validate_job, validate_page
from .contract import Clock
from .job import DISCARD, FAIL, RELEASE, REVIVE, Job, Move, Status
from .retries import RetryPolicy


class ListQueue:
    """A queue that looks at every job whenever it looks for one.

    Args:
        clock: returns the time in seconds.
        retry: says when a failed job is tried again.
    """

    def __init__(self, *, clock: Clock, retry: RetryPolicy) -> None:
        self.clock = clock
        self.retry = retry
        self.jobs: dict[int, Job] = {}
        """All jobs that are kept, by id."""
        self.waiting: list[Job] = []
        """Those that are pending."""
        self.discarded = 0

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
        """Add a job; see `contract.Producer.enqueue`."""
        validate_job(type, priority, delay, max_attempts, key)
        known = None if key is None else self.with_key(key, type, data)
        if known is not None:
            return known
        now = self.clock()
        number = len(self.jobs) + self.discarded + 1
        job = self.jobs[number] = Job(number, type, data, priority, max_attempts, key, now, now + delay)
        self.waiting.append(job)
        return job

    def with_key(self, key: str, type: str, data: Any) -> Job | None:
        """Return the job with an idempotency key; None if there is none.

        Raises:
            KeyReused: if it is of another type, or has other data.
        """
        for job in self.jobs.values():
            if job.key == key:
                moves.require_same(job, type, data)
                return job
        return None

    def dequeue(self, worker: str = "worker-1") -> Job | None:
        """Claim the next job that is due; see `contract.Queue.dequeue`."""
        now = self.clock()
        due = [job for job in self.waiting if job.scheduled_for <= now]
        if not due:
            return None
        job = min(due, key=lambda job: (-job.priority, job.scheduled_for, job.id))
        self.waiting.remove(job)
        moves.start(job, worker, now)
        return job

    def find(self, job_id: int, move: Move, attempt: int | None = None) -> Job:
        """Return a job that may make a move.

        Args:
            job_id: the job.
            move: what it is about to do.
            attempt: which attempt is reporting; None: the one that is running.

        Raises:
            JobNotFound, IllegalMove, LeaseLost: if it may not.
        """
        job = self.jobs.get(job_id)
        if job is None or job.status != move.source or attempt not in (None, job.attempts):
            raise moves.refusal(job, job_id, move, attempt)
        return job

    def complete(self, job_id: int, result: Any = None, *, attempt: int | None = None) -> Job:
        """Mark a running job as done; see `contract.Queue.complete`."""
        job = self.find(job_id, Move.COMPLETE, attempt)
        moves.complete(job, result, self.clock())
        return job

    def fail(self, job_id: int, error: BaseException | str, *, attempt: int | None = None) -> Job:
        """Report a failed attempt; see `contract.Queue.fail`."""
        validate_error(error)
        job = self.find(job_id, FAIL, attempt)
        moves.fail(job, error, self.clock(), self.retry)
        if job.status == Status.PENDING:
            self.waiting.append(job)
        return job

    def release(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Make a running job pending again; see `contract.Queue.release`."""
        job = self.find(job_id, RELEASE, attempt)
        moves.release(job, self.clock())
        self.waiting.append(job)
        return job

    def get(self, job_id: int) -> Job | None:
        """Return a job; None if there is none with this id."""
        return self.jobs.get(job_id)

    def stats(self) -> dict[str, int]:
        """Count the jobs in each state."""
        states = [job.status for job in self.jobs.values()] + [Status.FAILED] * self.discarded
        return {status: states.count(status) for status in Status}

    def dead(self, type: str | None = None, *, after: int = 0, limit: int = 100) -> list[Job]:
        """List failed jobs; see `contract.Producer.dead`."""
        validate_page(type, after, limit)
        failed = (job for job in self.jobs.values() if job.status == Status.FAILED)
        return [job for job in failed if job.id > after and type in (None, job.type)][:limit]

    def revive(self, job_id: int) -> Job:
        """Give a failed job new attempts; see `contract.Producer.revive`."""
        job = self.find(job_id, REVIVE)
        moves.revive(job, self.clock())
        self.waiting.append(job)
        return job

    def discard(self, job_id: int) -> Job:
        """Delete a failed job; see `contract.Producer.discard`."""
        job = self.find(job_id, DISCARD)
        self.discarded += 1
        return self.jobs.pop(job.id)
