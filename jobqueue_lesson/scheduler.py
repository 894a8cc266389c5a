"""Recurring jobs: a scheduler enqueues a job at every tick of a schedule (notebook 08).

A schedule knows its ticks by number or by date, and never asks how long anything took. That keeps it from drifting.
"""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from .job import JobEvent, QueueError, Status, check_seconds
from .queue import QueueContract

Overlap = Literal["skip", "coalesce", "queue one"]
CatchUp = Literal["one", "none"]

ENDED = (Status.COMPLETED, Status.FAILED)

log = logging.getLogger("jobqueue_lesson")


class Tick(NamedTuple):
    """One instant of a schedule."""

    at: float
    """Seconds on the queue's clock."""
    name: str
    """The same wherever and whenever it is computed: two schedulers know the same tick by it."""


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
    start: float

    def after(self, time: float) -> Tick:
        """Return the first tick later than `time`."""
        return self._tick(max(1, self._number(time) + 1))

    def until(self, time: float) -> Tick:
        """Return the last tick that is not later than `time`."""
        return self._tick(self._number(time))

    def _number(self, time: float) -> int:
        """Count the ticks up to `time`. They are counted and not added up, so no error grows."""
        number = math.floor((time - self.start) / self.seconds)
        if self._tick(number + 1).at <= time:  # the division was rounded down
            return number + 1
        return number - 1 if self._tick(number).at > time else number

    def _tick(self, number: int) -> Tick:
        return Tick(self.start + number * self.seconds, str(number))


def every(seconds: float, *, start: float = 0.0) -> Every:
    """Return a schedule with a tick every so many seconds.

    Args:
        seconds: from one tick to the next; above 0.
        start: where the grid begins, on the queue's clock; the first tick is one interval later. Schedulers that shall
            share their ticks need the same start. Give different ones to schedules that shall not all tick at once.

    Raises:
        TypeError, ValueError: for a number that makes no sense; the message names it.
    """
    return Every(check_seconds("seconds", seconds, zero=False), check_seconds("start", start))


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
    """One recurring job, and where it stands."""

    name: str
    schedule: Schedule
    type: str
    data: Any
    options: dict[str, Any]
    overlap: Overlap
    catch_up: CatchUp
    next: Tick
    job: int | None = None
    """The last job that was enqueued, while it is unfinished."""
    held: Tick | None = None
    """A tick that waits for that job to end."""


class Scheduler:
    """Enqueues a job at every tick of its schedules.

    It only enqueues: workers do the jobs. What it enqueues has a key made of the schedule's name and the tick's, so two
    schedulers with the same schedules make one job a tick.

    Args:
        queue: where the jobs go, and whose clock counts.
        grace: seconds by which a tick may be late and still count as in time.
        longest_sleep: seconds after which it looks at the clock in any case: somebody may have set it.
    """

    def __init__(self, queue: QueueContract, *, grace: float = 1.0, longest_sleep: float = 60.0) -> None:
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
        """Have a job enqueued at every tick from now on.

        Args:
            name: of the recurring job; part of every tick's key.
            schedule: when: `every(300)`, `cron("0 6 * * MON")`.
            type: of the job.
            data: what its handler gets.
            overlap: what to do at a tick while the job of an earlier tick is unfinished. "skip": nothing. "queue one":
                keep the first such tick, and run it as soon as that job ends. "coalesce": the same, with the last such
                tick, which stands for all of them.
            catch_up: what to do about ticks that went by while nobody looked: a pause, a clock that was set. "one": run
                once, for the last of them. "none": wait for the next. Never a burst.
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
        first = schedule.after(self.queue.clock())
        self._recurring[name] = _Recurring(name, schedule, type, data, options, overlap, catch_up, first)
        self._wake()

    def remove(self, name: str) -> None:
        """Enqueue no more of these. What is in the queue already stays.

        Raises:
            KeyError: if there is no recurring job of this name.
        """
        if name not in self._recurring:
            raise KeyError(f"no recurring job {name!r}; there are: {', '.join(self._recurring) or 'none'}")
        del self._recurring[name]
        self._wake()

    async def run(self) -> None:
        """Enqueue at every tick until `stop` is called."""
        if self._changed is not None:
            raise RuntimeError("this scheduler is at work already")
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
        due = min((recurring.next.at for recurring in self._recurring.values()), default=math.inf)
        try:
            async with asyncio.timeout(max(0.0, min(due - now, self.longest_sleep))):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _look_at(self, recurring: _Recurring) -> None:
        """Do what is due for one recurring job."""
        now = self.queue.clock()
        due, recurring.next = recurring.next.at <= now, recurring.schedule.after(now)
        if not due:  # woken early, or the clock was set back: no tick is done twice
            return
        last = recurring.schedule.until(now)
        if recurring.catch_up == "one" or now - last.at <= self.grace:
            self._come(recurring, last)

    def _come(self, recurring: _Recurring, tick: Tick) -> None:
        """Enqueue the job of a tick, or do what is to be done while the job of an earlier one is unfinished."""
        if recurring.job is None:
            self._enqueue(recurring, tick)
        elif recurring.overlap == "coalesce" or (recurring.overlap == "queue one" and recurring.held is None):
            recurring.held = tick

    def _enqueue(self, recurring: _Recurring, tick: Tick) -> None:
        """Enqueue the job of a tick. If the queue refuses it, the tick is missed, and the next one is not."""
        try:
            job = self.queue.enqueue(
                recurring.type, recurring.data, key=f"{recurring.name}@{tick.name}", **recurring.options
            )
        except QueueError as error:
            log.warning("recurring job %r: the tick at %s was refused: %s", recurring.name, tick.at, error)
            return
        recurring.job = None if job.status in ENDED else job.id

    def _notice(self, event: JobEvent) -> None:
        """When a job ends, let the tick that waited for it have its turn."""
        if event.status in ENDED:
            for recurring in self._recurring.values():
                if recurring.job == event.job_id:
                    recurring.job = None
                    if recurring.held is not None:
                        tick, recurring.held = recurring.held, None
                        self._enqueue(recurring, tick)
