"""Checks for page 5."""

from __future__ import annotations

import asyncio
import math
import random
from typing import Any

from ..queue import JobQueue
from ..simulation import Simulation
from ..worker import Worker
from .check import exercise, expect, gives


def my_aging(low, high, seconds):  # type: ignore[no-untyped-def]
    return 3  # points per second


@exercise(
    "05_priorities",
    "an aging that fits",
    stub=my_aging,
    hints=[
        "How many points is the waiting job behind? Aging must make up for them, in that time and no sooner.",
        "It gains `aging` points per second, so `aging * seconds` points in that time.",
        "return (high - low) / seconds",
    ],
)
def check_aging(answer: Any) -> None:
    """Return the aging with which a job goes ahead of more urgent ones that come in `seconds` after it, or later."""
    rng = random.Random(5)
    given: list[tuple[int, int, float]] = [(0, 10, 20), (5, 10, 20), (0, 10, 4), (-7, -3, 600), (1, 2, 0.5)]
    for _ in range(20):
        low = rng.randint(-100, 100)
        given.append((low, low + rng.randint(1, 100), rng.choice((0.25, 3, 45, 3600, 86_400))))
    for low, high, seconds in given:
        aging = answer(low, high, seconds)
        what = f"my_aging({low}, {high}, {seconds:g})"
        is_number = isinstance(aging, (int, float)) and not isinstance(aging, bool)
        expect(is_number, f"{what} {gives(aging)}", "a number", "Points per second, such as 3 or 0.5.")
        expect(
            0 <= aging < math.inf, f"{what} gives {aging!r}", "0 or more", "With less than 0, waiting makes it worse."
        )
        for share, first, hint in (
            (0.99, "ahead of", "It may still go ahead. The waiting job gains its points too fast."),
            (1.01, "behind", "The waiting job gains its points too slowly: it should have caught up by then."),
        ):
            later = share * seconds
            seen = "behind" if _goes_first(low, high, later, aging) else "ahead of"
            expect(
                seen == first,
                f"{what} gives {aging:g}. A job of priority {high} that comes {later:g} s after one of priority {low}"
                f" goes {seen} it",
                f"{first} it",
                hint,
            )


def _goes_first(low: int, high: int, later: float, aging: float) -> bool:
    """Whether a job of priority `low` goes first, if one of priority `high` comes `later` seconds after it."""
    now = 0.0
    queue = JobQueue(clock=lambda: now, aging=aging)
    queue.enqueue("normal", priority=low)
    now = later
    queue.enqueue("urgent", priority=high)
    job = queue.dequeue()
    return job is not None and job.type == "normal"


FORM = "Each job is three numbers, such as (2, 5, 1): it arrives at second 2, with priority 5, and takes 1 second."

my_jobs = [(0, 0, 1)]


@exercise(
    "05_priorities",
    "break it: a job that waits",
    stub=my_jobs,
    hints=[
        "The worker takes the most urgent job there is. Which job does it never take, then?",
        "All jobs may arrive at second 0. The first one in your list has priority 0; the others need not.",
        "[(0, 0, 1)] + [(0, 1, 1)] * 25",
    ],
)
def check_jobs(answer: Any) -> None:
    """Write jobs, as (arrives, priority, seconds), so that the first waits for 20 s, with 30 s of work in all."""
    expect(
        isinstance(answer, (list, tuple)) and answer,
        f"{answer!r}",
        "a list of jobs: [(arrives, priority, seconds), …]",
        FORM,
    )
    for job in answer:
        good = isinstance(job, (list, tuple)) and len(job) == 3 and all(isinstance(part, (int, float)) for part in job)
        expect(good, f"a job is {job!r}", "three numbers: (arrives, priority, seconds)", FORM)
        arrives, priority, seconds = job
        expect(type(priority) is int, f"a job's priority is {priority!r}", "a whole number", FORM)
        expect(0 <= arrives <= 60, f"a job arrives at second {arrives!r}", "a second from 0 to 60", FORM)
        hint = "One long job in front is no starvation. Let others go first again and again."
        expect(0 < seconds <= 1, f"a job takes {seconds!r} s", "more than 0, and 1 at most", hint)
    expect(answer[0][0] == 0, f"the first job arrives at second {answer[0][0]:g}", "second 0")
    expect(len(answer) <= 500, f"{len(answer)} jobs", "500 at most")
    work = sum(seconds for _, _, seconds in answer)
    expect(work <= 30, f"{work:g} s of work in all", "30 s at most: behind a mountain of work, any job waits")

    sim = Simulation()
    queue = JobQueue(clock=sim.time)

    async def handler(seconds: float) -> None:
        await asyncio.sleep(seconds)

    for arrives, priority, seconds in answer:
        queue.enqueue("job", seconds, priority=priority, delay=arrives)
    sim.run(Worker(queue, {"job": handler}).drain())
    first = queue.get(1)
    waited = (first.started_at or 0) - first.scheduled_for if first is not None else 0
    expect(waited >= 20, f"the first job waits for {waited:.3g} s, with {work:g} s of work in all", "at least 20 s")
