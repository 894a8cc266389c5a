"""Histories for more than one test."""

import asyncio

from jobqueue_lesson import History, JobQueue, Simulation, Worker


def flaky_history():
    """Six jobs that fail now and then, and two workers: every kind of event but `release`."""
    sim = Simulation()
    queue = JobQueue("retries", clock=sim.time)
    history = History(queue)
    calls = 0

    async def flaky(data):
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.5)
        if calls % 3:
            raise TimeoutError("API timeout")

    for number in range(6):
        queue.enqueue("flaky-api", priority=number % 2 * 10, delay=number // 5)
    sim.run(Worker(queue, {"flaky-api": flaky}, concurrency=2).drain())
    return history


async def nap(seconds):
    """Be a handler that takes so many seconds."""
    await asyncio.sleep(seconds)


def record(*jobs, workers=1, handlers=None, until=None):
    """Run jobs (type, data, options) in simulated time, to their end or until a moment; return what was recorded."""
    sim = Simulation()
    queue = JobQueue("tasks", clock=sim.time)
    history = History(queue)
    for type, data, options in jobs:
        queue.enqueue(type, data, **options)

    async def work():
        names = [f"worker-{n + 1}" for n in range(workers)]
        await asyncio.gather(*(Worker(queue, handlers or {"nap": nap}, name=name).drain() for name in names))

    if until is None:
        sim.run(work())
    else:
        sim.create_task(work())
        sim.run(asyncio.sleep(until))
    return history
