"""Queues with one fault each, as people write them, and what a judge must find: the stage, and the sentence."""

import asyncio
import copy
import io
import json
import time
from heapq import heappush
from typing import NamedTuple

from jobqueue_lesson import JobQueue, moves
from jobqueue_lesson.job import IllegalMove, JobNotFound, Move, Status
from tests.support.other_queues import LoggedQueue, PlainQueue


class Fault(NamedTuple):
    queue: type
    stage: str
    promises: tuple[str, ...]
    """One of these must be named: for some faults, two sentences say the same."""


FAULTS: list[Fault] = []


def fault(stage, *promises):
    def plant(queue):
        FAULTS.append(Fault(queue, stage, promises))
        return queue

    return plant


ONCE, ORDER, RETRIES, KEYS, LISTENERS, LEASES, CRASHES, STORM = (
    "hands out once", "order", "retries", "keys", "listeners", "leases", "crashes", "a storm of all of it",
)  # fmt: skip


# --- hands out once ---


@fault(ONCE, "ONE_WORKER")
class LooksAndDoesNotTake(JobQueue):
    def dequeue(self, worker="worker-1"):
        job = super().dequeue(worker)
        if job is not None:
            self._add_pending(job, self.clock())
        return job


@fault(ONCE, "NEXT")
class LosesEverySecond(JobQueue):
    def dequeue(self, worker="worker-1"):
        self.odd = not getattr(self, "odd", False)
        return super().dequeue(worker) if self.odd else None


@fault(ONCE, "NEXT")
class SharesItsJobs(JobQueue):
    def __init__(self, clock=time.time, jobs=[]):  # noqa: B006 - that is the fault
        super().__init__(clock=clock)
        self._ready = jobs


@fault(ONCE, "NEXT")
class SpinsUntilThereIsAJob(JobQueue):
    def dequeue(self, worker="worker-1"):
        while True:
            job = super().dequeue(worker)
            if job is not None:
                return job


@fault(ONCE, "MOVES")
class CompletesWhatIsPending(JobQueue):
    def complete(self, job_id, result=None, *, attempt=None):
        job = self._jobs.get(job_id)
        if job is not None and job.status == "pending":
            job.status, job.result = Status.COMPLETED, result
            return job
        return super().complete(job_id, result, attempt=attempt)


@fault(ONCE, "MOVES")
class CompletesTwice(JobQueue):
    def complete(self, job_id, result=None, *, attempt=None):
        job = self._jobs.get(job_id)
        if job is not None and job.status == "completed":
            return job
        return super().complete(job_id, result, attempt=attempt)


@fault(ONCE, "MOVES")
class KnowsNoUnknownJob(JobQueue):
    def complete(self, job_id, result=None, *, attempt=None):
        try:
            return super().complete(job_id, result, attempt=attempt)
        except JobNotFound:
            return None


@fault(ONCE, "COMPLETE")
class ReturnsNothing(JobQueue):
    def complete(self, job_id, result=None, *, attempt=None):
        super().complete(job_id, result, attempt=attempt)


@fault(ONCE, "RESULT")
class ForgetsTheResult(JobQueue):
    def complete(self, job_id, result=None, *, attempt=None):
        return super().complete(job_id, None, attempt=attempt)


@fault(ONCE, "DATA")
class StoresTheDataAsText(JobQueue):
    def enqueue(self, type, data=None, **options):
        return super().enqueue(type, json.dumps(data), **options)


@fault(ONCE, "TYPE")
class ChangesTheType(JobQueue):
    def enqueue(self, type, data=None, **options):
        return super().enqueue(type.replace("-", "_"), data, **options)


@fault(ONCE, "ADD")
class ReturnsAnId(JobQueue):
    def enqueue(self, type, data=None, **options):
        return super().enqueue(type, data, **options).id


@fault(ONCE, "NEXT")
class HandsOutCompletedJobs(JobQueue):
    def complete(self, job_id, result=None, *, attempt=None):
        job = super().complete(job_id, result, attempt=attempt)
        self._add_pending(job, self.clock())
        return job


# --- order ---


@fault(ORDER, "NEXT")
class LastComeFirstServed(JobQueue):
    def _add_pending(self, job, now):
        if job.scheduled_for > now:
            heappush(self._delayed, (job.scheduled_for, job.id, job))
        else:
            heappush(self._ready, (-job.priority, -job.scheduled_for, -job.id, job))


@fault(ORDER, "NEXT")
class LowPriorityFirst(JobQueue):
    def _add_pending(self, job, now):
        if job.scheduled_for > now:
            heappush(self._delayed, (job.scheduled_for, job.id, job))
        else:
            heappush(self._ready, (job.priority, job.scheduled_for, job.id, job))


@fault(ORDER, "NEXT")
class ByIdAlone(JobQueue):
    def _add_pending(self, job, now):
        if job.scheduled_for > now:
            heappush(self._delayed, (job.scheduled_for, job.id, job))
        else:
            heappush(self._ready, (-job.priority, job.id, job.id, job))


@fault(ORDER, "DELAY")
class IgnoresTheDelay(JobQueue):
    def enqueue(self, type, data=None, *, delay=0.0, **options):
        return super().enqueue(type, data, **options)


@fault(ORDER, "DELAY")
class HandsOutDelayedJobsEarly(JobQueue):
    def dequeue(self, worker="worker-1"):
        self._promote_due(self.clock() + 1)
        return super().dequeue(worker)


@fault(ORDER, "PRIORITY")
class KeepsPriorityForItself(JobQueue):
    def enqueue(self, type, data=None, *, priority=0, **options):
        job = copy.copy(super().enqueue(type, data, priority=priority, **options))
        job.priority = 0
        return job


@fault(ORDER, "CLOCK")
class HasItsOwnClock(JobQueue):
    def __init__(self, clock=time.time):
        super().__init__(clock=lambda: clock() + 60)


@fault(ORDER, "ARGUMENTS")
class TakesAnyPriority(JobQueue):
    def enqueue(self, type, data=None, *, priority=0, **options):
        return super().enqueue(type, data, priority=priority if isinstance(priority, int) else 0, **options)


@fault(ORDER, "ARGUMENTS")
class DoesNotNameTheArgument(JobQueue):
    def enqueue(self, type, data=None, *, delay=0.0, **options):
        if not isinstance(delay, float) or delay < 0:
            raise ValueError("wrong number")
        return super().enqueue(type, data, delay=delay, **options)


# --- retries ---


@fault(RETRIES, "NEVER_LOST")
class LosesAJobOnItsLastFailure(JobQueue):
    def fail(self, job_id, error, *, attempt=None):
        job = super().fail(job_id, error, attempt=attempt)
        if job.status == "failed":
            del self._jobs[job_id]
        return job


@fault(RETRIES, "ATTEMPTS", "FAIL")
class OneAttemptTooMany(JobQueue):
    def enqueue(self, type, data=None, *, max_attempts=3, **options):
        job = super().enqueue(type, data, max_attempts=max_attempts, **options)
        self._right = getattr(self, "_right", {}) | {job.id: max_attempts}
        return job

    def fail(self, job_id, error, *, attempt=None):
        job = self._jobs.get(job_id)
        if job is None:
            return super().fail(job_id, error, attempt=attempt)
        job.max_attempts += 1
        try:
            return super().fail(job_id, error, attempt=attempt)
        finally:
            job.max_attempts -= 1


@fault(RETRIES, "ATTEMPTS", "FAIL")
class OneAttemptTooFew(JobQueue):
    def fail(self, job_id, error, *, attempt=None):
        job = self._jobs.get(job_id)
        if job is None:
            return super().fail(job_id, error, attempt=attempt)
        job.max_attempts -= 1
        try:
            return super().fail(job_id, error, attempt=attempt)
        finally:
            job.max_attempts += 1


@fault(RETRIES, "NEXT", "ATTEMPTS")
class CountsAttemptsFromZero(JobQueue):
    def dequeue(self, worker="worker-1"):
        job = super().dequeue(worker)
        if job is not None and not job.errors:
            job.attempts = 0
        return job


@fault(RETRIES, "FAIL")
class RetriesAtOnce(JobQueue):
    def __init__(self, clock=time.time):
        super().__init__(clock=clock)

    def fail(self, job_id, error, *, attempt=None):
        job = super().fail(job_id, error, attempt=attempt)
        if job.status == "pending":
            job.scheduled_for = self.clock()
        return job


@fault(RETRIES, "FAIL")
class HandsOutABackingOffJob(JobQueue):
    def dequeue(self, worker="worker-1"):
        for _, _, job in self._delayed:
            if job.errors:
                self._promote_due(job.scheduled_for)
                break
        return super().dequeue(worker)


@fault(RETRIES, "MOVES")
class FailsWhatIsPending(JobQueue):
    def fail(self, job_id, error, *, attempt=None):
        job = self._jobs.get(job_id)
        if job is not None and job.status == "pending":
            return job
        return super().fail(job_id, error, attempt=attempt)


@fault(RETRIES, "STATS")
class CountsDrift(JobQueue):
    drift = 0

    def release(self, job_id, *, attempt=None):
        job = super().release(job_id, attempt=attempt)
        self.drift += 1
        return job

    def stats(self):
        counts = super().stats()
        return counts | {"processing": counts["processing"] + self.drift}


@fault(RETRIES, "STATS")
class CountsOnlyWhatThereIs(JobQueue):
    def stats(self):
        return {status: count for status, count in super().stats().items() if count}


@fault(RETRIES, "GET")
class GetRaises(JobQueue):
    def get(self, job_id):
        return self._jobs[job_id]


@fault(RETRIES, "RELEASE")
class CountsAReleasedAttempt(JobQueue):
    def release(self, job_id, *, attempt=None):
        job = super().release(job_id, attempt=attempt)
        job.attempts += 1
        return job


@fault(RETRIES, "ONE_WORKER")
class HandsOutTwiceAfterARelease(PlainQueue):
    def release(self, job_id, *, attempt=None):
        job = super().release(job_id, attempt=attempt)
        self.spare = self.find(job_id, Move.DEQUEUE)
        return job

    def dequeue(self, worker="worker-1"):
        spare = getattr(self, "spare", None)
        if spare is not None and spare.status == "processing":
            self.spare = None
            return copy.copy(spare)
        return super().dequeue(worker)


@fault(RETRIES, "NEXT")
class PutsAReleasedJobAtTheEnd(JobQueue):
    def release(self, job_id, *, attempt=None):
        job = super().release(job_id, attempt=attempt)
        self._ready.remove(next(entry for entry in self._ready if entry[-1] is job))
        heappush(self._ready, (0, self.clock(), job.id, job))
        return job


@fault(RETRIES, "DEAD")
class DeadInOrderOfFailure(JobQueue):
    def dead(self, type=None, *, after=0, limit=100):
        found = [job for job in self._dead.values() if job.id > after and type in (None, job.type)]
        return found[:limit]


@fault(RETRIES, "DEAD")
class DeadOfAllTypes(JobQueue):
    def dead(self, type=None, *, after=0, limit=100):
        return super().dead(after=after, limit=limit)


@fault(RETRIES, "DEAD")
class DeadFromTheStart(JobQueue):
    def dead(self, type=None, *, after=0, limit=100):
        return super().dead(type, after=max(0, after - 1), limit=limit)


@fault(RETRIES, "DEAD")
class DeadWithoutLimit(JobQueue):
    def dead(self, type=None, *, after=0, limit=100):
        return super().dead(type, after=after)


@fault(RETRIES, "REVIVE")
class RevivesWithoutNewAttempts(JobQueue):
    def revive(self, job_id):
        attempts = job.attempts if (job := self._jobs.get(job_id)) else 0
        job = super().revive(job_id)
        job.attempts = attempts
        return job


@fault(RETRIES, "ERRORS_KEPT")
class RevivesWithoutErrors(JobQueue):
    def revive(self, job_id):
        job = super().revive(job_id)
        job.errors = ()
        return job


@fault(RETRIES, "REVIVE", "NEXT")
class RevivesToTheOldPlace(JobQueue):
    def revive(self, job_id):
        old = job.scheduled_for if (job := self._jobs.get(job_id)) else 0
        job = super().revive(job_id)
        job.scheduled_for = old
        return job


@fault(RETRIES, "DISCARD")
class DiscardsOnlyFromTheList(JobQueue):
    def _remove(self, job):
        self._dead.pop(job.id, None)


@fault(RETRIES, "STILL_COUNTED")
class ForgetsTheDiscarded(JobQueue):
    def discard(self, job_id):
        job = super().discard(job_id)
        self._failed -= 1
        self._next_id -= 1
        return job


@fault(RETRIES, "ADD")
class UsesIdsAgain(JobQueue):
    def enqueue(self, type, data=None, **options):
        self._next_id = len(self._jobs) + 1
        return super().enqueue(type, data, **options)

    def _unfinished(self):
        return sum(job.status in ("pending", "processing") for job in self._jobs.values())


@fault(RETRIES, "STATS_KEEP")
class CountsOnlyWhatItKeeps(JobQueue):
    def stats(self):
        statuses = [job.status for job in self._jobs.values()]
        counts = {status.value: statuses.count(status) for status in Status}
        return counts | {"failed": super().stats()["failed"]}


@fault(RETRIES, "LEASE_LOST")
class ALateReportCounts(JobQueue):
    def complete(self, job_id, result=None, *, attempt=None):
        return super().complete(job_id, result)


@fault(RETRIES, "REPORTING")
class RefusesTheRunningAttempt(JobQueue):
    def complete(self, job_id, result=None, *, attempt=None):
        return super().complete(job_id, result, attempt=None if attempt is None else attempt + 1)


@fault(RETRIES, "SHOWS")
class ReturnsTheJobAsItWas(JobQueue):
    def fail(self, job_id, error, *, attempt=None):
        before = copy.copy(self._jobs.get(job_id))
        super().fail(job_id, error, attempt=attempt)
        return before


@fault(RETRIES, "CURRENT")
class GetReturnsTheFirstState(JobQueue):
    def enqueue(self, type, data=None, **options):
        job = super().enqueue(type, data, **options)
        self.first = getattr(self, "first", {}) | {job.id: copy.copy(job)}
        return job

    def get(self, job_id):
        return self.first.get(job_id)


@fault(RETRIES, "MOVES")
class ChangesAJobAndThenRefuses(PlainQueue):
    def fail(self, job_id, error, *, attempt=None):
        for job in self.jobs:
            if job.id == job_id:
                job.finished_at = self.clock()
        return super().fail(job_id, error, attempt=attempt)


@fault(RETRIES, "ARGUMENTS")
class TakesNoAttempts(JobQueue):
    def enqueue(self, type, data=None, *, max_attempts=3, **options):
        return super().enqueue(type, data, max_attempts=max_attempts or 3, **options)


# --- keys ---


@fault(KEYS, "KEY")
class ForgetsTheKeyOfACompletedJob(JobQueue):
    def complete(self, job_id, result=None, *, attempt=None):
        job = super().complete(job_id, result, attempt=attempt)
        self._keys.pop(job.key, None)
        return job


@fault(KEYS, "KEY")
class ForgetsTheKeyOfAFailedJob(JobQueue):
    def fail(self, job_id, error, *, attempt=None):
        job = super().fail(job_id, error, attempt=attempt)
        self._keys.pop(job.key, None)
        return job

    def _remove(self, job):
        del self._jobs[job.id]
        self._dead.pop(job.id, None)


@fault(KEYS, "KEY", "ADD")
class RemembersTheKeyOfADiscardedJob(JobQueue):
    def _remove(self, job):
        self.gone = getattr(self, "gone", {}) | {job.key: job}
        super()._remove(job)

    def enqueue(self, type, data=None, *, key=None, **options):
        gone = getattr(self, "gone", {}).get(key)
        return gone if key and gone else super().enqueue(type, data, key=key, **options)


@fault(KEYS, "REUSED")
class ReturnsTheJobOfAnotherType(JobQueue):
    def enqueue(self, type, data=None, *, key=None, **options):
        if key in self._keys:
            return self._jobs[self._keys[key]]
        return super().enqueue(type, data, key=key, **options)


@fault(KEYS, "KEY")
class HasOneKeyForAll(JobQueue):
    def enqueue(self, type, data=None, *, key=None, **options):
        return super().enqueue(type, data, key=None, **options)


@fault(KEYS, "FULL")
class IsNeverFull(JobQueue):
    def enqueue(self, type, data=None, **options):
        self.max_pending = None
        return super().enqueue(type, data, **options)


@fault(KEYS, "ARGUMENTS")
class TakesAnyType(JobQueue):
    def enqueue(self, type, data=None, **options):
        return super().enqueue(str(type), data, **options)


# --- listeners ---


@fault(LISTENERS, "SUBSCRIBE")
class DoesNotTellOfARelease(JobQueue):
    def _notify(self, job, move, at):
        if move != "release":
            super()._notify(job, move, at)


@fault(LISTENERS, "SUBSCRIBE")
class TellsBeforeItDoes(PlainQueue):
    def moved(self, job, move, attempt=None):
        now = copy.copy(job)
        if move == "complete":
            job.status = Status.PROCESSING
        super().moved(now, move, attempt)
        job.status = now.status
        return now


@fault(LISTENERS, "SUBSCRIBE")
class TellsTwice(JobQueue):
    def _notify(self, job, move, at):
        super()._notify(job, move, at)
        if move == "retry":
            super()._notify(job, move, at)


@fault(LISTENERS, "SUBSCRIBE")
class TellsTheWrongAttempt(JobQueue):
    def _notify(self, job, move, at):
        event = moves.event(job, move, at)
        self._listeners.events.append(event._replace(attempt=job.attempts))
        self._listeners.deliver()


@fault(LISTENERS, "SUBSCRIBE")
class NeverLetsAListenerGo(JobQueue):
    def subscribe(self, listener):
        super().subscribe(listener)
        return lambda: None


@fault(LISTENERS, "SUBSCRIBE")
class HasOneListener(JobQueue):
    def subscribe(self, listener):
        self._listeners.clear()
        return super().subscribe(listener)


@fault(LISTENERS, "PROGRESS")
class NotesNoProgress(JobQueue):
    def progress(self, job_id, fraction, note="", *, attempt=None):
        job = super().progress(job_id, fraction, note, attempt=attempt)
        job.progress = None
        return job


@fault(LISTENERS, "NEVER_BACK")
class ProgressGoesBack(JobQueue):
    def progress(self, job_id, fraction, note="", *, attempt=None):
        job = super().progress(job_id, fraction, note, attempt=attempt)
        job.progress = fraction
        return job


@fault(LISTENERS, "NEVER_BACK", "PROGRESS")
class ARetryForgetsTheProgress(JobQueue):
    def fail(self, job_id, error, *, attempt=None):
        job = super().fail(job_id, error, attempt=attempt)
        job.progress = None
        return job


@fault(LISTENERS, "NOTE")
class KeepsTheFirstNote(JobQueue):
    def progress(self, job_id, fraction, note="", *, attempt=None):
        kept = job.note if (job := self._jobs.get(job_id)) else ""
        job = super().progress(job_id, fraction, note, attempt=attempt)
        job.note = kept or note
        return job


@fault(LISTENERS, "FRACTION")
class TakesAnyFraction(JobQueue):
    def progress(self, job_id, fraction, note="", *, attempt=None):
        return super().progress(job_id, min(fraction, 1.0), note, attempt=attempt)


@fault(LISTENERS, "WAIT")
class WaitNeverWakes(JobQueue):
    def _wake_due(self):
        pass


@fault(LISTENERS, "WAIT")
class ARetryWakesNobody(PlainQueue):
    def due(self):
        jobs, self.jobs = self.jobs, [job for job in self.jobs if not job.errors]
        try:
            return super().due()
        finally:
            self.jobs = jobs


@fault(LISTENERS, "WAIT")
class WaitDoesNotSleep(JobQueue):
    async def wait(self, *, or_finished=True):
        pass


@fault(LISTENERS, "WAIT")
class WaitSpins(JobQueue):
    async def wait(self, *, or_finished=True):
        while not self._ready:
            await asyncio.sleep(0)
            self._promote_due(self.clock())


@fault(LISTENERS, "FIRST_COME")
class WakesAll(JobQueue):
    def _wake_due(self):
        self._promote_due(self.clock())
        if self._ready:
            self._waiters.wake()
        if self._delayed:
            self._waiters.set_alarm(self._delayed[0][0] - self.clock(), self._wake_due)


@fault(LISTENERS, "FIRST_COME")
class WakesTheLastOne(JobQueue):
    def _wake_due(self):
        self._waiters.reverse()
        super()._wake_due()
        self._waiters.reverse()


@fault(LISTENERS, "WAKE")
class WakesOnlyOne(JobQueue):
    def wake(self):
        self._waiters.wake(1)


@fault(LISTENERS, "OR_FINISHED")
class SleepsOnWhenAllIsFinished(JobQueue):
    async def wait(self, *, or_finished=True):
        await super().wait(or_finished=False)


@fault(LISTENERS, "OR_FINISHED")
class AlwaysWakesWhenAllIsFinished(JobQueue):
    async def wait(self, *, or_finished=True):
        await super().wait(or_finished=True)


@fault(LISTENERS, "JOIN")
class JoinReturnsEarly(JobQueue):
    async def join(self):
        await self._waiters.join(self._pending)


@fault(LISTENERS, "JOIN")
class JoinNeverReturns(JobQueue):
    def _ended(self, job, move, at):
        self._notify(job, move, at)


# --- leases ---


@fault(LEASES, "LEASE")
class NeverExpires(PlainQueue):
    def set_timer(self, job):
        pass


@fault(LEASES, "HEARTBEAT")
class AHeartbeatDoesNothing(PlainQueue):
    def heartbeat(self, job_id, *, attempt=None):
        return copy.copy(self.find(job_id, Move.PROGRESS, attempt))


@fault(LEASES, "LEASE", "ONE_WORKER")
class ExpiresInHalfTheTime(PlainQueue):
    def __init__(self, *, clock, retry=None, lease=None):
        super().__init__(clock=clock, retry=retry, lease=lease and lease / 2)
        self.half, self.lease = self.lease, lease

    def set_timer(self, job):
        lease, self.lease = self.lease, self.half
        super().set_timer(job)
        self.lease = lease


@fault(LEASES, "ATTEMPTS", "NEXT")
class ALostAttemptDoesNotCount(LoggedQueue):
    def follow(self, move, number, facts):
        job = super().follow(move, number, facts)
        if facts.get("kind") == "Silent" and move == "retry":
            job.attempts -= 1
        return job


@fault(LEASES, "MOVES", "LEASE_LOST")
class BeatsForAnyJob(PlainQueue):
    def heartbeat(self, job_id, *, attempt=None):
        try:
            return super().heartbeat(job_id, attempt=attempt)
        except IllegalMove:
            return self.get(job_id)


@fault(LEASES, "NEVER_LOST", "LEASE")
class LosesASilentJobWithoutAttempts(LoggedQueue):
    def dequeue(self, worker="worker-1"):
        for job in list(self.jobs.values()):
            if (
                job.status == "processing"
                and job.attempts == job.max_attempts
                and self.silent_at[job.id] <= self.clock()
            ):
                self.discarded += 1
                del self.jobs[job.id]
        return super().dequeue(worker)


@fault(LEASES, "WAIT")
class NobodyWakesForASilentJob(LoggedQueue):
    def something_to_do(self):
        return any(j.status == "pending" and j.scheduled_for <= self.clock() for j in self.jobs.values())


# --- crashes ---


@fault(CRASHES, "NEVER_LOST")
class IsInMemoryAfterAll(JobQueue):
    def __init__(self, path, *, clock=time.time, retry=None):
        super().__init__(clock=clock, retry=retry)


@fault(CRASHES, "NEVER_LOST")
class WritesInPlace(LoggedQueue):
    """Writes all lines again, every time, into the same file."""

    def record(self, move, number, **facts):
        facts["at"] = self.clock()
        lines = self.path.read_text().splitlines()
        with self.path.open("w") as file:
            for line in [*lines, json.dumps([move, number, facts])]:
                file.write(line + "\n")
        file, self.file = self.file, io.StringIO()
        try:
            return super().record(move, number, **facts)
        finally:
            self.file = file


@fault(CRASHES, "NEVER_LOST")
class WritesWhenItIsClosed(LoggedQueue):
    def __init__(self, path, *, clock, lease=30.0):
        super().__init__(path, clock=clock, lease=lease)
        self.file.close()
        self.file = io.StringIO()

    def close(self):
        with self.path.open("a") as file:
            file.write(self.file.getvalue())


@fault(CRASHES, "CURRENT")
class ForgetsThePriority(LoggedQueue):
    def __init__(self, path, *, clock, lease=30.0):
        super().__init__(path, clock=clock, lease=lease)
        for job in self.jobs.values():
            job.priority = 0


# --- a storm of all of it ---


@fault(STORM, "NEXT")
class ARetryLosesItsPriority(JobQueue):
    def fail(self, job_id, error, *, attempt=None):
        job = super().fail(job_id, error, attempt=attempt)
        self.demoted = getattr(self, "demoted", set()) | {job.id}
        return job

    def _add_pending(self, job, now):
        if job.scheduled_for > now:
            heappush(self._delayed, (job.scheduled_for, job.id, job))
        else:
            rank = 0 if job.id in getattr(self, "demoted", ()) else -job.priority
            heappush(self._ready, (rank, job.scheduled_for, job.id, job))
