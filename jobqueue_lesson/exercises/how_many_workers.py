"""Checks for page 12."""

from __future__ import annotations

import math
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
        "That many workers are just enough. What is their utilization, and what does that do to waits?",
        "Start with one more than arrivals * service, and add workers until wait_quantile(…) is at most the target.",
        "while wait_quantile(arrivals, service, workers, 0.95) > target: workers += 1",
    ],
)
def check_fewest(answer: Any) -> None:
    """Return the fewest workers with which 95 % of jobs wait no longer than the target."""
    cases = [(6, 0.5, 0.5), (6, 0.5, 2.0), (1, 0.5, 1.0), (10, 1, 0.1), (10, 1, 5.0), (100, 0.1, 0.05), (0.5, 2, 60)]
    for arrivals, service, target in cases:
        seen, right = answer(arrivals, service, target), fewest_workers(arrivals, service, target)
        call = f"{answer.__name__}({arrivals}, {service}, {target}) gives {seen!r}"
        expect(type(seen) is int and seen >= 1, call, "a whole number of workers, such as 5")
        expect(seen > arrivals * service, call, f"more: {arrivals * service:g} s of work arrive per second")
        wait = wait_quantile(arrivals, service, seen, 0.95)
        expect(seen >= right, f"{call}: 95 % wait up to {wait:.3g} s", f"at most {target:g} s, so {right} workers")
        expect(seen <= right, call, f"{right}: fewer will do")


def my_stay(arrivals, in_system):  # type: ignore[no-untyped-def]
    return arrivals * in_system


@exercise(
    "12_how_many_workers",
    "Little's law",
    stub=my_stay,
    hints=[
        "2 jobs arrive per second, and 6 are there on average. How long must each one stay?",
        "L = λ × W: jobs there = jobs per second × seconds that each one stays. You know L and λ.",
        "in_system / arrivals",
    ],
)
def check_stay(answer: Any) -> None:
    """Return how long a job stays on average, from the arrivals per second and the mean number in the system."""
    for arrivals, in_system in ((2, 6), (1, 1), (0.5, 3), (100, 50), (4, 1)):
        seen, right = answer(arrivals, in_system), in_system / arrivals
        call = f"{answer.__name__}({arrivals}, {in_system}) gives {seen!r}"
        expect(isinstance(seen, (int, float)), call, "a number of seconds")
        expect(abs(seen - right) < 1e-9, call, f"{right:g} s: {arrivals} × {right:g} = {in_system}")
    # A queue in which all three are measured, independently: jobs that arrived, jobs in the system, and how long each
    # of them stayed.
    measured = simulate(6, 0.5, 4)
    stay = fmean(done - came for came, done in zip(measured.arrived, measured.done, strict=True))
    seen = answer(len(measured.arrived) / measured.seconds, measured.mean_in_system())
    expect(abs(seen - stay) < 0.001, f"of a simulated queue it says {seen:.3f} s", f"{stay:.3f} s, as measured")
