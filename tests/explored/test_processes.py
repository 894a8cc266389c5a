"""Several processes with one file, explored: each has a queue of its own, which looks for what the others do."""

import asyncio
from itertools import count

from jobqueue_lesson import Worker
from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.explore import explore
from jobqueue_lesson.faults import ClockJump, Crash, FullDisk, LostAnswer, Pause
from jobqueue_lesson.job import StorageError
from tests.support.examples import MORE, SEED
from tests.support.promises import every_job_ends, only_legal_moves


def test_processes_that_share_a_file_lose_nothing_and_learn_of_everything(tmp_path):
    number = count()

    async def scenario(world):
        path = tmp_path / f"{next(number)}.db"

        def opened():
            return world.queue(SQLiteQueue(path, clock=world.clock, lease=5, poll=0.5))

        async def work(data):
            await asyncio.sleep(2)

        async def fails(data):
            await asyncio.sleep(1)
            raise ValueError("no")

        async def worker(name):
            lanes = world.choose("lanes", 1, 2)
            await Worker(opened(), {"work": work, "fails": fails}, name=name, concurrency=lanes).run()

        async def producer():
            queue = opened()
            queue.subscribe(world.heard.append)
            for key in "abc"[: world.choose("jobs", 1, 2, 3)]:
                while True:
                    try:
                        queue.enqueue(world.choose("type", "work", "fails"), key=key, max_attempts=2)
                        break
                    except StorageError:
                        await asyncio.sleep(1)
            await queue.join()
            world.joined = True
            await asyncio.sleep(1)

        queue = opened()
        world.heard, world.joined = [], False
        world.start("ann", worker, "ann")
        world.start("ben", worker, "ben")
        world.start("eve", producer)
        await asyncio.sleep(2)
        await world.settled()
        await asyncio.sleep(150)  # four pauses
        world.moves = [(event, None) for event in queue.events()]
        path.unlink()

    def the_producer_learns_of_the_end(world):
        return world.joined

    def the_producer_hears_of_every_move(world):
        return world.trouble.has_happened or world.heard == [event for event, _ in world.moves]

    invariants = [
        only_legal_moves,
        every_job_ends,
        the_producer_learns_of_the_end,
        the_producer_hears_of_every_move,
    ]
    faults = [Crash(), Pause(7), Pause(30), LostAnswer(), FullDisk(7), ClockJump(-30), ClockJump(60)]
    assert not explore(scenario, invariants=invariants, faults=faults, runs=12 * MORE, seed=SEED)
