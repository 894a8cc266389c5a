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
        "The handler has two duties: to answer, and to get the report made. Only one of them is urgent.",
        "The code that makes the reports later looks in `to_do`. So the request has to end up there.",
        "No sleep. If 'format' is not in the request, return 422; otherwise to_do.append(request) and return 202.",
    ],
)
def check_handler(answer: Any) -> None:
    """Add a request to `to_do`, and answer 202 at once; if it has no format, answer 422, and do not add it."""
    requests = [{"format": "pdf", "number": number} for number in range(20)]
    sim, to_do = Simulation(), []  # type: ignore[var-annotated]

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(answer(request, to_do) for request in requests))

    statuses = sim.run(all_at_once())
    took = round(1000 * sim.time())
    expect(took <= 10, f"20 answers took {took} ms", "at most 10 ms: a worker makes the report later")
    same("the statuses of the answers", sorted(set(statuses)), [202], verb="are")
    strange = [item for item in to_do if item not in requests]
    expect(not strange, f"to_do holds {strange[:1]}", f"the requests themselves, such as {requests[0]}")
    expect(
        to_do == requests,
        f"{len(to_do)} of 20 requests in to_do",
        "each of the 20 requests once, in the order they came",
    )
    same("your handler, given a request without a format,", sim.run(answer({"number": 21}, to_do)), 422)
    expect(len(to_do) == 20, "the request without a format is in to_do", "only requests that can be carried out")


my_places = 4


@exercise(
    "01_why_background_jobs",
    "enough places",
    stub=my_places,
    hints=[
        "How many rounds of 200 ms fit into 400 ms?",
        "With p places, 20 requests make 20 / p rounds, rounded up.",
    ],
)
def check_places(answer: Any) -> None:
    """Choose how many places the slow server needs: 20 requests of 200 ms within 400 ms, and no more than 12 places."""
    expect(type(answer) is int, f"{answer!r}", "a whole number of places, such as 4")
    expect(answer >= 1, f"{answer} places", "at least one place, or nobody is ever served")
    expect(answer <= 12, f"{answer} places", "no more than 12: places cost money")

    async def request(places: asyncio.Semaphore) -> None:
        async with places:
            await asyncio.sleep(0.200)

    async def twenty() -> None:
        places = asyncio.Semaphore(answer)
        await asyncio.gather(*(request(places) for _ in range(20)))

    sim = Simulation()
    sim.run(twenty())
    took = round(1000 * sim.time())
    expect(took <= 400, f"with {answer} places the last answer comes after {took} ms", "at most 400 ms")
