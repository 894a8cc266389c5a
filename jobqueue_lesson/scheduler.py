"""Recurring jobs: a scheduler enqueues a job at every tick of a schedule (page 8).

A schedule computes its ticks from their number or date, never from how long anything took. So it does not drift.
The last tick of each recurring job is kept in the queue itself. So a scheduler can be restarted, and there can be
several.
"""

from __future__ import annotations

import asyncio
import logging
import math
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from .arguments import validate_seconds
from .contract import SHORTEST_TIMER, Producer
from .job import ENDED, JobEvent, QueueError

Overlap = Literal["skip", "coalesce", "queue one"]
CatchUp = Literal["one", "none"]

log = logging.getLogger("jobqueue_lesson")


class Tick(NamedTuple):
    """One instant of a schedule."""

    at: float
    """Seconds on the queue's clock."""
    name: str
    """The same wherever and whenever it is computed, so that two schedulers recognize the same tick by it."""


class SchedulerQueue(Producer, Protocol):
    """What a scheduler needs from a queue: the producer's part of the contract, and a memory."""

    def memory(self, name: str) -> AbstractContextManager[dict[str, Any]]:
        """Yield the memory of this name, to read and to change inside a `with` block.

        The block is a transaction: what it enqueues and what it changes are stored together, or not at all, and no
        other process gets in between.
        """
        ...


class Schedule(Protocol):
    """What a scheduler needs from a schedule."""

    def after(self, time: float) -> Tick:
        """Return the first tick later than `time` (seconds on the queue's clock)."""
        ...

    def until(self, time: float) -> Tick:
        """Return the last tick that is not later than `time`. It may be before the schedule's first."""
        ...


@dataclass(frozen=True)
class Every:
    """A tick every so many seconds: the n-th is at start + n × seconds. Made by `every`."""

    seconds: float
    start: float | None
    """None: the time at which a scheduler first uses it; without a scheduler, 0."""

    def after(self, time: float) -> Tick:
        """Return the first tick later than `time`."""
        return self._tick(max(1, self._number(time) + 1))

    def until(self, time: float) -> Tick:
        """Return the last tick that is not later than `time`."""
        return self._tick(self._number(time))

    def _number(self, time: float) -> int:
        """Return the number of the last tick up to `time`: by division, because a sum would add up rounding errors."""
        number = math.floor((time - (self.start or 0.0)) / self.seconds)
        if self._tick(number + 1).at <= time:  # the division was rounded down
            return number + 1
        return number - 1 if self._tick(number).at > time else number

    def _tick(self, number: int) -> Tick:
        at = (self.start or 0.0) + number * self.seconds
        return Tick(at, f"{at:.15g}")


def every(seconds: float, *, start: float | None = None) -> Every:
    """Return a schedule with a tick every so many seconds.

    Args:
        seconds: from one tick to the next; above 0.
        start: where the grid starts, on the queue's clock; the first tick is one interval later. None: when the first
            scheduler with this recurring job starts. The queue stores that time, so the grid stays the same after a
            restart, and for every other scheduler. Schedules that should not all tick at once need different starts.

    Raises:
        TypeError, ValueError: for an invalid argument; the message names it.
    """
    validate_seconds("seconds", seconds, zero=False)
    return Every(seconds, None if start is None else validate_seconds("start", start))


@dataclass(frozen=True)
class Cron:
    """Ticks at calendar dates. Made by `cron`."""

    expression: str
    zone: ZoneInfo

    def after(self, time: float) -> Tick:
        """Return the first tick later than `time`, on a clock that counts from 1970."""
        return self._tick(math.floor(time), reverse=False)

    def until(self, time: float) -> Tick:
        """Return the last tick that is not later than `time`."""
        return self._tick(math.floor(time) + 1, reverse=True)

    def _tick(self, start: int, *, reverse: bool) -> Tick:
        date = next(CronSim(self.expression, datetime.fromtimestamp(start, self.zone), reverse=reverse))
        return Tick(date.timestamp(), date.isoformat())


def cron(expression: str, *, zone: str = "UTC") -> Cron:
    """Return a schedule by the calendar, such as "0 6 * * MON": every Monday at 6.

    Args:
        expression: five fields: minute, hour, day of the month, month, day of the week. cronsim parses it, and treats
            daylight saving as Debian's cron does: a fixed hour that is skipped ticks right after the change, and one
            that comes twice ticks once.
        zone: name of a time zone, such as "Europe/Berlin".

    Raises:
        ValueError: for an invalid expression or an unknown zone; the message names it.
    """
    try:
        where = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"unknown time zone {zone!r}; a valid one is 'Europe/Berlin'") from error
    try:
        CronSim(expression, datetime(2026, 1, 1, tzinfo=where))
    except CronSimError as error:
        raise ValueError(
            f"invalid cron expression {expression!r}: {error}; it needs five fields, such as '*/5 * * * *'"
        ) from error
    return Cron(expression, where)


@dataclass
class _Recurring:
    """One recurring job, and this scheduler's view of its state. The queue's memory is authoritative."""

    name: str
    schedule: Schedule
    type: str
    data: Any
    options: dict[str, Any]
    overlap: Overlap
    catch_up: CatchUp
    read_at: float = -math.inf
    """When the memory was last read."""
    next: float = -math.inf
    """The first tick after that."""
    job: int | None = None
    """The id of the last job that was enqueued."""


class Scheduler:
    """Enqueues a job at every tick of its schedules.

    It only enqueues: workers run the jobs. Several schedulers may have the same schedules; each tick still gets one
    job. A scheduler that was down continues where it stopped, if the queue has outlived it.

    Args:
        queue: where the jobs go. Its clock is used, and it remembers the last tick of each recurring job.
        grace: seconds by which a tick may be late and still count as on time.
        longest_sleep: seconds after which the scheduler looks at the clock in any case, because it may have been set.

    Raises:
        TypeError: for a queue that has no `memory`.
        TypeError, ValueError: for an invalid number; the message names it.
    """

    def __init__(self, queue: SchedulerQueue, *, grace: float = 1.0, longest_sleep: float = 60.0) -> None:
        if not callable(getattr(queue, "memory", None)):
            raise TypeError(f"queue must have memory(), as JobQueue and SQLiteQueue do, got {queue!r}")
        self.queue = queue
        self.grace = validate_seconds("grace", grace)
        self.longest_sleep = validate_seconds("longest_sleep", longest_sleep, zero=False)
        self._recurring: dict[str, _Recurring] = {}
        self._changed: asyncio.Event | None = None
        self._stopping = False

    def add(
        self,
        name: str,
        schedule: Schedule,
        type: str,
        data: Any = None,
        *,
        overlap: Overlap = "skip",
        catch_up: CatchUp = "one",
        **options: Any,
    ) -> None:
        """Enqueue a job at every tick, while `run` is running.

        Args:
            name: of the recurring job. It must be the same in every scheduler and after every restart: the queue stores
                the state of the recurring job under it, and it is part of every tick's key.
            schedule: such as `every(300)` or `cron("0 6 * * MON")`.
            type: of the job.
            data: what its handler gets.
            overlap: what to do at a tick while the job of an earlier tick is unfinished. "skip": nothing. "queue one":
                hold the first such tick, and enqueue its job as soon as the earlier one ends. "coalesce": the same, but
                with the last such tick, which replaces the others. A job that ends at the instant of a tick counts as
                unfinished at that tick.
            catch_up: what to do about ticks that passed while no scheduler was looking: it was down, the machine slept,
                or the clock was set. "one": enqueue one job, for the last of them. "none": wait for the next tick.
            options: `priority` and `max_attempts`, as for `enqueue`.

        Raises:
            ValueError: for a name that is empty or already in use, and for an unknown policy.
            TypeError: for any other option.
        """
        if not isinstance(name, str) or not name:
            raise ValueError(f"name must be a string that is not empty, got {name!r}")
        if name in self._recurring:
            raise ValueError(f"there already is a recurring job {name!r}; remove it first")
        for argument, value, known in (("overlap", overlap, Overlap), ("catch_up", catch_up, CatchUp)):
            if value not in get_args(known):
                raise ValueError(f"{argument} must be one of {', '.join(map(repr, get_args(known)))}, got {value!r}")
        unknown = sorted(set(options) - {"priority", "max_attempts"})
        if unknown:
            raise TypeError(f"a recurring job has no option {unknown[0]!r}; there are: priority, max_attempts")
        self._recurring[name] = _Recurring(name, schedule, type, data, options, overlap, catch_up)
        self._wake()

    def remove(self, name: str) -> None:
        """Remove a recurring job and its state. Jobs that are already in the queue stay there.

        Raises:
            KeyError: if there is no recurring job of this name.
            StorageError: if the queue cannot be written to.
        """
        if name not in self._recurring:
            raise KeyError(f"no recurring job {name!r}; there are: {', '.join(self._recurring) or 'none'}")
        with self._memory(name) as memory:
            memory.clear()
        del self._recurring[name]
        self._wake()

    async def run(self) -> None:
        """Enqueue at every tick until `stop` is called."""
        if self._changed is not None:
            raise RuntimeError("this scheduler is already running")
        self._changed, self._stopping = asyncio.Event(), False
        unsubscribe = self.queue.subscribe(self._on_event)
        try:
            while not self._stopping:
                self._changed.clear()
                for recurring in list(self._recurring.values()):
                    self._update(recurring)
                await self._sleep()
        finally:
            unsubscribe()
            self._changed = None

    def stop(self) -> None:
        """End `run`. Jobs that are in the queue stay there."""
        self._stopping = True
        self._wake()

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()

    async def _sleep(self) -> None:
        """Sleep until the next tick or a change, and no longer than `longest_sleep`."""
        assert self._changed is not None
        now = self.queue.clock()
        due = min((recurring.next for recurring in self._recurring.values()), default=math.inf)
        try:
            async with asyncio.timeout(max(SHORTEST_TIMER, min(due - now, self.longest_sleep))):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _on_event(self, event: JobEvent) -> None:
        """When a job ends, enqueue the job of the tick that was held because of it."""
        if event.status in ENDED:
            for recurring in list(self._recurring.values()):
                if recurring.job == event.job_id:
                    self._update(recurring, ended=event.at)

    def _update(self, recurring: _Recurring, ended: float = -math.inf) -> None:
        """Do what is due for one recurring job. `ended`: when its last job ended, if it has just done so."""
        now = self.queue.clock()
        if recurring.read_at <= now < recurring.next and ended == -math.inf:
            return
        recurring.read_at, recurring.next = now, math.inf
        try:
            with self._memory(recurring.name) as memory:
                self._advance(recurring, memory, now, ended)
        except QueueError as error:  # nothing was changed: the tick is still due, until the next one
            log.warning("recurring job %r could not be enqueued at %s: %s", recurring.name, now, error)
            recurring.next = min(recurring.next, now + self.longest_sleep)

    def _advance(self, recurring: _Recurring, memory: dict[str, Any], now: float, ended: float) -> None:
        """Continue from the recurring job's state in the memory.

        "start" is when a scheduler first ran it, "seen" the last tick that was handled, "job" the last job, and "held"
        a tick whose job waits for that one to end.
        """
        schedule = _from(memory.setdefault("start", now), recurring.schedule)
        recurring.next = schedule.after(now).at
        if memory.setdefault("seen", now) > now + self.grace:  # the clock was set back
            memory["seen"] = now
        ended = max(ended, self._end_of(memory.get("job"), now))
        if schedule.after(memory["seen"]).at <= now:
            tick = schedule.until(now)
            memory["seen"] = tick.at
            if recurring.catch_up == "one" or now - tick.at <= self.grace:
                # Compare times, not the order of events: a job that ends at the instant of a tick overlaps with it.
                if ended < tick.at:
                    self._enqueue(recurring, tick, memory)
                    return
                if recurring.overlap == "coalesce" or (recurring.overlap == "queue one" and not memory.get("held")):
                    memory["held"] = [*tick]
        if memory.get("held") and ended < math.inf:
            self._enqueue(recurring, Tick(*memory["held"]), memory)
        recurring.job = memory.get("job")

    def _enqueue(self, recurring: _Recurring, tick: Tick, memory: dict[str, Any]) -> None:
        """Enqueue the job of a tick. It replaces the job of a tick that was held."""
        job = self.queue.enqueue(
            recurring.type, recurring.data, key=f"{recurring.name}@{tick.name}", **recurring.options
        )
        memory["job"] = recurring.job = job.id
        memory["held"] = None

    def _end_of(self, job_id: int | None, now: float) -> float:
        """Return when a job ended: inf if it has not, -inf if there is none, or it is no longer kept."""
        job = None if job_id is None else self.queue.get(job_id)
        if job is None:
            return -math.inf
        if job.status not in ENDED or job.finished_at is None:
            return math.inf
        return job.finished_at if job.finished_at <= now else -math.inf  # the clock was set back

    def _memory(self, name: str) -> AbstractContextManager[dict[str, Any]]:
        return self.queue.memory(f"recurring:{name}")


def _from(start: float, schedule: Schedule) -> Schedule:
    """Return the schedule with its grid starting at `start`, unless it has a start of its own."""
    return replace(schedule, start=start) if isinstance(schedule, Every) and schedule.start is None else schedule
