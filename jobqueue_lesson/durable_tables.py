"""What a queue keeps on disk: its tables, and the statements that read and write them (page 10).

Each function works on an open connection, inside its caller's transaction. `SQLiteQueue` decides which move a job
makes; this module writes it.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from . import moves
from .job import COMPLETE, DISCARD, ENQUEUE, FAIL, RELEASE, AttemptError, Job, JobEvent, Move, Status, StorageError

APPLICATION = 0x6A6F6271  # "jobq", in the header of every file that is a queue
VERSION = 3
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
        lease_until REAL,       -- while it is processing
        spent INTEGER NOT NULL DEFAULT 0 -- attempts before it was last revived
    );
    CREATE INDEX next_one ON jobs (priority DESC, scheduled_for, id) WHERE status = 'pending' AND ready;
    CREATE INDEX delayed ON jobs (scheduled_for) WHERE status = 'pending' AND NOT ready;
    CREATE INDEX leases ON jobs (lease_until) WHERE status = 'processing';
    CREATE INDEX dead ON jobs (id) WHERE status = 'failed';
    CREATE TABLE counts (
        pending INTEGER, processing INTEGER, completed INTEGER, failed INTEGER, -- ever, evicted jobs included
        forgotten INTEGER NOT NULL DEFAULT 0, -- finished jobs that are no longer in the table of jobs
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
    2: """
    ALTER TABLE jobs ADD COLUMN spent INTEGER NOT NULL DEFAULT 0;
    PRAGMA user_version = 3
    """,
}
"""The statements that upgrade a file from a version to the next one."""
FINISHED = "CREATE INDEX IF NOT EXISTS finished ON jobs (finished_at, id) WHERE status IN ('completed', 'failed')"
"""Only queues that evict finished jobs need it."""

JOB = (
    "id, type, data, priority, max_attempts, key, created_at, scheduled_for, status, attempts, spent, started_at,"
    " finished_at, worker, result, errors, progress, note"
)
"""The columns that `read_job` takes."""
EVENT = "at, move, job_id, type, status, attempt, priority, scheduled_for, worker, error, progress, note"
"""The columns that `read_event` takes."""
COUNTS = f"SELECT {', '.join(Status)} FROM counts"
EVENTS_AFTER = f"SELECT number, {EVENT} FROM events WHERE number > ? ORDER BY number"

NEXT = "status = 'pending' AND ready ORDER BY priority DESC, scheduled_for, id LIMIT 1"
"""Which job a worker claims, for `find`."""
WORTH_A_TRY = """
    SELECT EXISTS (SELECT 1 FROM jobs WHERE status = 'pending' AND ready)
        OR EXISTS (SELECT 1 FROM jobs WHERE status = 'pending' AND NOT ready AND scheduled_for <= :now)
        OR EXISTS (SELECT 1 FROM jobs WHERE status = 'processing' AND lease_until <= :now)
"""
"""Whether there is a job that a worker can claim."""
OUTLOOK = """
    SELECT
        (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE status = 'pending' AND ready LIMIT :most)),
        (SELECT count(*) FROM (SELECT 1 FROM jobs
            WHERE status = 'pending' AND NOT ready AND scheduled_for <= :now LIMIT :most)),
        (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE status = 'processing' AND lease_until <= :now LIMIT :most)),
        (SELECT min(scheduled_for) FROM jobs WHERE status = 'pending' AND NOT ready AND scheduled_for > :now),
        (SELECT min(lease_until) FROM jobs WHERE status = 'processing' AND lease_until > :now)
"""
"""How many jobs are ready, have become due, and have lost their worker; and when the next one is due or expires."""

RECENT = 1000
"""How many events are always kept, so that other processes have time to read them."""
AT_ONCE = 100
"""The most finished jobs that are evicted at once: a move must not take long."""
PER_JOB = 20
"""How many events are checked per evicted job. A job has about four."""


def prepare(db: sqlite3.Connection, path: Path, *, evicts: bool) -> None:
    """Create the tables in a new file, upgrade those of an older version, or reject the file.

    Args:
        db: a connection, outside a transaction.
        path: the file, for the error message.
        evicts: whether the queue evicts finished jobs.

    Raises:
        StorageError: if the tables are not ours, or are of a newer version.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        ((application,),) = db.execute("PRAGMA application_id").fetchall()
        ((version,),) = db.execute("PRAGMA user_version").fetchall()
        ((tables,),) = db.execute("SELECT count(*) FROM sqlite_master").fetchall()
        if tables == 0:
            for statement in SCHEMA.split(";\n"):
                db.execute(statement)
        elif application != APPLICATION:
            raise StorageError(f"{path} is a SQLite file of another program; give the queue a file of its own")
        elif version > VERSION:
            raise StorageError(
                f"{path} was made by a newer version of this package (schema {version}; this one knows {VERSION}): "
                "update jobqueue_lesson"
            )
        else:
            for old in range(version, VERSION):
                for statement in UPGRADES[old].split(";\n"):
                    db.execute(statement)
        if evicts:
            db.execute(FINISHED)
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def find(db: sqlite3.Connection, which: str, *values: object) -> Job | None:
    """Return the first job for which `which`, such as "id = ?", is true; None if there is none."""
    row = db.execute(f"SELECT {JOB} FROM jobs WHERE {which}", values).fetchone()
    return None if row is None else read_job(row)


def add(db: sqlite3.Connection, job: Job, now: float, *, data: str, keep_finished: int | None) -> int:
    """Write a new job, and the move that made it; give the job its id, and return the number of the event.

    Args:
        db: a connection, inside a transaction.
        job: a pending job.
        now: the time, in seconds.
        data: the job's data, as JSON.
        keep_finished: see `record`.
    """
    cursor = db.execute(
        "INSERT INTO jobs (type, data, priority, max_attempts, key, created_at, scheduled_for, status, attempts,"
        " result, errors, note, ready) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'null', '[]', ?, ?)",
        (
            job.type,
            data,
            job.priority,
            job.max_attempts,
            job.key,
            job.created_at,
            job.scheduled_for,
            job.status.value,
            job.attempts,
            job.note,
            job.scheduled_for <= now,
        ),
    )
    job.id = cursor.lastrowid or 0
    return record(db, job, ENQUEUE, now, keep_finished)


def save(
    db: sqlite3.Connection,
    job: Job,
    move: Move,
    now: float,
    *,
    lease_until: float | None = None,
    result: str = "null",
    keep_finished: int | None = None,
) -> int:
    """Write a job after a move, and the move with it; return the number of the event.

    Args:
        db: a connection, inside a transaction.
        job: its state after the move.
        move: the move.
        now: the time, in seconds.
        lease_until: when the job's lease expires, in seconds; None if it is not processing.
        result: as JSON. Only a completed job has one, and it never changes again.
        keep_finished: see `record`.
    """
    db.execute(
        "UPDATE jobs SET scheduled_for = ?, status = ?, attempts = ?, spent = ?, started_at = ?, finished_at = ?,"
        " worker = ?, result = ?, errors = ?, progress = ?, note = ?, ready = ?, lease_until = ? WHERE id = ?",
        (
            job.scheduled_for,
            job.status.value,
            job.attempts,
            job.spent,
            job.started_at,
            job.finished_at,
            job.worker,
            result,
            json.dumps(job.errors) if job.errors else "[]",
            job.progress,
            job.note,
            job.scheduled_for <= now or move is RELEASE,  # it was due, even if the clock has been set back since
            lease_until,
            job.id,
        ),
    )
    return record(db, job, move, now, keep_finished)


def mark_due(db: sqlite3.Connection, now: float) -> None:
    """Mark the delayed jobs that are due as ready."""
    db.execute("UPDATE jobs SET ready = 1 WHERE status = 'pending' AND NOT ready AND scheduled_for <= ?", (now,))


def renew_lease(db: sqlite3.Connection, job: Job, *, until: float) -> None:
    """Write when a running job's lease expires, in seconds."""
    db.execute("UPDATE jobs SET lease_until = ? WHERE id = ?", (until, job.id))


def delete(db: sqlite3.Connection, job: Job, now: float) -> int:
    """Delete a job that is discarded, and write that move; return the number of the event."""
    db.execute("DELETE FROM jobs WHERE id = ?", (job.id,))
    db.execute("UPDATE counts SET forgotten = forgotten + 1")
    return record(db, job, DISCARD, now, None)


def record(db: sqlite3.Connection, job: Job, move: Move, now: float, keep_finished: int | None) -> int:
    """Count a move and write its event; then evict the oldest finished jobs beyond `keep_finished`, if given.

    Returns:
        The number of the event. If the transaction is rolled back, the next event has the same one.
    """
    if move.target is not None and move.source != move.target:  # a discarded job is still counted
        minus = "" if move.source is None else f"{move.source} = {move.source} - 1, "
        db.execute(f"UPDATE counts SET {minus}{move.target} = {move.target} + 1")
    at, _, job_id, type, _, attempt, priority, due, worker, failure, progress, note = moves.event(job, move, now)
    error = None if failure is None else json.dumps(failure)
    cursor = db.execute(
        f"INSERT INTO events ({EVENT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (at, move.value, job_id, type, job.status.value, attempt, priority, due, worker, error, progress, note),
    )
    if keep_finished is not None and move in (ENQUEUE, COMPLETE, FAIL):
        _evict(db, keep_finished)
    return cursor.lastrowid or 0


def _evict(db: sqlite3.Connection, keep: int) -> None:
    """Delete the oldest finished jobs beyond `keep`, but no more than `AT_ONCE` at a time."""
    ((kept,),) = db.execute("SELECT completed + failed - forgotten FROM counts").fetchall()
    if kept <= keep:
        return
    cursor = db.execute(
        "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE status IN ('completed', 'failed')"
        " ORDER BY finished_at, id LIMIT ?)",
        (min(kept - keep, AT_ONCE),),
    )
    db.execute("UPDATE counts SET forgotten = forgotten + ?", (cursor.rowcount,))
    _sweep(db, PER_JOB * cursor.rowcount)


def _sweep(db: sqlite3.Connection, most: int) -> None:
    """Delete the events of evicted jobs among the next `most` events, up to the `RECENT` ones; then start again.

    The events of a job are far apart, and an index to find them would cost every move more than this does.
    """
    ((start, newest),) = db.execute("SELECT swept, (SELECT max(number) FROM events) FROM counts").fetchall()
    ((seen, end),) = db.execute(
        "SELECT count(*), max(number) FROM (SELECT number FROM events WHERE number > ? AND number <= ?"
        " ORDER BY number LIMIT ?)",
        (start, newest - RECENT, most),
    ).fetchall()
    if seen:
        db.execute(
            "DELETE FROM events WHERE number > ? AND number <= ?"
            " AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = events.job_id)",
            (start, end),
        )
    db.execute("UPDATE counts SET swept = ?", (end if seen == most else 0,))


def read_memory(db: sqlite3.Connection, name: str) -> dict[str, Any]:
    """Return what a scheduler stored under this name; an empty dictionary if nothing."""
    row = db.execute("SELECT value FROM memory WHERE name = ?", (name,)).fetchone()
    return {} if row is None else dict(json.loads(row[0]))


def write_memory(db: sqlite3.Connection, name: str, text: str) -> None:
    """Store a scheduler's memory, as JSON, under this name."""
    db.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", (name, text))


def read_job(row: Any) -> Job:
    """Return the job in a row of the columns `JOB`."""
    id, type, data, priority, most, key, created, due, status, attempts, spent, *rest = row
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
        spent,
        started,
        finished,
        worker,
        None if result == "null" else json.loads(result),
        failed,
        progress,
        note,
    )


def read_event(row: Any) -> JobEvent:
    """Return the event in a row of the columns `EVENT`."""
    at, move, job_id, type, status, attempt, priority, due, worker, error, progress, note = row
    failure = None if error is None else AttemptError(*json.loads(error))
    return JobEvent(
        at, Move[move.upper()], job_id, type, Status(status), attempt, priority, due, worker, failure, progress, note
    )
