"""How a handler reports its progress (page 9).

A handler gets the job's data and nothing else. `current_job()` gives it the rest, as `context` does in Procrastinate
and `self` in Celery. `follow` is for the other side: the client that waits for the job.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Protocol

from .arguments import validate_fraction
from .contract import STORAGE_RETRY_DELAY, Producer
from .job import ENDED, Job, StorageError

log = logging.getLogger("jobqueue_lesson")


class ProgressSink(Protocol):
    """What receives a handler's progress reports: a queue, or an object between the handler and the queue."""

    def progress(self, job_id: int, fraction: float, note: str = "", *, attempt: int | None = None) -> object:
        """Record a job's progress; see `Queue.progress`."""
        ...


class ProgressError(Exception):
    """An invalid progress report: it goes backwards, or its attempt has ended."""


class CurrentJob:
    """The job that a handler is running: one attempt of it."""

    def __init__(self, queue: ProgressSink, job: Job) -> None:
        self.id = job.id
        self.type = job.type
        self.attempt = job.attempts
        """1 for the first."""
        self._queue = queue
        self._furthest = 0.0
        self._ended = False

    def __repr__(self) -> str:
        return f"<CurrentJob #{self.id} {self.type}, attempt {self.attempt}>"

    def progress(self, fraction: float, note: str = "") -> None:
        """Report how far this attempt is.

        Args:
            fraction: from 0 to 1, and never less than in this attempt's last report.
            note: what the handler is doing now, for people to read.

        Raises:
            TypeError, ValueError: for a fraction that is not a number from 0 to 1, or a note that is not a string.
            ProgressError: if it goes backwards, or the attempt has ended. The last valid report stays.
        """
        validate_fraction("fraction", fraction)
        if self._ended:
            raise ProgressError(f"attempt {self.attempt} of job #{self.id} has ended: it cannot report {fraction:g}")
        if fraction < self._furthest:
            raise ProgressError(
                f"progress of job #{self.id} cannot go back from {self._furthest:g} to {fraction:g} within an attempt"
            )
        self._queue.progress(self.id, fraction, note, attempt=self.attempt)
        self._furthest = fraction


_current: ContextVar[CurrentJob] = ContextVar("current job")


def current_job() -> CurrentJob:
    """Return the job that the calling handler is running.

    Raises:
        RuntimeError: if no worker is running this code.
    """
    try:
        return _current.get()
    except LookupError:
        raise RuntimeError("no worker is running this code: call current_job() in a handler") from None


@contextmanager
def as_current_job(queue: ProgressSink, job: Job) -> Iterator[None]:
    """Make `job` the current one for the code in this `with` block, and for the tasks that it starts."""
    attempt = CurrentJob(queue, job)
    token = _current.set(attempt)
    try:
        yield
    finally:
        attempt._ended = True
        with suppress(ValueError):  # a coroutine that is garbage-collected is closed in another context
            _current.reset(token)


async def follow(queue: Producer, job_id: int) -> AsyncIterator[Job]:
    """Yield a job as it is now, and again after it has changed, until it has ended or is no longer kept.

    A slow reader may miss states in between, but never the latest. While the queue's storage is down, `follow` tries
    again once a second.

    Args:
        queue: where the job is.
        job_id: the job.
    """
    changed = asyncio.Event()
    unsubscribe = None
    try:
        while True:
            try:
                if unsubscribe is None:
                    unsubscribe = queue.subscribe(lambda event: changed.set() if event.job_id == job_id else None)
                changed.clear()
                job = queue.get(job_id)
            except StorageError as error:
                log.warning("job #%s cannot be read: %s; trying again", job_id, error)
                await asyncio.sleep(STORAGE_RETRY_DELAY)
                continue
            if job is None:
                break
            ended = job.status in ENDED
            yield job
            if ended:
                break
            await changed.wait()
    finally:
        if unsubscribe is not None:
            unsubscribe()
