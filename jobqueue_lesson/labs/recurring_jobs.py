"""Page 8: its panel, and the questions of its cards."""

from __future__ import annotations

import asyncio
import math
from typing import NamedTuple, get_args

from matplotlib.axes import Axes

from ..queue import JobQueue
from ..scheduler import Overlap, Scheduler, every
from ..show.cards import Option, Question, predicting
from ..simulation import Simulation
from ..worker import Worker
from .panel import Choice, Controls, Lab, Slider

QUESTIONS = {
    "drift": Question(
        "A loop works for 0.1 s, then sleeps for 1 s, 100 times over. When does the last of the 100 runs start?",
        (
            Option("At second 99", "Only if the work took no time. The loop never gets those 0.1 s back."),
            Option("A tenth of a second later", "Every round adds its own tenth, and the loop never makes up for one."),
            Option("About 10 seconds later", "There are 99 rounds before it, each 0.1 s too long.", right=True),
        ),
    ),
    "too-long": Question(
        "A job is due every second and takes 2.5 seconds. What should happen at the ticks while it is still running?",
        (
            Option(
                "Start another run alongside it.",
                "Then three run at once. If they slow each other down, soon it is ten.",
            ),
            Option(
                "It depends on the job.",
                "A clean-up can be skipped; a report should still run, just later. It is a setting.",
                right=True,
            ),
            Option("Queue a run for every tick.", "The line gets 1.5 s longer every second, forever."),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)


class Runs(NamedTuple):
    """What a recurring job did in a minute."""

    runs: list[tuple[float, float]]
    """(start, length) of each run, in seconds."""
    ticks: list[float]
    """The second of each tick."""


def recurring(interval: float = 5, work: float = 8.0, overlap: Overlap = "skip") -> Runs:
    """Run a recurring job for a minute.

    Args:
        interval: seconds from one tick to the next.
        work: seconds that a run takes.
        overlap: see `Scheduler.add`.
    """
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    scheduler = Scheduler(queue)
    runs: list[tuple[float, float]] = []

    async def handler(_: object) -> None:
        runs.append((sim.time(), work))
        await asyncio.sleep(work)

    scheduler.add("job", every(interval), "job", overlap=overlap)
    sim.create_task(scheduler.run())
    sim.create_task(Worker(queue, {"job": handler}, concurrency=4).run())
    sim.run(asyncio.sleep(60.0))
    return Runs(runs, [n * interval for n in range(1, math.floor(60 / interval) + 1)])


def recurring_lab() -> Lab:
    """Return a panel for `recurring`."""

    def draw(outcome: Runs, ax: Axes) -> None:
        looks = {0: ("#0072b2", ""), 1: ("#56b4e9", "//")}
        for odd, (colour, hatch) in looks.items():
            ax.broken_barh(outcome.runs[odd::2], (0.25, 0.5), facecolor=colour, hatch=hatch, edgecolor="#1a1a1a")
        ax.plot(outcome.ticks, [0.1] * len(outcome.ticks), "^", color="#d55e00", ms=9, label="tick")
        ax.set(xlabel="time in s; each bar is a run", xlim=(0, 61), ylim=(0, 1), yticks=[])
        ax.legend(loc="upper right")

    def say(outcome: Runs) -> str:
        done, ticks = len(outcome.runs), len(outcome.ticks)
        return f"{ticks} ticks in a minute, {done} runs started. Ticks without a run of their own: {ticks - done}."

    controls: Controls = {
        "interval": Slider("interval (s)", 1, 20, 1, 5),
        "work": Slider("work (s)", 1.0, 20.0, 0.5, 8.0),
        "overlap": Choice("overlap", get_args(Overlap), "skip"),
    }
    question = "When does every tick get its own run? And when it does not, what does each policy do?"
    return Lab(question, recurring, draw, say, controls)
