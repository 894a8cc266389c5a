import asyncio

import pytest

from jobqueue_lesson import History, JobQueue, Worker
from jobqueue_lesson.explore import explore
from jobqueue_lesson.history import Phase
from tests.support.waiting import pass_time


@pytest.fixture
def queue(sim):
    return JobQueue("tasks", clock=sim.time)


@pytest.fixture
def history(queue):
    return History(queue)


def of(history, job_id=1):
    return [
        (s.phase.value, s.start, s.end, s.attempt, s.worker, s.outcome) for s in history.spans() if s.job_id == job_id
    ]


def test_a_job_that_waits_is_processed_and_completes(sim, queue, history):
    queue.enqueue("a")
    pass_time(sim, 1)
    queue.dequeue(worker="ann")
    pass_time(sim, 2)
    queue.complete(1)
    assert of(history) == [("waiting", 0, 1, 0, None, "dequeue"), ("processing", 1, 3, 1, "ann", "complete")]


def test_a_delay_and_a_backoff_are_told_apart_from_waiting(sim, queue, history):
    queue.enqueue("a", delay=1, max_attempts=2)
    pass_time(sim, 3)
    queue.dequeue()
    queue.fail(1, OSError("x"))
    pass_time(sim, 3)
    queue.dequeue()
    pass_time(sim, 1)
    queue.fail(1, OSError("y"))
    assert of(history) == [
        ("delayed", 0, 1, 0, None, "due"),
        ("waiting", 1, 3, 0, None, "dequeue"),
        ("processing", 3, 3, 1, "worker-1", "retry"),
        ("backing off", 3, 5, 1, None, "due"),
        ("waiting", 5, 6, 1, None, "dequeue"),
        ("processing", 6, 7, 2, "worker-1", "fail"),
    ]
    assert [span.error for span in history.spans() if span.phase is Phase.PROCESSING] == ["OSError: x", "OSError: y"]


def test_a_released_job_waits_again(sim, queue, history):
    queue.enqueue("a")
    queue.dequeue()
    pass_time(sim, 1)
    queue.release(1)
    pass_time(sim, 1)
    queue.dequeue()
    queue.complete(1)
    assert [span[:3] for span in of(history)] == [("processing", 0, 1), ("waiting", 1, 2), ("processing", 2, 2)]
    assert of(history)[0][5] == "release"


def test_what_has_not_ended_is_drawn_up_to_now(sim, queue, history):
    queue.enqueue("a")
    queue.enqueue("b", delay=10)
    queue.dequeue()
    pass_time(sim, 4)
    assert of(history) == [("processing", 0, 4, 1, "worker-1", None)]
    assert of(history, 2) == [("delayed", 0, 4, 0, None, None)]
    pass_time(sim, 2)
    assert of(history)[0][2] == history.end == 6


def test_a_record_of_finished_jobs_ends_with_its_last_event(sim, queue, history):
    queue.enqueue("a")
    queue.dequeue()
    pass_time(sim, 1)
    queue.complete(1)
    pass_time(sim, 100)
    assert (history.start, history.end) == (0, 1)


def test_a_closed_history_hears_nothing_more(sim, queue, history):
    queue.enqueue("a")
    history.close()
    history.close()
    pass_time(sim, 1)
    queue.enqueue("b")
    assert history.jobs() == {1: "a"}
    assert history.end == 0


def test_a_history_that_came_late_begins_with_what_it_saw(sim, queue):
    queue.enqueue("a")
    pass_time(sim, 1)
    late = History(queue)
    queue.dequeue()
    pass_time(sim, 1)
    queue.complete(1)
    assert of(late) == [("processing", 1, 2, 1, "worker-1", "complete")]


def test_events_can_be_given_by_hand(sim, queue, history):
    queue.enqueue("a")
    queue.dequeue()
    pass_time(sim, 1)
    queue.complete(1)
    copy = History()
    for event in history.events:
        copy.record(event)
    assert copy.spans() == history.spans()
    assert (copy.start, copy.end) == (0, 1)


def test_an_empty_history_has_nothing_and_says_so():
    history = History()
    assert (history.spans(), history.jobs(), history.workers(), history.start, history.end) == ([], {}, [], 0, 0)
    assert repr(history) == "<History of '': 0 events of 0 jobs>"


def test_it_counts_who_is_in_which_state(sim, queue, history):
    async def nap(seconds):
        await asyncio.sleep(seconds)
        if seconds == 3:
            raise OSError

    queue.enqueue("nap", 2)
    queue.enqueue("nap", 3, max_attempts=1)
    queue.enqueue("nap", 1, delay=4)
    sim.run(Worker(queue, {"nap": nap}).drain())
    assert history.count([0, 1, 2, 4.5, 5, 6, 99]) == {
        "delayed": [1, 1, 1, 0, 0, 0, 0],
        "waiting": [1, 1, 0, 1, 0, 0, 0],
        "backing off": [0, 0, 0, 0, 0, 0, 0],
        "processing": [1, 1, 1, 1, 1, 0, 0],
        "completed": [0, 0, 1, 1, 1, 2, 2],
        "failed": [0, 0, 0, 0, 1, 1, 1],
    }


def test_a_dead_job_that_is_revived_or_discarded_is_failed_no_more(sim, queue, history):
    for _ in range(2):
        job = queue.enqueue("a", max_attempts=1)
        queue.dequeue()
        queue.fail(job.id, "broken")
    sim.run(asyncio.sleep(1))
    queue.revive(1)
    queue.discard(2)
    sim.run(asyncio.sleep(1))
    counts = history.count([0.5, 1.5])
    assert (counts["failed"], counts["waiting"]) == ([2, 0], [0, 1])
    assert [(span.phase, span.start, span.end) for span in history.spans() if span.start >= 1] == [("waiting", 1, 2)]


def test_no_span_ends_before_it_starts_when_the_clock_is_set_back(sim, queue, history):
    pass_time(sim, 7200)
    queue.enqueue("a")
    pass_time(sim, 1)
    queue.dequeue()
    sim._now = 3600.0
    queue.complete(1)
    assert of(history) == [
        ("waiting", 7200, 7201, 0, None, "dequeue"),
        ("processing", 7201, 7201, 1, "worker-1", "complete"),
    ]


def test_a_run_that_explore_has_found_knows_its_lines():
    async def scenario(world):
        world.queue(JobQueue(clock=world.clock)).enqueue("send-email")

    (line,) = explore(scenario, invariants=[lambda world: False]).history.lines
    assert line.text == 'world.queue(JobQueue(clock=world.clock)).enqueue("send-email")'
