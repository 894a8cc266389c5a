"""Checks for page 5."""

from __future__ import annotations

import asyncio
import heapq
import random
from heapq import heappush
from typing import Any

from ..queue import JobQueue
from ..simulation import Simulation
from ..worker import Worker
from .check import exercise, expect


def my_enqueue(heap, job_id, priority):  # type: ignore[no-untyped-def]
    heappush(heap, (priority, job_id))


@exercise(
    "05_priorities",
    "the right way up",
    stub=my_enqueue,
    hints=[
        "A heap keeps the smallest on top. How can the most urgent job be the smallest?",
        "Tuples are compared by their first items; only if these are equal, by the second ones.",
        "Push (-priority, job_id).",
    ],
)
def check_enqueue(answer: Any) -> None:
    """Push jobs onto a heap, so that they come out by priority, the highest first, and then by id."""
    rng = random.Random(5)
    for given in (
        [0, 10, 5],
        [1, 1, 1],
        [2, 0, 2, 1],
        *([rng.randint(-3, 3) for _ in range(12)] for _ in range(20)),
    ):
        heap: list[Any] = []
        for job_id, priority in enumerate(given, start=1):
            answer(heap, job_id, priority)
        expect(
            len(heap) == len(given), f"{len(given)} jobs went in, and the heap holds {len(heap)}", "as many as went in"
        )
        try:
            order = [heapq.heappop(heap)[-1] for _ in given]
        except TypeError:
            expect(False, f"the heap holds things like {heap[0]!r}", "tuples that end with the job's id")
        right = sorted(range(1, len(given) + 1), key=lambda job_id: (-given[job_id - 1], job_id))
        expect(order == right, f"jobs 1, 2, … with priorities {given} come out as {order}", f"{right}")


class _Counted:
    """A job that counts how often it is compared."""

    comparisons = 0

    def __init__(self, rank: int, number: int) -> None:
        self.rank = rank
        self.number = number

    def __lt__(self, other: Any) -> bool:
        _Counted.comparisons += 1
        return bool(self.rank < other.rank)

    def __gt__(self, other: Any) -> bool:
        _Counted.comparisons += 1
        return bool(self.rank > other.rank)

    def __le__(self, other: Any) -> bool:
        return not self > other

    def __ge__(self, other: Any) -> bool:
        return not self < other


def my_insert(line, job):  # type: ignore[no-untyped-def]
    line.append(job)


@exercise(
    "05_priorities",
    "few comparisons",
    stub=my_insert,
    hints=[
        "The line is in order already. How do you find a name in a telephone book?",
        "Python has a module for it: bisect. One of its functions finds the place and inserts.",
        "bisect.insort(line, job)",
    ],
)
def check_insert(answer: Any) -> None:
    """Insert a job into a sorted line, by binary search; equal jobs stay in order of arrival."""
    rng = random.Random(6)
    _Counted.comparisons = 0
    line: list[Any] = []
    jobs = [_Counted(rng.randint(0, 40), number) for number in range(500)]
    for number, job in enumerate(jobs, start=1):
        answer(line, job)
        expect(len(line) == number, f"jobs inserted: {number}, jobs in the line: {len(line)}", "all of them, in `line`")
        if number in (2, 10, 500):
            ranks = [(other.rank, other.number) for other in line]
            in_order = sorted(ranks, key=lambda pair: pair[0]) == ranks
            expect(
                in_order,
                f"after {number} jobs the line starts with {[rank for rank, _ in ranks[:8]]}",
                "a line in order",
            )
            expect(ranks == sorted(ranks), "two equal jobs have changed places", "the one that came first stays first")
    limit = 5_500
    expect(
        _Counted.comparisons <= limit,
        f"500 jobs took {_Counted.comparisons:,} comparisons",
        f"{limit:,} at most: halving needs about 9 for each",
    )


FORM = "Each job is three numbers, such as (0, 5, 2): it arrives at second 0, with priority 5, and takes 2 seconds."

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
        expect(0 < seconds <= 30, f"a job takes {seconds!r} s", "more than 0, and 30 at most", FORM)
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
