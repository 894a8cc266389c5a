"""What the engine's tables say about a job: its times, data, results and errors, and the record of its moves."""

import json

import psycopg
import pytest

from jobqueue_lesson import History, text_timeline
from tests.support.engine import finished


def test_times_are_exact(queue):
    for delay in (0, 0.25, 0.75, 1, 12.345678, 86_400.000001, 1e9):
        job = queue.enqueue("a", delay=delay)
        kept = queue.get(job.id)
        assert kept.created_at == job.created_at
        assert kept.scheduled_for - kept.created_at == pytest.approx(delay, abs=1e-6)
        assert job.scheduled_for == pytest.approx(kept.scheduled_for, abs=1e-6)


EXACT = [
    None, True, 1, 1.0, 1e23, -0.0, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, 2**31, 2**63, -(2**64), 10**300,
    "", "\0", "a\0b", "\x1b\x7f\\\"'", "\U0001f600 é e\u0301", "x" * 300_000,
    [], {}, {"z": 1, "a": {"y": [], "b": None}}, {"": 0, "\0": 1, "1": 2}, [1, 1.0, True, "1", None],
    json.loads("[" * 90 + "]" * 90),
]  # fmt: skip


def test_data_and_results_come_back_exactly(team):
    jobs = [team.enqueue("echo", data) for data in EXACT]
    for data, job in zip(EXACT, finished(team, *jobs), strict=True):
        # As strings, because 1 == 1.0 == True, 0.0 == -0.0, and dictionaries with other orders of keys are equal.
        assert json.dumps(job.data) == json.dumps(data)
        assert json.dumps(job.result) == json.dumps(data)


def test_characters_of_an_error_that_cannot_be_stored_are_escaped(team):
    (job,) = finished(team, team.enqueue("raises", r"raise ValueError('a\0b \ud800 é')", max_attempts=1))
    assert job.error == "ValueError: a\\x00b \\ud800 é"


def test_an_errors_message_may_be_long_and_its_str_may_raise(team):
    broken = "class Broken(Exception):\n    def __str__(self):\n        1 / 0\nraise Broken"
    long, unknown = finished(
        team,
        team.enqueue("raises", "raise ValueError('x' * 1_000_000)", max_attempts=1),
        team.enqueue("raises", broken, max_attempts=1),
    )
    assert len(long.error) == 1_000_012
    assert unknown.errors[0].type == "Broken"


def test_the_record_is_complete_and_in_order(team):
    kept = team.enqueue("fails", "broken", max_attempts=2, priority=3, delay=0.05)
    done = team.enqueue("steps")
    finished(team, kept, done)
    team.revive(kept.id)
    finished(team, kept)
    events = team.events()
    assert [event.at for event in events] == sorted(event.at for event in events)
    mine = [event for event in events if event.job_id == kept.id]
    assert [(event.move, event.status, event.attempt) for event in mine] == [
        ("enqueue", "pending", 0),
        ("dequeue", "processing", 1),
        ("retry", "pending", 1),
        ("dequeue", "processing", 2),
        ("fail", "failed", 2),
        ("revive", "pending", 2),
        ("dequeue", "processing", 3),
        ("retry", "pending", 3),
        ("dequeue", "processing", 4),
        ("fail", "failed", 4),
    ]
    job = team.get(kept.id)
    assert {(event.type, event.priority) for event in mine} == {("fails", 3)}
    assert mine[0].at == job.created_at
    assert mine[0].scheduled_for == mine[1].scheduled_for == pytest.approx(job.created_at + 0.05, abs=1e-6)
    assert mine[2].scheduled_for == pytest.approx(mine[2].at + 0.01, abs=1e-6)
    assert [event.error for event in mine if event.error] == list(job.errors)
    assert [event.worker is None for event in mine] == [True] + [False] * 9
    assert [event.move for event in events if event.job_id == done.id] == ["enqueue", "dequeue", "complete"]
    history = History(name="engine")
    for event in events:
        history.record(event)
    assert f"#{done.id} " in text_timeline(history)


def test_no_move_is_earlier_than_the_one_before_it(team):
    """Workers claim jobs while producers enqueue them, and each transaction has a time of its own."""
    jobs = [team.enqueue("echo") for _ in range(100)]
    done = finished(team, *jobs)
    assert [job for job in done if not job.created_at <= job.started_at <= job.finished_at] == []
    moves = {job.id: [] for job in jobs}
    for event in team.events():
        moves[event.job_id].append(event.move)
    assert {tuple(made) for made in moves.values()} == {("enqueue", "dequeue", "complete")}


def test_a_claim_that_started_before_its_job_was_enqueued_does_not_come_before_it(queue):
    with psycopg.connect(queue.url) as connection:
        connection.execute("SELECT now()")  # its transaction starts here
        job = queue.enqueue("a")
        connection.execute("SELECT jobqueue_claim(%s, NULL, 'ann')", ([queue.name],))
    assert queue.get(job.id).started_at == job.created_at
    assert [(event.move, event.at) for event in queue.events()] == [
        ("enqueue", job.created_at),
        ("dequeue", job.created_at),
    ]
