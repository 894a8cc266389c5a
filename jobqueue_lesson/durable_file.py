"""The file of a queue on disk: one SQLite database that several processes share (page 10).

It groups changes into transactions, and raises `StorageError` while the file cannot be used.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .arguments import shown
from .contract import Clock
from .durable_tables import prepare
from .job import QueueClosed, StorageError

BUSY_TIMEOUT = 10.0
"""Seconds for which a move waits for those of other processes."""
CHECKPOINT_EVERY = 256
"""Moves after which a process copies the write-ahead log into the file."""
LOG_CHECK_EVERY = 64
"""Moves after which a process checks the length of the log."""
LOG_LIMIT = 16 * 2**20
"""Bytes to which the log may grow before every process waits until it is empty."""
CHECK_INTERVAL = 0.001
"""Seconds between two checks that the file is still there. Without an interval, every move would be 7 % slower."""


class QueueFile:
    """A SQLite file with the tables of a queue.

    Args:
        path: the file; it is created if there is none.
        clock: returns the time of a transaction, in seconds.
        evicts: whether the queue evicts finished jobs.
        fsync: whether every transaction waits for the disk.
        on_rollback: called whenever the changes of a transaction are undone.

    Raises:
        TypeError, ValueError: for an invalid argument; the message names it.
        StorageError: if the file is not a queue, was made by a newer version, or cannot be written.

    Every method raises `StorageError` while the file cannot be used, after it was deleted or replaced, and, as
    `QueueClosed`, after `close`.
    """

    def __init__(
        self, path: str | Path, *, clock: Clock, evicts: bool, fsync: bool, on_rollback: Callable[[], None]
    ) -> None:
        self.path = _validate_path(path)
        if not isinstance(fsync, bool):
            raise TypeError(f"fsync must be True or False, got {shown(fsync)}")
        self._clock = clock
        self._on_rollback = on_rollback
        self._file = None if str(self.path) == ":memory:" else os.path.abspath(self.path)
        self._closed = False
        self._moves = 0
        self._checked = -1.0  # when the file was last seen in its place
        try:
            self.db = sqlite3.connect(self.path, isolation_level=None, timeout=BUSY_TIMEOUT)
            """The connection. Write on it only inside `transaction`."""
            try:
                prepare(self.db, self.path, evicts=evicts)
                self._opened = os.stat(self._file or os.curdir)
                self.db.execute("PRAGMA journal_mode = WAL")
                self.db.execute("PRAGMA wal_autocheckpoint = 0")  # see _checkpoint
                self.db.execute(f"PRAGMA synchronous = {'FULL' if fsync else 'NORMAL'}")
            except BaseException:
                self.db.close()
                raise
        except sqlite3.Error as error:
            raise self._storage_error(error) from error

    def close(self) -> None:
        """Close the file. What was committed stays in it."""
        self._closed = True
        self.db.close()

    def read(self, query: str, values: tuple[Any, ...] | dict[str, Any] = ()) -> list[Any]:
        """Run a query that changes nothing, and return its rows."""
        self._check_in_place()
        try:
            return self.db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._storage_error(error) from error

    def version(self) -> int:
        """Return a number that changes whenever another process changes the file."""
        ((version,),) = self.read("PRAGMA data_version")
        return int(version)

    @contextmanager
    def transaction(self) -> Iterator[float]:
        """Make all changes of a block, or none, with no other process in between; yield the time, in seconds."""
        try:
            if self.db.in_transaction:  # join the open one
                yield self._clock()
                return
            self.db.execute("BEGIN IMMEDIATE")
            try:
                self._check_in_place()
                yield self._clock()
                self.db.execute("COMMIT")
            except BaseException:
                self._on_rollback()
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            self._on_rollback()  # a full disk makes SQLite undo the whole transaction, not just the joined one
            raise self._storage_error(error) from error
        self._moves += 1
        if self._moves % LOG_CHECK_EVERY == 0:
            self._checkpoint()

    def _storage_error(self, error: sqlite3.Error) -> StorageError:
        if self._closed:
            return QueueClosed(f"{self.path}: this queue was closed; nothing was changed")
        return StorageError(f"{self.path}: {error}; nothing was changed")

    def _check_in_place(self) -> None:
        """Raise an error if the file was deleted or replaced: SQLite does not notice, but no other process finds it."""
        now = time.monotonic()
        if self._file is None or self._closed or now < self._checked + CHECK_INTERVAL:
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

        SQLite can do so by itself. But it reuses the log from the start only if no process is reading or writing at
        that moment. With several busy processes that never happens: the log grew to 250 MB in 12 s. So a long log is
        emptied while all processes wait for a moment.
        """
        with suppress(OSError, sqlite3.Error):  # the move has been made; a later one tries again
            if self._moves % CHECKPOINT_EVERY == 0:
                self.db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            if self._file is not None and os.stat(f"{self._file}-wal").st_size > LOG_LIMIT:
                self.db.execute("PRAGMA busy_timeout = 100")
                try:
                    self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                finally:
                    self.db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT * 1000:.0f}")


def _validate_path(path: str | Path) -> Path:
    """Return a path that can be opened.

    Raises:
        TypeError, ValueError: if it cannot.
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
