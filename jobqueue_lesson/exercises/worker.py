"""Checks for page 3."""

from __future__ import annotations

import asyncio
import math
import random
from typing import Any

from ..handlers import HANDLERS
from ..job import Status
from ..queue import JobQueue
from ..simulation import Simulation
from ..worker import Worker
from .check import exercise, expect, same

my_pool = {"workers": 1, "concurrency": 1}


@exercise(
    "03_worker",
    "p95 under 2 s",
    stub=my_pool,
    hints=[
        "Six jobs of half a second arrive per second. How many seconds of work is that, each second?",
        "So three slots would be busy all the time, and would never catch up after a rush. Keep one spare.",
        "workers × concurrency must be 4.",
    ],
)
def check_pool(answer: Any) -> None:
    """Get 95 of 100 jobs done within 2 s of being enqueued, with workers × concurrency as small as possible."""
    expect(isinstance(answer, dict), f"{answer!r}", 'a dictionary such as {"workers": 1, "concurrency": 1}')
    same("the names in it", sorted(map(str, answer)), ["concurrency", "workers"], verb="are")
    for name, most in (("workers", 3), ("concurrency", 4)):
        count = answer[name]
        expect(type(count) is int and 1 <= count <= most, f"{name} is {count!r}", f"a whole number from 1 to {most}")

    sim, rng = Simulation(), random.Random(3)
    queue = JobQueue(clock=sim.time)

    async def half_a_second(_: object) -> None:
        await asyncio.sleep(0.5)

    async def orders() -> None:
        for _ in range(600):
            await asyncio.sleep(rng.expovariate(6))
            queue.enqueue("job")
        await queue.join()

    for number in range(answer["workers"]):
        worker = Worker(queue, {"job": half_a_second}, name=f"worker-{number}", concurrency=answer["concurrency"])
        sim.create_task(worker.run())
    sim.run(orders())
    jobs = [job for job in map(queue.get, range(1, 601)) if job is not None]
    times = sorted((job.finished_at or 0) - job.created_at for job in jobs)
    p95 = times[math.ceil(0.95 * len(times)) - 1]
    slots = answer["workers"] * answer["concurrency"]
    expect(p95 < 2, f"with {slots} jobs running at once, 95 % are done within {p95:.1f} s", "under 2 s")
    expect(
        slots <= 4,
        f"with {slots} jobs running at once, 95 % are done within {p95:.1f} s",
        "the same goal, with fewer running at once",
        "Take a slot away. Is the goal still reached?",
    )


async def my_worker(queue, handlers):  # type: ignore[no-untyped-def]
    while (job := queue.dequeue()) is not None:
        queue.complete(job.id, await handlers[job.type](job.data))


CANCELLED = "A cancelled worker gets an asyncio.CancelledError, which is not an Exception. What does its job need then?"


def _five_jobs(queue: JobQueue) -> None:
    for type in ("send-email", "resize-image", "generate-report", "send-email", "resize-image"):
        queue.enqueue(type, {"to": "alice@example.com", "size": "medium", "format": "pdf"})


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
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    _five_jobs(queue)
    sim.run(answer(queue, HANDLERS))
    done = [job.result for job in map(queue.get, range(1, 6)) if job is not None and job.status is Status.COMPLETED]
    expect(len(done) == 5, f"completed: {len(done)} of five good jobs", "all five")
    expect(None not in done, "a completed job without its result", "queue.complete(job.id, what the handler returned)")

    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    queue.enqueue("send-email", {"subject": "to nobody"}, max_attempts=1)
    _five_jobs(queue)
    try:
        sim.run(asyncio.wait_for(answer(queue, HANDLERS), 60))
    except TimeoutError:
        expect(
            False, "a handler raises, and a minute later the worker is still stuck on that job", "the job has failed"
        )
    except Exception as error:
        expect(False, f"a handler raises, and the worker dies of it: {error!r}", "the exception stays inside its job")
    stats = queue.stats()
    expect(stats["processing"] == 0, f"a handler raised, and its job is still processing: {stats}", "it has failed")
    expect(stats["failed"] == 1, f"a handler raised, and the queue counts {stats}", "1 failed, 5 completed")
    bad = queue.get(1)
    seen = bad.error if bad is not None else None
    expect("KeyError" in (seen or ""), f"the failed job's error is {seen!r}", "the handler's exception, a KeyError")
    same("the number completed after the first job's handler raises", stats["completed"], 5, verb="is")

    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    _five_jobs(queue)

    async def cancel_at_35_ms() -> bool:
        shift = asyncio.create_task(answer(queue, HANDLERS))
        await asyncio.sleep(0.035)
        shift.cancel()
        await asyncio.wait([shift], timeout=60)
        return shift.cancelled()

    cancelled = sim.run(cancel_at_35_ms())
    stats = queue.stats()
    expect(
        stats["processing"] == 0,
        f"the worker was cancelled, and its job is still processing: {stats}",
        "the job is released",
        CANCELLED,
    )
    expect(cancelled, "the worker was cancelled and kept working", "the cancellation is raised again", CANCELLED)
    report = queue.get(3)
    errors = report.errors if report is not None else ()
    expect(not errors, "the worker was cancelled, and its job has failed an attempt", "the job is released", CANCELLED)
    expect(
        stats["pending"] == 3,
        f"the worker was cancelled while running job 3: {stats}",
        "3 pending, 2 completed",
        CANCELLED,
    )
