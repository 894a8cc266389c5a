"""Faults in handing jobs out: once, and in order."""

import copy
import json
import time

from jobqueue_lesson import JobQueue
from jobqueue_lesson.job import JobNotFound, Status
from tests.support.faults.planting import ONCE, ORDER, Ranked, fault

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


@fault(ONCE, "NEXT")
class RaisesWhenItIsEmpty(JobQueue):
    def dequeue(self, worker="worker-1"):
        if not self._jobs:
            raise ValueError("min() arg is an empty sequence")
        return super().dequeue(worker)


# --- order ---


@fault(ORDER, "NEXT")
class LastComeFirstServed(Ranked):
    def rank(self, job):
        return -job.priority, -job.scheduled_for, -job.id


@fault(ORDER, "NEXT")
class LowPriorityFirst(Ranked):
    def rank(self, job):
        return job.priority, job.scheduled_for, job.id


@fault(ORDER, "NEXT")
class ByIdAlone(Ranked):
    def rank(self, job):
        return -job.priority, job.id, job.id


@fault(ORDER, "NEXT", moves=13)
class DropsTheSeventh(JobQueue):
    def dequeue(self, worker="worker-1"):
        job = super().dequeue(worker)
        del self._ready[5:]
        return job


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
