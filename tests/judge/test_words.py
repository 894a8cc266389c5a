"""What the judge's answers say: which calls, which line, which sentence, and what it knows about time."""

import asyncio
import re

import pytest

from jobqueue_lesson import JobQueue
from jobqueue_lesson.judge import CannotJudge, judge
from jobqueue_lesson.judge.verdict import WIDTH
from jobqueue_lesson.list_queue import ListQueue
from tests.support.faults import FAULTS
from tests.support.other_queues import PlainQueue

FAULT = {fault.queue.__name__: fault.queue for fault in FAULTS}


def explained(queue):
    verdict = judge(queue, progress=None)
    assert not verdict.passed
    return verdict.explanation


def rows(explanation):
    """Return what is said under each name, such as "Promised", on one line."""
    found = re.findall(r"^(Lease|Promised|Seen|Contract) +(.+(?:\n {10}.+)*)", explanation, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


# --- calls and lines ---


class LosesRetries(ListQueue):
    def fail(self, job_id, error, *, attempt=None):
        job = super().fail(job_id, error, attempt=attempt)
        if job in self.waiting:
            self.waiting.remove(job)
        return job


def test_only_calls_have_numbers_and_time_that_passes_has_none():
    said = explained(LosesRetries)
    assert said.startswith("Stage 3, retries: a promise is broken after 4 calls.")
    assert re.findall(r"^ +(\d*) +[\d.]+ s  (?:queue\.)?(\w+)", said, re.MULTILINE) == [
        ("1", "enqueue"),
        ("2", "dequeue"),
        ("3", "fail"),
        ("", "time"),
        ("4", "dequeue"),
    ]


def test_no_line_is_shown_under_a_call_before_the_last():
    assert " at test_words.py" not in explained(LosesRetries)
    assert " at " not in explained(FAULT["NobodyWakesForASilentJob"]).partition("Promised")[0]


def test_the_line_that_raised_is_shown_where_the_error_is():
    class NeedsADict(ListQueue):
        def get(self, job_id):
            return self.at(job_id)

        def at(self, job_id):
            return self.jobs[job_id]

    said = explained(NeedsADict)
    assert rows(said)["Promised"] == "get(1) returns None"
    assert rows(said)["Seen"].startswith("KeyError: 1 at test_words.py, line")
    assert rows(said)["Seen"].endswith(": return self.jobs[job_id]")


def test_of_a_call_that_raises_it_is_the_innermost_line_of_ones_own():
    class Empty(ListQueue):
        def dequeue(self, worker="worker-1"):
            return self.best() and super().dequeue(worker)

        def best(self):
            return min(self.waiting, key=lambda job: job.id)

    assert re.search(r"^ {13}at test_words.py, line \d+:\n +return min\(self", explained(Empty), re.MULTILINE)


def test_a_line_of_code_stays_in_one_piece():
    class Long(ListQueue):
        def complete(self, job_id, result=None, *, attempt=None):
            return [self.find(job_id, move=None) for a_rather_long_name_of_a_number in (1, 2)]

    assert "\n    return [self.find(job_id, move=None) for a_rather_long_name_of_a_number…\n" in explained(Long)


@pytest.mark.parametrize("name", ["RemembersTheKeyOfADiscardedJob", "ForgetsThePriority", "ARetryWakesNobody"])
def test_all_lines_fit_but_the_timelines(name):
    assert max(map(len, explained(FAULT[name]).partition("\nContract")[0].splitlines())) <= WIDTH


def test_a_constructor_that_fails_is_named_with_its_line():
    class Fails(ListQueue):
        def __init__(self, *, clock):
            self.clock = clock()["now"]

    with pytest.raises(CannotJudge, match=r"TypeError: .*, at test_words.py, line \d+: self.clock = clock\(\)"):
        judge(Fails, progress=None)


# --- what was promised, and which sentence that breaks ---


def test_a_job_is_promised_and_not_its_id():
    class ReturnsTheId(ListQueue):
        def dequeue(self, worker="worker-1"):
            job = super().dequeue(worker)
            return job and job.id

    said = rows(explained(ReturnsTheId))
    assert (said["Promised"], said["Seen"]) == ("job #1, as a `Job`", "1")


def test_the_timeline_shows_no_move_that_was_not_made():
    class DoesNotStart(ListQueue):
        def dequeue(self, worker="worker-1"):
            return self.waiting.pop(0) if self.waiting else None

    finding = judge(DoesNotStart, progress=None).finding
    assert (finding.promised, finding.seen) == ("job #1 has status processing", "status pending")
    assert [event.move for event in finding.history.events] == ["enqueue"]


def test_a_key_of_another_type_is_not_said_to_have_other_data():
    class IgnoresTheType(ListQueue):
        def with_key(self, key, type, data):
            return next((job for job in self.jobs.values() if job.key == key and job.data == data), None) or (
                super().with_key(key, type, data)
            )

    assert rows(explained(IgnoresTheType))["Promised"].endswith("a send-email, not a resize-image")


def test_a_listener_is_said_to_hear_of_a_move():
    class TellsOfHeartbeats(PlainQueue):
        def progress(self, *arguments, **options):
            job = super().progress(*arguments, **options)
            for listener in self.listeners:
                listener(("progress", job.id))
            return job

    assert rows(explained(FAULT["TellsTwice"]))["Seen"].startswith("it hears of retry of job #1")
    assert rows(explained(TellsOfHeartbeats))["Seen"] == "it is called with ('progress', 100)"


def test_a_backoff_is_promised_by_the_policy():
    said = rows(explained(FAULT["RetriesAtOnce"]))
    assert said["Promised"] == "job #100 has scheduled_for 4: 2 s after 2 s, says its RetryPolicy" or (
        said["Promised"] == "job #100 has scheduled_for 4: later than 2 s"
    )


def test_an_attribute_that_is_missing_is_quoted_by_its_own_sentence():
    said = rows(explained(FAULT["HasNoName"]))
    assert said["Promised"] == "HasNoName has an attribute `name`"
    assert said["Contract"].startswith("every queue: “`name` is a string")


# --- time ---


def test_a_lease_that_ends_is_said_and_when_someone_should_have_woken():
    said = rows(explained(FAULT["NobodyWakesForASilentJob"]))
    assert said["Lease"] == "10 s without a heartbeat"
    assert said["Promised"] == "ben wakes up: the lease of ann ends at 12 s, and job #1 is due then"
    assert said["Seen"] == "ben sleeps at 13.5 s"
    assert "Lease" not in rows(explained(FAULT["SharesItsJobs"]))


def test_the_error_of_a_lost_lease_has_the_time_when_it_was_found():
    class AlwaysZero(PlainQueue):
        def moved(self, job, move, attempt=None):
            if job.errors and job.errors[-1].type == "LeaseExpired":
                job.errors = (*job.errors[:-1], job.errors[-1]._replace(at=0.0))
            return super().moved(job, move, attempt)

    said = rows(explained(AlwaysZero))
    assert said["Promised"].endswith("in error 1")
    assert said["Seen"] == "at 0"


class WakesInVain(PlainQueue):
    """Wakes one sleeper for each job that comes, due or not; one that finds nothing goes to the end of the line."""

    def __init__(self, *, clock):
        super().__init__(clock=clock)
        self.line = []

    def enqueue(self, *arguments, **options):
        job = super().enqueue(*arguments, **options)
        if self.line:
            self.line.pop(0).set_result(None)
        return job

    def wake(self):
        super().wake()
        self.awake = True
        while self.line:
            self.line.pop(0).set_result(None)

    async def wait(self, *, or_finished=True):
        self.awake = False
        while not self.awake and not any(
            job.status == "pending" and job.scheduled_for <= self.clock() for job in self.jobs
        ):
            self.line.append(asyncio.get_running_loop().create_future())
            await self.line[-1]


def test_who_is_woken_in_vain_is_said():
    said = explained(WakesInVain)
    assert re.search(r"^ +\d+ s  ann is woken in vain: `wait` goes on sleeping$", said, re.MULTILINE), said


def test_who_has_claimed_the_job_is_said():
    said = explained(FAULT["WakesAll"])
    assert "\n        4 s  ann wakes up: queue.dequeue(worker" in said
    assert rows(said)["Promised"] == "ben sleeps: ann has claimed the job that came"


def test_a_wait_that_is_not_async_is_named():
    class Waits(PlainQueue):
        def wait(self, *, or_finished=True):
            return None

    said = rows(explained(Waits))
    assert (said["Promised"], said["Seen"]) == ("wait() is an async method", "it returns None, and is not async")


def test_the_jobs_of_a_queue_in_memory_need_no_line():
    assert judge(JobQueue, stage=1, progress=None).explanation == ""
