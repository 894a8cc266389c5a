"""Checks for page 11."""

from __future__ import annotations

from typing import Any

from .check import exercise, expect, same


def my_first_waits(rows):  # type: ignore[no-untyped-def]
    return {}


# As Procrastinate writes them: the row "scheduled" comes before the one that it belongs to.
EVENTS: tuple[tuple[str, list[tuple[int, str, float]], dict[int, float]], ...] = (
    ("one job", [(7, "deferred", 2), (7, "started", 5), (7, "succeeded", 6)], {7: 3}),
    (
        "two jobs at the same time",
        [(1, "deferred", 0), (2, "deferred", 1), (1, "started", 3), (2, "started", 9), (1, "succeeded", 10)],
        {1: 3, 2: 8},
    ),
    (
        "a job that hasn't started",
        [(1, "deferred", 0), (2, "deferred", 1), (2, "started", 1), (2, "failed", 4)],
        {2: 0},
    ),
    ("a delayed job", [(4, "scheduled", 60), (4, "deferred", 10), (4, "started", 61)], {4: 1}),
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
    ),
    ("no events", [], {}),
)


WAITS_HINTS = [
    "Which row says when a job may start? Keep that row's time for each job.",
    "A delayed job has two such rows, deferred and scheduled: the later time counts.",
    "Only a job's first started row counts: elif type == 'started' and job not in waits: …",
]


@exercise(
    "11_production_engine",
    "waits from the engine's events",
    stub=my_first_waits,
    hints=WAITS_HINTS,
)
def check_first_waits(answer: Any) -> None:
    """Return how long each job waited for its first attempt, by the rows of Procrastinate's table of events."""
    for what, rows, right in EVENTS:
        seen = answer(list(rows))
        call = f"{what}: {answer.__name__}({rows})"
        expect(seen is not None, f"{call} gives None – is a return missing?", repr(right))
        expect(isinstance(seen, dict), f"{call} gives {seen!r}", f"a dictionary: {right}")
        same(call, seen, right, WAITS_HINTS[{"a delayed job": 1, "a job that was tried again": 2}.get(what, 0)])


RECLAIM_HINTS = [
    "How long has the worker been silent? As long as that is within its lease, the job is the worker's.",
    "After that: is this attempt the last one, or is there another?",
    'If now - heartbeat > lease: "retry" if attempts < max_attempts, else "fail".',
]


def my_reclaim(attempts, max_attempts, heartbeat, lease, now):  # type: ignore[no-untyped-def]
    return "leave"


@exercise(
    "11_production_engine",
    "reclaim, or leave alone",
    stub=my_reclaim,
    hints=RECLAIM_HINTS,
)
def check_reclaim(answer: Any) -> None:
    """Decide what happens to a running job: "leave", "retry" or "fail"."""
    for attempts, max_attempts, heartbeat, lease, now, right in (
        (1, 3, 100, 30, 110, "leave"),
        (1, 3, 100, 30, 140, "retry"),
        (2, 3, 100, 30, 140, "retry"),
        (3, 3, 100, 30, 140, "fail"),
        (3, 3, 100, 30, 110, "leave"),
        (1, 1, 100, 30, 131, "fail"),
        (1, 2, 100, 1, 102, "retry"),
        (1, 2, 100, 90, 160, "leave"),
        (1, 2, 5000, 90, 5095, "retry"),
    ):
        call = (
            f"{answer.__name__}(attempts={attempts}, max_attempts={max_attempts}, heartbeat={heartbeat}, "
            f"lease={lease}, now={now})"
        )
        seen = answer(attempts, max_attempts, heartbeat, lease, now)
        # The first question is whether the heartbeat is in time; the second, whether there is another attempt.
        hint = RECLAIM_HINTS[0] if "leave" in (seen, right) else RECLAIM_HINTS[1]
        same(call, seen, right, hint)
