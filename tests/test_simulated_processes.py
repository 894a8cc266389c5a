"""A process vanishes in a crash, stands still in a pause, and is started again."""

import asyncio
from contextlib import asynccontextmanager

from jobqueue_lesson import JobQueue, Worker
from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.faults import ClockJump, Crash, FullDisk, LostAnswer, Pause
from jobqueue_lesson.job import LeaseLost
from tests.support.worlds import Bell, crash_points, run, told

# --- a crash ---


def test_nothing_of_a_process_runs_after_its_crash_not_even_what_must_always_run():
    async def scenario(world):
        bell = world.queue(Bell())
        world.log = []

        @asynccontextmanager
        async def lock():
            try:
                yield
            finally:
                world.log.append("released")

        async def child():
            try:
                await asyncio.sleep(0.5)
            finally:
                world.log.append("child ended")

        async def process():
            asyncio.get_running_loop().call_later(0.7, world.log.append, "timer")
            other = asyncio.create_task(child())
            try:
                async with lock():
                    bell.ring()
                    await asyncio.sleep(1)
                    bell.ring()
                    bell.ring()
                await other
            except BaseException as error:
                world.log.append(error)
            finally:
                world.log.append("ended")

        world.start("ann", process)
        await asyncio.sleep(5)
        world.seen = list(world.log)  # what comes afterwards does not count

    plain = run(scenario)
    assert plain.seen == ["child ended", "timer", "released", "ended"]
    logs = [world.seen for world in crash_points(scenario)]
    assert [] in logs
    for log in logs:
        assert log == plain.seen[: len(log)]
        assert log != plain.seen
    assert len(logs) == 10  # 3 calls, before and after each; the start of two tasks, and what they wake up to


def test_a_lock_that_lives_elsewhere_stays_locked_when_its_holder_dies_in_the_middle_of_a_function():
    async def scenario(world):
        bell = world.queue(Bell())
        world.locked = set()

        async def process():
            world.locked.add("alice")
            try:
                bell.ring()
            finally:
                world.locked.discard("alice")

        world.start("ann", process)
        await asyncio.sleep(1)
        assert not world.locked

    outcomes = [world.outcome for world in crash_points(scenario)]
    assert [outcome is not None for outcome in outcomes] == [False, True, True]  # before its start; around the call


def test_a_process_that_is_started_again_has_lost_its_memory_and_nothing_else():
    async def scenario(world):
        bell = world.queue(Bell())
        world.lives = []

        async def process(name):
            memory = []
            world.lives.append(memory)
            memory.append(name)
            bell.ring(name)
            await asyncio.sleep(1)
            memory.append("done")

        world.start("ann", process, "ann")
        await asyncio.sleep(10)

    world = run(scenario, (Crash(restart=2), 2))
    assert world.lives == [["ann"], ["ann", "done"]]
    assert told(world, who="ann") == ["ring('ann') → 1", "crashes after ring('ann')", "starts again", "ring('ann') → 2"]
    assert [line.at for line in world.story] == [0, 0, 2, 2]
    assert world.outcome is None


def test_what_is_left_of_a_process_is_closed_after_the_run_and_can_change_nothing():
    closed = []

    async def scenario(world):
        bell = world.queue(Bell())
        world.bell = bell

        async def process():
            while True:
                try:
                    bell.ring()
                    await asyncio.sleep(1)
                except BaseException:
                    closed.append("here")
                    bell.ring("after the run")

        world.start("ann", process)
        await asyncio.sleep(2.5)

    world = run(scenario, (Crash(restart=None), 5))
    assert closed  # so nothing is printed later, when it is garbage-collected
    assert world.bell.rung == ["x", "x"]
    assert world.outcome is None


def test_a_dead_worker_that_was_waiting_keeps_no_job_from_the_others():
    async def scenario(world):
        queue = world.queue(JobQueue(clock=world.clock))

        async def worker(name):
            await Worker(queue, {"work": nothing}, name=name).run()

        async def nothing(data):
            await asyncio.sleep(1)

        world.start("ann", worker, "ann")
        world.start("ben", worker, "ben")
        await asyncio.sleep(1)
        queue.enqueue("work")
        queue.enqueue("work")
        await world.settled()

    for fault in (Crash(restart=None), Pause(100)):
        ends = [world.outcome and world.outcome.broken for world in crash_points(scenario, fault)]
        stuck = [end for end in ends if end is not None]
        assert None in ends
        assert set(stuck) <= {
            f"it never ends: job {job} is still processing, claimed by {who}"
            for job in (1, 2)
            for who in ("ann", "ben")
        }
        assert bool(stuck) is isinstance(fault, Crash)  # JobQueue has no leases


def test_each_crash_and_each_pause_of_a_worker_is_survived_with_leases():
    async def scenario(world):
        queue = world.queue(SQLiteQueue(":memory:", clock=world.clock, lease=5, poll=None))
        world.sent = []

        async def send(data):
            await asyncio.sleep(1)
            world.sent.append(data)

        async def worker(name):
            await Worker(queue, {"send": send}, name=name).run()

        world.start("ann", worker, "ann")
        world.start("ben", worker, "ben")
        queue.enqueue("send", "alice")
        queue.enqueue("send", "bob")
        await world.settled()
        assert set(world.sent) == {"alice", "bob"}
        assert queue.stats()["completed"] == 2

    for fault in (Crash(), Crash(restart=None), Pause(60), LostAnswer(), FullDisk(20), ClockJump(-60), ClockJump(3600)):
        for world in crash_points(scenario, fault):
            assert world.outcome is None, (fault, world.outcome, world.story)


# --- a pause ---


def test_a_paused_process_stands_still_and_the_others_do_not():
    async def scenario(world):
        bell = world.queue(Bell())
        world.times = {"ann": [], "ben": []}

        async def process(name):
            for _ in range(4):
                world.times[name].append(world.clock())
                bell.ring()
                await asyncio.sleep(1)

        world.start("ann", process, "ann")
        world.start("ben", process, "ben")
        await asyncio.sleep(30)

    plain = run(scenario)
    assert plain.times == {"ann": [0, 1, 2, 3], "ben": [0, 1, 2, 3]}
    for world in crash_points(scenario, Pause(10)):
        assert sorted(len(times) for times in world.times.values()) == [4, 4]
        paused, other = sorted(world.times.values(), key=lambda times: -times[-1])
        assert other == [0, 1, 2, 3]
        assert paused[-1] >= 10 or paused == other  # a pause after all times were taken
        assert told(world)[-1] == "ring() → 8" or "goes on" in told(world)


def test_a_timeout_ends_during_a_pause_but_what_was_cancelled_stays_cancelled():
    async def scenario(world):
        bell = world.queue(Bell())
        world.log = []

        async def process():
            loop = asyncio.get_running_loop()
            late = loop.call_later(3, world.log.append, "late")
            loop.call_later(2, late.cancel)
            bell.ring()
            await asyncio.sleep(1.5)
            try:
                async with asyncio.timeout(2):
                    await asyncio.sleep(1)
                world.log.append("in time")
            except TimeoutError:
                world.log.append("too late")

        world.start("ann", process)
        await asyncio.sleep(30)

    assert run(scenario).log == ["in time"]
    logs = {tuple(world.log) for world in crash_points(scenario, Pause(20))}
    assert logs == {("in time",)}  # the sleep was over first


def test_two_processes_pause_in_the_middle_of_a_function_and_both_go_on():
    async def scenario(world):
        bell = world.queue(Bell())
        world.log = []

        async def process(name):
            task = asyncio.current_task()
            bell.ring(name)
            assert asyncio.current_task() is task
            world.log.append((name, world.clock()))
            await asyncio.sleep(1)
            world.log.append((name, world.clock()))

        world.start("ann", process, "ann")
        world.start("ben", process, "ben")
        await asyncio.sleep(100)

    world = run(scenario, (Pause(10), 2), (Pause(30), 5))
    assert told(world) == [
        "ring('ann') → 1",
        "stands still for 10 s, after ring('ann')",
        "ring('ben') → 2",
        "stands still for 30 s, after ring('ben')",
        "goes on",
        "goes on",
    ]
    assert world.log == [("ben", 30), ("ann", 30), ("ben", 31), ("ann", 31)]  # Python's stack has ann below ben


def test_no_process_crashes_where_that_would_stop_another_one_forever():
    async def scenario(world):
        bell = world.queue(Bell())
        world.log = []

        async def process(name):
            bell.ring(name)
            await asyncio.sleep(1)
            world.log.append(name)

        world.start("ann", process, "ann")
        world.start("ben", process, "ben")
        await asyncio.sleep(100)

    assert run(scenario, (Pause(10), 2), (Crash(restart=None), 5)).log == ["ben", "ann"]
    assert run(scenario, (Crash(restart=None), 2), (Pause(10), 5)).log == ["ben"]
    assert run(scenario, (Pause(10), 2), (Crash(restart=None), 6)).log == ["ann"]  # at an await, it can
    assert run(scenario, (Crash(restart=None), 2), (Crash(restart=None), 5)).log == []


def test_a_report_after_a_pause_beyond_the_lease_is_refused():
    async def scenario(world):
        queue = world.queue(SQLiteQueue(":memory:", clock=world.clock, lease=5, poll=None))
        world.refused = []

        async def worker(name):
            while True:
                while (job := queue.dequeue(name)) is not None:
                    await asyncio.sleep(1)
                    try:
                        queue.complete(job.id, name, attempt=job.attempts)
                    except LeaseLost:
                        world.refused.append(name)
                await queue.wait()

        world.start("ann", worker, "ann")
        world.start("ben", worker, "ben")
        queue.enqueue("work")
        await world.settled()
        world.completed_by = queue.get(1).result

    ends = {(world.outcome, *world.refused, world.completed_by) for world in crash_points(scenario, Pause(20))}
    assert ends == {(None, "ann"), (None, "ben"), (None, "ann", "ben")}
