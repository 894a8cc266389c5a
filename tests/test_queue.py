"""What the queue in memory does beyond the contract."""

import asyncio
import time

import pytest

from jobqueue_lesson import JobQueue, Simulation, Worker
from jobqueue_lesson.job import QueueFull
from jobqueue_lesson.retries import RetryPolicy


def test_a_full_queue_refuses_by_name_and_loses_nothing():
    queue = JobQueue("reports", max_pending=2)
    queue.enqueue("a", key="k")
    queue.enqueue("a")
    with pytest.raises(QueueFull, match=r"queue 'reports' is full: 2 jobs are pending \(max_pending\)"):
        queue.enqueue("a")
    assert queue.stats()["pending"] == 2
    assert queue.enqueue("a", key="k").id == 1  # a job that exists needs no room
    queue.dequeue()
    assert queue.enqueue("a").id == 3


def test_retries_and_released_jobs_always_fit():
    queue = JobQueue(max_pending=1)
    queue.enqueue("a")
    queue.dequeue()
    queue.enqueue("b")
    queue.fail(1, "x")
    assert queue.stats()["pending"] == 2
    queue.dequeue()
    queue.release(2)
    assert queue.stats()["pending"] == 2


def finish(queue, jobs):
    for _ in range(jobs):
        queue.complete(queue.dequeue().id)


def test_the_oldest_finished_jobs_are_forgotten_with_their_keys():
    queue = JobQueue(keep_finished=2)
    for number in range(1, 6):
        queue.enqueue("a", key=f"key {number}")
    finish(queue, 4)
    assert [queue.get(number) and queue.get(number).status for number in range(1, 6)] == [
        None,
        None,
        "completed",
        "completed",
        "pending",
    ]
    assert queue.stats() == {"pending": 1, "processing": 0, "completed": 4, "failed": 0}
    assert queue.enqueue("other", key="key 1").id == 6  # ids are never reused
    assert queue.enqueue("a", key="key 4").id == 4


def test_a_queue_that_keeps_nothing_does_not_grow():
    queue = JobQueue(keep_finished=0)
    for _ in range(1000):
        queue.enqueue("a", key="again")
        finish(queue, 1)
    assert len(queue._jobs) == len(queue._keys) == len(queue._finished) == 0
    assert queue.stats()["completed"] == 1000


def test_delayed_jobs_are_not_looked_at_before_their_time():
    class Watched(list):
        looked_at = 0

        def __getitem__(self, index):
            Watched.looked_at += 1
            return super().__getitem__(index)

    queue = JobQueue(clock=lambda: 100.0)
    for _ in range(1000):
        queue.enqueue("later", delay=50, priority=9)
    for _ in range(10):
        queue.enqueue("now")
    queue._delayed = Watched(queue._delayed)
    finish(queue, 10)
    assert Watched.looked_at == 10
    assert queue.dequeue() is None


def test_a_clock_that_shows_the_unix_epoch_works():
    sim = Simulation(start=1_700_000_000.123)
    queue = JobQueue(clock=sim.time)
    job = queue.enqueue("a", 0.01, delay=0.3)
    sim.run(Worker(queue, {"a": asyncio.sleep}).drain())
    assert job.status == "completed"
    assert job.started_at == pytest.approx(1_700_000_000.423, abs=1e-6)


def test_the_clock_is_real_by_default():
    before = time.time()
    assert before <= JobQueue().enqueue("a").created_at <= time.time()


def test_aging_lets_an_old_job_overtake_an_urgent_new_one():
    def order(aging):
        now = 0.0
        queue = JobQueue(clock=lambda: now, aging=aging)
        queue.enqueue("normal")
        now = 4.0
        queue.enqueue("urgent", priority=10)
        return queue.dequeue().type

    assert order(aging=0) == "urgent"
    assert order(aging=2) == "urgent"  # 8 points of waiting
    assert order(aging=3) == "normal"  # 12 points of waiting


def test_the_policy_decides_what_is_retried_and_when():
    queue = JobQueue(clock=lambda: 0.0, retry=RetryPolicy(base=5, factor=1, retry_on=(OSError,)))
    queue.enqueue("a")
    queue.enqueue("b")
    queue.dequeue()
    queue.dequeue()
    queue.fail(1, OSError())
    queue.fail(2, ValueError())
    assert (queue.get(1).status, queue.get(1).scheduled_for) == ("pending", 5.0)
    assert queue.get(2).status == "failed"


def test_decorrelated_jitter_is_told_the_previous_wait(monkeypatch):
    asked = []
    policy = RetryPolicy()
    monkeypatch.setattr(RetryPolicy, "delay", lambda self, attempt, previous: asked.append((attempt, previous)) or 0.0)
    queue = JobQueue(retry=policy, clock=lambda: 0.0)
    queue.enqueue("a")
    for _ in range(3):
        queue.dequeue()
        queue.fail(1, "x")
    assert asked == [(1, None), (2, 0.0)]


def test_an_idle_worker_does_not_poll():
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    looks = []
    dequeue = queue.dequeue
    queue.dequeue = lambda worker: looks.append(sim.time()) or dequeue(worker)
    sim.create_task(Worker(queue, {"a": asyncio.sleep}).run())
    sim.run(asyncio.sleep(1000))
    assert looks == [0]
    queue.enqueue("a", 0.5)
    sim.run(asyncio.sleep(1000))
    assert looks == [0, 1000, 1000.5]


def test_a_retry_wakes_an_idle_worker_exactly_when_its_backoff_ends():
    sim = Simulation()
    queue = JobQueue(clock=sim.time, retry=RetryPolicy(base=0.1, factor=1))
    began = []

    async def flaky(_):
        began.append(sim.time())
        if len(began) < 4:
            raise OSError

    queue.enqueue("a", max_attempts=9)
    sim.run(Worker(queue, {"a": flaky}).drain())
    assert began == pytest.approx([0, 0.1, 0.2, 0.3])


def test_an_earlier_job_moves_the_alarm_of_a_worker_that_waits_for_a_later_one():
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    began = []

    async def note(_):
        began.append(sim.time())

    sim.create_task(Worker(queue, {"a": note}).run())
    queue.enqueue("a", delay=100)
    sim.run(asyncio.sleep(1))
    queue.enqueue("a", delay=10)
    sim.run(queue.join())
    assert began == [11, 100]
