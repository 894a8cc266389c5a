"""The worker: picks jobs up, runs their handlers, marks them done (notebook 03)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from .arguments import check_count, check_seconds, check_text, shown
from .contract import Queue
from .job import Job, JobNotFound, LeaseLost, QueueClosed, QueueError, StorageError
from .progress import as_current_job
from .retries import DoNotRetry

log = logging.getLogger("jobqueue_lesson")

Handler = Callable[[Any], Awaitable[Any]]

PAUSE = 1.0
"""Seconds between two tries while the queue's storage is down."""


class NoHandler(DoNotRetry):
    """The worker has no handler for this type of job. Another try would find none either."""


class Trouble(NamedTuple):
    """A time during which a worker could not use its queue's storage."""

    error: str
    """The first error, as text."""
    since: float
    """Seconds on the queue's clock."""
    until: float | None = None
    """When the storage answered again, in seconds on the queue's clock; None while it is down."""


class Worker:
    """Works a queue: takes the next job, awaits its handler, reports the outcome, and again.

    While the queue's storage is down, it tries again every second; see `trouble`. A queue that is closed ends it.

    On a queue with leases it sends heartbeats, from the loop that runs the handlers. So a handler that blocks the loop,
    with `time.sleep` or a long calculation, stops them: once the lease has expired, another worker starts the job as
    well. Use `await asyncio.to_thread(...)` for such work.

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
        queue: Queue,
        handlers: Mapping[str, Handler],
        *,
        name: str = "worker-1",
        concurrency: int = 1,
        timeout: float | None = None,
    ) -> None:
        if not callable(getattr(queue, "dequeue", None)):
            raise TypeError(f"queue must be a job queue, such as JobQueue(), got {shown(queue)}")
        if not isinstance(handlers, Mapping):
            raise TypeError(f"handlers must be a dictionary of async functions by type of job, got {shown(handlers)}")
        for type, handler in handlers.items():
            check_text("a type in handlers", type, "a string such as 'send-email'")
            if not callable(handler):
                raise TypeError(
                    f"handlers[{shown(type)}] must be an async function of the job's data, got {shown(handler)}"
                )
        self.queue = queue
        self.handlers = handlers
        self.name = check_text("name", name, "a string such as 'worker-1'", empty="it names the worker in the record")
        self.concurrency = check_count("concurrency", concurrency)
        self.timeout = None if timeout is None else check_seconds("timeout", timeout, zero=False)
        self.trouble: Trouble | None = None
        """The last time the storage was down; None if it never was. The worker keeps trying, and then goes on."""
        self._cannot_write = False
        self._shift: _Shift | None = None

    @property
    def running(self) -> bool:
        """Whether `run` or `drain` is under way. A worker that is not running takes no jobs."""
        return self._shift is not None and self._shift.working

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
                await self._keep_at_it(self.name, shift, until_empty)
            else:
                async with asyncio.TaskGroup() as lanes:
                    for number in range(1, self.concurrency + 1):
                        lanes.create_task(self._keep_at_it(f"{self.name}/{number}", shift, until_empty))
        finally:
            shift.working = False

    def _at_work_already(self) -> RuntimeError:
        return RuntimeError(f"{self.name} is at work already; for more at once use concurrency=, or another worker")

    async def _keep_at_it(self, name: str, shift: _Shift, until_empty: bool) -> None:
        """Be a lane, also through times in which the storage is down."""
        while True:
            try:
                return await self._lane(name, shift, until_empty)
            except QueueClosed:
                raise
            except StorageError as error:
                self._storage_is_down(error)
                await asyncio.sleep(PAUSE)

    async def _lane(self, name: str, shift: _Shift, until_empty: bool) -> None:
        """Do one job after the other."""
        while not shift.over and not (until_empty and self._empty()):
            job = self._dequeue(name)
            if job is None:
                await self.queue.wait(or_finished=until_empty)
            else:
                await self._process(job)

    def _dequeue(self, name: str) -> Job | None:
        job = self.queue.dequeue(worker=name)
        self._storage_is_up(wrote=job is not None)
        return job

    def _empty(self) -> bool:
        stats = self.queue.stats()
        return not stats["pending"] and not stats["processing"]

    async def _process(self, job: Job) -> None:
        """Make one attempt at a job. Whatever the handler raises stays inside its job."""
        lease = self.queue.lease
        renewing = asyncio.create_task(self._renew_lease(job, lease)) if lease else None
        try:
            async with asyncio.timeout(self.timeout) as limit:
                with as_current_job(self.queue, job):
                    result = await self._handle(job)
        except BaseException as error:
            if _stops_the_worker(error):
                self._put_back(job)
                raise
            if limit.expired():
                error = TimeoutError(f"{job.type} took longer than {self.timeout:g} s")
            await self._report_until_heard(self.queue.fail, job, error)
        else:
            await self._report_until_heard(self.queue.complete, job, result)
        finally:
            if renewing is not None:
                renewing.cancel()

    async def _report_until_heard(self, move: Callable[..., Job], job: Job, outcome: Any) -> None:
        """Report how an attempt ended, as often as it takes: what was done must not be done again."""
        while not self._report(move, job, outcome):
            if self._shift is None or self._shift.over:
                break
            await asyncio.sleep(PAUSE)

    def _report(self, move: Callable[..., Job], job: Job, outcome: Any) -> bool:
        """Report how an attempt ended; return whether the queue has heard. Another worker may have the job by now."""
        try:
            try:
                move(job.id, outcome, attempt=job.attempts)
            except (TypeError, ValueError) as error:  # a result that the queue cannot keep
                self.queue.fail(job.id, error, attempt=job.attempts)
            self._storage_is_up()
        except (LeaseLost, JobNotFound) as error:
            log.warning("%s: %s", self.name, error)
        except QueueClosed:
            raise
        except StorageError as error:
            self._storage_is_down(error, writing=True)
            return False
        return True

    def _put_back(self, job: Job) -> None:
        """Release a job, so that another worker can start it at once. If that fails, its lease expires some time."""
        try:
            self.queue.release(job.id, attempt=job.attempts)
        except QueueError as error:
            log.warning("%s: %s", self.name, error)

    async def _renew_lease(self, job: Job, lease: float) -> None:
        """Send a heartbeat three times per lease, for as long as this attempt has the job.

        From this loop, and not from a thread of its own: a loop that is blocked for good must lose its job some day.
        """
        pause = lease / 3
        while True:
            await asyncio.sleep(pause)
            try:
                self.queue.heartbeat(job.id, attempt=job.attempts)
                self._storage_is_up()
                pause = lease / 3
            except (LeaseLost, JobNotFound, QueueClosed):
                return
            except StorageError as error:
                self._storage_is_down(error, writing=True)
                pause = min(PAUSE, lease / 3)

    async def _handle(self, job: Job) -> Any:
        handling = _Handling(call_handler(self.handlers, job.type, job.data))
        try:
            return await handling
        finally:
            await handling.undo_cancel()

    def _storage_is_down(self, error: StorageError, *, writing: bool = False) -> None:
        self._cannot_write |= writing
        if self.trouble is None or self.trouble.until is not None:
            self.trouble = Trouble(str(error), self.queue.clock())
            log.error("%s: %s; trying again every %g s", self.name, error, PAUSE)

    def _storage_is_up(self, *, wrote: bool = True) -> None:
        """End the trouble. A look at an empty queue proves nothing about a disk that is full."""
        if self.trouble is not None and self.trouble.until is None and (wrote or not self._cannot_write):
            self._cannot_write = False
            self.trouble = self.trouble._replace(until=self.queue.clock())
            log.warning("%s: the storage is up again", self.name)


def call_handler(handlers: Mapping[str, Handler], type: str, data: Any) -> Awaitable[Any]:
    """Call the handler for a type of job; await what this returns.

    Raises:
        NoHandler: if there is none.
        DoNotRetry: if it is no async function. Another attempt would find the same.
    """
    handler = handlers.get(type)
    if handler is None:
        known = ", ".join(sorted(handlers)) or "none at all"
        raise NoHandler(f"no handler for {type!r}; this worker has: {known}")
    outcome = handler(data)
    if not hasattr(outcome, "__await__"):
        raise DoNotRetry(
            f"the handler for {type!r} must be an async function (async def), it returned {shown(outcome)}"
        )
    return outcome


class _Handling:
    """Awaits a handler, and notices when it cancels its own task, which is the worker's.

    A task of its own for each handler would be shorter. But it would start one turn of the loop later, and in simulated
    time that changes which of two things at the same instant comes first. What a handler has others do, such as a timer
    that cancels the task, looks like a cancelled worker.
    """

    def __init__(self, outcome: Awaitable[Any]) -> None:
        self.cr_await = outcome  # where `Simulation` and debuggers look for what a task is waiting for
        self._steps: Any = outcome.__await__()
        self._task: Any = asyncio.current_task()
        self._cancelled = 0

    def __await__(self) -> Any:
        return self

    def __next__(self) -> Any:
        return self._step(next, self._steps)

    def throw(self, *error: Any) -> Any:
        return self._step(self._steps.throw, *error)

    def close(self) -> None:
        self._steps.close()

    def _step(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """Run the handler up to its next `await`. Nobody else can cancel the task meanwhile."""
        before = self._task.cancelling()
        try:
            return step(*arguments)
        finally:
            self._cancelled += max(0, self._task.cancelling() - before)

    async def undo_cancel(self) -> None:
        """Take back what the handler did to its own task."""
        if self._cancelled:
            for _ in range(self._cancelled):
                self._task.uncancel()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)  # a cancellation that the handler has not met yet arrives here
            if self._task.cancelling():
                raise asyncio.CancelledError


class _Shift:
    """One call of `run` or `drain`."""

    def __init__(self) -> None:
        self.working = False
        self.over = False


def _stops_the_worker(error: BaseException) -> bool:
    """Whether this came from outside: Ctrl-C, a closing loop, a cancelled worker (a handler may cancel itself, too)."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    return isinstance(error, (KeyboardInterrupt, GeneratorExit))
