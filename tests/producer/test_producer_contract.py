"""The producer's half of the contract: enqueue, get, stats, dead, revive, discard. An API needs no more."""

import json

import pytest

from jobqueue_lesson.job import IllegalMove, JobNotFound, KeyReused, Move
from jobqueue_lesson.retries import DoNotRetry
from tests.support.queues import give_up


def bring(queue, worker, state):
    """Enqueue a job and bring it into a state."""
    job = queue.enqueue("a", max_attempts=1)
    if state != "pending":
        worker.dequeue()
    if state == "completed":
        worker.complete(job.id)
    if state == "failed":
        worker.fail(job.id, "x")
    return job.id


# --- enqueue, get, stats ---


def test_a_new_job_is_pending(queue):
    job = queue.enqueue("send-email", {"to": "alice@example.com"}, priority=7, max_attempts=5, delay=2.5, key="k")
    for seen in (job, queue.get(1)):
        assert (seen.id, seen.type, seen.data, seen.key) == (1, "send-email", {"to": "alice@example.com"}, "k")
        assert (seen.status, seen.attempts, seen.max_attempts, seen.priority) == ("pending", 0, 5, 7)
        assert seen.scheduled_for - seen.created_at == pytest.approx(2.5, abs=1e-6)
        assert (seen.started_at, seen.finished_at, seen.worker, seen.result) == (None, None, None, None)
        assert (seen.errors, seen.error, seen.duration, seen.progress, seen.note) == ((), None, None, None, "")
    assert queue.stats() == {"pending": 1, "processing": 0, "completed": 0, "failed": 0}


def test_arguments_have_defaults(queue):
    job = queue.enqueue("a")
    assert (job.data, job.priority, job.max_attempts, job.key) == (None, 0, 3, None)
    assert job.scheduled_for == job.created_at


def test_an_unknown_job_is_none_and_a_new_queue_is_empty(queue):
    assert queue.get(1) is None
    assert queue.get(77) is None
    assert queue.dead() == []
    assert queue.stats() == {"pending": 0, "processing": 0, "completed": 0, "failed": 0}


def test_a_job_can_be_looked_up_in_every_state(queue, worker):
    queue.enqueue("a")
    worker.dequeue("ann")
    running = queue.get(1)
    assert (running.status, running.attempts, running.worker) == ("processing", 1, "ann")
    assert running.started_at >= running.created_at
    assert running.finished_at is None
    assert queue.stats() == {"pending": 0, "processing": 1, "completed": 0, "failed": 0}
    worker.complete(1, {"pages": 5})
    done = queue.get(1)
    assert (done.status, done.attempts, done.worker, done.result) == ("completed", 1, "ann", {"pages": 5})
    assert done.duration >= 0
    assert queue.stats() == {"pending": 0, "processing": 0, "completed": 1, "failed": 0}


def test_a_job_between_two_attempts_has_its_error(queue, worker):
    queue.enqueue("a")
    worker.dequeue("ann")
    worker.fail(1, OSError("down"))
    job = queue.get(1)
    assert (job.status, job.attempts, job.worker, job.error) == ("pending", 1, "ann", "OSError: down")
    assert job.duration >= 0
    worker.dequeue("ben")
    again = queue.get(1)
    assert (again.status, again.attempts, again.worker, again.duration) == ("processing", 2, "ben", None)


def test_a_job_whose_retries_are_exhausted_has_failed_with_every_error(queue, worker):
    queue.enqueue("a", max_attempts=3)
    for number in (1, 2, 3):
        worker.dequeue()
        worker.fail(1, TimeoutError(f"attempt {number}"))
    job = queue.get(1)
    assert (job.status, job.attempts, job.error) == ("failed", 3, "TimeoutError: attempt 3")
    assert [(e.attempt, e.type, e.message, e.retry_in) for e in job.errors] == [
        (1, "TimeoutError", "attempt 1", 0.0),
        (2, "TimeoutError", "attempt 2", 0.0),
        (3, "TimeoutError", "attempt 3", None),
    ]
    assert [error.at for error in job.errors] == sorted(error.at for error in job.errors)
    assert job.errors[-1].at == job.finished_at
    assert queue.stats() == {"pending": 0, "processing": 0, "completed": 0, "failed": 1}


@pytest.mark.parametrize(("error", "text"), [("no such address", "no such address"), (OSError(), "OSError: ")])
def test_an_error_may_be_a_string(queue, worker, error, text):
    queue.enqueue("a", max_attempts=1)
    worker.dequeue()
    worker.fail(1, error)
    assert queue.get(1).error == text


def test_do_not_retry_fails_the_job_at_once(queue, worker):
    queue.enqueue("a", max_attempts=5)
    worker.dequeue()
    worker.fail(1, DoNotRetry("never"))
    assert (queue.get(1).status, queue.get(1).attempts) == ("failed", 1)


@pytest.mark.parametrize("data", [None, 1, -0.0, 1e23, "\0", [], {"z": 1, "a": [None, True]}, {"": {}}, "x" * 100_000])
def test_data_and_results_come_back_as_they_are(queue, worker, data):
    queue.enqueue("a", data)
    worker.dequeue()
    worker.complete(1, data)
    job = queue.get(1)
    assert json.dumps(job.data) == json.dumps(job.result) == json.dumps(data)


BAD = [
    ("type", TypeError, {"type": None}), ("type", TypeError, {"type": 5}), ("type", ValueError, {"type": ""}),
    ("priority", TypeError, {"priority": 1.5}), ("priority", TypeError, {"priority": "high"}),
    ("delay", ValueError, {"delay": -1}), ("delay", ValueError, {"delay": float("nan")}),
    ("delay", ValueError, {"delay": float("inf")}), ("delay", TypeError, {"delay": "1"}),
    ("max_attempts", ValueError, {"max_attempts": 0}), ("max_attempts", TypeError, {"max_attempts": 2.5}),
    ("key", TypeError, {"key": 7}), ("key", ValueError, {"key": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "given"), BAD)
def test_an_invalid_argument_is_rejected_by_name(queue, name, kind, given):
    with pytest.raises(kind, match=rf"^{name}\b"):
        queue.enqueue(**{"type": "a"} | given)
    assert queue.stats()["pending"] == 0


# --- keys ---


def test_the_same_key_gives_the_same_job(queue, worker):
    first = queue.enqueue("send-email", {"to": "alice"}, key="welcome")
    assert queue.enqueue("send-email", {"to": "alice"}, key="welcome").id == first.id
    worker.dequeue()
    assert queue.enqueue("send-email", {"to": "alice"}, key="welcome").status == "processing"
    worker.complete(first.id)
    assert queue.enqueue("send-email", {"to": "alice"}, key="welcome").status == "completed"
    assert sum(queue.stats().values()) == 1


def test_a_key_that_is_reused_for_another_job_is_rejected(queue):
    queue.enqueue("send-email", {"to": "alice"}, key="welcome")
    for type, data, other in (
        ("send-email", {"to": "bob"}, " with other data"),
        ("resize-image", {"to": "alice"}, ", not a resize-image"),
    ):
        with pytest.raises(KeyReused, match=f"key 'welcome' belongs to job #1, a send-email{other}"):
            queue.enqueue(type, data, key="welcome")
    assert queue.stats()["pending"] == 1


# --- dead letters ---


def test_failed_jobs_are_listed_by_id_in_pages_and_by_type(queue, worker):
    give_up(queue, worker, "a", "b", "a", "b", "a")
    queue.enqueue("a")
    assert [job.id for job in queue.dead()] == [1, 2, 3, 4, 5]
    assert [job.id for job in queue.dead("a")] == [1, 3, 5]
    assert [job.id for job in queue.dead(limit=2)] == [1, 2]
    assert [job.id for job in queue.dead("a", after=1, limit=1)] == [3]
    assert queue.dead("c") == queue.dead(after=5) == []
    assert queue.dead()[0].error == "a is broken"


@pytest.mark.parametrize(("name", "value"), [("limit", 0), ("limit", 1.5), ("after", -1), ("after", "1")])
def test_an_invalid_page_of_dead_letters_is_rejected_by_name(queue, name, value):
    with pytest.raises((TypeError, ValueError), match=name):
        queue.dead(**{name: value})


def test_a_revived_job_has_new_attempts_that_go_on_counting_and_keeps_its_errors(queue, worker):
    queue.enqueue("a", max_attempts=2)
    for _ in range(2):
        worker.dequeue()
        worker.fail(1, "broken")
    revived = queue.revive(1)
    for seen in (revived, queue.get(1)):
        assert (seen.status, seen.attempts, seen.attempts_left, len(seen.errors)) == ("pending", 2, 2, 2)
    assert queue.stats() == {"pending": 1, "processing": 0, "completed": 0, "failed": 0}
    assert queue.dead() == []
    for _ in range(2):
        assert worker.dequeue().id == 1
        worker.fail(1, "still broken")
    assert [(error.attempt, error.message) for error in queue.get(1).errors] == [
        (1, "broken"),
        (2, "broken"),
        (3, "still broken"),
        (4, "still broken"),
    ]
    first, last, again, last_again = [error.retry_in for error in queue.get(1).errors]
    assert (again, last, last_again) == (first, None, None)
    assert (queue.get(1).attempts, queue.get(1).attempts_left) == (4, 0)
    assert [job.id for job in queue.dead()] == [1]
    assert queue.revive(1).attempts_left == 2


def test_a_revived_job_may_complete(queue, worker):
    give_up(queue, worker, "a")
    queue.revive(1)
    worker.dequeue("ben")
    worker.complete(1, "at last")
    job = queue.get(1)
    assert (job.status, job.attempts, job.result, job.worker) == ("completed", 2, "at last", "ben")
    assert queue.stats() == {"pending": 0, "processing": 0, "completed": 1, "failed": 0}


def test_a_discarded_job_is_gone_and_still_counted_and_its_key_is_free(queue, worker):
    job = queue.enqueue("a", max_attempts=1, key="once")
    worker.dequeue()
    worker.fail(job.id, "broken")
    assert queue.discard(job.id).id == job.id
    assert queue.get(job.id) is None
    assert queue.dead() == []
    assert queue.stats() == {"pending": 0, "processing": 0, "completed": 0, "failed": 1}
    assert queue.enqueue("a", key="once").id == 2


CALLS = {"revive": lambda queue, id: queue.revive(id), "discard": lambda queue, id: queue.discard(id)}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("state", ["pending", "processing", "completed", "failed"])
def test_a_move_is_legal_if_and_only_if_it_is_in_the_table(queue, worker, call, state):
    legal = any(move == call and move.source == state for move in Move)
    job_id = bring(queue, worker, state)
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
