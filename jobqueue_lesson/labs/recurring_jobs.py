"""Page 8: its panel, and the questions of its cards."""

from __future__ import annotations

import asyncio
import math
from typing import Any, NamedTuple, get_args

from matplotlib.axes import Axes

from ..queue import JobQueue
from ..scheduler import Overlap, Scheduler, every
from ..show.cards import Option, Question, predicting, remembering
from ..show.colours import INK, PAPER
from ..show.style import LOOKS
from ..simulation import Simulation
from ..worker import Worker
from .panel import Choice, Controls, Lab, Slider

QUESTIONS = {
    "drift": Question(
        "A loop works for 0.1 s, then sleeps for 1 s, 100 times over. When does the last of the 100 runs start?",
        (
            Option("At second 99", "Only if the work took no time. The loop never gets those 0.1 s back."),
            Option("At second 99.1", "Every round adds its own tenth, and the loop never makes up for one."),
            Option("At about second 109", "There are 99 rounds before it, each 0.1 s too long.", right=True),
        ),
    ),
    "too-long": Question(
        "The same loop on the grid, with work that takes 2.5 s: more than the second between two ticks."
        " When does the sixth run start?",
        (
            Option("At second 5, on its tick", "At second 5 the loop is only starting its third run."),
            Option("At second 12.5", "Five runs come before it, one after the other. It falls behind.", right=True),
            Option("At second 15, because it skips ticks", "Nothing in the loop skips a tick: n goes up by one."),
        ),
    ),
}

REMEMBER = {
    "probe": Question(
        "Page 7: the database was down, and 50 reports are dead letters. It is up again. What do you revive?",
        (
            Option("All 50: the cause is gone", "You think so. A second fault may be hiding behind the first."),
            Option("None: it is safer to order new ones", "Then each report is there twice: the letter and the order."),
            Option("One, and then look at it", "If that one goes through, the rest may follow.", right=True),
        ),
    ),
    "concurrency": Question(
        "Page 3: a worker has concurrency=3, and ten jobs are waiting. What does it do?",
        (
            Option("It runs three jobs at a time.", "While one job waits for something, others go on.", right=True),
            Option("It makes each job three times as fast.", "A job takes as long as before. Three run side by side."),
            Option("It tries each job three times.", "That is max_attempts, and it belongs to the job."),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)
remember = remembering(__name__, REMEMBER)


class Runs(NamedTuple):
    """What a recurring job did."""

    runs: list[tuple[float, float]]
    """(start, length) of each run, in seconds."""
    ticks: list[float]
    """The second of each tick."""
    own: list[float]
    """For each run, the tick that it is for."""
    seconds: float
    """For how long it was watched."""


def recurring(interval: float = 5, work: float = 8.0, overlap: Overlap = "skip", seconds: float = 60.0) -> Runs:
    """Run a recurring job for a minute.

    Args:
        interval: seconds from one tick to the next.
        work: seconds that a run takes.
        overlap: see `Scheduler.add`.
        seconds: for how long, if not for a minute.
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
    sim.run(asyncio.sleep(seconds))
    jobs = (queue.get(number) for number in range(1, len(runs) + 1))
    own = [float(str(job.key).partition("@")[2]) for job in jobs if job is not None]
    return Runs(runs, [n * interval for n in range(1, math.floor(seconds / interval) + 1)], own, seconds)


def draw_runs(outcome: Runs, ax: Axes) -> None:
    """Draw each tick, and above it each run, joined to the tick that it is for."""
    lost = [tick for tick in outcome.ticks if tick not in outcome.own]
    colour = LOOKS["processing"].colour
    ax.broken_barh(outcome.runs, (0.4, 0.4), facecolor=colour, edgecolor=PAPER, linewidth=1.5)
    pairs = [(tick, start) for tick, (start, _) in zip(outcome.own, outcome.runs, strict=True)]
    for tick, start in pairs:
        ax.plot([tick, start], [0.14, 0.4], "-", color=INK, linewidth=1)
    dots: dict[str, Any] = {"marker": "^", "ls": "", "ms": 9, "color": "#d55e00"}
    ax.plot(outcome.own, [0.12] * len(outcome.own), label="tick with a run", **dots)
    ax.plot(lost, [0.12] * len(lost), label="tick without a run", markerfacecolor=PAPER, **dots)
    ax.set(xlabel="time in s; each bar is a run, joined to its tick", ylim=(0, 1), yticks=[])
    ax.set_xlim(0, outcome.seconds * 61 / 60)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
    starts = ", ".join(f"at {start:g} s for tick {tick:g}" for tick, start in pairs)
    ax.set_label(say_runs(outcome) + f" Runs start {starts}." * (0 < len(pairs) <= 12))


def say_runs(outcome: Runs) -> str:
    """Say how many runs there were, and which ticks have none."""
    lost = [f"{tick:g}" for tick in outcome.ticks if tick not in outcome.own]
    many = f"{len(outcome.ticks)} ticks in {outcome.seconds:g} s, {len(outcome.runs)} runs started."
    if not lost:
        return f"{many} Every tick has a run of its own."
    which = f", at {', '.join(lost)} s" if len(lost) <= 12 else ""
    own = "its own: 1 tick" if len(lost) == 1 else f"their own: {len(lost)} ticks"
    return f"{many} No run of {own}{which}."


def recurring_lab() -> Lab:
    """Return a panel for `recurring`."""
    controls: Controls = {
        "interval": Slider("interval (s)", 1, 20, 1, 5),
        "work": Slider("work (s)", 1.0, 20.0, 0.5, 8.0),
        "overlap": Choice("overlap", get_args(Overlap), "skip"),
    }
    question = "When does every tick get its own run? And when it does not, what does each policy do?"
    return Lab(question, recurring, draw_runs, say_runs, controls)
