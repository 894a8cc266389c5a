"""Checks for page 1."""

from __future__ import annotations

import asyncio
from typing import Any

from ..simulation import Simulation
from .check import exercise, expect, same


async def my_handler(request, to_do):  # type: ignore[no-untyped-def]
    await asyncio.sleep(0.200)  # make the report
    return 202


@exercise(
    "01_why_background_jobs",
    "answer at once",
    stub=my_handler,
    hints=[
        "Two kinds of requests come in, and both get an answer at once. Which kind belongs on the list?",
        "The code that makes the reports later looks in `to_do`. So the request has to end up there.",
        "No sleep. If 'format' is not in the request, return 422; otherwise to_do.append(request) and return 202.",
    ],
)
def check_handler(answer: Any) -> None:
    """Add a request to `to_do`, and answer 202 at once; if it has no format, answer 422, and do not add it."""
    formats = ("pdf", "csv", "html")
    good = [{"format": formats[number % 3], "number": number} for number in range(20)]
    requests = [dict(request) for request in good]
    sim, to_do = Simulation(), []  # type: ignore[var-annotated]

    async def all_at_once() -> tuple[list[Any], int]:
        before = asyncio.all_tasks()
        answers = await asyncio.gather(*(answer(request, to_do) for request in requests))
        return answers, len(asyncio.all_tasks() - before)

    statuses, working = sim.run(all_at_once())
    took = round(1000 * sim.time())
    expect(
        took <= 10,
        f"20 answers took {took} ms",
        "at most 10 ms: a worker makes the report later",
        "The handler has two duties: to answer, and to get the report made. Only one of them is urgent.",
    )
    for request, status in zip(good, statuses, strict=True):
        _answers(request, status, 202, "This request can be carried out: it has a format.")
    expect(requests == good, f"a request has become {_first_change(requests, good)}", "requests as they were", AS_IT_IS)
    strange = [item for item in to_do if item not in good]
    expect(not strange, f"to_do holds {strange[:1]}", f"the requests themselves, such as {good[0]}", AS_IT_IS)
    expect(
        to_do == good,
        f"{len(to_do)} requests in to_do, after 20 requests",
        "each of the 20 requests once, in the order they came",
        "The code that makes the reports later goes through to_do from the start: each request is needed there once.",
    )
    expect(
        not working,
        f"{working} tasks still at work in the server, after the last answer",
        "none: the handler notes the request down, and that is all",
        "A worker goes through to_do and makes each report. If the handler starts it as well, it is made twice.",
    )
    for bad in ({"number": 20}, {}, {"number": 3, "type": "pdf"}):
        asked = sim.time()
        _answers(bad, sim.run(answer(dict(bad), to_do)), 422, "Which key does this request not have?")
        took = round(1000 * (sim.time() - asked))
        expect(
            took <= 10, f"to refuse {bad} took {took} ms", "at most 10 ms", "A refusal needs no work: answer at once."
        )
        expect(
            to_do == good,
            f"the request {bad} is in to_do, without a format",
            "only requests that can be carried out",
            "Look for the format before the request is on the list.",
        )
    later: list[dict[str, Any]] = [dict(good[4]), {"format": "braille"}]
    for asked_for in later:
        _answers(asked_for, sim.run(answer(dict(asked_for), to_do)), 202, "It has a format. More is not asked of it.")
    expect(
        to_do == [*good, *later],
        f"{len(to_do)} requests in to_do, after 22 good ones",
        "all 22",
        "Another client may send the very same request, and needs a report too.",
    )


AS_IT_IS = "What goes on the list is the request itself, with everything in it."


def _answers(request: dict[str, Any], status: object, expected: int, hint: str) -> None:
    if isinstance(status, str):
        hint = f"The status is a number: {expected}, without quotes."
    same(f"your handler, given {request},", status, expected, hint)


def _first_change(requests: list[Any], good: list[Any]) -> Any:
    return next((request for request, before in zip(requests, good, strict=True) if request != before), None)
