"""A job queue on disk: the same contract on SQLite, for several processes at once (page 10).

A job that is running has a *lease*. Its worker renews it while it works. A worker that died doesn't, so the lease
expires, and another worker reclaims the job. That is why a handler may see the same job twice.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import durable_tables as tables
from . import moves
from .arguments import (
    LARGEST,
    SMALLEST,
    NotJSON,
    as_json,
    validate_after,
    validate_clock,
    validate_count,
    validate_error,
    validate_fraction,
    validate_ids,
    validate_integer,
    validate_job,
    validate_page,
    validate_seconds,
    validate_text,
    validate_worker,
)
from .contract import Clock, Listener
from .durable_file import QueueFile
from .job import (
    COMPLETE,
    DEQUEUE,
    DISCARD,
    FAIL,
    PROGRESS,
    RELEASE,
    REVIVE,
    Job,
    JobEvent,
    Move,
    QueueFull,
    Status,
    StorageError,
)
from .lines import Line, calling_line, with_line
from .notify import Listeners, Waiters
from .retries import RetryPolicy, validate_retry

__all__ = ["NotJSON", "SQLiteQueue", "StorageError"]

log = logging.getLogger("jobqueue_lesson")


class SQLiteQueue:
    """A job queue in a file. Any number of processes of this machine may use it at the same time.

    Jobs outlive the process, and a crash of it. Data and results are JSON. See `contract.Queue` for what it does.

    Args:
        path: the file; it is created if there is none.
        name: its name, in logs and pictures; None: the file's name without its suffix.
        clock: any callable that returns seconds, the same for all processes that share the file.
        retry: which errors are retried, and when.
        lease: seconds after which a running job is reclaimed, unless its worker renews the lease. Make it longer than
            any handler may block its worker's event loop; see `Worker`.
        max_pending: how many jobs may be pending before `enqueue` raises `QueueFull`; None: no limit.
        keep_finished: how many finished jobs are kept for `get`. The oldest is evicted first, together with its key and
            its events; the last 1,000 events always stay. None: all are kept. Give it to all processes that share the
            file: each evicts when it enqueues or finishes a job.
        poll: seconds between two checks for changes by other processes. None: there are none, as in simulated time.
        fsync: whether every move waits for the disk. Without it, the last few moves may be lost when the power fails,
            but not when a process dies.

    Raises:
        TypeError, ValueError: for an invalid argument; the message names it.
        StorageError: if the file is not a queue, was made by a newer version, or cannot be written.

    Every method raises `StorageError` while the file cannot be used, and after it was deleted or replaced: no other
    process would find what is written to it then.

    If the clock is set back, delayed jobs and the leases of dead workers take that much longer. A job that is ready
    stays ready.

    Cost: every move is O(log n) in the number of jobs.
    """

    def __init__(
        self,
        path: str | Path,
        name: str | None = None,
        *,
        clock: Clock = time.time,
        retry: RetryPolicy | None = None,
        lease: float = 30.0,
        max_pending: int | None = None,
        keep_finished: int | None = None,
        poll: float | None = 0.02,
        fsync: bool = False,
    ) -> None:
        self.clock = validate_clock(clock)
        self.retry = validate_retry(retry)
        self.lease = validate_seconds("lease", lease, zero=False)
        self.max_pending = None if max_pending is None else validate_count("max_pending", max_pending)
        self.keep_finished = None if keep_finished is None else validate_count("keep_finished", keep_finished, least=0)
        self.poll = None if poll is None else validate_seconds("poll", poll, zero=False)
        name = None if name is None else validate_text("name", name, "a string or None")
        self._lines: dict[int, Line | None] = {}  # that made moves of this process, by the number of the event
        evicts, forget_lines = keep_finished is not None, self._lines.clear
        self._file = QueueFile(path, clock=clock, evicts=evicts, fsync=fsync, on_rollback=forget_lines)
        self._db = self._file.db
        self.path = self._file.path
        self.name = self.path.stem if name is None else name
        self._listeners = Listeners(self.name)
        self._waiters = Waiters()
        self._notified = 0  # number of the last event that listeners were notified of
        self._polling: asyncio.AbstractEventLoop | None = None  # the loop that polls
        self._poll_failed = False  # whether the last poll did
        self._version = self._file.version()

    def __repr__(self) -> str:
        return f"<SQLiteQueue {str(self.path)!r}>"

    def close(self) -> None:
        """Close the file. The jobs stay in it."""
        self._listeners.clear()
        self._file.close()
        self._waiters.wake_all()

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
    ) -> Job:
        """Enqueue a job; see `Producer.enqueue`.

        Raises:
            NotJSON: for data that JSON cannot represent exactly.
        """
        validate_job(type, priority, delay, max_attempts, key)
        text = as_json("data", data)
        with self._file.transaction() as now:
            if key is not None:
                job = tables.find(self._db, "key = ?", key)
                if job is not None:
                    moves.require_same(job, type, data)
                    return job
            if self.max_pending is not None and self.stats()[Status.PENDING] >= self.max_pending:
                raise QueueFull(f"queue {self.name!r} is full: {self.max_pending} jobs are pending (max_pending)")
            job = Job(0, type, data, priority, max_attempts, key, now, float(now + delay))
            self._note_line(tables.add(self._db, job, now, data=text, keep_finished=self.keep_finished))
        self._after_move()
        return job

    def dequeue(self, worker: str = "worker-1") -> Job | None:
        """Claim the next job that is due; None if there is none. See `Queue.dequeue`."""
        validate_worker(worker)
        ((worth_a_try,),) = self._file.read(tables.WORTH_A_TRY, {"now": self.clock()})
        if not worth_a_try:  # checked without a lock, so that idle workers do not block others
            return None
        job = None
        with self._file.transaction() as now:
            self._reclaim(now)
            tables.mark_due(self._db, now)
            job = tables.find(self._db, tables.NEXT)
            if job is not None:
                moves.start(job, worker, now)
                self._save(job, DEQUEUE, now)
        try:
            self._after_move()
        except BaseException:  # Ctrl-C in a listener: the caller will never learn that it has this job
            if job is not None:
                self.release(job.id, attempt=job.attempts)
            raise
        return job

    def heartbeat(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Renew the lease of a running job; see `Queue.heartbeat`."""
        with self._file.transaction() as now:
            job = self._job_to_move(job_id, PROGRESS, attempt)
            tables.renew_lease(self._db, job, until=now + self.lease)
        return job

    def complete(self, job_id: int, result: Any = None, *, attempt: int | None = None) -> Job:
        """Mark a running job as completed; see `Queue.complete`.

        Raises:
            NotJSON: for a result that JSON cannot represent exactly.
        """
        validate_ids(job_id, attempt)
        text = as_json("result", result)
        with self._file.transaction() as now:
            job = self._job_to_move(job_id, COMPLETE, attempt)
            moves.complete(job, result, now)
            self._save(job, COMPLETE, now, result=text)
        self._after_move()
        return job

    def fail(self, job_id: int, error: BaseException | str, *, attempt: int | None = None) -> Job:
        """Report that the current attempt failed; see `Queue.fail`."""
        validate_error(error)
        with self._file.transaction() as now:
            job = self._job_to_move(job_id, FAIL, attempt)
            self._save(job, moves.fail(job, error, now, self.retry), now)
        self._after_move()
        return job

    def release(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Release a running job: it is pending again, and the attempt does not count. See `Queue.release`."""
        with self._file.transaction() as now:
            job = self._job_to_move(job_id, RELEASE, attempt)
            moves.release(job, now)
            self._save(job, RELEASE, now)
        self._after_move()
        return job

    def progress(self, job_id: int, fraction: float, note: str = "", *, attempt: int | None = None) -> Job:
        """Report how far a running job is; see `Queue.progress`. This renews the lease as well."""
        validate_fraction("fraction", fraction)
        validate_text("note", note)
        with self._file.transaction() as now:
            job = self._job_to_move(job_id, PROGRESS, attempt)
            moves.progress(job, fraction, note)
            self._save(job, PROGRESS, now)
        self._after_move()
        return job

    def revive(self, job_id: int) -> Job:
        """Give a failed job new attempts; see `Producer.revive`."""
        with self._file.transaction() as now:
            job = self._job_to_move(job_id, REVIVE)
            moves.revive(job, now)
            self._save(job, REVIVE, now)
        self._after_move()
        return job

    def discard(self, job_id: int) -> Job:
        """Delete a failed job; see `Producer.discard`."""
        with self._file.transaction() as now:
            job = self._job_to_move(job_id, DISCARD)
            self._note_line(tables.delete(self._db, job, now))
        self._after_move()
        return job

    def dead(self, type: str | None = None, *, after: int = 0, limit: int = 100) -> list[Job]:
        """List failed jobs; see `Producer.dead`."""
        after, limit = validate_page(type, after, limit)
        of_type, values = ("", (after, limit)) if type is None else ("AND type = ?", (after, type, limit))
        query = f"SELECT {tables.JOB} FROM jobs WHERE status = 'failed' AND id > ? {of_type} ORDER BY id LIMIT ?"
        return [tables.read_job(row) for row in self._file.read(query, values)]

    def get(self, job_id: int) -> Job | None:
        """Return a job as it is now; None if it is unknown, or was deleted or evicted."""
        if not SMALLEST <= validate_integer("job_id", job_id) <= LARGEST:
            return None
        rows = self._file.read(f"SELECT {tables.JOB} FROM jobs WHERE id = ?", (job_id,))
        return tables.read_job(rows[0]) if rows else None

    def stats(self) -> dict[str, int]:
        """Count the jobs in each state; see `Producer.stats`."""
        (counts,) = self._file.read(tables.COUNTS)
        return dict(zip((status.value for status in Status), counts, strict=True))

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every move, including those of other processes; see `Producer.subscribe`."""
        if not self._listeners:
            ((last,),) = self._file.read("SELECT coalesce(max(number), 0) FROM events")
            self._notified = last
        unsubscribe = self._listeners.subscribe(listener)
        self._watch()
        return unsubscribe

    async def wait(self, *, or_finished: bool = True) -> None:
        """Sleep until `dequeue` is worth a try; see `Queue.wait`."""
        self._watch()
        await self._waiters.sleep(self._wake_due, or_finished=or_finished)

    async def join(self) -> None:
        """Sleep until no job is pending or processing."""
        await self._waiters.join(self._unfinished, self._watch)

    def wake(self) -> None:
        """End every `wait` of this process now."""
        self._waiters.wake()

    @contextmanager
    def memory(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield a scheduler's memory of this name; see `SchedulerQueue.memory` (page 8)."""
        with self._file.transaction():
            memory = tables.read_memory(self._db, name)
            yield memory
            tables.write_memory(self._db, name, as_json("memory", memory))
        self._after_move()

    # --- the events ---

    def events(self, after: int = 0) -> list[JobEvent]:
        """Return what all processes did, in order, without the first `after` moves and those of evicted jobs."""
        after = validate_after(after)
        return [tables.read_event(row) for _, *row in self._file.read(tables.EVENTS_AFTER, (after,))]

    def _after_move(self) -> None:
        """After a move: notify listeners and wake waiters. The move is on disk, whatever happens now."""
        try:
            if self._listeners:
                self._notify()
        except StorageError as error:
            self._version = -1  # so that the next poll notifies them
            log.warning("listeners of queue %r will be notified later: %s", self.name, error)
        finally:
            if self._waiters or self._waiters.joiners:
                self._wake()

    def _notify(self) -> None:
        """Notify the listeners of every move since the last time, in order, whichever process made it."""
        if not self._listeners or self._db.in_transaction:  # inside `memory`, which notifies at its end
            return
        for number, *row in self._file.read(tables.EVENTS_AFTER, (self._notified,)):
            self._notified = number
            self._listeners.events.append(with_line(tables.read_event(row), self._lines.pop(number, None)))
        self._listeners.deliver()

    def _wake(self) -> None:
        """After a change: wake one waiter per available job, or all of them after the last job."""
        self._wake_due()
        if self._waiters or self._waiters.joiners:
            try:
                if not self._unfinished():
                    self._waiters.finish()
            except StorageError:
                self._waiters.wake_all()

    def _wake_due(self) -> None:
        """Wake one waiter per available job, and look again when the next one will be available."""
        if self._waiters:
            try:
                now = self.clock()
                jobs, due = self._outlook(now)
            except StorageError:
                self._waiters.wake_all()
            else:
                self._waiters.wake(jobs)
                if due is not None:
                    self._waiters.set_alarm(due - now, self._wake)

    # --- other processes ---

    def _watch(self) -> None:
        """Poll for changes by other processes, as long as anything in this process waits for them.

        SQLite counts such changes (PRAGMA data_version); reading the counter takes a few microseconds.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self.poll is None or self._polling is loop:
            return
        self._polling = loop

        def poll_once() -> None:
            if self._polling is not loop:
                return
            if not (self._waiters or self._waiters.joiners or self._listeners):
                self._polling = None
                return
            loop.call_later(self.poll or 0, poll_once)  # first: a poll that fails must not be the last
            try:
                version = self._file.version()
                if version != self._version:
                    self._notify()
                    self._version = version
                    self._wake()
                self._poll_failed = False
            except StorageError as error:
                if not self._poll_failed:
                    log.error("queue %r cannot see what other processes do, and keeps trying: %s", self.name, error)
                self._poll_failed = True
                self._waiters.wake_all()

        loop.call_later(self.poll, poll_once)

    # --- inside a transaction ---

    def _job_to_move(self, job_id: int, move: Move, attempt: int | None = None) -> Job:
        """Return the job if it may make this move.

        Raises:
            TypeError: for an id or an attempt that is not an integer.
            JobNotFound, IllegalMove: if it may not.
            LeaseLost: if another attempt is running.
        """
        validate_ids(job_id, attempt)
        job = tables.find(self._db, "id = ?", job_id) if SMALLEST <= job_id <= LARGEST else None
        if job is None or job.status is not move.source or attempt not in (None, job.attempts):
            raise moves.refusal(job, job_id, move, attempt)
        return job

    def _reclaim(self, now: float) -> None:
        """End the attempts of workers that sent no heartbeat before their lease expired."""
        expired = self._db.execute(
            f"SELECT {tables.JOB} FROM jobs WHERE status = 'processing' AND lease_until <= ?", (now,)
        ).fetchall()
        for job in map(tables.read_job, expired):
            self._save(job, moves.expire(job, self.lease, now), now)

    def _save(self, job: Job, move: Move, now: float, result: str = "null") -> None:
        """Write a job after a move, and the move; `result` as JSON."""
        lease = now + self.lease if job.status is Status.PROCESSING else None
        self._note_line(
            tables.save(self._db, job, move, now, lease_until=lease, result=result, keep_finished=self.keep_finished)
        )

    def _note_line(self, event: int) -> None:
        """If listeners want to know, keep the line that is making a move, until they get the event of this number."""
        if self._listeners.want_lines:
            self._lines[event] = calling_line()

    # --- how much there is to do ---

    def _outlook(self, now: float) -> tuple[int, float | None]:
        """Return how many jobs are available, at most one per waiter, and when the next one will be."""
        most = len(self._waiters) + self._waiters.waking
        ((ready, due, expired, *times),) = self._file.read(tables.OUTLOOK, {"now": now, "most": most})
        return ready + due + expired, min((float(time) for time in times if time is not None), default=None)

    def _unfinished(self) -> int:
        stats = self.stats()
        return stats[Status.PENDING] + stats[Status.PROCESSING]
