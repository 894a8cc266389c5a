"""Page 1: an API with a button, its panel, and the questions of its cards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from ..contract import Clock
from ..job import COMPLETE, JobEvent
from ..queue import JobQueue
from ..retries import DoNotRetry
from ..show.cards import Option, Question, predicting
from ..show.replay import Live, live
from ..show.style import format_duration
from ..simulation import Simulation
from ..worker import Worker
from .panel import Controls, Lab, Slider, round_up

QUESTIONS = {
    "monday-morning": Question(
        "20 requests at once, 200 ms of work each, 4 places. When does the last one get its answer?",
        (
            Option("After 200 ms", "That is its own work. Before that it waits at the door."),
            Option("After 1 s", "20 requests through 4 places are 5 rounds of 200 ms.", right=True),
            Option("After 4 s", "That would be one place: 20 times 200 ms. There are four."),
        ),
    ),
    "faster": Question(
        "Now you put a queue behind the API. What does it make faster?",
        (
            Option("The work", "The same work, 4 at a time: all reports are ready after 1 s, as before."),
            Option("The answer", "The handler only notes the work down. The work takes as long as ever.", right=True),
            Option("Both", "The answer, yes. But the last report is ready after 1 s, with and without a queue."),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)


IS_OPEN = "The API is open."
LAST_ANSWER = "The last answer took {seconds} s."


class GaveUp(DoNotRetry):
    """The client has left before its turn came."""


def slow_api(places: int = 2, work: float = 1.0, timeout: float = 3.0, clock: Clock = time.time) -> Live:
    """Show a button for an API that does the work in the request, in real time: press it until it hurts.

    Args:
        places: how many requests the API can process at the same time.
        work: seconds of work per request.
        timeout: seconds that a client waits for its turn before it gives up.
        clock: real time, by default.
    """
    door = JobQueue("API without a queue", clock=clock)

    too_long = f"after {timeout:g} s at the door"

    async def handle(asked_at: float) -> None:
        if door.clock() - asked_at > timeout:
            raise GaveUp(too_long)
        await asyncio.sleep(work)

    def show_last_answer(event: JobEvent) -> None:
        if event.move is COMPLETE and (request := door.get(event.job_id)) is not None:
            stage.state = LAST_ANSWER.format(seconds=f"{event.at - request.created_at:.1f}")

    words = {
        "job": "request",
        "jobs": "requests",
        "api": "clients",
        "came": "have asked",
        "queue": "waiting at the door",
        "workers": "the API's places",
        "completed": "answered",
        "failed": "gave up",
        "enqueue": "is at the door",
        "dequeue": "is being worked on in",
        "complete": "is answered",
        "fail": "is not answered",
        "nothing": "nobody has asked yet",
    }
    server = Worker(door, {"for a report": handle}, name="place", concurrency=places)
    stage = live(door, {"Send a request": lambda: door.enqueue("for a report", door.clock())}, server, words=words)
    stage.startable = False  # an API is open all the time
    with suppress(RuntimeError):  # outside a notebook, there is no loop to run it in
        stage.start()
        stage.state = IS_OPEN
    stage.copy = {
        "job": "for a report",
        "seconds": work,
        "patience": timeout,
        "error": [GaveUp.__name__, too_long],
        "open": IS_OPEN,
        "last": LAST_ANSWER,
    }
    door.subscribe(show_last_answer)
    return stage


class Requests(NamedTuple):
    """Seconds after the start of the rush, for each request."""

    waited: list[float]
    """When the client had its answer, from a handler that does the work itself."""
    queued: list[float]
    """When the client had its answer, from a handler that enqueues."""
    done: list[float]
    """When a worker had done the request's work."""


def rush(requests: int = 20, work_ms: int = 200, at_once: int = 4) -> Requests:
    """Send requests, all at once, to a server with and without a queue behind it.

    Args:
        requests: how many.
        work_ms: milliseconds of slow work per request.
        at_once: how many requests the server, or jobs the worker, can process at the same time.
    """
    enqueue_s = 0.001
    waited: list[float] = []
    queued: list[float] = []
    done: list[float] = []

    async def work(_: object) -> None:
        await asyncio.sleep(work_ms / 1000)
        done.append(sim.time())

    async def handler_that_works(slots: asyncio.Semaphore) -> None:
        async with slots:
            await asyncio.sleep(work_ms / 1000)
        waited.append(sim.time())

    async def handler_that_enqueues(slots: asyncio.Semaphore) -> None:
        async with slots:
            await asyncio.sleep(enqueue_s)
            queue.enqueue("work")
        queued.append(sim.time())

    async def all_at_once(handler: Callable[[asyncio.Semaphore], Any]) -> None:
        slots = asyncio.Semaphore(at_once)
        await asyncio.gather(*(handler(slots) for _ in range(requests)))

    sim = Simulation()
    sim.run(all_at_once(handler_that_works))
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    worker = Worker(queue, {"work": work}, concurrency=at_once)
    sim.create_task(worker.run())
    sim.run(all_at_once(handler_that_enqueues))
    sim.run(queue.join())
    return Requests(waited, queued, done)


def rush_lab() -> Lab:
    """Return a panel for `rush`."""

    def draw(outcome: Requests, ax: Axes) -> None:
        numbers = range(1, len(outcome.waited) + 1)
        ax.plot(numbers, outcome.waited, "X", color="#d55e00", ms=8, label="answered, work done by the handler")
        ax.plot(numbers, outcome.done, "|", color="#767676", ms=14, mew=2, label="work done by the worker")
        ax.plot(numbers, outcome.queued, "o", color="#0072b2", ms=7, label="answered 202, work enqueued")
        top = round_up(1.1 * max(*outcome.waited, *outcome.done))
        ax.set(xlabel="request", ylabel="seconds after the rush began", xlim=(0, 41), ylim=(0, top))
        ax.grid(visible=True, axis="y")
        ax.legend()  # where it hides the fewest marks

    def say(outcome: Requests) -> str:
        without, answered, done = (format_duration(max(times)) for times in outcome)
        return (
            f"Last answer: {without} without a queue, {answered} with one.\n"
            f"All the work done: {without} without a queue, {done} with one."
        )

    controls: Controls = {
        "requests": Slider("requests at once", 1, 40, 1, 20),
        "work_ms": Slider("work for each (ms)", 10, 1000, 10, 200),
        "at_once": Slider("done at the same time", 1, 10, 1, 4),
    }
    return Lab("How much server does a queue save?", rush, draw, say, controls)
