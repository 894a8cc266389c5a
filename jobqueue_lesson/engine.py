"""The same handlers on a production engine: Procrastinate, on PostgreSQL (notebook 11).

Thin on purpose: what Procrastinate has is Procrastinate's. `EngineQueue` is the producer's half of the contract, so the
API of notebook 06 takes it as it is. Workers are Procrastinate's own, and run the handlers that notebook 03 wrote. What
Procrastinate doesn't keep (results, the errors and times of each attempt, progress, idempotency keys) stands beside its
tables, in the same database, so that a job and what belongs to it change in one transaction: see `engine.sql`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any

import psycopg
from procrastinate.schema import SchemaManager
from psycopg import sql

from . import arguments, moves
from .arguments import as_json, check_job, check_listener, check_page, check_seconds, check_text, check_whole, shown
from .contract import Listener
from .engine_worker import URL
from .job import (
    COMPLETE,
    DEQUEUE,
    DISCARD,
    ENQUEUE,
    FAIL,
    PROGRESS,
    RETRY,
    REVIVE,
    AttemptError,
    Job,
    JobEvent,
    JobNotFound,
    Status,
    StorageError,
)
from .postgres import crash, server
from .processes import Child, check_handlers
from .retries import RetryPolicy, check_retry

__all__ = ["EngineQueue", "EngineWorker", "crash", "server"]

log = logging.getLogger("jobqueue_lesson")

VERSION = 1
"""Of the tables in `engine.sql`."""
LARGEST = 2**31 - 1  # what PostgreSQL's `integer` holds
LONGEST_DELAY = 1e11  # seconds; about 3,000 years
LONGEST_TYPE = 128  # characters, in Procrastinate's table
LONGEST_KEY = 2000  # bytes; a few hundred less than PostgreSQL can have in an index
LONGEST_WORKER = 100  # bytes: its name is in notifications
LONGEST_NAME = 40  # bytes: with what Procrastinate puts before it, PostgreSQL's limit for the name of a channel
Query = str | sql.Composed
OVERLAP = 1000  # events that are looked at again after a lost connection

STATUS = {
    "todo": Status.PENDING,
    "doing": Status.PROCESSING,
    "succeeded": Status.COMPLETED,
    "failed": Status.FAILED,
    "cancelled": Status.FAILED,
    "aborting": Status.PROCESSING,
    "aborted": Status.FAILED,
}
MOVES = {
    "deferred": ENQUEUE,
    "started": DEQUEUE,
    "deferred_for_retry": RETRY,
    "succeeded": COMPLETE,
    "failed": FAIL,
    "cancelled": FAIL,
    "aborted": FAIL,
    "retried": REVIVE,
}
"""Procrastinate's words for the moves. `cancelled` and `aborted` are made with its own tools only."""

JOB = """
    SELECT jobs.id, task_name, data, priority, max_attempts, key, extract(epoch FROM created_at)::double precision,
        extract(epoch FROM coalesce(scheduled_at, created_at))::double precision, status::text,
        jobs.attempts - spent + (status = 'doing')::integer, result, progress, note,
        (SELECT coalesce(json_agg(json_build_array(turn, number, worker, extract(epoch FROM started_at),
            extract(epoch FROM finished_at), error_type, error, retry_in) ORDER BY turn), '[]')
            FROM jobqueue_attempts AS attempt WHERE attempt.job_id = jobs.id)
    FROM procrastinate_jobs AS jobs JOIN jobqueue_jobs AS own ON own.job_id = jobs.id WHERE queue_name = %s
"""


class EngineQueue:
    """A job queue on Procrastinate: `enqueue`, `get`, `stats`, dead letters, and the record. Its workers do the rest.

    Among ready jobs of one priority, the engine takes the one with the lowest id first. Ids are counted over all queues
    of the database, and may have gaps. Times are those of the database server's clock.

    Args:
        url: where the server is, as `server` gives it.
        name: the queue's; at most 40 bytes.
        retry: when a failed attempt is tried again. It is kept with each job, for the workers are other processes.

    Raises:
        TypeError, ValueError: for an argument that makes no sense; the message names it.
        StorageError: if the server can't be reached, or its tables are of another version.

    Every call waits for the server, which takes well below a millisecond on a socket of this machine, and longer for a
    move, since the server waits for its disk. `enqueue` raises StorageError when the connection breaks before the
    server has answered: the job may be there or not. With an idempotency key you can simply call it again.
    """

    def __init__(self, url: str, name: str = "jobs", *, retry: RetryPolicy | None = None) -> None:
        if not isinstance(url, str):
            raise TypeError(f"url must be a string, as server() gives it, got {url!r}")
        _check_text("name", name, LONGEST_NAME, empty="such as 'jobs'")
        self.url = url
        self.name = name
        self.clock = time.time
        self.retry = check_retry(retry)
        if self.retry.retry_on != (Exception,):
            raise ValueError(
                "retry.retry_on can't be sent to the workers of an engine: raise DoNotRetry in the handler"
            )
        if self.retry.rng is not None:
            raise ValueError("retry.rng can't be sent to the workers of an engine: each draws from its own")
        _check_range("retry.cap", self.retry.cap, 0, LONGEST_DELAY)  # no delay is longer
        policy = asdict(self.retry)
        self._listen = sql.SQL("LISTEN {}").format(sql.Identifier(f"jobqueue#{name}"))
        self._policy = json.dumps({part: policy[part] for part in ("base", "factor", "cap", "jitter")})
        self._listeners: list[Listener] = []
        self._notified: deque[dict[str, Any]] = deque()
        self._telling = False
        self._since = 0  # number of the last event before there were listeners
        self._told: deque[int] = deque(maxlen=2 * OVERLAP)  # numbers of events that listeners were told of
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watched = -1  # the file descriptor of the connection that `_loop` watches
        self._timer: asyncio.TimerHandle | None = None
        self._connection: psycopg.Connection[Any] | None = None
        self._inside: psycopg.Connection[Any] | None = None  # the one that is inside a transaction
        try:
            with self._named_errors():
                prepare(self.connection)
        except BaseException:
            self._disconnect()
            raise

    def __repr__(self) -> str:
        return f"<EngineQueue {self.name!r}>"

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """The connection to the database; a new one if the last one broke."""
        if self._inside is not None:
            return self._inside
        if self._connection is not None:
            self._receive()
        if self._connection is None:
            connection = psycopg.connect(self.url, autocommit=True, connect_timeout=5)
            connection.add_notify_handler(lambda note: self._hear(note.payload))
            if self._listeners:
                connection.execute(self._listen)
                self._catch_up(connection)
            self._connection = connection
        self._watch()
        return self._connection

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
        """Enqueue a job; see `Producer.enqueue`. The key and the job are one transaction.

        Raises:
            NotJSON: for data that JSON cannot keep as they are.
            StorageError: if the server is down.
        """
        check_job(type, priority, delay, max_attempts, key)
        _check_text("type", type)
        if len(type) > LONGEST_TYPE:
            raise ValueError(f"type must be at most {LONGEST_TYPE} characters long on this engine, got {len(type)}")
        if key is not None:
            _check_text("key", key, LONGEST_KEY)
        _check_range("priority", priority, -LARGEST, LARGEST)
        _check_range("delay", delay, 0, LONGEST_DELAY)
        _check_range("max_attempts", max_attempts, 1, LARGEST)
        text = as_json("data", data)
        values = (self.name, type, text, priority, float(delay), max_attempts, key, self._policy)
        ((job_id, made, at),) = self._change(
            "SELECT id, made, at FROM jobqueue_enqueue(%s, %s, %s::json, %s, %s, %s, %s, %s::json)", values
        )
        if made:
            job = Job(job_id, type, data, priority, max_attempts, key, at, at + delay)
        else:
            job = self._known(job_id)
            moves.check_same(job, type, data)
        self._tell()
        return job

    def get(self, job_id: int) -> Job | None:
        """Look a job up as it is now; None if it is not known (any more)."""
        check_whole("job_id", job_id)
        rows = self._read(f"{JOB} AND jobs.id = %s", (self.name, _in_range(job_id)))
        return _job(rows[0]) if rows else None

    def stats(self) -> dict[str, int]:
        """Count the jobs in each state; see `Producer.stats`. The database counts them one by one."""
        counts = dict.fromkeys(("pending", "processing", "completed", "failed"), 0)
        for status, count in self._read(
            "SELECT status::text, count(*) FROM procrastinate_jobs WHERE queue_name = %s GROUP BY status"
            " UNION ALL SELECT 'failed', jobs FROM jobqueue_discarded WHERE queue = %s",
            (self.name, self.name),
        ):
            counts[STATUS[status]] += count
        return counts

    def dead(self, type: str | None = None, *, after: int = 0, limit: int = 100) -> list[Job]:
        """List failed jobs; see `Producer.dead`."""
        after, limit = check_page(type, after, limit)
        query = f"{JOB} AND status IN ('failed', 'cancelled', 'aborted') AND jobs.id > %s"
        values: list[Any] = [self.name, after]
        if type is not None:
            _check_text("type", type)
            query, values = f"{query} AND task_name = %s", [*values, type]
        return [_job(row) for row in self._read(f"{query} ORDER BY jobs.id LIMIT %s", [*values, limit])]

    def revive(self, job_id: int) -> Job:
        """Give a failed job new attempts; see `Producer.revive`."""
        ((done,),) = self._change(
            "SELECT jobqueue_revive(%s, %s)", (self.name, _in_range(check_whole("job_id", job_id)))
        )
        if not done:
            raise moves.refusal(self.get(job_id), job_id, REVIVE)
        self._tell()
        return self._known(job_id)

    def discard(self, job_id: int) -> Job:
        """Delete a failed job; see `Producer.discard`."""
        job = self.get(job_id)
        if job is None:
            raise JobNotFound(job_id)
        event = {"discard": [job.type, job.attempts, job.priority, job.scheduled_for, job.worker, job.progress]}
        values = (self.name, job_id, json.dumps({"job": job_id, "at": time.time(), **event}))
        ((done,),) = self._change("SELECT jobqueue_discard(%s, %s, %s::json)", values)
        if not done:
            raise moves.refusal(self.get(job_id), job_id, DISCARD)
        self._tell()
        return job

    def events(self) -> list[JobEvent]:
        """Return what happened, in order, from the engine's own table of events. It keeps no progress."""
        return [event for _, event in self._events()]

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called after every move, whichever process makes it; see `Producer.subscribe`.

        PostgreSQL notifies this process; nothing is polled. Moves of other processes are noticed while an event loop
        is running here, and at the next call otherwise.
        """
        check_listener(listener)
        if not self._listeners:
            self._change(self._listen)
            ((self._since,),) = self._read("SELECT coalesce(max(id), 0) FROM procrastinate_events")
        self._listeners.append(listener)
        self._watch()

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)
            if not self._listeners:
                self._stop_watching()
                self._notified.clear()

        return unsubscribe

    @contextmanager
    def memory(self, name: str) -> Iterator[dict[str, Any]]:
        """Give what schedulers remember under a name; see `SchedulerQueue.memory` (notebook 08)."""
        which = (self.name, name)
        with self._named_errors(), self._transaction():
            self._run("SELECT pg_advisory_xact_lock(hashtextextended(%s || ' ' || %s, 1))", which)
            rows = self._run("SELECT value FROM jobqueue_memory WHERE queue = %s AND name = %s", which)
            memory = rows[0][0] if rows else {}
            yield memory
            self._run(
                "INSERT INTO jobqueue_memory VALUES (%s, %s, %s::json)"
                " ON CONFLICT (queue, name) DO UPDATE SET value = EXCLUDED.value",
                (*which, as_json("memory", memory)),
            )
        self._tell()

    def close(self, *, forget: bool = False) -> None:
        """Close the connection.

        Args:
            forget: whether to delete all jobs of this queue first, and what is known of its workers.
        """
        self._listeners.clear()
        if forget:
            self._read("DELETE FROM procrastinate_jobs WHERE queue_name = %s", (self.name,))
            for table in ("jobqueue_discarded", "jobqueue_memory"):
                self._read(f"DELETE FROM {table} WHERE queue = %s", (self.name,))
            self._read(
                "DELETE FROM procrastinate_workers USING jobqueue_workers WHERE worker_id = id AND queue = %s",
                (self.name,),
            )
        self._disconnect()

    # --- the connection ---

    def _read(self, query: Query, values: Sequence[Any] = ()) -> list[Any]:
        """Run a query that may run twice, such as one that only reads: if the connection breaks, it is tried again."""
        with self._named_errors():
            try:
                return self._run(query, values)
            except psycopg.OperationalError:
                self._disconnect()
                return self._run(query, values)

    def _change(self, query: Query, values: Sequence[Any] = ()) -> list[Any]:
        """Run a statement that may change something: if the connection breaks, nobody knows whether it did."""
        with self._named_errors():
            return self._run(query, values)

    def _run(self, query: Query, values: Sequence[Any]) -> list[Any]:
        cursor = self.connection.execute(query, values or None)
        return cursor.fetchall() if cursor.description else []

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Do all of it on one connection, or nothing."""
        self._inside = self.connection
        try:
            with self._inside.transaction():
                yield
        finally:
            self._inside = None

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            if isinstance(error, psycopg.OperationalError):
                self._disconnect()
            raise StorageError(f"the database of queue {self.name!r}: {str(error).strip()}") from error

    def _disconnect(self) -> None:
        loop = self._loop
        self._stop_watching()
        if loop is not None and self._listeners and not loop.is_closed():
            self._look_in(0.2, loop)  # what was watched is gone: look for a new connection
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # --- listeners ---

    def _receive(self) -> None:
        """Take in what the server has sent without being asked: notifications, or the end of the connection."""
        if self._connection is None:
            return
        server = self._connection.pgconn
        try:
            server.consume_input()
            server.consume_input()  # what a killed server said last is not yet the end of the connection
        except psycopg.OperationalError:
            self._disconnect()
            return
        while note := server.notifies():
            self._hear(note.extra)

    def _hear(self, payload: str | bytes) -> None:
        if self._listeners:  # else it is of the time before the next one subscribes
            self._notified.append(json.loads(payload))

    def _watch(self) -> None:
        """Have the running event loop call `_look` when the server sends something."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if not self._listeners or self._connection is None or self._loop is loop:
            return
        self._stop_watching()
        self._loop, self._watched = loop, self._connection.fileno()
        try:
            loop.add_reader(self._watched, self._look)
        except NotImplementedError:  # the loop that Windows has by default
            self._look_in(0.1, loop)

    def _stop_watching(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None and not loop.is_closed():
            with suppress(NotImplementedError):
                loop.remove_reader(self._watched)  # by its number: a broken connection has none any more

    def _look(self) -> None:
        """Take in what there is, and tell the listeners. A connection that broke is made anew."""
        if not self._listeners:
            return
        loop = asyncio.get_running_loop()
        try:
            _ = self.connection
        except psycopg.OperationalError:  # the server is down
            self._look_in(0.2, loop)
            return
        self._tell()
        if sys.platform == "win32":
            self._look_in(0.1, loop)

    def _look_in(self, seconds: float, loop: asyncio.AbstractEventLoop) -> None:
        """Call `_look` later, instead of when it would have been called."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._look)

    def _catch_up(self, connection: psycopg.Connection[Any]) -> None:
        """Note the events that happened while there was no connection. One may have a lower number than a later one."""
        missed = connection.execute(
            "SELECT events.id, job_id FROM procrastinate_events AS events JOIN procrastinate_jobs AS jobs"
            " ON jobs.id = job_id WHERE queue_name = %s AND type <> 'scheduled' AND events.id > %s ORDER BY events.id",
            (self.name, max(self._since, max(self._told, default=0) - OVERLAP)),
        )
        self._notified.extend({"event": id, "job": job} for id, job in missed if id not in self._told)

    def _tell(self) -> None:
        """Tell every listener of what was notified, in order, also of moves that a listener makes."""
        if self._telling:
            return  # a listener made this move; the loop below, further up the stack, comes to it
        self._telling = True
        try:
            while self._notified and self._listeners:
                notes = list(self._notified)
                events = dict(self._events([note["job"] for note in notes if "event" in note]))
                for note in notes:
                    if note.get("event") in self._told:  # seen before a connection was lost, and after it again
                        self._notified.popleft()
                        continue
                    event = events.get(note["event"]) if "event" in note else self._unrecorded(note)
                    self._notified.popleft()
                    if "event" in note:
                        self._told.append(note["event"])
                    for listener in tuple(self._listeners if event is not None else ()):
                        try:
                            listener(event)  # type: ignore[arg-type]
                        except Exception:
                            log.exception("a listener of queue %r failed at %r; the job is safe", self.name, event)
            self._notified.clear()
        except StorageError as error:  # what is left is told when the server is back
            log.warning("%s", error)
        finally:
            self._telling = False

    def _unrecorded(self, note: dict[str, Any]) -> JobEvent | None:
        """Return the event of a move that the engine doesn't record: progress, or the end of a discarded job."""
        if "discard" in note:
            type, attempt, priority, due, worker, progress = note["discard"]
            return JobEvent(
                note["at"],
                DISCARD,
                note["job"],
                type,
                Status.FAILED,
                attempt,
                priority,
                due,
                worker,
                None,
                progress,
            )
        job = self.get(note["job"])
        if job is None:
            return None
        return JobEvent(
            note["at"], PROGRESS, job.id, job.type, Status.PROCESSING, note["attempt"], job.priority,
            job.scheduled_for, note["worker"], None, note["progress"], note["note"],
        )  # fmt: skip

    def _events(self, job_ids: list[int] | None = None) -> list[tuple[int, JobEvent]]:
        """Return the record of these jobs, or of all: the engine's events, with what stands beside them."""
        which = "queue_name = %s"
        values: list[Any] = [self.name]
        if job_ids is not None:
            which, values = f"{which} AND jobs.id = ANY(%s)", [*values, job_ids]
        jobs = f"procrastinate_jobs AS jobs JOIN jobqueue_jobs AS own ON own.job_id = jobs.id AND {which}"
        attempts: dict[int, Iterator[Any]] = {}
        for job_id, *attempt in self._read(
            "SELECT jobs.id, number, worker, error_type, error, extract(epoch FROM finished_at)::double precision,"
            f" retry_in FROM {jobs} JOIN jobqueue_attempts AS attempt ON attempt.job_id = jobs.id ORDER BY turn DESC",
            values,
        ):
            attempts[job_id] = chain([attempt], attempts.get(job_id, ()))
        told: list[tuple[int, JobEvent]] = []
        due: dict[int, float] = {}
        latest: dict[int, float] = {}
        now: dict[int, Any] = {}
        for number, at, kind, job_id, type, priority, progress, note in self._read(
            "SELECT events.id, extract(epoch FROM at)::double precision, type::text, jobs.id, task_name, priority,"
            f" progress, note FROM {jobs} JOIN procrastinate_events AS events ON events.job_id = jobs.id"
            " ORDER BY events.id",
            values,
        ):
            if kind == "scheduled":
                due[job_id] = at
                continue
            at = latest[job_id] = max(at, latest.get(job_id, at))  # a transaction may start early and be the later one
            move = MOVES.get(kind)
            if move is None:
                continue
            if move is DEQUEUE:
                now[job_id] = next(attempts.get(job_id, iter(())), (0, None, None, None, None, None))
            attempt, worker, error_type, error, ended, retry_in = now.get(job_id, (0, None, None, None, None, None))
            failure = None
            if kind == "cancelled":
                failure = AttemptError(attempt, "", "cancelled with the engine's own tools", at, None)
            elif move in (RETRY, FAIL):
                failure = AttemptError(attempt, error_type or "", error or "", ended or at, retry_in)
            if move is REVIVE:
                attempt = 0
            last_report = (progress, note) if move is COMPLETE else (None, "")
            event = JobEvent(
                at, move, job_id, type, move.target or Status.FAILED, attempt, priority,
                due.setdefault(job_id, at), worker, failure, *last_report,
            )  # fmt: skip
            told.append((number, event))
        return sorted(told, key=lambda numbered: (numbered[1].at, numbered[0]))

    def _known(self, job_id: int) -> Job:
        job = self.get(job_id)
        if job is None:
            raise JobNotFound(job_id)
        return job


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Make the tables in a database, or check that they are ours.

    Raises:
        StorageError: if they are of another version.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(7165065984)")  # one process at a time
        ((engine, own),) = connection.execute(
            "SELECT to_regclass('procrastinate_jobs'), to_regclass('jobqueue_schema')"
        ).fetchall()
        if engine is None:
            connection.execute(SchemaManager.get_schema())
        elif not connection.execute("SELECT 1 FROM pg_proc WHERE proname = 'procrastinate_retry_job_v2'").fetchall():
            raise StorageError("the database has tables of an older Procrastinate: apply its migrations first")
        if own is None:
            connection.execute(resources.files(__package__).joinpath("engine.sql").read_text(encoding="utf-8"))
            connection.execute("INSERT INTO jobqueue_schema VALUES (%s)", (VERSION,))
        else:
            ((version,),) = connection.execute("SELECT version FROM jobqueue_schema").fetchall()
            if version != VERSION:
                raise StorageError(
                    f"the database has this package's tables in version {version}; this one knows {VERSION}: use the "
                    "same jobqueue_lesson everywhere, or another database"
                )


def _job(row: Any) -> Job:
    """Say in the course's words what the database has of a job."""
    id, type, data, priority, most, key, created, due, status, made, result, progress, note, attempts = row
    last = attempts[-1] if attempts else [None] * 8
    return Job(
        id,
        type,
        data,
        priority,
        most,
        key,
        created,
        due,
        status=STATUS[status],
        attempts=made,
        started_at=last[3],
        finished_at=last[4],
        worker=last[2],
        result=result,
        errors=tuple(
            AttemptError(number, kind, error, ended, None if retry_in is None else float(retry_in))
            for _, number, _, _, ended, kind, error, retry_in in attempts
            if error is not None
        ),
        progress=progress,
        note=note,
    )


def _check_text(name: str, value: object, longest: int | None = None, *, empty: str | None = None) -> None:
    """Refuse a text that PostgreSQL can't keep, that is longer than so many bytes, or empty if it must not be."""
    text = check_text(name, value, empty=empty)
    if "\0" in text:
        raise ValueError(f"{name} must not have the character NUL in it, got {shown(text)}")
    if longest is not None and (size := len(text.encode())) > longest:
        raise ValueError(f"{name} must be at most {longest} bytes long on this engine, got {size}")


def _check_range(name: str, value: float, least: float, most: float) -> None:
    """Refuse a number that the engine can't keep."""
    if not least <= value <= most:
        raise ValueError(f"{name} must be from {least:.0f} to {most:.0f} on this engine, got {value!r}")


def _in_range(number: int) -> int:
    """Return a number that fits into 64 bits; no job has either of the two at the ends."""
    return max(arguments.SMALLEST, min(number, arguments.LARGEST))


class EngineWorker(Child):
    """A Procrastinate worker in a process of its own, with handlers from a file, until it is stopped or killed.

    It does one job at a time. SIGTERM lets it finish the job it is running. It goes on by itself after the server was
    down.

    Args:
        queue: the queue.
        handlers: a Python file that defines `HANDLERS`, a handler for each type of job.
        name: what it is called in the record.
        lease: seconds without a heartbeat after which the other workers reclaim its job.

    Raises:
        FileNotFoundError: if there is no such file with handlers.
        TypeError, ValueError: for an argument that makes no sense; the message names it.
    """

    def __init__(
        self, queue: EngineQueue, handlers: str | Path, name: str = "worker-1", *, lease: float = 30.0
    ) -> None:
        check_handlers(handlers)
        _check_text("name", name, LONGEST_WORKER, empty="it names the worker, such as 'worker-1'")
        check_seconds("lease", lease, zero=False)
        _check_range("lease", lease, 0, LONGEST_DELAY)
        super().__init__(
            "jobqueue_lesson.engine_worker",
            queue.name,
            str(handlers),
            name,
            str(lease),
            name=name,
            environment={URL: queue.url},
        )
