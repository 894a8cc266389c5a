"""The calls that are tried about what lasts, or meets: crashes, two processes, and storms, stages 7 and 8 (page 14)."""

from __future__ import annotations

from collections.abc import Iterator

from ..job import Status
from .calls import Call, call
from .model import Model
from .workloads import ALICE, BOB, DUE, ERROR, having, numbers
from .workloads_asleep import SILENCE

LOTS = 40
"""How many jobs are in the longest backlog."""

# --- 7: crashes ---


def writing(model: Model) -> Iterator[Call]:
    """Everything that a queue must write into its file."""
    if len(model.ids) < 2:
        key = ("welcome", "goodbye")[len(model.ids)]
        yield call("enqueue", type="send-email", data=ALICE, priority=1, delay=0.5, max_attempts=1, key=key)
    if model.next() is not None:
        yield call("dequeue", worker="ann")
    for job in having(model, Status.PROCESSING):
        yield call("complete", job, result={"sent": True})
        yield call("fail", job, error=ERROR)
        yield call("progress", job, fraction=0.5, note="half way")
    for job in having(model, Status.FAILED):
        yield call("revive", job)
        yield call("discard", job)


def crashing(model: Model) -> Iterator[Call]:
    """The process ends after any call, and another one opens the file."""
    yield from writing(model)
    yield call("reopen")


def restarting(model: Model) -> Iterator[Call]:
    """The process ends while a job is running; after the lease, the job is claimed again."""
    if not model.ids:
        yield call("enqueue", type="send-email")
    if model.next() is not None or model.overdue():
        yield call("dequeue", worker="ben" if model.overdue() else "ann")
    if having(model, Status.PROCESSING):
        yield call("reopen")
        yield SILENCE


def two_processes(model: Model) -> Iterator[Call]:
    """Two processes have the same file open, and each sees what the other has done."""
    if model.processes < 2:
        return
    for process in (None, 2):
        yield call("dequeue", worker="ben" if process else "ann", process=process)
    for process in (None, 2):
        if not model.ids or process:
            yield call("enqueue", type="send-email", data=ALICE, key="welcome", process=process)
        for job in having(model, Status.PROCESSING):
            yield call("complete", job, attempt=1, process=process)


def meeting(model: Model) -> Iterator[Call]:
    """Calls that another process may interrupt."""
    if not model.ids:
        yield call("enqueue", type="send-email", data=ALICE, max_attempts=2, key="welcome")
    if model.next() is not None or model.overdue():
        yield call("dequeue", worker="cem" if model.overdue() else "ann")
    for job in having(model, Status.PROCESSING):
        if model.overdue():
            yield call("complete", job, attempt=1)
            yield call("heartbeat", job, attempt=1)
        elif model.lease is not None:
            yield SILENCE


def meanwhile(interrupted: Call) -> Call:
    """Return what another process does in the middle of a call."""
    return interrupted if interrupted.method == "enqueue" else call("dequeue", worker="ben")


# --- 8: a storm of all of it ---


def storm(model: Model) -> Iterator[Call]:
    """Everything that the stages before tried, with more jobs."""
    if len(model.ids) < 8:
        yield call("enqueue", type="send-email", data=ALICE)
        yield call("enqueue", type="send-email", data=BOB, priority=1, max_attempts=2)
        yield call("enqueue", type="resize-image", priority=-1, delay=2.5, max_attempts=1)
        yield call("enqueue", type="send-email", data=ALICE, key="welcome", max_attempts=1)
        yield call("enqueue", type="send-email", data=BOB, key="welcome")
    yield call("dequeue", worker="ann")
    yield call("dequeue", worker="ben")
    yield call("pass", seconds=1.5)
    yield DUE
    running, failed = having(model, Status.PROCESSING), having(model, Status.FAILED)
    for job in numbers(model):
        if job in running:
            yield call("complete", job, result={"sent": True})
            yield call("complete", job, attempt=1)
            yield call("fail", job, error=ERROR)
            yield call("fail", job, error="no answer", attempt=1)
            yield call("release", job)
            yield call("progress", job, fraction=0.5, note="half way")
            yield call("heartbeat", job)
        if job in failed:
            yield call("revive", job)
            yield call("discard", job)
    for job in numbers(model)[-1:]:
        for method in ("complete", "release", "revive", "discard"):
            yield call(method, job)
    yield call("dead", type="send-email", limit=1)


def backlog(model: Model) -> Iterator[Call]:
    """More jobs than anybody would enqueue by hand."""
    if len(model.ids) < LOTS:
        for priority in (0, 0, 1):
            yield call("enqueue", type="send-email", priority=priority)
        yield call("enqueue", type="resize-image", delay=5.0)
    if len(model.ids) == LOTS or len(having(model, Status.PROCESSING)) < 2:
        yield call("dequeue", worker="ann")


def crowd(model: Model) -> Iterator[Call]:
    """Three workers, who sleep when there is nothing to do."""
    asleep = {sleeper.worker for sleeper in model.sleepers}
    for worker in ("ann", "ben", "cem"):
        if worker not in asleep:
            yield call("work", worker=worker, or_finished=False)
    if len(model.ids) < 8:
        yield call("enqueue", type="send-email", data=ALICE, max_attempts=2)
        yield call("enqueue", type="send-email", data=BOB, delay=3.0, max_attempts=1)
    if not model.joining:
        yield call("join")
    running, failed = having(model, Status.PROCESSING), having(model, Status.FAILED)
    for job in numbers(model):
        if job in running:
            yield call("complete", job)
            yield call("fail", job, error=ERROR)
            yield call("release", job)
        if job in failed:
            yield call("revive", job)
    yield call("wake")
    yield DUE
