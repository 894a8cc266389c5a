"""Code that never ends is stopped by the clock, and only there where the exception gets to somebody."""

import time
from contextlib import suppress

import pytest

from jobqueue_lesson.guarded import AGAIN, Endless, guarded, has_clock

pytestmark = pytest.mark.skipif(not has_clock(), reason="no signals here")

SPINS = compile("while True: pass", "learner.py", "exec")


def is_theirs(filename):
    return filename == "learner.py"


class Slow:
    """Takes so long to be thrown away that the clock rings meanwhile."""

    def __del__(self):
        end = time.monotonic() + 10 * AGAIN
        while time.monotonic() < end:
            pass


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
        end = time.monotonic() + 4 * AGAIN
        while time.monotonic() < end:
            pass
