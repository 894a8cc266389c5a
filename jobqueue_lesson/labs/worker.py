"""Page 3: its panel, and the questions of its cards."""

from __future__ import annotations

import asyncio
import random
from statistics import fmean
from typing import NamedTuple

from matplotlib.axes import Axes

from ..queue import JobQueue
from ..show.cards import Option, Question, predicting
from ..show.style import format_duration
from ..simulation import Simulation
from .panel import Choice, Controls, Lab, Slider, round_up

QUESTIONS = {
    "two-workers": Question(
        "A report takes 30 ms. A second worker comes to help. How long does a report take now?",
        (
            Option("15 ms", "Two workers do two jobs. They do not share one."),
            Option("30 ms", "No job gets faster. Only the wait for a worker gets shorter.", right=True),
            Option("A little more than 30 ms", "They have nothing to agree on: each has a job of its own."),
        ),
    ),
    "crash": Question(
        "An e-mail without an address makes its handler crash. Who suffers?",
        (
            Option("The API goes down with it.", "The API enqueued the job and moved on. The handler runs elsewhere."),
            Option(
                "That job only, whatever the worker's loop looks like.",
                "Only if the loop keeps the exception inside the job. This first loop did not.",
            ),
            Option(
                "All jobs behind it, if nobody catches the exception.",
                "The loop ends with the exception, and nobody takes the next job.",
                right=True,
            ),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)


class Pickups(NamedTuple):
    """How a worker found its jobs."""

    waits: list[float]
    """Seconds from enqueue to pick-up, for each job."""
    looks: int
    """How many times it asked the queue."""
    empty: int
    """How many of these found nothing."""


def polling(
    every_ms: int = 50, jobs_per_second: float = 2.0, wake: bool = False, jobs: int = 40, seed: int = 3
) -> Pickups:
    """Let one worker poll the queue, or be woken when there is a job.

    Args:
        every_ms: milliseconds between two looks at an empty queue; ignored with `wake`.
        jobs_per_second: how many jobs arrive, at random.
        wake: whether the queue wakes the worker.
        jobs: how many jobs there are.
        seed: for the random arrivals.
    """
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    rng = random.Random(seed)
    waits: list[float] = []
    looks = empty = 0

    async def produce() -> None:
        for _ in range(jobs):
            await asyncio.sleep(rng.expovariate(jobs_per_second))
            queue.enqueue("work")

    async def consume() -> None:
        nonlocal looks, empty
        while len(waits) < jobs:
            job = queue.dequeue()
            looks += 1
            if job is None:
                empty += 1
                await (queue.wait() if wake else asyncio.sleep(every_ms / 1000))
            else:
                waits.append(sim.time() - job.created_at)
                await asyncio.sleep(0.010)
                queue.complete(job.id)

    async def both() -> None:
        await asyncio.gather(produce(), consume())

    sim.run(both())
    return Pickups(waits, looks, empty)


def polling_lab() -> Lab:
    """Return a panel for `polling`."""

    def draw(outcome: Pickups, ax: Axes) -> None:
        ax.vlines(range(1, len(outcome.waits) + 1), 0, [1000 * wait for wait in outcome.waits], color="#0072b2", lw=9)
        ax.set(xlabel="job", ylabel="wait for pick-up (ms)", ylim=(0, round_up(1100 * max(outcome.waits))))
        ax.grid(visible=True, axis="y")

    def say(outcome: Pickups) -> str:
        mean, longest = format_duration(fmean(outcome.waits)), format_duration(max(outcome.waits))
        return (
            f"A job waits {mean} on average, {longest} at worst.\n"
            f"The worker looked {outcome.looks:,} times; {outcome.empty:,} looks found nothing."
        )

    controls: Controls = {
        "wake": Choice("the queue wakes it", (False, True), False),
        "every_ms": Slider("look every (ms)", 5, 500, 5, 50),
        "jobs_per_second": Slider("jobs per second", 0.5, 20.0, 0.5, 2.0),
    }
    return Lab("Is there a good polling interval?", polling, draw, say, controls)
