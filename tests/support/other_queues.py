"""A queue that keeps the contract, written in another style than the course's: a judge must pass it."""

import asyncio
import copy

from jobqueue_lesson.arguments import validate_error, validate_fraction, validate_job, validate_page, validate_text
from jobqueue_lesson.job import (
    AttemptError,
    IllegalMove,
    Job,
    JobEvent,
    JobNotFound,
    KeyReused,
    LeaseLost,
    Move,
    QueueFull,
    Status,
)


class PlainQueue:
    """A list of jobs, whose callers get copies; its ids are 100, 110, 120, …

    A lease ends as soon as its time has come, by a timer of the event loop. Sleepers wait for an asyncio.Condition.
    """

    def __init__(self, *, clock, name="plain", retry=None, lease=None, max_pending=None):
        self.clock, self.name, self.retry, self.lease, self.max_pending = clock, name, retry, lease, max_pending
        self.jobs = []
        self.discarded = 0
        self.listeners = []
        self.changed = asyncio.Condition()
        self.woken = self.finished = 0
        self.timers = {}
        self.tried_before = {}  # attempts before it was last revived, by id

    # --- producers ---

    def enqueue(self, type, data=None, *, priority=0, delay=0.0, max_attempts=3, key=None):
        validate_job(type, priority, delay, max_attempts, key)
        for job in self.jobs:
            if key is not None and job.key == key:
                if (job.type, job.data) != (type, data):
                    raise KeyReused(f"{key} is taken")
                return copy.copy(job)
        if self.max_pending is not None and self.stats()["pending"] >= self.max_pending:
            raise QueueFull("full")
        now = self.clock()
        number = 100 + 10 * (len(self.jobs) + self.discarded)
        job = Job(number, type, copy.deepcopy(data), priority, max_attempts, key, now, now + delay)
        self.jobs.append(job)
        return self.moved(job, Move.ENQUEUE)

    def get(self, job_id):
        return next((copy.copy(job) for job in self.jobs if job.id == job_id), None)

    def stats(self):
        counts = {status.value: sum(job.status == status for job in self.jobs) for status in Status}
        counts["failed"] += self.discarded
        return counts

    def dead(self, type=None, *, after=0, limit=100):
        validate_page(type, after, limit)
        failed = [copy.copy(j) for j in self.jobs if j.status == "failed" and j.id > after and type in (None, j.type)]
        return failed[:limit]

    def revive(self, job_id):
        job = self.find(job_id, Move.REVIVE)
        job.status, job.scheduled_for = Status.PENDING, self.clock()
        self.tried_before[job.id] = job.attempts
        job.worker = job.started_at = job.finished_at = None
        return self.moved(job, Move.REVIVE)

    def discard(self, job_id):
        job = self.find(job_id, Move.DISCARD)
        self.jobs.remove(job)
        self.discarded += 1
        return self.moved(job, Move.DISCARD)

    def subscribe(self, listener):
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener) if listener in self.listeners else None

    # --- workers ---

    def dequeue(self, worker="worker-1"):
        due = [job for job in self.jobs if job.status == "pending" and job.scheduled_for <= self.clock()]
        if not due:
            return None
        job = sorted(due, key=lambda job: (-job.priority, job.scheduled_for, job.id))[0]
        job.status, job.worker, job.started_at, job.finished_at = Status.PROCESSING, worker, self.clock(), None
        job.attempts += 1
        self.set_timer(job)
        return self.moved(job, Move.DEQUEUE)

    def heartbeat(self, job_id, *, attempt=None):
        job = self.find(job_id, Move.PROGRESS, attempt)
        self.set_timer(job)
        return copy.copy(job)

    def complete(self, job_id, result=None, *, attempt=None):
        job = self.find(job_id, Move.COMPLETE, attempt)
        job.status, job.result, job.finished_at = Status.COMPLETED, result, self.clock()
        return self.moved(job, Move.COMPLETE)

    def fail(self, job_id, error, *, attempt=None):
        validate_error(error)
        job = self.find(job_id, Move.FAIL, attempt)
        kind, text = ("", error) if isinstance(error, str) else (type(error).__name__, str(error))
        return self.end_attempt(job, kind, text, self.backoff(self.tries(job)))

    def backoff(self, tries):
        return self.retry.delay(tries) if self.retry else 2**tries

    def tries(self, job):
        return job.attempts - self.tried_before.get(job.id, 0)

    def end_attempt(self, job, kind, text, backoff):
        now = self.clock()
        again = self.again(job)
        job.errors += (AttemptError(job.attempts, kind, text, now, backoff if again else None),)
        job.finished_at = now
        if again:
            job.status, job.scheduled_for = Status.PENDING, now + backoff
            return self.moved(job, Move.RETRY)
        job.status = Status.FAILED
        return self.moved(job, Move.FAIL)

    def again(self, job):
        return self.tries(job) < job.max_attempts

    def release(self, job_id, *, attempt=None):
        job = self.find(job_id, Move.RELEASE, attempt)
        number = job.attempts
        job.status, job.attempts = Status.PENDING, number - 1
        job.worker = job.started_at = None  # as if it had never been claimed
        return self.moved(job, Move.RELEASE, number)

    def progress(self, job_id, fraction, note="", *, attempt=None):
        validate_fraction("fraction", fraction)
        validate_text("note", note)
        job = self.find(job_id, Move.PROGRESS, attempt)
        job.progress, job.note = max(fraction, job.progress or 0), note
        return self.moved(job, Move.PROGRESS)

    # --- sleepers ---

    async def wait(self, *, or_finished=True):
        woken, finished = self.woken, self.finished
        async with self.changed:
            await self.changed.wait_for(
                lambda: self.due() or self.woken > woken or (or_finished and self.finished > finished)
            )

    def due(self):
        now = self.clock()
        for job in self.jobs:
            if job.status == "pending" and job.scheduled_for > now:
                asyncio.get_running_loop().call_later(job.scheduled_for - now, self.announce)
        return any(job.status == "pending" and job.scheduled_for <= now for job in self.jobs)

    def wake(self):
        self.woken += 1
        self.announce()

    async def join(self):
        async with self.changed:
            await self.changed.wait_for(lambda: not self.busy())

    def busy(self):
        return any(job.status in ("pending", "processing") for job in self.jobs)

    def announce(self):
        async def announce():
            async with self.changed:
                self.changed.notify_all()

        self.announcing = asyncio.get_running_loop().create_task(announce())

    # --- what all moves do ---

    def find(self, job_id, move, attempt=None):
        job = next((job for job in self.jobs if job.id == job_id), None)
        if job is None:
            raise JobNotFound(job_id)
        if job.status != move.source:
            raise IllegalMove(job, move)
        if attempt not in (None, job.attempts):
            raise LeaseLost(job, attempt)
        return job

    def moved(self, job, move, attempt=None):
        if not self.busy():
            self.finished += 1
        self.announce()
        event = JobEvent(
            self.clock(),
            move,
            job.id,
            job.type,
            job.status,
            job.attempts if attempt is None else attempt,
            job.priority,
            job.scheduled_for,
            job.worker,
            job.errors[-1] if move in (Move.RETRY, Move.FAIL) else None,
            job.progress,
            job.note,
        )
        for listener in list(self.listeners):
            listener(event)
        return copy.copy(job)

    def set_timer(self, job):
        if self.lease is not None:
            number = self.timers[job.id] = self.timers.get(job.id, 0) + 1
            asyncio.get_running_loop().call_later(self.lease, self.expire, job, job.attempts, number)

    def expire(self, job, attempt, number):
        if job.status == "processing" and job.attempts == attempt and self.timers[job.id] == number:
            self.end_attempt(job, "LeaseExpired", f"{job.worker} is silent", 0.0)
