"""The job queue: the contract between who hands work in and who does it (notebook 02).

`QueueContract` says what any job queue of this course can do; `JobQueue` does it in memory. Notebook 05
teaches how it picks the next job, notebook 04 what happens when one fails.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from heapq import heappop, heappush, nsmallest
from typing import Any, Protocol

from .job import (
    COMPLETE,
    DEQUEUE,
    DISCARD,
    ENQUEUE,
    FAIL,
    LARGEST,
    LONGEST,
    PROGRESS,
    RELEASE,
    RETRY,
    REVIVE,
    SMALLEST,
    AttemptError,
    IllegalMove,
    Job,
    JobEvent,
    JobNotFound,
    LeaseLost,
    Move,
    QueueError,
    Status,
    check_count,
    check_fraction,
    check_ids,
    check_number,
    check_seconds,
    check_text,
    check_whole,
    shown,
)
from .retries import RetryPolicy

Clock = Callable[[], float]
Listener = Callable[[JobEvent], object]

log = logging.getLogger("jobqueue_lesson")


class QueueFull(QueueError):
    """The queue holds as many pending jobs as it may. Nothing was enqueued; try again later."""


class KeyReused(QueueError):
    """The idempotency key belongs to a job of another type or with other data. Nothing was enqueued."""


class QueueContract(Protocol):
    """What producers and workers may count on, whatever keeps the jobs.

    - A job is handed to one worker at a time, and is never lost: it ends completed or failed, or a person discards it.
    - A move that `job.MOVES` does not allow raises `IllegalMove`; an unknown id raises `JobNotFound`.
    - Times are seconds on `clock`.
    """

    name: str
    clock: Clock
    lease: float | None
    """Seconds after which a job in hand goes to somebody else, unless `heartbeat` is called; None: it never does."""

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
        """Hand in a job; it is pending.

        Args:
            type: which handler shall do it.
            data: what the handler gets.
            priority: a higher one goes first.
            delay: seconds before which it is not picked up.
            max_attempts: how often it is tried before it fails for good.
            key: idempotency key. While a job with this key is kept, that job is returned and none is added.

        Raises:
            TypeError, ValueError: for an argument that makes no sense; the message names it.
            QueueFull: if the queue has a bound and has reached it.
            KeyReused: if the key's job has another type or other data.
        """
        ...

    def dequeue(self, worker: str = "worker-1") -> Job | None:
        """Pick up the next job: highest priority, then earliest `scheduled_for`, then lowest id; or None."""
        ...

    def heartbeat(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Say that a job in hand is still worked on. For `attempt`, see `complete`."""
        ...

    def complete(self, job_id: int, result: Any = None, *, attempt: int | None = None) -> Job:
        """Mark a job in hand as done.

        Args:
            job_id: the job.
            result: what its handler returned.
            attempt: which attempt says so. None: the one that is in hand.

        Raises:
            LeaseLost: if that attempt does not have the job in hand any more.
        """
        ...

    def fail(self, job_id: int, error: BaseException | str, *, attempt: int | None = None) -> Job:
        """Say that the attempt in hand failed: the job is pending again after its backoff, or failed for good."""
        ...

    def release(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Put a job in hand back, as if it had not been picked up: the attempt does not count."""
        ...

    def progress(self, job_id: int, fraction: float, note: str = "", *, attempt: int | None = None) -> Job:
        """Note how far a job in hand is.

        Args:
            job_id: the job.
            fraction: from 0 to 1. What the queue shows never goes back: a retry begins again, and the job stays at
                the furthest that any attempt came.
            note: what the handler does now, for a person.
            attempt: see `complete`.

        Raises:
            TypeError, ValueError: for a fraction that is none, or a note that is no text.
        """
        ...

    def revive(self, job_id: int) -> Job:
        """Give a failed job new attempts: it is pending at once. The errors it has met are kept."""
        ...

    def discard(self, job_id: int) -> Job:
        """Forget a failed job. `stats` still counts it."""
        ...

    def dead(self, type: str | None = None, *, after: int = 0, limit: int = 100) -> list[Job]:
        """List failed jobs, of one type or of all, by id: up to `limit` of them, from the id `after` on."""
        ...

    def get(self, job_id: int) -> Job | None:
        """Look a job up; None if it is not known (any more)."""
        ...

    def stats(self) -> dict[str, int]:
        """Count the jobs in each state. Finished jobs that were forgotten still count."""
        ...

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called with a `JobEvent` after every move; call what is returned to end that."""
        ...

    async def wait(self, *, or_finished: bool = True) -> None:
        """Sleep until `dequeue` is worth a try: a job is due, or somebody called `wake`.

        As many are woken as there are jobs for, first come, first served.

        Args:
            or_finished: whether to wake up, too, when all jobs are finished.
        """
        ...

    def wake(self) -> None:
        """End every `wait` now."""
        ...

    async def join(self) -> None:
        """Sleep until no job is pending or processing."""
        ...


class Outbox(deque[JobEvent]):
    """Events that the listeners have not been called with yet, in order. Shared by all queues."""

    delivering = False

    def deliver(self, listeners: list[Listener], queue: str) -> None:
        """Call every listener with every event, also of moves that a listener makes.

        A listener that raises is logged. Ctrl-C in one is passed on once the others have had that event; what is left
        is delivered with the next one.
        """
        if self.delivering:  # a listener made this move; the loop below, further up the stack, will come to it
            return
        self.delivering = True
        interrupt = None
        try:
            while self and interrupt is None:
                event = self.popleft()
                for listener in tuple(listeners):
                    try:
                        listener(event)
                    except Exception:
                        log.exception("a listener of queue %r failed at %r; the job is safe", queue, event)
                    except BaseException as error:
                        interrupt = error
        finally:
            self.delivering = False
        if interrupt is not None:
            raise interrupt


class Waiters(deque["asyncio.Future[None]"]):
    """The calls of `wait` that are asleep, first come, first served. Shared by all queues.

    A queue's `rouse` wakes as many as there are jobs for and sets the alarm for the next job. Whoever is woken need not
    take a job: it may be cancelled before it runs. So once it is back, `rouse` looks again, while others are asleep.
    """

    def __init__(self) -> None:
        super().__init__()
        self.coming = 0
        """How many were woken, and are not back from `sleep` yet."""
        self._or_finished: set[asyncio.Future[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_loop: asyncio.AbstractEventLoop | None = None

    async def sleep(self, rouse: Callable[[], None], *, or_finished: bool) -> None:
        """Sleep until woken. `rouse` is called as soon as this is one of the sleepers."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self.append(waiter)
        if or_finished:
            self._or_finished.add(waiter)
        try:
            rouse()
            await waiter
        finally:
            self._or_finished.discard(waiter)
            if waiter.done() and not waiter.cancelled():
                self.coming -= 1
                if self and not loop.is_closed():
                    loop.call_soon(rouse)
            else:
                with suppress(ValueError):
                    self.remove(waiter)
                self._stop_alarm()

    def wake(self, jobs: float = math.inf) -> None:
        """Wake sleepers until there is one on its way for each of so many jobs."""
        while self and self.coming < jobs:
            self._wake(self.popleft())
        self._stop_alarm()

    def finish(self) -> None:
        """Wake those who want to know that all jobs are finished."""
        for waiter in [waiter for waiter in self if waiter in self._or_finished]:
            self.remove(waiter)
            self._wake(waiter)
        self._stop_alarm()

    def set_alarm(self, seconds: float, rouse: Callable[[], None]) -> None:
        """Call `rouse` in so many seconds, unless there are no sleepers or it will be called earlier."""
        if not self:
            return
        loop = self[0].get_loop()
        when = loop.time() + seconds
        if self._alarm is not None:
            if self._alarm_loop is loop and self._alarm.when() <= when:
                return
            self._alarm.cancel()
        self._alarm, self._alarm_loop = loop.call_at(when, self._ring, rouse), loop

    def _ring(self, rouse: Callable[[], None]) -> None:
        self._alarm = None
        rouse()

    def _wake(self, waiter: asyncio.Future[None]) -> None:
        if not waiter.done() and not waiter.get_loop().is_closed():
            waiter.set_result(None)
            self.coming += 1

    def _stop_alarm(self) -> None:
        if not self and self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None


class JobQueue:
    """A job queue in memory, for one thread. What it holds is gone with the process.

    Args:
        name: what people call it.
        clock: any callable that returns seconds; `sim.time` in simulated time.
        retry: which errors are tried again, and when.
        max_pending: how many jobs may wait before `enqueue` raises `QueueFull`; None: no bound. Retries
            always fit.
        keep_finished: how many finished jobs are kept for `get`; the oldest is forgotten first, and its
            key with it. None: all.
        aging: points of priority that a waiting job gains each second, so that none waits for ever.

    Raises:
        TypeError, ValueError: for an argument that makes no sense; the message names it.

    Cost: every move is O(log n) in the number of pending jobs.
    """

    lease: float | None = None

    def __init__(
        self,
        name: str = "jobs",
        *,
        clock: Clock = time.time,
        retry: RetryPolicy | None = None,
        max_pending: int | None = None,
        keep_finished: int | None = None,
        aging: float = 0.0,
    ) -> None:
        self.name = check_text("name", name)
        self.clock = check_clock(clock)
        self.retry = check_retry(retry)
        self.max_pending = None if max_pending is None else check_count("max_pending", max_pending)
        self.keep_finished = None if keep_finished is None else check_count("keep_finished", keep_finished, least=0)
        self.aging = check_number("aging", aging)

        self._jobs: dict[int, Job] = {}
        self._keys: dict[str, int] = {}
        self._ready: list[tuple[float, float, int, Job]] = []  # heap of (rank, scheduled_for, id, job)
        self._delayed: list[tuple[float, int, Job]] = []  # heap of (scheduled_for, id, job)
        self._finished: deque[int] = deque()
        self._dead: dict[int, Job] = {}
        self._completed = 0
        self._failed = 0
        self._next_id = 1
        self._memories: dict[str, dict[str, Any]] = {}
        self._listeners: list[Listener] = []
        self._events = Outbox()
        self._waiters = Waiters()
        self._joiners: list[asyncio.Future[None]] = []

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
        """Hand in a job; see `QueueContract.enqueue`."""
        check_job(type, priority, delay, max_attempts, key)
        if key is not None:
            existing = self._job_with_key(key, type, data)
            if existing is not None:
                return existing
        if self.max_pending is not None and self._pending() >= self.max_pending:
            raise QueueFull(f"queue {self.name!r} is full: {self.max_pending} jobs are pending (max_pending)")

        now = due = self.clock()
        if delay:
            due = now + delay
        job_id = self._next_id
        self._next_id = job_id + 1
        job = Job(job_id, type, data, priority, max_attempts, key, now, due)
        self._jobs[job_id] = job
        if key is not None:
            self._keys[key] = job_id
        self._line_up(job, now)
        try:
            if self._listeners:
                self._tell(job, ENQUEUE, now)
        finally:
            if self._waiters:
                self._rouse()
        return job

    def dequeue(self, worker: str = "worker-1") -> Job | None:
        """Pick up the next job that is due, or None; see `QueueContract.dequeue`."""
        if worker.__class__ is not str or not worker or not worker.isascii():
            check_worker(worker)
        now = self.clock()
        if self._delayed:
            self._let_due_jobs_in(now)
        if not self._ready:
            return None
        job = heappop(self._ready)[-1]
        job.started_at = now
        job.finished_at = None
        job.worker = worker
        job.attempts += 1
        job.status = Status.PROCESSING
        if self._listeners:
            try:
                self._tell(job, DEQUEUE, now)
            except BaseException:  # Ctrl-C in a listener: the caller will never know that it had this job
                self.release(job.id)
                raise
        return job

    def heartbeat(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Say that a job in hand is still worked on. Here nobody needs to know: a worker dies with its queue."""
        return self._in_hand(job_id, PROGRESS, attempt)

    def complete(self, job_id: int, result: Any = None, *, attempt: int | None = None) -> Job:
        """Mark a job in hand as done; see `QueueContract.complete`."""
        if job_id.__class__ is not int or (attempt is not None and attempt.__class__ is not int):
            check_ids(job_id, attempt)
        job = self._jobs.get(job_id)
        if job is None or job.status is not COMPLETE.source or attempt not in (None, job.attempts):
            raise self._refusal(job_id, COMPLETE, attempt)
        now = job.finished_at = self.clock()
        job.result = result
        if job.progress is not None:
            job.progress = 1.0
        job.status = Status.COMPLETED
        self._completed += 1
        try:
            if self._listeners:
                self._tell(job, COMPLETE, now)
        finally:
            if self.keep_finished is not None or self._waiters or self._joiners:
                self._ended(job)
        return job

    def fail(self, job_id: int, error: BaseException | str, *, attempt: int | None = None) -> Job:
        """Say that the attempt in hand failed; see `QueueContract.fail`."""
        check_error(error)
        job = self._in_hand(job_id, FAIL, attempt)
        now = self.clock()
        retry_in = None
        if job.attempts < job.max_attempts and self.retry.worth_retrying(error):
            retry_in = self.retry.delay(job.attempts, job.errors[-1].retry_in if job.errors else None)
        job.finished_at = now
        job.errors += (AttemptError(job.attempts, *in_words(error), now, retry_in),)
        if retry_in is None:
            job.status = Status.FAILED
            self._failed += 1
            self._dead[job_id] = job
            try:
                self._tell(job, FAIL, now)
            finally:
                self._ended(job)
        else:
            job.status = Status.PENDING
            job.scheduled_for = now + retry_in
            self._line_up(job, now)
            self._announce(job, RETRY, now)
        return job

    def release(self, job_id: int, *, attempt: int | None = None) -> Job:
        """Put a job in hand back; see `QueueContract.release`."""
        job = self._in_hand(job_id, RELEASE, attempt)
        now = job.finished_at = self.clock()
        job.status = Status.PENDING
        self._line_up(job, max(now, job.scheduled_for))  # it was due, also if the clock was set back since
        try:
            self._announce(job, RELEASE, now)
        finally:
            job.attempts -= 1
        return job

    def progress(self, job_id: int, fraction: float, note: str = "", *, attempt: int | None = None) -> Job:
        """Note how far a job in hand is; see `QueueContract.progress`."""
        check_fraction("fraction", fraction)
        check_text("note", note)
        job = self._in_hand(job_id, PROGRESS, attempt)
        job.progress = max(fraction, job.progress or 0.0)
        job.note = note
        self._tell(job, PROGRESS, self.clock())
        return job

    def revive(self, job_id: int) -> Job:
        """Give a failed job new attempts; see `QueueContract.revive`."""
        job = self._take_out_dead(job_id, REVIVE)
        self._failed -= 1
        if self.keep_finished is not None:
            self._finished.remove(job_id)
        now = job.scheduled_for = self.clock()
        job.attempts = 0
        job.status = Status.PENDING
        self._line_up(job, now)
        self._announce(job, REVIVE, now)
        return job

    def discard(self, job_id: int) -> Job:
        """Forget a failed job; see `QueueContract.discard`."""
        job = self._take_out_dead(job_id, DISCARD)
        if self.keep_finished is not None:
            self._finished.remove(job_id)
        self._forget(job)
        self._tell(job, DISCARD, self.clock())
        return job

    def dead(self, type: str | None = None, *, after: int = 0, limit: int = 100) -> list[Job]:
        """List failed jobs; see `QueueContract.dead`."""
        after, limit = check_page(type, after, limit)
        found = (id for id, job in self._dead.items() if id > after and type in (None, job.type))
        return [self._dead[id] for id in nsmallest(limit, found)]

    def get(self, job_id: int) -> Job | None:
        """Look a job up; None if it is not known (any more)."""
        if job_id.__class__ is not int:
            check_whole("job_id", job_id)
        return self._jobs.get(job_id)

    def stats(self) -> dict[str, int]:
        """Count the jobs in each state; see `QueueContract.stats`."""
        pending = self._pending()
        return {
            "pending": pending,
            "processing": self._unfinished() - pending,
            "completed": self._completed,
            "failed": self._failed,
        }

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called after every move; see `QueueContract.subscribe`."""
        check_listener(listener)
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    async def wait(self, *, or_finished: bool = True) -> None:
        """Sleep until `dequeue` is worth a try; see `QueueContract.wait`. Nothing is polled."""
        await self._waiters.sleep(self._rouse, or_finished=or_finished)

    async def join(self) -> None:
        """Sleep until no job is pending or processing."""
        while self._unfinished():
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._joiners.append(waiter)
            await waiter

    def wake(self) -> None:
        """End every `wait` now."""
        self._waiters.wake()

    @contextmanager
    def memory(self, name: str) -> Iterator[dict[str, Any]]:
        """Give what a scheduler remembers under a name; see `SchedulerQueue.memory` (notebook 08)."""
        memory = dict(self._memories.get(name, {}))
        yield memory
        self._memories[name] = memory

    def _pending(self) -> int:
        return len(self._ready) + len(self._delayed)

    def _unfinished(self) -> int:
        return self._next_id - 1 - self._completed - self._failed

    def _let_due_jobs_in(self, now: float) -> None:
        """Line up the delayed jobs whose time has come."""
        while self._delayed and self._delayed[0][0] <= now:
            self._line_up(heappop(self._delayed)[-1], now)

    def _line_up(self, job: Job, now: float) -> None:
        """Put a pending job where it waits: among the ready ones or, before its time, among the delayed."""
        if job.scheduled_for > now:
            heappush(self._delayed, (job.scheduled_for, job.id, job))
        else:
            # A waiting job's priority is: priority + aging × (now − scheduled_for). Now is the same for all,
            # so the order does not depend on it, and the heap stays a heap while everybody ages.
            rank = self.aging * job.scheduled_for - job.priority if self.aging else -job.priority
            heappush(self._ready, (rank, job.scheduled_for, job.id, job))

    def _rouse(self) -> None:
        """Wake as many waiters as there are jobs that are due, and do so again when the next one is."""
        now = self.clock()
        self._let_due_jobs_in(now)
        self._waiters.wake(len(self._ready))
        if self._delayed:
            self._waiters.set_alarm(self._delayed[0][0] - now, self._rouse)

    def _in_hand(self, job_id: int, move: Move, attempt: int | None) -> Job:
        """Return a job that may make this move.

        Raises:
            JobNotFound, IllegalMove: if it may not.
            LeaseLost: if it is in hand, but not for this attempt.
        """
        check_ids(job_id, attempt)
        job = self._jobs.get(job_id)
        if job is None or job.status is not move.source or attempt not in (None, job.attempts):
            raise self._refusal(job_id, move, attempt)
        return job

    def _refusal(self, job_id: int, move: Move, attempt: int | None = None) -> QueueError:
        """Say why a job cannot make this move."""
        job = self._jobs.get(job_id)
        if job is None:
            return JobNotFound(job_id)
        return IllegalMove(job, move) if attempt is None else LeaseLost(job, attempt)

    def _tell(self, job: Job, move: Move, at: float) -> None:
        """Tell every listener of a move, in order, also of moves that a listener makes."""
        worker = None if move is ENQUEUE else job.worker
        error = job.errors[-1] if move in (RETRY, FAIL) else None
        self._events.append(
            JobEvent(
                at,
                move.name,
                job.id,
                job.type,
                job.status,
                job.attempts,
                job.priority,
                job.scheduled_for,
                worker,
                error,
                job.progress,
                job.note,
            )
        )
        self._events.deliver(self._listeners, self.name)

    def _announce(self, job: Job, move: Move, at: float) -> None:
        """Tell every listener of a move after which a job is waiting, and wake those who wait for one."""
        try:
            self._tell(job, move, at)
        finally:
            if self._waiters:
                self._rouse()

    def _ended(self, job: Job) -> None:
        """Forget the oldest finished job if that is one too many, and tell who waits for the last one to end."""
        if self.keep_finished is not None:
            self._finished.append(job.id)
            if len(self._finished) > self.keep_finished:
                self._forget(self._jobs[self._finished.popleft()])
        if (self._waiters or self._joiners) and not self._unfinished():
            self._waiters.finish()
            end_waits(self._joiners)

    def _take_out_dead(self, job_id: int, move: Move) -> Job:
        check_ids(job_id, None)
        job = self._dead.pop(job_id, None)
        if job is None:
            raise self._refusal(job_id, move)
        return job

    def _forget(self, job: Job) -> None:
        del self._jobs[job.id]
        self._dead.pop(job.id, None)
        if job.key is not None:
            del self._keys[job.key]

    def _job_with_key(self, key: str, type: str, data: Any) -> Job | None:
        """Return the job that has this idempotency key, if there is one."""
        job = self._jobs.get(self._keys.get(key, 0))
        if job is not None:
            check_same(job, type, data)
        return job


A_TYPE = "a string such as 'send-email'"
NAMES_A_HANDLER = "it names the handler, such as 'send-email'"


def check_job(type: str, priority: int, delay: float, max_attempts: int, key: str | None) -> None:
    """Refuse what makes no sense for a job.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    if type.__class__ is not str or not type or not type.isascii():
        check_text("type", type, A_TYPE, empty=NAMES_A_HANDLER)
    if priority.__class__ is not int:
        raise TypeError(f"priority must be a whole number, got {shown(priority)}")
    if not SMALLEST <= priority <= LARGEST:
        raise ValueError(f"priority must be from {SMALLEST} to {LARGEST}, got {shown(priority)}")
    if max_attempts.__class__ is not int or not 1 <= max_attempts <= LARGEST:
        check_count("max_attempts", max_attempts)
    if delay.__class__ is not float or not 0 <= delay <= LONGEST:
        check_seconds("delay", delay, most=LONGEST)
    if key is not None:
        check_text("key", key, "a string or None", empty="give None for a job without an idempotency key")


def check_same(job: Job, type: str, data: Any) -> None:
    """Refuse a key that was used for another job.

    Raises:
        KeyReused: if the job that has the key is of another type, or has other data.
    """
    try:
        same = bool(job.type == type and job.data == data)
    except Exception:  # nested too deeply to be compared, or an __eq__ that fails
        same = job.data is data
    if not same:
        raise KeyReused(f"key {shown(job.key)} belongs to job #{job.id}, a {job.type} with other data")


def check_clock(clock: Clock) -> Clock:
    """Return a clock if it is one.

    Raises:
        TypeError, ValueError: if it cannot be called, or returns something else than seconds.
    """
    if not callable(clock):
        raise TypeError(f"clock must be a callable that returns seconds, such as time.time, got {shown(clock)}")
    check_seconds("clock()", clock())
    return clock


def check_retry(retry: RetryPolicy | None) -> RetryPolicy:
    """Return a policy for retries; None: the default.

    Raises:
        TypeError: if it is something else.
    """
    if retry is not None and not isinstance(retry, RetryPolicy):
        raise TypeError(f"retry must be a RetryPolicy or None, got {shown(retry)}")
    return retry or RetryPolicy()


def check_worker(worker: str) -> None:
    """Refuse what is not a worker's name.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    check_text("worker", worker, "a string such as 'worker-1'", empty="it names the worker, such as 'worker-1'")


def check_error(error: BaseException | str) -> None:
    """Refuse what is not an error.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    if not isinstance(error, BaseException):
        check_text("error", error, "an exception or a text")


def check_listener(listener: Listener) -> None:
    """Refuse what cannot be called.

    Raises:
        TypeError: naming the argument.
    """
    if not callable(listener):
        raise TypeError(f"listener must be a callable that takes a JobEvent, got {shown(listener)}")


def check_page(type: str | None, after: int, limit: int) -> tuple[int, int]:
    """Return `after` and `limit` of a page of dead letters, as numbers that a database can keep.

    Raises:
        TypeError, ValueError: for an argument that makes no sense; the message names it.
    """
    if type is not None:
        check_text("type", type, f"{A_TYPE}, or None", empty=NAMES_A_HANDLER)
    return check_after(after), min(check_count("limit", limit, most=math.inf), LARGEST)


def check_after(after: int) -> int:
    """Return `after`, the id or number after which a list begins, as a number that a database can keep.

    Raises:
        TypeError, ValueError: for one that makes no sense.
    """
    return min(check_count("after", after, least=0, most=math.inf), LARGEST)


def end_waits(waiters: list[asyncio.Future[None]]) -> None:
    """End these waits."""
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
    waiters.clear()


def in_words(error: BaseException | str) -> tuple[str, str]:
    """Return an error's type, empty for a text, and its message, as text that UTF-8 can encode."""
    if isinstance(error, str):
        return "", error
    try:
        message = str(error).encode(errors="backslashreplace").decode()  # names of files may hold half a surrogate pair
    except Exception:  # its own __str__ is broken; the job must not suffer for that
        message = "(its message cannot be shown)"
    return type(error).__name__, message
