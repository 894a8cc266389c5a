"""The calls that are tried, workload by workload: which may come next, in the state that a queue is in (page 14).

Each function is a small alphabet. A judge plays its words: see `stages` for how long they are, and what is looked at.
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


def numbers(model: Model) -> list[int]:
    """Return the numbers of all jobs, 1 for the first that was enqueued."""
    return list(range(1, len(model.ids) + 1))


def having(model: Model, *states: Status) -> list[int]:
    """Return the numbers of the jobs that are in one of these states."""
    return [n for n in numbers(model) if (job := model.get(model.ids[n - 1])) is not None and job.status in states]


# --- 1: hands out once ---


def another_queue(model: Model) -> Iterator[Call]:
    """Jobs of one queue are none of another's."""
    if model.another_queue:
        yield call("dequeue", worker="ann")
    else:
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
    if len(model.ids) < 3:
        yield call("enqueue", type="send-email", data=ALICE, max_attempts=1, key="welcome")
        yield call("enqueue", type="send-email", data=BOB, key="welcome")
        yield call("enqueue", type="resize-image", data=ALICE, key="welcome")
    if len(model.ids) == 1:
        yield call("enqueue", type="send-email", data=ALICE, key="goodbye")
    if model.next() is not None:
        yield call("dequeue", worker="ann")
    for job in having(model, Status.PROCESSING):
        yield call("complete", job)
        yield call("fail", job, error=ERROR)
    for job in having(model, Status.FAILED):
        yield call("discard", job)


def full(model: Model) -> Iterator[Call]:
    """A queue that has room for one pending job."""
    yield call("enqueue", type="send-email", data=ALICE, max_attempts=2)
    if model.next() is not None:
        yield call("dequeue", worker="ann")


def bad_keys(model: Model) -> Iterator[Call]:
    """Arguments that make no sense."""
    yield call("enqueue", type=5)
    yield call("enqueue", type="send-email", key=7)


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
        yield call("complete", job)
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
        yield call("progress", job, fraction="half")
        yield call("progress", job, fraction=0.5, note=5)
        yield call("fail", job, error=ERROR)
        yield call("complete", job)
    if model.next_due() is not None:
        yield DUE


def sleeping(model: Model) -> Iterator[Call]:
    """Two workers sleep until there is a job."""
    for worker in ("ann", "ben"):
        if worker not in {sleeper.worker for sleeper in model.sleepers}:
            yield call("work", worker=worker, or_finished=False)
            break
    if len(model.ids) < 2:
        yield call("enqueue", type="send-email")
        yield call("enqueue", type="send-email", delay=5.0)
    if model.next_due() is not None:
        yield call("pass", seconds=5.0)
    if model.sleepers:
        yield call("wake")


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
    if model.next_due() is not None:
        yield DUE


def draining(model: Model) -> Iterator[Call]:
    """Somebody waits for all jobs to be finished, in `wait` and in `join`."""
    if len(model.ids) < 2:
        yield call("enqueue", type="send-email", max_attempts=1)
    if model.next() is not None and not model.sleepers:
        yield call("dequeue", worker="ann")
    if not model.joining:
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


def rescuing(model: Model) -> Iterator[Call]:
    """A worker sleeps while the lease of another one expires."""
    if not model.ids:
        yield call("enqueue", type="send-email", max_attempts=2)
    elif model.next() is not None:
        yield call("dequeue", worker="ann")
    if having(model, Status.PROCESSING) and not model.sleepers:
        yield call("work", worker="ben", or_finished=False)
    if model.sleepers:
        yield call("pass", seconds=12.0)


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
