"""Running a learner's code: it is stopped if it never ends, and somebody may look on line by line (pages 2 and 14)."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from .lines import Line, is_library, line_at

AGAIN = 0.005
"""Seconds after which code that caught the exception is stopped again; it may catch a thousand of them."""
SPARED = 200
"""How often in a row the clock rings in vain, since it would not hit code that is watched."""
BUSY = 5
"""How many times as long code may run on a busy machine, where it gets but a share of a processor."""
SHARE = 0.05
"""The share of a processor that code has at least if it runs; if it has less, it sleeps, or waits for something."""
LOOK = 0.25
"""Seconds between two looks at which of both it is."""


class Endless(BaseException):
    """The learner's code does not end. Not an Exception, so that no `except Exception` in that code catches it.

    Args:
        limit: how long it ran.
        line: the learner's line that was running; None if there was none.
    """

    def __init__(self, limit: str, line: Line | None) -> None:
        self.line = line
        where = "work" if line is None else f"line {line.number}: {line.text}"
        super().__init__(f"after {limit} it is still at {where}")


def has_clock() -> bool:
    """Whether code can be stopped by the clock here: there are signals, and this is the thread that gets them."""
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


def is_learners(filename: str) -> bool:
    """Whether code is the learner's own, by the name of its file."""
    return not is_library(filename)


def _on_the_stack(frame: FrameType | None, watched: Callable[[str], bool]) -> bool:
    """Whether code that is watched is running in this frame, or has called it."""
    while frame is not None:
        if watched(frame.f_code.co_filename):
            return True
        frame = frame.f_back
    return False


class _Processor:
    """How long this thread has had a processor since the code began."""

    def __init__(self) -> None:
        self.start = self.looked = time.monotonic()
        self.first = self.had = time.thread_time()

    def still_to_give(self, seconds: float) -> float:
        """Return how many of its seconds the code should have it yet; 0 if it sleeps, or has been at it too long."""
        now, has = time.monotonic(), time.thread_time()
        runs = has - self.had > SHARE * (now - self.looked)
        self.looked, self.had = now, has
        return seconds - (has - self.first) if runs and now - self.start < BUSY * seconds else 0.0


@contextmanager
def guarded(
    *,
    lines: int | None,
    seconds: float,
    watched: Callable[[str], bool] = is_learners,
    on_line: Callable[[FrameType], object] | None = None,
) -> Iterator[None]:
    """Stop code that never ends: after a number of lines on all systems, and by the clock if there are signals.

    Args:
        lines: how many lines of the learner's code may run; None: as many as there is time for. Counting them makes
            that code several times slower.
        seconds: the same in real time, if the system has signals; for code that sleeps in real time, or waits for a
            lock that it has itself. Code that runs on a busy machine may take up to `BUSY` times as long, until it has
            had a processor for that time.
        watched: whether a file's lines count, by its name.
        on_line: is called before each of those lines is run.

    Raises:
        Endless: if the code in the `with` block does not end.
    """
    left = lines or 0
    over = False
    spared = 0
    first: Line | None = None  # the line at which it was stopped first: something may catch that, and run on
    clock = has_clock()

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        return count(frame, event, argument) if watched(frame.f_code.co_filename) else None

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left, first
        if event == "line":
            if on_line is not None:
                on_line(frame)
            left -= 1
            if left < 0:
                # Python stops tracing now. If something catches this exception, the clock raises it again; if there is
                # no clock, as in a browser or on Windows, tracing starts again with the next call or return.
                if clock:
                    signal.setitimer(signal.ITIMER_REAL, AGAIN, AGAIN)
                else:
                    sys.setprofile(trace_again)
                first = first or line_at(frame)
                raise Endless(f"{lines:,} lines", first)
        return count

    def trace_again(*_: object) -> None:
        sys.setprofile(None)
        if not over:
            sys.settrace(enter)

    def ring(_: int, frame: FrameType | None) -> None:
        nonlocal first, spared
        if over:
            return
        if first is None and (rest := processor.still_to_give(seconds)) > 0:
            signal.setitimer(signal.ITIMER_REAL, min(max(rest, AGAIN), LOOK))
        elif spared < SPARED and not _on_the_stack(frame, watched):
            # Perhaps in a finalizer, where an exception would be lost.
            spared += 1
            signal.setitimer(signal.ITIMER_REAL, AGAIN)
        else:
            spared = 0
            first = first or line_at(frame)
            signal.setitimer(signal.ITIMER_REAL, AGAIN, AGAIN)
            limit = f"{lines:,} lines" if left < 0 else f"{seconds:g} s on a real clock"
            raise Endless(limit, first)

    tracer, profiler = sys.gettrace(), sys.getprofile()
    if clock:
        outer = signal.setitimer(signal.ITIMER_REAL, 0)  # another guard's clock: it stands still meanwhile
        handler = signal.signal(signal.SIGALRM, ring)
        processor = _Processor()
        signal.setitimer(signal.ITIMER_REAL, seconds)
    if lines is not None:
        sys.settrace(enter)
    try:
        try:
            yield
        finally:
            over = True
    finally:
        over = True  # again, in case the clock rang in between
        sys.setprofile(profiler)
        sys.settrace(tracer)
        if clock:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
            signal.setitimer(signal.ITIMER_REAL, *outer)
    if left < 0:  # it was stopped, but something caught the exception
        raise Endless(f"{lines:,} lines", first)
