"""Page 3: its panel, and the questions of its cards."""

from __future__ import annotations

import asyncio
import random
from statistics import fmean
from typing import NamedTuple

from matplotlib.axes import Axes

from ..capacity import quantile
from ..queue import JobQueue
from ..show.cards import Option, Question, predicting, remembering
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
        "The first of six jobs raises an exception. Who suffers?",
        (
            Option(
                "That job only",
                "Only if the loop keeps the exception inside the job. This first loop did not.",
            ),
            Option(
                "That job, and all the jobs behind it",
                "The loop ends with the exception, and nobody takes the next job.",
                right=True,
            ),
            Option("The API: it goes down", "The API enqueued the job and moved on. The handler runs elsewhere."),
        ),
    ),
}

REMEMBER = {
    "dequeued": Question(
        "A worker has dequeued job 7 and is running it. Where is job 7?",
        (
            Option(
                "Nowhere in the queue: the worker has it",
                "Then nobody could ask about it once its worker is dead. It stays on record.",
            ),
            Option(
                "Still pending in the queue, until it is done",
                "Then a second worker could take it too. Taking a job changes its status.",
            ),
            Option(
                "In the queue, as processing",
                "Taking a job changes its status, and the job stays on record. So it can be found if its worker dies.",
                right=True,
            ),
        ),
    ),
    "simulated-hour": Question(
        "In simulated time, a job sleeps for an hour. How long do you wait?",
        (
            Option("Not at all", "All tasks are asleep, so the clock jumps to the end of the sleep.", right=True),
            Option("A second or so: time runs faster", "Nothing runs faster. The clock jumps over what nobody needs."),
            Option("An hour: a sleep is a sleep", "asyncio's sleep asks a clock, and that clock has been replaced."),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)
remember = remembering(__name__, REMEMBER)


class Pickups(NamedTuple):
    """How a worker found its jobs."""

    waits: list[float]
    """Seconds from enqueue to pick-up, for each job."""
    looks: int
    """How many times it asked the queue."""
    empty: int
    """How many of these found nothing."""


def polling(
    every_ms: int = 50, jobs_per_second: float = 2, worker: str = "polls", jobs: int = 40, seed: int = 9
) -> Pickups:
    """Let one worker poll the queue, or be woken when there is a job.

    Args:
        every_ms: milliseconds between two looks at an empty queue, if the worker polls.
        jobs_per_second: how many jobs arrive, at random.
        worker: "polls", or "is woken" by the queue.
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
                await (queue.wait() if worker == "is woken" else asyncio.sleep(every_ms / 1000))
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
        ax.set(xlabel="job", ylabel="wait for pick-up (ms)", ylim=(0, round_up(max(550, 1100 * max(outcome.waits)))))
        ax.grid(visible=True, axis="y")

    def say(outcome: Pickups) -> str:
        mean = fmean(outcome.waits)
        p95 = quantile(outcome.waits, 0.95)
        return (
            f"A job waits {format_duration(mean)} on average; the p95 of the wait is {format_duration(p95)}.\n"
            f"The worker looked {outcome.looks:,} times; {outcome.empty:,} looks found nothing."
        )

    controls: Controls = {
        "worker": Choice("the worker", ("polls", "is woken"), "polls"),
        "every_ms": Slider("look every (ms)", 5, 500, 5, 50),
        "jobs_per_second": Slider("jobs per second", 1, 20, 1, 2),
    }
    lab = Lab("Is there a good polling interval?", polling, draw, say, controls)
    interval = lab.controls["every_ms"]
    lab.controls["worker"].observe(
        lambda change: setattr(interval, "disabled", change.new == "is woken"), names="value"
    )
    return lab
