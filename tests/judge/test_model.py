"""The judge's model of the contract, in numbers: every queue that is judged is compared with it.

What follows here is true of every queue that passes.
"""

import pytest

from jobqueue_lesson.job import IllegalMove, JobNotFound, KeyReused, LeaseLost, Move, QueueFull, Status
from jobqueue_lesson.judge.model import Model
from jobqueue_lesson.retries import RetryPolicy


@pytest.fixture
def model():
    return Model(retry=RetryPolicy())


def enqueue(model, type="a", data=None, **options):
    """Enqueue a job with the next id, as a queue would give it."""
    return model.enqueue(type, data, follow_id=len(model.ids) + 1, **options)


def take_all(model):
    ids = []
    while (job := model.dequeue()) is not None:
        ids.append(job.id)
    return ids


def test_a_new_job_is_pending(model):
    job = enqueue(model, "send-email", {"to": "alice@example.com"}, priority=7, max_attempts=5, delay=2.5, key="k")
    assert (job.type, job.data, job.key) == ("send-email", {"to": "alice@example.com"}, "k")
    assert (job.status, job.attempts, job.max_attempts, job.priority) == ("pending", 0, 5, 7)
    assert (job.created_at, job.scheduled_for) == (0, 2.5)
    assert (job.started_at, job.finished_at, job.worker, job.result) == (None, None, None, None)
    assert (job.errors, job.progress, job.note) == ((), None, "")
    assert model.stats() == {"pending": 1, "processing": 0, "completed": 0, "failed": 0}


def test_higher_priority_then_earlier_due_then_lower_id(model):
    enqueue(model, delay=2)  # 1
    enqueue(model, delay=1)  # 2
    enqueue(model, delay=2)  # 3
    enqueue(model, delay=2, priority=5)  # 4
    enqueue(model, priority=-1)  # 5
    model.now = 2
    assert take_all(model) == [4, 2, 1, 3, 5]


def test_a_delayed_job_is_not_handed_out_before_its_time(model):
    enqueue(model, delay=1.5, priority=100)
    enqueue(model)
    assert take_all(model) == [2]
    model.now = 1.4
    assert take_all(model) == []
    model.now = 1.5
    assert take_all(model) == [1]


def test_a_failed_attempt_waits_for_its_backoff_and_every_error_is_kept(model):
    enqueue(model, max_attempts=3)
    for number, now in ((1, 0), (2, 2), (3, 6)):
        model.now = now - 0.001
        assert model.dequeue() is None
        model.now = now
        assert model.dequeue().attempts == number
        model.fail(1, TimeoutError(f"attempt {number}"))
    job = model.get(1)
    assert job.status == "failed"
    assert [(e.attempt, e.type, e.message, e.at, e.retry_in) for e in job.errors] == [
        (1, "TimeoutError", "attempt 1", 0, 2),
        (2, "TimeoutError", "attempt 2", 2, 4),
        (3, "TimeoutError", "attempt 3", 6, None),
    ]
    assert model.stats() == {"pending": 0, "processing": 0, "completed": 0, "failed": 1}


def test_a_released_job_is_pending_in_its_old_place_and_the_attempt_does_not_count(model):
    for _ in range(3):
        enqueue(model)
    model.dequeue()
    model.dequeue()
    model.release(1)
    assert model.get(1).attempts == 0
    assert take_all(model) == [1, 3]


def give_up(model, *types):
    """Enqueue a job of each type, and let it fail for good."""
    for type in types:
        job = enqueue(model, type, max_attempts=1)
        assert model.dequeue() is job
        model.fail(job.id, f"{type} is broken")


def test_a_revived_job_has_new_attempts_keeps_its_errors_and_takes_its_place_as_if_it_came_now(model):
    give_up(model, "a")
    model.now = 1
    enqueue(model)
    model.now = 2
    job = model.revive(1)
    assert (job.status, job.attempts, job.attempts_left, job.scheduled_for) == ("pending", 1, 1, 2)
    assert len(job.errors) == 1
    assert model.dead() == []
    assert take_all(model) == [2, 1]


def test_a_revived_job_is_tried_and_waits_as_if_it_were_new_and_its_attempts_go_on_counting(model):
    enqueue(model, max_attempts=2)
    for life in (0, 1):
        model.now = 100 * life
        model.dequeue()
        model.fail(1, "x")
        assert model.next_due() == model.now + 2
        model.now += 2
        assert model.dequeue().attempts_left == 0
        assert model.fail(1, "x").status == "failed"
        model.revive(1)
    assert [(error.attempt, error.retry_in) for error in model.get(1).errors] == [(1, 2), (2, None), (3, 2), (4, None)]
    assert model.dequeue().attempts == 5
    with pytest.raises(LeaseLost, match="attempt 1 of job #1 has lost its lease: the job is processing, at attempt 5"):
        model.complete(1, attempt=1)


def test_failed_jobs_are_listed_by_id_in_pages_and_by_type(model):
    give_up(model, "a", "b", "a", "b", "a")
    assert [job.id for job in model.dead()] == [1, 2, 3, 4, 5]
    assert [job.id for job in model.dead("a")] == [1, 3, 5]
    assert [job.id for job in model.dead(limit=2)] == [1, 2]
    assert [job.id for job in model.dead("a", after=1, limit=1)] == [3]
    assert model.dead("c") == model.dead(after=5) == []


def test_a_discarded_job_is_gone_and_still_counted_and_its_key_is_free(model):
    enqueue(model, key="once", max_attempts=1)
    model.dequeue()
    model.fail(1, "x")
    model.discard(1)
    assert (model.get(1), model.dead()) == (None, [])
    assert model.stats()["failed"] == 1
    assert enqueue(model, key="once").id == 2


def test_a_key_belongs_to_one_job_in_every_state(model):
    job = enqueue(model, "a", 1, key="k")
    assert enqueue(model, "a", 1, key="k") is job
    for type, data in (("a", 2), ("b", 1)):
        with pytest.raises(KeyReused):
            enqueue(model, type, data, key="k")
    model.dequeue()
    model.complete(1)
    assert enqueue(model, "a", 1, key="k") is job


def test_a_full_queue_takes_no_new_job_but_a_retry():
    model = Model(retry=RetryPolicy(), max_pending=1)
    enqueue(model)
    with pytest.raises(QueueFull):
        enqueue(model)
    model.dequeue()
    enqueue(model)
    model.fail(1, "x")
    assert model.stats()["pending"] == 2


CALLS = {
    "complete": lambda model: model.complete(1),
    "fail": lambda model: model.fail(1, "x"),
    "release": lambda model: model.release(1),
    "revive": lambda model: model.revive(1),
    "discard": lambda model: model.discard(1),
}


def bring(model, state):
    """Enqueue a job and bring it into a state."""
    enqueue(model, max_attempts=1)
    if state != "pending":
        model.dequeue()
    if state == "completed":
        model.complete(1)
    if state == "failed":
        model.fail(1, "x")


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("state", list(Status))
def test_a_move_is_legal_if_and_only_if_it_is_in_the_table(model, method, state):
    with pytest.raises(JobNotFound):
        CALLS[method](model)
    bring(model, state)
    if any(move == method and move.source == state for move in Move):
        CALLS[method](model)
    else:
        with pytest.raises(IllegalMove):
            CALLS[method](model)
        assert model.get(1).status == state


def test_a_late_report_is_refused(model):
    enqueue(model)
    model.dequeue()
    model.fail(1, "x")
    model.now = 2
    model.dequeue()
    with pytest.raises(LeaseLost):
        model.complete(1, attempt=1)
    assert model.complete(1, "sent", attempt=2).result == "sent"


def test_progress_is_the_furthest_that_any_attempt_has_reached(model):
    enqueue(model)
    model.dequeue()
    model.progress(1, 0.5, "half way")
    assert (model.get(1).progress, model.get(1).note) == (0.5, "half way")
    model.fail(1, "x")
    model.now = 2
    model.dequeue()
    model.progress(1, 0.25, "again")
    assert (model.get(1).progress, model.get(1).note) == (0.5, "again")
    with pytest.raises(ValueError, match="fraction"):
        model.progress(1, 1.5)


def test_every_move_is_an_event(model):
    enqueue(model, priority=2)
    model.dequeue("ann")
    model.now = 1
    model.fail(1, OSError("x"))
    model.now = 3
    model.dequeue("ben")
    model.release(1)
    model.dequeue("ben")
    model.complete(1)
    assert [(e.at, e.move, e.status, e.attempt, e.worker, e.scheduled_for) for e in model.events] == [
        (0, "enqueue", "pending", 0, None, 0),
        (0, "dequeue", "processing", 1, "ann", 0),
        (1, "retry", "pending", 1, "ann", 3),
        (3, "dequeue", "processing", 2, "ben", 3),
        (3, "release", "pending", 2, "ben", 3),
        (3, "dequeue", "processing", 2, "ben", 3),
        (3, "complete", "completed", 2, "ben", 3),
    ]
    assert [str(e.error) for e in model.events if e.error] == ["OSError: x"]


@pytest.fixture
def leasing():
    return Model(retry=RetryPolicy(), lease=10)


def test_a_lease_expires_unless_a_heartbeat_renews_it(leasing):
    enqueue(leasing)
    job = leasing.dequeue("ann")
    leasing.now = 9
    assert leasing.overdue() == []
    leasing.heartbeat(1)
    leasing.now = 18
    assert leasing.overdue() == []
    assert leasing.kept_by_heartbeat(job)
    leasing.now = 19
    assert leasing.overdue() == [job]
    assert leasing.dequeue("ben", follow_id=1) is job
    assert (job.worker, job.attempts, job.errors[0].type) == ("ben", 2, "LeaseExpired")


def test_whether_progress_renews_a_lease_is_left_open(leasing):
    enqueue(leasing)
    job = leasing.dequeue("ann")
    leasing.now = 9
    leasing.progress(1, 0.5)
    leasing.now = 12
    assert (leasing.overdue(), leasing.overdue(surely=True)) == ([job], [])
    assert leasing.dequeue("ben") is None  # as a queue in which it does
    leasing.now = 20
    assert leasing.overdue(surely=True) == [job]


def test_a_job_whose_last_lease_has_expired_has_failed_once_somebody_asks_for_it(leasing):
    enqueue(leasing, max_attempts=1)
    job = leasing.dequeue("ann")
    leasing.now = 11
    assert leasing.dequeue("ben") is None
    assert job.status == "failed"
