"""Simulated time against SimPy: four workers, random arrivals, 100,000 jobs (M/M/4)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

from jobqueue_lesson import Simulation

from .measure import Row, in_turns, seconds

JOBS = 100_000


def draws() -> list[tuple[float, float]]:
    """Return gap before arrival and time of service of each job: 3.2 arrive a second, a worker does 1 a second."""
    rng = random.Random(1)
    return [(rng.expovariate(3.2), rng.expovariate(1.0)) for _ in range(JOBS)]


def ours(jobs: list[tuple[float, float]]) -> float:
    """Return the mean wait, simulated with asyncio tasks and an asyncio.Queue."""
    waited = 0.0
    sim = Simulation()

    async def worker(queue: asyncio.Queue[tuple[float, float]]) -> None:
        nonlocal waited
        while True:
            arrived, service = await queue.get()
            waited += sim.time() - arrived
            await asyncio.sleep(service)

    async def main() -> None:
        queue: asyncio.Queue[tuple[float, float]] = asyncio.Queue()
        workers = [asyncio.create_task(worker(queue)) for _ in range(4)]
        for gap, service in jobs:
            await asyncio.sleep(gap)
            queue.put_nowait((sim.time(), service))
        await asyncio.sleep(1000)  # long enough for those that still wait
        for task in workers:
            task.cancel()

    sim.run(main())
    return waited / len(jobs)


def simpy(jobs: list[tuple[float, float]]) -> float:
    """Return the mean wait, simulated with SimPy processes and a Store."""
    import simpy

    waited = 0.0
    env = simpy.Environment()
    store = simpy.Store(env)

    def worker() -> Any:
        nonlocal waited
        while True:
            arrived, service = yield store.get()
            waited += env.now - arrived
            yield env.timeout(service)

    def producer() -> Any:
        for gap, service in jobs:
            yield env.timeout(gap)
            yield store.put((env.now, service))

    for _ in range(4):
        env.process(worker())
    env.process(producer())
    env.run()
    return waited / len(jobs)


def rows() -> Iterator[Row]:
    """Measure everything of this module."""
    jobs = draws()
    mean, theirs_mean = ours(jobs), simpy(jobs)
    assert round(mean, 9) == round(theirs_mean, 9), (mean, theirs_mean)
    mine, theirs = in_turns(lambda: ours(jobs), lambda: simpy(jobs), rounds=9)
    yield Row("M/M/4, 100,000 jobs: Simulation / SimPy's Store", seconds(mine), seconds(theirs), mine / theirs, 1.2)
