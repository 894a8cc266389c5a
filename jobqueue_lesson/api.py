"""The HTTP service: validate, enqueue, answer 202 (notebook 06).

The endpoints never do the work. The first turns a request into a job, the second says how that job is doing, and the
third goes on saying it until the job has ended (notebook 09). A last one says whether the service itself is well.
"""

from __future__ import annotations

import asyncio
import logging
import re
import reprlib
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from datetime import date
from hashlib import blake2s
from typing import Annotated, Any, Literal

import httpx
from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .arguments import check_count
from .contract import KeyReused, Producer, QueueFull
from .dead_letters import WITHOUT_NUL, JobId, Problem, admin_router, presentable
from .job import ENDED, Job, Status, StorageError
from .progress import follow
from .worker import Worker

log = logging.getLogger("jobqueue_lesson")

RESTART = 1.0  # seconds between the end of an app's worker by an error and its next start
REMEMBER = 10.0  # seconds for which one request that met a StorageError makes the service unhealthy
MOST_FAULTS = 10  # that are named in one answer
THROW_AWAY = 16 * 1024 * 1024  # bytes of a body that is too long that are read and forgotten, for at most…
LINGER = 2.0  # …these seconds, before the answer
STORAGE_DOWN = "the queue's storage is down: try again later"


def _written_out(value: object) -> object:
    """Refuse what pydantic would kindly take for a date, such as the number 0."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError(f"a date is a text such as '2026-01-31', got {reprlib.repr(value)}")
    return value


Day = Annotated[date, BeforeValidator(_written_out)]


class DateRange(BaseModel):
    """The days a report covers, both included."""

    model_config = ConfigDict(extra="forbid")

    start: Day = Field(alias="from")
    end: Day = Field(alias="to")

    @model_validator(mode="after")
    def in_order(self) -> DateRange:
        """Refuse a range that ends before it starts."""
        if self.end < self.start:
            raise ValueError(f"'to' must not be before 'from', got {self.start} to {self.end}")
        return self


class ReportRequest(BaseModel):
    """What a client sends to have a report made."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["pdf", "csv", "html"]
    dateRange: DateRange  # noqa: N815 - the name on the wire


class Accepted(BaseModel):
    """The answer to a request that is now a job."""

    jobId: int  # noqa: N815
    status: Literal["queued"]
    statusUrl: str  # noqa: N815


class JobState(BaseModel):
    """How a job is doing: `result` only when it is completed, `error` only when it failed for good.

    `progress`, from 0 to 1, and `note` only if its handler reports them.
    """

    id: int
    status: Status
    progress: float | None = None
    note: str = ""
    result: Any = None
    error: str | None = None


class Health(BaseModel):
    """The answer of a service that is well."""

    status: Literal["ok"] = "ok"
    worker: Literal["running", "elsewhere"]
    """Whether the app has a worker of its own."""


def job_state(job: Job) -> JobState:
    """Say how a job is doing, with only those fields set that apply."""
    state = JobState(id=job.id, status=job.status)
    if job.progress is not None:
        state.progress = job.progress
        state.note = presentable(job.note)
    if job.status is Status.COMPLETED:
        state.result = presentable(job.result)
    elif job.status is Status.FAILED:
        state.error = presentable(job.error)
    return state


# With `model`, FastAPI would say that a refusal comes as an event stream too.
_PROBLEM: dict[str, Any] = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

LastSeen = Annotated[str | None, Header(alias="Last-Event-ID")]


class _NothingNew(Exception):
    """The client has seen how the job ended: it shall not connect again."""


def create_app(
    queue: Producer,
    worker: Worker | None = None,
    *,
    retry_after: int = 1,
    max_body: int = 64 * 1024,
    admin_token: str | None = None,
) -> FastAPI:
    """Build the service around a queue.

    202 means that the job is stored, so it holds while no worker is running too: the job waits, and `GET /health`
    answers 503 until the worker runs again. While the queue's storage is down, every address that needs it answers 503.

    Args:
        queue: where the jobs go.
        worker: started and stopped with the app, and started again if an error ends it. None: the workers are
            elsewhere.
        retry_after: seconds that a client is asked to wait when the queue is full or its storage is down.
        max_body: bytes that a request's body may have; the answer to a longer one is 413. A body is in memory while it
            is being checked, and checking one full of faults takes over a hundred times its size: without a limit, a
            single client can use up all memory. An order needs 100 bytes.
        admin_token: opens the endpoints for dead letters to requests that carry it; see `dead_letters`. None: there
            are none.

    Returns:
        An ASGI application. All of its endpoints are `async def`, so it runs in simulated time too.

    Raises:
        TypeError, ValueError: for an argument that makes no sense; the message names it.
    """
    check_count("retry_after", retry_after)
    check_count("max_body", max_body)
    own_worker = None if worker is None else _OwnWorker(worker)
    storage_error_at = float("-inf")  # on the loop's clock

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with own_worker.kept_running() if own_worker else nullcontext():
            yield

    down = {"description": "The queue is full or its storage is down: try again later", "content": _PROBLEM}
    app = FastAPI(title="Reports", lifespan=lifespan, responses={503: down})
    app.add_middleware(_BodyLimit, max_body=max_body)

    @app.post(
        "/api/reports",
        status_code=202,
        response_model=Accepted,
        responses={status: {"model": Problem} for status in (400, 413, 422)},
    )
    async def create_report(
        report: ReportRequest,
        response: Response,
        idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255, pattern=WITHOUT_NUL)] = None,
    ) -> Accepted:
        """Validate, enqueue, and answer at once."""
        data = report.model_dump(mode="json", by_alias=True)
        job = queue.enqueue("generate-report", data, key=idempotency_key)
        response.headers["Location"] = f"/api/jobs/{job.id}"
        return Accepted(jobId=job.id, status="queued", statusUrl=f"/api/jobs/{job.id}")

    @app.get(
        "/api/jobs/{job_id}",
        response_model=JobState,
        response_model_exclude_unset=True,
        responses={404: {"model": Problem}, 422: {"model": Problem}},
    )
    async def get_job(job_id: JobId) -> JobState:
        """Say how a job is doing."""
        return job_state(known(job_id))

    async def worth_a_stream(job_id: JobId, last_event_id: LastSeen = None) -> None:
        """Refuse before the stream begins: after that, the status has been sent."""
        job = known(job_id)
        if job.status in ENDED and _event(job).id == last_event_id:
            raise _NothingNew

    @app.get(
        "/api/jobs/{job_id}/events",
        response_class=EventSourceResponse,
        dependencies=[Depends(worth_a_stream)],
        responses={
            204: {"description": "You have seen the end: do not connect again"},
            404: {"description": "Not Found", "content": _PROBLEM},
            422: {"description": "Validation Error", "content": _PROBLEM},
        },
    )
    async def stream_job(job_id: JobId, last_event_id: LastSeen = None) -> AsyncIterator[ServerSentEvent]:
        """Say how a job is doing, now and after each change, until it has ended.

        Each event is the whole state, and its id is a digest of it. So a client that was cut off and comes back with
        the last id it has seen gets what is new since then, if anything is.
        """
        async for job in follow(queue, job_id):
            event = _event(job)
            if event.id != last_event_id:
                yield event
            last_event_id = event.id

    def known(job_id: int) -> Job:
        job = queue.get(job_id)
        if job is None:
            raise HTTPException(404, "Job not found")
        return job

    @app.get("/health", responses={503: {"description": "Jobs are not done, or not accepted", "content": _PROBLEM}})
    async def health() -> Health:
        """Say whether jobs are accepted and done; if not, what is wrong."""
        faults = []
        try:
            queue.stats()
            recent = asyncio.get_running_loop().time() - storage_error_at < REMEMBER
        except StorageError as error:
            log.warning("GET /health: %s", error)
            recent = True
        if recent or (own_worker and own_worker.without_storage):
            faults.append(STORAGE_DOWN)
        if own_worker and not own_worker.running:
            faults.append("the worker is not running: accepted jobs wait")
        if faults:
            raise HTTPException(503, "; ".join(faults), headers={"Retry-After": str(retry_after)})
        return Health(worker="running" if own_worker else "elsewhere")

    if admin_token is not None:
        app.include_router(admin_router(queue, admin_token))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)

    @app.exception_handler(QueueFull)
    async def full(request: Request, error: QueueFull) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 503, headers={"Retry-After": str(retry_after)})

    @app.exception_handler(StorageError)
    async def storage_down(request: Request, error: StorageError) -> JSONResponse:
        """Say that much and no more: the error may name files and hosts, which are for the log."""
        nonlocal storage_error_at
        storage_error_at = asyncio.get_running_loop().time()
        log.warning("%s %r: %s", request.method, request.url.path, error)
        return JSONResponse({"error": STORAGE_DOWN}, 503, headers={"Retry-After": str(retry_after)})

    @app.exception_handler(KeyReused)
    async def reused(request: Request, error: KeyReused) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 422)

    @app.exception_handler(_NothingNew)
    async def nothing_new(request: Request, error: _NothingNew) -> Response:
        return Response(status_code=204)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        """Name each field that is wrong, and say what would be right."""
        faults = [".".join(map(str, fault["loc"])) + ": " + fault["msg"] for fault in error.errors()]
        more = [f"and {len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else []
        return JSONResponse({"error": "; ".join(faults[:MOST_FAULTS] + more)}, 422)

    return app


class _OwnWorker:
    """The worker of an app: it runs as long as the app does."""

    def __init__(self, worker: Worker) -> None:
        self.running = False
        self._worker = worker

    @asynccontextmanager
    async def kept_running(self) -> AsyncIterator[None]:
        leaving = asyncio.Event()
        first = self._worker.run()  # here and not in the task: an app whose worker is already running must not start
        self.running = True
        task = asyncio.create_task(self._keep_running(first, leaving))
        try:
            yield
        finally:
            leaving.set()
            self._worker.stop()
            await task

    @property
    def without_storage(self) -> bool:
        """Whether the worker is running, and waiting for its storage: a disk that is full can still be read."""
        trouble = self._worker.trouble
        return trouble is not None and trouble.until is None

    async def _keep_running(self, run: Coroutine[Any, Any, None], leaving: asyncio.Event) -> None:
        """Await a run of the worker, and another one whenever an error has ended the last, until the app leaves."""
        try:
            while await self._failed(run):
                with suppress(TimeoutError):
                    await asyncio.wait_for(leaving.wait(), RESTART)
                if leaving.is_set():
                    break
                run = self._worker.run()
                self.running = True
        finally:
            self.running = False

    async def _failed(self, run: Coroutine[Any, Any, None]) -> bool:
        """Await a run, and say whether an error ended it."""
        try:
            await run
        except Exception:
            self.running = False
            log.exception("%s has ended; it starts again in %g s", self._worker.name, RESTART)
            return True
        return False


class _BodyLimit:
    """Answers 413 to a request whose body is too long, without keeping or reading all of it.

    Content-Length may be missing (a body in chunks) or wrong, so what comes is counted.
    """

    def __init__(self, app: ASGIApp, max_body: int) -> None:
        self.app = app
        self.max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        read = 0
        answered = False

        async def receive_some() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            return message

        async def receive_limited() -> Message:
            message = await receive_some()
            if read <= self.max_body:
                return message
            if answered:  # this is a stream, waiting for its client to go
                return {"type": "http.disconnect"}
            # Most clients read the answer when all is sent, and a connection closed before that takes the answer along.
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    while message.get("more_body") and read < self.max_body + THROW_AWAY:
                        message = await receive_some()
            # The connection is of no more use: the rest of the body would have to be read first.
            raise HTTPException(413, f"the body is longer than {self.max_body} bytes", headers={"Connection": "close"})

        async def send_noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        await self.app(scope, receive_limited, send_noted)


def _event(job: Job) -> ServerSentEvent:
    state = job_state(job).model_dump_json(exclude_unset=True)
    return ServerSentEvent(raw_data=state, id=blake2s(state.encode(), digest_size=6).hexdigest())


@asynccontextmanager
async def in_process(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Run an app and give a client that calls it directly: no socket, so it works in simulated time.

    Args:
        app: what `create_app` returns. It is started before, and stopped after, the `async with` block.
    """
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app")
    async with app.router.lifespan_context(app), client:
        yield client


@asynccontextmanager
async def serve(app: FastAPI) -> AsyncIterator[str]:
    """Run an app on a real server, on a free port of this machine's loopback interface; give its address.

    The server is uvicorn, in this thread's loop. It is stopped at the end of the `async with` block, also on failure;
    a stream that is still open then is cut off after a second.
    """
    import uvicorn  # where there are no sockets, such as in a browser, the rest of this module works without it

    class Server(uvicorn.Server):
        """uvicorn without its signal handlers: Ctrl-C belongs to the notebook."""

        def capture_signals(self) -> AbstractAsyncContextManager[None]:  # type: ignore[override]
            return nullcontext()

    # asyncio sends small answers at once (TCP_NODELAY) only on sockets that say they are TCP.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        server = Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                if running.done():
                    running.result()
                    raise RuntimeError("the server stopped before it had started")
                await asyncio.sleep(0.005)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
