"""Faults that show when a worker or a process dies, or after many moves."""

import copy
import io
import json
import time

from jobqueue_lesson import JobQueue
from jobqueue_lesson.job import IllegalMove, Move
from tests.support.faults.planting import CRASHES, LEASES, STORM, Ranked, fault
from tests.support.other_queues import LoggedQueue, PlainQueue

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


@fault(LEASES, "LOST")
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
class ARetryLosesItsPriority(Ranked):
    def fail(self, job_id, error, *, attempt=None):
        job = super().fail(job_id, error, attempt=attempt)
        self.demoted = getattr(self, "demoted", set()) | {job.id}
        return job

    def rank(self, job):
        return 0 if job.id in getattr(self, "demoted", ()) else -job.priority, job.scheduled_for, job.id
