"""Checks for page 11."""

from __future__ import annotations

import itertools
from typing import Any

from .check import exercise, expect, gives, same


def my_first_waits(rows):  # type: ignore[no-untyped-def]
    return {}


WAITS_HINTS = [
    "Which row says when a job may start? Keep that row's time for each job.",
    "A delayed job has two such rows before it starts, scheduled and deferred: the later time counts.",
    "After its first started row, no row of a job counts: look whether the job has its wait already.",
]

# As Procrastinate writes them: the row "scheduled" comes before the one that it belongs to. The last part is the hint.
EVENTS: tuple[tuple[str, list[tuple[int, str, float]], dict[int, float], str], ...] = (
    ("one job", [(7, "deferred", 2), (7, "started", 5), (7, "succeeded", 6)], {7: 3}, WAITS_HINTS[0]),
    (
        "two jobs at the same time",
        [(1, "deferred", 0), (2, "deferred", 1), (1, "started", 3), (2, "started", 9), (1, "succeeded", 10)],
        {1: 3, 2: 8},
        "Rows of several jobs are mixed. Keep the times of each job apart, by its id.",
    ),
    (
        "a job that hasn't started",
        [(1, "deferred", 0), (2, "deferred", 1), (2, "started", 1), (2, "failed", 4)],
        {2: 0},
        "Job 1 is still waiting: it is not in the answer. Job 2 started at once: 0 is a wait like any other.",
    ),
    (
        "times with fractions",
        [(3, "deferred", 0.5), (3, "started", 2.75)],
        {3: 2.25},
        "Seconds need not be whole numbers: don't round.",
    ),
    ("a delayed job", [(4, "scheduled", 60), (4, "deferred", 10), (4, "started", 61)], {4: 1}, WAITS_HINTS[1]),
    (
        "a job that was tried again",
        [
            (5, "deferred", 10),
            (5, "started", 12),
            (5, "scheduled", 18),
            (5, "deferred_for_retry", 14),
            (5, "started", 19),
            (5, "succeeded", 20),
        ],
        {5: 2},
        WAITS_HINTS[2],
    ),
    (
        "a job that was cancelled before it started",
        [(6, "deferred", 3), (8, "deferred", 4), (6, "cancelled", 5), (8, "started", 6)],
        {8: 2},
        "Only a started row ends a wait. Job 6 has none, and never will.",
    ),
    ("no events", [], {}, "Without rows, there is no job: an empty dictionary."),
)


@exercise("11_production_engine", "waits from the engine's events", stub=my_first_waits, hints=WAITS_HINTS)
def check_first_waits(answer: Any) -> None:
    """Return how long each job waited for its first attempt, by the rows of Procrastinate's table of events."""
    for what, rows, right, hint in EVENTS:
        seen = answer(list(rows))
        call = f"{what}: {answer.__name__}({rows})"
        expect(seen is not None, f"{call} {gives(seen)}", repr(right), "Return the dictionary.")
        expect(
            isinstance(seen, dict),
            f"{call} gives {seen!r}",
            f"a dictionary: {right}",
            "Collect the waits in a dictionary, with the job's id as the key.",
        )
        same(call, seen, right, hint)


RECLAIM_HINTS = [
    "How long has the worker been silent? As long as that is within its lease, the job is the worker's.",
    "After a silence longer than the lease: is this attempt the last one, or is there another?",
    'If now - heartbeat > lease: "retry" if attempts < max_attempts, else "fail".',
]


def my_reclaim(attempts, max_attempts, heartbeat, lease, now):  # type: ignore[no-untyped-def]
    return "leave"


@exercise("11_production_engine", "reclaim, or leave alone", stub=my_reclaim, hints=RECLAIM_HINTS)
def check_reclaim(answer: Any) -> None:
    """Decide what happens to a running job: "leave", "retry" or "fail"."""
    first = [
        (1, 3, 100, 30, 110),
        (1, 3, 100, 30, 140),
        (2, 3, 100, 30, 140),
        (3, 3, 100, 30, 140),
        (3, 3, 100, 30, 110),
    ]
    more = [
        (attempts, most, heartbeat, lease, heartbeat + lease * part)
        for most, heartbeat, lease in itertools.product((1, 2, 3, 6), (0, 100, 5000), (0.5, 1, 30, 90))
        for attempts in range(1, most + 1)
        for part in (0, 0.5, 0.99, 1.01, 1.5, 3, 100)
    ]
    for attempts, most, heartbeat, lease, now in first + more:
        silent = now - heartbeat > lease
        right = "leave" if not silent else "retry" if attempts < most else "fail"
        call = (
            f"{answer.__name__}(attempts={attempts}, max_attempts={most}, heartbeat={heartbeat}, "
            f"lease={lease}, now={now:g})"
        )
        seen = answer(attempts, most, heartbeat, lease, now)
        words = ("leave", "retry", "fail")
        expect(seen in words, f"{call} gives {seen!r}", repr(right), 'Return one of the three words, such as "leave".')
        # The first question is whether the heartbeat is in time; the second, whether there is another attempt.
        same(call, seen, right, RECLAIM_HINTS[0] if "leave" in (seen, right) else RECLAIM_HINTS[1])
