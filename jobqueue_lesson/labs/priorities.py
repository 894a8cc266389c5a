"""Page 5: its panel, and the questions of its cards."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from statistics import fmean
from typing import NamedTuple

from matplotlib.axes import Axes

from ..job import Job
from ..queue import JobQueue
from ..show.cards import Option, Question, predicting, remembering
from ..show.style import format_duration
from ..simulation import Simulation
from ..worker import Worker
from .panel import Controls, Lab, Slider

QUESTIONS = {
    "starving": Question(
        "Urgent jobs keep a worker busy 95 % of the time. 60 normal jobs arrive in a minute, which makes 105 % in all."
        " How many of the 60 never get a turn?",
        (
            Option(
                "None: priority only changes the order.",
                "There is more work than one worker can do: some jobs must go without.",
            ),
            Option("About 3: it is 5 % too much", "The 5 % is not shared out: the normal jobs bear all of it."),
            Option("About 30", "5 % of all the work is half of the normal jobs' work.", right=True),
        ),
    ),
    "interrupts": Question(
        "A newsletter is being sent when a reminder of priority 10 falls due. What happens?",
        (
            Option("The newsletter is put aside.", "A priority decides who is next. It interrupts nobody."),
            Option(
                "The reminder is next.",
                "It waits for the newsletter to end, then goes ahead of everything still waiting.",
                right=True,
            ),
            Option(
                "The reminder goes to the end of the line.",
                "The line is ordered by priority first, and only then by time.",
            ),
        ),
    ),
}

REMEMBER = {
    "one-e-mail": Question(
        "Page 4: a job that sends an e-mail may be tried again. How is only one e-mail sent?",
        (
            Option(
                "The mail server knows the e-mail by its key.", "It does nothing for a key it has seen.", right=True
            ),
            Option("The handler sends it in its last attempt only.", "It does not know which attempt is the last."),
            Option("A longer backoff gives the answer time.", "An answer that got lost never comes."),
        ),
    ),
    "late-report": Question(
        "Page 2: a job is completed. Then a slow worker reports that it failed. What happens?",
        (
            Option("The last report counts: it has failed.", "Then on-call would repair what works."),
            Option("It is pending again, for another try.", "A failed job is. This one was completed before."),
            Option("The queue refuses that move.", "No move leads out of completed.", right=True),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)
remember = remembering(__name__, REMEMBER)


class Starvation(NamedTuple):
    """Seconds from enqueue to pick-up: (enqueued at, wait) for each job that was picked up."""

    urgent: list[tuple[float, float]]
    normal: list[tuple[float, float]]
    unserved: int
    """Normal jobs that were still waiting at the end."""


def starvation(urgent_per_second: float = 9.5, aging: float = 0.0, seconds: float = 60.0, seed: int = 5) -> Starvation:
    """Give one worker, which can do ten jobs per second, urgent and normal jobs.

    Args:
        urgent_per_second: how many jobs of priority 10 arrive, at random.
        aging: points of priority that a waiting job gains per second.
        seconds: how long it runs. One normal job, of priority 0, arrives per second.
        seed: for the random arrivals.
    """
    sim = Simulation()
    queue = JobQueue(clock=sim.time, aging=aging)
    rng = random.Random(seed)
    jobs: list[Job] = []

    async def arrive(priority: int, gap: Callable[[], float]) -> None:
        while True:
            await asyncio.sleep(gap())
            jobs.append(queue.enqueue("work", priority=priority))

    async def work(_: object) -> None:
        await asyncio.sleep(0.1)

    sim.create_task(arrive(0, lambda: 1.0))
    if urgent_per_second:
        sim.create_task(arrive(10, lambda: rng.expovariate(urgent_per_second)))
    sim.create_task(Worker(queue, {"work": work}).run())
    sim.run(asyncio.sleep(seconds))
    waits: dict[int, list[tuple[float, float]]] = {0: [], 10: []}
    for job in jobs:
        if job.started_at is not None:
            waits[job.priority].append((job.created_at, job.started_at - job.created_at))
    return Starvation(waits[10], waits[0], sum(1 for job in jobs if job.priority == 0 and job.started_at is None))


def draw_waits(outcome: Starvation, ax: Axes) -> None:
    """Draw each job's wait over the time at which it was enqueued."""
    ax.plot(*zip(*outcome.urgent or [(0.0, 0.0)], strict=True), ".", color="#0072b2", ms=5, label="urgent jobs")
    ax.plot(*zip(*outcome.normal or [(0.0, 0.0)], strict=True), "D", color="#d55e00", ms=6, label="normal jobs")
    longest = max((wait for _, wait in outcome.urgent + outcome.normal), default=0.0)
    ax.set(xlabel="enqueued at (s)", ylabel="waited (s)", xlim=(0, 60), ylim=(0, 20 if longest <= 17 else 60))
    ax.grid(visible=True, axis="y")
    ax.legend(loc="upper left", title=f"{outcome.unserved} normal jobs never got a turn", alignment="left", ncols=2)


def say_waits(outcome: Starvation) -> str:
    """Summarize the waits in words."""

    def mean(waits: list[tuple[float, float]]) -> str:
        return format_duration(fmean(wait for _, wait in waits)) if waits else "–"

    return (
        f"Urgent jobs wait {mean(outcome.urgent)} on average. "
        f"Normal jobs that got a turn wait {mean(outcome.normal)}.\n"
        f"{outcome.unserved} normal jobs never got a turn in the minute."
    )


def starvation_lab() -> Lab:
    """Return a panel for `starvation`."""
    controls: Controls = {
        "urgent_per_second": Slider("urgent jobs per second", 0.0, 15.0, 0.5, 9.5),
        "aging": Slider("aging (points per second)", 0.0, 10.0, 0.5, 0.0),
    }
    return Lab("Does any aging serve everyone, and who pays for it?", starvation, draw_waits, say_waits, controls)
