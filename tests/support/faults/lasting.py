"""Faults that show when a worker or a process dies, or after many moves."""

import asyncio
import copy
import math
import time

from jobqueue_lesson import JobQueue
from jobqueue_lesson.job import IllegalMove, Move, Status
from tests.support.faults.planting import CRASHES, LEASES, STORM, Ranked, fault
from tests.support.logged_queue import LoggedQueue
from tests.support.other_queues import PlainQueue

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
        if job is not None and facts.get("kind") == "Silent" and move == "retry":
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


class TakesBackFirst(LoggedQueue):
    """Ends all leases that have expired before it looks for a job; a fault is in which."""

    def dequeue(self, worker="worker-1"):
        silent, self.silent_at = self.silent_at, dict.fromkeys(self.silent_at, math.inf)
        for number in self.to_take_back({number: at for number, at in silent.items() if at <= self.clock()}):
            self.silent_at[number] = silent[number]
        try:
            return super().dequeue(worker)
        finally:
            self.silent_at = silent | {
                number: at for number, at in self.silent_at.items() if self.clock() < at < math.inf
            }


@fault(LEASES, "LEASE")
class TakesBackOneForEachCall(TakesBackFirst):
    def to_take_back(self, silent):
        running = [number for number in silent if self.jobs[number].status == "processing"]
        return sorted(running)[:1]


@fault(LEASES, "NEXT")
class TakesBackOnlyWhenNothingIsPending(TakesBackFirst):
    def to_take_back(self, silent):
        due = [job for job in self.jobs.values() if job.status == "pending" and job.scheduled_for <= self.clock()]
        return [] if due else silent


@fault(LEASES, "NEXT")
class ASilentJobGoesFirst(PlainQueue):
    def end_attempt(self, job, kind, text, backoff):
        if kind == "LeaseExpired":
            self.first = job
        return super().end_attempt(job, kind, text, backoff)

    def dequeue(self, worker="worker-1"):
        first, self.first = getattr(self, "first", None), None
        if first is None or first.status != "pending":
            return super().dequeue(worker)
        jobs, self.jobs = self.jobs, [first]
        try:
            return super().dequeue(worker)
        finally:
            self.jobs = jobs


@fault(LEASES, "LEASE")
class RenewsBeforeItLooks(PlainQueue):
    def heartbeat(self, job_id, *, attempt=None):
        self.set_timer(self.find(job_id, Move.PROGRESS))
        return super().heartbeat(job_id, attempt=attempt)


@fault(LEASES, "WAIT")
class ARenewedLeaseWakesAWorker(PlainQueue):
    def dequeue(self, worker="worker-1"):
        job = super().dequeue(worker)
        if job is not None and self.lease is not None:
            asyncio.get_running_loop().call_later(self.lease, self.wake)
        return job


@fault(LEASES, "JOIN")
class JoinSleepsOnAfterALostLease(LoggedQueue):
    lost = False

    def follow(self, move, number, facts):
        self.lost = self.lost or (move == "fail" and facts["kind"] == "Silent")
        return super().follow(move, number, facts)

    async def join(self):
        while self.lost or self.busy():
            await asyncio.sleep(0.1)


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

    def append(self, line):
        lines = self.path.read_text().splitlines()
        with self.path.open("w") as file:
            for each in [*lines, line]:
                file.write(each + "\n")


@fault(CRASHES, "NEVER_LOST")
class WritesWhenItIsClosed(LoggedQueue):
    def __init__(self, path, *, clock, lease=30.0):
        self.text = path.read_text() if path.exists() else ""
        super().__init__(path, clock=clock, lease=lease)

    def append(self, line):
        self.text += f"{line}\n"

    def text_after(self, place):
        return self.text.encode()[place:]

    def close(self):
        self.path.write_text(self.text)
        super().close()


@fault(CRASHES, "CURRENT")
class ForgetsThePriority(LoggedQueue):
    def __init__(self, path, *, clock, lease=30.0):
        super().__init__(path, clock=clock, lease=lease)
        for job in self.jobs.values():
            job.priority = 0


@fault(CRASHES, "LEASE")
class ForgetsItsLeases(LoggedQueue):
    """Knows when a lease ends only in the process that has claimed the job."""

    def __init__(self, path, *, clock, lease=30.0):
        super().__init__(path, clock=clock, lease=lease)
        self.silent_at = dict.fromkeys(self.silent_at, math.inf)


@fault(CRASHES, "CURRENT")
class ReadsItsFileOnce(LoggedQueue):
    """Does not look what another process has written since."""

    def catch_up(self, mine=None):
        if mine is None and self.read:
            return None
        return super().catch_up(mine)


@fault(CRASHES, "ONE_WORKER")
class ClaimsWhatAnotherHasClaimed(LoggedQueue):
    """Looks for a job, then claims it, whatever another process has done in between."""

    def follow(self, move, number, facts):
        if move == "dequeue":
            job = self.jobs[number]
            job.status, job.attempts = Status.PENDING, facts["attempt"]
        return super().follow(move, number, facts)


@fault(CRASHES, "KEY")
class TwoProcessesMayUseOneKey(LoggedQueue):
    def catch_up(self, mine=None):
        self.looks = mine is None
        return super().catch_up(mine)

    def with_key(self, key):
        return super().with_key(key) if self.looks else None


@fault(CRASHES, "LEASE_LOST", "ONE_WORKER")
class ALateReportCountsIfItIsFast(LoggedQueue):
    def follow(self, move, number, facts):
        if move == "complete":
            facts["attempt"] = self.jobs[number].attempts
        return super().follow(move, number, facts)


# --- a storm of all of it ---


@fault(STORM, "NEXT", moves=60)
class DropsTheThirtieth(JobQueue):
    def dequeue(self, worker="worker-1"):
        job = super().dequeue(worker)
        del self._ready[28:]
        return job


@fault(STORM, "NEXT")
class ARetryLosesItsPriority(Ranked):
    def fail(self, job_id, error, *, attempt=None):
        job = super().fail(job_id, error, attempt=attempt)
        self.demoted = getattr(self, "demoted", set()) | {job.id}
        return job

    def rank(self, job):
        return 0 if job.id in getattr(self, "demoted", ()) else -job.priority, job.scheduled_for, job.id
