"""Two processes with one file: the judge lets one of them make a call between any two lines of the other's."""

import signal
import threading
from contextlib import contextmanager
from typing import ClassVar

import pytest

from jobqueue_lesson.judge.apart import Apart
from jobqueue_lesson.judge.calls import anew, call
from jobqueue_lesson.judge.making import Maker
from jobqueue_lesson.judge.shortest import Search
from jobqueue_lesson.judge.stages import STAGES
from tests.support.faults.lasting import ClaimsWhatAnotherHasClaimed, ReadsItsFileOnce
from tests.support.logged_queue import LoggedQueue

NO_CLOCK = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="nothing could stop a call that waits")


def played(queue):
    """Play what the stage about crashes tries with two processes; return the history that breaks a promise, or None."""
    (stage,) = (stage for stage in STAGES if stage.name == "crashes")
    together = [workload for workload in stage.workloads if workload.meets or workload.setting.processes == 2]
    maker = Maker(queue)
    search = Search(maker, Apart())
    try:
        tried = [search.interrupted(load) if load.meets else search.shortest(load) for load in together]
    finally:
        maker.close()
    assert len(tried) == 2
    return next((found for found in tried if found is not None), None)


@NO_CLOCK
def test_a_job_that_two_processes_claim_is_found_with_the_line_between_them():
    found = played(ClaimsWhatAnotherHasClaimed)
    assert [step.text for step in found.steps[1:]] == [
        'queue.dequeue(worker="ann")',
        'another process: queue.dequeue(worker="ben")',
        "the first process goes on",
    ]
    assert [step.outcome for step in found.steps[1:]] == [
        "stops before this line",
        "job #1, processing",
        "job #1, processing",
    ]
    assert found.steps[1].line.place == "logged_queue.py"
    assert found.broken[1:3] == ("None: ben is running job #1", "job #1")
    assert [(event.move, event.worker) for event, _ in found.events] == [
        ("enqueue", None),
        ("dequeue", "ben"),
        ("dequeue", "ann"),
    ]


def test_a_queue_that_does_not_look_what_another_process_has_done_is_found():
    found = played(ReadsItsFileOnce)
    assert [made.text(found.model.ids) for made in found.calls[1:]] == ['another process: queue.dequeue(worker="ben")']


def test_a_queue_that_looks_passes():
    assert played(LoggedQueue) is None


class LetsInOneProcess(ClaimsWhatAnotherHasClaimed, ReadsItsFileOnce):
    """Its file has a lock, which ends with the process."""

    locked: ClassVar = set()

    def __init__(self, path, *, clock, lease=30.0):
        if path in self.locked:
            raise OSError("another process has locked it")
        self.locked.add(path)
        super().__init__(path, clock=clock, lease=lease)

    def close(self):
        self.locked.discard(self.path)
        super().close()


def test_a_queue_whose_file_lets_in_one_process_only_passes():
    assert played(LetsInOneProcess) is None


def test_such_a_file_can_be_opened_again_once_its_process_has_ended():
    (stage,) = (stage for stage in STAGES if stage.name == "crashes")
    maker = Maker(LetsInOneProcess)
    assert Search(maker, Apart()).shortest(stage.workloads[0]) is None
    maker.close()


class WaitsForALock(ClaimsWhatAnotherHasClaimed):
    """Waits, in its own way, while another process makes a call; so each may look, and then claim."""

    locks: ClassVar = {}

    def __init__(self, path, *, clock, lease=30.0):
        self.lock, self.has_it = self.locks.setdefault(path, threading.Lock()), False
        super().__init__(path, clock=clock, lease=lease)

    @contextmanager
    def alone(self):
        if self.has_it:
            yield
            return
        while not self.lock.acquire(timeout=10):
            pass
        self.has_it = True
        try:
            yield
        finally:
            self.has_it = False
            self.lock.release()

    def enqueue(self, type, data=None, **options):
        with self.alone():
            return super().enqueue(type, data, **options)

    def dequeue(self, worker="worker-1"):
        with self.alone():
            return super().dequeue(worker)

    def make(self, method, move, job_id, attempt=None, **facts):
        with self.alone():
            return super().make(method, move, job_id, attempt, **facts)


@NO_CLOCK
def test_a_queue_that_waits_for_the_other_process_passes(monkeypatch):
    monkeypatch.setattr("jobqueue_lesson.judge.between.PATIENCE", 0.01)
    monkeypatch.setattr("jobqueue_lesson.judge.between.ENOUGH", 0.1)
    assert played(WaitsForALock) is None


def test_where_nothing_could_stop_a_call_that_waits_nothing_is_tried_between_lines(monkeypatch):
    monkeypatch.setattr("jobqueue_lesson.judge.between.has_clock", lambda: False)
    assert played(ClaimsWhatAnotherHasClaimed) is None


# --- what a call is made of ---


def test_each_call_brings_arguments_of_its_own():
    data = {"to": "alice@example.com", "of": {"type": "send-email"}}
    again = anew(data)
    assert again == data
    assert again is not data
    assert again["to"] is not data["to"]
    assert again["of"] is not data["of"]
    assert anew(5.5) == 5.5


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (call("dequeue", worker="ben", process=2), 'another process: queue.dequeue(worker="ben")'),
        (call("enqueue", type="a", cancelled="ann"), 'queue.enqueue("a"); ann is cancelled'),
        (call("cancel", worker="ann"), "ann is cancelled"),
        (call("progress", 1, fraction=float("nan")), 'queue.progress(1, float("nan"))'),
    ],
)
def test_a_call_in_words(made, text):
    assert made.text([1]) == text
