"""The queue on disk, beyond what test_queue_contract.py says: several connections to one file, leases, JSON."""

import asyncio

import pytest

from jobqueue_lesson import History, Worker
from jobqueue_lesson.durable import NotJSON, SQLiteQueue
from jobqueue_lesson.job import LeaseLost
from jobqueue_lesson.progress import current_job
from tests.support.waiting import pass_time

# --- what is in the file ---


def test_jobs_counts_keys_and_the_record_are_there_when_the_file_is_opened_again(open_queue):
    queue = open_queue()
    queue.enqueue("a", {"to": "älice"}, key="once", priority=3)
    queue.enqueue("b", delay=5)
    queue.dequeue()
    queue.progress(1, 0.5, "half way")
    queue.fail(1, ConnectionError("away"))
    before = (queue.get(1), queue.get(2), queue.stats(), queue.events())
    queue.close()
    again = open_queue()
    after = (again.get(1), again.get(2), again.stats(), again.events())
    assert [[getattr(job, name) for name in type(job).__slots__] for job in after[:2]] == [
        [getattr(job, name) for name in type(job).__slots__] for job in before[:2]
    ]
    assert after[2:] == before[2:]
    assert again.enqueue("a", {"to": "älice"}, key="once", priority=3).id == 1
    assert again.enqueue("c").id == 3


def test_the_record_of_all_processes_can_be_drawn(open_queue):
    one, other = open_queue(), open_queue()
    one.enqueue("a")
    other.dequeue(worker="ann")
    one.complete(1)
    assert [(event.move, event.worker) for event in one.events()] == [
        ("enqueue", None),
        ("dequeue", "ann"),
        ("complete", "ann"),
    ]
    history = History()
    for event in other.events(after=1):
        history.record(event)
    assert [event.move for event in history.events] == ["dequeue", "complete"]


def test_a_bound_holds_across_processes(open_queue):
    one, other = open_queue(max_pending=2), open_queue(max_pending=2)
    one.enqueue("a")
    other.enqueue("a")
    with pytest.raises(Exception, match="2 jobs are pending"):
        one.enqueue("a")


# --- leases ---


def test_a_job_whose_lease_expired_is_reclaimed_and_the_attempt_counts(open_queue, sim):
    queue = open_queue()
    queue.enqueue("a")
    queue.dequeue(worker="ann")
    pass_time(sim, 9.9)
    assert queue.dequeue(worker="ben") is None
    pass_time(sim, 0.1)
    job = queue.dequeue(worker="ben")
    assert (job.id, job.attempts, job.worker) == (1, 2, "ben")
    (error,) = job.errors
    assert str(error) == "LeaseExpired: ann sent no heartbeat for 10 s"
    assert [event.move for event in queue.events()] == ["enqueue", "dequeue", "retry", "dequeue"]


def test_a_job_whose_lease_expired_in_its_last_attempt_has_failed_with_the_reason(open_queue, sim):
    queue = open_queue()
    queue.enqueue("a", max_attempts=2)
    for _ in range(2):
        assert queue.dequeue(worker="ann").id == 1
        pass_time(sim, 10)
    assert queue.dequeue() is None
    (job,) = queue.dead()
    assert [error.type for error in job.errors] == ["LeaseExpired", "LeaseExpired"]
    assert queue.stats() == {"pending": 0, "processing": 0, "completed": 0, "failed": 1}


@pytest.mark.parametrize("report", ["complete", "fail", "release", "progress", "heartbeat"])
def test_a_report_from_a_worker_that_lost_its_lease_is_rejected_and_changes_nothing(open_queue, sim, report):
    queue = open_queue()
    queue.enqueue("a")
    queue.dequeue(worker="ann")
    pass_time(sim, 10)
    queue.dequeue(worker="ben")
    arguments = {"fail": ["late"], "progress": [0.9]}.get(report, [])
    with pytest.raises(LeaseLost, match="attempt 1 of job #1 has lost its lease: the job is processing, at attempt 2"):
        getattr(queue, report)(1, *arguments, attempt=1)
    assert (queue.get(1).status, queue.get(1).worker, queue.get(1).progress) == ("processing", "ben", None)
    queue.complete(1, attempt=2)
    with pytest.raises(LeaseLost, match="the job is completed"):
        queue.complete(1, attempt=1)


def test_a_worker_renews_its_lease_however_long_the_job_takes(open_queue, sim):
    queue = open_queue()
    queue.enqueue("a")
    attempts = []

    async def slow(data):
        attempts.append(current_job().attempt)
        await asyncio.sleep(95)

    team = [Worker(open_queue(), {"a": slow}, name=name).drain() for name in ("ann", "ben")]

    async def all_of_them():
        await asyncio.gather(*team)

    sim.run(all_of_them())
    assert attempts == [1]
    assert queue.get(1).duration == 95


def test_a_worker_that_was_too_slow_continues_with_the_next_job(open_queue, sim, caplog):
    queue = open_queue()
    queue.enqueue("a", priority=1)
    queue.enqueue("a")

    async def hangs_once(data):
        if current_job().id == current_job().attempt == 1:
            sim._now += 60  # like a handler that never awaits: no heartbeat is sent
            queue.dequeue(worker="ben")
            queue.complete(1, "by ben")

    sim.run(Worker(queue, {"a": hangs_once}, name="ann").drain())
    assert [queue.get(number).result for number in (1, 2)] == ["by ben", None]
    assert queue.stats()["completed"] == 2
    assert "ann: attempt 1 of job #1 has lost its lease: the job is completed, at attempt 2" in caplog.text


def test_a_sleeping_worker_wakes_when_a_lease_expires(open_queue, sim):
    queue = open_queue()
    queue.enqueue("a")
    queue.dequeue(worker="dead")

    async def handler(data):
        return sim.time()

    sim.run(Worker(queue, {"a": handler}).drain())
    assert queue.get(1).result == 10


# --- JSON ---


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({1, 2}, "Object of type set is not JSON serializable"),
        ({"at": float("nan")}, "Out of range float values"),
        ((1, 2), r"\(1, 2\) would come back as \[1, 2\]"),
        ({1: "a"}, "{1: 'a'} would come back as {'1': 'a'}"),
    ],
)
def test_data_that_json_cannot_represent_is_rejected_at_enqueue(open_queue, data, words):
    queue = open_queue()
    with pytest.raises(NotJSON, match=f"data must be JSON, because it is stored: .*{words}"):
        queue.enqueue("a", data)
    assert queue.stats()["pending"] == 0


def test_a_result_that_json_cannot_represent_fails_the_job_and_not_the_worker(open_queue, sim):
    queue = open_queue()
    queue.enqueue("a", max_attempts=1)

    async def returns_a_set(data):
        return {1}

    sim.run(Worker(queue, {"a": returns_a_set}).drain())
    assert "NotJSON: result must be JSON" in queue.get(1).error


# --- bad arguments ---


@pytest.mark.parametrize(
    ("name", "value"), [("lease", 0), ("lease", -1), ("poll", 0), ("max_pending", 0), ("keep_finished", -1)]
)
def test_an_invalid_argument_is_rejected_by_name(tmp_path, name, value):
    with pytest.raises((TypeError, ValueError), match=name):
        SQLiteQueue(tmp_path / "tasks.db", **{name: value})
