"""Checks for page 2."""

from __future__ import annotations

import copy
import random
from typing import Any

from .check import exercise, expect, same

STATES = ("pending", "processing", "completed", "failed")


def _table(seed: int) -> dict[int, dict[str, Any]]:
    """Return jobs in random states, as the tiny queue keeps them."""
    rng = random.Random(seed)
    return {id: {"id": id, "type": "send-email", "status": rng.choice(STATES)} for id in range(1, 9)}


def my_dequeue(jobs):  # type: ignore[no-untyped-def]
    for job in jobs.values():
        if job["status"] == "pending":
            return job
    return None


@exercise(
    "02_job_queue",
    "each job is dequeued once",
    stub=my_dequeue,
    hints=[
        "Two workers ask, one right after the other. What does the second one get?",
        "Giving out a job is a move, from pending to processing. It has to be written down, in the table.",
        'Before `return job`, set job["status"] = "processing".',
    ],
)
def check_dequeue(answer: Any) -> None:
    """Return the pending job with the lowest id, marked as processing; None if there is none."""
    jobs = {id: {"id": id, "type": "send-email", "status": "pending"} for id in (1, 2)}
    first, second = answer(jobs), answer(jobs)
    for which, job in (("the first", first), ("the second", second)):
        expect(isinstance(job, dict) and "id" in job, f"{which} worker gets {job!r}", "a job from the table")
    expect(
        first["id"] != second["id"],
        f"two workers both get job {first['id']}",
        "each job is given out once: the second worker gets job 2",
    )
    for seed in range(30):
        jobs, before = _table(seed), _table(seed)
        pending = [id for id, job in before.items() if job["status"] == "pending"]
        job = answer(jobs)
        states = ", ".join(f"{id} {job['status']}" for id, job in before.items())
        if not pending:
            same(f"with no job pending ({states}), my_dequeue", job, None)
            continue
        same(f"with {states}: the id of the job", None if job is None else job["id"], pending[0], verb="is")
        expect(
            set(jobs) == set(before),
            f"job {pending[0]} is gone from the table",
            "it stays there: if its worker crashes, somebody must still know about it",
        )
        same(
            f"the state of job {pending[0]} in the table, once it is given out,",
            jobs[pending[0]]["status"],
            "processing",
            verb="is",
        )
        others = [id for id in before if id != pending[0] and jobs[id] != before[id]]
        expect(
            not others, f"changed as well: job {', '.join(map(str, others))}", "only the job that is given out changes"
        )


def my_complete(jobs, job_id, result):  # type: ignore[no-untyped-def]
    jobs[job_id].update(status="completed", result=result)


@exercise(
    "02_job_queue",
    "complete refuses a job that is not processing",
    stub=my_complete,
    hints=[
        "Look at the job's status before you change anything.",
        "Only one of the four states may go to completed.",
        'if jobs[job_id]["status"] != "processing": raise ValueError(f"job {job_id} cannot be completed: it is …")',
    ],
)
def check_complete(answer: Any) -> None:
    """Complete a job that is being processed; refuse any other with a ValueError that names the job and its state."""
    for state in STATES:
        jobs = {7: {"id": 7, "type": "send-email", "status": state}}
        before = copy.deepcopy(jobs)
        what = f"completing job 7, which is {state},"
        try:
            answer(jobs, 7, "sent")
        except ValueError as error:
            expect(
                state != "processing",
                f"{what} is refused: {error}",
                "no exception: a job that is processing may be completed",
            )
            expect("7" in str(error), f"{what} says: {error}", "a message that names the job, 7")
            expect(state in str(error), f"{what} says: {error}", f"a message that names the state, {state}")
            expect(jobs == before, f"{what} is refused, and yet it is now {jobs[7]['status']}", "no change at all")
        except Exception as error:
            expect(False, f"{what} raises {type(error).__name__}: {error}", "a ValueError")
        else:
            expect(state == "processing", f"{what} is allowed", "a ValueError")
            same(f"the state after {what}", jobs[7]["status"], "completed", verb="is")
            same(f"the result after {what}", jobs[7].get("result"), "sent", verb="is")
