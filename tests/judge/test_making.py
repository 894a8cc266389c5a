"""What a judge needs to make a queue, and what a queue needs to be judged."""

import asyncio
import functools
import time

import pytest

from jobqueue_lesson import JobQueue
from jobqueue_lesson.judge import CannotJudge, judge
from tests.support.other_queues import PlainQueue


class NeedsASize(JobQueue):
    def __init__(self, size, *, clock=time.time):
        super().__init__(clock=clock)


class HasNoClock(JobQueue):
    def __init__(self, name="mine"):
        super().__init__(name)


class CannotBeMade(JobQueue):
    def __init__(self, clock):
        raise OSError("no disk")


class IsNeverMade(JobQueue):
    def __init__(self, clock):
        while True:
            pass


async def later(clock):
    return JobQueue(clock=clock)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (NeedsASize, r"NeedsASize needs size=, which a judge does not have.*judge\(lambda \*, clock: NeedsASize\("),
        (HasNoClock, r"HasNoClock must take clock=, a callable that returns seconds.*It takes name"),
        (CannotBeMade, "CannotBeMade cannot be made: OSError: no disk"),
        (
            IsNeverMade,
            "IsNeverMade cannot be made: its constructor does not end: after 200,000 lines it is still at line",
        ),
        (JobQueue(), r"this is an object, a JobQueue: give its class, judge\(JobQueue\)"),
        (None, "this is an object, a NoneType"),
        (later, "later is an async function"),
        (lambda clock: None, "<lambda> returned NoneType, which is no queue"),
        (lambda *arguments: JobQueue(*arguments), r"<lambda> must take clock="),
    ],
)
def test_a_queue_that_cannot_be_made_is_not_judged_and_what_it_needs_is_said(make, why):
    with pytest.raises(CannotJudge, match=why):
        judge(make, progress=None)


@pytest.mark.parametrize(
    "make",
    [
        lambda clock: JobQueue(clock=clock),
        lambda *, clock, **options: JobQueue(clock=clock, **options),
        functools.partial(JobQueue, "mine"),
        functools.partial(JobQueue, max_pending=None),
    ],
)
def test_any_function_that_takes_a_clock_will_do(make):
    assert judge(make, stage=3, progress=None).passed


def test_what_it_takes_is_given_to_it():
    seen = []

    class Takes(JobQueue):
        def __init__(self, name, path, *, clock, retry, lease, max_pending, keep_finished):
            seen.append((name, path.name, path.parent.is_dir(), retry.base, lease, max_pending, keep_finished))
            super().__init__(name, clock=clock, retry=retry)

    judge(Takes, stage=1, progress=None)
    assert seen[0] == ("judged", "jobs.db", True, 1, 1000.0, None, None)


def test_a_constructor_that_fails_later_is_said_to():
    made = []

    class OnlyOnce(JobQueue):
        def __init__(self, clock):
            made.append(self)
            if len(made) > 3:
                raise OSError("too many")
            super().__init__(clock=clock)

    with pytest.raises(CannotJudge, match="OnlyOnce cannot be made: OSError: too many"):
        judge(OnlyOnce, progress=None)


def test_a_queue_may_start_a_task_when_it_is_made():
    class Looks(PlainQueue):
        def __init__(self, *, clock):
            super().__init__(clock=clock)
            self.looking = asyncio.get_running_loop().create_task(self.look())

        async def look(self):
            while True:
                await asyncio.sleep(0.1)

    assert judge(Looks, stage=5, progress=None).passed


# --- what it lacks ---


def test_a_stage_needs_only_what_it_is_about():
    class Little:
        def __init__(self, clock):
            self.queue = JobQueue(clock=clock)

        def enqueue(self, type, data=None):
            return self.queue.enqueue(type, data)

        def dequeue(self, worker="worker-1"):
            return self.queue.dequeue(worker)

        def complete(self, job_id, result=None):
            return self.queue.complete(job_id, result)

    verdict = judge(Little, progress=None)
    assert [stage.state for stage in verdict.stages][:3] == ["passed", "broken", "not tried"]
    assert verdict.explanation == (
        "Stage 2, order: something is missing.\n\n"
        "Promised  Little has enqueue(type, data, priority=)\n"
        "Seen      its enqueue takes (type, data): got an unexpected keyword argument\n"
        "          'priority'\n"
        "Contract  enqueue: “Add a job; it is pending.”"
    )
