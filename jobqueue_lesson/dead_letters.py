"""Dead letters: jobs that have permanently failed, kept for manual inspection (page 7).

The queue keeps them: see `dead`, `revive` and `discard` of `Producer`. This module adds what an operator needs: HTTP
endpoints, behind a token, that list dead letters page by page, and revive or discard them.
"""

from __future__ import annotations

import hmac
import reprlib
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel
from pydantic_core import to_json
from starlette.convertors import Convertor, register_url_convertor

from .arguments import LARGEST
from .contract import Producer
from .job import IllegalMove, Job, JobNotFound, Status

WITHOUT_NUL = r"^[^\x00]*$"
"""What a string from a client must match: PostgreSQL cannot store a NUL in one."""


class Failure(BaseModel):
    """One attempt that failed."""

    attempt: int
    error: str
    at: float
    """Seconds on the queue's clock."""


class DeadLetter(BaseModel):
    """A job that has permanently failed, with the error of every attempt."""

    id: int
    type: str
    data: Any
    errors: list[Failure]


class DeadLetters(BaseModel):
    """A page of dead letters."""

    deadLetters: list[DeadLetter]  # noqa: N815 - the name on the wire
    next: str | None
    """The address of the next page; None on the last."""


class Revived(BaseModel):
    """How many jobs were given new attempts."""

    revived: int


class Problem(BaseModel):
    """Why a request was refused."""

    error: str


def presentable(value: Any) -> Any:
    r"""Return a value if JSON can represent it, else a string that shows it: any job can be looked up.

    Half a surrogate pair in a string is written as Python writes it, `\ud800`. Anything else that JSON cannot take,
    such as an object, or a structure nested deeper than 255 levels, is shown by its `repr`, shortened.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    try:
        to_json(value)
    except (ValueError, RecursionError):  # pydantic's errors are ValueErrors
        return reprlib.repr(value).encode("utf-8", "backslashreplace").decode()
    return value


def dead_letter(job: Job) -> DeadLetter:
    """Describe a failed job, with the error and the time of each of its attempts."""
    errors = [Failure(attempt=error.attempt, error=presentable(str(error)), at=error.at) for error in job.errors]
    return DeadLetter(id=job.id, type=presentable(job.type), data=presentable(job.data), errors=errors)


class _Digits(Convertor[str]):
    """An id in a path, as a string of digits. Starlette's own `int` raises on thousands of digits: a 500."""

    regex = "[0-9]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("digits", _Digits())


async def possible_id(job_id: int) -> int:
    """Answer 404 for an id that no job can have, without asking the queue.

    Raises:
        HTTPException: 404.
    """
    if not 1 <= job_id <= LARGEST:
        raise HTTPException(404, "Job not found")
    return job_id


JobId = Annotated[int, Depends(possible_id)]


def revive_all(queue: Producer, type: str | None = None) -> int:
    """Give every dead letter of a type, or of all types, new attempts; return how many there were.

    A job that is revived or discarded by another client meanwhile is skipped.
    """
    revived = last = 0
    while page := queue.dead(type, after=last):
        for job in page:
            last = job.id
            try:
                queue.revive(job.id)
            except (IllegalMove, JobNotFound):
                continue
            revived += 1
    return revived


def admin_router(queue: Producer, token: str) -> APIRouter:
    """Build the endpoints with which an operator handles dead letters.

    Args:
        queue: the queue with the dead letters.
        token: what each request must send: `Authorization: Bearer <token>`.

    Raises:
        TypeError, ValueError: for a token that is not a string, is empty, or cannot be sent in a header.
    """
    if not isinstance(token, str):
        raise TypeError(f"admin_token must be a string, got {token.__class__.__name__}")
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError("admin_token must be one or more visible ASCII characters, without spaces")
    expected = token.encode()

    async def authorized(request: Request) -> None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        # The comparison takes the same time for any wrong token, so its duration reveals nothing.
        if not hmac.compare_digest(given.encode(), expected) or scheme.lower() != "bearer":
            raise HTTPException(401, "Unauthorized", headers={"WWW-Authenticate": "Bearer"})

    problem: dict[str, Any] = {"model": Problem}
    router = APIRouter(
        prefix="/api/admin/dead-letters",
        dependencies=[Depends(authorized)],
        responses={401: problem, 422: problem},
    )

    @router.get("")
    async def list_dead_letters(
        type: Annotated[str | None, Query(min_length=1, pattern=WITHOUT_NUL)] = None,
        after: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    ) -> DeadLetters:
        """List dead letters by id, a page at a time."""
        found = queue.dead(type, after=after, limit=limit + 1)
        more = None
        if len(found) > limit:
            query = {"after": found[limit - 1].id, "limit": limit} | ({"type": type} if type else {})
            more = f"{router.prefix}?{urlencode(query)}"
        return DeadLetters(deadLetters=[dead_letter(job) for job in found[:limit]], next=more)

    @router.post("/revive")
    async def revive_all_dead_letters(
        type: Annotated[str | None, Query(min_length=1, pattern=WITHOUT_NUL)] = None,
    ) -> Revived:
        """Give every dead letter of a type, or of all types, new attempts."""
        return Revived(revived=revive_all(queue, type))

    not_dead: dict[int | str, dict[str, Any]] = {404: problem, 409: problem}

    @router.get("/{job_id:digits}", responses=not_dead)
    async def get_dead_letter(job_id: JobId) -> DeadLetter:
        """Show one dead letter."""
        job = queue.get(job_id)
        if job is None:
            raise HTTPException(404, "Job not found")
        if job.status is not Status.FAILED:
            raise HTTPException(409, f"job #{job_id} is not a dead letter: it is {job.status}")
        return dead_letter(job)

    @router.post("/{job_id:digits}/revive", responses=not_dead)
    async def revive_dead_letter(job_id: JobId) -> Revived:
        """Give one dead letter new attempts."""
        _move(queue.revive, job_id)
        return Revived(revived=1)

    @router.delete("/{job_id:digits}", status_code=204, responses=not_dead)
    async def discard_dead_letter(job_id: JobId) -> None:
        """Delete one dead letter."""
        _move(queue.discard, job_id)

    return router


def _move(move: Callable[[int], Job], job_id: int) -> None:
    try:
        move(job_id)
    except JobNotFound as error:
        raise HTTPException(404, "Job not found") from error
    except IllegalMove as error:
        raise HTTPException(409, str(error)) from error
