"""Both queues and the worker, explored: what `contract` promises holds whatever goes wrong around them."""

import asyncio

import pytest

from jobqueue_lesson import JobQueue, Worker
from jobqueue_lesson.contract import STORAGE_RETRY_DELAY
from jobqueue_lesson.dead_letters import revive_all
from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.explore import explore
from jobqueue_lesson.faults import ClockJump, Crash, FullDisk, LostAnswer, Pause
from jobqueue_lesson.job import ENDED, IllegalMove, JobNotFound, Move, StorageError
from jobqueue_lesson.progress import current_job, follow
from jobqueue_lesson.retries import DoNotRetry, RetryPolicy
from tests.support.examples import MORE, SEED
from tests.support.promises import (
    ALWAYS,
    every_job_ends,
    last_events,
    make,
    nothing_is_early,
    the_best_job_is_claimed,
)
from tests.support.scenarios import revived_meanwhile

RUNS = 20 * MORE

FAULTS = {
    SQLiteQueue: [Crash(), Pause(7), Pause(60), LostAnswer(), FullDisk(7), ClockJump(-60), ClockJump(60)],
    JobQueue: [Pause(7), Pause(60), ClockJump(-60), ClockJump(60)],  # it dies with its process
}


@pytest.fixture(params=[SQLiteQueue, JobQueue])
def kind(request):
    return request.param


def working(kind, lanes=1, **options):
    """Two workers, and up to three jobs of any sort."""

    async def scenario(world):
        queue = make(kind, world, retry=RetryPolicy(base=1), **options)
        failed = set()

        async def quick(data):
            await asyncio.sleep(1)

        async def slow(data):
            for quarter in (1, 2, 3):
                await asyncio.sleep(2)
                current_job().progress(quarter / 4)

        async def fails(data):
            await asyncio.sleep(1)
            raise ValueError("no")

        async def fails_once(data):
            if data not in failed:
                failed.add(data)
                raise ValueError("once")

        async def gives_up(data):
            raise DoNotRetry("never")

        handlers = {f.__name__: f for f in (quick, slow, fails, fails_once, gives_up)}

        async def worker(name):
            await Worker(queue, handlers, name=name, concurrency=lanes).run()

        world.start("ann", worker, "ann")
        world.start("ben", worker, "ben")
        for number in range(world.choose("jobs", 1, 2, 3)):
            queue.enqueue(
                world.choose("type", *handlers),
                number,
                priority=world.choose("priority", 0, 1),
                delay=world.choose("delay", 0, 5),
                max_attempts=world.choose("max_attempts", 3, 2, 1),
            )
        await world.settled()

    return scenario


@pytest.mark.parametrize("options", [{}, {"lanes": 2}, {"keep_finished": 1}], ids=str)
def test_every_job_ends_and_every_report_counts_once(kind, options):
    invariants = [every_job_ends, the_best_job_is_claimed]
    assert not explore(
        working(kind, **options), invariants=invariants, always=ALWAYS, faults=FAULTS[kind], runs=RUNS, seed=SEED
    )


def test_waiting_jobs_gain_priority_as_promised_when_the_clock_is_set():
    invariants = [every_job_ends, the_best_job_is_claimed]
    assert not explore(
        working(JobQueue, aging=0.5), invariants=invariants, faults=FAULTS[JobQueue], runs=RUNS, seed=SEED
    )


def test_nothing_is_early(kind):
    faults = [fault for fault in FAULTS[kind] if fault != ClockJump(-60)]
    assert not explore(working(kind), invariants=[nothing_is_early], faults=faults, runs=RUNS, seed=SEED)


def test_a_worker_that_is_stopped_or_cancelled_loses_no_job(kind):
    async def scenario(world):
        queue = make(kind, world)

        async def work(data):
            await asyncio.sleep(data)

        async def worker(name, after, way):
            worker = Worker(queue, {"work": work}, name=name, concurrency=world.choose("lanes", 1, 2))
            running = asyncio.create_task(worker.run())
            await asyncio.sleep(after)
            running.cancel() if way == "cancel" else worker.stop()
            await asyncio.wait([running])
            await Worker(queue, {"work": work}, name=name).run()

        for name in ("ann", "ben"):
            world.start(name, worker, name, world.choose("after", 1, 3, 8), world.choose("way", "cancel", "stop"))
        for _ in range(world.choose("jobs", 1, 2, 3)):
            queue.enqueue("work", world.choose("takes", 2, 1, 6))
        await world.settled()

    assert not explore(scenario, invariants=[every_job_ends], always=ALWAYS, faults=FAULTS[kind], runs=RUNS, seed=SEED)


def test_a_key_stands_for_one_job_however_often_its_producers_try(kind):
    async def scenario(world):
        queue = make(kind, world)

        async def producer(*keys):
            for key in keys:
                while True:
                    try:
                        queue.enqueue("work", key, key=key)
                        break
                    except StorageError:
                        await asyncio.sleep(STORAGE_RETRY_DELAY)

        async def work(data):
            await asyncio.sleep(1)

        async def worker():
            await Worker(queue, {"work": work}).run()

        world.start("eve", producer, "a", "b")
        world.start("fay", producer, "b", "a")
        world.start("ann", worker)
        await asyncio.sleep(250)  # four pauses
        await world.settled()

    def one_job_a_key(world):
        return len(last_events(world)) == 2

    invariants = [one_job_a_key, every_job_ends]
    assert not explore(scenario, invariants=invariants, always=ALWAYS, faults=FAULTS[kind], runs=RUNS, seed=SEED)


def test_dead_letters_that_two_people_handle_at_once_stay_in_order(kind):
    async def scenario(world):
        queue = make(kind, world)

        async def work(data):
            await asyncio.sleep(1)
            if world.choose("it", "fails", "works") == "fails":
                raise ValueError("no")

        async def worker(name):
            await Worker(queue, {"work": work}, name=name).run()

        async def person(way):
            while True:
                await asyncio.sleep(3)
                try:
                    if way == "revive all":
                        revive_all(queue)
                        continue
                    for job in queue.dead():
                        await asyncio.sleep(0.5)
                        (queue.revive if way == "revive" else queue.discard)(job.id)
                except (IllegalMove, JobNotFound, StorageError):
                    continue

        for number in range(world.choose("jobs", 1, 2)):
            queue.enqueue("work", max_attempts=world.choose("max_attempts", 1, 2), key=str(number))
        world.start("ann", worker, "ann")
        world.start("ben", worker, "ben")
        world.start("eve", person, world.choose("eve will", "revive", "discard", "revive all"))
        world.start("fay", person, world.choose("fay will", "discard", "revive", "revive all"))
        await asyncio.sleep(20)

    assert not explore(scenario, always=ALWAYS, faults=FAULTS[kind], runs=RUNS // 2, seed=SEED)


def test_a_report_that_is_late_by_a_lease_and_a_revival_is_refused():
    """Attempts had the same numbers again after a revival, until a search with this seed found that report."""
    scenario = revived_meanwhile(SQLiteQueue)
    assert not explore(scenario, always=ALWAYS, faults=[Pause(7)], runs=200, seed=0)


def test_whoever_joins_or_follows_learns_of_the_end(kind):
    async def scenario(world):
        queue = make(kind, world)
        world.joined, world.followed = {}, []

        async def work(data):
            await asyncio.sleep(1)

        async def worker(name):
            await Worker(queue, {"work": work}, name=name, concurrency=2).drain()

        async def joining():
            await queue.join()
            world.joined = queue.stats()

        async def following():
            world.followed = [job.status async for job in follow(queue, 1)]

        for _ in range(world.choose("jobs", 1, 2, 3)):
            queue.enqueue("work", delay=world.choose("delay", 0, 3), max_attempts=2)
        for name in ("ann", "ben"):
            world.start(name, worker, name)
        world.start("eve", joining)
        world.start("fay", following)
        await asyncio.sleep(290)

    def they_learn_of_the_end(world):
        unfinished = world.joined["pending"] + world.joined["processing"]
        return unfinished == 0 and world.followed[-1] in ENDED

    assert not explore(scenario, invariants=[they_learn_of_the_end], faults=FAULTS[kind], runs=RUNS, seed=SEED)


def test_a_listener_in_another_process_hears_of_every_move_once_and_in_order(kind):
    async def scenario(world):
        queue = make(kind, world)
        world.heard, world.start_at = [], None

        async def listening():
            world.start_at = len(world.moves)
            queue.subscribe(world.heard.append)
            await asyncio.sleep(1000)

        async def work(data):
            await asyncio.sleep(1)
            if world.choose("it", "works", "fails") == "fails":
                raise ValueError("no")

        async def worker(name):
            await Worker(queue, {"work": work}, name=name).run()

        def enqueue_another(event):
            if event.move is Move.COMPLETE and event.job_id < 3:
                queue.enqueue("work")

        world.start("eve", listening)
        world.start("ann", worker, "ann")
        world.start("ben", worker, "ben")
        queue.subscribe(enqueue_another)
        queue.enqueue("work")
        queue.enqueue("work")
        await asyncio.sleep(290)

    def it_hears_everything(world):
        return world.heard == [event for event, _ in world.moves[world.start_at :]]

    faults = [fault for fault in FAULTS[kind] if not isinstance(fault, Crash)]
    assert not explore(scenario, invariants=[it_hears_everything], faults=faults, runs=RUNS // 2, seed=SEED)
