"""Faults in keys, listeners, and in waking who waits."""

import asyncio
import copy

from jobqueue_lesson import JobQueue, moves
from jobqueue_lesson.job import Status
from tests.support.faults.planting import KEYS, LISTENERS, fault
from tests.support.other_queues import PlainQueue

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


@fault(KEYS, "KEY")
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


@fault(LISTENERS, "NAME")
class HasNoName(PlainQueue):
    @property
    def name(self):
        raise AttributeError("name")

    @name.setter
    def name(self, name):
        pass


@fault(LISTENERS, "EVENT")
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
