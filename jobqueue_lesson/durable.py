"""A job queue on disk: the same contract on SQLite, for several processes at once (notebook 10).

A job in hand has a *lease*. Its worker renews it while it works. A worker that died does not, so the lease runs out,
and the job goes to somebody else. That is why a handler may meet the same job twice.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from . import moves
from .arguments import (
    LARGEST,
    SMALLEST,
    check_after,
    check_clock,
    check_count,
    check_error,
    check_fraction,
    check_ids,
    check_job,
    check_page,
    check_seconds,
    check_text,
    check_whole,
    check_worker,
    shown,
)
from .contract import Clock, Listener, QueueFull
from .job import (
    COMPLETE,
    DEQUEUE,
    DISCARD,
    ENQUEUE,
    FAIL,
    PROGRESS,
    RELEASE,
    REVIVE,
    AttemptError,
    Job,
    JobEvent,
    JobNotFound,
    Move,
    QueueClosed,
    Status,
    StorageError,
)
from .notify import Listeners, Waiters
from .retries import RetryPolicy, check_retry

log = logging.getLogger("jobqueue_lesson")

APPLICATION = 0x6A6F6271  # "jobq", in the header of every file that is a queue
VERSION = 2
SCHEMA = f"""
    PRAGMA application_id = {APPLICATION};
    PRAGMA user_version = {VERSION};
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        type TEXT NOT NULL,
        data TEXT NOT NULL,
        priority INTEGER NOT NULL,
        max_attempts INTEGER NOT NULL,
        key TEXT UNIQUE,
        created_at REAL NOT NULL,
        scheduled_for REAL NOT NULL,
        status TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        started_at REAL,
        finished_at REAL,
        worker TEXT,
        result TEXT NOT NULL,
        errors TEXT NOT NULL,
        progress REAL,
        note TEXT NOT NULL,
        ready INTEGER NOT NULL, -- whether it was due when somebody last looked
        lease_until REAL        -- while it is processing
    );
    CREATE INDEX next_one ON jobs (priority DESC, scheduled_for, id) WHERE status = 'pending' AND ready;
    CREATE INDEX delayed ON jobs (scheduled_for) WHERE status = 'pending' AND NOT ready;
    CREATE INDEX leases ON jobs (lease_until) WHERE status = 'processing';
    CREATE INDEX dead ON jobs (id) WHERE status = 'failed';
    CREATE TABLE counts (
        pending INTEGER, processing INTEGER, completed INTEGER, failed INTEGER, -- ever: with those that were forgotten
        forgotten INTEGER NOT NULL DEFAULT 0, -- finished jobs that are not in the table of jobs any more
        swept INTEGER NOT NULL DEFAULT 0      -- number of the event up to which the record was swept; see _sweep
    );
    INSERT INTO counts VALUES (0, 0, 0, 0, 0, 0);
    CREATE TABLE events (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL, move TEXT, job_id INTEGER, type TEXT, status TEXT, attempt INTEGER, priority INTEGER,
        scheduled_for REAL, worker TEXT, error TEXT, progress REAL, note TEXT
    );
    CREATE TABLE memory (name TEXT PRIMARY KEY, value TEXT NOT NULL); -- of schedulers
"""
UPGRADES = {
    1: """
    ALTER TABLE counts ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE counts ADD COLUMN swept INTEGER NOT NULL DEFAULT 0;
    UPDATE counts SET forgotten =
        completed + failed - (SELECT count(*) FROM jobs WHERE status IN ('completed', 'failed'));
    CREATE TABLE memory (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    PRAGMA user_version = 2
    """,
}
"""What brings a file from a version to the next one."""
FINISHED = "CREATE INDEX IF NOT EXISTS finished ON jobs (finished_at, id) WHERE status IN ('completed', 'failed')"
"""Only queues that forget finished jobs need it."""
COLUMNS = (
    "id, type, data, priority, max_attempts, key, created_at, scheduled_for, status, attempts, started_at, finished_at,"
    " worker, result, errors, progress, note"
)
DEEPEST = 100
"""How deeply data and results may be nested. What is accepted must be readable, however deep the reader's stack is."""
EVENT = "at, move, job_id, type, status, attempt, priority, scheduled_for, worker, error, progress, note"


BUSY = 10.0
"""Seconds for which a move waits for those of other processes."""
RECENT = 1000
"""How many events the record keeps in any case, so that other processes have time to hear of them."""
AT_ONCE = 100
"""How many finished jobs are forgotten at once, at most: a move must not take long."""
PER_JOB = 20
"""How many events are looked at for each job that is forgotten. A job has about four."""
CHECKPOINT = 256
"""Moves after which a process copies the write-ahead log into the file."""
LOOK = 64
"""Moves after which a process looks how long the log is."""
LOG_LIMIT = 16 * 2**20
"""Bytes to which the log may grow before everybody waits until it is empty."""
MILLISECOND = 0.001
"""Seconds between two looks whether the file is still there. More of them would slow every move down by 7 %."""


class NotJSON(TypeError):
    """What was given cannot be kept as JSON, or would come back as something else."""


class SQLiteQueue:
    """A job queue in a file. Any number of processes of this machine may use it at the same time.

    Jobs outlive the process, and a crash of it. Data and results are JSON. See `contract.Queue` for what it does.

    Args:
        path: the file; it is made if there is none.
        name: what people call it; None: after the file.
        clock: any callable that returns seconds, the same for all processes that share the file.
        retry: which errors are tried again, and when.
        lease: seconds after which a job in hand goes to somebody else, unless its worker renews the lease. Make it
            longer than any handler may block its worker's event loop; see `Worker`.
        max_pending: how many jobs may wait before `enqueue` raises `QueueFull`; None: no bound.
        keep_finished: how many finished jobs are kept for `get`; the oldest is forgotten first, and its key and its
            events with it, but for the last 1,000 events of all. None: all. Give it to all processes that share the
            file: each forgets when it enqueues a job or ends one.
        poll: seconds between two looks for what other processes did. None: there are none, as in simulated time.
        fsync: whether every move waits for the disk. Without it, moves of the last moment may be lost when the power
            fails, but not when a process dies.

    Raises:
        TypeError, ValueError: for an argument that makes no sense; the message names it.
        StorageError: if the file is no queue, was made by a newer version, or cannot be written.

    Every method raises `StorageError` while the file cannot be used, and after it was deleted or replaced: nobody would
    find what is written to it then.

    If the clock is set back, delayed jobs and the leases of workers that died take that much longer. A job that is
    ready stays ready.

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
        self.path = _check_path(path)
        self.name = self.path.stem if name is None else check_text("name", name, "a string or None")
        self.clock = check_clock(clock)
        self.retry = check_retry(retry)
        self.lease: float | None = check_seconds("lease", lease, zero=False)
        self.max_pending = None if max_pending is None else check_count("max_pending", max_pending)
        self.keep_finished = None if keep_finished is None else check_count("keep_finished", keep_finished, least=0)
        self.poll = None if poll is None else check_seconds("poll", poll, zero=False)
        self._listeners = Listeners(self.name)
        self._waiters = Waiters()
        self._heard = 0  # number of the last event that listeners were told of
        self._looking: asyncio.AbstractEventLoop | None = None
        self._blind = False  # whether the last look failed
        if not isinstance(fsync, bool):
            raise TypeError(f"fsync must be True or False, got {shown(fsync)}")
        self._file = None if str(self.path) == ":memory:" else os.path.abspath(self.path)
        self._closed = False
        self._moves = 0
        self._checked = -1.0  # when the file was last seen in its place
        try:
            self._db = sqlite3.connect(self.path, isolation_level=None, timeout=BUSY)
            try:
                self._open()
                self._opened = os.stat(self._file or os.curdir)
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA wal_autocheckpoint = 0")  # see _checkpoint
                self._db.execute(f"PRAGMA synchronous = {'FULL' if fsync else 'NORMAL'}")
            except BaseException:
                self._db.close()
                raise
        except sqlite3.Error as error:
            raise self._named(error) from error
        self._version = self._data_version()

    def __repr__(self) -> str:
        return f"<SQLiteQueue {str(self.path)!r}>"

    def close(self) -> None:
        """Close the file. The jobs stay in it."""
        self._closed = True
        self._listeners.clear()
        self._db.close()
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
        """Hand in a job; see `Producer.enqueue`.

        Raises:
            NotJSON: for data that JSON cannot keep as they are.
        """
        check_job(type, priority, delay, max_attempts, key)
        text = as_json("data", data)
        with self._transaction() as now:
            if key is not None:
                row = self._db.execute(f"SELECT {COLUMNS} FROM jobs WHERE key = ?", (key,)).fetchone()
                if row is not None:
                    job = _job(row)
                    moves.check_same(job, type, data)
                    return job
            if self.max_pending is not None and self.stats()["pending"] >= self.max_pending:
                raise QueueFull(f"queue {self.name!r} is full: {self.max_pending} jobs are pending (max_pending)")
            due = float(now + delay)
            cursor = self._db.execute(
                "INSERT INTO jobs (type, data, priority, max_attempts, key, created_at, scheduled_for, status,"
                " attempts, result, errors, note, ready)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', 0, 'null', '[]', '', ?)",
                (type, text, priority, max_attempts, key, now, due, due <= now),
            )
            job = Job(cursor.lastrowid or 0, type, data, priority, max_attempts, key, now, due)
            self._note(job, ENQUEUE, now)
        self._announce()
        return job

    def dequeue(self, worker: str = "worker-1") -> Job | None:
        """Pick up the next job that is due, or None; see `Queue.dequeue`."""
        check_worker(worker)
        if not self._worth_a_try(self.clock()):
            return None
        job = None
        with self._transaction() as now:
            self._reclaim(now)
            self._db.execute(
                "UPDATE jobs SET ready = 1 WHERE status = 'pending' AND NOT ready AND scheduled_for <= ?", (now,)
            )
            row = self._db.execute(
                f"SELECT {COLUMNS} FROM jobs WHERE status = 'pending' AND ready"
                " ORDER BY priority DESC, scheduled_for, id LIMIT 1"
            ).fetchone()
            if row is not None:
                job = _job(row)
                moves.start(job, worker, now)
                self._save(job, DEQUEUE, now)
        try:
            self._announce()
        except BaseException:  # Ctrl-C in a listener: the caller will never know that it had this job
            if job is not None:
                self.release(job.id, attempt=job.attempts)
            raise
        return job

    def heartbeat(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Renew the lease of a job in hand; see `Queue.heartbeat`."""
        with self._transaction() as now:
            job = self._in_hand(job_id, PROGRESS, attempt)
            self._db.execute("UPDATE jobs SET lease_until = ? WHERE id = ?", (self._lease_from(now), job_id))
        return job

    def complete(self, job_id: int, result: Any = None, *, attempt: int | None = None) -> Job:
        """Mark a job in hand as done; see `Queue.complete`.

        Raises:
            NotJSON: for a result that JSON cannot keep as it is.
        """
        check_ids(job_id, attempt)
        text = as_json("result", result)
        with self._transaction() as now:
            job = self._in_hand(job_id, COMPLETE, attempt)
            moves.complete(job, result, now)
            self._save(job, COMPLETE, now, result=text)
        self._announce()
        return job

    def fail(self, job_id: int, error: BaseException | str, *, attempt: int | None = None) -> Job:
        """Say that the attempt in hand failed; see `Queue.fail`."""
        check_error(error)
        with self._transaction() as now:
            job = self._in_hand(job_id, FAIL, attempt)
            self._save(job, moves.fail(job, error, now, self.retry), now)
        self._announce()
        return job

    def release(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Put a job in hand back; see `Queue.release`."""
        with self._transaction() as now:
            job = self._in_hand(job_id, RELEASE, attempt)
            moves.release(job, now)
            self._save(job, RELEASE, now)
        self._announce()
        return job

    def progress(self, job_id: int, fraction: float, note: str = "", *, attempt: int | None = None) -> Job:
        """Note how far a job in hand is; see `Queue.progress`. It renews the lease, too."""
        check_fraction("fraction", fraction)
        check_text("note", note)
        with self._transaction() as now:
            job = self._in_hand(job_id, PROGRESS, attempt)
            moves.progress(job, fraction, note)
            self._save(job, PROGRESS, now)
        self._announce()
        return job

    def revive(self, job_id: int) -> Job:
        """Give a failed job new attempts; see `Producer.revive`."""
        with self._transaction() as now:
            job = self._in_hand(job_id, REVIVE)
            moves.revive(job, now)
            self._save(job, REVIVE, now)
        self._announce()
        return job

    def discard(self, job_id: int) -> Job:
        """Forget a failed job; see `Producer.discard`."""
        with self._transaction() as now:
            job = self._in_hand(job_id, DISCARD)
            self._db.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
            self._db.execute("UPDATE counts SET forgotten = forgotten + 1")
            self._note(job, DISCARD, now)
        self._announce()
        return job

    def dead(self, type: str | None = None, *, after: int = 0, limit: int = 100) -> list[Job]:
        """List failed jobs; see `Producer.dead`."""
        after, limit = check_page(type, after, limit)
        of_type = "" if type is None else "AND type = ?"
        return [
            _job(row)
            for row in self._read(
                f"SELECT {COLUMNS} FROM jobs WHERE status = 'failed' AND id > ? {of_type} ORDER BY id LIMIT ?",
                (after, *([] if type is None else [type]), limit),
            )
        ]

    def get(self, job_id: int) -> Job | None:
        """Look a job up as it is now; None if it is not known (any more)."""
        if not SMALLEST <= check_whole("job_id", job_id) <= LARGEST:
            return None
        rows = self._read(f"SELECT {COLUMNS} FROM jobs WHERE id = ?", (job_id,))
        return _job(rows[0]) if rows else None

    def stats(self) -> dict[str, int]:
        """Count the jobs in each state; see `Producer.stats`."""
        (counts,) = self._read("SELECT pending, processing, completed, failed FROM counts")
        return dict(zip(("pending", "processing", "completed", "failed"), counts, strict=True))

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called after every move, also of other processes; see `Producer.subscribe`."""
        if not self._listeners:
            ((last,),) = self._read("SELECT coalesce(max(number), 0) FROM events")
            self._heard = last
        unsubscribe = self._listeners.subscribe(listener)
        self._watch()
        return unsubscribe

    async def wait(self, *, or_finished: bool = True) -> None:
        """Sleep until `dequeue` is worth a try; see `Queue.wait`."""
        self._watch()
        await self._waiters.sleep(self._rouse_for_jobs, or_finished=or_finished)

    async def join(self) -> None:
        """Sleep until no job is pending or processing."""
        await self._waiters.join(self._unfinished, self._watch)

    def wake(self) -> None:
        """End every `wait` of this process now."""
        self._waiters.wake()

    @contextmanager
    def memory(self, name: str) -> Iterator[dict[str, Any]]:
        """Give what schedulers remember under a name; see `SchedulerQueue.memory` (notebook 08)."""
        with self._transaction():
            row = self._db.execute("SELECT value FROM memory WHERE name = ?", (name,)).fetchone()
            memory = {} if row is None else json.loads(row[0])
            yield memory
            self._db.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", (name, as_json("memory", memory)))
        self._announce()

    # --- the record ---

    def events(self, after: int = 0) -> list[JobEvent]:
        """Return what all processes did, in order, but for the first `after` moves and those that were forgotten."""
        after = check_after(after)
        return [
            _event(row) for row in self._read(f"SELECT {EVENT} FROM events WHERE number > ? ORDER BY number", (after,))
        ]

    def _announce(self) -> None:
        """Tell everybody here about a move. It is on disk: whatever happens now, it has been made."""
        try:
            if self._listeners:
                self._tell()
        except StorageError as error:
            self._version = -1  # so that the next look tells them
            log.warning("listeners of queue %r hear of this later: %s", self.name, error)
        finally:
            if self._waiters or self._waiters.joiners:
                self._rouse()

    def _tell(self) -> None:
        """Tell the listeners of every move since the last time, in order, whoever made it."""
        if not self._listeners or self._db.in_transaction:  # inside `memory`, which tells when all is written
            return
        for number, *row in self._read(
            f"SELECT number, {EVENT} FROM events WHERE number > ? ORDER BY number", (self._heard,)
        ):
            self._heard = number
            self._listeners.events.append(_event(row))
        self._listeners.deliver()

    def _rouse(self) -> None:
        """After a change: wake as many waiters as there are jobs to be had, or all of them after the last job."""
        self._rouse_for_jobs()
        if self._waiters or self._waiters.joiners:
            try:
                if not self._unfinished():
                    self._waiters.finish()
            except StorageError:
                self._waiters.wake_all()

    def _rouse_for_jobs(self) -> None:
        """Wake as many waiters as there are jobs to be had, and look again when there will be another one."""
        if self._waiters:
            try:
                now = self.clock()
                jobs, due = self._outlook(now)
            except StorageError:
                self._waiters.wake_all()
            else:
                self._waiters.wake(jobs)
                if due is not None:
                    self._waiters.set_alarm(due - now, self._rouse)

    # --- other processes ---

    def _watch(self) -> None:
        """Look every now and then whether another process has changed the file, while anybody here has to know.

        SQLite counts such changes (PRAGMA data_version); to read the counter costs some microseconds.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self.poll is None or self._looking is loop:
            return
        self._looking = loop

        def look() -> None:
            if self._looking is not loop:
                return
            if not (self._waiters or self._waiters.joiners or self._listeners):
                self._looking = None
                return
            loop.call_later(self.poll or 0, look)  # first of all: a look that fails must not be the last
            try:
                version = self._data_version()
                if version != self._version:
                    self._tell()
                    self._version = version
                    self._rouse()
                self._blind = False
            except StorageError as error:
                if not self._blind:
                    log.error("queue %r does not see what other processes do, and keeps trying: %s", self.name, error)
                self._blind = True
                self._waiters.wake_all()

        loop.call_later(self.poll, look)

    def _data_version(self) -> int:
        ((version,),) = self._read("PRAGMA data_version")
        return int(version)

    # --- inside a transaction ---

    def _in_hand(self, job_id: int, move: Move, attempt: int | None = None) -> Job:
        """Return a job that may make this move.

        Raises:
            TypeError: for an id or an attempt that is not a whole number.
            JobNotFound, IllegalMove: if it may not.
            LeaseLost: if it is in hand, but not for this attempt.
        """
        check_ids(job_id, attempt)
        if not SMALLEST <= job_id <= LARGEST:
            raise JobNotFound(job_id)
        row = self._db.execute(f"SELECT {COLUMNS} FROM jobs WHERE id = ?", (job_id,)).fetchone()
        job = None if row is None else _job(row)
        if job is None or job.status is not move.source or attempt not in (None, job.attempts):
            raise moves.refusal(job, job_id, move, attempt)
        return job

    def _reclaim(self, now: float) -> None:
        """End the attempts of workers that sent no heartbeat before their lease expired."""
        expired = self._db.execute(
            f"SELECT {COLUMNS} FROM jobs WHERE status = 'processing' AND lease_until <= ?", (now,)
        ).fetchall()
        for job in map(_job, expired):
            self._save(job, moves.expire(job, self.lease or math.inf, now), now)

    def _save(self, job: Job, move: Move, now: float, *, result: str = "null") -> None:
        """Write a job down after a move, and the move. Only a completed job has a result, and it stays as it is."""
        lease = self._lease_from(now) if job.status is Status.PROCESSING else None
        self._db.execute(
            "UPDATE jobs SET scheduled_for = ?, status = ?, attempts = ?, started_at = ?, finished_at = ?, worker = ?,"
            " result = ?, errors = ?, progress = ?, note = ?, ready = ?, lease_until = ? WHERE id = ?",
            (
                job.scheduled_for,
                job.status.value,
                job.attempts,
                job.started_at,
                job.finished_at,
                job.worker,
                result,
                json.dumps(job.errors) if job.errors else "[]",
                job.progress,
                job.note,
                job.scheduled_for <= now or move is RELEASE,  # it was due, also if the clock was set back since
                lease,
                job.id,
            ),
        )
        self._note(job, move, now)

    def _note(self, job: Job, move: Move, now: float) -> None:
        """Count a move, and add it to the record."""
        if move.target is not None and move.source != move.target:  # who is thrown away still counts
            minus = "" if move.source is None else f"{move.source} = {move.source} - 1, "
            self._db.execute(f"UPDATE counts SET {minus}{move.target} = {move.target} + 1")
        at, _, job_id, type, _, attempt, priority, due, worker, failure, progress, note = moves.event(job, move, now)
        error = None if failure is None else json.dumps(failure)
        self._db.execute(
            f"INSERT INTO events ({EVENT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                at,
                move.value,
                job_id,
                type,
                job.status.value,
                attempt,
                priority,
                due,
                worker,
                error,
                progress,
                note,
            ),
        )
        if self.keep_finished is not None and move in (ENQUEUE, COMPLETE, FAIL):
            self._forget_oldest(self.keep_finished)

    def _forget_oldest(self, keep: int) -> None:
        """Forget the oldest finished jobs beyond so many, some at a time."""
        ((kept,),) = self._db.execute("SELECT completed + failed - forgotten FROM counts").fetchall()
        if kept <= keep:
            return
        cursor = self._db.execute(
            "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE status IN ('completed', 'failed')"
            " ORDER BY finished_at, id LIMIT ?)",
            (min(kept - keep, AT_ONCE),),
        )
        self._db.execute("UPDATE counts SET forgotten = forgotten + ?", (cursor.rowcount,))
        self._sweep(PER_JOB * cursor.rowcount)

    def _sweep(self, most: int) -> None:
        """Delete the events of forgotten jobs among the next `most` events, all but the last ones; then begin again.

        The events of a job lie far apart, and an index that finds them would cost every move more than this does.
        """
        ((start, newest),) = self._db.execute("SELECT swept, (SELECT max(number) FROM events) FROM counts").fetchall()
        ((seen, end),) = self._db.execute(
            "SELECT count(*), max(number) FROM (SELECT number FROM events WHERE number > ? AND number <= ?"
            " ORDER BY number LIMIT ?)",
            (start, newest - RECENT, most),
        ).fetchall()
        if seen:
            self._db.execute(
                "DELETE FROM events WHERE number > ? AND number <= ?"
                " AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = events.job_id)",
                (start, end),
            )
        self._db.execute("UPDATE counts SET swept = ?", (end if seen == most else 0,))

    def _lease_from(self, now: float) -> float:
        return now + (self.lease or math.inf)

    # --- the file ---

    def _worth_a_try(self, now: float) -> bool:
        """Whether a job can be had: a look without a lock, so that idle workers do not stand in the way."""
        ((worth,),) = self._read(
            "SELECT EXISTS (SELECT 1 FROM jobs WHERE status = 'pending' AND ready)"
            " OR EXISTS (SELECT 1 FROM jobs WHERE status = 'pending' AND NOT ready AND scheduled_for <= :now)"
            " OR EXISTS (SELECT 1 FROM jobs WHERE status = 'processing' AND lease_until <= :now)",
            {"now": now},
        )
        return bool(worth)

    def _outlook(self, now: float) -> tuple[int, float | None]:
        """Return how many jobs can be had, up to as many as there are waiters, and when there will be another one."""
        ((ready, due, expired, *times),) = self._read(
            "SELECT"
            " (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE status = 'pending' AND ready LIMIT :most)),"
            " (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE status = 'pending' AND NOT ready"
            "  AND scheduled_for <= :now LIMIT :most)),"
            " (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE status = 'processing'"
            "  AND lease_until <= :now LIMIT :most)),"
            " (SELECT min(scheduled_for) FROM jobs WHERE status = 'pending' AND NOT ready AND scheduled_for > :now),"
            " (SELECT min(lease_until) FROM jobs WHERE status = 'processing' AND lease_until > :now)",
            {"now": now, "most": len(self._waiters) + self._waiters.waking},
        )
        return ready + due + expired, min((float(time) for time in times if time is not None), default=None)

    def _unfinished(self) -> int:
        stats = self.stats()
        return stats["pending"] + stats["processing"]

    def _read(self, query: str, values: tuple[Any, ...] | dict[str, Any] = ()) -> list[Any]:
        self._check_file()
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._named(error) from error

    @contextmanager
    def _transaction(self) -> Iterator[float]:
        """Do all of it or nothing, and let no other process come in between. Gives the time."""
        try:
            if self._db.in_transaction:  # inside `memory`: a part of that
                yield self.clock()
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._check_file()
                yield self.clock()
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._named(error) from error
        self._moves += 1
        if self._moves % LOOK == 0:
            self._checkpoint()

    def _named(self, error: sqlite3.Error) -> StorageError:
        if self._closed:
            return QueueClosed(f"{self.path}: this queue was closed; nothing was changed")
        return StorageError(f"{self.path}: {error}; nothing was changed")

    def _check_file(self) -> None:
        """Refuse to go on in a file that was deleted or replaced: it works like any other, and nobody finds it."""
        now = time.monotonic()
        if self._file is None or self._closed or now < self._checked + MILLISECOND:
            return
        try:
            found = os.stat(self._file)
        except FileNotFoundError:
            what = "deleted"
        except OSError as error:
            raise StorageError(f"{self.path}: {error.strerror}; nothing was changed") from error
        else:
            if found.st_ino == self._opened.st_ino and found.st_dev == self._opened.st_dev:
                self._checked = now
                return
            what = "replaced by another file"
        raise StorageError(f"{self.path} was {what} while this queue was open; nothing was changed")

    def _checkpoint(self) -> None:
        """Copy the write-ahead log into the file.

        SQLite can do so by itself. But the log starts again at its beginning only if nobody reads or writes just then.
        With several busy processes that never happens: it grew to 250 MB in 12 s. So a log that has become long is
        emptied while everybody waits for a moment.
        """
        with suppress(OSError, sqlite3.Error):  # the move has been made; a later one tries again
            if self._moves % CHECKPOINT == 0:
                self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            if self._file is not None and os.stat(f"{self._file}-wal").st_size > LOG_LIMIT:
                self._db.execute("PRAGMA busy_timeout = 100")
                try:
                    self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                finally:
                    self._db.execute(f"PRAGMA busy_timeout = {BUSY * 1000:.0f}")

    def _open(self) -> None:
        """Make the tables, or check that they are ours.

        Raises:
            StorageError: if they are not.
        """
        self._db.execute("BEGIN IMMEDIATE")
        try:
            ((application,),) = self._db.execute("PRAGMA application_id").fetchall()
            ((version,),) = self._db.execute("PRAGMA user_version").fetchall()
            ((tables,),) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchall()
            if tables == 0:
                for statement in SCHEMA.split(";\n"):
                    self._db.execute(statement)
            elif application != APPLICATION:
                raise StorageError(f"{self.path} is a SQLite file of another program; give the queue a file of its own")
            elif version > VERSION:
                raise StorageError(
                    f"{self.path} was made by a newer version of this package (schema {version}; this one knows "
                    f"{VERSION}): update jobqueue_lesson"
                )
            else:
                for old in range(version, VERSION):
                    for statement in UPGRADES[old].split(";\n"):
                        self._db.execute(statement)
            if self.keep_finished is not None:
                self._db.execute(FINISHED)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise


def as_json(name: str, value: Any) -> str:
    """Return a value as JSON.

    Raises:
        NotJSON: if it cannot be kept as it is; it says what is in the way. `name` says what it is.
    """
    if value is None:
        return "null"
    try:
        text = json.dumps(value, allow_nan=False)
        back = json.loads(text)
        if back != value:
            raise ValueError(f"{shown(value)} would come back as {shown(back)}")
        if "\\ud" in text:  # perhaps half of a surrogate pair, which no answer over HTTP can hold
            json.dumps(value, ensure_ascii=False).encode()
        if text.count("[") + text.count("{") > DEEPEST and _depth(back) > DEEPEST:
            raise RecursionError
    except RecursionError:
        raise NotJSON(f"{name} must be JSON, since it is kept on disk: it is nested more than {DEEPEST} deep") from None
    except Exception as error:
        raise NotJSON(f"{name} must be JSON, since it is kept on disk: {error}") from None
    return text


def _depth(value: Any) -> int:
    """Return how deeply lists and dictionaries are nested."""
    depth, level = 0, [value]
    while level := [inner for inner in level if isinstance(inner, (list, dict))]:
        depth += 1
        level = [item for inner in level for item in (inner.values() if isinstance(inner, dict) else inner)]
    return depth


def _check_path(path: str | Path) -> Path:
    """Return a path that can be opened.

    Raises:
        TypeError, ValueError: if it is none.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be a string or a Path, got {shown(path)}")
    try:
        found = Path(path)
        if b"\0" in os.fsencode(found):
            raise ValueError
    except (TypeError, ValueError):
        raise ValueError(f"path must be the name of a file, got {shown(path)}") from None
    return found


def _job(row: Any) -> Job:
    id, type, data, priority, most, key, created, due, status, attempts, *rest = row
    started, finished, worker, result, errors, progress, note = rest
    failed = tuple(AttemptError(*error) for error in json.loads(errors)) if errors != "[]" else ()
    return Job(
        id,
        type,
        json.loads(data),
        priority,
        most,
        key,
        created,
        due,
        Status(status),
        attempts,
        started,
        finished,
        worker,
        None if result == "null" else json.loads(result),
        failed,
        progress,
        note,
    )


def _event(row: Any) -> JobEvent:
    at, move, job_id, type, status, attempt, priority, due, worker, error, progress, note = row
    told = None if error is None else AttemptError(*json.loads(error))
    return JobEvent(
        at, Move[move.upper()], job_id, type, Status(status), attempt, priority, due, worker, told, progress, note
    )
