"""Checks for notebook 11."""

from __future__ import annotations

from typing import Any

from .check import exercise, expect, same


def my_intervals(max_attempts, cap):  # type: ignore[no-untyped-def]
    return [1] * max_attempts


@exercise(
    "11_production_engine",
    "backoff for another engine",
    stub=my_intervals,
    hints=[
        "With three attempts in all, how many waits lie between them?",
        "One wait fewer than attempts. The n-th is 2**n, and never more than the cap.",
        "[min(cap, 2**n) for n in range(1, max_attempts)]",
    ],
)
def check_intervals(answer: Any) -> None:
    """Return the seconds between attempts, as RQ's Retry wants them: 2, 4, 8, …, capped, one fewer than attempts."""
    for attempts, cap in ((1, 60), (2, 60), (3, 60), (5, 60), (9, 60), (4, 5), (3, 1)):
        seen = answer(attempts, cap)
        call = f"{answer.__name__}({attempts}, cap={cap})"
        expect(isinstance(seen, list), f"{call} gives {seen!r}", "a list")
        waits = attempts - 1
        expect(
            len(seen) == waits,
            f"{call} gives {seen!r}",
            f"a list of {waits}: one wait fewer than attempts, as waits lie between",
        )
        expect(all(type(wait) is int for wait in seen), f"{call} gives {seen!r}", "whole numbers: RQ counts in seconds")
        same(call, seen, [min(cap, 2**n) for n in range(1, attempts)])


def my_line(priority):  # type: ignore[no-untyped-def]
    return "default"


@exercise(
    "11_production_engine",
    "priorities by queue",
    stub=my_line,
    hints=["Which side of 0 is the priority on?", 'Above 0 "high", below 0 "low", else "default".'],
)
def check_line(answer: Any) -> None:
    """Choose one of the three queues that the workers look into: high for a priority above 0, low for one below."""
    for priority in (0, 1, 10, 10**6, -1, -10):
        right = "high" if priority > 0 else "low" if priority < 0 else "default"
        same(f"{answer.__name__}({priority})", answer(priority), right)
