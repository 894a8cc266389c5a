"""Exploring a queue that somebody has written, with whatever methods it has, and their own worker's loop."""

import asyncio
from collections import deque

from jobqueue_lesson.explore import explore
from jobqueue_lesson.faults import Crash, FullDisk, LostAnswer, Pause


class Line(deque):
    """A queue that is a deque: it has no jobs, no states, no listeners."""

    def __init__(self):
        super().__init__()
        self.changed = asyncio.Condition()

    async def put(self, item):
        async with self.changed:
            self.append(item)
            self.changed.notify()

    async def take(self):
        async with self.changed:
            await self.changed.wait_for(lambda: self)
            return self.popleft()


async def taking(world):
    line = world.queue(Line())
    world.done = []

    async def worker():
        while True:
            item = await line.take()
            await asyncio.sleep(1)
            world.done.append(item)

    world.start("ann", worker)
    world.start("ben", worker)
    for item in range(1, 4):
        await line.put(item)
    await world.settled()  # nothing is left to happen


def all_done(world):
    return sorted(world.done) == [1, 2, 3]


def test_what_a_dead_worker_has_taken_from_a_plain_queue_is_lost():
    texts = {str(explore(taking, invariants=[all_done], faults=[Crash()], seed=seed)) for seed in range(2)}
    assert texts == {LOST}
    assert not explore(taking, invariants=[all_done], faults=[Pause(20)], runs=50)
    assert not explore(taking, invariants=[all_done], faults=(), runs=50)


LOST = """\
Broken: all done

0 ms       put(1)
0 ms  ann  crashes in worker, at: item = await line.take()
0 ms       put(2)
0 ms  ben  take() → 2
0 ms       put(3)
 1 s  ann  starts again
 1 s  ann  take() → 3"""


class TwoSteps:
    """It looks, waits for its storage, and then takes: two may take the same."""

    def __init__(self):
        self.jobs = {}
        self.number = 0

    def add(self, what):
        self.number += 1
        self.jobs[self.number] = [what, "new"]
        return self.number

    async def claim(self):
        for number, (_, state) in self.jobs.items():
            if state == "new":
                await asyncio.sleep(0.01)
                self.jobs[number][1] = "claimed"
                return number
        return None

    def finish(self, number):
        self.jobs[number][1] = "finished"


def test_two_workers_that_claim_the_same_are_found_without_any_fault():
    async def scenario(world):
        queue = world.queue(TwoSteps())
        world.started = []

        async def worker(pause):
            while (number := await queue.claim()) is not None:
                world.started.append(number)
                queue.finish(number)
                await asyncio.sleep(pause)

        world.start("ann", worker, 1)
        world.start("ben", worker, 1)
        for _ in range(world.choose("jobs", 0, 1, 2, 3)):
            queue.add("mail")
        await asyncio.sleep(10)

    def once(world):
        """Each is started once."""
        return len(world.started) == len(set(world.started)) or str(world.started)

    found = explore(scenario, invariants=[once], faults=())
    assert str(found) == (
        "Broken: Each is started once: [1, 1]\n\n"
        "  0 ms       jobs: 1\n"
        "  0 ms       add('mail') → 1\n"
        " 10 ms  ann  claim() → 1\n"
        " 10 ms  ann  finish(1)\n"
        " 10 ms  ben  claim() → 1\n"
        " 10 ms  ben  finish(1)\n"
        "1.01 s  ann  claim()\n"
        "1.01 s  ben  claim()"
    )
    assert not found.history.events


def test_lost_answers_and_a_full_disk_meet_any_queue():
    async def scenario(world):
        queue = world.queue(TwoSteps())

        async def producer():
            while True:
                queue.add("mail")
                return

        world.start("ann", producer)
        await asyncio.sleep(100)
        world.many = queue.number

    def one(world):
        return world.many == 1

    assert "gets no answer" in str(explore(scenario, invariants=[one], faults=[LostAnswer()]))
    assert not explore(scenario, invariants=[one], faults=[FullDisk(10)], runs=50)
