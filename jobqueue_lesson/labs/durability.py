"""Page 10: its panel, and the questions of its cards."""

from __future__ import annotations

import asyncio
import random
from statistics import fmean
from typing import NamedTuple

from matplotlib.axes import Axes

from ..durable import SQLiteQueue
from ..job import LeaseLost, Status
from ..show.cards import Option, Question, predicting, remembering
from ..simulation import Simulation
from .panel import Controls, Lab, Slider, round_up

QUESTIONS = {
    "restart": Question(
        "Five e-mails are in a queue in memory. The process is killed while it is sending the third, and started"
        " again. How many more will it send?",
        (
            Option("Three: the one being sent, and the two behind it", "The list of them was in the process's memory."),
            Option("Two: only the one being sent is lost", "The two behind it were in the same memory."),
            Option("None", "The queue died with its process. The new process has a new one, empty.", right=True),
        ),
    ),
    "killed-after-sending": Question(
        "A worker has sent an e-mail and is killed before it can say so. The queue is on disk."
        " What happens to the job?",
        (
            Option(
                "Another worker gets it, and the e-mail is sent again.",
                "To the queue, a worker killed before sending and one killed after it look the same.",
                right=True,
            ),
            Option("It is completed, because the e-mail was sent.", "Nothing has told the queue."),
            Option("It stays claimed forever.", "In a queue without leases, yes. Here the lease runs out."),
        ),
    ),
}

REMEMBER = {
    "missed-events": Question(
        "Page 9: alice's browser follows her report, is cut off, and comes back later. What does it need from the API?",
        (
            Option(
                "The newest event", "Each event is the whole state, so nothing was lost with the others.", right=True
            ),
            Option("All events since then", "That would be so if an event said only what has changed."),
            Option("A new report", "The old one is still being made. Only the browser was away."),
        ),
    ),
    "sent-again": Question(
        "Page 4: sending bob's e-mail timed out, so it is sent again. What keeps bob from getting two?",
        (
            Option("A longer timeout", "The answer can still get lost when the e-mail is already out."),
            Option("A longer wait before the second attempt", "Two e-mails, only further apart."),
            Option("A key that the mail server remembers", "It knows the key, and sends nothing more.", right=True),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)
remember = remembering(__name__, REMEMBER)


class Leases(NamedTuple):
    """What a lease did for jobs whose worker died, and for jobs whose worker was only slow."""

    recovered: list[tuple[float, float]]
    """(second of the crash, seconds until another worker started it) for each job whose worker died."""
    needless: list[tuple[float, float]]
    """The same, for jobs that were reclaimed while their worker was still running them."""
    refused: int
    """How many reports were refused because their worker had lost its lease."""


def leases(lease: float = 5.0, stall: float = 10.0, seed: int = 10) -> Leases:
    """Enqueue two jobs of one second per second, for a minute, for four workers.

    In one job of ten the worker dies, and in one of ten it stalls for a while: just after a heartbeat, half-way through
    the job. Other workers renew their lease in time.

    Args:
        lease: seconds without a heartbeat after which another worker may claim the job.
        stall: seconds for which a worker stalls: a full disk, a sleeping laptop, a long garbage collection.
        seed: for what happens to each job.
    """
    sim, rng = Simulation(), random.Random(seed)
    queue = SQLiteQueue(":memory:", clock=sim.time, lease=lease, poll=None)
    fates = [rng.choices(["works", "dies", "stalls"], [8, 1, 1])[0] for _ in range(120)]
    silent: dict[int, tuple[str, float]] = {}
    outcome = Leases([], [], 0)
    refused = 0

    async def work(name: str) -> None:
        nonlocal refused
        while queue.stats()[Status.COMPLETED] < len(fates):
            job = queue.dequeue(worker=name)
            if job is None:
                await asyncio.sleep(0.1)
                continue
            if job.id in silent:
                fate, since = silent.pop(job.id)
                (outcome.recovered if fate == "dies" else outcome.needless).append((since, sim.time() - since))
            fate = fates[job.id - 1] if job.attempts == 1 else "works"
            await asyncio.sleep(0.5)
            if fate != "works":
                silent[job.id] = fate, sim.time()
            try:
                queue.heartbeat(job.id, attempt=job.attempts)  # the last one before a crash or a stall
                if fate == "dies":
                    continue  # a new worker starts at once; the queue does not know that the old one is dead
                await asyncio.sleep(stall if fate == "stalls" else 0)
                queue.heartbeat(job.id, attempt=job.attempts)
                await asyncio.sleep(0.5)
                queue.complete(job.id, attempt=job.attempts)
                silent.pop(job.id, None)
            except LeaseLost:
                refused += 1

    async def all_of_them() -> None:
        await asyncio.gather(*(work(f"worker-{number}") for number in range(1, 5)))

    for number in range(len(fates)):
        queue.enqueue("job", delay=number / 2, max_attempts=10)
    sim.run(all_of_them())
    queue.close()
    return outcome._replace(refused=refused)


def leases_lab() -> Lab:
    """Return a panel for `leases`."""

    def draw(outcome: Leases, ax: Axes) -> None:
        for found, label, marker, colour in (
            (outcome.recovered, "worker died", "o", "#009e73"),
            (outcome.needless, "worker was only slow", "X", "#d55e00"),
        ):
            ax.plot([at for at, _ in found], [wait for _, wait in found], marker, ms=9, color=colour, label=label)
        waits = [wait for _, wait in outcome.recovered + outcome.needless]
        ax.set(xlabel="time in s", ylabel="started again after (s)", xlim=(0, 70), ylim=(0, round_up(max([1, *waits]))))
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)  # no point of it among the data

    def say(outcome: Leases) -> str:
        waits = [wait for _, wait in outcome.recovered]
        mean = f"{fmean(waits):.1f} s"
        return (
            f"{len(waits)} jobs of dead workers were started again, after {mean} on average.\n"
            f"{len(outcome.needless)} jobs were done twice though their worker was alive."
        )

    controls: Controls = {
        "lease": Slider("lease (s)", 1.5, 30.0, 0.5, 5.0),
        "stall": Slider("a slow worker stalls (s)", 0.0, 30.0, 1.0, 10.0),
    }
    question = "How long should a lease be?"
    return Lab(question, leases, draw, say, controls)
