"""Checks for page 6."""

from __future__ import annotations

import asyncio
from typing import Any

from ..queue import JobQueue
from ..simulation import Simulation
from .check import exercise, expect, same


def my_state(job):  # type: ignore[no-untyped-def]
    return {"id": job.id, "status": str(job.status)}  # add what is missing


@exercise(
    "06_api_pattern",
    "result or error",
    stub=my_state,
    hints=[
        "Two ifs, on job.status. Not on whether there is a result: a job may well return nothing.",
        "A job that is waiting for its next attempt has an error, but has not failed.",
        'if job.status == "completed": state["result"] = job.result. The same with "failed" and job.error.',
    ],
)
def check_state(answer: Any) -> None:
    """Return `result` if the job is completed, `error` if it has permanently failed, and neither otherwise."""
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    for _ in range(6):
        queue.enqueue("job", max_attempts=2)
    first = {"id": 1, "status": "pending"}
    same("for a job that is pending, it", answer(queue.get(1)), first)
    for _ in range(5):
        queue.dequeue()
    queue.complete(1, {"pages": 5})
    queue.complete(2, None)
    queue.fail(3, ConnectionError("down"))
    queue.fail(4, ConnectionError("down"))
    cases = {
        1: ("completed", {"id": 1, "status": "completed", "result": {"pages": 5}}),
        2: ("completed, with the result None", {"id": 2, "status": "completed", "result": None}),
        3: ("pending again, after an attempt that failed", {"id": 3, "status": "pending"}),
        5: ("processing", {"id": 5, "status": "processing"}),
    }
    for job_id, (what, expected) in cases.items():
        same(f"for a job that is {what}, it", answer(queue.get(job_id)), expected)
    sim.run(asyncio.sleep(60))
    again = {job.id for job in (queue.dequeue() for _ in range(3)) if job is not None}
    if again >= {3, 4}:  # their second attempts
        queue.complete(3, "at last")
        queue.fail(4, ConnectionError("still down"))
    expected = {"id": 3, "status": "completed", "result": "at last"}
    same("for a job that is completed at its second attempt, it", answer(queue.get(3)), expected)
    expected = {"id": 4, "status": "failed", "error": "ConnectionError: still down"}
    same("for a job that has failed for good, it", answer(queue.get(4)), expected)


SHORTEST = 0.010
"""Seconds that the shortest job takes."""
LONGEST = 600.0
"""Seconds that the longest job takes."""
QUESTIONS = 20
"""How many questions the client may ask."""
LATE = 0.020
"""Seconds by which the client may learn of the job's end later than after twice the job's own time."""


def my_wait(question):  # type: ignore[no-untyped-def]
    return 0.010


@exercise(
    "06_api_pattern",
    "ask less and less often",
    stub=my_wait,
    hints=[
        "A job that has already taken a second is unlikely to finish in the next hundredth.",
        "Wait longer before each question: 10 ms, 20 ms, 40 ms, …",
        "0.010 * 2 ** (question - 1)",
    ],
)
def check_wait(answer: Any) -> None:
    """Return the seconds to wait before the n-th question: few questions, and no late answers."""
    now = 0.0
    for question in range(1, QUESTIONS + 1):
        # Of all jobs that this question finds done, the one that ended right after the previous question has been
        # waiting longest. If the client learns of that one in time, it does so for every other.
        takes = max(SHORTEST, now)
        wait = answer(question)
        number = isinstance(wait, (int, float)) and wait > 0
        expect(number, f"before question {question} it waits {wait!r} s", "a number of seconds, above 0")
        now += wait
        limit = 2 * takes + LATE
        expect(
            now <= limit,
            f"a job takes {takes:,.4g} s, and the client hears of its end {now:,.4g} s after ordering it",
            f"{limit:,.4g} s at the latest: twice the job's own time plus {1000 * LATE:.0f} ms",
            "Start with a short wait and let it grow: then short jobs are asked about soon.",
        )
        if now >= LONGEST:
            return
    expect(
        False,
        f"a job of {LONGEST / 60:.0f} minutes needs more than {QUESTIONS} questions: the last comes after {now:,.4g} s",
        f"{QUESTIONS} at most",
    )
