"""Page 9: its panel, and the questions of its cards."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import NamedTuple

from matplotlib.axes import Axes

from ..history import History
from ..job import PROGRESS
from ..progress import current_job
from ..queue import JobQueue
from ..show.cards import Option, Question, predicting
from ..show.style import format_duration
from ..simulation import Simulation
from ..worker import Worker
from .panel import Choice, Controls, Lab, Slider

QUESTIONS = {
    "whose-progress": Question(
        "A worker is running two jobs. Both handlers report the progress of the job in the global `current`. Which"
        " job is that?",
        (
            Option("Each handler's own job", "There is only one `current`."),
            Option("Always the first job", "Its number was overwritten when the second job was picked up."),
            Option(
                "Always the last job picked up",
                "`current` is the last job picked up, even when the first job's handler reads it.",
                right=True,
            ),
        ),
    ),
    "back-to-start": Question(
        "The first attempt failed at 50 %. The second has just reached 10 %. What should the user's bar show?",
        (
            Option("50 %", "The bar never goes back. It moves again when there is something new to show.", right=True),
            Option("10 %", "That is honest, but the user thinks that something was lost."),
            Option("60 %", "The second attempt does the first half again. The two do not add up."),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)


class Reports(NamedTuple):
    """What reporting progress cost, and what it gained."""

    seconds: float
    """How long the job took."""
    silence: float
    """The longest time without news for the user, in seconds."""
    shown: list[tuple[float, float]]
    """(second, fraction) of each report."""


def reporting(every_rows: int = 1, report_ms: float = 5.0, rows: int = 5000) -> Reports:
    """Run a job of many rows, 2 ms each, that reports its progress.

    Args:
        every_rows: rows from one report to the next.
        report_ms: what a report costs, in milliseconds: the way to the queue.
        rows: how many there are.
    """
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    history = History(queue)

    async def import_rows(_: object) -> None:
        job = current_job()
        for done in range(every_rows, rows + 1, every_rows):
            await asyncio.sleep(0.002 * every_rows)
            await asyncio.sleep(report_ms / 1000)
            job.progress(done / rows)
        await asyncio.sleep(0.002 * (rows % every_rows))

    queue.enqueue("import-rows")
    sim.run(Worker(queue, {"import-rows": import_rows}).drain())
    shown = [(event.at, event.progress or 0.0) for event in history.events if event.move is PROGRESS]
    times = [0.0, *(at for at, _ in shown), sim.time()]
    return Reports(sim.time(), max(later - earlier for earlier, later in pairwise(times)), shown)


def reporting_lab() -> Lab:
    """Return a panel for `reporting`."""

    def draw(outcome: Reports, ax: Axes) -> None:
        points = [(0.0, 0.0), *outcome.shown, (outcome.seconds, 1.0)]
        ax.plot([at for at, _ in points], [100 * share for _, share in points], drawstyle="steps-post")
        ax.axvline(10, color="#767676", ls=":")
        ax.text(9.8, 97, "the rows alone: 10 s", ha="right", va="top")
        ax.set(xlabel="time in s", ylabel="% shown", xlim=(0, 40), ylim=(-3, 105))

    def say(outcome: Reports) -> str:
        return (
            f"{len(outcome.shown):,} reports. The job takes {format_duration(outcome.seconds)}; "
            "the rows alone take 10 s.\n"
            f"The user goes without news for at most {format_duration(outcome.silence)}."
        )

    controls: Controls = {
        "every_rows": Choice("report every (rows)", (1, 10, 50, 100, 500, 1000, 2500), 1),
        "report_ms": Slider("a report costs (ms)", 0.0, 6.0, 0.5, 5.0),
    }
    question = "How often should a job report its progress?"
    return Lab(question, reporting, draw, say, controls)
