"""The check of page 0: which job a worker takes next."""

from __future__ import annotations

import copy
import random
from typing import Any

from .check import exercise, expect, same


def my_next(waiting):  # type: ignore[no-untyped-def]
    return waiting[0]


@exercise(
    "00_start_here",
    "what a worker takes next",
    stub=my_next,
    hints=[
        "Only the priority counts. Go through the list, and remember the best job so far.",
        "max(…, key=…) compares jobs by what `key` returns for each. Of several that are equal, it returns the first.",
        'return max(waiting, key=lambda job: job["priority"])',
    ],
)
def check_next(answer: Any) -> None:
    """Return the waiting job with the highest priority; if several have it, the one that came first."""
    rng = random.Random(0)
    lists = [[0, 10, 5], [7], [9, 10, 1], [1, 5, 5, 2], [0, 0, 0], [-2, -1, -3]]
    lists += [[rng.randint(-3, 3) for _ in range(rng.randint(1, 8))] for _ in range(40)]
    for priorities in lists:
        waiting = [{"id": id, "priority": priority} for id, priority in enumerate(priorities, start=1)]
        before = copy.deepcopy(waiting)
        called = f"{getattr(answer, '__name__', 'my_next')}({waiting})"
        job = answer(waiting)
        expect(
            waiting == before,
            f"after {called}, the list is {waiting}",
            "the same list as before",
            "Only look. pop, remove and sort change the list that you were given; sorted makes a new one.",
        )
        highest = max(priorities)
        right = waiting[priorities.index(highest)]
        if isinstance(job, dict) and job not in waiting:
            hint = "That job is not in the list. Begin with the first job of the list, and not with one of your own."
        elif isinstance(job, dict) and job != right and job.get("priority") == highest:
            hint = "Several jobs have the highest priority. The one that came first is next."
        elif isinstance(job, int):
            hint = "Return the whole job, the dictionary, and not one of the numbers in it."
        elif job is None and highest <= 0:
            hint = "A priority may be 0, or below. The highest is still the highest."
        else:
            hint = ""
        same(called, job, right, hint)
