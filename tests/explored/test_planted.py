"""Faults planted in our own queues, workers and schedulers are found: so the other tests here mean something."""

import asyncio
from contextlib import contextmanager

import pytest

from jobqueue_lesson import JobQueue, Worker
from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.explore import explore
from jobqueue_lesson.faults import Crash, LostAnswer, Pause
from jobqueue_lesson.scheduler import Scheduler, every
from tests.support.promises import (
    everybody_says_the_same,
    make,
    only_legal_moves,
    reports_come_from_the_claimant,
    watch,
)
from tests.support.scenarios import revived_meanwhile


def two_workers(kind, worker_class=Worker, seconds=1):
    async def scenario(world):
        queue = make(kind, world)
        world.at_work = []

        async def work(data):
            world.at_work.append(data)
            try:
                await asyncio.sleep(seconds)
            finally:
                world.at_work.remove(data)
            if world.choose("it", "works", "fails") == "fails":
                raise ValueError("no")

        async def worker(name):
            await worker_class(queue, {"work": work}, name=name).run()

        async def stopped():
            asyncio.get_running_loop().call_later(0.5, asyncio.current_task().cancel)
            await worker("ann")

        world.start("ann", *world.choose("ann", [worker, "ann"], [stopped]))
        world.start("ben", worker, "ben")
        for number in range(world.choose("jobs", 1, 2)):
            queue.enqueue("work", number)
        await world.settled()

    return scenario


class AnyAttempt(SQLiteQueue):
    """Whichever attempt reports: the one that is running is meant."""

    def _job_to_move(self, job_id, move, attempt=None):
        return super()._job_to_move(job_id, move, None)


class NeverReclaims(SQLiteQueue):
    def _reclaim(self, now):
        pass


class ReleasesInSilence(JobQueue):
    """A released job wakes nobody."""

    def _notify_and_wake(self, job, move, at):
        self._notify(job, move, at)


class ReleasesTwice(JobQueue):
    """A released job is in the list of ready jobs twice."""

    def release(self, job_id, *, attempt=None):
        job = super().release(job_id, attempt=attempt)
        self._add_pending(job, self.clock())
        return job


class ForgetsToCount(SQLiteQueue):
    """A transaction that a failure writes is not rolled back as a whole: it counts, and the job stays."""

    def stats(self):
        failures = sum(len(job.errors) for job in map(self.get, range(1, 4)) if job is not None)
        return {**super().stats(), "failed": failures}


class NoHeartbeat(Worker):
    async def _renew_lease(self, job, lease):
        pass


class GivesUpReporting(Worker):
    """A report that fails is not made again."""

    async def _report_until_accepted(self, move, job, outcome):
        self._report(move, job, outcome)


def never_two_at_once(world):
    """No job is run by two at once, unless one of them has crashed or stood still."""
    return len(world.at_work) == len(set(world.at_work)) or world.trouble.has_happened


@pytest.mark.parametrize(
    ("scenario", "faults", "promise", "seen"),
    [
        (
            two_workers(AnyAttempt),
            [Pause(20)],
            reports_come_from_the_claimant,
            "complete of job 1 by ",
        ),
        (two_workers(NeverReclaims), [Crash()], None, "job 1 is still processing, claimed by ann"),
        (two_workers(ReleasesInSilence), [], None, "job 1 is still pending"),
        (two_workers(ReleasesTwice), [], only_legal_moves, "dequeue of job 1, which was completed"),
        (two_workers(ForgetsToCount), [], everybody_says_the_same, "'failed': 1}, the moves say {'pending': 1}"),
        (two_workers(SQLiteQueue, NoHeartbeat, seconds=12), [], never_two_at_once, ""),
        (two_workers(JobQueue, GivesUpReporting), [LostAnswer()], None, "job 1 is still processing"),
    ],
)
def test_a_planted_fault_is_found(scenario, faults, promise, seen):
    found = explore(scenario, always=[promise] if promise else [], faults=faults, runs=100)
    assert seen in found.broken


def test_a_scheduler_that_keeps_its_last_tick_to_itself_is_found():
    class Memoryless(JobQueue):
        @contextmanager
        def memory(self, name):
            yield {}

    async def scenario(world):
        queue = watch(world, Memoryless(clock=world.clock, keep_finished=0))

        async def scheduler():
            scheduler = Scheduler(queue)
            scheduler.add("report", every(10, start=0.0), "report")
            await scheduler.run()

        async def worker():
            await Worker(queue, {"report": asyncio.sleep}).run()

        world.start("eve", scheduler)
        world.start("ann", worker)
        await asyncio.sleep(35)

    def it_ticks(world):
        return len(world.moves) > 3

    assert explore(scenario, invariants=[it_ticks], faults=[], runs=10)


def test_a_number_that_comes_again_after_a_revival_is_found():
    class CountsFromOneAgain(SQLiteQueue):
        def revive(self, job_id):
            job = super().revive(job_id)
            self._db.execute("UPDATE jobs SET attempts = 0, spent = 0 WHERE id = ?", (job_id,))
            return job

    scenario = revived_meanwhile(CountsFromOneAgain)
    found = explore(scenario, always=[reports_come_from_the_claimant], faults=[Pause(7)], runs=200)
    assert [line.what for line in found.story] == [
        "enqueue('work', max_attempts=1) → job 1",
        "dequeue() → job 1, attempt 1",
        "stands still for 7 s, before complete(1, None, attempt=1)",
        "revive(1) → pending",
        "dequeue() → job 1, attempt 1",
        "goes on",
        "complete(1, None, attempt=1) → completed",
    ]
