"""Checks for page 3."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from ..handlers import HANDLERS
from ..job import Status
from ..queue import JobQueue
from ..simulation import Simulation
from .check import exercise, expect, same


async def my_worker(queue, handlers):  # type: ignore[no-untyped-def]
    while (job := queue.dequeue()) is not None:
        queue.complete(job.id, await handlers[job.type](job.data))


WHICH = "Which exceptions does your `except` catch? And does it let the exception go on? A handler may raise any."
WHERE = "Where does your loop look the handler up: inside the `try`, or above it?"
REPORT = "A worker that catches an exception has to report it: queue.fail(job.id, error)."
DONE = "A job is completed only if its handler has returned. What is it otherwise?"
CANCELLED = "A cancelled worker gets an asyncio.CancelledError, which is not an Exception. What does its job need then?"
INTERRUPTED = "Nothing is wrong with this job: it was interrupted, and another worker can start it at once."
GOES_ON = "After the release, the loop takes the next job. What would end it?"
ENDS_WITH_RAISE = "End that `except` with `raise`, and nothing else."
HIDES = "Whoever cancelled it does not get to know. End that `except` with `raise`."

FIVE = [
    ("send-email", {"to": "alice@example.com"}, {"sent": True, "to": "alice@example.com"}),
    ("resize-image", {"size": "thumbnail"}, {"resized": True, "size": "thumbnail"}),
    ("generate-report", {"format": "pdf"}, {"pages": 5, "format": "pdf"}),
    ("send-email", {"to": "bob@example.com"}, {"sent": True, "to": "bob@example.com"}),
    ("resize-image", {"size": "medium"}, {"resized": True, "size": "medium"}),
]
"""Five good jobs: type, data, result."""


class CardRefused(Exception):
    """What a handler raises that a learner's worker has never heard of."""


async def _charge_card(data: Any) -> None:
    await asyncio.sleep(0.010)
    raise CardRefused(data["card"])


async def _call_partner(_: Any) -> None:
    raise ConnectionError("the partner's service is down")


BAD = [
    ("send-email", {"subject": "to nobody"}, "KeyError: 'to'"),
    ("call-partner", {}, "ConnectionError: the partner's service is down"),
    ("charge-card", {"card": "Carol's"}, "CardRefused: Carol's"),
    ("make-coffee", {"milk": True}, ""),
]
"""Jobs that fail: type, data, and the error that the job then has; none: any, because there is no handler."""


def _new_queue(*first: tuple[str, Any, str]) -> tuple[Simulation, JobQueue]:
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    for type, data, _ in [*first, *FIVE]:
        queue.enqueue(type, data, max_attempts=1)
    return sim, queue


def _noting(calls: list[Any]) -> dict[str, Any]:
    """Return handlers that note what they are called with."""

    def noting(handler: Any) -> Any:
        async def note(data: Any) -> Any:
            calls.append(data)
            return await handler(data)

        return note

    known = {**HANDLERS, "call-partner": _call_partner, "charge-card": _charge_card}
    return {type: noting(handler) for type, handler in known.items()}


@exercise(
    "03_worker",
    "a worker that loses no job",
    stub=my_worker,
    hints=[
        "What happens to the job when its handler raises? And when the worker itself is cancelled?",
        "Two kinds of except: an Exception belongs to the job, an asyncio.CancelledError to the worker.",
        "except asyncio.CancelledError: queue.release(job.id), then raise. except Exception as error: queue.fail(…).",
    ],
)
def check_worker(answer: Any) -> None:
    """Report every outcome: completed, failed if the handler raises, released if the worker is cancelled."""
    _does_good_jobs(answer)
    for bad in BAD:
        _goes_on_after(answer, bad)
    for running, at in ((1, 0.005), (3, 0.035), (5, 0.075)):
        _releases(answer, running, at)


def _does_good_jobs(answer: Any) -> None:
    sim, queue = _new_queue()
    calls: list[Any] = []
    sim.run(answer(queue, _noting(calls)))
    done = [job.result for job in map(queue.get, range(1, 6)) if job is not None and job.status is Status.COMPLETED]
    expect(len(done) == 5, f"completed: {len(done)} of five good jobs", "all five")
    own = "queue.complete(job.id, what the handler returned)"
    expect(
        None not in done, "a completed job without its result", own, "What does the handler return, and who gets it?"
    )
    forgotten = [got for got in done if inspect.iscoroutine(got)]
    for coroutine in forgotten:
        coroutine.close()
    expect(
        not forgotten,
        "a completed job whose result is a coroutine: its handler was called, and never ran",
        own,
        "A handler is an async function: await what it returns.",
    )
    for number, (got, (*_, result)) in enumerate(zip(done, FIVE, strict=True), start=1):
        expect(got == result, f"the result of job {number} is {got!r}", f"{result!r}: what its own handler returned")
    expect(
        calls == [data for _, data, _ in FIVE],
        f"the handlers were called {len(calls)} times, with {calls!r}",
        "one call for each of the five jobs, with job.data",
        "Each handler is called once, and whatever happens then is reported. A retry is the queue's business.",
    )


def _goes_on_after(answer: Any, bad: tuple[str, Any, str]) -> None:
    """Check that a job that fails does no harm to the five behind it."""
    sim, queue = _new_queue(bad)
    calls: list[Any] = []
    type, data, raised = bad
    what = f"a handler raises {raised.partition(':')[0]}" if raised else f"there is no handler for {type!r}"
    which = WHICH if raised else WHERE
    try:
        sim.run(asyncio.wait_for(answer(queue, _noting(calls)), 60))
    except TimeoutError:
        expect(False, f"{what}, and a minute later the worker is still stuck on that job", "the job has failed", REPORT)
    except Exception as error:
        expect(False, f"{what}, and the worker dies of it: {error!r}", "the exception stays inside its job", which)
    stats = queue.stats()
    expect(stats["processing"] == 0, f"{what}, and its job is still processing: {stats}", "it has failed", REPORT)
    expect(stats["failed"] == 1, f"{what}, and the queue counts {stats}", "1 failed, 5 completed", DONE)
    job = queue.get(1)
    seen = (job.error or "") if job is not None else ""
    itself = "Give fail the exception itself, not its text or another one: whoever reads it needs its type and message."
    expect(
        not raised or seen == raised, f"the failed job's error is {seen!r}", f"the handler's own, {raised!r}", itself
    )
    same(f"{what}. The number completed after it", stats["completed"], 5, "After a failed job comes the next.", "is")
    times = calls.count(data)
    expect(
        times == (1 if raised else 0),
        f"{what}, and it was called {times} times",
        "one call",
        "A retry is the queue's business: the worker only reports.",
    )


def _releases(answer: Any, running: int, at: float) -> None:
    """Cancel the worker while it runs a job, and check what happens to that job, and to the worker."""
    sim, queue = _new_queue()

    async def cancel() -> asyncio.Task[Any]:
        shift = asyncio.create_task(answer(queue, HANDLERS))
        await asyncio.sleep(at)
        shift.cancel()
        await asyncio.wait([shift], timeout=60)
        return shift

    shift = sim.run(cancel())
    stats = queue.stats()
    what = f"the worker was cancelled while running job {running}"
    error = shift.exception() if shift.done() and not shift.cancelled() else None
    expect(
        error is None,
        f"{what}, and dies of another error: {error!r}",
        "it releases the job, and raises the cancellation again",
        "release takes the job's id, and is not awaited." if isinstance(error, TypeError) else ENDS_WITH_RAISE,
    )
    expect(stats["processing"] == 0, f"{what}, and its job is still processing: {stats}", "it is released", CANCELLED)
    job = queue.get(running)
    failed = job is None or job.errors
    expect(not failed, f"{what}, and its job has failed an attempt", "the job is released", INTERRUPTED)
    expect(sim.time() <= at, f"{what}, and kept working: {stats}", "it raises the cancellation again", GOES_ON)
    expect(
        stats["pending"] == 6 - running,
        f"{what}: {stats}",
        f"{6 - running} pending, {running - 1} completed",
        INTERRUPTED,
    )
    expect(shift.cancelled(), f"{what}, and ended as if it were done", "it raises the cancellation again", HIDES)
