"""How a check works: it runs the learner's code safely, and says what it found.

A check is given the answer, and reports what is wrong with it through `expect` or `same`. `exercise` handles the rest:
an answer that is still the stub, an exception, an endless loop, a wrong number of parameters.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
import textwrap
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any, NamedTuple

from ..guarded import Endless, guarded, is_learners
from ..show import kept
from ..show.prose import to_html

LINES = 300_000
"""How many lines of the learner's code a check runs before it reports an endless loop."""
SECONDS = 20.0
"""Seconds of real time after which a check gives up, if the system has signals; for code that sleeps in real time."""


class NotYet(Exception):
    """An answer is not right yet: what was seen, what was expected, and a hint for just this fault, if there is one.

    `more`: other details, such as the sentence of a contract that this breaks.
    """

    def __init__(self, seen: str, expected: str, hint: str = "", **more: str) -> None:
        super().__init__(seen, expected)
        self.seen = seen
        self.expected = expected
        self.hint = hint
        self.more = more


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
        lines = [f"<b>{to_html(self.first)}</b>"]
        lines += [
            f"<i>{name}:</i> <code>{escape(said)}</code>" for name, said in self.details.items() if name != "hint"
        ]
        lines += [f"<i>hint:</i> {to_html(self.details['hint'])}"] if "hint" in self.details else []
        text = "<br>".join(lines) + self._folded(self.hints)
        return f'<div style="border-left: 5px solid {colour}; padding: 2px 12px">{text}</div>'

    def _folded(self, hints: Sequence[str]) -> str:
        """Return hints as HTML, each folded inside the one before it."""
        if not hints:
            return ""
        name = "A hint" if len(hints) == len(self.hints) and "hint" not in self.details else "Another hint"
        return f"<details><summary>{name}</summary>{to_html(hints[0])}{self._folded(hints[1:])}</details>"


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
    page: str, title: str, *, stub: Any, hints: Sequence[str], endless: str = "", try_stub: bool = False
) -> Callable[[Callable[[Any], None]], Callable[..., Reply]]:
    """Turn a function that raises `NotYet` for a wrong answer into a check.

    The check takes the answer, and `mine=False` for an answer that is not the learner's own: the course's solution.

    Args:
        page: the notebook it belongs to, such as "04_retries".
        title: what the learner should do, in a few words.
        stub: what is in the cell at first.
        hints: from the first nudge to nearly the solution.
        endless: a hint for an answer that does not end.
        try_stub: whether an answer that is still the stub is tried, to show what is wrong with it.
    """

    def make(find_fault: Callable[[Any], None]) -> Callable[..., Reply]:
        name = find_fault.__name__.removeprefix("check_")
        this = EXERCISES[name] = Exercise(name, page, title, stub, tuple(hints))

        def check(answer: Any, *, mine: bool = True) -> Reply:
            called = getattr(answer, "__name__", "your answer")
            if _untouched(answer, stub):
                return _unchanged(this, find_fault if try_stub else None)
            try:
                _fits(answer, stub, find_fault.__name__)
                with guarded(lines=LINES, seconds=SECONDS), _refusing_sleep(answer):
                    find_fault(answer)
            except NotYet as fault:
                return _refuse(this, fault.seen, fault.expected, fault.hint, **fault.more)
            except (Exception, Endless) as error:
                hint = endless if isinstance(error, Endless) else ""
                return _refuse(this, *_describe(error, called), hint)
            if not mine:
                return Reply(True, "✓ This solution works.")
            kept.mark_solved(name)
            return Reply(True, "✓ Solved.")

        check.__name__ = check.__qualname__ = find_fault.__name__
        check.__doc__ = find_fault.__doc__
        check.__module__ = find_fault.__module__
        return check

    return make


def _unchanged(this: Exercise, find_fault: Callable[[Any], None] | None) -> Reply:
    """Return the reply to an answer that is still the stub; with `find_fault`: and what is wrong with the stub."""
    found = {}
    if find_fault is not None:
        try:
            find_fault(this.stub)
        except NotYet as fault:
            found = {"seen": fault.seen, "expected": fault.expected}
    first = "Not yet: nothing has changed here. Edit this cell, then run it again."
    return Reply(None, first, this.hints, **found)


def _refuse(this: Exercise, seen: str, expected: str, hint: str = "", **details: str) -> Reply:
    """Return the reply to a wrong answer: with the hint for its fault, or else the first one, and the rest folded."""
    first, *more = dict.fromkeys([hint, *this.hints] if hint else this.hints)
    return Reply(False, "Not yet.", more, seen=seen, expected=expected, **details, hint=first)


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
    by_name = {name for name, parameter in wanted.parameters.items() if parameter.kind is parameter.KEYWORD_ONLY}
    by_position = [name for name in wanted.parameters if name not in by_name]
    try:
        inspect.signature(answer).bind(*by_position, **dict.fromkeys(by_name))
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


@contextmanager
def _refusing_sleep(answer: Any) -> Iterator[None]:
    """Refuse an answer that calls `time.sleep`. It would pass in simulated time, where only asyncio's sleep counts."""
    sleep = time.sleep
    slept: list[str] = []

    def note(seconds: Any) -> None:
        caller = sys._getframe(1)
        if is_learners(caller.f_code.co_filename):
            slept.append(f"time.sleep({seconds!r}) at {_line(caller.f_code.co_filename, caller.f_lineno)}")
        else:
            sleep(seconds)

    names = getattr(answer, "__globals__", {})
    own = [name for name, value in names.items() if value is sleep]  # from time import sleep
    time.sleep = note
    names.update(dict.fromkeys(own, note))
    try:
        yield
    finally:
        time.sleep = sleep
        names.update(dict.fromkeys(own, sleep))
        if slept:  # before any other fault, since it may be the cause
            raise NotYet(
                slept[0],
                "no time.sleep",
                "It stops the whole process: nobody else is served meanwhile. await asyncio.sleep(…) lets them.",
            ) from None


def _describe(error: BaseException, called: str) -> tuple[str, str]:
    """Return which error the learner's code raised, and where; and what was expected."""
    if isinstance(error, Endless):
        return f"{called} does not end: {error}", "code that ends"
    text = f"{type(error).__name__}: {error}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if is_learners(frame.filename)]
    if frames:
        text += f", at {_line(frames[-1].filename, frames[-1].lineno or 0)}"
    return ", ".join([text, *getattr(error, "__notes__", ())]), "no exception"


def _line(filename: str, number: int) -> str:
    return f"line {number}: {linecache.getline(filename, number).strip()}"
