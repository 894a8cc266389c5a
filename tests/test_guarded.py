"""Code that never ends is stopped by the clock, and only there where the exception gets to somebody."""

import time
from contextlib import suppress

import pytest

from jobqueue_lesson.guarded import AGAIN, BUSY, Endless, guarded, has_clock

pytestmark = pytest.mark.skipif(not has_clock(), reason="no signals here")

SPINS = compile("while True: pass", "learner.py", "exec")


def is_theirs(filename):
    return filename == "learner.py"


def share(of_a_processor, monkeypatch):
    """Have this thread get but a share of a processor, as on a busy machine."""
    monkeypatch.setattr(time, "thread_time", lambda: time.monotonic() * of_a_processor)


def run_for(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


class Slow:
    """Takes so long to be thrown away that the clock rings meanwhile."""

    def __del__(self):
        run_for(10 * AGAIN)


def test_the_clock_does_not_stop_a_finalizer_where_the_exception_would_be_lost():
    with pytest.raises(Endless), guarded(lines=None, seconds=AGAIN, watched=is_theirs):
        Slow()  # with an exception lost in it, pytest would fail
        exec(SPINS)


def test_code_that_is_nowhere_on_the_stack_is_stopped_a_little_later():
    with pytest.raises(Endless), guarded(lines=None, seconds=AGAIN, watched=lambda filename: False):
        while True:
            pass


def test_the_clock_of_a_guard_goes_on_after_one_within_it():
    with pytest.raises(Endless, match=r"after 0.02 s"), guarded(lines=None, seconds=0.02, watched=is_theirs):
        with guarded(lines=None, seconds=60, watched=is_theirs):
            pass
        exec(SPINS)


def test_a_guard_within_another_one_stops_what_is_in_it_and_no_more():
    with guarded(lines=None, seconds=60, watched=is_theirs):
        with suppress(Endless), guarded(lines=None, seconds=AGAIN, watched=is_theirs):
            exec(SPINS)
        run_for(4 * AGAIN)


def test_code_on_a_busy_machine_has_a_processor_for_as_long_as_it_would_have_had_otherwise(monkeypatch):
    share(0.4, monkeypatch)
    with guarded(lines=None, seconds=0.5, watched=is_theirs):
        run_for(0.7)  # of which it had 0.28
    start = time.monotonic()
    with pytest.raises(Endless), guarded(lines=None, seconds=0.1, watched=is_theirs):
        exec(SPINS)
    assert time.monotonic() - start > 0.2


def test_however_busy_a_machine_is_the_clock_does_not_wait_for_ever(monkeypatch):
    share(0.1, monkeypatch)
    start = time.monotonic()
    with pytest.raises(Endless), guarded(lines=None, seconds=0.05, watched=is_theirs):
        exec(SPINS)
    assert time.monotonic() - start > BUSY * 0.05


def test_code_that_sleeps_is_stopped_at_once_however_little_it_has_had():
    start = time.monotonic()
    with pytest.raises(Endless), guarded(lines=None, seconds=0.05, watched=lambda filename: True):
        time.sleep(60)
    assert time.monotonic() - start < 30
