"""Calls of a queue as data: what a history is made of, and what became of it (page 14).

A call names its job by the order in which jobs were enqueued, 1 for the first: ids are the queue's own business. So a
call can be left out of a history, and the rest still means something.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..lines import Line, raising_line
from .words import error_in_words, shown_job

POSITIONAL = ("type", "data", "error", "result", "fraction", "note")
"""Arguments that people write without their names."""

ASIDE = ("process", "cancelled")
"""What the queue is not given: which process makes a call, and which worker is cancelled in the same instant."""

UNKNOWN = 99
"""A job that was never enqueued."""
NO_CALLS = ("pass", "reopen")
"""Steps of a history that are no calls."""
KILLED = "the process is killed"


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One step of a history: a method of the queue, or one of these.

    - `pass`: time passes, so many `seconds`; None: until the next job is due
    - `work`: a worker sleeps in `wait`, then claims a job
    - `cancel`: such a worker is cancelled
    - `join`: somebody sleeps in `join`
    - `hear`, `leave`: a second listener subscribes; it unsubscribes
    - `elsewhere`: a job is enqueued in another queue
    - `reopen`: the process ends, and another one opens the same file
    """

    method: str
    job: int | None = None
    arguments: tuple[tuple[str, Any], ...] = ()

    def given(self, name: str) -> Any:
        """Return the value of an argument; None if it is not given."""
        return dict(self.arguments).get(name)

    def arguments_for(self, ids: Sequence[int]) -> tuple[list[Any], dict[str, Any]]:
        """Return what to call the method with: arguments by position, and by name.

        Args:
            ids: the ids of the jobs, in the order in which they were enqueued.
        """
        by_position = [] if self.job is None else [id_of(self.job, ids)]
        by_position += [value for name, value in self.arguments if name in POSITIONAL]
        by_name = {name: value for name, value in self.arguments if name not in (*POSITIONAL, *ASIDE)}
        if "after" in by_name:
            by_name["after"] = id_of(by_name["after"], ids)
        return by_position, by_name

    def text(self, ids: Sequence[int]) -> str:
        """Return the call as somebody would write it."""
        by_position, by_name = self.arguments_for(ids)
        inside = ", ".join([*map(_quoted, by_position), *(f"{name}={_quoted(by_name[name])}" for name in by_name)])
        match self.method:
            case "work":
                finished = self.given("or_finished")
                wait = "" if finished is None else f"or_finished={finished}"
                return f"{self.given('worker')}: await queue.wait({wait})"
            case "cancel":
                return f"{self.given('worker')} is cancelled"
            case "join":
                return "await queue.join()"
            case "hear":
                return "leave = queue.subscribe(listener)"
            case "leave":
                return "leave()"
            case "elsewhere":
                return f"another_queue.enqueue({inside})"
            case "reopen":
                return "the process ends, and another one opens the file"
        by = "another process: " if self.given("process") else ""
        also = f"; {self.given('cancelled')} is cancelled" if self.given("cancelled") else ""
        return f"{by}queue.{self.method}({inside}){also}"


def call(method: str, job: int | None = None, **arguments: Any) -> Call:
    """Make a call; `job`: which one, 1 for the first that was enqueued."""
    return Call(method, job, tuple(arguments.items()))


def id_of(job: int, ids: Sequence[int]) -> int:
    """Return a job's id, from its place; for a job that is not there, an id that no job has."""
    return ids[job - 1] if 0 < job <= len(ids) else max(ids, default=0) + job


def _quoted(value: Any) -> str:
    """Return a value as Python code, with the quotes that the course uses."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, BaseException):
        return f"{type(value).__name__}({', '.join(map(_quoted, value.args))})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(key)}: {_quoted(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value)


def anew(value: Any) -> Any:
    """Return an equal value that is another object, as every request brings it: an argument of a call."""
    if type(value) is str:
        return f"{value} "[:-1]
    return {anew(key): anew(inner) for key, inner in value.items()} if isinstance(value, dict) else value


class Returned(NamedTuple):
    """A call returned a value."""

    value: Any

    def __str__(self) -> str:
        if isinstance(self.value, list):
            return ", ".join(map(shown_job, self.value)) or "[]"
        return shown_job(self.value)


class Raised(NamedTuple):
    """A call raised an error."""

    error: BaseException

    def __str__(self) -> str:
        return error_in_words(self.error)

    @property
    def line(self) -> Line | None:
        """The learner's line that raised it; None if it is not known."""
        return raising_line(self.error)


Outcome = Returned | Raised


class Step(NamedTuple):
    """A call that was made, or what happened after one, in words."""

    at: float
    """When, in seconds of simulated time."""
    text: str
    outcome: str = ""
    """What it returned or raised; empty if that is not the point, as when time passes."""
    line: Line | None = None
    """The line of the queue's own code that ran last in this call, or raised its error; None if it is not known."""
    is_call: bool = False
    """Whether it is a call of the history: time that passes is not, nor is a worker who wakes up."""
