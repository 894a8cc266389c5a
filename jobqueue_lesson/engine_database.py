"""The connection of an engine's queue to PostgreSQL: it reconnects and receives notifications (page 11).

PostgreSQL sends a notification for every move that any process makes. While there is no connection, notifications are
lost; after a reconnect, the missing moves are read from the engine's table of events.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import resources
from typing import Any

import psycopg
from procrastinate.schema import SchemaManager
from psycopg import sql

from .job import StorageError

VERSION = 2
"""The version of the tables in `engine.sql`."""
OVERLAP = 1000
"""Events that are read again after a reconnect: an event may have a lower number than one that arrived before it."""
RECONNECT = 0.2
"""Seconds between two attempts to reconnect, while there are listeners."""
POLL = 0.1
"""Seconds between two checks for notifications, if the loop cannot watch a connection, as on Windows."""

Query = str | sql.Composed


class Database:
    """A connection to the database of a queue, which reconnects when it breaks.

    Args:
        url: where the server is.
        queue: the queue's name; its notifications are received.
        deliver: called by the event loop when `notifications` is not empty.

    Raises:
        StorageError: if the server can't be reached, or its tables are of another version.
    """

    def __init__(self, url: str, queue: str, deliver: Callable[[], None]) -> None:
        self.url = url
        self.queue = queue
        self.notifications: deque[dict[str, Any]] = deque()
        """Notifications that were received and not handled yet, oldest first. The code that handles one removes it."""
        self.delivered: deque[int] = deque(maxlen=2 * OVERLAP)
        """The numbers of the events that were handled, the latest last."""
        self._deliver = deliver
        self._listen = sql.SQL("LISTEN {}").format(sql.Identifier(f"jobqueue#{queue}"))
        self._listening = False
        self._since = 0  # number of the last event before listening started
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watched = -1  # the file descriptor of the connection that `_loop` watches
        self._timer: asyncio.TimerHandle | None = None
        self._connection: psycopg.Connection[Any] | None = None
        self._inside: psycopg.Connection[Any] | None = None  # the one that is inside a transaction
        try:
            with self._as_storage_errors():
                prepare(self.connection)
        except BaseException:
            self.disconnect()
            raise

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """The connection; a new one if the last one broke."""
        if self._inside is not None:
            return self._inside
        self._receive()
        if self._connection is None:
            connection = psycopg.connect(self.url, autocommit=True, connect_timeout=5)
            try:
                connection.add_notify_handler(lambda notification: self._add_notification(notification.payload))
                if self._listening:
                    self._catch_up(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        self.watch()
        return self._connection

    def read(self, query: Query, values: Sequence[Any] = ()) -> list[Any]:
        """Run a query that may run twice, such as one that only reads: if the connection breaks, it is retried."""
        with self._as_storage_errors():
            try:
                return self.run(query, values)
            except psycopg.OperationalError:
                self.disconnect()
                return self.run(query, values)

    def change(self, query: Query, values: Sequence[Any] = ()) -> list[Any]:
        """Run a statement that may change something: if the connection breaks, it is unknown whether it did."""
        with self._as_storage_errors():
            return self.run(query, values)

    def run(self, query: Query, values: Sequence[Any]) -> list[Any]:
        """Run a statement inside `transaction`, and return its rows."""
        cursor = self.connection.execute(query, values or None)
        return cursor.fetchall() if cursor.description else []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all changes of a block on one connection, or none."""
        with self._as_storage_errors():
            self._inside = self.connection
            try:
                with self._inside.transaction():
                    yield
            finally:
                self._inside = None

    def disconnect(self) -> None:
        """Close the connection. While there are listeners, the event loop makes a new one."""
        loop = self._loop
        self._stop_watching()
        if loop is not None and self._listening and not loop.is_closed():
            self._look_later(RECONNECT, loop)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _as_storage_errors(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            if isinstance(error, psycopg.OperationalError):
                self.disconnect()
            raise StorageError(f"the database of queue {self.queue!r}: {str(error).strip()}") from error

    # --- notifications ---

    def listen(self) -> None:
        """Receive notifications from now on."""
        ((self._since,),) = self.read("SELECT coalesce(max(id), 0) FROM procrastinate_events")
        self._listening = True  # from here on, a new connection listens by itself
        try:
            self.read(self._listen)
        except StorageError:
            self.stop_listening()
            raise

    def stop_listening(self) -> None:
        """Drop further notifications, and those that have not been handled."""
        self._listening = False
        self._stop_watching()
        self.notifications.clear()

    def watch(self) -> None:
        """Make the running event loop, if there is one, call `deliver` when a notification arrives."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if not self._listening or self._connection is None or self._loop is loop:
            return
        self._stop_watching()
        self._loop, self._watched = loop, self._connection.fileno()
        try:
            loop.add_reader(self._watched, self._look)
        except NotImplementedError:
            self._look_later(POLL, loop)

    def _stop_watching(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None and not loop.is_closed():
            with suppress(NotImplementedError):
                loop.remove_reader(self._watched)  # by its number: a broken connection no longer has one

    def _look(self) -> None:
        """Receive notifications and have them delivered; reconnect if the connection broke."""
        if not self._listening:
            return
        loop = asyncio.get_running_loop()
        try:
            _ = self.connection
        except psycopg.OperationalError:  # the server is down
            self._look_later(RECONNECT, loop)
            return
        self._deliver()
        if sys.platform == "win32":
            self._look_later(POLL, loop)

    def _look_later(self, seconds: float, loop: asyncio.AbstractEventLoop) -> None:
        """Call `_look` after some seconds; an earlier request for this is dropped."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._look)

    def _receive(self) -> None:
        """Read what the server has sent without being asked: notifications, or the end of the connection."""
        if self._connection is None:
            return
        server = self._connection.pgconn
        try:
            server.consume_input()
            server.consume_input()  # the last message of a killed server comes before the end of the connection
        except psycopg.OperationalError:
            self.disconnect()
            return
        while notification := server.notifies():
            self._add_notification(notification.extra)

    def _add_notification(self, payload: str | bytes) -> None:
        if self._listening:  # otherwise it was sent before the next listener subscribes
            self.notifications.append(json.loads(payload))

    def _catch_up(self, connection: psycopg.Connection[Any]) -> None:
        """Receive notifications on a new connection, and add the events that happened while there was none."""
        known = len(self.notifications)
        connection.execute(self._listen)
        missed = connection.execute(
            "SELECT events.id, job_id FROM procrastinate_events AS events JOIN procrastinate_jobs AS jobs"
            " ON jobs.id = job_id WHERE queue_name = %s AND type <> 'scheduled' AND events.id > %s ORDER BY events.id",
            (self.queue, max(self._since, max(self.delivered, default=0) - OVERLAP)),
        )
        arrived = len(self.notifications) - known  # since LISTEN: they are later than what was missed
        self.notifications.rotate(arrived)
        self.notifications.extend({"event": id, "job": job} for id, job in missed if id not in self.delivered)
        self.notifications.rotate(-arrived)


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Create the tables in a database, or check that they are ours.

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
