"""What the course's queues do beyond the contract. The contract itself is judged: see tests/judge.

A new kind of queue joins by adding its factories to QUEUES and JUDGED, in tests/support/queues.py.
"""

import pytest

from jobqueue_lesson.job import IllegalMove, JobNotFound, Move
from tests.support.waiting import pass_time


def test_ids_count_from_1(queue):
    assert [queue.enqueue("a").id for _ in range(3)] == [1, 2, 3]


def test_a_job_knows_how_long_its_last_attempt_took(queue, sim):
    queue.enqueue("a")
    queue.dequeue()
    assert queue.get(1).duration is None
    pass_time(sim, 0.25)
    queue.fail(1, "x")
    assert queue.get(1).duration == 0.25
    pass_time(sim, 2)
    queue.dequeue()
    assert queue.get(1).duration is None
    pass_time(sim, 0.5)
    queue.complete(1)
    assert queue.get(1).duration == 0.5


def test_a_completed_job_that_has_reported_progress_is_at_1(queue):
    queue.enqueue("a")
    queue.dequeue()
    queue.progress(1, 0.5, "half way")
    queue.complete(1)
    assert (queue.get(1).progress, queue.get(1).note) == (1.0, "half way")


def test_a_released_job_remembers_its_worker(queue):
    queue.enqueue("a")
    queue.dequeue(worker="ann")
    queue.release(1)
    assert queue.get(1).worker == "ann"


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
    "progress": lambda queue, id: queue.progress(id, 0.5),
    "revive": lambda queue, id: queue.revive(id),
    "discard": lambda queue, id: queue.discard(id),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("state", ["pending", "processing", "completed", "failed"])
def test_a_refusal_names_the_job_and_its_state(queue, call, state):
    with pytest.raises(JobNotFound, match="no job with id 1:"):
        CALLS[call](queue, 1)
    job_id = bring(queue, state)
    if Move(call).source != state:
        with pytest.raises(IllegalMove, match=f"cannot {call} job #1: it is {state}"):
            CALLS[call](queue, job_id)


@pytest.mark.parametrize("fraction", [-0.1, float("nan"), None, True])
def test_a_fraction_that_is_none_is_refused_by_name_and_nothing_changes(queue, fraction):
    queue.enqueue("a")
    queue.dequeue()
    with pytest.raises((TypeError, ValueError), match="fraction"):
        queue.progress(1, fraction)
    assert queue.get(1).progress is None
