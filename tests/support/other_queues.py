"""Two queues that keep the contract, and are written in another style than the course's: a judge must pass both."""

import asyncio
import copy
import json
from collections import deque
from pathlib import Path

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


class LoggedQueue:
    """A file with one line for each thing that has happened; the jobs are what follows from it.

    It has a backoff of its own, looks every 20 ms who may wake up, and takes a job from a silent worker when another
    one asks for it.
    """

    def __init__(self, path, *, clock, lease=30.0):
        self.path, self.clock, self.lease, self.name = Path(path), clock, lease, "logged"
        self.jobs, self.lines, self.listeners = {}, deque(), []
        self.woken = self.finished = self.discarded = 0
        self.silent_at = {}
        self.most = {}  # the number of its last attempt, by id
        text = self.path.read_text() if self.path.exists() else ""
        for line in text.splitlines():
            self.follow(*json.loads(line))
        self.file = self.path.open("a")

    def close(self):
        self.file.close()

    def record(self, move, number, **facts):
        """Write a line, then let it happen, then say so."""
        facts["at"] = self.clock()
        self.file.write(json.dumps([move, number, facts]) + "\n")
        self.file.flush()
        job = self.follow(move, number, facts)
        if job is not None:
            if not any(job.status in ("pending", "processing") for job in self.jobs.values()):
                self.finished += 1
            attempt = job.attempts + (move == "release")
            error = job.errors[-1] if move in ("retry", "fail") else None
            for listener in list(self.listeners):
                listener(JobEvent(facts["at"], Move(move), number, job.type, job.status, attempt, job.priority,
                                  job.scheduled_for, job.worker, error, job.progress, job.note))  # fmt: skip
        return job

    def follow(self, move, number, facts):
        """What a line means."""
        at = facts["at"]
        if move == "enqueue":
            self.jobs[number] = job = Job(number, **facts["job"])
            self.most[number] = job.max_attempts
            return job
        job = self.jobs[number]
        if move == "dequeue":
            job.status, job.worker, job.started_at, job.finished_at = Status.PROCESSING, facts["worker"], at, None
            job.attempts += 1
            self.silent_at[number] = at + self.lease
        elif move == "heartbeat":
            self.silent_at[number] = at + self.lease
            return None
        elif move == "complete":
            job.status, job.result, job.finished_at = Status.COMPLETED, facts["result"], at
        elif move in ("retry", "fail"):
            job.errors += (AttemptError(job.attempts, facts["kind"], facts["text"], at, facts["retry_in"]),)
            job.status, job.finished_at = (Status.FAILED, at) if move == "fail" else (Status.PENDING, at)
            if move == "retry":
                job.scheduled_for = at + facts["retry_in"]
        elif move == "release":
            job.status, job.attempts = Status.PENDING, job.attempts - 1
        elif move == "progress":
            job.progress, job.note = max(job.progress or 0, facts["fraction"]), facts["note"]
        elif move == "revive":
            job.status, job.scheduled_for = Status.PENDING, at
            self.most[number] = job.attempts + job.max_attempts
        elif move == "discard":
            self.discarded += 1
            del self.jobs[number]
        return job

    def check(self, job_id, move, attempt=None):
        job = self.jobs.get(job_id)
        if job is None:
            raise JobNotFound(job_id)
        if attempt is not None and (job.status != "processing" or attempt != job.attempts):
            raise LeaseLost(job, attempt)
        if job.status != move.source:
            raise IllegalMove(job, move)
        return job

    def enqueue(self, type, data=None, *, priority=0, delay=0.0, max_attempts=3, key=None):
        validate_job(type, priority, delay, max_attempts, key)
        for job in self.jobs.values():
            if key is not None and job.key == key:
                if json.dumps([job.type, job.data]) != json.dumps([type, data]):
                    raise KeyReused(key)
                return job
        now = self.clock()
        facts = {"type": type, "data": data, "priority": priority, "max_attempts": max_attempts, "key": key}
        number = len(self.jobs) + self.discarded + 1
        return self.record("enqueue", number, job=facts | {"created_at": now, "scheduled_for": now + delay})

    def dequeue(self, worker="worker-1"):
        now = self.clock()
        for job in list(self.jobs.values()):
            if job.status == "processing" and self.silent_at[job.id] <= now:
                again = job.attempts < self.most[job.id]
                self.record("retry" if again else "fail", job.id, kind="Silent", text="", retry_in=0 if again else None)
        due = [job for job in self.jobs.values() if job.status == "pending" and job.scheduled_for <= now]
        if not due:
            return None
        job = max(due, key=lambda job: (job.priority, -job.scheduled_for, -job.id))
        return self.record("dequeue", job.id, worker=worker)

    def heartbeat(self, job_id, *, attempt=None):
        job = self.check(job_id, Move.PROGRESS, attempt)
        self.record("heartbeat", job_id)
        return job

    def complete(self, job_id, result=None, *, attempt=None):
        self.check(job_id, Move.COMPLETE, attempt)
        return self.record("complete", job_id, result=result)

    def fail(self, job_id, error, *, attempt=None):
        validate_error(error)
        job = self.check(job_id, Move.FAIL, attempt)
        again = job.attempts < self.most[job_id]
        kind = "" if isinstance(error, str) else type(error).__name__
        move = "retry" if again else "fail"
        return self.record(move, job_id, kind=kind, text=str(error), retry_in=7.5 if again else None)

    def release(self, job_id, *, attempt=None):
        self.check(job_id, Move.RELEASE, attempt)
        return self.record("release", job_id)

    def progress(self, job_id, fraction, note="", *, attempt=None):
        validate_fraction("fraction", fraction)
        validate_text("note", note)
        self.check(job_id, Move.PROGRESS, attempt)
        return self.record("progress", job_id, fraction=fraction, note=note)

    def revive(self, job_id):
        self.check(job_id, Move.REVIVE)
        return self.record("revive", job_id)

    def discard(self, job_id):
        self.check(job_id, Move.DISCARD)
        return self.record("discard", job_id)

    def get(self, job_id):
        return self.jobs.get(job_id)

    def stats(self):
        statuses = [job.status.value for job in self.jobs.values()] + ["failed"] * self.discarded
        return {status.value: statuses.count(status.value) for status in Status}

    def dead(self, type=None, *, after=0, limit=100):
        validate_page(type, after, limit)
        return [j for j in self.jobs.values() if j.status == "failed" and j.id > after and type in (None, j.type)][
            :limit
        ]

    def subscribe(self, listener):
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener) if listener in self.listeners else None

    async def wait(self, *, or_finished=True):
        ticket, woken, finished = object(), self.woken, self.finished
        self.lines.append(ticket)
        try:
            while not (self.woken > woken or (or_finished and self.finished > finished)):
                if self.lines[0] is ticket and self.something_to_do():
                    break
                await asyncio.sleep(0.02)
        finally:
            self.lines.remove(ticket)

    def something_to_do(self):
        now = self.clock()
        return any(
            (job.status == "pending" and job.scheduled_for <= now)
            or (job.status == "processing" and self.silent_at[job.id] <= now)
            for job in self.jobs.values()
        )

    def wake(self):
        self.woken += 1

    async def join(self):
        while any(job.status in ("pending", "processing") for job in self.jobs.values()):
            await asyncio.sleep(0.02)
