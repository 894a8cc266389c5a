"""Page 7: its panel, and the questions of its cards."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from matplotlib.axes import Axes

from ..job import Status
from ..queue import JobQueue
from ..retries import RetryPolicy
from ..show.cards import Option, Question, predicting, remembering
from ..show.style import LOOKS, format_duration
from ..simulation import Simulation
from ..worker import Worker
from .panel import Controls, Lab, Slider

QUESTIONS = {
    "poison": Question(
        "There is one worker. A message that it cannot parse goes back to the front of the line after each failure."
        " What happens to the jobs behind it?",
        (
            Option("They get done a little later.", "Later would be after the last failure. There is no last one."),
            Option(
                "The worker does them in between.",
                "It takes the first job in the line, and that is always the same one.",
            ),
            Option("They never get done.", "The worker is busy forever with a job that cannot succeed.", right=True),
        ),
    ),
    "revive": Question(
        "A job failed three times, and the queue gave up on it. A person revives it. How many attempts does it get?",
        (
            Option("One", "Then one more hiccup would make it a dead letter again. It gets a fresh start."),
            Option(
                "Three new ones",
                "It is tried like a new job. But its old errors are kept, and attempt 4 is next.",
                right=True,
            ),
            Option("As many as it takes", "A limit is what made it a dead letter. It still has one."),
        ),
    ),
}

REMEMBER = {
    "same-key": Question(
        "Page 6: an order arrives twice, with the same Idempotency-Key. What does the API do with the second?",
        (
            Option(
                "It answers with the job of the first one.",
                "The key finds that job. So a client that got no answer may safely ask again.",
                right=True,
            ),
            Option("It refuses it: that was a mistake.", "Sending it again is right if the first answer was lost."),
            Option("It enqueues a second job.", "That is what happens without a key: two reports for one order."),
        ),
    ),
    "same-moment": Question(
        "Page 4: 100 clients fail at the same moment. Each waits 2 s, then 4 s, then 8 s. What is still missing?",
        (
            Option("Longer waits, up to a minute", "They would all wait longer, and all come back together."),
            Option("Nothing: each wait gives the service more time", "And at its end all 100 call at once, again."),
            Option("Something random in each wait", "Jitter spreads the calls. Then they get through.", right=True),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)
remember = remembering(__name__, REMEMBER)


class OutageOutcome(NamedTuple):
    """What happened to jobs during an outage."""

    completed: list[tuple[float, int]]
    """(second in which the job was enqueued, attempts it took)."""
    dead: list[tuple[float, int]]
    """The same, for dead letters that a later retry would have completed."""
    poison: list[tuple[float, int]]
    """The same, for dead letters that no retry can complete."""
    failed: int
    """How many attempts failed."""
    slowest: float
    """Seconds from arrival to completion, of the completed job that took longest; 0 if there is none."""


def dead_letters(outage: float = 60.0, max_attempts: int = 3, base: float = 1.0) -> OutageOutcome:
    """Enqueue one job per second for two minutes; the service that they need is down for a while.

    Args:
        outage: seconds for which it is down, from second 20 on.
        max_attempts: how often a job is tried.
        base: see `RetryPolicy`.

    Every thirtieth job is poison: it always fails.
    """
    sim = Simulation()
    queue = JobQueue(clock=sim.time, retry=RetryPolicy(base=base))

    async def handler(poison: bool) -> None:
        if poison:
            raise ValueError("cannot be parsed")
        if 20 <= sim.time() < 20 + outage:
            raise ConnectionError("the service is down")

    async def produce() -> None:
        for second in range(120):
            queue.enqueue("job", second % 30 == 15, max_attempts=max_attempts)
            await asyncio.sleep(1)

    sim.create_task(Worker(queue, {"job": handler}).run())
    sim.run(produce())
    sim.run(queue.join())
    jobs = [job for job in map(queue.get, range(1, 121)) if job is not None]
    outcomes: dict[str, list[tuple[float, int]]] = {"completed": [], "dead": [], "poison": []}
    for job in jobs:
        outcome = "poison" if job.data else "completed" if job.status is Status.COMPLETED else "dead"
        outcomes[outcome].append((job.created_at, job.attempts))
    took = [job.finished_at - job.created_at for job in jobs if job.status is Status.COMPLETED and job.finished_at]
    return OutageOutcome(**outcomes, failed=sum(len(job.errors) for job in jobs), slowest=max(took, default=0.0))


def dead_letters_lab() -> Lab:
    """Return a panel for `dead_letters`."""

    def draw(outcome: OutageOutcome, ax: Axes) -> None:
        for jobs, look, label in (
            (outcome.completed, "completed", "completed"),
            (outcome.dead, "failed attempt", "dead letter: a later retry would do"),
            (outcome.poison, "failed", "dead letter: poison"),
        ):
            marker, size = ("o", 5) if look == "completed" else ("X", 8)
            times, attempts = zip(*jobs, strict=True) if jobs else ((), ())
            ax.plot(times, attempts, marker, color=LOOKS[look].colour, ms=size, label=label)
        ax.set(xlabel="job arrived at (s)", ylabel="attempts", xlim=(-2, 122), ylim=(0, 13))
        ax.grid(visible=True, axis="y")
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)

    def say(outcome: OutageOutcome) -> str:
        return (
            f"{len(outcome.completed)} of 120 jobs completed. Dead letters: {len(outcome.dead)} that a later retry"
            f" would have saved, and {len(outcome.poison)} that are poison.\n{outcome.failed} attempts failed."
            f" The slowest job that was completed took {format_duration(outcome.slowest)}."
        )

    controls: Controls = {
        "outage": Slider("outage (s)", 0.0, 300.0, 10.0, 60.0),
        "max_attempts": Slider("max_attempts", 1, 12, 1, 3),
        "base": Slider("base (s)", 0.5, 10.0, 0.5, 1.0),
    }
    question = "How many attempts leave only the poison for a person, and what do they cost?"
    return Lab(question, dead_letters, draw, say, controls)
