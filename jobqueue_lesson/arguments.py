"""Checks of arguments: each returns what makes sense, and refuses the rest in the same words everywhere.

The rule: any value of any type, in any method, gets a `TypeError` or a `ValueError` that names the argument and says
what would be right.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

SMALLEST, LARGEST = -(2**63), 2**63 - 1
"""The whole numbers that a database can keep."""
LONGEST = 1e10
"""The longest delay, in seconds: 317 years. Calendars end, and a database has to keep the date."""


def shown(value: object) -> str:
    """Return what an error message says about a value: its repr, shortened. Whatever the value is, this works."""
    try:
        text = repr(value).encode(errors="backslashreplace").decode()
    except Exception:  # nested too deeply, too many digits, a __repr__ that fails
        text = f"a {value.__class__.__name__} that cannot be shown"
    return text if len(text) <= 200 else f"{text[:200]}…"


def check_number(
    name: str, value: object, *, least: float = 0, above: bool = False, most: float = math.inf, of: str = ""
) -> float:
    """Return `value` if it is a usable number.

    Args:
        name: what the value is, for the error.
        value: any number.
        least: the smallest that is allowed.
        above: whether `least` itself is too small.
        most: the largest that is allowed.
        of: its unit, for the error, such as " of seconds".

    Raises:
        TypeError: if it is not a number.
        ValueError: if it is too small, too large, NaN or infinite.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number{of}, got {shown(value)}")
    try:
        finite = math.isfinite(value)
    except OverflowError:  # a whole number beyond what a float can hold
        finite = False
    if not finite or value < least or (above and value == least):
        limit = f"above {least}" if above else f"{least} or more"
        raise ValueError(f"{name} must be a finite number{of}, {limit}, got {shown(value)}")
    if value > most:
        raise ValueError(f"{name} must be a number{of}, {most:g} or less, got {shown(value)}")
    return value


def check_seconds(name: str, value: object, *, zero: bool = True, most: float = math.inf) -> float:
    """Return `value` if it is a usable length or point of time in seconds; 0 only if `zero`. See `check_number`."""
    return check_number(name, value, above=not zero, most=most, of=" of seconds")


def check_whole(name: str, value: object) -> int:
    """Return `value` if it is a whole number, however large.

    Raises:
        TypeError: if it is not an int.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, got {shown(value)}")
    return value


def check_count(name: str, value: object, *, least: int = 1, most: float = LARGEST) -> int:
    """Return `value` if it is a whole number from `least` to `most`.

    Raises:
        TypeError: if it is not an int.
        ValueError: if it is below `least` or above `most`.
    """
    count = check_whole(name, value)
    if count < least:
        raise ValueError(f"{name} must be {least} or more, got {shown(value)}")
    if count > most:
        raise ValueError(f"{name} must be {most} or less, got {shown(value)}")
    return count


def check_ids(job_id: object, attempt: object) -> None:
    """Refuse what can't be the id of a job, or the number of an attempt. Any whole number can; most are unknown.

    Raises:
        TypeError: naming the argument.
    """
    check_whole("job_id", job_id)
    if attempt is not None:
        check_whole("attempt", attempt)


def check_text(name: str, value: object, must_be: str = "a string", *, empty: str | None = None) -> str:
    """Return `value` if it is text that can be stored and sent.

    Args:
        name: what the value is, for the error.
        value: any string that UTF-8 can encode.
        must_be: for the error, such as "a string or None".
        empty: for the error, why it must not be empty. None: it may be.

    Raises:
        TypeError: if it is not a string.
        ValueError: if it is empty and must not be, or holds half of a surrogate pair.
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


def check_fraction(name: str, value: object) -> float:
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


# --- of a queue's methods ---

A_TYPE = "a string such as 'send-email'"
NAMES_A_HANDLER = "it names the handler, such as 'send-email'"


def check_job(type: str, priority: int, delay: float, max_attempts: int, key: str | None) -> None:
    """Refuse what makes no sense for a job.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    if type.__class__ is not str or not type or not type.isascii():
        check_text("type", type, A_TYPE, empty=NAMES_A_HANDLER)
    if priority.__class__ is not int:
        raise TypeError(f"priority must be a whole number, got {shown(priority)}")
    if not SMALLEST <= priority <= LARGEST:
        raise ValueError(f"priority must be from {SMALLEST} to {LARGEST}, got {shown(priority)}")
    if max_attempts.__class__ is not int or not 1 <= max_attempts <= LARGEST:
        check_count("max_attempts", max_attempts)
    if delay.__class__ is not float or not 0 <= delay <= LONGEST:
        check_seconds("delay", delay, most=LONGEST)
    if key is not None:
        check_text("key", key, "a string or None", empty="give None for a job without an idempotency key")


def check_clock(clock: Callable[[], float]) -> Callable[[], float]:
    """Return a clock if it is one.

    Raises:
        TypeError, ValueError: if it cannot be called, or returns something else than seconds.
    """
    if not callable(clock):
        raise TypeError(f"clock must be a callable that returns seconds, such as time.time, got {shown(clock)}")
    check_seconds("clock()", clock())
    return clock


def check_worker(worker: str) -> None:
    """Refuse what is not a worker's name.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    check_text("worker", worker, "a string such as 'worker-1'", empty="it names the worker, such as 'worker-1'")


def check_error(error: BaseException | str) -> None:
    """Refuse what is not an error.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    if not isinstance(error, BaseException):
        check_text("error", error, "an exception or a text")


def check_listener(listener: object) -> None:
    """Refuse what cannot be called.

    Raises:
        TypeError: naming the argument.
    """
    if not callable(listener):
        raise TypeError(f"listener must be a callable that takes a JobEvent, got {shown(listener)}")


def check_page(type: str | None, after: int, limit: int) -> tuple[int, int]:
    """Return `after` and `limit` of a page of dead letters, as numbers that a database can keep.

    Raises:
        TypeError, ValueError: for an argument that makes no sense; the message names it.
    """
    if type is not None:
        check_text("type", type, f"{A_TYPE}, or None", empty=NAMES_A_HANDLER)
    return check_after(after), min(check_count("limit", limit, most=math.inf), LARGEST)


def check_after(after: int) -> int:
    """Return `after`, the id or number after which a list begins, as a number that a database can keep.

    Raises:
        TypeError, ValueError: for one that makes no sense.
    """
    return min(check_count("after", after, least=0, most=math.inf), LARGEST)


# --- what is kept as JSON: data and results ---

DEEPEST = 100
"""How deeply data and results may be nested. What is accepted must be readable, however deep the reader's stack is."""


class NotJSON(TypeError):
    """JSON cannot keep this value, or would give back another one."""


def as_json(name: str, value: Any) -> str:
    """Return a value as JSON.

    Raises:
        NotJSON: if JSON cannot keep it as it is; the message names it by `name` and says why.
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
        raise NotJSON(f"{name} must be JSON, since it is kept on disk: it is nested more than {DEEPEST} deep") from None
    except Exception as error:
        raise NotJSON(f"{name} must be JSON, since it is kept on disk: {error}") from None
    return text


def _depth(value: Any) -> int:
    """Return how deeply lists and dictionaries are nested."""
    depth, level = 0, [value]
    while level := [inner for inner in level if isinstance(inner, (list, dict))]:
        depth += 1
        level = [item for inner in level for item in (inner.values() if isinstance(inner, dict) else inner)]
    return depth
