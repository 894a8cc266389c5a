"""Checks for page 4."""

from __future__ import annotations

import inspect
from typing import Any

from ..labs.retries import retry_storm
from .check import exercise, expect, same


def my_backoff(attempt, cap):  # type: ignore[no-untyped-def]
    return 1  # your formula here


@exercise(
    "04_retries",
    "backoff with a cap",
    stub=my_backoff,
    hints=[
        "Twice as long after each attempt: 2, 4, 8, … And then there is the cap.",
        "In Python, 2 to the power of n is 2**n. (2^n is something else.)",
        "min returns the smaller of two numbers.",
    ],
)
def check_backoff(answer: Any) -> None:
    """Return 2 to the power of attempt, in seconds, and never more than the cap."""
    for cap in (30, 5, 3600, 1):
        for attempt in (1, 2, 3, 4, 5, 6, 10, 15):
            same(f"{answer.__name__}({attempt}, cap={cap})", answer(attempt, cap), min(cap, 2**attempt))
    same(f"{answer.__name__}(5000, cap=30), for a job that has been retried for years,", answer(5000, 30), 30)


def my_may_retry(attempts, max_attempts):  # type: ignore[no-untyped-def]
    return attempts <= max_attempts


@exercise(
    "04_retries",
    "count the attempts right",
    stub=my_may_retry,
    hints=[
        "Try it with max_attempts=1. The first attempt has failed. Is there another?",
        "`attempts` also counts the one that has just failed.",
        "Use < instead of <=.",
    ],
)
def check_may_retry(answer: Any) -> None:
    """Return whether there is another attempt after so many failed ones, with max_attempts in all."""
    for most in (1, 2, 3, 10):
        made = 1
        while answer(made, most) and made < most + 5:
            made += 1
        more = " or more" * (made == most + 5)
        expect(made == most, f"with max_attempts={most}, attempts made: {made}{more}", f"{most}")
    same("with 7 attempts made and max_attempts lowered to 3, my_may_retry", bool(answer(7, 3)), False)


my_storm: dict[str, Any] = {}


@exercise(
    "04_retries",
    "break it: make a client give up",
    stub=my_storm,
    hints=[
        "A client gives up when it has used up its attempts. What makes it do that?",
        "An outage longer than all its waits together, or so few attempts that one refusal is enough.",
        'Try {"outage": 30, "max_attempts": 4}.',
    ],
)
def check_storm(answer: Any) -> None:
    """Choose parameters for `retry_storm`, in a dictionary, with which at least one client gives up."""
    expect(isinstance(answer, dict), f"{answer!r}", 'a dictionary of parameters, such as {"outage": 2.0}')
    known = list(inspect.signature(retry_storm).parameters)
    unknown = [name for name in answer if name not in known]
    expect(not unknown, f"an unknown parameter: {', '.join(map(str, unknown))}", f"one of {', '.join(known)}")
    clients = answer.get("clients", 100)
    expect(isinstance(clients, int) and 0 < clients <= 1000, f"clients is {clients!r}", "a whole number up to 1000")
    outcome = retry_storm(**answer)
    calls = f"{len(outcome.calls)} calls, {outcome.refused} refused, and all {clients} clients were served"
    expect(outcome.gave_up > 0, calls, "at least one client that gives up")
