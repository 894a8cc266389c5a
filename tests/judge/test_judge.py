"""The judge passes every queue that keeps the contract, and finds every planted fault at the right stage."""

import os
import re

import pytest

from jobqueue_lesson import JobQueue, text_timeline
from jobqueue_lesson.judge import judge
from jobqueue_lesson.judge.promises import Promise
from jobqueue_lesson.judge.stages import STAGES
from tests.support.faults import FAULTS
from tests.support.faults.handing_out import LooksAndDoesNotTake
from tests.support.logged_queue import LoggedQueue
from tests.support.other_queues import PlainQueue
from tests.support.queues import JUDGED

QUEUES = JUDGED | {"plain": (PlainQueue, {"crashes"}), "logged": (LoggedQueue, set())}
"""The queues of the course, and two in another style; and the stages that are about what each does not offer."""


@pytest.mark.parametrize("name", QUEUES)
def test_a_right_queue_passes(name, capsys):
    make, lacks = QUEUES[name]
    verdict = judge(make, progress=None)
    assert verdict.passed, verdict
    assert {stage.name for stage in verdict.stages if stage.state == "not offered"} == lacks
    assert {stage.state for stage in verdict.stages} <= {"passed", "not offered"}
    score = f"passed {8 - len(lacks)} of 8 stages" + (f", {len(lacks)} not offered" if lacks else "")
    assert str(verdict) == f"{make.__name__}: {score}"
    assert verdict.printed == ""
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.queue.__name__)
def test_a_planted_fault_is_found_at_its_stage_and_the_sentence_is_named(fault):
    verdict = judge(fault.queue, progress=None)
    finding = verdict.finding
    assert not verdict.passed
    assert finding.stage == fault.stage, verdict
    assert finding.promise.name in fault.promises, verdict
    assert len(finding.history.events) <= fault.moves, verdict
    states = [stage.state for stage in verdict.stages]
    broken = [stage.name for stage in verdict.stages].index(fault.stage)
    assert states[broken] == "broken"
    assert set(states[:broken]) <= {"passed", "not offered"}
    assert set(states[broken + 1 :]) <= {"not tried"}


def test_there_is_a_fault_for_each_sentence_of_the_contract():
    assert {name for fault in FAULTS for name in fault.promises} == {promise.name for promise in Promise}
    assert len(FAULTS) >= 25
    assert {fault.stage for fault in FAULTS} == {stage.name for stage in STAGES}


# --- what a finding shows ---


class LosesTheLastFailure(JobQueue):
    def fail(self, job_id, error, *, attempt=None):
        job = super().fail(job_id, error, attempt=attempt)
        if job.status == "failed":
            print(f"job {job.id} is hopeless")
            del self._jobs[job_id]
        return job


EXPLAINED = """\
Stage 3, retries: a promise is broken after 3 calls.

  1     0 s  queue.enqueue("send-email", {"to": "alice@example.com"},
               max_attempts=1)
             → job #1, pending
  2     1 s  queue.dequeue(worker="ann")  → job #1, processing
  3     2 s  queue.fail(1, ConnectionError("no answer"))  → job #1, failed
             at test_judge.py, line N: return job

Promised  get(1) returns job #1, failed
Seen      None: the job is lost
Contract  every queue: “A job is never lost: it ends as completed or failed,
          and a failed one is kept until a person discards it.”

               · waiting  █ processing  ✗ failed
#1 send-email  ····························████████████████████████████✗  failed
               0 ms                                                 2 s

Your queue printed:
  | job 1 is hopeless"""


def test_a_finding_is_the_shortest_history_in_words_and_for_a_replay():
    verdict = judge(LosesTheLastFailure, progress=None)
    finding = verdict.finding
    assert re.sub(r"line \d+", "line N", verdict.explanation) == EXPLAINED
    assert str(verdict).startswith("LosesTheLastFailure: passed 2 of 8 stages, 5 not tried\n\nStage 3, retries: ")
    assert repr(verdict) == str(verdict)
    assert finding.calls[1:] == ['queue.dequeue(worker="ann")', 'queue.fail(1, ConnectionError("no answer"))']
    assert [(event.at, event.move, event.job_id) for event in finding.history.events] == [
        (0, "enqueue", 1),
        (1, "dequeue", 1),
        (2, "fail", 1),
    ]
    assert str(finding.history.lines[2]).endswith(": return job")
    assert finding.history.name == "LosesTheLastFailure"
    assert text_timeline(finding.history) in EXPLAINED


def test_a_finding_plays_in_a_replay():
    from jobqueue_lesson.show.replay import Replay

    history = judge(LosesTheLastFailure, progress=None).finding.history
    assert "return job" in Replay(history).record


def test_the_history_shows_what_the_queue_did_and_not_what_it_should_have_done():
    finding = judge(LooksAndDoesNotTake, progress=None).finding
    assert [(event.move, event.job_id, event.worker) for event in finding.history.events] == [
        ("enqueue", 1, None),
        ("dequeue", 1, "ann"),
        ("dequeue", 1, "ann"),
    ]
    assert (finding.promised, finding.seen) == ("None: ann is running job #1", "job #1")


def test_what_is_found_is_the_same_every_time_and_whatever_the_seed_before_the_storm():
    first, again, other = (str(judge(LosesTheLastFailure, seed=seed, progress=None)) for seed in (0, 0, 7))
    assert first == again == other


def test_the_report_says_how_to_see_the_same_again():
    report = judge(JobQueue, seed=5, stage=2, progress=None).report
    lines = report.splitlines()
    assert lines[0] == "JobQueue: passed 2 of 8 stages, 6 not tried"
    assert lines[1:4] == ["✓ 1 hands out once", "✓ 2 order", "– 3 retries"]
    assert re.fullmatch(r"\d+ histories, seed 5, Python 3\.\d+\.\d+\S*, jobqueue_lesson \d\S+", lines[-2])
    assert lines[-1] == "judge(JobQueue, seed=5)"


def test_a_queue_that_lacks_something_is_not_silently_passed():
    report = judge(JobQueue, progress=None, runs=1).report
    assert "– 6 leases: not offered, its lease is None" in report
    assert "– 7 crashes: not offered, JobQueue takes no path=" in report


def test_progress_is_a_line_when_a_stage_begins_and_one_when_it_ends():
    lines = []
    judge(LosesTheLastFailure, progress=lines.append)
    assert lines == [
        "Stage 1 of 8, hands out once …",
        "✓ 1 hands out once",
        "Stage 2 of 8, order …",
        "✓ 2 order",
        "Stage 3 of 8, retries …",
        "✗ 3 retries",
    ]


def test_the_last_stage_may_be_chosen_and_those_before_it_are_tried_again():
    verdict = judge(LosesTheLastFailure, stage=2, progress=None)
    assert verdict.passed
    assert [stage.state for stage in verdict.stages][:3] == ["passed", "passed", "not tried"]
    assert not judge(LosesTheLastFailure, stage=3, progress=None).passed


@pytest.mark.parametrize(
    ("name", "value"), [("stage", 0), ("stage", 9), ("stage", "2"), ("seed", 1.5), ("seed", None), ("runs", 0)]
)
def test_an_invalid_argument_is_rejected_by_name(name, value):
    with pytest.raises((TypeError, ValueError), match=rf"^{name}\b"):
        judge(JobQueue, **{name: value})


def test_nothing_is_left_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("jobqueue_lesson.judge.making.MEMORY", "/nowhere")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    judge(LoggedQueue, stage=1, progress=None)
    judge(SharesAFile, progress=None)
    assert os.listdir(tmp_path) == []


class SharesAFile(LoggedQueue):
    """Its file is always the same."""

    def __init__(self, path, *, clock):
        super().__init__(path.parent.parent / "all", clock=clock)


def test_jobs_that_come_from_another_queue_are_a_fault():
    finding = judge(SharesAFile, progress=None).finding
    assert finding.stage == "hands out once"
