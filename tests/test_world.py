"""What can go wrong in a small world, and to whom its listeners belong."""

import asyncio

from jobqueue_lesson import JobQueue, Worker
from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.faults import AnswerLost, ClockJump, Crash, FullDisk, LostAnswer, Pause
from jobqueue_lesson.job import StorageError
from jobqueue_lesson.progress import follow
from tests.support.worlds import crash_points, run, told

# --- other faults ---


def test_after_a_lost_answer_the_move_is_made_and_after_a_full_disk_it_is_not():
    async def scenario(world):
        queue = world.queue(SQLiteQueue(":memory:", clock=world.clock, poll=None))
        world.errors = []

        async def producer():
            for _ in range(2):
                try:
                    queue.enqueue("work")
                except StorageError as error:
                    world.errors.append(type(error))
                await asyncio.sleep(5)
            world.jobs = queue.stats()["pending"]

        world.start("ann", producer)
        await asyncio.sleep(20)

    lost, full = run(scenario, (LostAnswer(), 0)), run(scenario, (FullDisk(3), 0))
    assert (lost.errors, lost.jobs) == ([AnswerLost], 2)
    assert (full.errors, full.jobs) == ([StorageError], 1)
    assert told(full) == ["the disk is full for 3 s", "enqueue('work') → job 1"]


def test_a_clock_that_is_set_back_is_what_queues_see_and_sleeps_do_not():
    async def scenario(world):
        queue = world.queue(JobQueue(clock=world.clock))

        async def producer():
            await asyncio.sleep(1)
            queue.enqueue("work")
            await asyncio.sleep(1)
            queue.enqueue("work")

        world.start("ann", producer)
        await asyncio.sleep(10)

    world = run(scenario, (ClockJump(-0.5), 1))
    assert [event.at for event in world.history.events] == [1, 1.5]
    assert [event.at for event in run(scenario, (ClockJump(-3600), 1)).history.events] == [1, 0]
    assert [line.at for line in world.story] == [1, 2, 2]


def test_a_transaction_is_one_step():
    async def scenario(world):
        queue = world.queue(SQLiteQueue(":memory:", clock=world.clock, poll=None))

        async def scheduler():
            with queue.memory("ann") as memory:
                queue.enqueue("work")
                memory["enqueued"] = True

        world.start("ann", scheduler)
        await asyncio.sleep(10)
        with queue.memory("ann") as memory:
            assert bool(memory) is bool(queue.stats()["pending"])
        world.jobs = queue.stats()["pending"]

    worlds = list(crash_points(scenario))
    assert [world.outcome for world in worlds] == [None] * 3
    assert [world.jobs for world in worlds] == [0, 0, 1]
    lost = run(scenario, (LostAnswer(), 0))
    assert (lost.outcome, lost.jobs) == (
        None,
        2,
    )  # it was made, and the process ended with an error and was started again


# --- when a world is settled ---


def settling(*processes):
    """Return a scenario with these processes, two workers, and a clock that is read when it is settled."""

    async def scenario(world):
        queue = world.queue(SQLiteQueue(":memory:", clock=world.clock, lease=5, poll=None))
        world.log = []

        async def work(data):
            await asyncio.sleep(1)

        async def worker(name):
            await Worker(queue, {"work": work}, name=name).run()

        async def asking():
            while True:
                await asyncio.sleep(0.3)
                if (job := queue.dequeue("carl")) is not None:
                    await asyncio.sleep(1)
                    queue.complete(job.id)

        for name in ("ann", "ben"):
            world.start(name, worker, name)
        world.start("carl", asking)
        for process in processes:
            world.start(process.__name__, process, world, queue)
        await world.settled()
        world.settled_at = world._loop.time()
        world.completed = queue.stats()["completed"]

    return scenario


async def enqueues_later(world, queue):
    for _ in range(2):
        await asyncio.sleep(5)
        queue.enqueue("work")


async def joins(world, queue):
    queue.enqueue("work")
    await queue.join()
    world.log.append("joined")


async def never_rests(world, queue):
    while True:
        await asyncio.sleep(5)
        queue.dead()


def test_a_world_is_settled_when_no_process_will_do_anything_by_itself():
    world = run(settling(enqueues_later))
    assert (world.completed, world.settled_at) == (2, 11)
    for world in crash_points(settling(enqueues_later), Crash()):
        assert world.completed >= 2
        assert world.outcome is None
    for world in crash_points(settling(joins), Pause(20)):
        assert world.log == ["joined"]
    world = run(settling(never_rests))
    assert world.outcome.broken == "it never ends: at 300 s, never_rests is still running"


# --- listeners ---


def test_a_listener_belongs_to_the_process_that_subscribed_it():
    async def scenario(world):
        queue = world.queue(JobQueue(clock=world.clock))
        world.heard = []

        async def listening():
            queue.subscribe(lambda event: world.heard.append((world.clock(), event.job_id)))
            await asyncio.sleep(0.5)
            await asyncio.sleep(15)

        async def producer():
            for _ in range(3):
                await asyncio.sleep(1)
                queue.enqueue("work")

        world.start("ann", listening)
        world.start("ben", producer)
        await asyncio.sleep(20)

    assert run(scenario).heard == [(1, 1), (2, 2), (3, 3)]
    assert run(scenario, (Crash(restart=None), 2)).heard == []
    assert run(scenario, (Pause(10), 2)).heard == [(10.5, 1), (10.5, 2), (10.5, 3)]


def test_what_follows_a_job_in_a_process_sees_it_end():
    async def scenario(world):
        queue = world.queue(JobQueue(clock=world.clock))
        world.seen = []

        async def client():
            job = queue.enqueue("work")
            async for state in follow(queue, job.id):
                world.seen.append(state.status.value)

        async def worker():
            await Worker(queue, {"work": nothing}, name="ben").run()

        async def nothing(data):
            await asyncio.sleep(1)

        world.start("ann", client)
        world.start("ben", worker)
        await asyncio.sleep(5)

    assert run(scenario).seen == ["pending", "processing", "completed"]
