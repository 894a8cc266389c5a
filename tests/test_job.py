import pytest

from jobqueue_lesson import JobQueue, Status
from jobqueue_lesson.arguments import validate_count, validate_seconds
from jobqueue_lesson.job import IllegalMove, Move


def test_the_moves_are_those_of_the_course():
    assert [(move, move.source, move.target) for move in Move] == [
        ("enqueue", None, "pending"),
        ("dequeue", "pending", "processing"),
        ("complete", "processing", "completed"),
        ("retry", "processing", "pending"),
        ("fail", "processing", "failed"),
        ("release", "processing", "pending"),
        ("progress", "processing", "processing"),
        ("revive", "failed", "pending"),
        ("discard", "failed", None),
    ]


def test_no_move_leads_out_of_completed_and_only_a_persons_out_of_failed():
    assert not [move for move in Move if move.source is Status.COMPLETED]
    assert [move for move in Move if move.source is Status.FAILED] == ["revive", "discard"]
    assert all(move.means.startswith("a person") for move in Move if move.source is Status.FAILED)


def test_a_status_is_its_word_also_as_a_key():
    assert {"pending": 1}[Status.PENDING] == 1
    assert f"{Status.COMPLETED}" == "completed"


def test_an_illegal_move_says_what_would_be_legal():
    queue = JobQueue()
    job = queue.enqueue("send-email")
    with pytest.raises(IllegalMove) as caught:
        queue.complete(job.id)
    assert str(caught.value) == (
        "cannot complete job #1: it is pending, and 'complete' starts from processing. "
        "Legal moves from pending: dequeue"
    )


def test_a_job_without_an_ended_attempt_has_no_duration_and_no_error():
    job = JobQueue().enqueue("send-email")
    assert job.duration is None
    assert job.error is None
    assert repr(job) == "<Job #1 send-email: pending>"


@pytest.mark.parametrize("value", [-1, -0.001, float("nan"), float("inf"), float("-inf")])
def test_seconds_must_be_finite_and_not_negative(value):
    with pytest.raises(ValueError, match=r"delay must be a finite number of seconds, 0 or more, got "):
        validate_seconds("delay", value)


@pytest.mark.parametrize("value", ["1", None, True, [1]])
def test_seconds_must_be_a_number(value):
    with pytest.raises(TypeError, match="delay must be a number of seconds"):
        validate_seconds("delay", value)


def test_seconds_may_have_to_be_above_zero():
    assert validate_seconds("timeout", 0.5, zero=False) == 0.5
    with pytest.raises(ValueError, match="timeout must be a finite number of seconds, above 0, got 0"):
        validate_seconds("timeout", 0, zero=False)


def test_counts_are_whole_numbers_with_a_least_value():
    assert validate_count("n", 1) == 1
    assert validate_count("n", 0, least=0) == 0
    with pytest.raises(ValueError, match="n must be 1 or more, got 0"):
        validate_count("n", 0)
    for value in (1.0, "1", True, None):
        with pytest.raises(TypeError, match="n must be a whole number"):
            validate_count("n", value)
