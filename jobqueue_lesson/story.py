"""What happened in a run, in words (page 13)."""

from __future__ import annotations

import asyncio
import inspect
import linecache
import os
import re
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .arguments import shown
from .job import Job

NOT_THE_LEARNERS = {os.path.dirname(__file__), os.path.dirname(asyncio.__file__)}
"""Folders of the modules in which a process waits on behalf of others."""


class Entry(NamedTuple):
    """One thing that happened."""

    at: float
    """Seconds since the start of the run, whatever the clocks show."""
    who: str
    """The process; empty if it was none."""
    what: str


class Story(list[Entry]):
    """What has happened in a run.

    Args:
        time: returns the seconds since the start of the run; None: nothing is told.
    """

    def __init__(self, time: Callable[[], float] | None) -> None:
        super().__init__()
        self.time = time

    def tell(self, who: str, what: str) -> None:
        """Write down what has just happened."""
        if self.time is not None:
            self.append(Entry(self.time(), who, what))


def describe_call(name: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> str:
    """Write a call as in Python, such as `complete(1, attempt=1)`."""
    told = [describe_value(value) for value in arguments]
    told += [f"{option}={describe_value(value)}" for option, value in options.items()]
    return f"{name}({', '.join(told)})"


def describe_answer(call: str, answer: Any) -> str:
    """Write what a call returned: for a job, what is new about it."""
    if not isinstance(answer, Job):
        return describe_value(answer)
    if call == "enqueue":
        return f"job {answer.id}"
    return f"job {answer.id}, attempt {answer.attempts}" if call == "dequeue" else answer.status.value


def describe_error(error: BaseException) -> str:
    """Write an exception; for an `assert` without a message, its line."""
    if not isinstance(error, AssertionError):
        return f"{type(error).__name__}: {error}"
    lines = traceback.extract_tb(error.__traceback__)
    return str(error) or (lines[-1].line if lines else "") or "assert"


def describe_place(coroutines: Iterable[Any]) -> str:
    """Say where a process waits: the function and the line, of all its coroutines, that a learner has written."""
    for coroutine in coroutines:
        place = ""
        while coroutine is not None:
            frame = getattr(coroutine, "cr_frame", None)
            if inspect.iscoroutine(coroutine) and inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
                place = "at its start"
            elif frame is not None and os.path.dirname(frame.f_code.co_filename) not in NOT_THE_LEARNERS:
                line = linecache.getline(frame.f_code.co_filename, frame.f_lineno, frame.f_globals).strip()
                place = f"in {frame.f_code.co_name}" + (f", at: {line}" if line else "")
            coroutine = getattr(coroutine, "cr_await", None)
        if place:
            return place
    return "while it waits"


def describe_value(value: Any) -> str:
    """Write a value in the same way in every run: without its address in memory."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", shown(value))
