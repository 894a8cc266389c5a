"""Checks for page 8."""

from __future__ import annotations

import random
from typing import Any

from ..labs.recurring_jobs import recurring
from .check import exercise, expect


def my_next_tick(start, interval, now):  # type: ignore[no-untyped-def]
    return now + interval  # this one drifts


@exercise(
    "08_recurring_jobs",
    "a tick on the grid",
    stub=my_next_tick,
    hints=[
        "Every tick is start + n * interval, for a whole number n. Which n is next?",
        "(now - start) / interval says how many intervals have gone by. For whole intervals, use //.",
        "start + ((now - start) // interval + 1) * interval",
    ],
)
def check_next_tick(answer: Any) -> None:
    """Return the first tick after now, on the grid that begins at start."""
    rng = random.Random(8)
    cases = [
        (0, 5, 0),
        (0, 5, 4),
        (0, 5, 5),
        (0, 5, 12.5),
        (3, 5, 4),
        (100, 60, 100),
        (100, 60, 3700),
        (0, 0.25, 10**9),
    ]
    cases += [(rng.randint(0, 50), rng.randint(1, 60), rng.randint(50, 5000)) for _ in range(100)]
    for start, interval, now in cases:
        seen = answer(start, interval, now)
        call = f"{answer.__name__}(start={start}, interval={interval}, now={now}) gives {seen!r}"
        expect(isinstance(seen, (int, float)), call, "a number of seconds")
        expect(seen > now, call, f"later than now, {now}: that tick has passed")
        expect((seen - start) % interval == 0, call, f"a tick: {start} plus a multiple of {interval}")
        expect(seen - now <= interval, call, f"the first tick after {now}; this one skips some")


my_interval = 5


@exercise(
    "08_recurring_jobs",
    "room for the work",
    stub=my_interval,
    hints=[
        "The work takes 8 seconds. What if a tick comes while it is still running?",
        "At exactly 8 seconds, each job ends at the very moment of a tick. It still counts as running at that tick.",
    ],
)
def check_interval(answer: Any) -> None:
    """Choose an interval, 10 s at most, at which every tick of a job of 8 s gets a run of its own."""
    expect(isinstance(answer, (int, float)) and not isinstance(answer, bool), f"{answer!r}", "a number of seconds")
    expect(answer >= 1, f"an interval of {answer!r} s", "at least 1 s")
    expect(answer <= 10, f"an interval of {answer!r} s", "at most 10 s: the clean-up is needed that often")
    found = recurring(interval=answer, work=8.0, overlap="skip")
    lost = len(found.ticks) - len(found.runs)
    expect(
        lost == 0,
        f"every {answer:g} s: {lost} of {len(found.ticks)} ticks in a minute have no run",
        "every tick has one",
    )
