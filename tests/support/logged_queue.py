"""A queue in a file that keeps the contract, written in another style than the course's: a judge must pass it."""

import asyncio
import json
import os
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
    Status,
)


class LoggedQueue:
    """A file with one line for each thing that has happened; the jobs are what follows from it.

    Any number of processes append lines, without a lock. What counts is their order in the file: a line that makes no
    sense after those before it, such as claiming a job that is running, means nothing, and its process looks again.

    It has a backoff of its own, looks every 100 ms who may wake up, and takes a job from a silent worker when another
    one asks for it.
    """

    def __init__(self, path, *, clock, lease=30.0):
        self.path, self.clock, self.lease, self.name = Path(path), clock, lease, "logged"
        self.jobs, self.lines, self.listeners = {}, deque(), []
        self.woken = self.finished = self.discarded = self.written = self.read = 0
        self.me = f"{os.getpid()} {id(self)}"
        self.silent_at = {}
        self.most = {}  # the number of its last attempt, by id
        self.file = self.path.open("a")
        self.whole = self.path.open("rb")
        self.catch_up()

    def close(self):
        self.file.close()
        self.whole.close()

    def record(self, move, number=None, **facts):
        """Append a line, then let what is in the file happen; return the job, if this line means something there."""
        self.written += 1
        mine = facts["line"] = f"{self.me} {self.written}"
        facts["at"] = self.clock()
        self.append(json.dumps([move, number, facts]))
        return self.catch_up(mine)

    def append(self, line):
        self.file.write(f"\n{line}\n")  # what a process that died has left of its line is a line of its own
        self.file.flush()

    def text_after(self, place):
        self.whole.seek(place)
        return self.whole.read()

    def catch_up(self, mine=None):
        """Read the lines that are new, and let each happen; return the job that one of them is about."""
        found = None
        new = self.text_after(self.read)
        if not new:
            return None
        new = new[: new.rfind(b"\n") + 1]
        self.read += len(new)
        for line in new.splitlines():
            try:
                move, number, facts = json.loads(line)
            except ValueError:
                continue
            job = self.follow(move, number, facts)
            if job is not None:
                self.tell(job, Move(move), facts["at"]) if move != "heartbeat" else None
                found = job if facts["line"] == mine else found
        return found

    def tell(self, job, move, at):
        if not any(job.status in ("pending", "processing") for job in self.jobs.values()):
            self.finished += 1
        attempt = job.attempts + (move == "release")
        error = job.errors[-1] if move in ("retry", "fail") else None
        for listener in list(self.listeners):
            listener(JobEvent(at, move, job.id, job.type, job.status, attempt, job.priority, job.scheduled_for,
                              job.worker, error, job.progress, job.note))  # fmt: skip

    def follow(self, move, number, facts):
        """Do what a line means; return the job, or None if it means nothing here."""
        at = facts["at"]
        if move == "enqueue":
            if self.with_key(facts["job"]["key"]) is not None:
                return None
            number = len(self.jobs) + self.discarded + 1
            self.jobs[number] = job = Job(number, **facts["job"])
            self.most[number] = job.max_attempts
            return job
        job = self.jobs.get(number)
        source = Move.PROGRESS.source if move == "heartbeat" else Move(move).source
        if job is None or job.status != source or facts["attempt"] != job.attempts:
            return None
        if move == "dequeue":
            job.status, job.worker, job.started_at, job.finished_at = Status.PROCESSING, facts["worker"], at, None
            job.attempts += 1
            self.silent_at[number] = at + self.lease
        elif move == "heartbeat":
            self.silent_at[number] = at + self.lease
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

    def make(self, method, move, job_id, attempt=None, **facts):
        """Make a move of a job, unless another process has changed it meanwhile: then look again whether it may."""
        while True:
            job = self.check(job_id, move, attempt)
            made = self.record(method, job_id, attempt=job.attempts, **facts)
            if made is not None:
                return made

    def check(self, job_id, move, attempt=None):
        self.catch_up()
        job = self.jobs.get(job_id)
        if job is None:
            raise JobNotFound(job_id)
        if attempt is not None and (job.status != "processing" or attempt != job.attempts):
            raise LeaseLost(job, attempt)
        if job.status != move.source:
            raise IllegalMove(job, move)
        return job

    def with_key(self, key):
        return next((job for job in self.jobs.values() if key is not None and job.key == key), None)

    def enqueue(self, type, data=None, *, priority=0, delay=0.0, max_attempts=3, key=None):
        validate_job(type, priority, delay, max_attempts, key)
        while True:
            self.catch_up()
            job = self.with_key(key)
            if job is not None:
                if json.dumps([job.type, job.data]) != json.dumps([type, data]):
                    raise KeyReused(key)
                return job
            now = self.clock()
            facts = {"type": type, "data": data, "priority": priority, "max_attempts": max_attempts, "key": key}
            job = self.record("enqueue", job=facts | {"created_at": now, "scheduled_for": now + delay})
            if job is not None:
                return job

    def dequeue(self, worker="worker-1"):
        while True:
            self.catch_up()
            now = self.clock()
            for job in list(self.jobs.values()):
                if job.status == "processing" and self.silent_at[job.id] <= now:
                    again = job.attempts < self.most[job.id]
                    self.record("retry" if again else "fail", job.id, attempt=job.attempts, kind="Silent", text="",
                                retry_in=0 if again else None)  # fmt: skip
            due = [job for job in self.jobs.values() if job.status == "pending" and job.scheduled_for <= now]
            if not due:
                return None
            job = max(due, key=lambda job: (job.priority, -job.scheduled_for, -job.id))
            job = self.record("dequeue", job.id, attempt=job.attempts, worker=worker)
            if job is not None:
                return job

    def heartbeat(self, job_id, *, attempt=None):
        return self.make("heartbeat", Move.PROGRESS, job_id, attempt)

    def complete(self, job_id, result=None, *, attempt=None):
        return self.make("complete", Move.COMPLETE, job_id, attempt, result=result)

    def fail(self, job_id, error, *, attempt=None):
        validate_error(error)
        job = self.check(job_id, Move.FAIL, attempt)
        again = job.attempts < self.most[job.id]
        kind = "" if isinstance(error, str) else type(error).__name__
        move = "retry" if again else "fail"
        return self.make(
            move, Move.FAIL, job_id, job.attempts, kind=kind, text=str(error), retry_in=7.5 if again else None
        )

    def release(self, job_id, *, attempt=None):
        return self.make("release", Move.RELEASE, job_id, attempt)

    def progress(self, job_id, fraction, note="", *, attempt=None):
        validate_fraction("fraction", fraction)
        validate_text("note", note)
        return self.make("progress", Move.PROGRESS, job_id, attempt, fraction=fraction, note=note)

    def revive(self, job_id):
        return self.make("revive", Move.REVIVE, job_id)

    def discard(self, job_id):
        return self.make("discard", Move.DISCARD, job_id)

    def get(self, job_id):
        self.catch_up()
        return self.jobs.get(job_id)

    def stats(self):
        self.catch_up()
        statuses = [job.status.value for job in self.jobs.values()] + ["failed"] * self.discarded
        return {status.value: statuses.count(status.value) for status in Status}

    def dead(self, type=None, *, after=0, limit=100):
        validate_page(type, after, limit)
        self.catch_up()
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
                await asyncio.sleep(0.1)
        finally:
            self.lines.remove(ticket)

    def something_to_do(self):
        self.catch_up()
        now = self.clock()
        return any(
            (job.status == "pending" and job.scheduled_for <= now)
            or (job.status == "processing" and self.silent_at[job.id] <= now)
            for job in self.jobs.values()
        )

    def wake(self):
        self.woken += 1

    async def join(self):
        while self.busy():
            await asyncio.sleep(0.1)

    def busy(self):
        self.catch_up()
        return any(job.status in ("pending", "processing") for job in self.jobs.values())
