"""The producer's half of the contract: subscribe. What a listener is called with, and what it may do."""

import asyncio
import inspect

from jobqueue_lesson import History
from jobqueue_lesson.job import JobEvent
from jobqueue_lesson.progress import follow
from tests.support.queues import give_up


def test_listeners_get_every_move_in_order(queue, worker):
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
        ("revive", "pending", 2, "ben"),
        ("dequeue", "processing", 3, "ben"),
        ("complete", "completed", 3, "ben"),
    ]
    assert all(type(event) is JobEvent for event in events)
    assert {(e.job_id, e.type, e.priority) for e in events} == {(1, "a", 2)}
    assert [e.at for e in events] == sorted(e.at for e in events)
    assert [str(e.error) for e in events if e.error] == ["OSError: x", "OSError: y"]
    due = [e.scheduled_for for e in events]
    assert due == [due[0], due[0], due[2], due[2], due[2], due[5], due[5], due[5]]
    assert due == sorted(due)
    assert due[-1] == queue.get(1).scheduled_for


def test_listeners_are_told_of_a_discarded_job(queue, worker):
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


def test_a_listener_gets_nothing_after_it_unsubscribes(queue):
    events = []
    leave = queue.subscribe(events.append)
    queue.enqueue("a")
    leave()
    leave()
    queue.enqueue("a")
    assert len(events) == 1


def test_a_listener_gets_nothing_from_before_it_subscribes(queue):
    queue.enqueue("a")
    events = []
    queue.subscribe(events.append)
    queue.enqueue("b")
    assert [event.type for event in events] == ["b"]


def test_a_listener_may_unsubscribe_while_it_is_called(queue):
    events = []

    def once(event):
        events.append(event.type)
        leave()

    leave = queue.subscribe(once)
    queue.enqueue("a")
    queue.enqueue("b")
    assert events == ["a"]


def test_a_listener_that_raises_keeps_no_job_from_running_and_no_event_from_the_others(queue, worker, caplog):
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


def test_a_listener_may_enqueue_and_others_still_get_everything_in_order(queue, worker):
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


def test_listeners_that_enqueue_are_called_one_after_the_other(queue):
    """Not one inside the other, so a long chain of jobs cannot exceed the recursion limit."""
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


def test_a_history_knows_which_line_enqueued_a_job_and_which_one_discarded_it(queue, worker):
    history = History(queue, lines=True)
    give_up(queue, worker, "a")
    queue.enqueue("b", key="k")
    queue.enqueue("b", key="k")  # there is one already
    queue.discard(1)
    made = {(event.move, event.job_id): line for event, line in zip(history.events, history.lines, strict=True)}
    assert len(made) == 5
    assert made["enqueue", 1][::2] == ("queues.py", "job = queue.enqueue(type, max_attempts=1)")
    assert made["enqueue", 2].text == 'queue.enqueue("b", key="k")'
    assert made["discard", 1].text == "queue.discard(1)"
