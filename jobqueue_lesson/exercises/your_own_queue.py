"""Checks for page 14: a judge is the check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..job import Status
from ..judge import judge
from ..judge.promises import Promise
from ..list_queue import ListQueue
from .check import NotYet, exercise


def _judge(answer: Any, method: str, *, stage: int, hints: Mapping[Promise, str]) -> None:
    """Judge a `ListQueue` with the learner's own method.

    Args:
        answer: the learner's function.
        method: which method it is.
        stage: the last stage to try.
        hints: a hint for a promise that is broken.
    """
    queue = type(ListQueue.__name__, (ListQueue,), {method: answer})
    finding = judge(queue, stage=stage, progress=None).finding
    if finding is None:
        return
    if finding.printed:
        print(finding.printed)
    raise NotYet(
        f"{'; '.join(finding.calls)}: {finding.seen}",
        f"{finding.promised}. {finding.promise}",
        hints.get(finding.promise, ""),
    )


def my_release(self, job_id, *, attempt=None):  # type: ignore[no-untyped-def]
    job = self.jobs[job_id]
    job.status = Status.PENDING
    self.waiting.append(job)
    return job


RELEASE_HINTS = [
    "`find` says whether a job may make a move. `complete` on this page calls it first.",
    "Three things change: the job's status, its attempts, and the list of those that are waiting.",
    "job = self.find(job_id, Move.RELEASE, attempt); then job.attempts -= 1, and the rest as it is.",
]
WAITING = "`dequeue` looks in self.waiting: a job must be there once while it is pending, and else not at all."


@exercise("14_your_own_queue", "release a job", stub=my_release, hints=RELEASE_HINTS)
def check_release(answer: Any) -> None:
    """Make a running job pending again; the attempt does not count."""
    _judge(
        answer,
        "release",
        stage=3,
        hints={
            Promise.MOVES: RELEASE_HINTS[0],
            Promise.LEASE_LOST: "A report says which attempt it is about. `find` compares it, if you pass it on.",
            Promise.RELEASE: "As if it had not been claimed. Which field is promised to change, and how?",
            Promise.NEXT: WAITING,
            Promise.ONE_WORKER: WAITING,
        },
    )


def my_with_key(self, key, type, data):  # type: ignore[no-untyped-def]
    return next((job for job in self.waiting if job.key == key), None)


WITH_KEY_HINTS = [
    "Where is a job when it has left the list of those that are waiting?",
    "All jobs that are kept are in self.jobs, which is a dict by id: self.jobs.values()",
    "If the job with this key has another type or other data: raise KeyReused(…)",
]


@exercise("14_your_own_queue", "remember a key", stub=my_with_key, hints=WITH_KEY_HINTS)
def check_with_key(answer: Any) -> None:
    """Return the job that has a key; None if there is none; refuse a key that was used for something else."""
    _judge(
        answer,
        "with_key",
        stage=4,
        hints={
            Promise.KEY: WITH_KEY_HINTS[0],
            Promise.REUSED: "Compare job.type and job.data with what the caller wants. Both must be the same.",
            Promise.ADD: "Another key is another job: compare keys before you return a job.",
        },
    )
