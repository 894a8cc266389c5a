"""How a check works: it runs the learner's code safely, and says what it found.

A check is given the answer, and reports what is wrong with it through `expect` or `same`. `exercise` handles the rest:
an answer that is still the stub, an exception, an endless loop, a wrong number of parameters.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import signal
import sys
import textwrap
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from types import FrameType
from typing import Any, NamedTuple

from ..lines import is_library
from ..show import kept

LINES = 300_000
"""How many lines of the learner's code a check runs before it reports an endless loop."""
SECONDS = 20.0
"""Seconds of real time after which a check gives up, if the system has signals; for code that sleeps in real time."""


class NotYet(Exception):
    """An answer is not right yet: what was seen, what was expected, and a hint for just this fault, if there is one."""

    def __init__(self, seen: str, expected: str, hint: str = "") -> None:
        super().__init__(seen, expected)
        self.seen = seen
        self.expected = expected
        self.hint = hint


class Endless(BaseException):
    """The learner's code does not end. Not an Exception, so that no `except Exception` in that code catches it."""


class Exercise(NamedTuple):
    """An exercise, without its check."""

    name: str
    page: str
    """The notebook, such as "04_retries"."""
    title: str
    stub: Any
    """What the learner starts with: a function, or a value."""
    hints: tuple[str, ...]


EXERCISES: dict[str, Exercise] = {}
"""All exercises whose modules have been imported, by name."""


class Reply:
    """The reply of a check.

    Args:
        passed: None if it neither passed nor failed.
        first: its first line.
        hints: more hints, folded: a page shows one after the other.
        details: what was seen, what was expected, and a hint.
    """

    def __init__(self, passed: bool | None, first: str, hints: Sequence[str] = (), **details: str) -> None:
        self.passed = passed
        self.first = first
        self.hints = tuple(hints)
        self.details = details

    def __repr__(self) -> str:
        return "\n".join([self.first, *(f"  {name + ':':10}{said}" for name, said in self.details.items())])

    def _repr_html_(self) -> str:
        """Show the same text with a bar at the left; the bar's colour adds nothing to the words."""
        colour = "#009e73" if self.passed else "#a86c00"
        lines = [f"<b>{escape(self.first)}</b>"]
        lines += [
            f"<i>{name}:</i> <code>{escape(said)}</code>" for name, said in self.details.items() if name != "hint"
        ]
        lines += [f"<i>hint:</i> {escape(self.details['hint'])}"] if "hint" in self.details else []
        text = "<br>".join(lines) + self._folded(self.hints)
        return f'<div style="border-left: 5px solid {colour}; padding: 2px 12px">{text}</div>'

    def _folded(self, hints: Sequence[str]) -> str:
        """Return hints as HTML, each folded inside the one before it."""
        if not hints:
            return ""
        name = "A hint" if len(hints) == len(self.hints) and "hint" not in self.details else "Another hint"
        return f"<details><summary>{name}</summary>{escape(hints[0])}{self._folded(hints[1:])}</details>"


def expect(right: object, seen: str, expected: str, hint: str = "") -> None:
    """Raise `NotYet` unless `right`. `hint`: a hint for this fault; without one, the exercise's first hint is given."""
    if not right:
        raise NotYet(seen, expected, hint)


def same(what: str, seen: object, expected: object, hint: str = "", verb: str = "gives") -> None:
    """Raise `NotYet` unless two values are equal, as in `same("my_backoff(3)", 4, 8)`. For `hint`, see `expect`."""
    if seen != expected:
        said = gives(seen) if verb == "gives" else f"{verb} {seen!r}"
        raise NotYet(f"{what} {said}", repr(expected), hint)


def gives(seen: object) -> str:
    """Say what a function gives: "gives 3" or, if it is None, what is the matter then."""
    return f"gives {seen!r}" + (" – is a return missing?" if seen is None else "")


def exercise(
    page: str, title: str, *, stub: Any, hints: Sequence[str]
) -> Callable[[Callable[[Any], None]], Callable[..., Reply]]:
    """Turn a function that raises `NotYet` for a wrong answer into a check.

    The check takes the answer, and `mine=False` for an answer that is not the learner's own: the course's solution.

    Args:
        page: the notebook it belongs to, such as "04_retries".
        title: what the learner should do, in a few words.
        stub: what is in the cell at first.
        hints: from the first nudge to nearly the solution.
    """

    def make(find_fault: Callable[[Any], None]) -> Callable[..., Reply]:
        name = find_fault.__name__.removeprefix("check_")
        this = EXERCISES[name] = Exercise(name, page, title, stub, tuple(hints))

        def check(answer: Any, *, mine: bool = True) -> Reply:
            called = getattr(answer, "__name__", "your answer")
            if _untouched(answer, stub):
                return Reply(None, "Not yet: nothing has changed here. Edit this cell, then run it again.", this.hints)
            try:
                _fits(answer, stub, find_fault.__name__)
                with _guarded():
                    find_fault(answer)
            except NotYet as fault:
                return _refuse(this, fault.seen, fault.expected, fault.hint)
            except (Exception, Endless) as error:
                return _refuse(this, *_describe(error, called))
            if not mine:
                return Reply(True, "✓ This solution works.")
            kept.mark_solved(name)
            return Reply(True, "✓ Solved.")

        check.__name__ = check.__qualname__ = find_fault.__name__
        check.__doc__ = find_fault.__doc__
        check.__module__ = find_fault.__module__
        return check

    return make


def _refuse(this: Exercise, seen: str, expected: str, hint: str = "") -> Reply:
    """Return the reply to a wrong answer: with the hint for its fault, or else the first one, and the rest folded."""
    first, *more = dict.fromkeys([hint, *this.hints] if hint else this.hints)
    return Reply(False, "Not yet.", more, seen=seen, expected=expected, hint=first)


# --- what must be true of an answer before it is tried ---


def _untouched(answer: Any, stub: Any) -> bool:
    if inspect.isfunction(stub):
        return inspect.isfunction(answer) and _body(answer) == _body(stub)
    return type(answer) is type(stub) and bool(answer == stub)


def _body(function: Any) -> list[str]:
    """Return a function's parameters and body, without its name; without its source, a text that equals no other.

    Not its bytecode, which depends on what else is compiled with it.
    """
    try:
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
        return [ast.dump(definition.args), *map(ast.dump, definition.body)]  # type: ignore[attr-defined]
    except (OSError, SyntaxError, ValueError, AttributeError):
        return [repr(function)]


def _fits(answer: Any, stub: Any, check: str) -> None:
    """Raise `NotYet` for an answer that is not called like the stub."""
    if not inspect.isfunction(stub):
        return
    if not callable(answer):
        raise NotYet(
            f"{answer!r}, which is not a function",
            f"the function itself, without brackets: {check}(my_function)",
            "The check calls your function itself.",
        )
    called = getattr(answer, "__name__", "it")
    wanted = inspect.signature(stub)
    try:
        inspect.signature(answer).bind(*wanted.parameters)
    except TypeError:
        raise NotYet(
            f"{called}{_plain(inspect.signature(answer))}",
            f"{called}{_plain(wanted)}",
            "Keep the parameters of the function in the cell: the check calls it with them.",
        ) from None
    if inspect.iscoroutinefunction(stub) != inspect.iscoroutinefunction(answer):
        kinds = {True: "async def", False: "def without async"}
        is_async = inspect.iscoroutinefunction(stub)
        hint = "Put async before def." if is_async else "Leave async out: nothing here has to wait."
        raise NotYet(f"{called} is defined with {kinds[not is_async]}", kinds[is_async], hint)


def _plain(signature: inspect.Signature) -> str:
    return "(" + ", ".join(signature.parameters) + ")"


# --- running the learner's code ---


def _is_learners(filename: str) -> bool:
    return not is_library(filename)


@contextmanager
def _guarded() -> Iterator[None]:
    """Stop code that never ends: after a number of lines on all systems, and by the clock if there are signals."""
    left = LINES
    over = False
    clock = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        return count(frame, event, argument) if _is_learners(frame.f_code.co_filename) else None

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if event == "line":
            left -= 1
            if left < 0:
                # Python stops tracing now. If something catches this exception, the clock raises it again; if there is
                # no clock, as in a browser or on Windows, tracing starts again with the next call or return.
                if clock:
                    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
                else:
                    sys.setprofile(trace_again)
                raise Endless(f"after {LINES:,} lines it is still at {_where(frame)}")
        return count

    def trace_again(*_: object) -> None:
        sys.setprofile(None)
        if not over:
            sys.settrace(enter)

    def ring(_: int, frame: FrameType | None) -> None:
        if not over:
            signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
            limit = f"{LINES:,} lines" if left < 0 else f"{SECONDS:g} s on a real clock"
            raise Endless(f"after {limit} it is still at {_where(frame)}")

    tracer, profiler = sys.gettrace(), sys.getprofile()
    if clock:
        handler = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
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
    if left < 0:  # it was stopped, but something caught the exception
        raise Endless(f"it did not end within {LINES:,} lines")


def _where(frame: FrameType | None) -> str:
    """Return the innermost line of the learner's code."""
    while frame is not None and not _is_learners(frame.f_code.co_filename):
        frame = frame.f_back
    return "work" if frame is None else _line(frame.f_code.co_filename, frame.f_lineno)


def _describe(error: BaseException, called: str) -> tuple[str, str]:
    """Return which error the learner's code raised, and where; and what was expected."""
    if isinstance(error, Endless):
        return f"{called} does not end: {error}", "code that ends"
    text = f"{type(error).__name__}: {error}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_learners(frame.filename)]
    if frames:
        text += f", at {_line(frames[-1].filename, frames[-1].lineno or 0)}"
    return text, "no exception"


def _line(filename: str, number: int) -> str:
    return f"line {number}: {linecache.getline(filename, number).strip()}"
