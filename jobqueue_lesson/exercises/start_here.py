"""The check of page 0, which shows what a check is."""

from __future__ import annotations

from typing import Any

from .check import exercise, same


def my_double(n):  # type: ignore[no-untyped-def]
    return n


@exercise(
    "00_start_here",
    "what a check is",
    stub=my_double,
    hints=["Twice as much as n, for every n.", "return 2 * n"],
)
def check_double(answer: Any) -> None:
    """Return twice as much as n."""
    for n in (0, 1, 2, 10, -3, 0.5):
        same(f"{answer.__name__}({n})", answer(n), 2 * n)
