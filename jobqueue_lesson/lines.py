"""Which line of the learner's own code made a move (page 0).

`History(queue, lines=True)` asks for it. A queue reads the line from the stack while the move is being made. When a
listener is called, the stack may be that of another move: events are delivered one after another, and some are of
moves that other processes made.
"""

from __future__ import annotations

import linecache
import os
import re
import sys
from functools import lru_cache
from types import FrameType
from typing import Any, NamedTuple

from .contract import Listener
from .job import JobEvent

LONGEST = 72
"""Characters of a line that are shown: with its place, they fit into two lines of a telephone."""
PROMPTS = ("<stdin>", "<python-input-", "<console>", "<pyshell#")
"""How names start that stand for no file, but for what somebody types at a prompt: Python's, and IDLE's."""


class Line(NamedTuple):
    """A line of the learner's own code."""

    place: str
    """A cell, by the number at its prompt, such as "cell 12"; or the name of a file, such as "my_queue.py"."""
    number: int
    """1 for the first line of the cell or the file, counted as in Python's error messages."""
    text: str
    """What is on it; empty if that is not known."""

    def __str__(self) -> str:
        where = f"{self.place}, line {self.number}"
        shown = self.text if len(self.text) <= LONGEST else f"{self.text[: LONGEST - 1].rstrip()}…"
        return f"{where}: {shown}" if shown else where


class EventWithLine(JobEvent):
    """An event, and the line that made it. It equals the same event without one, and looks like it."""

    line: Line | None = None

    def __repr__(self) -> str:
        return repr(JobEvent(*self))


class LineListener:
    """A listener that asks for lines: while a queue has one, its events come from `with_line`."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener

    def __call__(self, event: JobEvent) -> None:
        """Call the listener."""
        self.listener(event)


def with_line(event: JobEvent, line: Line | None) -> JobEvent:
    """Return an event together with the line that made it; None: the event as it is."""
    if line is None:
        return event
    known = EventWithLine(*event)
    known.line = line
    return known


def line_of(event: JobEvent) -> Line | None:
    """Return the line that made an event; None if it is not known."""
    return event.line if isinstance(event, EventWithLine) else None


def calling_line() -> Line | None:
    """Return the learner's line that is running: the innermost outside this package, and outside all libraries.

    Returns:
        The line; None if there is none, as in a task that the event loop of a notebook's kernel runs between cells.
    """
    try:
        return line_at(sys._getframe(1))
    except Exception:  # an unknown kind of notebook, or of module: the move must not fail because of it
        return None


@lru_cache(maxsize=4096)
def is_library(filename: str) -> bool:
    """Whether code is of this package, the standard library, or an installed one, by the name of its file."""
    if filename.startswith("<"):
        return filename.startswith("<frozen")
    path = os.path.normcase(filename)
    return path.startswith(_LIBRARIES) or not _INSTALLED.isdisjoint(path.split(os.sep))


# The folders of this package, and of the standard library, which may be a zip file.
_LIBRARIES = tuple(os.path.normcase(os.path.join(os.path.dirname(file), "")) for file in (__file__, linecache.__file__))
_INSTALLED = {"site-packages", "dist-packages"}


def raising_line(error: BaseException) -> Line | None:
    """Return the learner's line that raised an error, the innermost; None if there is none."""
    found, traceback = None, error.__traceback__
    while traceback is not None:
        found = own_line(traceback.tb_frame, number=traceback.tb_lineno) or found
        traceback = traceback.tb_next
    return found


def own_line(frame: FrameType, timed: int = 0, number: int | None = None) -> Line | None:
    """Return the line that a frame is at, if it is the learner's; None if it is not. For the rest, see `_line`."""
    name = frame.f_code.co_filename
    place = None if is_library(name) else _place(name)
    return None if place is None else _line(place, frame, timed, number)


def line_at(frame: FrameType | None) -> Line | None:
    """Return the learner's line that a frame is at, or the nearest of its callers that is at one."""
    timed = 0
    while frame is not None:
        if frame.f_code.co_filename.startswith("<timed "):  # what the magic %%time runs
            timed = frame.f_lineno
        elif (line := own_line(frame, timed)) is not None:
            return line
        frame = frame.f_back
    return None


def _place(name: str) -> str | None:
    """Name the cell or the file whose code has this name; None if it is neither, as in `exec("…")`."""
    ipython = sys.modules.get("IPython")
    shell: Any = ipython and ipython.get_ipython()
    if shell is not None and (known := shell.compile.format_code_name(name)) is not None:
        number = int(re.sub(r"\D", "", known[1]))  # of "In[12]"
        cells = shell.history_manager.input_hist_parsed
        # What a magic or a program runs as if it was a cell has a name and a number as well, but it is in no cell.
        code = "".join(linecache.getlines(name)).rstrip("\n")
        is_cell = number < len(cells) and cells[number].splitlines() == code.splitlines()
        return f"cell {number}" if is_cell else None
    if name.startswith("<"):
        return name if name.startswith(PROMPTS) else None
    folder, file = os.path.split(name)
    of_another_notebook = re.fullmatch(r"ipykernel_\d+", os.path.basename(folder))  # a cell of it that %run runs
    return file if file and not of_another_notebook else None


def _line(place: str, frame: FrameType, timed: int, number: int | None) -> Line:
    """Return the line that a frame is at: of a statement with several lines, the one with the call.

    Args:
        place: see `Line`.
        frame: the frame.
        timed: the number of the line that %%time is running, in the lines below it; 0 if it is not running.
        number: another line than the one that the frame is at now.
    """
    name, number = frame.f_code.co_filename, number or frame.f_lineno
    text = linecache.getline(name if name.startswith("<") else os.path.abspath(name), number, frame.f_globals).strip()
    if "get_ipython().run_" in text:  # what IPython makes of a magic; nobody wrote that
        return Line(place, number + (timed if "run_cell_magic('time'" in text else 0), "")
    return Line(place, number, text)
