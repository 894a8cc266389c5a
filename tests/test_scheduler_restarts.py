"""Schedulers that start, stop and start again: when their ticks are, which ones are missed, and what is remembered."""

import asyncio

import pytest

from jobqueue_lesson import JobQueue, Simulation, Worker
from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.scheduler import Scheduler, cron, every


class World:
    """A queue, in memory or on disk, a worker, and schedulers that come and go, in simulated time."""

    START = 1000.25

    def __init__(self, path=None):
        self.sim = Simulation(self.START)
        self.path = path
        self.queues = []
        self.processes = []
        self.queue = self.open()
        self.work = 0.0

    def open(self):
        """Open the queue, as a new process does. In memory there is only one."""
        if self.path is None:
            queue = self.queues[0] if self.queues else JobQueue(clock=self.sim.time)
        else:
            queue = SQLiteQueue(self.path, poll=0.1, lease=10_000, clock=self.sim.time)
        self.queues.append(queue)
        return queue

    def close(self):
        for process in self.processes:
            self.kill(process)
        if self.path is not None:
            for queue in self.queues:
                queue.close()

    async def handle(self, data):
        await asyncio.sleep(self.work)

    def start_worker(self):
        self.run(Worker(self.open(), {"job": self.handle}))

    def start(self, schedule, name="tick", **options):
        """Start a process with a scheduler in it."""
        scheduler = Scheduler(self.open())
        scheduler.add(name, schedule, "job", **options)
        return self.run(scheduler)

    def run(self, program):
        self.processes.append(self.sim.create_task(program.run()))
        return self.processes[-1]

    def kill(self, process):
        process.cancel()
        self.wait(0)

    def wait(self, seconds):
        self.sim.run(asyncio.sleep(seconds))

    def jobs(self):
        """Return the key of each job and the second it was enqueued in, both counted from the start."""
        found = [job for job in map(self.queue.get, range(1, 100)) if job is not None]
        return [(float(job.key.partition("@")[2]) - self.START, int(job.created_at - self.START)) for job in found]


@pytest.fixture(params=["JobQueue", "SQLiteQueue"])
def world(request, tmp_path):
    world = World(tmp_path / "tasks.db" if request.param == "SQLiteQueue" else None)
    yield world
    world.close()


def test_the_first_tick_is_one_interval_after_the_first_start_wherever_the_clock_stands(world):
    world.start_worker()
    world.start(every(300))
    world.wait(700)
    assert world.jobs() == [(300, 300), (600, 600)]


@pytest.mark.parametrize("catch_up", ["one", "none"])
def test_a_scheduler_that_was_down_for_an_hour_catches_up_as_its_policy_says(world, catch_up):
    world.start_worker()
    process = world.start(every(60), catch_up=catch_up)
    world.wait(130)
    world.kill(process)
    world.wait(3626)
    world.start(every(60), catch_up=catch_up)
    world.wait(100)
    caught_up = [(3720, 3756)] if catch_up == "one" else []
    assert world.jobs() == [(60, 60), (120, 120), *caught_up, (3780, 3780), (3840, 3840)]


def test_restarts_between_two_ticks_change_nothing(world):
    world.start_worker()
    for _ in range(5):
        process = world.start(every(60))
        world.wait(29)
        world.kill(process)
        world.wait(1)
    assert world.jobs() == [(60, 60), (120, 120)]


def test_a_schedule_by_the_calendar_catches_up_too(world):
    world.start_worker()
    process = world.start(cron("* * * * *"))
    world.wait(30)
    world.kill(process)
    world.wait(600)
    world.start(cron("* * * * *"))
    world.wait(1)
    assert [job.created_at for job in map(world.queue.get, (1, 2))] == [1020, 1630.25]
    assert world.queue.get(2).key == "tick@1970-01-01T00:27:00+00:00"


def test_a_second_scheduler_has_the_first_ones_grid_and_continues_without_it(world):
    world.start_worker()
    first = world.start(every(60))
    world.wait(25)
    world.start(every(60))
    world.wait(110)
    world.kill(first)
    world.wait(60)
    assert world.jobs() == [(60, 60), (120, 120), (180, 180)]


def test_an_explicit_start_is_the_start_of_the_grid(world):
    world.start(every(60, start=1000.0))
    world.wait(60)
    assert world.jobs() == [(59.75, 59)]


def test_schedules_that_were_added_at_different_times_do_not_tick_together(world):
    world.start(every(60), name="a")
    world.wait(25)
    world.start(every(60), name="b")
    world.wait(70)
    assert world.jobs() == [(60, 60), (85, 85)]


def test_another_interval_under_the_same_name_skips_no_tick(world):
    world.start_worker()
    process = world.start(every(60))
    world.wait(310)
    world.kill(process)
    world.start(every(100))
    world.wait(200)
    assert [tick for tick, _ in world.jobs()] == [60, 120, 180, 240, 300, 400, 500]


def test_a_recurring_job_that_was_removed_starts_over_when_it_is_added_again(world):
    scheduler = Scheduler(world.queue)
    scheduler.add("tick", every(60), "job")
    world.run(scheduler)
    world.wait(30)
    scheduler.remove("tick")
    world.wait(100)
    scheduler.add("tick", every(60), "job")
    world.wait(65)
    assert world.jobs() == [(190, 190)]


@pytest.mark.parametrize(
    ("overlap", "second"), [("skip", (360, 360)), ("queue one", (120, 310)), ("coalesce", (300, 310))]
)
def test_a_scheduler_that_was_restarted_knows_what_is_unfinished_and_what_is_waiting(world, overlap, second):
    world.start_worker()
    world.work = 250.0
    for _ in range(4):
        process = world.start(every(60), overlap=overlap)
        world.wait(100)
        world.kill(process)
    assert world.jobs() == [(60, 60), second]


def test_a_tick_left_waiting_while_the_scheduler_was_down_and_those_since_are_one_run(world):
    world.start_worker()
    world.work = 90.0
    process = world.start(every(60), overlap="queue one")
    world.wait(130)
    world.kill(process)
    world.work = 0.0
    world.wait(1000)
    world.start(every(60), overlap="queue one")
    world.wait(5)
    assert world.jobs() == [(60, 60), (1080, 1130)]


# --- what a queue remembers ---


def test_memory_is_there_when_the_file_is_opened_again(world):
    with world.queue.memory("a") as memory:
        assert memory == {}
        memory["at"] = 0.1
    with world.open().memory("a") as memory:
        assert memory == {"at": 0.1}
    with world.open().memory("b") as memory:
        assert memory == {}


def test_memory_and_jobs_are_stored_together_or_not_at_all(tmp_path):
    queue, events = SQLiteQueue(tmp_path / "tasks.db"), []
    queue.subscribe(events.append)
    with pytest.raises(RuntimeError, match="on the way"), queue.memory("a") as memory:
        memory["job"] = queue.enqueue("job", key="k").id
        raise RuntimeError("on the way")
    assert (queue.stats()["pending"], queue.events(), events) == (0, [], [])
    with queue.memory("a") as memory:
        assert memory == {}
        memory["job"] = queue.enqueue("job", key="k").id
        assert events == []
    assert [event.move for event in events] == ["enqueue"]
    queue.close()
