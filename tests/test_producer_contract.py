"""The producer's half of the contract: enqueue, get, stats, dead, revive, discard, subscribe. It is what an API needs.

A new kind of queue joins by adding a fixture that makes one to QUEUES, and what makes its jobs run and fail.
"""

import asyncio
import inspect
import json

import pytest

from jobqueue_lesson import JobQueue
from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.engine import EngineQueue
from jobqueue_lesson.job import IllegalMove, JobEvent, JobNotFound, KeyReused, Move
from jobqueue_lesson.progress import follow
from jobqueue_lesson.retries import DoNotRetry, RetryPolicy
from tests.support.engine_attempts import Attempts

AT_ONCE = RetryPolicy(base=0)  # the same test for real and for simulated time: nothing waits


@pytest.fixture
def in_memory():
    return JobQueue(retry=AT_ONCE)


@pytest.fixture
def on_sqlite(tmp_path):
    queue = SQLiteQueue(tmp_path / "jobs.db", lease=1000, poll=None, retry=AT_ONCE)
    yield queue
    queue.close()


@pytest.fixture
def on_the_engine(url):
    """A queue in empty tables, so that ids start at 1."""
    queue = EngineQueue(url, retry=AT_ONCE)
    queue._database.change(
        "TRUNCATE procrastinate_jobs, procrastinate_workers, jobqueue_discarded RESTART IDENTITY CASCADE"
    )
    yield queue
    queue.close()


QUEUES = ["in_memory", "on_sqlite", "on_the_engine"]


@pytest.fixture(params=QUEUES)
def queue(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def worker(queue):
    """What makes a job run or fail: of the engine, attempts in this process; of other queues, they can do it."""
    return Attempts(queue) if isinstance(queue, EngineQueue) else queue


def give_up(queue, worker, *types):
    """Enqueue a job of each type, and let it fail for good."""
    for type in types:
        job = queue.enqueue(type, max_attempts=1)
        assert worker.dequeue().id == job.id
        worker.fail(job.id, f"{type} is broken")


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


def test_what_is_not_given_has_a_default(queue):
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


def test_a_job_out_of_attempts_has_failed_for_good_with_every_error(queue, worker):
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
def test_an_error_may_be_a_text(queue, worker, error, text):
    queue.enqueue("a", max_attempts=1)
    worker.dequeue()
    worker.fail(1, error)
    assert queue.get(1).error == text


def test_no_retry_is_no_retry(queue, worker):
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
def test_an_argument_that_makes_no_sense_is_refused_by_name(queue, name, kind, given):
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


def test_a_key_that_is_reused_for_something_else_is_refused(queue):
    queue.enqueue("send-email", {"to": "alice"}, key="welcome")
    for type, data in (("send-email", {"to": "bob"}), ("resize-image", {"to": "alice"})):
        with pytest.raises(KeyReused, match="key 'welcome' belongs to job #1, a send-email with other data"):
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
def test_a_page_that_makes_no_sense_is_refused_by_name(queue, name, value):
    with pytest.raises((TypeError, ValueError), match=name):
        queue.dead(**{name: value})


def test_a_revived_job_has_new_attempts_and_keeps_its_errors(queue, worker):
    queue.enqueue("a", max_attempts=2)
    for _ in range(2):
        worker.dequeue()
        worker.fail(1, "broken")
    revived = queue.revive(1)
    for seen in (revived, queue.get(1)):
        assert (seen.status, seen.attempts, len(seen.errors)) == ("pending", 0, 2)
    assert queue.stats() == {"pending": 1, "processing": 0, "completed": 0, "failed": 0}
    assert queue.dead() == []
    for _ in range(2):
        assert worker.dequeue().id == 1
        worker.fail(1, "still broken")
    assert [(error.attempt, error.message) for error in queue.get(1).errors] == [
        (1, "broken"),
        (2, "broken"),
        (1, "still broken"),
        (2, "still broken"),
    ]
    assert [job.id for job in queue.dead()] == [1]


def test_a_revived_job_may_complete(queue, worker):
    give_up(queue, worker, "a")
    queue.revive(1)
    worker.dequeue("ben")
    worker.complete(1, "at last")
    job = queue.get(1)
    assert (job.status, job.attempts, job.result, job.worker) == ("completed", 1, "at last", "ben")
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


# --- listeners ---


def test_listeners_hear_of_every_move_in_order(queue, worker):
    events = []
    queue.subscribe(events.append)
    queue.enqueue("a", priority=2, max_attempts=2)
    worker.dequeue("ann")
    worker.fail(1, OSError("x"))
    worker.dequeue("ben")
    worker.fail(1, OSError("y"))
    queue.revive(1)
    worker.dequeue("ben")
    worker.complete(1)
    assert [(e.move, e.status, e.attempt, e.worker) for e in events] == [
        ("enqueue", "pending", 0, None),
        ("dequeue", "processing", 1, "ann"),
        ("retry", "pending", 1, "ann"),
        ("dequeue", "processing", 2, "ben"),
        ("fail", "failed", 2, "ben"),
        ("revive", "pending", 0, "ben"),
        ("dequeue", "processing", 1, "ben"),
        ("complete", "completed", 1, "ben"),
    ]
    assert all(type(event) is JobEvent for event in events)
    assert {(e.job_id, e.type, e.priority) for e in events} == {(1, "a", 2)}
    assert [e.at for e in events] == sorted(e.at for e in events)
    assert [str(e.error) for e in events if e.error] == ["OSError: x", "OSError: y"]
    due = [e.scheduled_for for e in events]
    assert due == [due[0], due[0], due[2], due[2], due[2], due[5], due[5], due[5]]
    assert due == sorted(due)
    assert due[-1] == queue.get(1).scheduled_for


def test_a_discarded_job_is_heard_of(queue, worker):
    events = []
    give_up(queue, worker, "a")
    queue.subscribe(events.append)
    queue.discard(1)
    assert [(e.move, e.job_id, e.type, e.status, e.attempt) for e in events] == [("discard", 1, "a", "failed", 1)]


def test_progress_is_noted_and_never_goes_back(queue, worker):
    seen = []
    queue.enqueue("a", max_attempts=2)
    worker.dequeue("ann")
    queue.subscribe(lambda event: seen.append((event.move, event.worker, event.progress, event.note)))
    worker.progress(1, 0.5, "half way")
    assert (queue.get(1).progress, queue.get(1).note) == (0.5, "half way")
    worker.progress(1, 0.25, "again")
    assert (queue.get(1).progress, queue.get(1).note) == (0.5, "again")
    worker.complete(1)
    assert queue.get(1).progress == 1.0
    assert seen == [
        ("progress", "ann", 0.5, "half way"),
        ("progress", "ann", 0.5, "again"),
        ("complete", "ann", 1.0, "again"),
    ]


def test_a_listener_sees_numbers_that_add_up(queue, worker):
    seen = []
    queue.subscribe(lambda event: seen.append((event.move, sum(queue.stats().values()), queue.stats()[event.status])))
    queue.enqueue("a")
    worker.dequeue()
    worker.complete(1)
    assert seen == [("enqueue", 1, 1), ("dequeue", 1, 1), ("complete", 1, 1)]


def test_a_listener_that_has_left_hears_nothing_more(queue):
    events = []
    leave = queue.subscribe(events.append)
    queue.enqueue("a")
    leave()
    leave()
    queue.enqueue("a")
    assert len(events) == 1


def test_a_listener_that_comes_late_hears_nothing_old(queue):
    queue.enqueue("a")
    events = []
    queue.subscribe(events.append)
    queue.enqueue("b")
    assert [event.type for event in events] == ["b"]


def test_a_listener_may_leave_while_it_is_told(queue):
    events = []

    def once(event):
        events.append(event.type)
        leave()

    leave = queue.subscribe(once)
    queue.enqueue("a")
    queue.enqueue("b")
    assert events == ["a"]


def test_a_listener_that_raises_loses_no_job_and_no_event_of_others(queue, worker, caplog):
    def broken(event):
        raise RuntimeError("listener broke")

    events = []
    queue.subscribe(broken)
    queue.subscribe(events.append)
    queue.enqueue("a")
    assert worker.dequeue().id == 1
    worker.complete(1)
    assert queue.stats()["completed"] == 1
    assert [event.move for event in events] == ["enqueue", "dequeue", "complete"]
    assert "listener broke" in caplog.text


def test_a_listener_may_enqueue_and_others_still_hear_everything_in_order(queue, worker):
    def follow_up(event):
        if event.move == "complete" and event.type == "a":
            queue.enqueue("b")

    events = []
    queue.subscribe(follow_up)
    queue.subscribe(events.append)
    queue.enqueue("a")
    worker.dequeue()
    worker.complete(1)
    assert [(e.move, e.type) for e in events] == [
        ("enqueue", "a"),
        ("dequeue", "a"),
        ("complete", "a"),
        ("enqueue", "b"),
    ]


def test_a_listener_may_revive_and_discard(queue, worker):
    def decide(event):
        if event.move == "fail":
            (queue.revive if event.type == "a" else queue.discard)(event.job_id)

    events = []
    queue.subscribe(decide)
    queue.subscribe(events.append)
    give_up(queue, worker, "b", "a")
    assert [(e.job_id, e.move) for e in events] == [
        (1, "enqueue"), (1, "dequeue"), (1, "fail"), (1, "discard"),
        (2, "enqueue"), (2, "dequeue"), (2, "fail"), (2, "revive"),
    ]  # fmt: skip
    assert queue.get(2).status == "pending"


def test_a_job_can_be_followed_to_its_end(queue, worker):
    """As the event stream of the API does."""

    async def watch():
        seen = []
        async for job in follow(queue, 1):
            seen.append((job.status, job.progress))
            if job.status == "pending":
                worker.dequeue()
            elif job.progress is None:
                worker.progress(1, 0.5)
            elif job.status == "processing":
                worker.complete(1)
        return seen

    queue.enqueue("a")
    assert asyncio.run(asyncio.wait_for(watch(), 60)) == [
        ("pending", None),
        ("processing", None),
        ("processing", 0.5),
        ("completed", 1.0),
    ]


def test_listeners_that_enqueue_are_told_one_after_the_other(queue):
    """Not one within the other: a chain of jobs has no end to run into."""
    depths, left = [], 50

    def chain(event):
        nonlocal left
        depths.append(len(inspect.stack(0)))
        if left:
            left -= 1
            queue.enqueue("next")

    queue.subscribe(chain)
    queue.enqueue("first")
    assert len(depths) == 51
    assert len(set(depths)) == 1
