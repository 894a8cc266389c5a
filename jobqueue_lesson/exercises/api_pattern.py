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
        "A job that is pending again, before its next attempt, has an error, but has not failed.",
        'if job.status == "completed": state["result"] = job.result. The same with "failed" and job.error.',
    ],
)
def check_state(answer: Any) -> None:
    """Return `result` if the job is completed, `error` if it has permanently failed, and neither otherwise."""
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    for _ in range(8):
        queue.enqueue("job", max_attempts=2)

    def compare(job_id: int, what: str, hint: str = "", **expected: Any) -> None:
        same(f"for a job that is {what}, it", answer(queue.get(job_id)), {"id": job_id, **expected}, hint)

    neither = "It has neither ended well nor for good: no result, no error."
    earlier = "It has the error of an earlier attempt. Ask job.status, not job.error."
    nothing = "A job may well return nothing, or 0. Ask job.status, not job.result."
    compare(1, "pending", neither, status="pending")
    for _ in range(7):
        queue.dequeue()
    for job_id, result in enumerate(({"pages": 5}, None, 0), start=1):
        queue.complete(job_id, result)
    for job_id in (4, 5, 6):
        queue.fail(job_id, ConnectionError("down"))
    compare(1, "completed", "Its result belongs in the answer.", status="completed", result={"pages": 5})
    compare(2, "completed, with the result None", nothing, status="completed", result=None)
    compare(3, "completed, with the result 0", nothing, status="completed", result=0)
    compare(4, "pending again, after an attempt that failed", earlier, status="pending")
    compare(7, "processing", neither, status="processing")
    sim.run(asyncio.sleep(60))
    while queue.dequeue() is not None:  # their second attempts
        pass
    compare(4, "processing, at its second and last attempt", earlier, status="processing")
    queue.complete(4, "at last")
    queue.fail(5, ConnectionError("still down"))
    queue.fail(6, ConnectionError("still down"))
    queue.revive(6)
    compare(4, "completed at its second attempt", earlier, status="completed", result="at last")
    error = "ConnectionError: still down"
    compare(5, "permanently failed", "Its error belongs in the answer: job.error.", status="failed", error=error)
    compare(6, "pending again, because a person revived it", earlier, status="pending")
    queue.enqueue("job", max_attempts=1, priority=1)
    queue.dequeue()
    queue.fail(9, "")
    compare(9, "permanently failed, with an empty error", "Ask job.status, not job.error.", status="failed", error="")


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
        just = "a little more than " if question > 1 else ""
        wait = answer(question)
        expect(
            isinstance(wait, (int, float)),
            f"before question {question} it waits {wait!r} s",
            "a number of seconds, above 0",
            "Is a return missing?" if wait is None else "Return a number of seconds, such as 0.010.",
        )
        expect(
            wait > 0,
            f"before question {question} it waits {wait!r} s",
            "a number of seconds, above 0",
            "Right after the order there is nothing to hear yet, so wait before the first question, too. It has the"
            " number 1, not 0."
            if question == 1
            else "Nobody can wait less than no time. Each wait should be longer than the one before.",
        )
        again = answer(question)
        expect(
            again == wait,
            f"asked twice about question {question}, it says {wait!r} s and then {again!r} s",
            "the same wait each time",
            "Many clients call it, each with its own questions. Go by the number that is passed in.",
        )
        now += wait
        limit = 2 * takes + LATE
        expect(
            now <= limit + 1e-9,
            f"a job takes {just}{takes:,.6g} s, and the client hears of its end {now:,.6g} s after ordering it",
            f"{limit:,.6g} s at the latest: twice the job's own time plus {1000 * LATE:.0f} ms",
            "Start with a short wait and let it grow: then short jobs are asked about soon."
            if question == 1
            else "This wait is too long for what has passed so far. Wait at most as long again, and 20 ms.",
        )
        if now >= LONGEST:
            return
    expect(
        False,
        f"a job of {LONGEST / 60:.0f} minutes needs more than {QUESTIONS} questions: the last comes after {now:,.4g} s",
        f"{QUESTIONS} at most",
        "The waits grow too slowly, or stop growing. How much longer than the last may each wait be?",
    )
