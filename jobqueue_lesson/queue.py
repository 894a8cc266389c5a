"""The job queue in memory: the contract kept by a dictionary, a list and two heaps (page 2).

Page 5 teaches how it picks the next job, page 4 what happens when a job fails.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush, nsmallest
from typing import Any

from . import moves
from .arguments import (
    validate_clock,
    validate_count,
    validate_error,
    validate_fraction,
    validate_ids,
    validate_integer,
    validate_job,
    validate_number,
    validate_page,
    validate_text,
    validate_worker,
)
from .contract import Clock, Listener
from .job import (
    COMPLETE,
    DEQUEUE,
    DISCARD,
    ENQUEUE,
    FAIL,
    PROGRESS,
    RELEASE,
    RETRY,
    REVIVE,
    Job,
    Move,
    QueueFull,
)
from .lines import calling_line, with_line
from .notify import Listeners, Waiters
from .retries import RetryPolicy, validate_retry


class JobQueue:
    """A job queue in memory, for one thread. Its jobs are lost when the process ends.

    Args:
        name: its name, in logs and pictures.
        clock: any callable that returns seconds; `sim.time` in simulated time.
        retry: which errors are retried, and when.
        max_pending: how many jobs may be pending before `enqueue` raises `QueueFull`; None: no limit. Retries
            are always accepted.
        keep_finished: how many finished jobs are kept for `get`; the oldest is evicted first, together with its
            key. None: all.
        aging: points of priority that a waiting job gains per second, so that none waits forever.

    Raises:
        TypeError, ValueError: for an invalid argument; the message names it.

    Cost: every move is O(log n) in the number of pending jobs.
    """

    lease: float | None = None

    def __init__(
        self,
        name: str = "jobs",
        *,
        clock: Clock = time.time,
        retry: RetryPolicy | None = None,
        max_pending: int | None = None,
        keep_finished: int | None = None,
        aging: float = 0.0,
    ) -> None:
        self.name = validate_text("name", name)
        self.clock = validate_clock(clock)
        self.retry = validate_retry(retry)
        self.max_pending = None if max_pending is None else validate_count("max_pending", max_pending)
        self.keep_finished = None if keep_finished is None else validate_count("keep_finished", keep_finished, least=0)
        self.aging = validate_number("aging", aging)

        self._jobs: dict[int, Job] = {}
        self._keys: dict[str, int] = {}
        self._ready: list[tuple[float, float, int, Job]] = []  # heap of (rank, scheduled_for, id, job)
        self._delayed: list[tuple[float, int, Job]] = []  # heap of (scheduled_for, id, job)
        self._finished: deque[int] = deque()
        self._dead: dict[int, Job] = {}
        self._completed = 0
        self._failed = 0
        self._next_id = 1
        self._memories: dict[str, dict[str, Any]] = {}
        self._listeners = Listeners(self.name)
        self._waiters = Waiters()

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
        """Add a job; see `Producer.enqueue`."""
        validate_job(type, priority, delay, max_attempts, key)
        if key is not None:
            existing = self._jobs.get(self._keys.get(key, 0))
            if existing is not None:
                moves.require_same(existing, type, data)
                return existing
        if self.max_pending is not None and self._pending() >= self.max_pending:
            raise QueueFull(f"queue {self.name!r} is full: {self.max_pending} jobs are pending (max_pending)")

        now = due = self.clock()
        if delay:
            due = now + delay
        job_id = self._next_id
        self._next_id = job_id + 1
        job = Job(job_id, type, data, priority, max_attempts, key, now, due)
        self._jobs[job_id] = job
        if key is not None:
            self._keys[key] = job_id
        self._add_pending(job, now)
        try:
            if self._listeners:
                self._notify(job, ENQUEUE, now)
        finally:
            if self._waiters:
                self._wake_due()
        return job

    def dequeue(self, worker: str = "worker-1") -> Job | None:
        """Claim the next job that is due, or return None; see `Queue.dequeue`."""
        if worker.__class__ is not str or not worker or not worker.isascii():
            validate_worker(worker)
        now = self.clock()
        if self._delayed:
            self._promote_due(now)
        if not self._ready:
            return None
        job = heappop(self._ready)[-1]
        moves.start(job, worker, now)
        if self._listeners:
            try:
                self._notify(job, DEQUEUE, now)
            except BaseException:  # Ctrl-C in a listener: the caller will never get this job
                self.release(job.id)
                raise
        return job

    def heartbeat(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Do nothing but check: here there are no leases, because a worker dies together with its queue."""
        return self._job_to_move(job_id, PROGRESS, attempt)

    def complete(self, job_id: int, result: Any = None, *, attempt: int | None = None) -> Job:
        """Mark a running job as done; see `Queue.complete`."""
        # The same as `_job_to_move`, inlined for speed: most jobs make this move.
        if job_id.__class__ is not int or (attempt is not None and attempt.__class__ is not int):
            validate_ids(job_id, attempt)
        job = self._jobs.get(job_id)
        if job is None or job.status is not COMPLETE.source or attempt not in (None, job.attempts):
            raise moves.refusal(job, job_id, COMPLETE, attempt)
        now = self.clock()
        moves.complete(job, result, now)
        self._completed += 1
        if self._listeners or self._waiters or self._waiters.joiners or self.keep_finished is not None:
            self._ended(job, COMPLETE, now)
        return job

    def fail(self, job_id: int, error: BaseException | str, *, attempt: int | None = None) -> Job:
        """Report that the running attempt failed; see `Queue.fail`."""
        validate_error(error)
        job = self._job_to_move(job_id, FAIL, attempt)
        now = self.clock()
        move = moves.fail(job, error, now, self.retry)
        if move is RETRY:
            self._add_pending(job, now)
            self._notify_and_wake(job, move, now)
        else:
            self._failed += 1
            self._dead[job_id] = job
            self._ended(job, move, now)
        return job

    def release(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Make a running job pending again; see `Queue.release`."""
        job = self._job_to_move(job_id, RELEASE, attempt)
        now = self.clock()
        moves.release(job, now)
        self._add_pending(job, max(now, job.scheduled_for))  # it was due, even if the clock was set back since
        self._notify_and_wake(job, RELEASE, now)
        return job

    def progress(self, job_id: int, fraction: float, note: str = "", *, attempt: int | None = None) -> Job:
        """Record a running job's progress; see `Queue.progress`."""
        validate_fraction("fraction", fraction)
        validate_text("note", note)
        job = self._job_to_move(job_id, PROGRESS, attempt)
        moves.progress(job, fraction, note)
        self._notify(job, PROGRESS, self.clock())
        return job

    def revive(self, job_id: int) -> Job:
        """Give a failed job new attempts; see `Producer.revive`."""
        job = self._job_to_move(job_id, REVIVE)
        del self._dead[job_id]
        self._failed -= 1
        if self.keep_finished is not None:
            self._finished.remove(job_id)
        now = self.clock()
        moves.revive(job, now)
        self._add_pending(job, now)
        self._notify_and_wake(job, REVIVE, now)
        return job

    def discard(self, job_id: int) -> Job:
        """Delete a failed job; see `Producer.discard`."""
        job = self._job_to_move(job_id, DISCARD)
        if self.keep_finished is not None:
            self._finished.remove(job_id)
        self._remove(job)
        self._notify(job, DISCARD, self.clock())
        return job

    def dead(self, type: str | None = None, *, after: int = 0, limit: int = 100) -> list[Job]:
        """List failed jobs; see `Producer.dead`."""
        after, limit = validate_page(type, after, limit)
        found = (id for id, job in self._dead.items() if id > after and type in (None, job.type))
        return [self._dead[id] for id in nsmallest(limit, found)]

    def get(self, job_id: int) -> Job | None:
        """Return a job, or None; see `Producer.get`."""
        if job_id.__class__ is not int:
            validate_integer("job_id", job_id)
        return self._jobs.get(job_id)

    def stats(self) -> dict[str, int]:
        """Count the jobs in each state; see `Producer.stats`."""
        pending = self._pending()
        return {
            "pending": pending,
            "processing": self._unfinished() - pending,
            "completed": self._completed,
            "failed": self._failed,
        }

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every move; see `Producer.subscribe`."""
        return self._listeners.subscribe(listener)

    async def wait(self, *, or_finished: bool = True) -> None:
        """Sleep until a job is due; see `Queue.wait`. It does not poll."""
        await self._waiters.sleep(self._wake_due, or_finished=or_finished)

    async def join(self) -> None:
        """Sleep until no job is pending or processing."""
        await self._waiters.join(self._unfinished)

    def wake(self) -> None:
        """End every `wait` now."""
        self._waiters.wake()

    @contextmanager
    def memory(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield a scheduler's memory of this name; see `SchedulerQueue.memory` (page 8)."""
        memory = dict(self._memories.get(name, {}))
        yield memory
        self._memories[name] = memory

    def _pending(self) -> int:
        return len(self._ready) + len(self._delayed)

    def _unfinished(self) -> int:
        return self._next_id - 1 - self._completed - self._failed

    def _promote_due(self, now: float) -> None:
        """Move the delayed jobs that are due to the ready ones."""
        while self._delayed and self._delayed[0][0] <= now:
            self._add_pending(heappop(self._delayed)[-1], now)

    def _add_pending(self, job: Job, now: float) -> None:
        """Add a pending job to the ready ones or, if it is not due yet, to the delayed ones."""
        if job.scheduled_for > now:
            heappush(self._delayed, (job.scheduled_for, job.id, job))
        else:
            # A waiting job's priority is priority + aging × (now − scheduled_for). `now` is the same for all jobs,
            # so their order does not depend on it, and the heap stays a heap while all of them age.
            rank = self.aging * job.scheduled_for - job.priority if self.aging else -job.priority
            heappush(self._ready, (rank, job.scheduled_for, job.id, job))

    def _wake_due(self) -> None:
        """Wake a waiter for each job that is due, and do so again when the next one is."""
        now = self.clock()
        self._promote_due(now)
        self._waiters.wake(len(self._ready))
        if self._delayed:
            self._waiters.set_alarm(self._delayed[0][0] - now, self._wake_due)

    def _job_to_move(self, job_id: int, move: Move, attempt: int | None = None) -> Job:
        """Return the job if it may make this move.

        Raises:
            JobNotFound, IllegalMove: if it may not.
            LeaseLost: if another attempt is running.
        """
        if job_id.__class__ is not int or (attempt is not None and attempt.__class__ is not int):
            validate_ids(job_id, attempt)
        job = self._jobs.get(job_id)
        if job is None or job.status is not move.source or attempt not in (None, job.attempts):
            raise moves.refusal(job, job_id, move, attempt)
        return job

    def _notify(self, job: Job, move: Move, at: float) -> None:
        """Notify the listeners of a move."""
        event = moves.event(job, move, at)
        if self._listeners.want_lines:
            event = with_line(event, calling_line())
        self._listeners.events.append(event)
        self._listeners.deliver()

    def _notify_and_wake(self, job: Job, move: Move, at: float) -> None:
        """Notify the listeners of a move after which the job is pending, and wake a worker for it."""
        try:
            self._notify(job, move, at)
        finally:
            if self._waiters:
                self._wake_due()

    def _ended(self, job: Job, move: Move, at: float) -> None:
        """Notify the listeners; evict the oldest job beyond `keep_finished`; wake `join` when no job is left."""
        try:
            if self._listeners:
                self._notify(job, move, at)
        finally:
            if self.keep_finished is not None:
                self._finished.append(job.id)
                if len(self._finished) > self.keep_finished:
                    self._remove(self._jobs[self._finished.popleft()])
            if (self._waiters or self._waiters.joiners) and not self._unfinished():
                self._waiters.finish()

    def _remove(self, job: Job) -> None:
        del self._jobs[job.id]
        self._dead.pop(job.id, None)
        if job.key is not None:
            del self._keys[job.key]
