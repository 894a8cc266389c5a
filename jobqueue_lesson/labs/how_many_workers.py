"""Page 12: its panel, and the questions of its cards."""

from __future__ import annotations

from matplotlib.axes import Axes

from .. import capacity
from ..show.cards import Option, Question, predicting, remembering
from ..show.style import format_duration
from .panel import Controls, Lab, Slider, round_up

QUESTIONS = {
    "busier": Question(
        "Four workers are busy 80 % of the time, and a job waits 0.75 s on average. Then a fifth more jobs arrive, and"
        " the workers are busy 96 % of the time. How long does a job wait?",
        (
            Option("About 0.9 s", "That is a fifth more, like the work. But the wait grows by far more than the work."),
            Option("About 1.5 s", "At 88 % it is twice as long, and from there it climbs ever faster."),
            Option("About 5.7 s", "Near 100 %, each percent costs more than the one before.", right=True),
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
                "It gets a little shorter, by a tenth or so.",
                "Chance leaves one of two teams idle far more often than that.",
            ),
            Option(
                "It gets less than half as long.",
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

REMEMBER = {
    "killed-worker": Question(
        "Page 11: a worker process is killed in the middle of a job. What lets the engine notice?",
        (
            Option(
                "The worker's heartbeat is missing.", "No heartbeat for a whole lease: it is reclaimed.", right=True
            ),
            Option("The job raises an exception.", "Nobody is left to raise it: the process is gone."),
            Option("The job takes longer than usual.", "A slow job is not a dead worker: its heartbeat goes on."),
        ),
    ),
    "p95": Question(
        "Page 3: for 1,000 jobs, the p95 of the time to done is 2 s. How many jobs took longer than 2 s?",
        (
            Option("None", "That would be the longest time of all."),
            Option("About 50", "95 of 100 stay within it, and 5 of 100 do not.", right=True),
            Option("About 500", "That is the p50: half stay within it."),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)
remember = remembering(__name__, REMEMBER)


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
        ax.axhline(95, color="#767676", ls=":", label="95 % of jobs")
        ax.axvline(target, color="#009e73", ls="--", label=f"target {format_duration(target)}")
        ax.set(xlabel="wait in s", ylabel="% of jobs started by then", xlim=(0, round_up(max(2 * target, waits[-1]))))
        ax.set_ylim(0, 103)
        ax.legend(loc="lower right")

    def say(outcome: capacity.QueueOutcome) -> str:
        p50, p95, p99 = (format_duration(outcome.quantile(share)) for share in (0.50, 0.95, 0.99))
        met = "Target met." if outcome.quantile(0.95) < target else "Target missed."
        at_once = 100 * sum(wait == 0 for wait in outcome.waits) / len(outcome.waits)
        return (
            f"Wait: p50 {p50}, p95 {p95}, p99 {p99}. {at_once:.0f} % of jobs do not wait at all.\n"
            f"Workers are busy {100 * outcome.busy:.0f} % of the time. {met}"
        )

    controls: Controls = {
        "arrivals": Slider("jobs per second", 1.0, 20.0, 0.5, 6.0),
        "service": Slider("a job takes (s)", 0.1, 2.0, 0.1, 0.5),
        "workers": Slider("workers", 1, 30, 1, 3),
    }
    question = f"What is the smallest team that keeps the p95 wait under {format_duration(target)}?"
    return Lab(question, sizing, draw, say, controls)
