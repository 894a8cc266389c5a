"""The engine's workers when they are killed, frozen, stopped or slow: each job has its attempts and no more."""

import os
import signal
import time

import pytest

from jobqueue_lesson.engine import EngineWorker
from jobqueue_lesson.retries import DoNotRetry
from tests.support.engine import finished, gated, processing, unix
from tests.support.engine_attempts import Attempts
from tests.support.waiting import wait_until


def test_the_job_of_a_killed_worker_is_reclaimed(queue, handlers):
    job = queue.enqueue("hangs-once", 7)
    with EngineWorker(queue, handlers, name="ann", lease=1) as ann:
        now = processing(queue, job)
        assert (now.status, now.progress, now.note, now.worker) == ("processing", 0.5, "half way", "ann")
        ann.kill()
    assert queue.stats()["processing"] == 1
    with EngineWorker(queue, handlers, name="ben", lease=30):  # each has a lease of its own
        (done,) = finished(queue, job)
    assert (done.attempts, done.worker, done.result, done.progress) == (2, "ben", 7, 1.0)
    assert [str(error) for error in done.errors] == ["LeaseExpired: ann sent no heartbeat before its lease expired"]
    assert [(event.move, event.worker, event.attempt) for event in queue.events()] == [
        ("enqueue", None, 0),
        ("dequeue", "ann", 1),
        ("retry", "ann", 1),
        ("dequeue", "ben", 2),
        ("complete", "ben", 2),
    ]


def test_a_killed_worker_can_come_back_at_once_under_the_same_name(queue, handlers):
    job = queue.enqueue("hangs-once", 7)
    with EngineWorker(queue, handlers, name="ann", lease=1) as ann:
        processing(queue, job)
        ann.kill()
    with EngineWorker(queue, handlers, name="ann", lease=1):
        finished(queue, job)
    assert [event.worker for event in queue.events()] == [None, "ann", "ann", "ann", "ann"]


@pytest.mark.slow
def test_a_job_whose_attempts_are_used_up_by_killed_workers_has_failed_with_the_reason(queue, handlers):
    job = queue.enqueue("hangs-once", max_attempts=1)
    with (
        EngineWorker(queue, handlers, name="ann", lease=1) as ann,
        EngineWorker(queue, handlers, name="ben", lease=1) as ben,
    ):
        victim = {"ann": ann, "ben": ben}[processing(queue, job).worker]
        victim.kill()
        (dead,) = finished(queue, job)
    assert (dead.status, dead.attempts) == ("failed", 1)
    assert dead.error == f"LeaseExpired: {victim.name} sent no heartbeat before its lease expired"


@pytest.mark.slow
@unix
def test_the_result_of_a_worker_frozen_beyond_its_lease_does_not_count(url, queue, handlers, tmp_path):
    gate = tmp_path / "gate"
    job = queue.enqueue("freezes", str(gate))
    with EngineWorker(queue, handlers, name="ann", lease=1) as ann:
        processing(queue, job)
        os.kill(ann._process.pid, signal.SIGSTOP)
        try:
            with EngineWorker(queue, handlers, name="ben", lease=1) as ben:
                wait_until(lambda: queue.get(job.id).worker == "ben")
                queue._database.change("SELECT jobqueue_prune()")  # as a third worker does when it starts
                gate.touch()
                (done,) = finished(queue, job)
                assert (done.result, done.attempts, done.worker, done.note) == (2, 2, "ben", "attempt 2")
                os.kill(ben._process.pid, signal.SIGSTOP)
                os.kill(ann._process.pid, signal.SIGCONT)
                (later,) = finished(queue, queue.enqueue("echo", "by ann"))
                assert (later.worker, later.result) == ("ann", "by ann")
                os.kill(ben._process.pid, signal.SIGCONT)
        finally:
            os.kill(ann._process.pid, signal.SIGCONT)
    assert vars_of(queue.get(job.id)) == vars_of(done)
    assert [event.move for event in queue.events() if event.job_id == job.id][-1] == "complete"


def vars_of(job):
    return {name: getattr(job, name) for name in job.__slots__}


@pytest.mark.slow
@unix
def test_sigterm_lets_a_worker_finish_its_job_however_long_that_takes(queue, handlers, tmp_path):
    """It takes longer than the lease, and the other worker must not get it."""
    job, gate, starts = gated(queue, tmp_path)
    with EngineWorker(queue, handlers, name="ann", lease=3) as ann:
        processing(queue, job)
        with EngineWorker(queue, handlers, name="ben", lease=3):
            os.kill(ann._process.pid, signal.SIGTERM)
            after = queue.enqueue("echo")
            assert finished(queue, after)[0].worker == "ben"
            time.sleep(4.5)
            gate.touch()
            (done,) = finished(queue, job)
            wait_until(lambda: not ann.alive)
        assert ann._process.returncode == 0
    assert (done.status, done.worker, done.attempts, starts()) == ("completed", "ann", 1, 1)
    assert workers_of(queue) == []


def workers_of(queue):
    return queue._database.read("SELECT name FROM jobqueue_workers WHERE queue = %s", (queue.name,))


@pytest.mark.slow
@unix
def test_a_worker_that_blocks_its_loop_beyond_its_lease_does_not_reclaim_its_own_job(queue, handlers):
    """There is no other worker, and this one sends its heartbeat before it reclaims jobs of silent workers."""
    job = queue.enqueue("raises", "time.sleep(2.5)")
    with EngineWorker(queue, handlers, lease=1):
        (done,) = finished(queue, job)
    assert (done.status, done.attempts) == ("completed", 1)


def test_a_revived_job_waits_as_a_new_one(queue, handlers):
    job = queue.enqueue("fails", "broken", max_attempts=2)
    with EngineWorker(queue, handlers):
        finished(queue, job)
        queue.revive(job.id)
        (dead,) = finished(queue, job)
    assert [(error.attempt, error.retry_in) for error in dead.errors] == [(1, 0.2), (2, None), (3, 0.2), (4, None)]


def test_a_revived_job_whose_worker_was_killed_is_reclaimed_as_a_new_one(queue):
    job = queue.enqueue("a", max_attempts=2)
    attempts = Attempts(queue)
    attempts.dequeue()
    attempts.fail(job.id, DoNotRetry("broken"))
    queue.revive(job.id)
    silent = attempts.register("ann", lease=0.0)
    for left, status in ((1, "pending"), (0, "failed")):
        attempts.dequeue("ann", silent)
        assert queue.get(job.id).attempts_left == left
        queue._database.change("SELECT jobqueue_reclaim(%s, NULL)", (queue.name,))
        assert queue.get(job.id).status == status
    assert [error.attempt for error in queue.get(job.id).errors] == [1, 2, 3]


def test_a_claim_whose_answer_was_lost_is_answered_again(queue):
    """The server was killed after it had committed, and before the worker got the answer."""
    first, _ = queue.enqueue("a"), queue.enqueue("b")
    attempts = Attempts(queue)
    worker = attempts.register("ann")
    lost = attempts.dequeue("ann", worker)
    again = attempts.dequeue("ann", worker)
    assert again == lost
    assert (queue.get(first.id).attempts, queue.stats()["processing"]) == (1, 1)
    assert attempts.complete(first.id)
    assert attempts.dequeue("ann", worker).id == first.id + 1
