"""How everything here is measured: in turns, and the best of each."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the table."""

    name: str
    ours: str
    peer: str
    figure: float | None
    """What is compared with the target; None if it could not be measured."""
    target: float
    at_least: bool = False
    """Whether more is better."""
    note: str = ""

    @property
    def verdict(self) -> str:
        """Say whether the target is met."""
        if self.figure is None:
            return self.note
        met = self.figure >= self.target if self.at_least else self.figure <= self.target
        return "met" if met else "missed"


def in_turns(
    ours: Callable[[], object],
    peer: Callable[[], object],
    rounds: int = 7,
    clock: Callable[[], float] = time.process_time,
) -> tuple[float, float]:
    """Return the shortest time of each, in seconds.

    They run in turns, so that a busy moment of the machine hits both; the garbage collector rests, as in timeit.
    """
    best = [float("inf"), float("inf")]
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for place, work in enumerate((ours, peer)):
                start = clock()
                made = work()
                best[place] = min(best[place], clock() - start)
                del made  # taking down what was built is not part of the work
                gc.collect()
    finally:
        gc.enable()
    return best[0], best[1]


def seconds(value: float) -> str:
    """Write a time in a unit that reads well."""
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.3g} ms"
