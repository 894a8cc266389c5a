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
    cases: list[tuple[float, float, float]] = [
        (0, 5, 0),
        (0, 5, 4),
        (0, 5, 5),
        (0, 5, 12.5),
        (3, 5, 4),
        (100, 60, 100),
        (100, 60, 3700),
        (0, 0.25, 10**9),
        (0, 0.125, 0),
        (0, 2**-8, 1),
        (0, 5, 5 - 2**-10),
        (0, 5, 5 - 2**-30),
    ]
    cases += [(rng.randint(0, 50), rng.randint(1, 60), rng.randint(50, 5000)) for _ in range(100)]
    for _ in range(100):  # fractions that a computer stores exactly
        start, interval = rng.randint(0, 80) / 4, rng.randint(1, 100) / 4
        cases.append((start, interval, start + rng.randint(0, 8000) / 8))
    for start, interval, now in cases:
        seen = answer(start, interval, now)
        call = f"{answer.__name__}(start={start}, interval={interval}, now={now}) gives {seen!r}"
        expect(type(seen) in (int, float), call, "a number of seconds", "Return a number. Is a return missing?")
        later = "If `now` is a tick itself, the answer is the tick after it. All three numbers may have fractions."
        expect(seen > now, call, f"later than now, {now}: that tick has passed", later)
        rounded = "Is it rounded? The ticks are where they are." if (seen - start) % interval < interval / 50 else ""
        expect((seen - start) % interval == 0, call, f"a tick: {start} plus a multiple of {interval}", rounded)
        one_more = "How many whole intervals have gone by since `start`? The next tick is one more than that, not two."
        expect(seen - now <= interval, call, f"the first tick after {now}; this one skips some", one_more)


WORK = 8.0
"""Seconds that the job of `check_interval` takes."""
LONGEST = 10
"""The longest interval that is tried, in seconds."""

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
    """Choose the shortest interval, in whole seconds, at which every tick of a job of 8 s gets a run of its own."""
    whole = type(answer) in (int, float) and answer == answer // 1
    expect(whole, f"{answer!r}", "a whole number of seconds", "A number such as 5, without quotes or fractions.")
    between = f"It is between 1 and {LONGEST} seconds. The work takes {WORK:g}."
    expect(1 <= answer <= LONGEST, f"an interval of {answer:g} s", f"from 1 to {LONGEST} s", between)
    outcomes = {seconds: recurring(seconds, WORK, "skip") for seconds in range(1, LONGEST + 1)}
    missed = {seconds: len(found.ticks) - len(found.runs) for seconds, found in outcomes.items()}
    ticks = len(outcomes[int(answer)].ticks)
    hint = (
        "What happens at a tick at the very moment at which a job ends? Try it in the panel." if answer == WORK else ""
    )
    seen = f"every {answer:g} s: {missed[int(answer)]} of {ticks} ticks in a minute have no run"
    expect(not missed[int(answer)], seen, "every tick has one", hint)
    shortest = min(n for n in missed if not missed[n])
    shorter = (
        f"Every tick has its run, but there is a shorter interval between {WORK:g} and {answer:g} s. Look at both ends."
    )
    expect(answer == shortest, f"every {answer:g} s", "the shortest such interval", shorter)
