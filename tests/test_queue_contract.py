"""What every queue of the course must do, besides the producer's half: see tests/producer.

A new kind of queue joins by adding its factory to QUEUES, in conftest.py.
"""

import asyncio

import pytest

from jobqueue_lesson import Worker
from jobqueue_lesson.job import IllegalMove, JobNotFound, Move
from tests.support.waiting import pass_time


def take_all(queue):
    ids = []
    while (job := queue.dequeue()) is not None:
        ids.append(job.id)
    return ids


def test_a_new_job_is_pending(queue):
    job = queue.enqueue("send-email", {"to": "alice@example.com"})
    assert (job.id, job.type, job.data) == (1, "send-email", {"to": "alice@example.com"})
    assert (job.status, job.attempts, job.max_attempts, job.priority) == ("pending", 0, 3, 0)
    assert queue.stats() == {"pending": 1, "processing": 0, "completed": 0, "failed": 0}


def test_an_empty_queue_has_nothing_to_hand_out(queue):
    assert queue.dequeue() is None


def test_a_job_is_handed_out_once(queue):
    queue.enqueue("a")
    assert queue.dequeue(worker="ann").id == 1
    assert queue.dequeue(worker="ben") is None
    assert queue.get(1).worker == "ann"
    assert queue.stats()["processing"] == 1


def test_higher_priority_then_earlier_due_then_lower_id(queue, sim):
    queue.enqueue("late", delay=2)  # 1
    queue.enqueue("early", delay=1)  # 2
    queue.enqueue("same", delay=2)  # 3
    queue.enqueue("urgent", delay=2, priority=5)  # 4
    queue.enqueue("negative", priority=-1)  # 5
    pass_time(sim, 2)
    assert take_all(queue) == [4, 2, 1, 3, 5]


def test_a_delayed_job_is_not_handed_out_before_its_time(queue, sim):
    queue.enqueue("later", delay=1.5, priority=100)
    queue.enqueue("now")
    assert take_all(queue) == [2]
    pass_time(sim, 1.4)
    assert take_all(queue) == []
    pass_time(sim, 0.1)
    assert take_all(queue) == [1]


def test_a_completed_job_keeps_its_result_and_its_duration(queue, sim):
    job = queue.enqueue("a")
    queue.dequeue()
    pass_time(sim, 0.25)
    queue.complete(job.id, {"pages": 5})
    job = queue.get(job.id)
    assert (job.status, job.result, job.duration) == ("completed", {"pages": 5}, 0.25)


def test_a_failed_attempt_waits_for_its_backoff_and_is_pending_again(queue, sim):
    queue.enqueue("a")
    queue.dequeue()
    queue.fail(1, ConnectionError("away"))
    assert queue.stats()["pending"] == 1
    assert queue.dequeue() is None
    pass_time(sim, 1.999)
    assert queue.dequeue() is None
    pass_time(sim, 0.001)
    assert queue.dequeue().attempts == 2


def test_a_job_out_of_attempts_has_failed_for_good_with_every_error(queue, sim):
    queue.enqueue("a", max_attempts=3)
    for number in (1, 2, 3):
        assert queue.dequeue().attempts == number
        queue.fail(1, TimeoutError(f"attempt {number}"))
        pass_time(sim, 100)
    job = queue.get(1)
    assert job.status == "failed"
    assert [(e.attempt, e.type, e.message, e.at, e.retry_in) for e in job.errors] == [
        (1, "TimeoutError", "attempt 1", 0.0, 2.0),
        (2, "TimeoutError", "attempt 2", 100.0, 4.0),
        (3, "TimeoutError", "attempt 3", 200.0, None),
    ]
    assert job.error == "TimeoutError: attempt 3"
    assert queue.stats() == {"pending": 0, "processing": 0, "completed": 0, "failed": 1}


def test_an_error_may_be_a_text(queue):
    queue.enqueue("a", max_attempts=1)
    queue.dequeue()
    queue.fail(1, "no such address")
    assert queue.get(1).error == "no such address"


def test_one_attempt_means_no_retry(queue):
    queue.enqueue("a", max_attempts=1)
    queue.dequeue()
    queue.fail(1, OSError())
    assert queue.get(1).status == "failed"


def test_a_released_job_is_pending_at_once_in_its_old_place_and_the_attempt_does_not_count(queue):
    for _ in range(3):
        queue.enqueue("a")
    queue.dequeue()
    queue.dequeue()
    queue.release(1)
    assert queue.get(1).attempts == 0
    assert take_all(queue) == [1, 3]
    assert queue.get(1).attempts == 1


def give_up(queue, *types):
    """Enqueue a job of each type, and let it fail for good."""
    for type in types:
        job = queue.enqueue(type, max_attempts=1)
        assert queue.dequeue().id == job.id
        queue.fail(job.id, f"{type} is broken")


def test_a_revived_job_has_new_attempts_and_keeps_its_errors(queue, sim):
    job = queue.enqueue("a", max_attempts=2)
    for _ in range(2):
        queue.dequeue()
        queue.fail(job.id, "broken")
        pass_time(sim, 2)
    queue.revive(job.id)
    assert (queue.get(1).status, queue.get(1).attempts) == ("pending", 0)
    assert queue.stats() == {"pending": 1, "processing": 0, "completed": 0, "failed": 0}
    assert queue.dead() == []
    for _ in range(2):
        assert queue.dequeue().id == 1
        queue.fail(job.id, "still broken")
        pass_time(sim, 2)
    assert [(error.attempt, error.message) for error in queue.get(1).errors] == [
        (1, "broken"),
        (2, "broken"),
        (1, "still broken"),
        (2, "still broken"),
    ]
    assert [job.id for job in queue.dead()] == [1]


def test_a_revived_job_takes_its_place_as_if_it_came_now(queue, sim):
    give_up(queue, "old")
    pass_time(sim, 1)
    queue.enqueue("waits")
    pass_time(sim, 1)
    queue.revive(1)
    assert take_all(queue) == [2, 1]


def test_reviving_wakes_a_sleeping_worker(queue, sim):
    give_up(queue, "a")

    async def handler(data):
        return "done"

    sim.create_task(Worker(queue, {"a": handler}).run())
    pass_time(sim, 1)
    queue.revive(1)
    sim.run(queue.join())
    assert queue.get(1).status == "completed"


def bring(queue, state):
    """Enqueue a job and bring it into a state."""
    job = queue.enqueue("a", max_attempts=1)
    if state != "pending":
        queue.dequeue()
    if state == "completed":
        queue.complete(job.id)
    if state == "failed":
        queue.fail(job.id, "x")
    return job.id


CALLS = {
    "complete": lambda queue, id: queue.complete(id),
    "fail": lambda queue, id: queue.fail(id, "x"),
    "release": lambda queue, id: queue.release(id),
    "revive": lambda queue, id: queue.revive(id),
    "discard": lambda queue, id: queue.discard(id),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("state", ["pending", "processing", "completed", "failed"])
def test_a_move_is_legal_if_and_only_if_it_is_in_the_table(queue, call, state):
    legal = any(move == call and move.source == state for move in Move)
    job_id = bring(queue, state)
    before = queue.stats()
    if legal:
        CALLS[call](queue, job_id)
        assert queue.stats() != before or queue.get(job_id) is None
    else:
        with pytest.raises(IllegalMove, match=f"cannot {call} job #1: it is {state}"):
            CALLS[call](queue, job_id)
        assert queue.stats() == before
        assert queue.get(job_id).status == state


@pytest.mark.parametrize("call", CALLS)
def test_a_job_that_does_not_exist_is_an_error_by_name(queue, call):
    with pytest.raises(JobNotFound, match="no job with id 77"):
        CALLS[call](queue, 77)
    assert queue.get(77) is None


def test_listeners_hear_of_every_move_in_order(queue, sim):
    events = []
    queue.subscribe(events.append)
    queue.enqueue("a", priority=2)
    queue.dequeue(worker="ann")
    pass_time(sim, 1)
    queue.fail(1, OSError("x"))
    pass_time(sim, 2)
    queue.dequeue(worker="ben")
    queue.release(1)
    queue.dequeue(worker="ben")
    queue.complete(1)
    assert [(e.at, e.move, e.status, e.attempt, e.worker) for e in events] == [
        (0, "enqueue", "pending", 0, None),
        (0, "dequeue", "processing", 1, "ann"),
        (1, "retry", "pending", 1, "ann"),
        (3, "dequeue", "processing", 2, "ben"),
        (3, "release", "pending", 2, "ben"),
        (3, "dequeue", "processing", 2, "ben"),
        (3, "complete", "completed", 2, "ben"),
    ]
    assert {(e.job_id, e.type, e.priority) for e in events} == {(1, "a", 2)}
    assert [e.scheduled_for for e in events] == [0, 0, 3, 3, 3, 3, 3]
    assert [str(e.error) for e in events if e.error] == ["OSError: x"]


async def sleep_then(sim, seconds, action):
    await asyncio.sleep(seconds)
    action()


def test_a_wait_ends_when_a_job_comes_when_one_is_due_and_when_woken(queue, sim):
    async def wait():
        await queue.wait()
        return sim.time()

    sim.create_task(sleep_then(sim, 1, lambda: queue.enqueue("a")))
    assert sim.run(wait()) == 1
    queue.dequeue()
    queue.fail(1, "x")
    assert sim.run(wait()) == 3
    assert sim.run(wait()) == 3  # still due
    queue.dequeue()
    sim.create_task(sleep_then(sim, 5, queue.wake))
    assert sim.run(wait()) == 8


def test_join_ends_when_nothing_is_pending_or_processing(queue, sim):
    async def join():
        await queue.join()
        return sim.time()

    assert sim.run(join()) == 0
    queue.enqueue("a", 2, delay=1)
    queue.enqueue("b")
    sim.create_task(Worker(queue, {"a": asyncio.sleep, "b": lambda _: asyncio.sleep(3)}).run())
    assert sim.run(join()) == 5


def test_progress_is_noted_and_never_goes_back(queue):
    seen = []
    queue.enqueue("a", max_attempts=2)
    queue.dequeue(worker="ann")
    queue.subscribe(lambda event: seen.append((event.move, event.worker, event.progress, event.note)))
    assert (queue.progress(1, 0.5, "half way").progress, queue.get(1).note) == (0.5, "half way")
    queue.progress(1, 0.25, "again")
    assert (queue.get(1).progress, queue.get(1).note) == (0.5, "again")
    queue.complete(1)
    assert queue.get(1).progress == 1.0
    assert seen == [
        ("progress", "ann", 0.5, "half way"),
        ("progress", "ann", 0.5, "again"),
        ("complete", "ann", 1.0, "again"),
    ]


def test_progress_is_for_jobs_in_hand(queue):
    queue.enqueue("a")
    with pytest.raises(IllegalMove, match="cannot progress job #1: it is pending"):
        queue.progress(1, 0.5)
    with pytest.raises(JobNotFound):
        queue.progress(7, 0.5)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan"), "half", None])
def test_a_fraction_that_is_none_is_refused_and_nothing_changes(queue, fraction):
    queue.enqueue("a")
    queue.dequeue()
    with pytest.raises((TypeError, ValueError), match="fraction"):
        queue.progress(1, fraction)
    assert queue.get(1).progress is None
