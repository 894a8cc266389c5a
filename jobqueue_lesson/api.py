"""The HTTP service: validate, enqueue, answer 202 (page 6).

The endpoints never do the work. The first turns a request into a job, the second reports the job's status, and the
third streams that status until the job ends (page 9). The last one reports the health of the service itself.
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

from .arguments import validate_count
from .contract import Producer
from .dead_letters import WITHOUT_NUL, JobId, Problem, admin_router, presentable
from .job import ENDED, Job, KeyReused, QueueFull, Status, StorageError
from .progress import follow
from .worker import Worker

log = logging.getLogger("jobqueue_lesson")

RESTART_DELAY = 1.0  # seconds between a crash of the app's own worker and its restart
UNHEALTHY_FOR = 10.0  # seconds for which one StorageError makes the service unhealthy
MAX_FAULTS = 10  # how many faults one answer names
MAX_DISCARDED = 16 * 1024 * 1024  # bytes of an overlong body that are read and discarded before the answer…
DISCARD_TIMEOUT = 2.0  # …for at most so many seconds
STORAGE_DOWN = "the queue's storage is down: try again later"


def _require_iso_date(value: object) -> object:
    """Reject what pydantic would also accept as a date, such as the number 0."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError(f"a date must be a string such as '2026-01-31', got {reprlib.repr(value)}")
    return value


Day = Annotated[date, BeforeValidator(_require_iso_date)]


class DateRange(BaseModel):
    """The days a report covers, both included."""

    model_config = ConfigDict(extra="forbid")

    start: Day = Field(alias="from")
    end: Day = Field(alias="to")

    @model_validator(mode="after")
    def in_order(self) -> DateRange:
        """Reject a range that ends before it starts."""
        if self.end < self.start:
            raise ValueError(f"'to' must not be before 'from', got {self.start} to {self.end}")
        return self


class ReportRequest(BaseModel):
    """What a client sends to order a report."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["pdf", "csv", "html"]
    dateRange: DateRange  # noqa: N815 - the name on the wire


class Accepted(BaseModel):
    """The answer to a request that has become a job."""

    jobId: int  # noqa: N815
    status: Literal["queued"]
    statusUrl: str  # noqa: N815


class JobState(BaseModel):
    """A job's status, with `result` only if it is completed, and `error` only if it has failed.

    `progress`, from 0 to 1, and `note` are there only if its handler reports them.
    """

    id: int
    status: Status
    progress: float | None = None
    note: str = ""
    result: Any = None
    error: str | None = None


class Health(BaseModel):
    """The answer of a healthy service."""

    status: Literal["ok"] = "ok"
    worker: Literal["running", "elsewhere"]
    """Whether the app has a worker of its own."""


def job_state(job: Job) -> JobState:
    """Return a job's status, with only those fields set that apply."""
    state = JobState(id=job.id, status=job.status)
    if job.progress is not None:
        state.progress = job.progress
        state.note = presentable(job.note)
    if job.status is Status.COMPLETED:
        state.result = presentable(job.result)
    elif job.status is Status.FAILED:
        state.error = presentable(job.error)
    return state


# With `model`, FastAPI would document these errors as event streams, too.
_PROBLEM: dict[str, Any] = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

LastSeen = Annotated[str | None, Header(alias="Last-Event-ID")]


class _NothingNew(Exception):
    """The client has already seen the job's final status; it must not reconnect."""


def create_app(
    queue: Producer,
    worker: Worker | None = None,
    *,
    retry_after: int = 1,
    max_body: int = 64 * 1024,
    admin_token: str | None = None,
) -> FastAPI:
    """Build the service around a queue.

    202 means that the job is stored. It is given even while no worker is running: the job waits, and `GET /health`
    answers 503 until the worker is back. While the queue's storage is down, every endpoint that needs it answers 503.

    Args:
        queue: where the jobs go.
        worker: started and stopped with the app, and restarted if an error ends it. None: the workers run elsewhere.
        retry_after: seconds that a client is asked to wait when the queue is full or its storage is down.
        max_body: bytes that a request's body may have; a longer one is answered with 413. A body is in memory while it
            is validated, and validating one full of faults takes over a hundred times its size: without a limit, a
            single client could use up all memory. An order needs 100 bytes.
        admin_token: gives requests that carry it access to the endpoints for dead letters; see `dead_letters`. None:
            the app has no such endpoints.

    Returns:
        An ASGI application. All of its endpoints are `async def`, so it also runs in simulated time.

    Raises:
        TypeError, ValueError: for an invalid argument; the message names it.
    """
    validate_count("retry_after", retry_after)
    validate_count("max_body", max_body)
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
        """Report a job's status."""
        return job_state(find(job_id))

    async def before_stream(job_id: JobId, last_event_id: LastSeen = None) -> None:
        """Answer 404 or 204 before the stream starts: once it has started, the 200 has been sent."""
        job = find(job_id)
        if job.status in ENDED and _event(job).id == last_event_id:
            raise _NothingNew

    @app.get(
        "/api/jobs/{job_id}/events",
        response_class=EventSourceResponse,
        dependencies=[Depends(before_stream)],
        responses={
            204: {"description": "You have already seen the final status: do not reconnect"},
            404: {"description": "Not Found", "content": _PROBLEM},
            422: {"description": "Validation Error", "content": _PROBLEM},
        },
    )
    async def stream_job(job_id: JobId, last_event_id: LastSeen = None) -> AsyncIterator[ServerSentEvent]:
        """Stream a job's status, now and after each change, until the job ends.

        Each event is the whole status, and its id is a digest of it. So a client that was disconnected, and returns
        with the last id it has seen, gets only what is new.
        """
        async for job in follow(queue, job_id):
            event = _event(job)
            if event.id != last_event_id:
                yield event
            last_event_id = event.id

    def find(job_id: int) -> Job:
        job = queue.get(job_id)
        if job is None:
            raise HTTPException(404, "Job not found")
        return job

    @app.get(
        "/health", responses={503: {"description": "Jobs are not accepted, or not processed", "content": _PROBLEM}}
    )
    async def health() -> Health:
        """Report whether jobs are accepted and processed; if not, what is wrong."""
        faults = []
        try:
            queue.stats()
            recent = asyncio.get_running_loop().time() - storage_error_at < UNHEALTHY_FOR
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
        """Name each invalid field, and say what would be valid."""
        faults = [".".join(map(str, fault["loc"])) + ": " + fault["msg"] for fault in error.errors()]
        more = [f"and {len(faults) - MAX_FAULTS} more"] if len(faults) > MAX_FAULTS else []
        return JSONResponse({"error": "; ".join(faults[:MAX_FAULTS] + more)}, 422)

    return app


class _OwnWorker:
    """An app's own worker: it runs for as long as the app does."""

    def __init__(self, worker: Worker) -> None:
        self.running = False
        self._worker = worker

    @asynccontextmanager
    async def kept_running(self) -> AsyncIterator[None]:
        stopping = asyncio.Event()
        first = self._worker.run()  # not in the task: an app whose worker is already running must fail to start
        self.running = True
        task = asyncio.create_task(self._keep_running(first, stopping))
        try:
            yield
        finally:
            stopping.set()
            self._worker.stop()
            await task

    @property
    def without_storage(self) -> bool:
        """Whether the worker is waiting for its storage. `stats` may still work: a full disk can be read."""
        outage = self._worker.outage
        return outage is not None and outage.until is None

    async def _keep_running(self, run: Coroutine[Any, Any, None], stopping: asyncio.Event) -> None:
        """Run the worker, and restart it after each error, until the app stops."""
        try:
            while await self._crashed(run):
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), RESTART_DELAY)
                if stopping.is_set():
                    break
                run = self._worker.run()
                self.running = True
        finally:
            self.running = False

    async def _crashed(self, run: Coroutine[Any, Any, None]) -> bool:
        """Await a run, and return whether an error ended it."""
        try:
            await run
        except Exception:
            self.running = False
            log.exception("%s crashed; restarting it in %g s", self._worker.name, RESTART_DELAY)
            return True
        return False


class _BodyLimit:
    """Answers 413 to a request whose body is too long, without reading or keeping all of it.

    It counts the bytes as they arrive: Content-Length may be missing (a chunked body) or wrong.
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

        async def receive_counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            return message

        async def receive_limited() -> Message:
            message = await receive_counted()
            if read <= self.max_body:
                return message
            if answered:  # the app is streaming, and only waits for the client to disconnect
                return {"type": "http.disconnect"}
            # Most clients read the answer only after sending the whole body; closing the connection earlier loses it.
            with suppress(TimeoutError):
                async with asyncio.timeout(DISCARD_TIMEOUT):
                    while message.get("more_body") and read < self.max_body + MAX_DISCARDED:
                        message = await receive_counted()
            # The connection cannot be reused: the rest of the body would have to be read first.
            raise HTTPException(413, f"the body is longer than {self.max_body} bytes", headers={"Connection": "close"})

        async def send_answer(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        await self.app(scope, receive_limited, send_answer)


def _event(job: Job) -> ServerSentEvent:
    state = job_state(job).model_dump_json(exclude_unset=True)
    return ServerSentEvent(raw_data=state, id=blake2s(state.encode(), digest_size=6).hexdigest())


@asynccontextmanager
async def in_process(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Run an app, and yield a client that calls it directly: without a socket, so it works in simulated time.

    Args:
        app: what `create_app` returns. It is started before, and stopped after, the `async with` block.
    """
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app")
    async with app.router.lifespan_context(app), client:
        yield client


@asynccontextmanager
async def serve(app: FastAPI) -> AsyncIterator[str]:
    """Run an app on a real server, on a free port of the loopback interface; yield its address.

    The server is uvicorn, in this thread's event loop. It is stopped at the end of the `async with` block, even after
    an error; a stream that is still open then is closed after a second.
    """
    import uvicorn  # here, because a browser has no sockets: the rest of this module must work there without it

    class Server(uvicorn.Server):
        """uvicorn without its signal handlers: Ctrl-C belongs to the notebook."""

        def capture_signals(self) -> AbstractAsyncContextManager[None]:  # type: ignore[override]
            return nullcontext()

    # asyncio sends small answers at once (TCP_NODELAY) only on sockets whose protocol is TCP explicitly.
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
