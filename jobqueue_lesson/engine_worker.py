"""The worker process of page 11: Procrastinate's own worker, with the handlers that page 3 wrote.

It claims jobs, reports on them and sends heartbeats with the functions of `engine.sql`, so that a report counts only if
it comes from the attempt that has the job. While the server is down, it waits, and continues when the server is back.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import runpy
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status as EngineStatus
from procrastinate.manager import JobManager, NotificationCallback
from procrastinate.retry import BaseRetryStrategy
from procrastinate.worker import Worker as ProcrastinateWorker
from psycopg_pool import AsyncConnectionPool

from . import moves
from .arguments import as_json, validate_text
from .job import Job, LeaseLost
from .processes import die_with_parent
from .progress import as_current_job
from .retries import RetryPolicy
from .worker import HEARTBEATS_PER_LEASE, Handler, call_handler

TASK = "jobqueue_lesson"
"""The one task that Procrastinate runs, for jobs of any type. Built-in ones, such as removing old jobs, do not run."""
URL = "JOBQUEUE_LESSON_DATABASE"
"""The environment variable with the server's URL: it may contain a password, which any user could read in `ps`."""
LONGEST_POLL = 1.0  # seconds between two checks for jobs, because notifications are lost while the server is down

T = TypeVar("T")

log = logging.getLogger("jobqueue_lesson")


async def work(
    url: str, queue: str, handlers: Mapping[str, Handler], name: str, lease: float, *, until_empty: bool = False
) -> None:
    """Run a worker until SIGTERM or, if `until_empty`, until no job is due."""
    # A worker needs one connection for its jobs, one for its heartbeat, and one to reclaim the jobs of silent workers.
    # Each statement is a transaction: one that is open while a worker is frozen would keep its locks.
    pool = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=3,
        timeout=1,
        reconnect_timeout=0.5,
        open=False,
        check=AsyncConnectionPool.check_connection,
        configure=lambda connection: connection.set_autocommit(True),
    )
    app = procrastinate.App(connector=procrastinate.PsycopgConnector())
    attempts = _Attempts(app, url, handlers)
    worker = ProcrastinateWorker(
        app,
        [queue],
        name,
        wait=not until_empty,
        update_heartbeat_interval=math.inf,  # Procrastinate's own heartbeat ends with SIGTERM, before the running job
        stalled_worker_timeout=lease,
        fetch_job_polling_interval=LONGEST_POLL,
    )
    app.job_manager = manager = _Manager(app.connector, attempts, worker, queue, name, lease)
    async with pool:  # this does not wait for the server, which may be down
        await app.open_async(pool)
        reclaiming = asyncio.create_task(manager.reclaim_forever())
        try:
            await worker.run()  # type: ignore[no-untyped-call]
        finally:
            await _end(reclaiming)


class _Claim(NamedTuple):
    """One attempt, from the claim of its job to its report."""

    turn: int
    """Procrastinate's count of attempts at the claim: never the same twice."""
    job: Job
    policy: RetryPolicy
    waited: float | None
    """Seconds of backoff before this attempt."""


class _Outcome(NamedTuple):
    """How an attempt ended."""

    result: str | None = None
    error_type: str | None = None
    error: str | None = None
    retry_in: float | None = None


class _Attempts:
    """Runs the handlers, and keeps each attempt's outcome until it is reported."""

    def __init__(self, app: procrastinate.App, url: str, handlers: Mapping[str, Handler]) -> None:
        self.handlers = handlers
        self.running: dict[int, _Claim] = {}
        self.outcomes: dict[int, _Outcome] = {}
        self.progress = _Progress(url, self.running)
        app.task(name=TASK, pass_context=True, retry=_Retry(self))(self.run)

    def start(self, row: dict[str, Any]) -> procrastinate.jobs.Job:
        """Keep a claimed job, and return it as Procrastinate's job."""
        claimed = row["job"]
        job = Job(
            claimed["id"], claimed["task_name"], row["data"], claimed["priority"], row["max_attempts"], None, 0.0, 0.0,
            attempts=row["number"], spent=row["spent"],
        )  # fmt: skip
        self.running[job.id] = _Claim(claimed["attempts"], job, RetryPolicy(**row["retry"]), row["waited"])
        return procrastinate.jobs.Job(
            id=job.id, status=claimed["status"], queue=claimed["queue_name"], task_name=TASK, priority=job.priority,
            attempts=claimed["attempts"], lock=claimed["lock"], queueing_lock=claimed["queueing_lock"],
        )  # fmt: skip

    async def run(self, context: procrastinate.JobContext, /, **_: Any) -> None:
        """Run one attempt. An exception of its handler does not get beyond the job."""
        claim = self.running[context.job.id or 0]
        job = claim.job
        try:
            with as_current_job(self.progress, job):
                result = await call_handler(self.handlers, job.type, job.data)
            self.outcomes[job.id] = _Outcome(as_json("result", result))
        except BaseException as error:
            self.outcomes[job.id] = self._failure(claim, error, may_retry=not context.should_abort())
            raise _Failed from None

    @staticmethod
    def _failure(claim: _Claim, error: BaseException, *, may_retry: bool) -> _Outcome:
        """Return the outcome of an attempt that raised: what, and when the job is tried again, if it is."""
        job = claim.job
        retry_in = moves.backoff(claim.policy, error, job.attempts - job.spent, job.max_attempts, claim.waited)
        kind, message = moves.describe_error(error)
        return _Outcome(None, kind, _storable(message), retry_in if may_retry else None)


class _Failed(Exception):
    """Tells the engine that an attempt failed; `_Manager` reports the error."""


class _Retry(BaseRetryStrategy):
    """Tells the engine whether a failed attempt is retried."""

    def __init__(self, attempts: _Attempts) -> None:
        self.attempts = attempts

    def get_retry_decision(
        self, *, exception: BaseException, job: procrastinate.jobs.Job
    ) -> procrastinate.RetryDecision | None:
        outcome = self.attempts.outcomes.get(job.id or 0, _Outcome())
        return None if outcome.retry_in is None else procrastinate.RetryDecision()


class _Progress:
    """Receives the reports of `current_job().progress`."""

    def __init__(self, url: str, running: dict[int, _Claim]) -> None:
        self.url = url
        self.running = running
        self.connection: psycopg.Connection[Any] | None = None

    def progress(self, job_id: int, fraction: float, note: str = "", *, attempt: int | None = None) -> None:
        """Record a job's progress. While the server is down, the report is lost: a job must not fail because of it."""
        validate_text("note", note)
        claim = self.running[job_id]
        try:
            counted = self._record((job_id, claim.turn, fraction, _storable(note)))
        except psycopg.OperationalError as error:
            log.warning("progress of job #%s is lost: %s", job_id, error)
        else:
            if not counted:
                raise LeaseLost(claim.job, claim.job.attempts)

    def _record(self, values: tuple[Any, ...]) -> bool:
        """Record it, with a new connection if there is none, or the last one is broken."""
        if self.connection is not None:
            try:
                return self._run(self.connection, values)
            except psycopg.OperationalError:
                self.connection.close()
        self.connection = psycopg.connect(self.url, autocommit=True, connect_timeout=5)
        return self._run(self.connection, values)

    @staticmethod
    def _run(connection: psycopg.Connection[Any], values: tuple[Any, ...]) -> bool:
        ((counted,),) = connection.execute("SELECT jobqueue_progress(%s, %s, %s, %s)", values).fetchall()
        return bool(counted)


class _Manager(JobManager):
    """Procrastinate's manager of jobs, for a worker: it claims and reports an attempt as `engine.sql` does.

    It keeps the worker running while the server is down: a request that failed is repeated.
    """

    def __init__(
        self, connector: Any, attempts: _Attempts, worker: ProcrastinateWorker, queue: str, name: str, lease: float
    ) -> None:
        super().__init__(connector)
        self.attempts = attempts
        self.worker = worker
        self.queue = queue
        self.name = name
        self.lease = lease
        self.beating: asyncio.Task[None] | None = None

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> procrastinate.jobs.Job | None:
        """Claim the next job."""
        try:
            (row,) = await self.connector.execute_query_all_async(
                "SELECT row_to_json(job) AS job, data, max_attempts, retry, number, spent, waited, next_in"
                " FROM jobqueue_claim(%(queues)s, %(worker_id)s, %(worker)s)",
                queues=queues,
                worker_id=worker_id,
                worker=self.name,
            )
        except ConnectorException as error:
            if not _down(error):
                # This worker was silent for so long that it was considered dead: it registers again.
                await self.update_heartbeat(worker_id)
            self.worker.fetch_job_polling_interval = 0.2
            return None
        if row["number"] is None:
            next_in = row["next_in"]
            self.worker.fetch_job_polling_interval = (
                LONGEST_POLL if next_in is None else min(LONGEST_POLL, max(0.002, next_in))
            )
            return None
        return self.attempts.start(row)

    async def finish_job(self, job: procrastinate.jobs.Job, status: EngineStatus, delete_job: bool) -> None:
        """Report that an attempt completed its job, or failed permanently."""
        await self._report(job)

    async def retry_job(self, job: procrastinate.jobs.Job, *_: Any, **__: Any) -> None:
        """Report that an attempt failed, and that the job is to be retried."""
        await self._report(job)

    async def _report(self, job: procrastinate.jobs.Job) -> None:
        assert job.id is not None
        claim = self.attempts.running.pop(job.id)
        outcome = self.attempts.outcomes.pop(job.id, _Outcome(error="the attempt was aborted"))
        try:
            counted = await self._end_attempt(claim, outcome)
        except ConnectorException as error:  # the database rejects the result, such as one nested too deeply
            kind, message = moves.describe_error(error.__cause__ or error)
            counted = await self._end_attempt(claim, _Outcome(None, kind, _storable(message)))
        if not counted:
            log.warning("%s: attempt %s of job #%s had lost its lease", self.name, claim.job.attempts, job.id)

    async def _end_attempt(self, claim: _Claim, outcome: _Outcome) -> bool:
        rows = await _when_up(
            lambda: self.connector.execute_query_all_async(
                "SELECT jobqueue_end_attempt(%(id)s, %(turn)s, %(result)s::json, %(error_type)s, %(error)s,"
                " %(retry_in)s) AS counted",
                id=claim.job.id,
                turn=claim.turn,
                **outcome._asdict(),
            )
        )
        return bool(rows[0]["counted"])

    async def register_worker(self) -> int:
        """Register this worker, and send heartbeats from now on."""
        rows = await _when_up(
            lambda: self.connector.execute_query_all_async(
                "SELECT jobqueue_register(%(queue)s, %(name)s, %(lease)s) AS worker_id",
                queue=self.queue,
                name=self.name,
                lease=self.lease,
            )
        )
        self.beating = asyncio.create_task(self.beat_forever(rows[0]["worker_id"]))
        return int(rows[0]["worker_id"])

    async def unregister_worker(self, worker_id: int) -> None:
        """Unregister this worker, if the server is up."""
        if self.beating is not None:
            await _end(self.beating)
        try:
            await super().unregister_worker(worker_id)
        except ConnectorException as error:
            log.debug("could not unregister: %s", error.__cause__)

    async def update_heartbeat(self, worker_id: int) -> None:
        """Send a heartbeat, if the server is up."""
        try:
            await self.connector.execute_query_async(
                "SELECT jobqueue_heartbeat(%(id)s, %(queue)s, %(name)s, %(lease)s)",
                id=worker_id,
                queue=self.queue,
                name=self.name,
                lease=self.lease,
            )
        except ConnectorException as error:
            log.debug("a heartbeat was not sent: %s", error.__cause__)

    async def beat_forever(self, worker_id: int) -> None:
        """Send heartbeats until the last job is finished."""
        while True:
            await asyncio.sleep(self.lease / HEARTBEATS_PER_LEASE)
            await self.update_heartbeat(worker_id)

    async def reclaim_forever(self) -> None:
        """Reclaim the jobs of silent workers, several times per lease."""
        while True:
            await asyncio.sleep(min(1.0, self.lease / HEARTBEATS_PER_LEASE))
            try:
                await self.connector.execute_query_async(
                    "SELECT jobqueue_reclaim(%(queue)s, %(worker_id)s)",
                    queue=self.queue,
                    worker_id=self.worker.worker_id,
                )
            except ConnectorException as error:
                log.debug("could not reclaim jobs of silent workers: %s", error.__cause__)

    async def prune_stalled_workers(self, seconds_since_heartbeat: float) -> list[int]:
        """Remove the workers whose lease has expired: each has its own."""
        rows = await _when_up(
            lambda: self.connector.execute_query_all_async("SELECT * FROM jobqueue_prune() AS worker_id")
        )
        return [row["worker_id"] for row in rows]

    async def list_jobs_to_abort_async(self, queue: str | None = None) -> list[int]:
        """Return the jobs that are to be aborted; none while the server is down."""
        try:
            return list(await super().list_jobs_to_abort_async(queue))
        except ConnectorException:
            return []

    async def listen_for_jobs(
        self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        """Listen for new jobs, and again when the connection is lost."""
        while True:
            await _when_up(lambda: JobManager.listen_for_jobs(self, on_notification=on_notification, queues=queues))


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    await asyncio.wait([task])


async def _when_up(ask: Callable[[], Awaitable[T]]) -> T:
    """Send a request to the server, and repeat it while the server is down."""
    wait = 0.05
    while True:
        try:
            return await ask()
        except (ConnectorException, psycopg.OperationalError) as error:
            if not _down(error):
                raise
        await asyncio.sleep(wait)
        wait = min(1.0, 2 * wait)


def _down(error: BaseException) -> bool:
    """Whether an error says that the server cannot be reached, and not that it rejects the request."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    too_much = "54"  # PostgreSQL's class of errors for exceeded limits
    return isinstance(cause, psycopg.OperationalError) and not (cause.sqlstate or "").startswith(too_much)


def _storable(text: str) -> str:
    """Return a string that PostgreSQL can store: NUL and lone surrogates as escapes."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")


def main(arguments: Sequence[str]) -> None:
    """Run the command line of a worker process. The server's URL is in its environment."""
    queue, handlers, name, lease = arguments
    die_with_parent()
    for chatty in ("procrastinate", "psycopg.pool"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
    asyncio.run(work(os.environ[URL], queue, runpy.run_path(handlers)["HANDLERS"], name, float(lease)))


if __name__ == "__main__":
    main(sys.argv[1:])
