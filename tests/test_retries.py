import random

import pytest

from jobqueue_lesson.retries import DAY, JITTERS, DoNotRetry, RetryPolicy, exponential


def test_by_default_the_wait_is_two_to_the_power_of_the_attempt():
    assert [RetryPolicy().delay(attempt) for attempt in range(1, 7)] == [2.0, 4.0, 8.0, 16.0, 32.0, 64.0]


def test_base_factor_and_cap():
    policy = RetryPolicy(base=0.5, factor=3, cap=10)
    assert [policy.delay(attempt) for attempt in (1, 2, 3, 4)] == [1.5, 4.5, 10, 10]


def test_a_wait_never_overflows():
    assert exponential(16) == 65_536
    assert exponential(17) == DAY
    assert exponential(100_000) == DAY
    assert exponential(100_000, factor=3.7, cap=60) == 60


@pytest.mark.parametrize(
    ("jitter", "low", "high"),
    [("none", 8, 8), ("full", 0, 8), ("equal", 4, 8), ("decorrelated", 1, 15)],
)
def test_jitter_stays_within_its_formula_and_uses_all_of_it(jitter, low, high):
    policy = RetryPolicy(jitter=jitter, rng=random.Random(1))
    delays = [policy.delay(3, previous=5.0) for _ in range(2000)]
    assert low <= min(delays) <= max(delays) <= high
    assert max(delays) - min(delays) >= 0.98 * (high - low)


def test_decorrelated_jitter_starts_from_the_base_and_keeps_the_cap():
    policy = RetryPolicy(base=2, cap=10, jitter="decorrelated", rng=random.Random(1))
    assert all(2 <= policy.delay(1) <= 6 for _ in range(200))
    assert max(policy.delay(9, previous=1000) for _ in range(200)) == 10


def test_a_seeded_policy_gives_the_same_waits_every_time():
    def waits():
        policy = RetryPolicy(jitter="full", rng=random.Random(7))
        return [policy.delay(attempt) for attempt in (1, 2, 3)]

    assert waits() == waits()
    assert len(set(waits())) == 3


def test_which_errors_are_worth_another_try():
    policy = RetryPolicy(retry_on=(ConnectionError, TimeoutError))
    assert policy.worth_retrying(ConnectionResetError())
    assert policy.worth_retrying("an error given as text")
    assert not policy.worth_retrying(ValueError())
    assert RetryPolicy().worth_retrying(ValueError())
    assert not RetryPolicy().worth_retrying(SystemExit())
    assert not RetryPolicy(retry_on=(BaseException,)).worth_retrying(DoNotRetry())


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"base": -1}, ValueError, "base must be a finite number of seconds, 0 or more, got -1"),
        ({"cap": float("inf")}, ValueError, "cap must be a finite number of seconds"),
        ({"factor": 0.5}, ValueError, "factor must be a finite number, 1 or more, got 0.5"),
        ({"factor": float("nan")}, ValueError, "factor must be a finite number, 1 or more, got nan"),
        ({"factor": "2"}, TypeError, "factor must be a number, got '2'"),
        ({"jitter": "some"}, ValueError, "jitter must be one of none, full, equal, decorrelated, got 'some'"),
        ({"retry_on": ValueError}, TypeError, "retry_on must be a tuple of exception classes"),
        ({"retry_on": ("ValueError",)}, TypeError, "retry_on must be a tuple of exception classes"),
        ({"rng": 7}, TypeError, r"rng must be a random generator such as random.Random\(7\), or None, got 7"),
        ({"rng": random.Random}, TypeError, "rng must be a random generator .* got <class 'random.Random'>"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_name(arguments, error, words):
    with pytest.raises(error, match=words):
        RetryPolicy(**arguments)


def test_attempts_count_from_one():
    with pytest.raises(ValueError, match="attempt must be 1 or more, got 0"):
        RetryPolicy().delay(0)


def test_all_jitters_are_known():
    assert JITTERS == ("none", "full", "equal", "decorrelated")
