"""The same handlers on a production engine: Procrastinate, on PostgreSQL (page 11).

It is thin on purpose: what Procrastinate can do is left to Procrastinate. `EngineQueue` is the producer's half of the
contract, so the API of page 6 can use it unchanged. Workers are Procrastinate's own, and run the handlers that page 3
wrote. What Procrastinate does not keep (results, the errors and times of each attempt, progress, idempotency keys) is
in tables beside its own, in the same database, so that they change in the same transaction: see `engine.sql`.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg

from . import engine_tables as tables
from . import moves
from .arguments import (
    LARGEST,
    LONGEST_DELAY,
    NAMES_A_WORKER,
    SMALLEST,
    as_json,
    shown,
    validate_integer,
    validate_job,
    validate_listener,
    validate_page,
    validate_seconds,
    validate_text,
)
from .contract import Listener
from .engine_database import Database
from .engine_worker import URL
from .job import (
    DISCARD,
    ENQUEUE,
    REVIVE,
    Job,
    JobEvent,
    JobNotFound,
    Move,
    Status,
    StorageError,
)
from .lines import Line, calling_line, with_line
from .notify import Listeners
from .postgres import crash, server
from .processes import Child, validate_handlers_file
from .retries import RetryPolicy, validate_retry

__all__ = ["EngineQueue", "EngineWorker", "crash", "server"]

log = logging.getLogger("jobqueue_lesson")

LARGEST_INTEGER = 2**31 - 1  # what PostgreSQL's `integer` holds
LONGEST_TYPE = 128  # characters, in Procrastinate's table
LONGEST_KEY = 2000  # bytes; a few hundred less than PostgreSQL can have in an index
LONGEST_WORKER = 100  # bytes: its name is in notifications
LONGEST_NAME = 40  # bytes: with what Procrastinate puts before it, PostgreSQL's limit for the name of a channel


class EngineQueue:
    """A job queue on Procrastinate: `enqueue`, `get`, `stats`, dead letters, and events. Its workers do the rest.

    Among ready jobs of the same priority, the engine takes the one with the lowest id first. Ids are shared by all
    queues of the database, and may have gaps. Times are those of the database server's clock.

    Args:
        url: where the server is, as `server` yields it.
        name: the queue's name; at most 40 bytes.
        retry: when a failed attempt is retried. It is stored with each job, because the workers are other
            processes.

    Raises:
        TypeError, ValueError: for an invalid argument; the message names it.
        StorageError: if the server can't be reached, or its tables are of another version.

    Every call waits for the server. That takes well below a millisecond on a socket of this machine, and longer for a
    move, because the server waits for its disk. `enqueue` raises StorageError if the connection breaks before the
    server has answered: the job may exist or not. With an idempotency key, you can simply call it again.
    """

    def __init__(self, url: str, name: str = "jobs", *, retry: RetryPolicy | None = None) -> None:
        if not isinstance(url, str):
            raise TypeError(f"url must be a string, as server() returns it, got {url!r}")
        _validate_text("name", name, LONGEST_NAME, empty="such as 'jobs'")
        self.url = url
        self.name = name
        self.clock = time.time
        self.retry = validate_retry(retry)
        if self.retry.retry_on != (Exception,):
            raise ValueError(
                "retry.retry_on can't be sent to the workers of an engine: raise DoNotRetry in the handler"
            )
        if self.retry.rng is not None:
            raise ValueError("retry.rng can't be sent to the workers of an engine: each draws from its own")
        _validate_range("retry.cap", self.retry.cap, 0, LONGEST_DELAY)  # no delay is longer
        policy = asdict(self.retry)
        self._policy = json.dumps({part: policy[part] for part in ("base", "factor", "cap", "jitter")})
        self._listeners = Listeners(name)
        self._lines: dict[tuple[Move, int], Line | None] = {}  # that made moves of this process, by move and job
        self._database = Database(url, name, self._notify)

    def __repr__(self) -> str:
        return f"<EngineQueue {self.name!r}>"

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """A connection for looking at the engine's tables; a new one if the last one broke."""
        return self._database.connection

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
            NotJSON: for data that JSON cannot represent exactly.
            StorageError: if the server is down.
        """
        validate_job(type, priority, delay, max_attempts, key)
        _validate_text("type", type)
        if len(type) > LONGEST_TYPE:
            raise ValueError(f"type must be at most {LONGEST_TYPE} characters long on this engine, got {len(type)}")
        if key is not None:
            _validate_text("key", key, LONGEST_KEY)
        _validate_range("priority", priority, -LARGEST_INTEGER, LARGEST_INTEGER)
        _validate_range("max_attempts", max_attempts, 1, LARGEST_INTEGER)
        text = as_json("data", data)
        values = (self.name, type, text, priority, float(delay), max_attempts, key, self._policy)
        ((job_id, made, at),) = self._database.change(
            "SELECT id, made, at FROM jobqueue_enqueue(%s, %s, %s::json, %s, %s, %s, %s, %s::json)", values
        )
        if made:
            job = Job(job_id, type, data, priority, max_attempts, key, at, at + delay)
            self._note_line(ENQUEUE, job_id)
        else:
            job = self._existing(job_id)
            moves.require_same(job, type, data)
        self._notify()
        return job

    def get(self, job_id: int) -> Job | None:
        """Return a job as it is now; None if it is unknown or was deleted."""
        validate_integer("job_id", job_id)
        rows = self._database.read(f"{tables.JOB} AND jobs.id = %s", (self.name, _in_range(job_id)))
        return tables.read_job(rows[0]) if rows else None

    def stats(self) -> dict[str, int]:
        """Count the jobs in each state; see `Producer.stats`. The database counts them one by one."""
        counts = dict.fromkeys((status.value for status in Status), 0)
        for status, count in self._database.read(
            "SELECT status::text, count(*) FROM procrastinate_jobs WHERE queue_name = %s GROUP BY status"
            " UNION ALL SELECT 'failed', jobs FROM jobqueue_discarded WHERE queue = %s",
            (self.name, self.name),
        ):
            counts[tables.STATUS[status]] += count
        return counts

    def dead(self, type: str | None = None, *, after: int = 0, limit: int = 100) -> list[Job]:
        """List failed jobs; see `Producer.dead`."""
        after, limit = validate_page(type, after, limit)
        query = f"{tables.JOB} AND status IN ('failed', 'cancelled', 'aborted') AND jobs.id > %s"
        values: list[Any] = [self.name, after]
        if type is not None:
            _validate_text("type", type)
            query, values = f"{query} AND task_name = %s", [*values, type]
        return [
            tables.read_job(row) for row in self._database.read(f"{query} ORDER BY jobs.id LIMIT %s", [*values, limit])
        ]

    def revive(self, job_id: int) -> Job:
        """Give a failed job new attempts; see `Producer.revive`."""
        ((done,),) = self._database.change(
            "SELECT jobqueue_revive(%s, %s)", (self.name, _in_range(validate_integer("job_id", job_id)))
        )
        if not done:
            raise moves.refusal(self.get(job_id), job_id, REVIVE)
        self._notify()
        return self._existing(job_id)

    def discard(self, job_id: int) -> Job:
        """Delete a failed job; see `Producer.discard`."""
        job = self._existing(job_id)
        notification = {"job": job_id, "at": time.time(), "discard": tables.discarding(job)}
        values = (self.name, job_id, json.dumps(notification))
        ((done,),) = self._database.change("SELECT jobqueue_discard(%s, %s, %s::json)", values)
        if not done:
            raise moves.refusal(self.get(job_id), job_id, DISCARD)
        self._note_line(DISCARD, job_id)
        self._notify()
        return job

    def events(self) -> list[JobEvent]:
        """Return what happened, in order, from the engine's own table of events. It keeps no progress."""
        return [event for _, event in tables.read_events(self._database.read, self.name)]

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every move, whichever process makes it; see `Producer.subscribe`.

        PostgreSQL notifies this process; nothing is polled. Moves of other processes are noticed while an event loop
        is running here, and at the next call otherwise.
        """
        validate_listener(listener)
        if not self._listeners:
            self._database.listen()
        remove = self._listeners.subscribe(listener)
        self._database.watch()

        def unsubscribe() -> None:
            remove()
            if not self._listeners:
                self._database.stop_listening()

        return unsubscribe

    @contextmanager
    def memory(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield a scheduler's memory of this name; see `SchedulerQueue.memory` (page 8)."""
        which = (self.name, name)
        with self._database.transaction():
            self._database.run("SELECT pg_advisory_xact_lock(hashtextextended(%s || ' ' || %s, 1))", which)
            rows = self._database.run("SELECT value FROM jobqueue_memory WHERE queue = %s AND name = %s", which)
            memory = rows[0][0] if rows else {}
            yield memory
            self._database.run(
                "INSERT INTO jobqueue_memory VALUES (%s, %s, %s::json)"
                " ON CONFLICT (queue, name) DO UPDATE SET value = EXCLUDED.value",
                (*which, as_json("memory", memory)),
            )
        self._notify()

    def close(self, *, forget: bool = False) -> None:
        """Close the connection.

        Args:
            forget: whether to delete all jobs of this queue first, and the entries of its workers.
        """
        self._listeners.clear()
        self._database.stop_listening()
        if forget:
            self._database.read("DELETE FROM procrastinate_jobs WHERE queue_name = %s", (self.name,))
            for table in ("jobqueue_discarded", "jobqueue_memory"):
                self._database.read(f"DELETE FROM {table} WHERE queue = %s", (self.name,))
            self._database.read(
                "DELETE FROM procrastinate_workers USING jobqueue_workers WHERE worker_id = id AND queue = %s",
                (self.name,),
            )
        self._database.disconnect()

    def _notify(self) -> None:
        """Call the listeners with what the server reported, in order, including the moves that a listener makes."""
        notifications, delivered = self._database.notifications, self._database.delivered
        try:
            while notifications and self._listeners:
                batch = list(notifications)
                job_ids = [notification["job"] for notification in batch if "event" in notification]
                events = dict(tables.read_events(self._database.read, self.name, job_ids))
                for notification in batch:
                    number = notification.get("event")
                    event = None
                    if number is None:
                        event = tables.read_notification(notification, self.get)
                    elif number not in delivered:  # otherwise it came both before and after a reconnect
                        event = events.get(number)
                        delivered.append(number)
                    notifications.popleft()
                    if event is not None:
                        line = self._lines.pop((event.move, event.job_id), None)
                        self._listeners.events.append(with_line(event, line))
        except StorageError as error:  # the rest is delivered when the server is back
            log.warning("%s", error)
        finally:
            self._listeners.deliver()

    def _note_line(self, move: Move, job_id: int) -> None:
        """If listeners want to know, keep the line that made a move, until they get its event.

        The server reports moves of all processes alike. A job is enqueued once, and discarded once, so it is known
        that these moves are ours; which of several times it was revived is not.
        """
        if self._listeners.want_lines:
            self._lines[move, job_id] = calling_line()

    def _existing(self, job_id: int) -> Job:
        """Return a job, or raise `JobNotFound`."""
        job = self.get(job_id)
        if job is None:
            raise JobNotFound(job_id)
        return job


def _validate_text(name: str, value: object, longest: int | None = None, *, empty: str | None = None) -> None:
    """Reject a string that PostgreSQL cannot store, that has more than `longest` bytes, or is empty and must not be."""
    text = validate_text(name, value, empty=empty)
    if "\0" in text:
        raise ValueError(f"{name} must not contain the character NUL, got {shown(text)}")
    if longest is not None and (size := len(text.encode())) > longest:
        raise ValueError(f"{name} must be at most {longest} bytes long on this engine, got {size}")


def _validate_range(name: str, value: float, least: float, most: float) -> None:
    """Reject a number that the engine cannot store."""
    if not least <= value <= most:
        raise ValueError(f"{name} must be from {least:.0f} to {most:.0f} on this engine, got {value!r}")


def _in_range(number: int) -> int:
    """Return a number that fits into 64 bits. No job has the largest or the smallest as its id."""
    return max(SMALLEST, min(number, LARGEST))


class EngineWorker(Child):
    """A Procrastinate worker in a process of its own, with handlers from a file, until it is stopped or killed.

    It runs one job at a time. SIGTERM lets it finish the job it is running. After the server was down, it
    continues by itself.

    Args:
        queue: the queue.
        handlers: a Python file that defines `HANDLERS`, a handler for each type of job.
        name: its name in the history.
        lease: seconds without a heartbeat after which the other workers reclaim its job.

    Raises:
        FileNotFoundError: if there is no such file with handlers.
        TypeError, ValueError: for an invalid argument; the message names it.
    """

    def __init__(
        self, queue: EngineQueue, handlers: str | Path, name: str = "worker-1", *, lease: float = 30.0
    ) -> None:
        validate_handlers_file(handlers)
        _validate_text("name", name, LONGEST_WORKER, empty=NAMES_A_WORKER)
        validate_seconds("lease", lease, zero=False)
        _validate_range("lease", lease, 0, LONGEST_DELAY)
        super().__init__(
            "jobqueue_lesson.engine_worker",
            queue.name,
            str(handlers),
            name,
            str(lease),
            name=name,
            environment={URL: queue.url},
        )
