"""Argument validation: each function accepts a valid value, and rejects any other with the same message everywhere.

The rule: an invalid value, of any type, in any method, raises a `TypeError` or a `ValueError` that names the argument
and says what would be valid.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

SMALLEST, LARGEST = -(2**63), 2**63 - 1
"""The integers that a database can store."""
LONGEST_DELAY = 1e10
"""The longest delay, in seconds: 317 years. A database has to store the date, and its calendar ends."""


def shown(value: object) -> str:
    """Return a value's repr, shortened, for an error message. This works for any value."""
    try:
        text = repr(value).encode(errors="backslashreplace").decode()
    except Exception:  # nested too deeply, too many digits, or a __repr__ that raises
        text = f"a {value.__class__.__name__} that cannot be shown"
    return text if len(text) <= 200 else f"{text[:200]}…"


def validate_number(
    name: str, value: object, *, least: float = 0, above: bool = False, most: float = math.inf, of: str = ""
) -> float:
    """Return `value` if it is a finite number within these bounds.

    Args:
        name: the argument's name, for the error message.
        value: any number.
        least: the smallest valid number.
        above: whether `least` itself is too small.
        most: the largest valid number.
        of: the unit, for the error message, such as " of seconds".

    Raises:
        TypeError: if it is not a number.
        ValueError: if it is too small, too large, NaN or infinite.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number{of}, got {shown(value)}")
    try:
        finite = math.isfinite(value)
    except OverflowError:  # an integer too large for a float
        finite = False
    if not finite or value < least or (above and value == least):
        limit = f"above {least}" if above else f"{least} or more"
        raise ValueError(f"{name} must be a finite number{of}, {limit}, got {shown(value)}")
    if value > most:
        raise ValueError(f"{name} must be a number{of}, {most:g} or less, got {shown(value)}")
    return value


def validate_seconds(name: str, value: object, *, zero: bool = True, most: float = math.inf) -> float:
    """Return `value` if it is a valid duration or time in seconds; 0 is valid only if `zero`. See `validate_number`."""
    return validate_number(name, value, above=not zero, most=most, of=" of seconds")


def validate_integer(name: str, value: object) -> int:
    """Return `value` if it is an integer, however large.

    Raises:
        TypeError: if it is not an int.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, got {shown(value)}")
    return value


def validate_count(name: str, value: object, *, least: int = 1, most: float = LARGEST) -> int:
    """Return `value` if it is an integer from `least` to `most`.

    Raises:
        TypeError: if it is not an int.
        ValueError: if it is below `least` or above `most`.
    """
    count = validate_integer(name, value)
    if count < least:
        raise ValueError(f"{name} must be {least} or more, got {shown(value)}")
    if count > most:
        raise ValueError(f"{name} must be {most} or less, got {shown(value)}")
    return count


def validate_ids(job_id: object, attempt: object) -> None:
    """Reject what cannot be a job's id or an attempt's number. Any integer can, even if there is no such job.

    Raises:
        TypeError: naming the argument.
    """
    validate_integer("job_id", job_id)
    if attempt is not None:
        validate_integer("attempt", attempt)


def validate_text(name: str, value: object, must_be: str = "a string", *, empty: str | None = None) -> str:
    """Return `value` if it is a string that can be stored and sent.

    Args:
        name: the argument's name, for the error message.
        value: any string that UTF-8 can encode.
        must_be: what is valid, for the error message, such as "a string or None".
        empty: why it must not be empty, for the error message. None: it may be empty.

    Raises:
        TypeError: if it is not a string.
        ValueError: if it is empty and must not be, or contains half of a surrogate pair.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be {must_be}, got {shown(value)}")
    if not value and empty is not None:
        raise ValueError(f"{name} must not be empty: {empty}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"{name} must be text that UTF-8 can encode, and half of a surrogate pair is not: {shown(value)}"
            ) from None
    return value


def validate_fraction(name: str, value: object) -> float:
    """Return `value` if it is a number from 0 to 1.

    Raises:
        TypeError: if it is not a number.
        ValueError: if it is below 0, above 1 or NaN.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number from 0 to 1, got {shown(value)}")
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be from 0 to 1, such as 0.5 for half way, got {shown(value)}")
    return value


class RandomNumbers(Protocol):
    """A random generator, as far as a simulation needs one: `random.Random`, or anything else with its `random()`."""

    def random(self) -> float:
        """Return a number from 0 to 1."""
        ...


RNG = TypeVar("RNG")


def validate_rng(name: str, value: RNG, method: str) -> RNG:
    """Return `value` if it is a random generator with this method, or None.

    Args:
        name: the argument's name, for the error message.
        value: a `random.Random`, or any other object with the method.
        method: the method of `random.Random` that will be called.

    Raises:
        TypeError: if it has no such method, or is a class: `random.Random` instead of `random.Random(7)`.
    """
    if value is not None and (isinstance(value, type) or not callable(getattr(value, method, None))):
        raise TypeError(f"{name} must be a random generator such as random.Random(7), or None, got {shown(value)}")
    return value


# --- the arguments of a queue's methods ---

A_TYPE = "a string such as 'send-email'"
NAMES_A_HANDLER = "it names the handler, such as 'send-email'"
NAMES_A_WORKER = "it names the worker, such as 'worker-1'"


def validate_job(type: str, priority: int, delay: float, max_attempts: int, key: str | None) -> None:
    """Reject invalid arguments of `enqueue`.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    if type.__class__ is not str or not type or not type.isascii():
        validate_text("type", type, A_TYPE, empty=NAMES_A_HANDLER)
    if priority.__class__ is not int:
        raise TypeError(f"priority must be a whole number, got {shown(priority)}")
    if not SMALLEST <= priority <= LARGEST:
        raise ValueError(f"priority must be from {SMALLEST} to {LARGEST}, got {shown(priority)}")
    if max_attempts.__class__ is not int or not 1 <= max_attempts <= LARGEST:
        validate_count("max_attempts", max_attempts)
    if delay.__class__ is not float or not 0 <= delay <= LONGEST_DELAY:
        validate_seconds("delay", delay, most=LONGEST_DELAY)
    if key is not None:
        validate_text("key", key, "a string or None", empty="give None for a job without an idempotency key")


def validate_clock(clock: Callable[[], float]) -> Callable[[], float]:
    """Return `clock` if it is a callable that returns seconds.

    Raises:
        TypeError, ValueError: if it is not callable, or returns anything but seconds.
    """
    if not callable(clock):
        raise TypeError(f"clock must be a callable that returns seconds, such as time.time, got {shown(clock)}")
    validate_seconds("clock()", clock())
    return clock


def validate_worker(worker: str, argument: str = "worker") -> str:
    """Return a worker's name.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    return validate_text(argument, worker, "a string such as 'worker-1'", empty=NAMES_A_WORKER)


def validate_error(error: BaseException | str) -> None:
    """Reject what is neither an exception nor a string.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    if not isinstance(error, BaseException):
        validate_text("error", error, "an exception or a string")


def validate_listener(listener: object) -> None:
    """Reject what is not callable.

    Raises:
        TypeError: naming the argument.
    """
    if not callable(listener):
        raise TypeError(f"listener must be a callable that takes a JobEvent, got {shown(listener)}")


def validate_page(type: str | None, after: int, limit: int) -> tuple[int, int]:
    """Return `after` and `limit` of a page of dead letters, as integers that a database can store.

    Raises:
        TypeError, ValueError: for an invalid argument; the message names it.
    """
    if type is not None:
        validate_text("type", type, f"{A_TYPE}, or None", empty=NAMES_A_HANDLER)
    return validate_after(after), min(validate_count("limit", limit, most=math.inf), LARGEST)


def validate_after(after: int) -> int:
    """Return `after`, the id or number after which a list starts, as an integer that a database can store.

    Raises:
        TypeError, ValueError: if it is not an integer, or below 0.
    """
    return min(validate_count("after", after, least=0, most=math.inf), LARGEST)


# --- data and results, which are stored as JSON ---

DEEPEST = 100
"""How deeply data and results may be nested. What is accepted must be readable, however deep the reader's stack is."""


class NotJSON(TypeError):
    """JSON cannot represent this value, or not exactly."""


def as_json(name: str, value: Any) -> str:
    """Return a value as JSON.

    Raises:
        NotJSON: if JSON cannot represent it exactly; the message gives its `name` and the reason.
    """
    if value is None:
        return "null"
    try:
        text = json.dumps(value, allow_nan=False)
        back = json.loads(text)
        if back != value:
            raise ValueError(f"{shown(value)} would come back as {shown(back)}")
        if "\\ud" in text:  # perhaps half of a surrogate pair, which no answer over HTTP can hold
            json.dumps(value, ensure_ascii=False).encode()
        if text.count("[") + text.count("{") > DEEPEST and _depth(back) > DEEPEST:
            raise RecursionError
    except RecursionError:
        raise NotJSON(f"{name} must be JSON, because it is stored: it is nested more than {DEEPEST} deep") from None
    except Exception as error:
        raise NotJSON(f"{name} must be JSON, because it is stored: {error}") from None
    return text


def _depth(value: Any) -> int:
    """Return how deeply lists and dictionaries are nested."""
    depth, level = 0, [value]
    while level := [inner for inner in level if isinstance(inner, (list, dict))]:
        depth += 1
        level = [item for inner in level for item in (inner.values() if isinstance(inner, dict) else inner)]
    return depth
