"""Page 6: its panel, and the questions of its cards."""

from __future__ import annotations

import asyncio
import random
from typing import NamedTuple

from matplotlib.axes import Axes

from ..job import Job, QueueFull
from ..queue import JobQueue
from ..show.cards import Option, Question, predicting, remembering
from ..show.style import LOOKS, format_duration
from ..simulation import Simulation
from ..worker import Worker
from .panel import Controls, Lab, Slider

QUESTIONS = {
    "accepted": Question(
        "The API has answered 202. What does the client know?",
        (
            Option("The report is ready.", "Nobody has started on it. Ready would be a 200, with the report."),
            Option("The report will be made, sooner or later.", "It may still fail. Only the order is certain."),
            Option("Its order is written down.", "And it knows where to ask how it went.", right=True),
        ),
    ),
    "full": Question(
        "The worker is too slow, and requests keep coming in. What does a longer queue change?",
        (
            Option(
                "Fewer are refused at first, and all wait longer.", "A place in a line is not work done.", right=True
            ),
            Option(
                "The worker gets more jobs done per second.",
                "It does ten a second at most. What a longer line lets in, it does later, after the rush.",
            ),
            Option("Nothing", "It does change who waits, and for how long, before the first is refused."),
        ),
    ),
}

REMEMBER = {
    "urgent": Question(
        "Page 5: the one worker is sending a newsletter. An urgent job comes in. When does it run?",
        (
            Option("At once: it interrupts the newsletter.", "Nothing interrupts a running job. It has been started."),
            Option("After everything already waiting", "That is a queue without priorities: first come, first served."),
            Option("Next, when the worker is free", "It passes the jobs that wait, not the one that runs.", right=True),
        ),
    ),
    "late-report": Question(
        "Page 2: job 7 is completed. Then a report comes in that it has failed. What does JobQueue do?",
        (
            Option("It refuses, with an error.", "Nothing leads out of completed. The job stays as it is.", right=True),
            Option("It marks the job as failed.", "Then somebody would send a finished job's e-mail again."),
            Option("It ignores the report.", "Then nobody would ever look for what went wrong there."),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)
remember = remembering(__name__, REMEMBER)


class Responses(NamedTuple):
    """How the API of a bounded queue responded to its clients."""

    accepted: list[tuple[float, float]]
    """(second of the request, seconds until its job was done)."""
    refused: list[float]
    """When each request that got a 503 was made, in seconds."""


def full_queue(
    max_pending: int = 10,
    requests_per_second: float = 15.0,
    workers: int = 1,
    seconds: float = 10.0,
    seed: int = 6,
) -> Responses:
    """Send requests to a bounded queue, for jobs that take a tenth of a second each.

    Args:
        max_pending: how many jobs may be pending.
        requests_per_second: how many requests arrive, at random.
        workers: how many jobs run at the same time.
        seconds: how long requests keep arriving.
        seed: for the random requests.
    """
    sim = Simulation()
    queue = JobQueue(clock=sim.time, max_pending=max_pending)
    rng = random.Random(seed)
    jobs: list[Job] = []
    refused: list[float] = []

    async def work(_: object) -> None:
        await asyncio.sleep(0.1)

    async def requests() -> None:
        while True:
            await asyncio.sleep(rng.expovariate(requests_per_second))
            if sim.time() > seconds:
                return
            try:
                jobs.append(queue.enqueue("report"))
            except QueueFull:
                refused.append(sim.time())

    sim.create_task(Worker(queue, {"report": work}, concurrency=workers).run())
    sim.run(requests())
    sim.run(queue.join())
    return Responses([(job.created_at, (job.finished_at or 0.0) - job.created_at) for job in jobs], refused)


def full_queue_lab() -> Lab:
    """Return a panel for `full_queue`."""

    def draw(outcome: Responses, ax: Axes) -> None:
        done = LOOKS["completed"].colour
        ax.plot(
            *zip(*outcome.accepted or [(0.0, 0.0)], strict=True),
            "o",
            color=done,
            ms=5,
            label="202: how long until done",
        )
        ax.plot(outcome.refused, [0.0] * len(outcome.refused), "X", color="#d55e00", ms=7, label="503: try again later")
        ax.set(xlabel="time of the request (s)", ylabel="seconds until done", xlim=(-0.2, 10.2), ylim=(-0.3, 7.2))
        ax.grid(visible=True, axis="y")
        ax.legend(loc="upper left", ncols=2)

    def say(outcome: Responses) -> str:
        slowest = max((wait for _, wait in outcome.accepted), default=0.0)
        came = len(outcome.accepted) + len(outcome.refused)
        return (
            f"{came} requests came in, at random moments: {len(outcome.accepted)} accepted with 202, "
            f"{len(outcome.refused)} refused with 503.\n"
            f"The slowest accepted job was done after {format_duration(slowest)}."
        )

    controls: Controls = {
        "max_pending": Slider("max_pending", 1, 60, 1, 10),
        "requests_per_second": Slider("requests per second", 1.0, 30.0, 1.0, 15.0),
        "workers": Slider("workers", 1, 4, 1, 1),
    }
    question = "A worker does ten jobs a second. What does a longer queue buy you, and what does it cost?"
    return Lab(question, full_queue, draw, say, controls)
