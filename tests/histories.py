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
