"""Bad input gets an error that names the argument and the value, and nothing is lost."""

import pytest

from jobqueue_lesson import JobQueue, Simulation, Worker, plot_timeline, text_timeline
from jobqueue_lesson.history import History

NAN = float("nan")


async def handler(data):
    return data


def queue_with_one_job():
    queue = JobQueue("tasks")
    queue.enqueue("a", {"n": 1}, key="k")
    return queue


ENQUEUE = [
    (("",), {}, ValueError, "type must not be empty"),
    ((None,), {}, TypeError, "type must be a string such as 'send-email', got None"),
    ((7,), {}, TypeError, "type must be a string such as 'send-email', got 7"),
    (("a",), {"delay": -1}, ValueError, "delay must be a finite number of seconds, 0 or more, got -1"),
    (("a",), {"delay": NAN}, ValueError, "delay must be a finite number of seconds, 0 or more, got nan"),
    (("a",), {"delay": float("inf")}, ValueError, "delay must be a finite number of seconds, 0 or more, got inf"),
    (("a",), {"delay": "1"}, TypeError, "delay must be a number of seconds, got '1'"),
    (("a",), {"delay": None}, TypeError, "delay must be a number of seconds, got None"),
    (("a",), {"max_attempts": 0}, ValueError, "max_attempts must be 1 or more, got 0"),
    (("a",), {"max_attempts": -3}, ValueError, "max_attempts must be 1 or more, got -3"),
    (("a",), {"max_attempts": 1.5}, TypeError, "max_attempts must be a whole number, got 1.5"),
    (("a",), {"max_attempts": True}, TypeError, "max_attempts must be a whole number, got True"),
    (("a",), {"priority": NAN}, TypeError, "priority must be a whole number, got nan"),
    (("a",), {"priority": "high"}, TypeError, "priority must be a whole number, got 'high'"),
    (("a",), {"key": ""}, ValueError, "key must not be empty"),
    (("a",), {"key": 7}, TypeError, "key must be a string or None, got 7"),
]


@pytest.mark.parametrize(("arguments", "options", "error", "words"), ENQUEUE)
def test_enqueue_refuses_and_nothing_changes(arguments, options, error, words):
    queue = queue_with_one_job()
    events = []
    queue.subscribe(events.append)
    with pytest.raises(error) as caught:
        queue.enqueue(*arguments, **options)
    assert words in str(caught.value)
    assert queue.stats() == {"pending": 1, "processing": 0, "completed": 0, "failed": 0}
    assert events == []
    assert queue.enqueue("a").id == 2


QUEUE = [
    ({"clock": 5}, TypeError, "clock must be a callable that returns seconds, such as time.time, got 5"),
    ({"clock": lambda: -1.0}, ValueError, "clock() must be a finite number of seconds, 0 or more, got -1.0"),
    ({"clock": lambda: "noon"}, TypeError, "clock() must be a number of seconds, got 'noon'"),
    ({"max_pending": 0}, ValueError, "max_pending must be 1 or more, got 0"),
    ({"keep_finished": -1}, ValueError, "keep_finished must be 0 or more, got -1"),
    ({"aging": -0.5}, ValueError, "aging must be a finite number, 0 or more, got -0.5"),
    ({"aging": NAN}, ValueError, "aging must be a finite number, 0 or more, got nan"),
]


@pytest.mark.parametrize(("options", "error", "words"), QUEUE)
def test_a_queue_refuses(options, error, words):
    with pytest.raises(error) as caught:
        JobQueue("tasks", **options)
    assert words in str(caught.value)


WORKER = [
    ({"a": "not callable"}, {}, TypeError, "handlers['a'] must be an async function of the job's data"),
    ({"a": handler}, {"concurrency": 0}, ValueError, "concurrency must be 1 or more, got 0"),
    ({"a": handler}, {"timeout": 0}, ValueError, "timeout must be a finite number of seconds, above 0, got 0"),
    ({"a": handler}, {"timeout": NAN}, ValueError, "timeout must be a finite number of seconds, above 0, got nan"),
    ({"a": handler}, {"name": ""}, ValueError, "name must not be empty: it names the worker, such as 'worker-1'"),
]


@pytest.mark.parametrize(("handlers", "options", "error", "words"), WORKER)
def test_a_worker_refuses(handlers, options, error, words):
    with pytest.raises(error) as caught:
        Worker(JobQueue(), handlers, **options)
    assert words in str(caught.value)


def test_fail_refuses_what_is_no_error_and_the_job_stays_in_hand():
    queue = queue_with_one_job()
    queue.dequeue()
    with pytest.raises(TypeError, match="error must be an exception or a string, got 404"):
        queue.fail(1, 404)
    assert queue.get(1).status == "processing"


def test_subscribe_refuses_what_cannot_be_called():
    with pytest.raises(TypeError, match="listener must be a callable that takes a JobEvent, got 'me'"):
        JobQueue().subscribe("me")


@pytest.mark.parametrize("start", [-1, NAN, float("inf")])
def test_a_simulation_refuses_a_start_that_is_no_time(start):
    with pytest.raises(ValueError, match="start must be a finite number of seconds, 0 or more"):
        Simulation(start)


@pytest.mark.parametrize("draw", [plot_timeline, text_timeline])
def test_a_timeline_refuses_rows_that_it_does_not_know(draw):
    with pytest.raises(ValueError, match="rows must be 'jobs' or 'workers', got 'queues'"):
        draw(History(), rows="queues")
