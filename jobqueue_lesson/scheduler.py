"""Recurring jobs: a scheduler enqueues a job at every tick of a schedule (notebook 08).

A schedule knows its ticks by number or by date, and never asks how long anything took. That keeps it from drifting.
How far a recurring job has come is kept in the queue itself, so a scheduler may be restarted, and there may be several.
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

from .arguments import check_seconds
from .contract import Producer
from .job import ENDED, JobEvent, QueueError

Overlap = Literal["skip", "coalesce", "queue one"]
CatchUp = Literal["one", "none"]

log = logging.getLogger("jobqueue_lesson")


class Tick(NamedTuple):
    """One instant of a schedule."""

    at: float
    """Seconds on the queue's clock."""
    name: str
    """The same wherever and whenever it is computed: two schedulers know the same tick by it."""


class SchedulerQueue(Producer, Protocol):
    """What a scheduler needs of a queue: the contract, and a memory."""

    def memory(self, name: str) -> AbstractContextManager[dict[str, Any]]:
        """Give what is remembered under a name, to read and to change inside a `with` block.

        What the block enqueues and what it changes are kept together, or not at all; no other process gets in between.
        """
        ...


class Schedule(Protocol):
    """What a scheduler needs to know of a schedule."""

    def after(self, time: float) -> Tick:
        """Return the first tick later than `time` (seconds on the queue's clock)."""
        ...

    def until(self, time: float) -> Tick:
        """Return the last tick that is not later than `time`. It may lie before the schedule's first."""
        ...


@dataclass(frozen=True)
class Every:
    """A tick every so many seconds: the n-th is at start + n × seconds. Made by `every`."""

    seconds: float
    start: float | None
    """None: when a scheduler first meets it; on its own, 0."""

    def after(self, time: float) -> Tick:
        """Return the first tick later than `time`."""
        return self._tick(max(1, self._number(time) + 1))

    def until(self, time: float) -> Tick:
        """Return the last tick that is not later than `time`."""
        return self._tick(self._number(time))

    def _number(self, time: float) -> int:
        """Count the ticks up to `time`. They are counted and not added up, so no error grows."""
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
            scheduler with this recurring job starts. The queue keeps that moment, so the grid stays the same after a
            restart, and for every other scheduler. Give different ones to schedules that should not all tick at once.

    Raises:
        TypeError, ValueError: for a number that makes no sense; the message names it.
    """
    check_seconds("seconds", seconds, zero=False)
    return Every(seconds, None if start is None else check_seconds("start", start))


@dataclass(frozen=True)
class Cron:
    """Ticks by the calendar. Made by `cron`."""

    expression: str
    zone: ZoneInfo

    def after(self, time: float) -> Tick:
        """Return the first tick later than `time`, on a clock that counts from 1970."""
        return self._tick(math.floor(time), reverse=False)

    def until(self, time: float) -> Tick:
        """Return the last tick that is not later than `time`."""
        return self._tick(math.floor(time) + 1, reverse=True)

    def _tick(self, beside: int, *, reverse: bool) -> Tick:
        date = next(CronSim(self.expression, datetime.fromtimestamp(beside, self.zone), reverse=reverse))
        return Tick(date.timestamp(), date.isoformat())


def cron(expression: str, *, zone: str = "UTC") -> Cron:
    """Return a schedule by the calendar, such as "0 6 * * MON": every Monday at 6.

    Args:
        expression: five fields: minute, hour, day of the month, month, day of the week. cronsim reads it, and treats
            daylight saving as Debian's cron does: a fixed hour that a change of clocks skips ticks right after it, and
            one that comes twice ticks once.
        zone: name of a time zone, such as "Europe/Berlin".

    Raises:
        ValueError: for an expression or a zone that does not exist; the message names it.
    """
    try:
        where = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"no time zone {zone!r}; names are like 'Europe/Berlin'") from error
    try:
        CronSim(expression, datetime(2026, 1, 1, tzinfo=where))
    except CronSimError as error:
        raise ValueError(f"no cron expression {expression!r}: {error}; five fields, such as '*/5 * * * *'") from error
    return Cron(expression, where)


@dataclass
class _Recurring:
    """One recurring job, and what this scheduler knows of where it stands. The queue's memory knows for sure."""

    name: str
    schedule: Schedule
    type: str
    data: Any
    options: dict[str, Any]
    overlap: Overlap
    catch_up: CatchUp
    looked: float = -math.inf
    """When the memory was last looked at."""
    next: float = -math.inf
    """The first tick after that."""
    job: int | None = None
    """The last job that was enqueued."""


class Scheduler:
    """Enqueues a job at every tick of its schedules.

    It only enqueues: workers do the jobs. There may be several schedulers with the same schedules: each tick gets one
    job. A scheduler that was down goes on where it stopped, as far as the queue outlives it.

    Args:
        queue: where the jobs go, whose clock counts, and which remembers the last tick of each recurring job.
        grace: seconds by which a tick may be late and still count as in time.
        longest_sleep: seconds after which it looks at the clock in any case: somebody may have set it.

    Raises:
        TypeError: for a queue that has no `memory`.
        TypeError, ValueError: for a number that makes no sense; the message names it.
    """

    def __init__(self, queue: SchedulerQueue, *, grace: float = 1.0, longest_sleep: float = 60.0) -> None:
        if not callable(getattr(queue, "memory", None)):
            raise TypeError(f"queue must have memory(), as JobQueue and SQLiteQueue do, got {queue!r}")
        self.queue = queue
        self.grace = check_seconds("grace", grace)
        self.longest_sleep = check_seconds("longest_sleep", longest_sleep, zero=False)
        self._recurring: dict[str, _Recurring] = {}
        self._changed: asyncio.Event | None = None
        self._over = False

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
        """Have a job enqueued at every tick, as long as `run` is running.

        Args:
            name: of the recurring job, the same in every scheduler and after every restart: the queue remembers by it
                where the job stands, and it is part of every tick's key.
            schedule: when: `every(300)`, `cron("0 6 * * MON")`.
            type: of the job.
            data: what its handler gets.
            overlap: what to do at a tick while the job of an earlier tick is unfinished. "skip": nothing. "queue one":
                keep the first such tick, and run it as soon as that job ends. "coalesce": the same, with the last such
                tick, which stands for all of them. A job that ends in the very moment of a tick counts as unfinished.
            catch_up: what to do about ticks that went by while no scheduler looked: it was down, the machine slept, the
                clock was set. "one": run once, for the last of them. "none": wait for the next. Never a burst.
            options: `priority` and `max_attempts`, as for `enqueue`.

        Raises:
            ValueError: for a name that is taken or empty, and for a policy that does not exist.
            TypeError: for an option that is not one of `enqueue`'s.
        """
        if not isinstance(name, str) or not name:
            raise ValueError(f"name must be a text that is not empty, got {name!r}")
        if name in self._recurring:
            raise ValueError(f"there is a recurring job {name!r} already; remove it first")
        for argument, value, known in (("overlap", overlap, Overlap), ("catch_up", catch_up, CatchUp)):
            if value not in get_args(known):
                raise ValueError(f"{argument} must be one of {', '.join(map(repr, get_args(known)))}, got {value!r}")
        unknown = sorted(set(options) - {"priority", "max_attempts"})
        if unknown:
            raise TypeError(f"a recurring job has no option {unknown[0]!r}; there are: priority, max_attempts")
        self._recurring[name] = _Recurring(name, schedule, type, data, options, overlap, catch_up)
        self._wake()

    def remove(self, name: str) -> None:
        """Enqueue no more of these, and forget where they stood. What is in the queue already stays.

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
        self._changed, self._over = asyncio.Event(), False
        unsubscribe = self.queue.subscribe(self._notice)
        try:
            while not self._over:
                self._changed.clear()
                for recurring in list(self._recurring.values()):
                    self._look_at(recurring)
                await self._sleep()
        finally:
            unsubscribe()
            self._changed = None

    def stop(self) -> None:
        """End `run`. What is in the queue stays."""
        self._over = True
        self._wake()

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()

    async def _sleep(self) -> None:
        """Sleep until the next tick, a change, or for the longest sleep."""
        assert self._changed is not None
        now = self.queue.clock()
        due = min((recurring.next for recurring in self._recurring.values()), default=math.inf)
        try:
            async with asyncio.timeout(max(0.0, min(due - now, self.longest_sleep))):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _notice(self, event: JobEvent) -> None:
        """When a job ends, let the tick that waits for it have its turn."""
        if event.status in ENDED:
            for recurring in list(self._recurring.values()):
                if recurring.job == event.job_id:
                    self._look_at(recurring, ended=event.at)

    def _look_at(self, recurring: _Recurring, ended: float = -math.inf) -> None:
        """Do what is due for one recurring job; `ended` is when its last job did, if that is the news."""
        now = self.queue.clock()
        if recurring.looked <= now < recurring.next and ended == -math.inf:
            return
        recurring.looked, recurring.next = now, math.inf
        try:
            with self._memory(recurring.name) as memory:
                self._advance(recurring, memory, now, ended)
        except QueueError as error:  # nothing was changed: the tick is still to be done, unless the next comes first
            log.warning("recurring job %r was refused at %s: %s", recurring.name, now, error)
            recurring.next = min(recurring.next, now + self.longest_sleep)

    def _advance(self, recurring: _Recurring, memory: dict[str, Any], now: float, ended: float) -> None:
        """Go on from where the memory says that the recurring job stands.

        "start" is when it was first met, "seen" the last tick that was dealt with, "job" the last job, and "held" a
        tick that waits for that job to end.
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
                # By the times, not by who came first: what ends in the moment of a tick was there at that tick.
                if ended < tick.at:
                    self._enqueue(recurring, tick, memory)
                    return
                if recurring.overlap == "coalesce" or (recurring.overlap == "queue one" and not memory.get("held")):
                    memory["held"] = [*tick]
        if memory.get("held") and ended < math.inf:
            self._enqueue(recurring, Tick(*memory["held"]), memory)
        recurring.job = memory.get("job")

    def _enqueue(self, recurring: _Recurring, tick: Tick, memory: dict[str, Any]) -> None:
        """Enqueue the job of a tick. It stands for a tick that was held as well."""
        job = self.queue.enqueue(
            recurring.type, recurring.data, key=f"{recurring.name}@{tick.name}", **recurring.options
        )
        memory["job"] = recurring.job = job.id
        memory["held"] = None

    def _end_of(self, job_id: int | None, now: float) -> float:
        """Return when a job ended: inf if it has not, -inf if there is no such job (any more)."""
        job = None if job_id is None else self.queue.get(job_id)
        if job is None:
            return -math.inf
        if job.status not in ENDED or job.finished_at is None:
            return math.inf
        return job.finished_at if job.finished_at <= now else -math.inf  # the clock was set back

    def _memory(self, name: str) -> AbstractContextManager[dict[str, Any]]:
        return self.queue.memory(f"recurring:{name}")


def _from(start: float, schedule: Schedule) -> Schedule:
    """Return a schedule whose grid starts then, unless it has a start of its own."""
    return replace(schedule, start=start) if isinstance(schedule, Every) and schedule.start is None else schedule
