"""How a handler says how far it is (notebook 09).

A handler gets the job's data and nothing else. `current_job()` gives it the rest, as `context` does in Procrastinate
and `self` in Celery. `follow` is for the other side: whoever waits for the job.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Protocol

from .arguments import check_fraction
from .contract import Producer
from .job import ENDED, Job, StorageError

log = logging.getLogger("jobqueue_lesson")


class Reports(Protocol):
    """What takes a handler's reports: a queue, or what stands between a handler and its queue."""

    def progress(self, job_id: int, fraction: float, note: str = "", *, attempt: int | None = None) -> object:
        """Keep how far a job is; see `Queue.progress`."""
        ...


class ProgressError(Exception):
    """A report of progress that makes no sense: backwards, or of an attempt that is over."""


class JobInHand:
    """The job that a handler is working on: one attempt of it."""

    def __init__(self, queue: Reports, job: Job) -> None:
        self.id = job.id
        self.type = job.type
        self.attempt = job.attempts
        """1 for the first."""
        self._queue = queue
        self._furthest = 0.0
        self._over = False

    def __repr__(self) -> str:
        return f"<job #{self.id} {self.type} in hand, attempt {self.attempt}>"

    def progress(self, fraction: float, note: str = "") -> None:
        """Say how far this attempt is.

        Args:
            fraction: from 0 to 1, and never less than this attempt has said before.
            note: what it does now, for a person.

        Raises:
            TypeError, ValueError: for a fraction that is none, or a note that is no text.
            ProgressError: if it goes backwards, or the attempt is over. What was shown before stays.
        """
        check_fraction("fraction", fraction)
        if self._over:
            raise ProgressError(f"attempt {self.attempt} of job #{self.id} is over: it cannot report {fraction:g} now")
        if fraction < self._furthest:
            raise ProgressError(
                f"progress of job #{self.id} cannot go back from {self._furthest:g} to {fraction:g} within an attempt"
            )
        self._queue.progress(self.id, fraction, note, attempt=self.attempt)
        self._furthest = fraction


_current: ContextVar[JobInHand] = ContextVar("job in hand")


def current_job() -> JobInHand:
    """Return the job that the calling handler is working on.

    Raises:
        RuntimeError: if no worker runs this code.
    """
    try:
        return _current.get()
    except LookupError:
        raise RuntimeError("no worker runs this code: current_job() is for handlers, and what they call") from None


@contextmanager
def in_hand(queue: Reports, job: Job) -> Iterator[None]:
    """Make a job the current one for what runs in this block, and for the tasks that start in it."""
    attempt = JobInHand(queue, job)
    token = _current.set(attempt)
    try:
        yield
    finally:
        attempt._over = True
        with suppress(ValueError):  # a coroutine that was dropped half-way is closed in another context
            _current.reset(token)


async def follow(queue: Producer, job_id: int) -> AsyncIterator[Job]:
    """Give a job as it is, and again whenever it has changed, until it has ended or is forgotten.

    A slow reader misses what came in between, and never the newest. While the queue's storage is down there is nothing
    to give: `follow` tries again once a second.

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
                log.warning("job #%s cannot be followed now: %s", job_id, error)
                await asyncio.sleep(1.0)
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
