"""A worker whose storage is down: it says so, and continues when the storage is back."""

import asyncio

import pytest

from jobqueue_lesson import JobQueue, Worker
from jobqueue_lesson.durable import StorageError


async def nap(seconds):
    await asyncio.sleep(seconds)
    return f"slept {seconds}"


class Unreliable(JobQueue):
    """A queue whose storage is down for the moves in `down`."""

    lease = 6.0

    def __init__(self, **options):
        super().__init__("tasks", **options)
        self.down = set()
        self.calls = []

    def _use_storage(self, move):
        self.calls.append((move, self.clock()))
        if move in self.down:
            raise StorageError("tasks.db: disk I/O error; nothing was changed")


def _through_storage(name):
    def move(self, *arguments, **options):
        self._use_storage(name)
        return getattr(JobQueue, name)(self, *arguments, **options)

    return move


for _name in ("dequeue", "complete", "fail", "release", "heartbeat", "stats"):
    setattr(Unreliable, _name, _through_storage(_name))


@pytest.fixture
def unreliable(sim):
    return Unreliable(clock=sim.time)


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_worker_survives_storage_that_is_down_and_says_so(sim, unreliable, caplog, concurrency):
    worker = Worker(unreliable, {"nap": nap}, name="ann", concurrency=concurrency)
    assert (worker.running, worker.outage) == (False, None)
    unreliable.enqueue("nap", 1)
    unreliable.down = {"dequeue"}
    running = sim.create_task(worker.run())
    sim.run(asyncio.sleep(4.5))
    assert worker.running
    assert worker.outage == ("tasks.db: disk I/O error; nothing was changed", 0.0, None)
    unreliable.down = set()
    sim.run(unreliable.join())
    assert unreliable.get(1).result == "slept 1"
    assert worker.outage == ("tasks.db: disk I/O error; nothing was changed", 0.0, 5.0)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]  # once, not at every retry
    worker.stop()
    sim.run(asyncio.sleep(0))
    assert running.done()
    assert not worker.running


def test_a_drain_survives_storage_that_is_down(sim, unreliable):
    unreliable.enqueue("nap", 1)
    unreliable.down = {"stats"}
    draining = sim.create_task(Worker(unreliable, {"nap": nap}).drain())
    sim.run(asyncio.sleep(10))
    unreliable.down = set()
    sim.run(asyncio.sleep(3))
    assert draining.done()
    assert unreliable.get(1).status == "completed"


@pytest.mark.parametrize("outcome", ["complete", "fail"])
def test_an_outcome_is_reported_again_until_it_is_stored(sim, unreliable, outcome):
    runs = []

    async def handler(data):
        runs.append(sim.time())
        if outcome == "fail":
            raise OSError("x")
        return "done"

    unreliable.enqueue("a", max_attempts=1)
    unreliable.down = {outcome}
    worker = Worker(unreliable, {"a": handler})
    sim.create_task(worker.run())
    sim.run(asyncio.sleep(3.5))
    assert unreliable.get(1).status == "processing"
    unreliable.down = set()
    sim.run(unreliable.join())
    assert unreliable.get(1).status == ("completed" if outcome == "complete" else "failed")
    assert runs == [0]


def test_a_stopped_worker_does_not_wait_for_storage_forever(sim, unreliable):
    unreliable.enqueue("nap", 1)
    unreliable.down = {"complete"}
    worker = Worker(unreliable, {"nap": nap})
    running = sim.create_task(worker.run())
    sim.run(asyncio.sleep(3.5))
    worker.stop()
    sim.run(asyncio.sleep(2))
    assert running.done()


def test_heartbeats_continue_after_one_has_failed(sim, unreliable):
    unreliable.enqueue("nap", 30)
    worker = Worker(unreliable, {"nap": nap})
    draining = sim.create_task(worker.drain())
    sim.run(asyncio.sleep(5))
    unreliable.down = {"heartbeat"}
    sim.run(asyncio.sleep(3))
    assert worker.outage.since == 6
    unreliable.down = set()
    sim.run(asyncio.sleep(1.5))
    assert worker.outage.until == 9
    sim.run(asyncio.sleep(30))
    beats = [at for move, at in unreliable.calls if move == "heartbeat"]
    assert beats == [2, 4, 6, 7, 8, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29]
    assert draining.done()


def test_heartbeats_end_once_the_attempt_has_lost_its_lease(sim, unreliable):
    unreliable.enqueue("nap", 30)
    sim.create_task(Worker(unreliable, {"nap": nap}).run())
    sim.run(asyncio.sleep(5))
    unreliable.complete(1)
    sim.run(asyncio.sleep(20))
    assert [at for move, at in unreliable.calls if move == "heartbeat"] == [2, 4, 6]
