"""Page 9: its panel, and the questions of its cards."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import NamedTuple

from matplotlib.axes import Axes

from ..arguments import validate_count, validate_number
from ..history import History
from ..job import PROGRESS
from ..progress import current_job
from ..queue import JobQueue
from ..show.cards import Option, Question, predicting, remembering
from ..show.style import format_duration
from ..simulation import Simulation
from ..worker import Worker
from .panel import Choice, Controls, Lab, Slider

QUESTIONS = {
    "whose-progress": Question(
        "Before each job, a worker puts its number in one global variable, `current`. Two jobs run at the same time."
        " For which job do their handlers report?",
        (
            Option("Each for its own job", "There is only one `current`, and both read it."),
            Option("Both for the first job", "Its number was overwritten when the second job was picked up."),
            Option(
                "Both for the last job picked up",
                "`current` is the last job picked up, even when the first job's handler reads it.",
                right=True,
            ),
        ),
    ),
    "back-to-start": Question(
        "The first attempt failed at 50 %. The second has just reached 10 %. What should the user's bar show?",
        (
            Option(
                "50 %",
                "The bar never goes back. That has a price: it stands still until there is something new to show.",
                right=True,
            ),
            Option("10 %", "That is honest, but the user thinks that something was lost."),
            Option("No number until it passes 50 %", "Then all news stops, just when something has gone wrong."),
        ),
    ),
}

REMEMBER = {
    "after-the-work": Question(
        "Page 8: a loop does its work, which takes 10 s, and then sleeps for 60 s. How often does it run?",
        (
            Option("Every 60 s", "The sleep starts when the work is done."),
            Option("Every 70 s", "The work is added every time: that is drift.", right=True),
            Option("Every 60 s on average", "No run comes early to make up for a late one."),
        ),
    ),
    "sent-then-failed": Question(
        "Page 4: a job sends an e-mail, then fails on its last line. It is tried again. What does the next attempt do?",
        (
            Option("It runs the last line only.", "The queue knows nothing of lines. It calls the handler again."),
            Option("It does nothing: the e-mail is out.", "The queue sees a failed attempt, not what it did."),
            Option("It sends the e-mail again.", "It starts at the first line, whatever was done before.", right=True),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)
remember = remembering(__name__, REMEMBER)


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
    validate_count("every_rows", every_rows)
    validate_number("report_ms", report_ms)
    validate_count("rows", rows)
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
