"""Two schedulers, explored: a tick gets one job, whatever goes wrong."""

import asyncio
from collections import Counter

import pytest

from jobqueue_lesson import JobQueue, Worker
from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.explore import explore
from jobqueue_lesson.faults import ClockJump, Crash, FullDisk, LostAnswer, Pause
from jobqueue_lesson.job import ENDED, Move
from jobqueue_lesson.scheduler import Scheduler, every
from tests.support.examples import MORE, SEED
from tests.support.promises import make


def scheduling(kind):
    async def scenario(world):
        queue = make(kind, world)
        overlap = world.choose("overlap", "skip", "coalesce", "queue one")

        async def scheduler():
            scheduler = Scheduler(queue, longest_sleep=5)
            scheduler.add("report", every(10, start=0.0), "report", overlap=overlap)
            await scheduler.run()

        async def report(data):
            await asyncio.sleep(world.choose("takes", 1, 12, 25))

        async def worker():
            await Worker(queue, {"report": report}, name="ann").run()

        world.start("eve", scheduler)
        world.start("fay", scheduler)
        world.start("ann", worker)
        await asyncio.sleep(65)

    return scenario


def each_tick_gets_one_job(world):
    enqueued = [event.job_id for event, _ in world.moves if event.move is Move.ENQUEUE]
    keys = Counter(world.jobs.get(job_id).key for job_id in enqueued)
    return max(keys.values()) == 1 or str(keys)


def no_job_overlaps_with_the_one_before(world):
    unfinished = set()
    for event, _ in world.moves:
        if event.move is Move.ENQUEUE:
            unfinished.add(event.job_id)
        if event.status in ENDED:
            unfinished.discard(event.job_id)
        if len(unfinished) > 1:
            return f"{unfinished} at {event.at:g} s"
    return True


def it_goes_on(world):
    """It goes on, unless something stops it."""
    return sum(event.move is Move.ENQUEUE for event, _ in world.moves) >= 2 or world.trouble.has_happened


@pytest.mark.parametrize(
    ("kind", "faults"),
    [
        (SQLiteQueue, [Crash(), Pause(7), Pause(30), LostAnswer(), FullDisk(7)]),
        (SQLiteQueue, [ClockJump(-30), ClockJump(60), ClockJump(-3), Pause(7)]),
        (JobQueue, [ClockJump(-30), ClockJump(60), ClockJump(-3), Pause(7), Pause(30)]),
    ],
)
def test_two_schedulers_make_one_job_a_tick(kind, faults):
    invariants = [each_tick_gets_one_job, no_job_overlaps_with_the_one_before, it_goes_on]
    assert not explore(scheduling(kind), invariants=invariants, faults=faults, runs=20 * MORE, seed=SEED)
