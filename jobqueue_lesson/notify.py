"""Listeners are called after every move, and whoever sleeps until there is something to do is woken (notebook 03).

Every queue of the course does both the same way: in the order of the moves, whatever a listener does, and one waiter
for each job.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from .arguments import check_listener
from .contract import Listener
from .job import JobEvent

log = logging.getLogger("jobqueue_lesson")


class Listeners(list[Listener]):
    """Those that `subscribe` has added, and the events that they have not been called with yet.

    Args:
        queue: the queue's name, for the log.
    """

    def __init__(self, queue: str) -> None:
        super().__init__()
        self.queue = queue
        self.events: deque[JobEvent] = deque()
        self._delivering = False

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; return what removes it.

        Raises:
            TypeError: if it cannot be called.
        """
        check_listener(listener)
        self.append(listener)
        return lambda: self.remove(listener) if listener in self else None

    def deliver(self) -> None:
        """Call every listener with every event, in order, also of moves that a listener makes.

        A listener that raises is logged. Ctrl-C in one is passed on once the others have had that event; what is left
        is delivered with the next one.
        """
        if self._delivering:  # a listener made this move; the loop below, further up the stack, will come to it
            return
        self._delivering = True
        interrupt = None
        try:
            while self.events and interrupt is None:
                event = self.events.popleft()
                for listener in tuple(self):
                    try:
                        listener(event)
                    except Exception:
                        log.exception("a listener of queue %r failed at %r; the job is safe", self.queue, event)
                    except BaseException as error:
                        interrupt = error
        finally:
            self._delivering = False
        if interrupt is not None:
            raise interrupt


class Waiters(deque["asyncio.Future[None]"]):
    """The calls of `wait` that are asleep, first come, first served; and those of `join`. Shared by all queues.

    A queue's `rouse` wakes as many as there are jobs for and sets the alarm for the next job. Whoever is woken need not
    take a job: it may be cancelled before it runs. So once it is back, `rouse` looks again, while others are asleep.
    """

    def __init__(self) -> None:
        super().__init__()
        self.coming = 0
        """How many were woken, and are not back from `sleep` yet."""
        self.joiners: list[asyncio.Future[None]] = []
        """The calls of `join` that are asleep."""
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

    async def join(self, unfinished: Callable[[], int], asleep: Callable[[], None] = lambda: None) -> None:
        """Sleep until no job is unfinished. `asleep` is called as soon as this is one of the sleepers."""
        while unfinished():
            joiner: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.joiners.append(joiner)
            asleep()
            await joiner

    def finish(self) -> None:
        """After the last job: wake every `join`, and each `wait` that asked for it."""
        for waiter in [waiter for waiter in self if waiter in self._or_finished]:
            self.remove(waiter)
            self._wake(waiter)
        self._stop_alarm()
        self._end_joins()

    def wake_all(self) -> None:
        """Wake every `wait` and every `join`: they find out for themselves what is wrong."""
        self.wake()
        self._end_joins()

    def _end_joins(self) -> None:
        for joiner in self.joiners:
            if not joiner.done():
                joiner.set_result(None)
        self.joiners.clear()

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
