"""Page 12: its panel, and the questions of its cards."""

from __future__ import annotations

from matplotlib.axes import Axes

from .. import capacity
from ..show.cards import Option, Question, predicting
from ..show.style import format_duration
from .panel import Controls, Lab, Slider, round_up

QUESTIONS = {
    "busier": Question(
        "Four workers are busy 80 % of the time, and a job waits 0.75 s on average. More jobs come in, and now the"
        " workers are busy 95 % of the time. How long does a job wait?",
        (
            Option("About 0.9 s: a fifth more work", "The work grows by a fifth. The wait grows by far more."),
            Option("About 1.5 s: twice as long", "At 88 % it is twice as long, and from there it climbs ever faster."),
            Option("About 4.5 s", "Near 100 %, each percent costs more than the one before.", right=True),
        ),
    ),
    "pooled": Question(
        "Two teams of five each have a line of their own. You give them one line. What happens to a job's mean wait?",
        (
            Option(
                "It stays the same: as many workers, as much work.",
                "One team may idle while the other's line grows.",
            ),
            Option(
                "It gets much shorter.",
                "No worker is idle while a job is waiting, whichever team it came to.",
                right=True,
            ),
            Option(
                "It gets longer: the line is twice as long.",
                "It is not: 1.6 jobs wait in it, against 2.2 in each of the two. And it moves twice as fast.",
            ),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)


def sizing(arrivals: float = 6.0, service: float = 0.5, workers: int = 3, seed: int = 12) -> capacity.QueueOutcome:
    """Simulate 20,000 jobs and a team of workers; see `capacity.simulate`.

    Args:
        arrivals: jobs per second.
        service: seconds that a job takes, on average.
        workers: how many.
        seed: for the random times.
    """
    return capacity.simulate(arrivals, service, workers, jobs=20_000, seed=seed)


def sizing_lab(target: float = 0.5) -> Lab:
    """Return a panel for `sizing`.

    Args:
        target: seconds; the goal is a p95 wait below it.
    """

    def draw(outcome: capacity.QueueOutcome, ax: Axes) -> None:
        waits = sorted(outcome.waits)[::20]
        shares = [100 * (n + 1) / len(waits) for n in range(len(waits))]
        ax.plot(waits, shares)
        ax.axhline(95, color="#767676", ls=":")
        ax.axvline(target, color="#009e73", ls="--", label=f"target {format_duration(target)}")
        ax.set(xlabel="wait in s", ylabel="% of jobs started by then", xlim=(0, round_up(max(2 * target, waits[-1]))))
        ax.set_ylim(0, 103)
        ax.legend(loc="lower right")

    def say(outcome: capacity.QueueOutcome) -> str:
        p50, p95, p99 = (format_duration(outcome.quantile(share)) for share in (0.50, 0.95, 0.99))
        met = "Target met." if outcome.quantile(0.95) < target else "Target missed."
        return f"Wait: p50 {p50}, p95 {p95}, p99 {p99}. Workers are busy {100 * outcome.busy:.0f} % of the time.\n{met}"

    controls: Controls = {
        "arrivals": Slider("jobs per second", 1.0, 20.0, 0.5, 6.0),
        "service": Slider("a job takes (s)", 0.1, 2.0, 0.1, 0.5),
        "workers": Slider("workers", 1, 30, 1, 3),
    }
    question = f"What is the smallest team that keeps the p95 wait under {format_duration(target)}?"
    return Lab(question, sizing, draw, say, controls)
