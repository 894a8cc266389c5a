"""Reading the engine's tables in the course's own terms: a `Job`, and its `JobEvent`s (page 11).

Procrastinate keeps a job's state and its events. The tables of `engine.sql` keep the rest. Both are read
here as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

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
    Status,
)

STATUS = {
    "todo": Status.PENDING,
    "doing": Status.PROCESSING,
    "succeeded": Status.COMPLETED,
    "failed": Status.FAILED,
    "cancelled": Status.FAILED,
    "aborting": Status.PROCESSING,
    "aborted": Status.FAILED,
}
"""Procrastinate's words for the states."""
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
        spent, result, progress, note,
        (SELECT coalesce(json_agg(json_build_array(turn, number, worker, extract(epoch FROM started_at),
            extract(epoch FROM finished_at), error_type, error, retry_in) ORDER BY turn), '[]')
            FROM jobqueue_attempts AS attempt WHERE attempt.job_id = jobs.id)
    FROM procrastinate_jobs AS jobs JOIN jobqueue_jobs AS own ON own.job_id = jobs.id WHERE queue_name = %s
"""
"""The query for the jobs of a queue, with the columns that `read_job` takes."""


def read_job(row: Any) -> Job:
    """Return the job in a row of the query `JOB`."""
    id, type, data, priority, most, key, created, due, status, spent, result, progress, note, attempts = row
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
        attempts=len(attempts),
        spent=spent,
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


def read_events(
    read: Callable[[str, Sequence[Any]], list[Any]], queue: str, job_ids: list[int] | None = None
) -> list[tuple[int, JobEvent]]:
    """Return the numbers and events of these jobs, or of all, in order.

    Args:
        read: runs a query and returns its rows.
        queue: the queue's name.
        job_ids: which jobs; None: all.
    """
    which = "queue_name = %s"
    values: list[Any] = [queue]
    if job_ids is not None:
        which, values = f"{which} AND jobs.id = ANY(%s)", [*values, job_ids]
    jobs = f"procrastinate_jobs AS jobs JOIN jobqueue_jobs AS own ON own.job_id = jobs.id AND {which}"
    attempts: dict[int, Iterator[Any]] = {}
    for job_id, *attempt in read(
        "SELECT jobs.id, number, worker, error_type, error, extract(epoch FROM finished_at)::double precision,"
        f" retry_in FROM {jobs} JOIN jobqueue_attempts AS attempt ON attempt.job_id = jobs.id ORDER BY turn DESC",
        values,
    ):
        attempts[job_id] = chain([attempt], attempts.get(job_id, ()))
    events: list[tuple[int, JobEvent]] = []
    due: dict[int, float] = {}
    latest: dict[int, float] = {}
    running: dict[int, Any] = {}
    for number, at, kind, job_id, type, priority, progress, note in read(
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
            running[job_id] = next(attempts.get(job_id, iter(())), (0, None, None, None, None, None))
        attempt, worker, error_type, error, ended, retry_in = running.get(job_id, (0, None, None, None, None, None))
        failure = None
        if kind == "cancelled":
            failure = AttemptError(attempt, "", "cancelled with the engine's own tools", at, None)
        elif move in (RETRY, FAIL):
            failure = AttemptError(attempt, error_type or "", error or "", ended or at, retry_in)
        last_report = (progress, note) if move is COMPLETE else (None, "")
        event = JobEvent(
            at, move, job_id, type, move.target or Status.FAILED, attempt, priority,
            due.setdefault(job_id, at), worker, failure, *last_report,
        )  # fmt: skip
        events.append((number, event))
    return sorted(events, key=lambda numbered: (numbered[1].at, numbered[0]))


def discarding(job: Job) -> list[Any]:
    """Return what the notification of a discarded job says of it: by the time it is read, the job is gone."""
    return [job.type, job.attempts, job.priority, job.scheduled_for, job.worker, job.progress]


def read_notification(notification: dict[str, Any], get: Callable[[int], Job | None]) -> JobEvent | None:
    """Return the event of a move that the engine doesn't record: progress, or the end of a discarded job.

    Args:
        notification: the notification, from a function of `engine.sql`.
        get: returns a job, or None if it is gone: then there is no event.
    """
    at, job_id = notification["at"], notification["job"]
    if "discard" in notification:
        type, attempt, priority, due, worker, progress = notification["discard"]
        return JobEvent(at, DISCARD, job_id, type, Status.FAILED, attempt, priority, due, worker, None, progress)
    job = get(job_id)
    if job is None:
        return None
    return JobEvent(
        at, PROGRESS, job.id, job.type, Status.PROCESSING, notification["attempt"], job.priority, job.scheduled_for,
        notification["worker"], None, notification["progress"], notification["note"],
    )  # fmt: skip
