"""The contract as a model: a plain list of jobs that says, of every call, what a right queue answers (page 14).

It has no heaps, no storage and no cost to care about, so it is short enough to be read against the contract. What a
move does to a job is in `moves`, as for every queue of the course. Where the contract leaves something open, the model
follows the queue that is judged: `follow_id`, `follow_backoff` and `expire` tell it what that queue has chosen.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Collection
from typing import Any

from .. import moves
from ..arguments import (
    validate_error,
    validate_fraction,
    validate_ids,
    validate_job,
    validate_text,
    validate_worker,
)
from ..job import (
    COMPLETE,
    DEQUEUE,
    DISCARD,
    ENQUEUE,
    FAIL,
    PROGRESS,
    RELEASE,
    REVIVE,
    IllegalMove,
    Job,
    JobEvent,
    JobNotFound,
    LeaseLost,
    Move,
    QueueFull,
    Status,
)
from ..retries import RetryPolicy

ITS_CHOICE = ("type", "message", "at", "retry_in")
"""What a queue may choose of the error of an attempt whose lease has expired."""


class Sleeper:
    """A worker that sleeps in `wait`."""

    def __init__(self, worker: str, *, or_finished: bool) -> None:
        self.worker = worker
        self.or_finished = or_finished


class Model:
    """What a right queue with these arguments does.

    Args:
        retry: which errors are retried, and when.
        lease: seconds without a heartbeat after which a running job may be claimed again; None: never.
        max_pending: how many jobs may be pending; None: no limit.
    """

    def __init__(self, *, retry: RetryPolicy, lease: float | None = None, max_pending: int | None = None) -> None:
        self.retry = retry
        self.lease = lease
        self.max_pending = max_pending
        self.now = 0.0
        self.jobs: dict[int, Job] = {}
        """All jobs that are kept, by id."""
        self.ids: list[int] = []
        """The ids of all jobs that were ever enqueued, in that order."""
        self.discarded = 0
        self.events: list[JobEvent] = []
        self.sleepers: list[Sleeper] = []
        """First come, first served."""
        self.joining = 0
        """How many sleep in `join`."""
        self.second_listener: bool | None = None
        """Whether there is a second listener; None: there has not been one yet."""
        self.another_queue = False
        """Whether there is another queue, with a job in it."""
        self.processes = 1
        """How many processes have the queue's file open."""
        self._heard: dict[int, float] = {}
        """When the last heartbeat of each running job came, or its attempt started."""
        self._renewed: dict[int, float] = {}
        """The same, but a report of progress counts too: whether it renews the lease is left open."""

    def copy(self) -> Model:
        """Return a model that goes its own way from here."""
        return copy.deepcopy(self)

    # --- the contract ---

    def enqueue(
        self,
        type: str,
        data: Any = None,
        *,
        priority: int = 0,
        delay: float = 0.0,
        max_attempts: int = 3,
        key: str | None = None,
        follow_id: int = 0,
    ) -> Job:
        """Add a job, with the id that the queue has given it."""
        validate_job(type, priority, delay, max_attempts, key)
        for job in self.jobs.values():
            if key is not None and job.key == key:
                moves.require_same(job, type, data)
                return job
        if self.max_pending is not None and len(self.pending()) >= self.max_pending:
            raise QueueFull(f"{self.max_pending} jobs are pending")
        job = Job(follow_id, type, data, priority, max_attempts, key, self.now, self.now + delay)
        self.jobs[follow_id] = job
        self.ids.append(follow_id)
        self._happened(job, ENQUEUE)
        return job

    def dequeue(
        self, worker: str = "worker-1", *, follow_id: int | None = None, reclaimed: Collection[int] = ()
    ) -> Job | None:
        """Claim the next job that is due, or one whose lease has expired, if the queue has chosen that.

        Args:
            worker: who claims it.
            follow_id: the job that the queue has claimed.
            reclaimed: the ids of jobs whose leases the queue has found to be expired in this call.
        """
        validate_worker(worker)
        choice = self.jobs.get(follow_id or 0)
        if choice is not None and choice in self.overdue():
            self.expire(choice)
            reclaimed = {choice.id}
        if choice is None or choice.id not in reclaimed or choice.status is not Status.PENDING:
            choice = self.next()
        if choice is None:
            for job in self.overdue(surely=True):  # only those without an attempt left are not claimed
                self.expire(job)
            return None
        moves.start(choice, worker, self.now)
        self._heard[choice.id] = self._renewed[choice.id] = self.now
        self._happened(choice, DEQUEUE)
        return choice

    def heartbeat(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Renew the lease of a running job."""
        job = self._job_to_move(job_id, PROGRESS, attempt)
        self._heard[job_id] = self._renewed[job_id] = self.now
        return job

    def complete(self, job_id: int, result: Any = None, *, attempt: int | None = None) -> Job:
        """Mark a running job as done."""
        job = self._job_to_move(job_id, COMPLETE, attempt)
        reached = job.progress
        moves.complete(job, result, self.now)
        job.progress = reached  # whether it is 1 then is left open
        self._happened(job, COMPLETE)
        return job

    def fail(
        self,
        job_id: int,
        error: BaseException | str,
        *,
        attempt: int | None = None,
        follow_backoff: float | None = None,
    ) -> Job:
        """Report that the running attempt failed. The backoff may be given: only a queue with `retry` has a rule."""
        validate_error(error)
        job = self._job_to_move(job_id, FAIL, attempt)
        retry = self.retry if follow_backoff is None else RetryPolicy(base=follow_backoff, factor=1)
        self._happened(job, moves.fail(job, error, self.now, retry))
        return job

    def release(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Make a running job pending again, as if it had not been claimed."""
        job = self._job_to_move(job_id, RELEASE, attempt)
        moves.release(job, self.now)
        self._happened(job, RELEASE)
        return job

    def progress(self, job_id: int, fraction: float, note: str = "", *, attempt: int | None = None) -> Job:
        """Record a running job's progress."""
        validate_fraction("fraction", fraction)
        validate_text("note", note)
        job = self._job_to_move(job_id, PROGRESS, attempt)
        moves.progress(job, fraction, note)
        self._renewed[job_id] = self.now
        self._happened(job, PROGRESS)
        return job

    def revive(self, job_id: int) -> Job:
        """Give a failed job new attempts. Its attempts go on counting."""
        job = self._job_to_move(job_id, REVIVE)
        moves.revive(job, self.now)
        self._happened(job, REVIVE)
        return job

    def discard(self, job_id: int) -> Job:
        """Delete a failed job."""
        job = self._job_to_move(job_id, DISCARD)
        del self.jobs[job_id]
        self.discarded += 1
        self._happened(job, DISCARD)
        return job

    def get(self, job_id: int) -> Job | None:
        """Return a job, or None."""
        return self.jobs.get(job_id)

    def stats(self) -> dict[str, int]:
        """Count the jobs in each state."""
        counts = Counter(job.status.value for job in self.jobs.values())
        counts[Status.FAILED.value] += self.discarded
        return {status.value: counts[status.value] for status in Status}

    def dead(self, type: str | None = None, *, after: int | None = None, limit: int = 100) -> list[Job]:
        """List failed jobs by id. Without `after`, none is left out: an id of 0 would be."""
        failed = [job for job in self.jobs.values() if job.status is Status.FAILED and type in (None, job.type)]
        failed = [job for job in failed if after is None or job.id > after]
        return sorted(failed, key=lambda job: job.id)[:limit]

    def wake(self) -> None:
        """End every `wait`: who wakes up is compared apart."""

    # --- what the contract says of them ---

    def pending(self) -> list[Job]:
        """Return the jobs that are pending, due or not."""
        return [job for job in self.jobs.values() if job.status is Status.PENDING]

    def unfinished(self) -> bool:
        """Whether any job is pending or processing: `join` sleeps as long."""
        return any(job.status in (Status.PENDING, Status.PROCESSING) for job in self.jobs.values())

    def next(self) -> Job | None:
        """Return the job that is claimed next."""
        due = [job for job in self.pending() if job.scheduled_for <= self.now]
        return min(due, key=lambda job: (-job.priority, job.scheduled_for, job.id), default=None)

    def overdue(self, *, surely: bool = False) -> list[Job]:
        """Return the running jobs that may be claimed again, as their leases have expired.

        Args:
            surely: leave out those whose worker has reported progress within the lease, and those of this instant.
        """
        if self.lease is None:
            return []
        since = self._renewed if surely else self._heard
        running = [job for job in self.jobs.values() if job.status is Status.PROCESSING]
        over = {job.id: self.now - since[job.id] - self.lease for job in running}
        return [job for job in running if over[job.id] > 0 or (over[job.id] == 0 and not surely)]

    def kept_by_heartbeat(self, job: Job) -> bool:
        """Whether a running job's lease would have expired without a heartbeat."""
        return self.lease is not None and job.started_at is not None and self.now - job.started_at > self.lease

    def lease_end(self, job: Job) -> float:
        """Return when a running job's lease ends, if there is no further heartbeat."""
        return self._renewed[job.id] + (self.lease or 0.0)

    def expire(self, job: Job, seen: Any = None) -> None:
        """End an attempt whose lease has expired. How the queue words the error, and when it is due, is its choice."""
        move = moves.expire(job, self.lease or 0.0, self.now)
        error = None if seen is None else seen.errors[-1]
        if error is not None:
            chosen: dict[str, Any] = {name: getattr(error, name, None) for name in ITS_CHOICE}
            at, started = chosen["at"], job.started_at or 0.0
            if not (isinstance(at, (int, float)) and started <= at <= self.now):
                del chosen["at"]  # so that it is compared
            entry = job.errors[-1]._replace(**chosen)
            job.errors = (*job.errors[:-1], entry)
            job.finished_at = seen.finished_at
            if seen.scheduled_for <= self.now:
                job.scheduled_for = seen.scheduled_for
        self._happened(job, move, job.errors[-1].at)

    def next_due(self) -> float | None:
        """Return when the next job will be due that is not due yet; None if there is none."""
        return min((job.scheduled_for for job in self.pending() if job.scheduled_for > self.now), default=None)

    def refusals(self, job_id: int, attempt: int | None) -> tuple[type[BaseException], ...]:
        """Return the errors with which a queue may refuse a move: it may look at the state or at the attempt first."""
        job = self.jobs.get(job_id)
        if job is None:
            return (JobNotFound,)
        if attempt is None:
            return (IllegalMove,)
        return (LeaseLost,) if job.status is Status.PROCESSING else (LeaseLost, IllegalMove)

    def _job_to_move(self, job_id: int, move: Move, attempt: int | None = None) -> Job:
        validate_ids(job_id, attempt)
        job = self.jobs.get(job_id)
        if job is None or job.status is not move.source or attempt not in (None, job.attempts):
            raise moves.refusal(job, job_id, move, attempt)
        return job

    def _happened(self, job: Job, move: Move, at: float | None = None) -> None:
        self.events.append(moves.event(job, move, self.now if at is None else at))
