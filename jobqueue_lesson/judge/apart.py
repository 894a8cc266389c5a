"""Keeping a queue's own words apart from the judge's: what it prints, logs and warns of (page 14)."""

from __future__ import annotations

import io
import logging
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import FrameType
from typing import Any

from ..guarded import has_clock
from ..lines import Line, own_line
from ..simulation import one_thread
from .calls import Outcome, Raised, Returned

LONGEST = 2000
"""How many characters of what a queue prints are kept."""

RAISED = (Exception, SystemExit, KeyboardInterrupt, GeneratorExit)
"""What code of a queue may raise: all but what a judge raises to stop it, and what asyncio cancels it with."""


class _Beginning(io.StringIO):
    """A stream that keeps only the first characters that are written to it."""

    def write(self, text: str) -> int:
        if self.tell() <= LONGEST:
            super().write(text[: LONGEST + 1 - self.tell()])
        return len(text)


class Apart:
    """Keeps what a queue prints, and knows which of its lines ran last."""

    def __init__(self) -> None:
        self.line: Line | None = None
        """The line of the queue's method that ran last in this call; None if that is not asked for, or if the queue is
        the course's own."""
        self.counts_lines = not has_clock()
        """Whether lines are counted to stop code that never ends. Where there is a clock, that can wait until one call
        has taken too long."""
        self.seen_endless = False
        """Whether a call was seen twice not to end: then nobody waits so long for it again."""
        self.on_line: Any = None
        """Is called before each line of the queue's code."""
        self._outermost: FrameType | None = None
        self._printed = _Beginning()
        self._interrupted = False

    @property
    def printed(self) -> str:
        """What was printed, shortened."""
        text = self._printed.getvalue()
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"

    def ask(self, queue: Any, method: str, *by_position: Any, **by_name: Any) -> Outcome:
        """Call a method of a queue. Whatever it raises is its outcome, except for Ctrl-C."""
        try:
            outcome: Outcome = Returned(getattr(queue, method)(*by_position, **by_name))
        except RAISED as error:
            outcome = Raised(error)
        self.raise_if_interrupted()
        return outcome

    def forget_line(self) -> None:
        """Begin a new call."""
        self.line = self._outermost = None

    @property
    def keeps_lines(self) -> bool:
        """Whether it is kept which line ran last in each call."""
        return self.on_line is not None

    def keep_lines(self) -> None:
        """Keep which line of the queue's method ran last in each call, from now on. It takes time."""
        lines: dict[Any, Line | None] = {}

        def keep(frame: FrameType) -> None:
            place = frame.f_code, frame.f_lineno
            if place not in lines:
                lines[place] = own_line(frame)
            if lines[place] is not None and self._outermost in (None, frame):
                self._outermost = frame
                self.line = lines[place]

        self.on_line = keep

    def raise_if_interrupted(self) -> None:
        """Pass on a Ctrl-C that the queue has caught.

        Raises:
            KeyboardInterrupt: if somebody pressed Ctrl-C. The queue's own KeyboardInterrupt does not count.
        """
        if self._interrupted:
            raise KeyboardInterrupt

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Keep what is printed, logged and warned of in this block, and notice Ctrl-C."""
        self._printed = _Beginning()
        root = logging.getLogger()
        with one_thread:  # all of this is of the whole process
            handlers, root.handlers = root.handlers, [logging.StreamHandler(self._printed)]
            restore = self._listen_to_ctrl_c()
            try:
                with redirect_stdout(self._printed), redirect_stderr(self._printed), warnings.catch_warnings():
                    warnings.simplefilter("default")
                    warnings.showwarning = self._note_warning
                    yield
            finally:
                root.handlers = handlers
                restore()
        self.raise_if_interrupted()

    def _note_warning(self, message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        self._printed.write(f"{category.__name__}: {message}\n")

    def _listen_to_ctrl_c(self) -> Any:
        def interrupt(*_: object) -> None:
            self._interrupted = True
            raise KeyboardInterrupt

        if threading.current_thread() is not threading.main_thread() or sys.platform == "emscripten":
            return lambda: None
        before = signal.signal(signal.SIGINT, interrupt)
        return lambda: signal.signal(signal.SIGINT, before)
