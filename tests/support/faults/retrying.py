"""Faults in retries, and in what becomes of failed jobs."""

import copy
from heapq import heappush

from jobqueue_lesson import JobQueue
from jobqueue_lesson.job import Move, Status
from tests.support.faults.planting import RETRIES, Ranked, fault
from tests.support.other_queues import PlainQueue


@fault(RETRIES, "NEVER_LOST")
class LosesAJobOnItsLastFailure(JobQueue):
    def fail(self, job_id, error, *, attempt=None):
        job = super().fail(job_id, error, attempt=attempt)
        if job.status == "failed":
            del self._jobs[job_id]
        return job


@fault(RETRIES, "ATTEMPTS")
class OneAttemptTooMany(PlainQueue):
    def again(self, job):
        return self.tries(job) <= job.max_attempts


@fault(RETRIES, "ATTEMPTS")
class OneAttemptTooFew(PlainQueue):
    def again(self, job):
        return self.tries(job) + 1 < job.max_attempts


@fault(RETRIES, "NEXT", "ATTEMPTS")
class CountsAttemptsFromZero(JobQueue):
    def dequeue(self, worker="worker-1"):
        job = super().dequeue(worker)
        if job is not None and not job.errors:
            job.attempts = 0
        return job


@fault(RETRIES, "FIELDS")
class KeepsWhenItWasStartedFirst(JobQueue):
    def dequeue(self, worker="worker-1"):
        job = super().dequeue(worker)
        if job is not None and job.errors:
            job.started_at = job.errors[0].at - 1
        return job


@fault(RETRIES, "FIELDS")
class NamesAnotherError(JobQueue):
    def fail(self, job_id, error, *, attempt=None):
        job = super().fail(job_id, error, attempt=attempt)
        job.errors = (*job.errors[:-1], job.errors[-1]._replace(type="Exception"))
        return job


@fault(RETRIES, "FAIL")
class RetriesAtOnce(PlainQueue):
    def __init__(self, *, clock):
        super().__init__(clock=clock)

    def end_attempt(self, job, kind, text, backoff):
        return super().end_attempt(job, kind, text, 0.0)


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


class SomeGoLast(Ranked):
    """Of jobs that are due at the same instant, some go last, whatever their ids are."""

    after = ()

    def rank(self, job):
        return -job.priority, job.scheduled_for, job.id + 1000 * self.goes_to_the_end(job)

    def goes_to_the_end(self, job):
        return job.id in self.after


@fault(RETRIES, "NEXT")
class AReleasedJobGoesLastOfItsInstant(SomeGoLast):
    def release(self, job_id, *, attempt=None):
        self.after = {job_id}
        try:
            return super().release(job_id, attempt=attempt)
        finally:
            self.after = ()


@fault(RETRIES, "NEXT")
class ARetriedJobGoesLastOfItsInstant(SomeGoLast):
    def goes_to_the_end(self, job):
        return bool(job.errors) and job.attempts > 0


@fault(RETRIES, "NEXT")
class ARevivedJobGoesLastOfItsInstant(SomeGoLast):
    def goes_to_the_end(self, job):
        return 0 < job.spent == job.attempts


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


@fault(RETRIES, "REVIVE", moves=8)  # a job with fewer than two attempts does not show it
class RevivesForOneAttempt(PlainQueue):
    """The attempts before it was revived count as well."""

    def again(self, job):
        return job.attempts < job.max_attempts


@fault(RETRIES, "ATTEMPTS")
class NeverGivesUpOnARevivedJob(PlainQueue):
    def again(self, job):
        return job.attempts != job.max_attempts


@fault(RETRIES, "WAITS_ANEW", moves=8)
class WaitsLongerAfterARevival(PlainQueue):
    """The waits go on doubling where they ended."""

    def end_attempt(self, job, kind, text, backoff):
        return super().end_attempt(job, kind, text, self.backoff(job.attempts))


@fault(RETRIES, "GOES_ON")
class CountsFromOneAgainWhenRevived(JobQueue):
    """So a late report of attempt 1 counts for another attempt 1."""

    def revive(self, job_id):
        job = super().revive(job_id)
        job.attempts = job.spent = 0
        return job


@fault(RETRIES, "LEASE_LOST")
class TakesALateReportFromBeforeARevival(JobQueue):
    def complete(self, job_id, result=None, *, attempt=None):
        job = self._jobs.get(job_id)
        if job is not None and attempt == job.attempts - job.spent:
            attempt = None
        return super().complete(job_id, result, attempt=attempt)


@fault(RETRIES, "GOES_ON")
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


@fault(RETRIES, "NEW_ID")
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
