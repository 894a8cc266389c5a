"""The worker: concurrency, stopping, and whatever its handlers do."""

import asyncio
import contextlib

import pytest

from jobqueue_lesson import History, JobQueue, Worker
from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.job import QueueClosed
from jobqueue_lesson.retries import DoNotRetry
from jobqueue_lesson.simulation import EndlessWait


@pytest.fixture
def queue(sim):
    return JobQueue("tasks", clock=sim.time)


async def nap(seconds):
    await asyncio.sleep(seconds)
    return f"slept {seconds}"


def test_it_does_every_job_and_keeps_the_results(sim, queue):
    for seconds in (1, 2, 3):
        queue.enqueue("nap", seconds)
    sim.run(Worker(queue, {"nap": nap}).drain())
    assert [queue.get(n).result for n in (1, 2, 3)] == ["slept 1", "slept 2", "slept 3"]
    assert sim.time() == 6


def test_it_runs_as_many_jobs_at_once_as_its_concurrency(sim, queue):
    history = History(queue)
    for _ in range(7):
        queue.enqueue("nap", 1)
    sim.run(Worker(queue, {"nap": nap}, name="ann", concurrency=3).drain())
    assert sim.time() == 3
    assert history.count([0.5, 1.5, 2.5])["processing"] == [3, 3, 1]
    assert history.workers() == ["ann/1", "ann/2", "ann/3"]


def test_two_workers_share_a_queue(sim, queue):
    async def both():
        await asyncio.gather(*(Worker(queue, {"nap": nap}, name=name).drain() for name in ("ann", "ben")))

    for seconds in (2, 1, 1):
        queue.enqueue("nap", seconds)
    sim.run(both())
    assert [queue.get(n).worker for n in (1, 2, 3)] == ["ann", "ben", "ben"]
    assert sim.time() == 2


def test_once_stopped_it_finishes_the_running_job_and_claims_no_other(sim, queue):
    async def shift(worker):
        running = asyncio.create_task(worker.run())
        await asyncio.sleep(0.5)
        worker.stop()
        await running

    queue.enqueue("nap", 2)
    queue.enqueue("nap", 2)
    sim.run(shift(Worker(queue, {"nap": nap})))
    assert sim.time() == 2
    assert queue.stats() == {"pending": 1, "processing": 0, "completed": 1, "failed": 0}


def test_an_idle_worker_stops_at_once(sim, queue):
    worker = Worker(queue, {})
    running = sim.create_task(worker.run())
    sim.run(asyncio.sleep(1))
    worker.stop()
    sim.run(asyncio.sleep(0))
    assert running.done()
    assert sim.time() == 1


def test_a_stop_counts_even_before_the_worker_has_started(sim, queue):
    queue.enqueue("nap", 1)
    worker = Worker(queue, {"nap": nap})
    running = sim.create_task(worker.run())
    worker.stop()
    sim.run(asyncio.sleep(0))
    assert running.done()
    assert queue.stats()["pending"] == 1


def test_a_worker_that_was_stopped_can_run_again(sim, queue):
    worker = Worker(queue, {"nap": nap})
    worker.stop()
    queue.enqueue("nap", 1)
    sim.run(worker.drain())
    worker.stop()
    queue.enqueue("nap", 1)
    sim.run(worker.drain())
    assert queue.stats()["completed"] == 2


def test_a_running_worker_cannot_be_started_again(sim, queue):
    worker = Worker(queue, {"nap": nap}, name="ann")
    sim.create_task(worker.run())
    sim.run(asyncio.sleep(1))
    with pytest.raises(RuntimeError, match="ann is already running"):
        worker.drain()


def test_a_worker_cannot_be_started_twice_at_once(sim, queue):
    async def both(worker):
        return await asyncio.gather(worker.drain(), worker.drain(), return_exceptions=True)

    queue.enqueue("nap", 1)
    refused, worked = sim.run(both(Worker(queue, {"nap": nap}, name="ann")))
    assert "ann is already running" in str(refused)
    assert worked is None
    assert queue.stats()["completed"] == 1


def test_an_attempt_that_takes_too_long_is_cancelled_and_has_failed(sim, queue):
    queue.enqueue("nap", 10, max_attempts=1)
    sim.run(Worker(queue, {"nap": nap}, timeout=0.5).drain())
    assert queue.get(1).error == "TimeoutError: nap took longer than 0.5 s"
    assert sim.time() == 0.5


def test_a_timeout_of_the_handlers_own_is_recorded_as_it_is(sim, queue):
    async def call(_):
        raise TimeoutError("no answer")

    queue.enqueue("call", max_attempts=1)
    sim.run(Worker(queue, {"call": call}, timeout=5).drain())
    assert queue.get(1).error == "TimeoutError: no answer"


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_cancelled_worker_releases_its_jobs(sim, queue, concurrency):
    async def shift():
        running = asyncio.create_task(Worker(queue, {"nap": nap}, concurrency=concurrency).run())
        await asyncio.sleep(0.5)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    for _ in range(3):
        queue.enqueue("nap", 2)
    sim.run(shift())
    assert queue.stats() == {"pending": 3, "processing": 0, "completed": 0, "failed": 0}
    assert [queue.get(n).attempts for n in (1, 2, 3)] == [0, 0, 0]


def test_a_job_without_a_handler_fails_at_once_however_many_attempts_are_left(sim, queue):
    queue.enqueue("make-coffee", max_attempts=5)
    sim.run(Worker(queue, {"nap": nap, "dig": nap}).drain())
    job = queue.get(1)
    assert (job.status, job.attempts, sim.time()) == ("failed", 1, 0)
    assert job.error == "NoHandler: no handler for 'make-coffee'; this worker has: dig, nap"


class BrokenText(Exception):
    def __str__(self):
        raise ValueError("no text")


@pytest.mark.parametrize(
    ("error", "kept", "retried"),
    [
        (ValueError("bad address"), "ValueError: bad address", True),
        (KeyError("to"), "KeyError: 'to'", True),
        (DoNotRetry("hopeless"), "DoNotRetry: hopeless", False),
        (SystemExit(3), "SystemExit: 3", False),
        (asyncio.CancelledError("by the handler itself"), "CancelledError: by the handler itself", False),
        (BaseExceptionGroup("two", [ValueError(), SystemExit()]), "BaseExceptionGroup: two (2 sub-exceptions)", False),
        (BrokenText(), "BrokenText: (its message cannot be shown)", True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_whatever_a_handler_raises_stays_inside_its_job(sim, queue, error, kept, retried):
    async def explode(_):
        raise error

    queue.enqueue("explode", max_attempts=3)
    queue.enqueue("nap", 1)
    sim.run(Worker(queue, {"explode": explode, "nap": nap}).drain())
    job = queue.get(1)
    assert job.status == "failed"
    assert [str(attempt) for attempt in job.errors] == [kept] * (3 if retried else 1)
    assert queue.get(2).status == "completed"


def test_ctrl_c_releases_the_job_and_stops_the_worker(sim, queue):
    async def interrupted(_):
        raise KeyboardInterrupt

    queue.enqueue("a")
    with pytest.raises(KeyboardInterrupt):
        sim.run(Worker(queue, {"a": interrupted}).drain())
    assert queue.stats() == {"pending": 1, "processing": 0, "completed": 0, "failed": 0}


def test_a_handler_that_is_not_async_gets_a_clear_error(sim, queue):
    queue.enqueue("a")
    sim.run(Worker(queue, {"a": lambda data: {"sent": True}}).drain())
    assert queue.get(1).attempts == 1
    assert queue.get(1).error == (
        "DoNotRetry: the handler for 'a' must be an async function (async def), it returned {'sent': True}"
    )


def test_drain_waits_for_jobs_that_back_off_and_for_jobs_of_other_workers(sim, queue):
    tries = []

    async def flaky(_):
        tries.append(sim.time())
        if len(tries) == 1:
            raise OSError

    async def both():
        await asyncio.gather(Worker(queue, {"nap": nap}).drain(), drained())

    async def drained():
        await Worker(queue, {"flaky": flaky}, name="worker-2").drain()
        assert queue.stats() == {"pending": 0, "processing": 0, "completed": 2, "failed": 0}

    queue.enqueue("nap", 7)
    queue.enqueue("flaky")
    sim.run(both())
    assert tries == [0, 2]
    assert sim.time() == 7


def test_it_works_in_real_time_too():
    async def main():
        queue = JobQueue()
        job = queue.enqueue("nap", 0.001)
        await Worker(queue, {"nap": nap}).drain()
        return job

    assert asyncio.run(main()).result == "slept 0.001"


# --- handlers that do what no handler should ---


async def cancels_itself_and_waits(data):
    asyncio.current_task().cancel()
    await asyncio.sleep(1)


async def cancels_itself_and_returns(data):
    asyncio.current_task().cancel()


async def cancels_itself_and_tidies_up(data):
    asyncio.current_task().cancel()
    try:
        await asyncio.sleep(1)
    finally:
        await asyncio.sleep(0.25)


async def cancels_itself_in_a_timeout(data):
    async with asyncio.timeout(5):
        asyncio.current_task().cancel()
        await asyncio.sleep(1)


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        (cancels_itself_and_waits, "failed"),
        (cancels_itself_and_tidies_up, "failed"),
        (cancels_itself_in_a_timeout, "failed"),
        (cancels_itself_and_returns, "completed"),
    ],
)
@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_handler_that_cancels_itself_has_had_its_attempt_and_its_worker_continues(
    sim, queue, handler, status, concurrency
):
    queue.enqueue("a")
    queue.enqueue("nap", 1)
    sim.run(Worker(queue, {"a": handler, "nap": nap}, concurrency=concurrency).drain())
    assert (queue.get(1).status, queue.get(1).attempts) == (status, 1)
    assert [error.type for error in queue.get(1).errors] == ["CancelledError"] * (status == "failed")
    assert queue.get(2).status == "completed"


def test_a_worker_cancelled_while_its_handler_cancels_itself_releases_the_job(sim, queue):
    async def shift():
        running = asyncio.create_task(Worker(queue, {"a": tidies_up_for_long}).run())
        await asyncio.sleep(0.5)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    async def tidies_up_for_long(data):
        try:
            asyncio.current_task().cancel()
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(10)

    queue.enqueue("a")
    sim.run(shift())
    assert (queue.get(1).status, queue.get(1).attempts) == ("pending", 0)


def test_a_handler_may_use_timeouts_and_task_groups(sim, queue):
    async def handler(data):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.sleep(5)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(nap("no number"))
                await asyncio.sleep(5)
        except* TypeError:
            pass
        return await asyncio.ensure_future(nap(1))

    queue.enqueue("a")
    sim.run(Worker(queue, {"a": handler}).drain())
    assert (queue.get(1).result, sim.time()) == ("slept 1", 2)


def test_a_wait_that_nothing_can_end_names_the_handler(sim, queue):
    async def forever(data):
        await asyncio.get_running_loop().create_future()

    queue.enqueue("a")
    with pytest.raises(EndlessWait, match=r"Worker\._lane > Worker\._process > Worker\._handle > .*forever"):
        sim.run(Worker(queue, {"a": forever}).drain())


def test_a_result_nested_too_deeply_fails_the_job_and_not_the_worker(sim, tmp_path):
    queue = SQLiteQueue(tmp_path / "tasks.db", clock=sim.time, poll=None)

    async def deep(data):
        result = []
        for _ in range(2000):
            result = [result]
        return result

    queue.enqueue("deep", max_attempts=1)
    queue.enqueue("nap", 1)
    sim.run(Worker(queue, {"deep": deep, "nap": nap}).drain())
    assert "NotJSON: result must be JSON, because it is stored: it is nested more than 100 deep" in queue.get(1).error
    assert queue.get(2).status == "completed"
    queue.close()


def test_a_bad_result_of_an_attempt_that_lost_its_lease_does_not_end_the_worker(sim, tmp_path, caplog):
    queue = SQLiteQueue(tmp_path / "tasks.db", clock=sim.time, poll=None, lease=10)

    async def bad(data):
        if queue.get(1).attempts == 1:
            sim._now += 60  # it blocks: no heartbeat
            queue.dequeue(worker="ben")
            queue.complete(1, "by ben", attempt=2)
        return {1, 2}

    queue.enqueue("bad")
    queue.enqueue("nap", 1, delay=100)
    sim.run(Worker(queue, {"bad": bad, "nap": nap}, name="ann").drain())
    assert queue.get(1).result == "by ben"
    assert queue.get(2).status == "completed"
    assert "ann: attempt 1 of job #1 has lost its lease" in caplog.text
    queue.close()


@pytest.mark.parametrize("when", ["idle", "working"])
def test_a_worker_whose_queue_is_closed_ends(sim, tmp_path, when):
    queue = SQLiteQueue(tmp_path / "tasks.db", clock=sim.time, poll=None)
    if when == "working":
        queue.enqueue("nap", 3)
    running = sim.create_task(Worker(queue, {"nap": nap}).run())
    sim.run(asyncio.sleep(1))
    queue.close()
    with pytest.raises(QueueClosed, match="this queue was closed"):
        sim.run(asyncio.wait_for(running, 10))
