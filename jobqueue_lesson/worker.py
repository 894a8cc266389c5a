"""The worker: picks jobs up, runs their handlers, marks them done (page 3)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from .arguments import shown, validate_count, validate_seconds, validate_text, validate_worker
from .contract import STORAGE_RETRY_DELAY, Queue
from .job import Job, JobNotFound, LeaseLost, QueueClosed, QueueError, Status, StorageError
from .progress import as_current_job
from .retries import DoNotRetry

log = logging.getLogger("jobqueue_lesson")

Handler = Callable[[Any], Awaitable[Any]]

HEARTBEATS_PER_LEASE = 3
"""How many heartbeats a worker sends in the time of a lease: one that is lost does no harm."""


class NoHandler(DoNotRetry):
    """The worker has no handler for this type of job, and a retry would not find one."""


class Outage(NamedTuple):
    """A time during which a worker could not use its queue's storage."""

    error: str
    """The first error, as a string."""
    since: float
    """Seconds on the queue's clock."""
    until: float | None = None
    """When the storage was up again, in seconds on the queue's clock; None while it is down."""


class Worker:
    """Processes a queue's jobs: it claims the next job, awaits its handler, reports the outcome, and repeats.

    While the queue's storage is down, it tries again every second; see `outage`. It ends when the queue is closed.

    On a queue with leases it sends heartbeats, from the loop that runs the handlers. So a handler that blocks the loop,
    with `time.sleep` or a long calculation, stops them: once the lease has expired, another worker starts the job as
    well. Use `await asyncio.to_thread(...)` for such work.

    Args:
        queue: where the jobs come from.
        handlers: an `async def (data) -> result` for each type of job.
        name: its name in the history.
        concurrency: how many jobs it runs at once.
        timeout: seconds after which an attempt is cancelled, and has failed; None: never.

    Raises:
        TypeError, ValueError: for an invalid argument; the message names it.
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
            validate_text("a type in handlers", type, "a string such as 'send-email'")
            if not callable(handler):
                raise TypeError(
                    f"handlers[{shown(type)}] must be an async function of the job's data, got {shown(handler)}"
                )
        self.queue = queue
        self.handlers = handlers
        self.name = validate_worker(name, "name")
        self.concurrency = validate_count("concurrency", concurrency)
        self.timeout = None if timeout is None else validate_seconds("timeout", timeout, zero=False)
        self.outage: Outage | None = None
        """The last time the storage was down; None if it never was."""
        self._cannot_write = False
        self._run: _Run | None = None

    @property
    def running(self) -> bool:
        """Whether `run` or `drain` is running. A worker that is not running claims no jobs."""
        return self._run is not None and self._run.running

    def run(self) -> Coroutine[Any, Any, None]:
        """Process jobs until `stop` is called. Await what this returns, or make it a task."""
        return self._work(self._new_run(), until_empty=False)

    def drain(self) -> Coroutine[Any, Any, None]:
        """Process jobs until none is pending or processing, in any worker, or `stop` is called."""
        return self._work(self._new_run(), until_empty=True)

    @property
    def lanes(self) -> list[str]:
        """The name of each lane, which is what its jobs are claimed with: `ann`, or `ann/1`, `ann/2` and so on."""
        if self.concurrency == 1:
            return [self.name]
        return [f"{self.name}/{number}" for number in range(1, self.concurrency + 1)]

    def stop(self) -> None:
        """End `run` or `drain` once its running jobs have ended. No new job is claimed."""
        if self._run is not None:
            self._run.stopping = True
            self.queue.wake()

    def _new_run(self) -> _Run:
        """Make a run when `run` is called, not when its coroutine starts: a `stop` in between must count."""
        if self._run is not None and self._run.running:
            raise self._already_running()
        self._run = _Run()
        return self._run

    async def _work(self, run: _Run, *, until_empty: bool) -> None:
        if run is not self._run:  # `run` was called again before this coroutine started
            raise self._already_running()
        run.running = True
        try:
            if self.concurrency == 1:
                await self._keep_lane_running(self.name, run, until_empty)
            else:
                async with asyncio.TaskGroup() as lanes:
                    for name in self.lanes:
                        lanes.create_task(self._keep_lane_running(name, run, until_empty))
        finally:
            run.running = False

    def _already_running(self) -> RuntimeError:
        return RuntimeError(
            f"{self.name} is already running; to run more jobs at once, use concurrency= or another worker"
        )

    async def _keep_lane_running(self, name: str, run: _Run, until_empty: bool) -> None:
        """Run a lane; while the storage is down, wait and start it again."""
        while True:
            try:
                return await self._lane(name, run, until_empty)
            except QueueClosed:
                raise
            except StorageError as error:
                self._storage_is_down(error)
                await asyncio.sleep(STORAGE_RETRY_DELAY)

    async def _lane(self, name: str, run: _Run, until_empty: bool) -> None:
        """Process one job after another."""
        while not run.stopping and not (until_empty and self._empty()):
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
        return not stats[Status.PENDING] and not stats[Status.PROCESSING]

    async def _process(self, job: Job) -> None:
        """Run one attempt of a job. An exception of its handler does not get beyond the job."""
        lease = self.queue.lease
        renewing = asyncio.create_task(self._renew_lease(job, lease)) if lease else None
        try:
            async with asyncio.timeout(self.timeout) as limit:
                with as_current_job(self.queue, job):
                    result = await self._handle(job)
        except BaseException as error:
            if _stops_the_worker(error):
                self._release(job)
                raise
            if limit.expired():
                error = TimeoutError(f"{job.type} took longer than {self.timeout:g} s")
            await self._report_until_accepted(self.queue.fail, job, error)
        else:
            await self._report_until_accepted(self.queue.complete, job, result)
        finally:
            if renewing is not None:
                renewing.cancel()

    async def _report_until_accepted(self, move: Callable[..., Job], job: Job, outcome: Any) -> None:
        """Report an attempt's outcome until the queue has it: without it, the job would be done again."""
        while not self._report(move, job, outcome):
            if self._run is None or self._run.stopping:
                break
            await asyncio.sleep(STORAGE_RETRY_DELAY)

    def _report(self, move: Callable[..., Job], job: Job, outcome: Any) -> bool:
        """Report an attempt's outcome; return False if the storage is down, and it must be reported again."""
        try:
            try:
                move(job.id, outcome, attempt=job.attempts)
            except (TypeError, ValueError) as error:  # a result that the queue cannot store
                self.queue.fail(job.id, error, attempt=job.attempts)
            self._storage_is_up()
        except (LeaseLost, JobNotFound) as error:  # another worker has the job
            log.warning("%s: %s", self.name, error)
        except QueueClosed:
            raise
        except StorageError as error:
            self._storage_is_down(error, writing=True)
            return False
        return True

    def _release(self, job: Job) -> None:
        """Release a job, so that another worker can start it at once. If that fails, its lease expires later."""
        try:
            self.queue.release(job.id, attempt=job.attempts)
        except QueueError as error:
            log.warning("%s: %s", self.name, error)

    async def _renew_lease(self, job: Job, lease: float) -> None:
        """Send heartbeats while this attempt has the job.

        It runs in the handlers' loop, not in a thread: a loop that is blocked forever must lose its job.
        """
        pause = interval = lease / HEARTBEATS_PER_LEASE
        while True:
            await asyncio.sleep(pause)
            try:
                self.queue.heartbeat(job.id, attempt=job.attempts)
                self._storage_is_up()
                pause = interval
            except (LeaseLost, JobNotFound, QueueClosed):
                return
            except StorageError as error:
                self._storage_is_down(error, writing=True)
                pause = min(STORAGE_RETRY_DELAY, interval)

    async def _handle(self, job: Job) -> Any:
        call = _HandlerCall(call_handler(self.handlers, job.type, job.data))
        try:
            return await call
        finally:
            await call.undo_cancel()

    def _storage_is_down(self, error: StorageError, *, writing: bool = False) -> None:
        self._cannot_write |= writing
        if self.outage is None or self.outage.until is not None:
            self.outage = Outage(str(error), self.queue.clock())
            log.error("%s: %s; trying again every %g s", self.name, error, STORAGE_RETRY_DELAY)

    def _storage_is_up(self, *, wrote: bool = True) -> None:
        """End the outage. Only a write proves that a full disk has space again."""
        if self.outage is not None and self.outage.until is None and (wrote or not self._cannot_write):
            self._cannot_write = False
            self.outage = self.outage._replace(until=self.queue.clock())
            log.warning("%s: the storage is up again", self.name)


def call_handler(handlers: Mapping[str, Handler], type: str, data: Any) -> Awaitable[Any]:
    """Call the handler for a type of job; await what this returns.

    Raises:
        NoHandler: if there is none.
        DoNotRetry: if it is not an async function: a retry would change nothing.
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


class _HandlerCall:
    """Awaits a handler, and notices when the handler cancels its own task, which is the worker's.

    A separate task per handler would be simpler. But it would start one iteration of the loop later, and in simulated
    time that changes which of two things at the same instant comes first. If the handler has a timer cancel the task,
    that cannot be told from a cancelled worker.
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
        """Run the handler up to its next `await`. Only the handler can cancel the task meanwhile."""
        before = self._task.cancelling()
        try:
            return step(*arguments)
        finally:
            self._cancelled += max(0, self._task.cancelling() - before)

    async def undo_cancel(self) -> None:
        """Undo the handler's cancellation of its own task."""
        if self._cancelled:
            for _ in range(self._cancelled):
                self._task.uncancel()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)  # a cancellation that has not reached the handler yet is raised here
            if self._task.cancelling():
                raise asyncio.CancelledError


class _Run:
    """One call of `run` or `drain`."""

    def __init__(self) -> None:
        self.running = False
        self.stopping = False


def _stops_the_worker(error: BaseException) -> bool:
    """Whether an error came from outside the handler: Ctrl-C, a closing loop, or a cancelled worker."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    return isinstance(error, (KeyboardInterrupt, GeneratorExit))
