"""The calls that are tried about who listens, sleeps, or falls silent: stages 5 and 6 (page 14)."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..job import Status
from .calls import UNKNOWN, Call, call
from .model import Model
from .workloads import ALICE, DUE, ERROR, having

SILENCE = call("pass", seconds=12.0)
"""Time passes, longer than a lease."""

# --- 5: listeners ---


def moving(model: Model) -> Iterator[Call]:
    """One job makes every move, and a listener hears of each."""
    if not model.ids:
        for attempts in (1, 2):
            yield call("enqueue", type="send-email", data=ALICE, max_attempts=attempts, priority=1)
    elif having(model, Status.PENDING):
        yield call("dequeue", worker="ann")
        if model.next_due() is not None:
            yield DUE
    for job in having(model, Status.PROCESSING):
        yield call("complete", job, result={"sent": True})
        yield call("fail", job, error=ERROR)
        yield call("release", job)
    for job in having(model, Status.FAILED):
        yield call("revive", job)
        yield call("discard", job)


def leaving(model: Model) -> Iterator[Call]:
    """A second listener comes and goes."""
    if len(model.ids) < 2:
        yield call("enqueue", type="send-email")
    if model.second_listener is None:
        yield call("hear")
    if model.second_listener:
        yield call("leave")


def reporting(model: Model) -> Iterator[Call]:
    """One job reports its progress, in two attempts."""
    if not model.ids:
        yield call("enqueue", type="generate-report", max_attempts=2)
        return
    if model.next() is not None:
        yield call("dequeue", worker="ann")
    yield call("progress", 1, fraction=0.5, note="half way")
    yield call("progress", 1, fraction=0.25)
    yield call("progress", UNKNOWN, fraction=0.5)
    for job in having(model, Status.PROCESSING):
        yield call("progress", job, fraction=0.75, attempt=2)
        yield call("progress", job, fraction=1.5)
        yield call("progress", job, fraction=math.nan)
        yield call("progress", job, fraction=math.inf)
        yield call("progress", job, fraction="half")
        yield call("progress", job, fraction=0.5, note=5)
        yield call("fail", job, error=ERROR)
        yield call("complete", job)
    if model.next_due() is not None:
        yield DUE


def sleeping(model: Model) -> Iterator[Call]:
    """Two workers sleep until there is a job."""
    yield from _going_to_sleep(model)
    if len(model.ids) < 2:
        yield call("enqueue", type="send-email")
        yield call("enqueue", type="send-email", delay=5.0)
    if model.next_due() is not None:
        yield call("pass", seconds=5.0)
    if model.sleepers:
        yield call("wake")


def cancelling(model: Model) -> Iterator[Call]:
    """A worker that sleeps is cancelled: before a job comes, or in the same instant."""
    if model.ids:
        return
    yield from _going_to_sleep(model)
    yield call("enqueue", type="send-email")
    for sleeper in model.sleepers:
        yield call("cancel", worker=sleeper.worker)
        yield call("enqueue", type="send-email", cancelled=sleeper.worker)


def timers(model: Model) -> Iterator[Call]:
    """Two workers sleep until two jobs are due: in the same instant, or one after the other."""
    if not having(model, Status.PROCESSING):
        yield from _going_to_sleep(model)
        if len(model.ids) < 2:
            for due in (12.0, 16.0):
                yield call("enqueue", type="send-email", delay=due - model.now)
    if len(model.ids) == 2 and model.next_due() is not None:
        yield DUE


def _going_to_sleep(model: Model) -> Iterator[Call]:
    """Ann goes to sleep, or ben, if she sleeps already."""
    asleep = {sleeper.worker for sleeper in model.sleepers}
    for worker in ("ann", "ben"):
        if worker not in asleep:
            yield call("work", worker=worker, or_finished=False)
            break


def coming_back(model: Model) -> Iterator[Call]:
    """A worker sleeps until another one's job is pending again."""
    if not model.ids:
        for attempts in (2, 1):
            yield call("enqueue", type="send-email", max_attempts=attempts)
    elif not model.sleepers:
        if model.next() is not None:
            yield call("dequeue", worker="ann")
        else:
            yield call("work", worker="ben", or_finished=False)
    for job in having(model, Status.PROCESSING):
        yield call("fail", job, error=ERROR)
        yield call("release", job)
    for job in having(model, Status.FAILED):
        yield call("revive", job)
    if model.next_due() is not None or (model.sleepers and model.next() is not None):
        yield DUE


def draining(model: Model) -> Iterator[Call]:
    """Some wait for all jobs to be finished, in `wait` and in `join`."""
    if len(model.ids) < 2:
        yield call("enqueue", type="send-email", max_attempts=1)
    if model.next() is not None and not model.sleepers:
        yield call("dequeue", worker="ann")
    if model.joining < 2:
        yield call("join")
    if having(model, Status.PROCESSING) and not model.sleepers and model.next() is None:
        yield call("work", worker="ben")
        yield call("work", worker="ben", or_finished=False)
    for job in having(model, Status.PROCESSING)[:1]:
        yield call("complete", job)
        yield call("fail", job, error=ERROR)


# --- 6: leases ---


def leasing(model: Model) -> Iterator[Call]:
    """One job, and workers that send no heartbeat for a while."""
    if not model.ids:
        for attempts in (2, 1):
            yield call("enqueue", type="send-email", data=ALICE, max_attempts=attempts)
        return
    yield call("dequeue", worker="ann" if not having(model, Status.PROCESSING) else "ben")
    yield call("heartbeat", 1)
    yield call("heartbeat", UNKNOWN)
    if having(model, Status.PROCESSING):
        yield call("pass", seconds=6.0)
        yield call("complete", 1, attempt=1)
    if model.jobs[model.ids[0]].attempts == 2:
        yield call("heartbeat", 1, attempt=1)
        yield call("fail", 1, error=ERROR, attempt=1)


def two_leases(model: Model) -> Iterator[Call]:
    """Two jobs; one worker is silent, or both are."""
    if not model.ids:
        yield call("enqueue", type="send-email", max_attempts=1)
        yield call("enqueue", type="send-email")
    elif len(model.ids) == 1:
        yield call("enqueue", type="send-email")
        yield call("enqueue", type="send-email", priority=1)
    if model.next() is not None or model.overdue():
        yield call("dequeue", worker="ben" if model.overdue() else "ann")
    if having(model, Status.PROCESSING):
        yield SILENCE


def too_late(model: Model) -> Iterator[Call]:
    """A worker that has lost its job goes on to send heartbeats: they are none for the worker that has it now."""
    if not model.ids:
        yield call("enqueue", type="send-email")
        return
    attempts = model.jobs[model.ids[0]].attempts
    if model.next() is not None or model.overdue():
        yield call("dequeue", worker=("ann", "ben", "cem")[attempts % 3])
    elif attempts == 1:
        yield SILENCE
    elif attempts == 2:
        yield call("heartbeat", 1, attempt=1)
        yield call("progress", 1, fraction=0.5, attempt=1)
        yield call("pass", seconds=6.0)


def rescuing(model: Model) -> Iterator[Call]:
    """A worker sleeps while the lease of another one is renewed, or expires; somebody sleeps until all is finished."""
    if not model.ids:
        for attempts in (2, 1):
            yield call("enqueue", type="send-email", max_attempts=attempts)
    elif model.next() is not None or model.overdue():
        yield call("dequeue", worker="cem" if model.overdue() else "ann")
    if having(model, Status.PROCESSING):
        yield call("heartbeat", 1)
        if not model.sleepers:
            yield call("work", worker="ben", or_finished=False)
        if not model.joining:
            yield call("join")
        yield call("pass", seconds=5.5)
