"""The calls that are tried, workload by workload: which may come next, in the state that a queue is in (page 14).

Each function is a small alphabet. A judge plays its words: see `stages` for how long they are, and what is looked at.
Calls that change nothing come first: they are made in passing, before one that changes something.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..job import Status
from .calls import UNKNOWN, Call, call
from .model import Model

ALICE = {"to": "alice@example.com"}
BOB = {"to": "bob@example.com"}
ERROR = ConnectionError("no answer")
DUE = call("pass", seconds=None)
"""Time passes until the next job is due."""
MANY = 8
"""How many jobs are in the backlog."""


def numbers(model: Model) -> list[int]:
    """Return the numbers of all jobs, 1 for the first that was enqueued."""
    return list(range(1, len(model.ids) + 1))


def having(model: Model, *states: Status) -> list[int]:
    """Return the numbers of the jobs that are in one of these states."""
    return [n for n in numbers(model) if (job := model.get(model.ids[n - 1])) is not None and job.status in states]


# --- 1: hands out once ---


def another_queue(model: Model) -> Iterator[Call]:
    """Nothing is in a new queue, and jobs of one queue are none of another's."""
    yield call("dequeue", worker="ann")
    if not model.another_queue:
        yield call("elsewhere", type="send-email", data=ALICE)


def claims(model: Model) -> Iterator[Call]:
    """Two workers claim and complete two jobs."""
    if len(model.ids) < 2:
        yield call("enqueue", type=("send-email", "resize-image")[len(model.ids)], data=(ALICE, None)[len(model.ids)])
    yield call("dequeue", worker="ann")
    yield call("dequeue", worker="ben")
    for job in numbers(model):
        yield call("complete", job, result={"sent": True})
    yield call("complete", UNKNOWN)


# --- 2: order ---


def at_once(model: Model) -> Iterator[Call]:
    """Jobs that come at the same instant, with priorities."""
    if len(model.ids) < 3:
        for priority in (0, 1, -1):
            yield call("enqueue", type="send-email", priority=priority)
    yield call("dequeue", worker="ann")


def delayed(model: Model) -> Iterator[Call]:
    """Jobs that come one after another, with delays."""
    if len(model.ids) < 3:
        for delay in (0.0, 1.5):
            yield call("enqueue", type="send-email", delay=delay)
        yield call("enqueue", type="send-email", delay=1.5, priority=1)
    yield call("dequeue", worker="ann")


def many(model: Model) -> Iterator[Call]:
    """A backlog of jobs, which are claimed one after another."""
    if len(model.ids) < MANY:
        yield call("enqueue", type="send-email", priority=len(model.ids) % 3)
    else:
        yield call("dequeue", worker="ann")


def bad_order(model: Model) -> Iterator[Call]:
    """Arguments that make no sense."""
    yield call("enqueue", type="send-email", priority="high")
    yield call("enqueue", type="send-email", delay=-1.0)
    yield call("enqueue", type="send-email", delay="1")


# --- 3: retries ---


def failing(model: Model) -> Iterator[Call]:
    """One job, whose attempts fail."""
    if not model.ids:
        for attempts in (1, 2):
            yield call("enqueue", type="send-email", data=ALICE, max_attempts=attempts)
        yield call("enqueue", type="send-email")
    yield call("dequeue", worker="ann")
    for job in numbers(model):
        yield call("fail", job, error=ERROR)
        yield call("complete", job, result={"sent": True})
    yield call("fail", UNKNOWN, error="no answer")
    if model.next_due() is not None:
        yield DUE


def releasing(model: Model) -> Iterator[Call]:
    """Two jobs, whose workers are stopped."""
    if len(model.ids) < 2:
        yield call("enqueue", type="send-email", max_attempts=1)
    yield call("dequeue", worker="ann")
    for job in numbers(model):
        yield call("release", job)
        yield call("fail", job, error="no answer")
    yield call("release", UNKNOWN)


def dead_letters(model: Model) -> Iterator[Call]:
    """Two jobs of different types, which fail for good, in both orders."""
    if len(model.ids) < 2:
        yield call("enqueue", type=("send-email", "resize-image")[len(model.ids)], max_attempts=1)
    if model.next() is not None:
        yield call("dequeue", worker="ann")
    running, failed = having(model, Status.PROCESSING), having(model, Status.FAILED)
    for job in numbers(model):
        if job in running:
            yield call("fail", job, error=ERROR)
        if job not in failed[:-1]:
            yield call("revive", job)
            yield call("discard", job)
    yield call("revive", UNKNOWN)
    yield call("discard", UNKNOWN)
    if failed:
        yield call("dead", type="send-email")
        yield call("dead", type="generate-report")
        yield call("dead", limit=1)
        yield call("dead", after=1)


def second_lives(model: Model) -> Iterator[Call]:
    """One job, which is revived whenever it has failed for good."""
    if not model.ids:
        for attempts in (2, 1):
            yield call("enqueue", type="send-email", data=ALICE, max_attempts=attempts)
    elif model.next_due() is not None:
        yield DUE
    elif having(model, Status.FAILED):
        yield call("revive", 1)
    elif having(model, Status.PENDING):
        yield call("dequeue", worker="ann")
    else:
        yield call("fail", 1, error=ERROR)


def ties(model: Model) -> Iterator[Call]:
    """Two jobs that are due at the same instant, whatever has happened to them: time stands still."""
    if not model.ids:
        for attempts in (1, 2):
            yield call("enqueue", type="send-email", max_attempts=attempts)
    elif len(model.ids) == 1:
        yield call("enqueue", type="send-email")
        yield call("enqueue", type="send-email", delay=2.0)
    if model.next() is not None:
        yield call("dequeue", worker="ann")
    for job in having(model, Status.PROCESSING):
        yield call("release", job)
        yield call("fail", job, error=ERROR)
    for job in having(model, Status.FAILED):
        yield call("revive", job)
    if model.next_due() is not None:
        yield DUE


def late_reports(model: Model) -> Iterator[Call]:
    """One job; each report says which attempt it is about."""
    if not model.ids:
        for attempts in (2, 1):
            yield call("enqueue", type="send-email", max_attempts=attempts)
    elif having(model, Status.FAILED):
        yield call("revive", 1)
    else:
        yield call("dequeue", worker="ann")
        for attempt in range(1, model.jobs[model.ids[0]].attempts + 1):
            yield call("complete", 1, attempt=attempt)
            yield call("fail", 1, error=ERROR, attempt=attempt)
            yield call("release", 1, attempt=attempt)
    if model.next_due() is not None:
        yield DUE


def finishing(model: Model) -> Iterator[Call]:
    """Two jobs end, in a queue that keeps one of them."""
    if len(model.ids) < 2:
        yield call("enqueue", type="send-email", max_attempts=1)
    if model.next() is not None:
        yield call("dequeue", worker="ann")
    for job in having(model, Status.PROCESSING):
        yield call("complete", job)


def bad_attempts(model: Model) -> Iterator[Call]:
    """Arguments that make no sense."""
    yield call("enqueue", type="send-email", max_attempts=0)
    yield call("enqueue", type="send-email", max_attempts="3")


# --- 4: keys ---


def keys(model: Model) -> Iterator[Call]:
    """The same key again, in every state of its job."""
    yield call("enqueue", type="send-email", data=ALICE, max_attempts=1, key="welcome")
    if model.ids:
        yield call("enqueue", type="send-email", data=BOB, key="welcome")
        yield call("enqueue", type="send-email", key="welcome")
        yield call("enqueue", type="resize-image", data=ALICE, key="welcome")
    if model.next() is not None:
        yield call("dequeue", worker="ann")
    for job in having(model, Status.PROCESSING):
        yield call("complete", job)
        yield call("fail", job, error=ERROR)
    for job in having(model, Status.FAILED):
        yield call("discard", job)


def other_keys(model: Model) -> Iterator[Call]:
    """A job without a key, one with it, and one whose key begins with it, in every order."""
    known = {job.key for job in model.jobs.values()}
    if len(model.ids) < 2:
        yield call("enqueue", type="send-email", data=ALICE)
    if len(model.ids) < 2 or "welcome" in known:
        yield call("enqueue", type="send-email", data=ALICE, key="welcome")
    if len(model.ids) < 2 or "welcome-back" in known:
        yield call("enqueue", type="send-email", key="welcome-back")
        yield call("enqueue", type="send-email", data=ALICE, key="welcome-back")


def full(model: Model) -> Iterator[Call]:
    """A queue that has room for one pending job."""
    yield call("enqueue", type="send-email", data=ALICE, max_attempts=2)
    if model.next() is not None:
        yield call("dequeue", worker="ann")


def bad_keys(model: Model) -> Iterator[Call]:
    """Arguments that make no sense."""
    yield call("enqueue", type=5)
    yield call("enqueue", type="send-email", key=7)
