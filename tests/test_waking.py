"""Who is woken for which job, and who is told of it: no wakeup is lost, and none is made for nothing."""

import asyncio
import itertools
import os
import random
import signal
import sys

import pytest

from jobqueue_lesson import JobQueue, Worker
from jobqueue_lesson.durable import SQLiteQueue, StorageError
from tests.support.waiting import pass_time


def count_looks(queue):
    """Note the worker of each call of dequeue from now on."""
    looks, dequeue = [], queue.dequeue
    queue.dequeue = lambda worker: looks.append(worker) or dequeue(worker)
    return looks


async def nap(seconds):
    await asyncio.sleep(seconds)


# --- as many as there are jobs ---


def test_a_job_wakes_one_lane_of_many(sim, queue):
    sim.create_task(Worker(queue, {"nap": nap}, concurrency=100).run())
    pass_time(sim, 1)
    looks = count_looks(queue)
    queue.enqueue("nap", 1)
    pass_time(sim, 0.5)
    assert looks == ["worker-1/1"]
    pass_time(sim, 1)
    assert looks == ["worker-1/1"] * 2  # also when all jobs are finished, the others sleep on


def test_several_jobs_at_once_wake_as_many_lanes(sim, queue):
    sim.create_task(Worker(queue, {"nap": nap}, concurrency=100).run())
    pass_time(sim, 1)
    looks = count_looks(queue)
    for _ in range(3):
        queue.enqueue("nap", 1)
    pass_time(sim, 0.5)
    assert queue.stats()["processing"] == 3
    assert len(looks) == 3


def test_delayed_jobs_wake_nobody_before_their_time_and_then_as_many_as_they_are(sim, queue):
    sim.create_task(Worker(queue, {"nap": nap}, concurrency=100).run())
    pass_time(sim, 1)
    looks = count_looks(queue)
    for delay in (5, 5, 3, 9):
        queue.enqueue("nap", 0.5, delay=delay)
    pass_time(sim, 2.9)
    assert looks == []
    pass_time(sim, 0.2)
    assert len(looks) == 1
    pass_time(sim, 2)
    assert queue.stats() == {"pending": 1, "processing": 2, "completed": 1, "failed": 0}
    pass_time(sim, 100)
    assert queue.stats()["completed"] == 4
    assert len(looks) == 8  # each lane looks once more after its job


def test_an_earlier_job_moves_the_alarm_and_a_later_one_does_not(sim, queue):
    started = []

    async def note(_):
        started.append(sim.time())

    sim.create_task(Worker(queue, {"a": note}, concurrency=2).run())
    pass_time(sim, 1)
    for delay in (50, 10, 90):
        queue.enqueue("a", delay=delay)
    sim.run(queue.join())
    assert started == [11, 51, 91]


def test_no_alarm_is_left_when_nobody_waits(sim, queue):
    worker = Worker(queue, {"a": nap})
    sim.create_task(worker.run())
    queue.enqueue("a", 0, delay=10)
    pass_time(sim, 1)
    worker.stop()
    pass_time(sim, 1)
    assert not [timer for timer in sim._timers if not timer.cancelled()]


# --- no wakeup is lost ---


def test_a_waiter_cancelled_before_it_runs_passes_its_wakeup_on(sim, queue):
    async def scene():
        first, second = (asyncio.create_task(queue.wait()) for _ in range(2))
        await asyncio.sleep(1)
        queue.enqueue("a")
        first.cancel()  # it was woken for the job a moment ago
        await asyncio.wait_for(second, 5)
        return first.cancelled(), sim.time()

    assert sim.run(scene()) == (True, 1)


def test_a_waiter_that_takes_no_job_does_not_keep_the_others_asleep(sim, queue):
    async def scene():
        tasks = [asyncio.create_task(queue.wait()) for _ in range(3)]
        await asyncio.sleep(1)
        queue.enqueue("a")
        await asyncio.wait(tasks, timeout=5)
        return [task.done() for task in tasks], sim.time()

    assert sim.run(scene()) == ([True] * 3, 1)


def test_workers_that_are_stopped_while_jobs_come_leave_none_lying(sim, queue):
    stopped, other = (Worker(queue, {"nap": nap}, name=name) for name in ("ann", "ben"))

    async def scene():
        tasks = [asyncio.create_task(worker.run()) for worker in (stopped, other)]
        await asyncio.sleep(1)
        queue.enqueue("nap", 1)
        stopped.stop()
        await asyncio.wait_for(queue.join(), 5)
        other.stop()
        await asyncio.gather(*tasks)

    sim.run(scene())
    assert queue.get(1).worker == "ben"


def test_a_drain_ends_when_somebody_else_finishes_the_last_job(sim, queue):
    queue.enqueue("a")
    job = queue.dequeue(worker="somebody else")
    draining = sim.create_task(Worker(queue, {}, concurrency=5).drain())
    pass_time(sim, 3)
    assert not draining.done()
    queue.complete(job.id)
    pass_time(sim, 0.1)
    assert draining.done()


@pytest.mark.parametrize("seed", range(8))
def test_no_due_job_ever_waits_while_a_lane_is_asleep(sim, queue, seed):
    """Jobs come, fail, are released and delayed, and waiters are cancelled, all at random."""
    rng = random.Random(seed)

    async def moody(data):
        await asyncio.sleep(rng.choice([0, 0.1, 0.5]))
        if rng.random() < 0.3:
            raise OSError

    async def impatient():
        while True:
            try:
                async with asyncio.timeout(rng.choice([0, 0.1, 0.3])):
                    await queue.wait()
            except TimeoutError:
                pass
            await asyncio.sleep(rng.choice([0, 0.05]))

    async def short_shifts():
        while True:
            shift = asyncio.create_task(Worker(queue, {"a": moody}, concurrency=2, name="short").run())
            await asyncio.sleep(rng.choice([0, 0.1, 0.5]))
            shift.cancel()
            await asyncio.wait([shift])

    async def scene():
        lanes = 3
        tasks = [asyncio.create_task(Worker(queue, {"a": moody}, concurrency=lanes).run())]
        tasks += [asyncio.create_task(impatient()), asyncio.create_task(short_shifts())]
        for _ in range(60):
            for _ in range(rng.choice([0, 1, 1, 4])):
                queue.enqueue("a", delay=rng.choice([0, 0, 0.1, 0.35]), max_attempts=2)
            await asyncio.sleep(rng.choice([0, 0, 0.1, 0.2]))
            await asyncio.sleep(1e-6)  # what is woken at this instant runs, and sums of floats may be a little late
            now, jobs = sim.time(), list(map(queue.get, itertools.takewhile(queue.get, itertools.count(1))))
            due = [job for job in jobs if job.status == "pending" and job.scheduled_for <= now]
            busy = [job for job in jobs if job.status == "processing" and not job.worker.startswith("short")]
            assert not due or len(busy) == lanes, (now, due)
        await asyncio.wait_for(queue.join(), 500)
        for task in tasks:
            task.cancel()

    sim.run(scene())


# --- Ctrl-C in a listener ---


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_after_ctrl_c_in_a_listener_all_moves_are_heard_again(queue):
    heard, also_heard = [], []

    def interrupted_once(event):
        heard.append((event.job_id, event.move))
        if len(heard) == 1:
            os.kill(os.getpid(), signal.SIGINT)
            sum(range(100_000))

    queue.subscribe(interrupted_once)
    queue.subscribe(lambda event: also_heard.append((event.job_id, event.move)))
    with pytest.raises(KeyboardInterrupt):
        queue.enqueue("a")
    queue.enqueue("b")
    queue.complete(queue.dequeue().id)
    assert heard == also_heard == [(1, "enqueue"), (2, "enqueue"), (1, "dequeue"), (1, "complete")]


def interrupt_at(move):
    def listener(event):
        if event.move == move:
            raise KeyboardInterrupt

    return listener


def test_a_job_whose_dequeue_was_interrupted_is_not_lost(queue):
    queue.enqueue("a")
    leave = queue.subscribe(interrupt_at("dequeue"))
    with pytest.raises(KeyboardInterrupt):
        queue.dequeue()
    leave()
    assert queue.stats()["pending"] == 1
    assert (queue.dequeue().id, queue.get(1).attempts) == (1, 1)


def test_an_interrupted_enqueue_wakes_its_waiter_all_the_same(sim, queue):
    queue.subscribe(interrupt_at("enqueue"))
    sim.create_task(Worker(queue, {"nap": nap}).run())
    pass_time(sim, 1)
    with pytest.raises(KeyboardInterrupt):
        queue.enqueue("nap", 1)
    sim.run(queue.join())
    assert queue.get(1).status == "completed"


@pytest.mark.parametrize("move", ["complete", "fail"])
def test_an_interrupted_end_ends_the_wait_for_it_all_the_same(sim, queue, move):
    queue.enqueue("a", max_attempts=1)
    queue.dequeue()
    queue.subscribe(interrupt_at(move))
    joining = sim.create_task(queue.join())
    pass_time(sim, 1)
    with pytest.raises(KeyboardInterrupt):
        queue.complete(1) if move == "complete" else queue.fail(1, "x")
    pass_time(sim, 0)
    assert joining.done()


# --- a clock that is set back ---


def test_a_clock_that_is_set_back_holds_no_ready_job_up(queue, sim):
    pass_time(sim, 7200)
    queue.enqueue("low", priority=0)
    queue.enqueue("urgent", priority=9)
    queue.dequeue()
    sim._now = 3600.0
    queue.enqueue("also low", priority=0)
    queue.release(2)
    assert [queue.dequeue().type for _ in range(3)] == ["urgent", "also low", "low"]


def test_a_clock_that_is_set_back_makes_no_attempt_shorter_than_nothing(queue, sim):
    pass_time(sim, 7200)
    queue.enqueue("a")
    queue.dequeue()
    sim._now = 3600.0
    queue.complete(1)
    assert queue.get(1).duration == 0


def test_a_worker_that_sleeps_when_the_clock_is_set_back_wakes_for_the_next_job(queue, sim):
    pass_time(sim, 7200)
    sim.create_task(Worker(queue, {"nap": nap}).run())
    pass_time(sim, 1)
    sim._now = 3600.0
    queue.enqueue("nap", 1)
    sim.run(queue.join())
    assert sim.time() == 3601


@pytest.mark.parametrize("kind", ["in memory", "on SQLite"])
def test_a_timer_that_ends_a_rounding_error_early_does_not_make_time_stand_still(kind, sim):
    def behind():
        return max(0.0, sim.time() - 1 / 3)

    # Found by `explore`, as a lease that expires after the clock was set back.
    queue = JobQueue(clock=behind) if kind == "in memory" else SQLiteQueue(":memory:", clock=behind, poll=None)
    sim.callback_limit = 1000
    pass_time(sim, 1.1)
    queue.enqueue("nap", 0, delay=3)
    sim.run(Worker(queue, {"nap": nap}).drain())
    assert sim.time() == pytest.approx(4.1, abs=1e-5)


# --- looking for what other processes do ---


@pytest.fixture
def looking(sim, tmp_path):
    """Open two queues on one file; the first looks every 0.1 s for what the second does."""
    queues = [SQLiteQueue(tmp_path / "tasks.db", clock=sim.time, lease=1000, poll=poll) for poll in (0.1, None)]
    yield queues
    for queue in queues:
        queue.close()


def test_a_look_that_failed_is_not_the_last(sim, looking, caplog):
    queue, other = looking
    heard, data_version = [], queue._file.version
    queue.subscribe(lambda event: heard.append(event.move))
    sim.create_task(Worker(queue, {"nap": nap}).run())
    pass_time(sim, 1)

    def fails():
        raise StorageError("tasks.db: disk I/O error; nothing was changed")

    queue._file.version = fails
    pass_time(sim, 1)
    other.enqueue("nap", 1)
    pass_time(sim, 1)
    queue._file.version = data_version
    pass_time(sim, 3)
    assert heard == ["enqueue", "dequeue", "complete"]
    assert caplog.text.count("cannot see what other processes do") == 1


def test_another_process_wakes_one_lane_of_many(sim, looking):
    queue, other = looking
    sim.create_task(Worker(queue, {"nap": nap}, concurrency=50).run())
    pass_time(sim, 1)
    looks = count_looks(queue)
    other.enqueue("nap", 10)
    pass_time(sim, 1)
    assert looks == ["worker-1/1"]
    other.enqueue("nap", 1, delay=4)
    pass_time(sim, 3.5)
    assert len(looks) == 1
    pass_time(sim, 1)
    assert len(looks) == 2


def test_listeners_that_could_not_be_told_hear_of_it_later_and_the_move_counts(sim, looking, caplog):
    queue, _ = looking
    heard, read = [], queue._file.read

    async def scene():
        queue.subscribe(lambda event: heard.append(event.move))

        def fails(query, *values):
            if "FROM events" in query:
                raise StorageError("disk I/O error")
            return read(query, *values)

        queue._file.read = fails
        assert queue.enqueue("a").id == 1
        queue._file.read = read
        await asyncio.sleep(1)

    sim.run(scene())
    assert heard == ["enqueue"]
    assert "will be notified later" in caplog.text
