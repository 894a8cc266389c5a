"""Each queue has what the half of the contract that it claims says, with the same arguments."""

import inspect

import pytest

from jobqueue_lesson import JobQueue
from jobqueue_lesson.contract import Producer, Queue
from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.engine import EngineQueue

CLAIMS = [(JobQueue, Queue), (SQLiteQueue, Queue), (EngineQueue, Producer)]


def methods(protocol):
    return [name for name, member in inspect.getmembers(protocol, inspect.isfunction) if not name.startswith("_")]


def test_the_producers_half_is_what_an_api_needs_and_a_worker_needs_more():
    assert methods(Producer) == ["dead", "discard", "enqueue", "get", "revive", "stats", "subscribe"]
    more = set(methods(Queue)) - set(methods(Producer))
    assert more == {"complete", "dequeue", "fail", "heartbeat", "join", "progress", "release", "wait", "wake"}


@pytest.mark.parametrize(("queue", "protocol"), CLAIMS, ids=lambda kind: kind.__name__)
def test_a_queue_keeps_what_it_claims(queue, protocol):
    for name in methods(protocol):
        assert inspect.signature(getattr(queue, name)) == inspect.signature(getattr(protocol, name)), name


@pytest.mark.parametrize(("queue", "protocol"), [(JobQueue(), Queue), (SQLiteQueue(":memory:"), Queue)])
def test_a_queue_has_the_attributes_too(queue, protocol):
    for name in inspect.get_annotations(protocol) | inspect.get_annotations(Producer):
        assert hasattr(queue, name)
