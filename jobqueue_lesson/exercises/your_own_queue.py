"""Checks for page 14: a few worlds for mistakes that people make, each with its own hint; then a judge is the check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..job import IllegalMove, Job, Move, QueueError, Status
from ..judge import judge
from ..judge.calls import Call, Outcome, Raised, Returned, call
from ..judge.promises import Promise
from ..list_queue import ListQueue
from ..retries import RetryPolicy
from .check import NotYet, exercise, expect


class World(NamedTuple):
    """Calls of a queue, the last of which shows a mistake."""

    calls: tuple[Call, ...]
    hint: str


def _play(make: Callable[..., Any], world: World) -> tuple[list[str], Outcome]:
    """Make a world's calls; return them as code, and the outcome of the last one, or of the first that fails."""
    queue = make(clock=lambda: 0.0, retry=RetryPolicy())
    texts, ids = list[str](), list[int]()
    outcome: Outcome = Returned(None)
    for this in world.calls:
        texts.append(this.text(ids))
        by_position, by_name = this.arguments_for(ids)
        try:
            outcome = Returned(getattr(queue, this.method)(*by_position, **by_name))
        except Exception as error:
            return texts, Raised(error)
        number: Any = getattr(outcome.value, "id", None)
        if this.method == "enqueue" and number not in ids:
            ids.append(number)
    return texts, outcome


def _compare(queue: Callable[..., Any], world: World) -> None:
    """Compare what a queue does in a world with what the course's own `ListQueue` does."""
    texts, seen = _play(queue, world)
    _, right = _play(ListQueue, world)
    hint = world.hint
    if isinstance(right, Returned):
        if isinstance(seen, Raised) and not isinstance(seen.error, QueueError):
            at = "" if seen.line is None else f", at line {seen.line.number}: {seen.line.text}"
            raise NotYet(f"{'; '.join(texts)}: {seen}{at}", str(right), RAISED)
        same = isinstance(seen, Returned) and isinstance(seen.value, Job) and seen.value.id == right.value.id
        hint = hint if isinstance(seen, Raised) or isinstance(seen.value, Job) else THE_JOB
    else:
        same = isinstance(seen, Raised) and isinstance(seen.error, type(right.error))
    expect(same, f"{'; '.join(texts)}: {seen}", str(right), hint)


def _judge(answer: Any, method: str, *, stage: int, worlds: Sequence[World], hints: Mapping[Promise, str]) -> None:
    """Judge a `ListQueue` with the learner's own method.

    Args:
        answer: the learner's function.
        method: which method it is.
        stage: the last stage to try.
        worlds: what is tried first.
        hints: a hint for a promise that is broken.
    """
    queue = type(ListQueue.__name__, (ListQueue,), {method: answer})
    for world in worlds:
        _compare(queue, world)
    finding = judge(queue, stage=stage, progress=None).finding
    if finding is None:
        return
    if finding.printed:
        print(finding.printed)
    hint = hints.get(finding.promise, "")
    if finding.seen == "None" and finding.promised.startswith("it returns"):
        hint = RETURNS
    raise NotYet(
        ": ".join([*filter(None, ["; ".join(finding.calls)]), finding.seen]),
        finding.promised,
        hint,
        contract=str(finding.promise),
    )


RAISED = "Read the error first, and the line that raised it. That is no move that the queue refuses."
THE_JOB = "Return the job itself, or None: not its id, and nothing else."
RETURNS = "A method that moves a job returns it. Is a `return job` missing?"


def my_release(self, job_id, *, attempt=None):  # type: ignore[no-untyped-def]
    job = self.jobs[job_id]
    job.status = Status.PENDING
    self.waiting.append(job)
    return job


RELEASE_HINTS = [
    "It is the same job, and few of its fields change. `find` says whether it may make the move.",
    "Three things change: the job's status, its attempts, and the list of those that are waiting.",
    "job = self.find(job_id, Move.RELEASE, attempt); then job.attempts -= 1, and the rest as it is.",
]
WAITING = "`dequeue` looks in self.waiting: a job must be there once while it is pending, and else not at all."


@exercise("14_your_own_queue", "release a job", stub=my_release, hints=RELEASE_HINTS, try_stub=True)
def check_release(answer: Any) -> None:
    """Make a running job pending again; the attempt does not count."""
    _release_a_pending_job(answer)
    _judge(
        answer,
        "release",
        stage=3,
        worlds=(),
        hints={
            Promise.MOVES: RELEASE_HINTS[0],
            Promise.LEASE_LOST: "A report says which attempt it is about. `find` compares it, if you pass it on.",
            Promise.RELEASE: "As if it had not been claimed. Which field is promised to change, and how?",
            Promise.NEXT: WAITING,
            Promise.ONE_WORKER: WAITING,
        },
    )
    _release_a_pending_job(answer, other_moves=False)


def _release_a_pending_job(answer: Any, *, other_moves: bool = True) -> None:
    """Raise `NotYet` if `attempt` must be given; without `other_moves`, also if the error names another move."""
    queue = type(ListQueue.__name__, (ListQueue,), {"release": answer})(clock=lambda: 0.0, retry=RetryPolicy())
    job = queue.enqueue("send-email")
    calls = 'queue.enqueue("send-email"); queue.release(1)'
    try:
        queue.release(job.id)
    except TypeError as error:
        if "'attempt'" not in str(error):
            raise
        hint = "Most calls do not say which attempt it is. So `attempt` has a default: attempt=None."
        raise NotYet(f"{calls}: {error}", "a release without attempt=", hint) from None
    except IllegalMove as error:
        hint = "`find` is told which move it is, and its error names that move. Here, it is Move.RELEASE."
        expect(
            other_moves or error.move == Move.RELEASE, f"{calls}: {error}", str(IllegalMove(job, Move.RELEASE)), hint
        )
    except Exception:  # which the judge finds as well, if it is a fault
        return


def my_with_key(self, key, type, data):  # type: ignore[no-untyped-def]
    return next((job for job in self.waiting if job.key == key), None)


WITH_KEY_HINTS = [
    "Where is a job when it has left the list of those that are waiting?",
    "All jobs that are kept are in self.jobs, which is a dict by id: self.jobs.values()",
    "If the job with this key has another type or other data: raise KeyReused(…)",
]
OTHER_KEY = "Another key is another job: compare keys before you return a job."
COMPARE = "Compare job.type and job.data with what the caller wants. Both must be the same."
ALL_JOBS = "The job with this key need not be the first. Return None only after all were looked at: below the loop."
EQUAL = (
    "A second request brings equal strings and an equal dict, but not the same objects. Compare with ==, not with is."
)
WHOLE_KEY = "A key is the same only if all of it is the same: compare keys with ==."
NO_DATA = "None is other data, too, and so is an empty dict: compare job.data with data whatever they are."
KEPT = (
    "`discard` takes a job out of self.jobs, and its key ends with it. Look there: notes of your own know no discard."
)


def _email(**options: Any) -> Call:
    """Return a call of `enqueue` whose strings and data are objects of their own, as those of each request are."""
    options = {"type": "send-email", **options}
    for name, value in options.items():
        if isinstance(value, str):
            options[name] = "".join(list(value))
    return call("enqueue", **options)


def _twice(this: Call) -> tuple[Call, Call]:
    return this, this


ALICE, BOB = {"to": "alice@example.com"}, {"to": "bob@example.com"}
CLAIM = call("dequeue")
DISCARD = (CLAIM, call("fail", 1, error="no answer"), call("discard", 1))
KEY_WORLDS = (
    World(_twice(_email(key="welcome")), WITH_KEY_HINTS[0]),
    World((_email(key="hello"), _email(key="welcome")), OTHER_KEY),
    World((_email(), *_twice(_email(key="welcome"))), ALL_JOBS),
    World((_email(key="hello"), *_twice(_email(key="welcome"))), ALL_JOBS),
    World((this := _email(key="welcome"), CLAIM, this), WITH_KEY_HINTS[0]),
    World((_email(key="welcome"), _email(key="welcome")), EQUAL),
    World((_email(data=dict(ALICE), key="welcome"), _email(data=dict(ALICE), key="welcome")), EQUAL),
    World((_email(data=ALICE, key="welcome"), _email(data=BOB, key="welcome")), COMPARE),
    World((_email(key="welcome"), _email(type="resize-image", key="welcome")), COMPARE),
    World((_email(key="welcome-bob"), _email(key="welcome")), WHOLE_KEY),
    World((_email(key="welcome"), _email(key="welcome-bob")), WHOLE_KEY),
    World((_email(data=ALICE, key="welcome"), _email(key="welcome")), NO_DATA),
    World((_email(key="welcome"), _email(data=ALICE, key="welcome")), NO_DATA),
    World((_email(data=ALICE, key="welcome"), _email(data={}, key="welcome")), NO_DATA),
    World((_email(data={}, key="welcome"), _email(key="welcome")), NO_DATA),
    World((*_twice(_email(max_attempts=1, key="welcome")), *DISCARD, _email(key="welcome")), KEPT),
)
"""What people forget about keys."""


@exercise("14_your_own_queue", "remember a key", stub=my_with_key, hints=WITH_KEY_HINTS, try_stub=True)
def check_with_key(answer: Any) -> None:
    """Return the job that has a key; None if there is none; refuse a key that was used for something else."""
    _judge(
        answer,
        "with_key",
        stage=4,
        worlds=KEY_WORLDS,
        hints={Promise.KEY: WITH_KEY_HINTS[0], Promise.REUSED: COMPARE, Promise.ADD: OTHER_KEY},
    )
