"""The worker: picks jobs up, runs their handlers, marks them done (notebook 03)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

from .job import Job, LeaseLost, QueueError, check_count, check_seconds
from .progress import in_hand
from .queue import QueueContract
from .retries import DoNotRetry

log = logging.getLogger("jobqueue_lesson")

Handler = Callable[[Any], Awaitable[Any]]


class NoHandler(DoNotRetry):
    """The worker has no handler for this type of job. Another try would find none either."""


class Worker:
    """Works a queue: takes the next job, awaits its handler, reports the outcome, and again.

    Args:
        queue: where the jobs come from.
        handlers: an `async def (data) -> result` for each type of job.
        name: who it is, in the record.
        concurrency: how many jobs it has in hand at once.
        timeout: seconds after which an attempt is cancelled and has failed; None: never.

    Raises:
        TypeError, ValueError: for an argument that makes no sense; the message names it.
    """

    def __init__(
        self,
        queue: QueueContract,
        handlers: Mapping[str, Handler],
        *,
        name: str = "worker-1",
        concurrency: int = 1,
        timeout: float | None = None,
    ) -> None:
        for type, handler in handlers.items():
            if not callable(handler):
                raise TypeError(f"handlers[{type!r}] must be an async function of the job's data, got {handler!r}")
        if not isinstance(name, str) or not name:
            raise ValueError(f"name must be a text that is not empty, such as 'worker-1', got {name!r}")
        self.queue = queue
        self.handlers = handlers
        self.name = name
        self.concurrency = check_count("concurrency", concurrency)
        self.timeout = None if timeout is None else check_seconds("timeout", timeout, zero=False)
        self._shift: _Shift | None = None

    def run(self) -> Coroutine[Any, Any, None]:
        """Work until `stop` is called. Await what this returns, or make it a task."""
        return self._work(self._begin(), until_empty=False)

    def drain(self) -> Coroutine[Any, Any, None]:
        """Work until no job is pending or processing, whoever has it in hand, or `stop` is called."""
        return self._work(self._begin(), until_empty=True)

    def stop(self) -> None:
        """End `run` or `drain` once the jobs in hand are finished. No new job is picked up."""
        if self._shift is not None:
            self._shift.over = True
            self.queue.wake()

    def _begin(self) -> _Shift:
        """Open a shift when `run` is called, not when it first gets to act: a `stop` in between must count."""
        if self._shift is not None and self._shift.working:
            raise self._at_work_already()
        self._shift = _Shift()
        return self._shift

    async def _work(self, shift: _Shift, *, until_empty: bool) -> None:
        if shift is not self._shift:  # run was called once more before this one had begun
            raise self._at_work_already()
        shift.working = True
        try:
            if self.concurrency == 1:
                await self._lane(self.name, shift, until_empty)
            else:
                async with asyncio.TaskGroup() as lanes:
                    for number in range(1, self.concurrency + 1):
                        lanes.create_task(self._lane(f"{self.name}/{number}", shift, until_empty))
        finally:
            shift.working = False

    def _at_work_already(self) -> RuntimeError:
        return RuntimeError(f"{self.name} is at work already; for more at once use concurrency=, or another worker")

    async def _lane(self, name: str, shift: _Shift, until_empty: bool) -> None:
        """Do one job after the other."""
        while not shift.over and not (until_empty and self._empty()):
            job = self.queue.dequeue(worker=name)
            if job is None:
                await self.queue.wait()
            else:
                await self._process(job)

    def _empty(self) -> bool:
        stats = self.queue.stats()
        return not stats["pending"] and not stats["processing"]

    async def _process(self, job: Job) -> None:
        """Make one attempt at a job. Whatever the handler raises stays inside its job."""
        lease = self.queue.lease
        renewing = asyncio.create_task(_renew_lease(self.queue, job, lease)) if lease else None
        try:
            async with asyncio.timeout(self.timeout) as limit:
                with in_hand(self.queue, job):
                    result = await self._handle(job)
        except BaseException as error:
            if _stops_the_worker(error):
                self._report(self.queue.release, job)
                raise
            if limit.expired():
                error = TimeoutError(f"{job.type} took longer than {self.timeout:g} s")
            self._report(self.queue.fail, job, error)
        else:
            self._report(self.queue.complete, job, result)
        finally:
            if renewing is not None:
                renewing.cancel()

    def _report(self, move: Callable[..., Job], job: Job, *outcome: Any) -> None:
        """Tell the queue how an attempt ended. It may have been given to somebody else meanwhile."""
        try:
            move(job.id, *outcome, attempt=job.attempts)
        except LeaseLost as error:
            log.warning("%s: %s", self.name, error)
        except (TypeError, ValueError) as error:  # a result that the queue cannot keep
            self.queue.fail(job.id, error, attempt=job.attempts)

    async def _handle(self, job: Job) -> Any:
        handler = self.handlers.get(job.type)
        if handler is None:
            known = ", ".join(sorted(self.handlers)) or "none at all"
            raise NoHandler(f"no handler for {job.type!r}; this worker has: {known}")
        outcome = handler(job.data)
        if not hasattr(outcome, "__await__"):
            raise DoNotRetry(
                f"the handler for {job.type!r} must be an async function (async def), it returned {outcome!r}"
            )
        return await outcome


async def _renew_lease(queue: QueueContract, job: Job, lease: float) -> None:
    """Say three times a lease that a job is worked on, until it is not this attempt's any more."""
    with suppress(QueueError):
        while True:
            await asyncio.sleep(lease / 3)
            queue.heartbeat(job.id, attempt=job.attempts)


class _Shift:
    """One call of `run` or `drain`."""

    def __init__(self) -> None:
        self.working = False
        self.over = False


def _stops_the_worker(error: BaseException) -> bool:
    """Whether this came from outside: Ctrl-C, a closing loop, a cancelled worker (a handler may cancel itself too)."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    return isinstance(error, (KeyboardInterrupt, GeneratorExit))
