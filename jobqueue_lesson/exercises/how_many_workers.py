"""Checks for page 12."""

from __future__ import annotations

import math
import random
from bisect import bisect
from statistics import fmean
from typing import Any

from ..capacity import fewest_workers, simulate, wait_quantile
from .check import exercise, expect


def my_fewest(arrivals, service, target):  # type: ignore[no-untyped-def]
    return math.ceil(arrivals * service)


@exercise(
    "12_how_many_workers",
    "size a team",
    stub=my_fewest,
    hints=[
        "Start with too few workers and add one at a time. After which one is wait_quantile(…) at most the target?",
        "Start with one more than arrivals * service: with fewer, the line grows forever.",
        "while wait_quantile(arrivals, service, workers, 0.95) > target: workers += 1",
    ],
)
def check_fewest(answer: Any) -> None:
    """Return the fewest workers with which 95 % of jobs wait no longer than the target."""
    rng = random.Random(12)
    others = [(rng.randint(1, 30), rng.randint(1, 20) / 10, rng.randint(1, 40) / 10) for _ in range(10)]
    cases = [(6, 0.5, 0.5), (6, 0.5, 2.0), (1, 0.5, 1.0), (10, 1, 0.1), (10, 1, 5.0), (100, 0.1, 0.05), (0.5, 2, 60)]
    for arrivals, service, target in [*cases, *others]:
        seen, right = answer(arrivals, service, target), fewest_workers(arrivals, service, target)
        call = f"{answer.__name__}({arrivals}, {service}, {target}) gives {seen!r}"
        whole = "Workers are counted: return an int. math.ceil and math.floor make one of a float."
        expect(type(seen) is int and seen >= 1, call, "a whole number of workers, such as 5", whole)
        expect(
            seen > arrivals * service,
            call,
            f"more: {arrivals * service:g} s of work arrive per second",
            "That many workers have no room for chance. What is their utilization, and what does it do to waits?",
        )
        wait = wait_quantile(arrivals, service, seen, 0.95)
        expect(seen >= right, f"{call}: 95 % wait up to {wait:.3g} s", f"at most {target:g} s, so {right} workers")
        stop = "Start lower, or stop earlier: the first number that meets the target is the fewest."
        expect(seen <= right, call, f"{right}: fewer will do", stop)


def my_stay(counts, arrived, seconds):  # type: ignore[no-untyped-def]
    return sum(counts) / len(counts)


@exercise(
    "12_how_many_workers",
    "Little's law",
    stub=my_stay,
    hints=[
        "L = λ × W. Which of the three are you asked for, and which two can you compute from what you have?",
        "L is the mean of the counts. λ is how many arrived per second.",
        "L = sum(counts) / len(counts) and λ = arrived / seconds, so W = L / λ",
    ],
)
def check_stay(answer: Any) -> None:
    """Return how long a job stays on average, from counts of the jobs that are there and how many arrived."""
    for counts, arrived, seconds in (
        ([6], 2, 1),
        ([6, 6, 6], 120, 60),
        ([0, 2, 4], 30, 60),
        ([1, 0, 0, 0], 1, 8),
        ([50, 70], 1000, 10),
    ):
        there, rate = fmean(counts), arrived / seconds
        seen, right = answer(list(counts), arrived, seconds), there / rate
        call = f"{answer.__name__}({counts}, {arrived}, {seconds}) gives {seen!r}"
        expect(isinstance(seen, (int, float)), call, "a number of seconds", "Return a number: is a return missing?")
        hint = ""
        if abs(seen - there / arrived) < 1e-9:
            hint = "λ is per second: not how many arrived in all, but how many of them per second."
        elif abs(seen - there * rate) < 1e-9:
            hint = "That is the law the wrong way round: you know L and λ, and want W."
        elif abs(seen - sum(counts) / rate) < 1e-9:
            hint = "L is how many are there on average: the mean of the counts, not their sum."
        expect(
            abs(seen - right) < 1e-9,
            call,
            f"{right:g} s: on average {there:g} are there, and {rate:g} arrive per second",
            hint,
        )
    # A queue in which all three are measured, independently: jobs that arrived, jobs that were there at ten looks per
    # second, and how long each of them stayed.
    measured = simulate(6, 0.5, 4, jobs=20_000)
    stay = fmean(done - came for came, done in zip(measured.arrived, measured.done, strict=True))
    came, left = measured.arrived, sorted(measured.done)
    looks = [look / 10 for look in range(int(10 * measured.seconds))]
    counts = [bisect(came, look) - bisect(left, look) for look in looks]
    seen = answer(counts, len(came), measured.seconds)
    expect(
        abs(seen - stay) < 0.01,
        f"of a simulated queue it says {seen:.3f} s",
        f"{stay:.3f} s, as measured job by job, or up to 0.01 s more or less",
        "Don't round: a job may stay for less than a second.",
    )
