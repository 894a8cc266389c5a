"""Queues that do not end, break out, or return what nobody expects: the judge names it, and goes on."""

import asyncio
import logging
import random
import signal
import sys
import threading
import time
import warnings
from contextlib import suppress

import pytest

from jobqueue_lesson import JobQueue
from jobqueue_lesson.judge import judge
from jobqueue_lesson.judge.play import is_lease
from tests.support.logged_queue import LoggedQueue
from tests.support.other_queues import PlainQueue

POSIX = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no signals to stop it with")


def found(queue, **options):
    verdict = judge(queue, progress=None, **options)
    assert not verdict.passed
    return verdict.finding


# --- it does not end ---


class Spins(JobQueue):
    def dequeue(self, worker="worker-1"):
        while not self._ready:
            pass
        return super().dequeue(worker)


class SpinsAndCatches(JobQueue):
    def dequeue(self, worker="worker-1"):
        while not self._ready:
            try:
                self._promote_due(self.clock())
            except BaseException:  # whatever
                continue
        return super().dequeue(worker)


class WaitsForItself(JobQueue):
    def __init__(self, clock=time.time):
        super().__init__(clock=clock)
        self.lock = threading.Lock()

    def dequeue(self, worker="worker-1"):
        with self.lock:
            return self.next(worker)

    def next(self, worker):
        with self.lock:
            return super().dequeue(worker)


@pytest.mark.parametrize(
    ("queue", "at"),
    [
        (Spins, ("while not self._ready:", "pass")),
        (SpinsAndCatches, ("while not self._ready:", "try:", "self._promote_due(", "except", "continue")),
        pytest.param(WaitsForItself, ("return self.next(", "with self.lock:"), marks=POSIX),
    ],
)
def test_a_call_that_does_not_end_is_stopped_and_named_with_its_line(queue, at, monkeypatch):
    monkeypatch.setattr("jobqueue_lesson.judge.play.SECONDS", 0.5)
    monkeypatch.setattr("jobqueue_lesson.judge.play.SUSPICIOUS", 0.5)
    finding = found(queue)
    assert (finding.stage, finding.promise.name) == ("hands out once", "NEXT")
    assert finding.calls[-1] == 'queue.dequeue(worker="ann")'
    assert finding.promised == "dequeue() does its work and ends"
    assert finding.seen.startswith("it does not end: after ")
    assert finding.steps[-1].line.place == "test_odd_queues.py"
    assert finding.steps[-1].line.text.startswith(at)


def test_a_wait_that_never_sleeps_is_named():
    class WaitSpins(PlainQueue):
        async def wait(self, *, or_finished=True):
            while not self.busy():
                await asyncio.sleep(0)

    finding = found(WaitSpins)
    assert (finding.stage, finding.promise.name) == ("listeners", "WAIT")
    assert finding.seen == "it never sleeps: 20,000 turns of the event loop in one instant"
    assert finding.calls == ["ann: await queue.wait(or_finished=False)"]


def test_a_wait_that_blocks_the_loop_is_named():
    class WaitBlocks(PlainQueue):
        async def wait(self, *, or_finished=True):
            while not self.busy():
                pass

    finding = found(WaitBlocks)
    assert (finding.promise.name, finding.promised) == ("WAIT", "wait() does its work and ends")
    assert finding.steps[-1].line.text in ("while not self.busy():", "pass")


class WaitsForTheRestOfItsFile(LoggedQueue):
    """Begins each line with a space, and does not get beyond one that ends there."""

    def __init__(self, path, *, clock, lease=30.0):
        while path.exists() and path.read_text().endswith(" "):
            pass
        super().__init__(path, clock=clock, lease=lease)

    def append(self, line):
        self.file.write(" ")
        self.file.flush()
        super().append(line)


class GivesUpOnItsFile(WaitsForTheRestOfItsFile):
    def __init__(self, path, *, clock, lease=30.0):
        self.torn = path.exists() and path.read_text().endswith(" ")
        if self.torn:
            path.write_text("")
        super().__init__(path, clock=clock, lease=lease)

    def get(self, job_id):
        if self.torn:
            sys.exit("the file is torn")
        return super().get(job_id)


@pytest.mark.parametrize(
    ("queue", "seen"),
    [(WaitsForTheRestOfItsFile, "it does not end"), (GivesUpOnItsFile, "SystemExit: the file is torn")],
)
def test_what_a_queue_makes_of_a_torn_file_cannot_stop_the_judge(queue, seen):
    finding = found(queue)
    assert finding.stage == "crashes"
    assert finding.promise.name == "NEVER_LOST"
    assert seen in finding.seen


def test_a_wait_that_catches_its_cancellation_claims_nothing_then():
    class Catches(JobQueue):
        async def wait(self, *, or_finished=True):
            with suppress(asyncio.CancelledError):
                await super().wait(or_finished=or_finished)

    assert judge(Catches, stage=5, progress=None).passed


# --- it prints, and breaks out ---


class Talks(JobQueue):
    def enqueue(self, type, data=None, **options):
        print("enqueuing", type)
        print("to stderr", file=sys.stderr)
        logging.getLogger("mine").warning("logged")
        warnings.warn("warned", stacklevel=1)
        return super().enqueue(type, data, **options)


def test_what_it_prints_logs_and_warns_of_is_kept_apart(capsys, caplog):
    verdict = judge(Talks, stage=1, progress=None)
    assert verdict.passed
    assert str(verdict).startswith("Talks: passed 1 of 8 stages, 7 not tried\n\nYour queue printed:\n  | enqueuing")
    for said in ("enqueuing send-email", "to stderr", "logged", "warned"):
        assert said in verdict.printed
    assert len(verdict.printed) <= 2001
    assert capsys.readouterr() == ("", "")
    assert logging.getLogger().handlers


def test_a_finding_shows_what_was_printed_in_that_history_alone():
    class TalksAndLoses(Talks):
        def complete(self, job_id, result=None, *, attempt=None):
            print("completing", job_id)

    finding = found(TalksAndLoses)
    assert str(finding).count("| completing") == 1
    assert "Your queue printed:\n  | " in str(finding)


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit, RecursionError, MemoryError])
def test_what_it_raises_is_its_answer_even_if_others_would_end_the_program(error):
    class Raises(JobQueue):
        def complete(self, job_id, result=None, *, attempt=None):
            raise error("bye")

    finding = found(Raises)
    assert finding.seen == f"{error.__name__}: bye"


@pytest.mark.parametrize(("method", "error"), [("wait", SystemExit), ("join", KeyboardInterrupt)])
def test_so_is_what_its_async_methods_raise(error, method):
    async def raises(self, **options):
        raise error("bye")

    finding = found(type("Raises", (PlainQueue,), {method: raises}))
    assert finding.stage == "listeners"
    assert finding.seen == f"{error.__name__}: bye"


@pytest.mark.parametrize("swallowed", [False, True])
def test_ctrl_c_stops_the_judge_even_if_the_queue_catches_it(swallowed):
    class Interrupted(JobQueue):
        def dequeue(self, worker="worker-1"):
            try:
                signal.raise_signal(signal.SIGINT)  # somebody presses Ctrl-C now
            except BaseException:
                if not swallowed:
                    raise
            return super().dequeue(worker)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        judge(Interrupted, progress=None)
    assert signal.getsignal(signal.SIGINT) is before


def test_everything_is_as_before_afterwards():
    before = sys.stdout, sys.stderr, sys.gettrace(), logging.getLogger().handlers, list(warnings.filters)
    judge(Talks, stage=1, progress=None)
    assert (sys.stdout, sys.stderr, sys.gettrace(), logging.getLogger().handlers, list(warnings.filters)) == before


def test_it_may_be_judged_inside_a_running_loop_as_in_a_notebook():
    async def cell():
        return judge(JobQueue, stage=1, progress=None)

    assert asyncio.run(cell()).passed


def test_it_may_be_judged_in_a_thread():
    verdicts = []
    thread = threading.Thread(target=lambda: verdicts.append(judge(Spins, progress=None)))
    thread.start()
    thread.join()
    assert verdicts[0].finding.promise.name == "NEXT"


# --- it returns what nobody expects ---


class Strange:
    """Every look at it fails."""

    def __getattr__(self, name):
        raise ZeroDivisionError

    def __eq__(self, other):
        raise ZeroDivisionError

    __hash__ = None

    def __repr__(self):
        raise ZeroDivisionError


VALUES = {
    "strange": Strange,
    "a class": lambda: Strange,
    "a list of strange": lambda: [Strange()],
    "a number": lambda: 5,
}
"""Makes each value: pytest looks at its parameters, and would fail."""


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize(
    "method", ["enqueue", "dequeue", "complete", "get", "stats", "dead", "fail", "revive", "discard", "subscribe"]
)
def test_any_value_is_compared(method, kind):
    value = VALUES[kind]()

    def returns(self, *arguments, **options):
        getattr(PlainQueue, method)(self, *arguments, **options)
        return value

    finding = found(type("Returns", (PlainQueue,), {method: returns}))
    assert " at 0x" not in str(finding)


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        *((field, "strange") for field in ("id", "status", "errors", "worker", "scheduled_for", "progress", "result")),
        ("id", "a number"),
        ("errors", "a list of strange"),
        ("status", "a class"),
    ],
)
def test_a_job_may_have_any_value_in_a_field(field, kind):
    value = VALUES[kind]()

    class Job:
        def __init__(self, job):
            self.job = job

        def __getattr__(self, name):
            return value if name == field else getattr(self.job, name)

    class Wraps(PlainQueue):
        def moved(self, job, move, attempt=None):
            return Job(super().moved(job, move, attempt))

        def get(self, job_id):
            job = super().get(job_id)
            return None if job is None else Job(job)

    found(Wraps)


def test_an_async_method_is_named():
    class Async(JobQueue):
        async def enqueue(self, type, data=None, **options):
            return super().enqueue(type, data, **options)

    finding = found(Async)
    assert finding.seen == "enqueue is an async function"


@pytest.mark.parametrize("seed", range(3))
def test_a_queue_that_throws_dice_is_judged_in_the_end(seed):
    rng = random.Random(seed)

    class Dice(PlainQueue):
        def dequeue(self, worker="worker-1"):
            return None if rng.random() < 0.1 else super().dequeue(worker)

        def complete(self, job_id, result=None, *, attempt=None):
            if rng.random() < 0.1:
                raise ValueError("unlucky")
            return super().complete(job_id, result, attempt=attempt)

    assert found(Dice).promised


def test_a_lease_is_none_or_seconds():
    assert is_lease(30)
    assert not any(map(is_lease, [None, 0, -1, "30", True, float("nan"), float("inf")]))

    class Leases(PlainQueue):
        def __init__(self, *, clock):
            super().__init__(clock=clock)
            self.lease = "30"

        def set_timer(self, job):
            pass

    assert found(Leases).seen == "its lease is '30', and neither None nor seconds"


def test_what_does_not_happen_again_is_said_to():
    made = []

    class Once(JobQueue):
        def __init__(self, clock):
            made.append(self)
            super().__init__(clock=clock)

        def complete(self, job_id, result=None, *, attempt=None):
            job = super().complete(job_id, result, attempt=attempt)
            return None if len(made) == 10 else job

    assert found(Once).seen == "None; but not when the same calls were made once more"


@POSIX
def test_a_queue_on_a_machine_that_is_busy_for_a_while_is_not_taken_for_one_that_never_ends(monkeypatch):
    monkeypatch.setattr("jobqueue_lesson.judge.play.SUSPICIOUS", 0.02)
    left = iter([0.05])

    class Slow(JobQueue):
        def complete(self, job_id, result=None, *, attempt=None):
            end = time.monotonic() + next(left, 0)
            while time.monotonic() < end:
                pass
            return super().complete(job_id, result, attempt=attempt)

    assert judge(Slow, stage=2, progress=None).passed
