"""Checks for page 4."""

from __future__ import annotations

import inspect
import random
from typing import Any

from ..labs.retries import retry_storm
from ..retries import exponential
from .check import NotYet, exercise, expect, same


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
    rng = random.Random(4)
    name = answer.__name__ if inspect.isfunction(answer) else "your answer"
    caps = (30, 5, 3600, 1, 0.5, 86_400, 10**9, *(rng.randint(1, 100_000) for _ in range(20)))
    for cap in caps:
        for attempt in range(1, 41):
            seen = answer(attempt, cap)
            hint = ""
            if isinstance(seen, (int, float)) and seen > cap:
                hint = "That is longer than the cap. min returns the smaller of two numbers."
            elif attempt > 1 and 2**attempt > cap:
                hint = "2 to the power of the attempt is more than the cap here. Then the wait is the cap itself."
            same(f"{name}({attempt}, cap={cap})", seen, min(cap, 2**attempt), hint)
    hints = {
        OverflowError: "Beyond 10 to the power of 308 a float overflows. A whole number does not: start from 2, not"
        " from 2.0.",
        RecursionError: "It calls itself once for each attempt, and Python stops that after about a thousand."
        " 2**attempt takes one step.",
    }
    for attempt in (1000, 5000):
        what = f"{name}({attempt}, cap=30), for a job that has been retried for years,"
        try:
            seen = answer(attempt, 30)
        except (OverflowError, RecursionError) as error:
            raise NotYet(f"{what} raises {type(error).__name__}: {error}", "30", hints[type(error)]) from None
        same(what, seen, 30, "However many attempts there have been, the wait is the cap.")


my_storm: dict[str, Any] = {"outage": 1.0, "max_attempts": 20}

SETTINGS = ("base", "factor", "cap", "jitter", "seed", "outage", "max_attempts")


@exercise(
    "04_retries",
    "break it: make a client give up",
    stub=my_storm,
    hints=[
        "A client gives up when its last attempt fails, too. When is that, with 5 attempts and waits of 2, 4, 8 and"
        " 16 s? And with 20 attempts?",
        "Let the outage be longer than all its waits together. Or give the clients so few attempts that not all of them"
        " get through.",
        'Try {"outage": 31, "max_attempts": 5}.',
    ],
)
def check_storm(answer: Any) -> None:
    """Choose parameters for `retry_storm`, in a dictionary, with which at least one client gives up."""
    form = 'It looks like this: {"outage": 2.0, "jitter": "full"}'
    expect(isinstance(answer, dict), f"{answer!r}", "a dictionary of settings", form)
    unknown = [name for name in answer if name not in SETTINGS]
    hint = "The number of clients and what the service can take stay as they are."
    expect(not unknown, f"a setting {', '.join(map(repr, unknown))}", f"only {', '.join(SETTINGS)}", hint)
    most, outage = answer.get("max_attempts", 20), answer.get("outage", 1.0)
    expect(
        type(most) is int and 5 <= most <= 100,
        f"max_attempts is {most!r}",
        "a whole number from 5 to 100",
        "With one attempt, everybody gives up at the first failure. That would be too easy.",
    )
    expect(
        type(outage) in (int, float) and 0 <= outage <= 3600,
        f"outage is {outage!r}",
        "a number of seconds, from 0 to 3600",
        "An hour is enough: clients with 5 attempts have stopped calling long before that.",
    )
    try:
        outcome = retry_storm(**answer)
    except (TypeError, ValueError) as error:
        raise NotYet(f"{error}", "settings that the panel has, too", form) from None
    calls = f"{len(outcome.calls)} calls, {outcome.refused} refused, and all 100 clients were served"
    waits = {"cap": 30} | {name: answer[name] for name in ("base", "factor", "cap") if name in answer}
    last = sum(exponential(attempt, **waits) for attempt in range(1, most))
    hint = (
        f"A client with {most} attempts makes its last one after waits of {last:g} s in all, or less with jitter. By"
        " then the outage is over. Can it last longer, or can there be fewer attempts?"
    )
    expect(outcome.gave_up > 0, calls, "at least one client that gives up", hint if last > outage else "")
