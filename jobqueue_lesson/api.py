"""The HTTP service: validate, enqueue, answer 202 (notebook 06).

The endpoints never do the work. The first turns a request into a job, the second says how that job is doing, and the
third goes on saying it until the job has ended (notebook 09).
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
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

from .dead_letters import Problem, admin_router
from .job import Job, Status, check_count
from .progress import follow
from .queue import KeyReused, QueueContract, QueueFull
from .worker import Worker


def _written_out(value: object) -> object:
    """Refuse what pydantic would kindly take for a date, such as the number 0."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError(f"a date is a text such as '2026-01-31', got {value!r}")
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


def job_state(job: Job) -> JobState:
    """Say how a job is doing, with only those fields set that apply."""
    state = JobState(id=job.id, status=job.status)
    if job.progress is not None:
        state.progress = job.progress
        state.note = job.note
    if job.status is Status.COMPLETED:
        state.result = job.result
    elif job.status is Status.FAILED:
        state.error = job.error
    return state


# With `model`, FastAPI would say that a refusal comes as an event stream too.
_PROBLEM: dict[str, Any] = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

LastSeen = Annotated[str | None, Header(alias="Last-Event-ID")]


class _NothingNew(Exception):
    """The client has seen how the job ended: it shall not connect again."""


def create_app(
    queue: QueueContract, worker: Worker | None = None, *, retry_after: int = 1, admin_token: str | None = None
) -> FastAPI:
    """Build the service around a queue.

    Args:
        queue: where the jobs go.
        worker: started and stopped with the app. None: the workers are somewhere else.
        retry_after: seconds a client shall wait when the queue is full.
        admin_token: opens the endpoints for dead letters to whoever sends it; see `dead_letters`. None: there are none.

    Returns:
        An ASGI application. All of its endpoints are `async def`, so it runs in simulated time too.
    """
    check_count("retry_after", retry_after)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if worker is None:
            yield
            return
        running = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            worker.stop()
            await running

    app = FastAPI(title="Reports", lifespan=lifespan)

    @app.post(
        "/api/reports",
        status_code=202,
        response_model=Accepted,
        responses={status: {"model": Problem} for status in (400, 422, 503)},
    )
    async def create_report(
        report: ReportRequest,
        response: Response,
        idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
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
    async def get_job(job_id: int) -> JobState:
        """Say how a job is doing."""
        return job_state(known(job_id))

    async def worth_a_stream(job_id: int, last_event_id: LastSeen = None) -> None:
        """Refuse before the stream begins: after that, the status has been sent."""
        job = known(job_id)
        if job.status in (Status.COMPLETED, Status.FAILED) and _event(job).id == last_event_id:
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
    async def stream_job(job_id: int, last_event_id: LastSeen = None) -> AsyncIterator[ServerSentEvent]:
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

    if admin_token is not None:
        app.include_router(admin_router(queue, admin_token))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)

    @app.exception_handler(QueueFull)
    async def full(request: Request, error: QueueFull) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 503, headers={"Retry-After": str(retry_after)})

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
        return JSONResponse({"error": "; ".join(faults)}, 422)

    return app


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
