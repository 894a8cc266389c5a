"""Checks for page 2."""

from __future__ import annotations

import copy
import random
import re
from typing import Any

from .check import exercise, expect, same

STATES = ("pending", "processing", "completed", "failed")
WORKERS = ("worker-1", "worker-2", "worker-12")


def _table(rng: random.Random) -> dict[int, dict[str, Any]]:
    """Return jobs in random states, with the worker that took each last; a job that nobody took has none."""
    jobs = {}
    for id in range(1, 9):
        state = rng.choice(STATES)
        max_attempts = rng.randint(1, 3)
        attempts = rng.randint(0 if state == "pending" else 1, max_attempts - (state == "pending"))
        worker = rng.choice(WORKERS) if attempts else None
        jobs[id] = {"id": id, "type": "send-email", "status": state, "worker": worker}
        jobs[id] |= {"attempts": attempts, "max_attempts": max_attempts}
    return jobs


def my_cleanup(jobs, worker):  # type: ignore[no-untyped-def]
    for job in jobs.values():
        if job["worker"] == worker:
            job["status"] = "pending"


@exercise(
    "02_job_queue",
    "clean up after a worker that was killed",
    stub=my_cleanup,
    hints=[
        "Which of the four states says that a worker was in the middle of the job?",
        "Of those jobs, look at attempts and max_attempts: is there one left?",
        'if job["worker"] == worker and job["status"] == "processing": then pending if attempts < max_attempts, '
        "failed if not.",
    ],
)
def check_cleanup(answer: Any) -> None:
    """Make the jobs that a dead worker was running pending again, or failed if they have no attempt left."""
    for seed in range(40):
        rng = random.Random(seed)
        jobs = _table(rng)
        before = copy.deepcopy(jobs)
        dead = rng.choice(WORKERS)
        answer(jobs, dead)
        for id, was in before.items():
            _compare_after_cleanup(was, jobs.get(id), dead)
        same("the jobs in the table afterwards", sorted(jobs), sorted(before), "No job comes and no job goes.", "are")


def _compare_after_cleanup(was: dict[str, Any], job: dict[str, Any] | None, dead: str) -> None:
    """Compare a job with what it should be after the cleanup for a dead worker."""
    worker = was["worker"] or "nobody"
    what = f"{dead} was killed; job {was['id']}, {was['status']}, last taken by {worker},"
    expect(job is not None, f"{what} is gone", "it stays in the table", "A job that is not in the table is lost.")
    assert job is not None
    left = was["attempts"] < was["max_attempts"]
    what += f" with {was['attempts']} of {was['max_attempts']} attempts started,"
    if was["status"] != "processing":
        hint = "A job that has ended stays as it is, or its e-mail goes out twice. One that is pending can wait."
        same(what, job["status"], was["status"], hint, "is now")
    elif was["worker"] != dead:
        same(what, job["status"], "processing", "That worker is alive, and still running the job.", "is now")
    elif left:
        same(what, job["status"], "pending", "It has an attempt left, and nobody is running it.", "is now")
    else:
        hint = "The last attempt has been started: attempts is max_attempts. It may be the job that kills its workers."
        same(what, job["status"], "failed", hint, "is now")
    others = sorted(name for name in {*was, *job} - {"status"} if was.get(name) != job.get(name))
    expect(
        not others,
        f"{what} and its {' and '.join(others)} changed",
        "only its status changes",
        "Leave the rest as it is.",
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
    for id, result in ((7, "sent"), (23, {"pages": 5}), (9, 0)):
        said = {state: _try_to_complete(answer, id, state, result) for state in STATES}
        words = [said[state] for state in STATES if state != "processing"]
        expect(
            len(set(words)) == len(words),
            f"whatever the state of job {id}, it says: {words[0]}",
            "a message that names the one state that the job is in",
            "Put the job's own status in the message.",
        )


def _try_to_complete(answer: Any, id: int, state: str, result: Any) -> str:
    """Let the answer complete a job that is in some state; return what its exception says, or nothing."""
    states = dict(enumerate(STATES, start=1)) | {id: state}
    jobs: dict[int, dict[str, Any]] = {n: {"id": n, "type": "send-email", "status": of} for n, of in states.items()}
    before = copy.deepcopy(jobs)
    what = f"completing job {id}, which is {state},"
    try:
        answer(jobs, id, result)
    except ValueError as error:
        expect(
            state != "processing",
            f"{what} is refused: {error}",
            "no exception: a job that is processing may be completed",
        )
        naming = "The message is for a person who has to find out what happened: an f-string can say both."
        expect(re.search(rf"\b{id}\b", str(error)), f"{what} says: {error}", f"a message with its id, {id}", naming)
        expect(state in str(error), f"{what} says: {error}", f"a message that names its state, {state}", naming)
        hint = "Raise the exception before you change the job."
        expect(jobs == before, f"{what} is refused, and yet it is now {jobs[id]}", "no change at all", hint)
        return str(error)
    except Exception as error:
        expect(False, f"{what} raises {type(error).__name__}: {error}", "a ValueError", "raise ValueError(…)")
    expect(state == "processing", f"{what} is allowed", "a ValueError")
    job = jobs.get(id, {})
    same(f"the status after {what}", job.get("status"), "completed", 'Then job["status"] is "completed".', "is")
    kept = 'Keep the result as well, as before: update(status="completed", result=result).'
    same(f"the result after {what}", job.get("result"), result, kept, "is")
    rest = {**job, "status": state, "result": None}
    only = "The job is still the same one: change its status and its result, and keep the rest."
    same(f"job {id}, its status and result aside, after {what}", rest, {**before[id], "result": None}, only, "is")
    same(f"the table, job {id} aside, after {what}", {**jobs, id: 0}, {**before, id: 0}, "Change only this job.", "is")
    return ""
