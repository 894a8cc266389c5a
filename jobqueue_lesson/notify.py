"""Calling listeners after every move, and waking workers when a job is due (page 3).

All queues of the course share this. Listeners get events in the order of the moves, whatever a listener does; and one
waiting worker is woken per job.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from .arguments import validate_listener
from .contract import SHORTEST_TIMER, Listener
from .job import JobEvent
from .lines import LineListener

log = logging.getLogger("jobqueue_lesson")


class Listeners(list[Listener]):
    """The listeners of a queue, and the events that have not been delivered to them yet.

    Args:
        queue: the queue's name, for the log.
    """

    def __init__(self, queue: str) -> None:
        super().__init__()
        self.queue = queue
        self.events: deque[JobEvent] = deque()
        self.want_lines = False
        """Whether one of them is a `LineListener`."""
        self._delivering = False

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; return a function that removes it.

        Raises:
            TypeError: if it is not callable.
        """
        validate_listener(listener)
        self.append(listener)
        self.want_lines = self.want_lines or isinstance(listener, LineListener)

        def unsubscribe() -> None:
            if listener in self:
                self.remove(listener)
                self.want_lines = any(isinstance(other, LineListener) for other in self)

        return unsubscribe

    def deliver(self) -> None:
        """Call every listener with every event, in order, including events of moves that a listener makes.

        If a listener raises, that is logged. Ctrl-C in a listener is raised after the others have had the same event;
        the remaining events are delivered at the next call.
        """
        if self._delivering:  # a listener made this move; the loop below, further up the stack, will deliver it
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
    """The sleeping calls of `wait`, first come, first served, and those of `join`.

    A queue's `wake_due` wakes one waiter per due job, and sets the alarm for the next job. A waiter that was woken may
    be cancelled before it takes a job. So whenever one returns while others are asleep, `wake_due` is called again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waking = 0
        """How many were woken and have not returned from `sleep` yet."""
        self.joiners: list[asyncio.Future[None]] = []
        """The sleeping calls of `join`."""
        self._or_finished: set[asyncio.Future[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_loop: asyncio.AbstractEventLoop | None = None

    async def sleep(self, wake_due: Callable[[], None], *, or_finished: bool) -> None:
        """Sleep until woken. `wake_due` is called once this waiter is registered."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self.append(waiter)
        if or_finished:
            self._or_finished.add(waiter)
        try:
            wake_due()
            await waiter
        finally:
            self._or_finished.discard(waiter)
            if waiter.done() and not waiter.cancelled():
                self.waking -= 1
                if self and not loop.is_closed():
                    loop.call_soon(wake_due)
            else:
                with suppress(ValueError):
                    self.remove(waiter)
                self._stop_alarm()

    def wake(self, jobs: float = math.inf) -> None:
        """Wake waiters until as many are waking as there are jobs."""
        while self and self.waking < jobs:
            self._wake(self.popleft())
        self._stop_alarm()

    async def join(self, unfinished: Callable[[], int], on_sleep: Callable[[], None] = lambda: None) -> None:
        """Sleep until no job is unfinished. `on_sleep` is called once this call is registered."""
        while unfinished():
            joiner: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.joiners.append(joiner)
            on_sleep()
            await joiner

    def finish(self) -> None:
        """Wake every `join`, and each `wait` with `or_finished`, because the last job has ended."""
        for waiter in [waiter for waiter in self if waiter in self._or_finished]:
            self.remove(waiter)
            self._wake(waiter)
        self._stop_alarm()
        self._end_joins()

    def wake_all(self) -> None:
        """Wake every `wait` and every `join`, so that each meets the error itself."""
        self.wake()
        self._end_joins()

    def _end_joins(self) -> None:
        for joiner in self.joiners:
            if not joiner.done():
                joiner.set_result(None)
        self.joiners.clear()

    def set_alarm(self, seconds: float, wake_due: Callable[[], None]) -> None:
        """Call `wake_due` after some seconds, unless no waiter is asleep, or it will be called earlier."""
        if not self:
            return
        loop = self[0].get_loop()
        when = loop.time() + max(seconds, SHORTEST_TIMER)
        if self._alarm is not None:
            if self._alarm_loop is loop and self._alarm.when() <= when:
                return
            self._alarm.cancel()
        self._alarm, self._alarm_loop = loop.call_at(when, self._ring, wake_due), loop

    def _ring(self, wake_due: Callable[[], None]) -> None:
        self._alarm = None
        wake_due()

    def _wake(self, waiter: asyncio.Future[None]) -> None:
        if not waiter.done() and not waiter.get_loop().is_closed():
            waiter.set_result(None)
            self.waking += 1

    def _stop_alarm(self) -> None:
        if not self and self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
