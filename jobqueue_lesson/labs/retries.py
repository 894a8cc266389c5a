"""Page 4: its panel, and the questions of its cards."""

from __future__ import annotations

import random
from collections import Counter
from typing import NamedTuple

from matplotlib.axes import Axes

from ..history import History
from ..job import Status
from ..queue import JobQueue
from ..retries import JITTERS, Jitter, RetryPolicy
from ..show.cards import Option, Question, predicting, remembering
from ..show.style import format_duration
from ..simulation import Simulation
from ..worker import Worker
from .panel import Choice, Controls, Lab, Slider, round_up

QUESTIONS = {
    "last-client": Question(
        "100 clients come back in the same instant, to a service that can take 100 calls per second."
        " When is the last of them served?",
        (
            Option("At 2 s: the service is back.", "It is back, but 100 calls in one instant are too many for it."),
            Option(
                "At 3 s: 100 calls take it a second.",
                "Spread over the second, yes. But they come in the same instant, and 90 come back in the same instant.",
            ),
            Option(
                "After more than 3 minutes",
                "Ten get through at each return. The others come back together, later each time.",
                right=True,
            ),
        ),
    ),
    "retrying-is-free": Question(
        "A client calls again at once, until it gets an answer. Who pays most for that?",
        (
            Option("Nobody: a failed call costs nothing.", "The service has to answer each of the 51 calls."),
            Option("The service", "51 calls from one client, when the service can least afford them.", right=True),
            Option("The client, which has to wait", "It would have to wait in any case, and it is not overloaded."),
        ),
    ),
    "timed-out": Question(
        "All your program gets from the mail server is a TimeoutError. Was the e-mail sent?",
        (
            Option(
                "You cannot know.",
                "A timeout looks the same whether the e-mail was sent or not. So doing it twice must be the same as"
                " doing it once.",
                right=True,
            ),
            Option("No: the attempt has failed.", "This time it was sent: look in the outbox."),
            Option("Yes: only the answer is missing.", "This time it was sent. Another time, it may not have been."),
        ),
    ),
}

REMEMBER = {
    "after-a-crash": Question(
        "Page 3: a handler raises an exception. What does its worker do next?",
        (
            Option("It stops, until somebody starts it again.", "Then one bad job would hold up all the others."),
            Option(
                "It takes the next job.", "The exception is recorded with its job, and stays inside it.", right=True
            ),
            Option(
                "It goes on with the same job, after the error.",
                "The exception ended that attempt: nothing after the line that raised it runs.",
            ),
        ),
    ),
    "sooner-with-a-queue": Question(
        "Page 1: an API now puts reports into a queue. What do users get sooner?",
        (
            Option("An answer", "The API only notes the work down, and says so: 202.", right=True),
            Option("Their report", "Somebody still has to make it, and that takes as long as before."),
            Option("Both", "The answer, yes. The queue does none of the work."),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)
remember = remembering(__name__, REMEMBER)


class Storm(NamedTuple):
    """What a service saw when it came back from an outage."""

    calls: list[float]
    """When each call was made, in seconds."""
    refused: int
    """How many calls failed."""
    recovered: float
    """When the last call was made, in seconds."""
    gave_up: int
    """How many clients used up their attempts."""
    history: History
    """What happened: each client is a job."""


def retry_storm(
    base: float = 1.0,
    factor: float = 2.0,
    cap: float = 30.0,
    jitter: Jitter = "none",
    clients: int = 100,
    capacity: int = 10,
    outage: float = 1.0,
    max_attempts: int = 20,
    seed: int = 4,
) -> Storm:
    """Let clients call a service that is down at first, and then can take only so many calls at a time.

    Args:
        base: see `RetryPolicy`, also for the next three. It says how each client backs off.
        factor: see `RetryPolicy`.
        cap: see `RetryPolicy`.
        jitter: see `RetryPolicy`.
        clients: how many; all call at second 0.
        capacity: how many calls the service can take per tenth of a second. It refuses the others.
        outage: seconds until the service is back.
        max_attempts: the number of calls after which a client gives up.
        seed: for the jitter.
    """
    sim = Simulation()
    policy = RetryPolicy(base=base, factor=factor, cap=cap, jitter=jitter, rng=random.Random(seed))
    queue = JobQueue("clients", clock=sim.time, retry=policy)
    history = History(queue)
    calls: list[float] = []
    served: dict[int, int] = {}
    refused = 0

    async def call_service(_: object) -> None:
        nonlocal refused
        now = sim.time()
        calls.append(now)
        tenth = int(now * 10)
        if now < outage or served.get(tenth, 0) >= capacity:
            refused += 1
            raise ConnectionError("503 Service Unavailable")
        served[tenth] = served.get(tenth, 0) + 1

    for _ in range(clients):
        queue.enqueue("call-service", max_attempts=max_attempts)
    sim.run(Worker(queue, {"call-service": call_service}).drain())
    history.close()
    return Storm(calls, refused, calls[-1], queue.stats()[Status.FAILED], history)


def draw_storm(outcome: Storm, ax: Axes) -> None:
    """Draw how many calls the service got in each tenth of a second."""
    tenths = Counter(int(call * 10) for call in outcome.calls)
    ax.vlines([tenth / 10 for tenth in tenths], 0, list(tenths.values()), color="#d55e00", lw=1.6)
    ax.axhline(10, color="#009e73", ls="--", label="all it can take")
    end = round_up(1.02 * outcome.recovered)
    most = max(tenths.values())
    top = 115 if most <= 110 else round_up(1.05 * most)
    top = max(top, ax.get_ylim()[1])  # of a storm beside it, if they share the axis
    ax.set(xlabel="time in s", ylabel="calls in 0.1 s", xlim=(-0.02 * end, end), ylim=(0, top))
    ax.legend(loc="upper right")


def say_storm(outcome: Storm) -> str:
    """Summarize a storm in words."""
    line = f"{len(outcome.calls):,} calls, {outcome.refused:,} of them refused. "
    if outcome.gave_up:
        return line + f"{outcome.gave_up} clients gave up; the last call was at {format_duration(outcome.recovered)}."
    return line + f"Every client was served after {format_duration(outcome.recovered)}."


def retry_storm_lab() -> Lab:
    """Return a panel for `retry_storm`."""
    controls: Controls = {
        "base": Slider("base (s)", 0.1, 2.0, 0.1, 1.0),
        "factor": Slider("factor", 1.0, 4.0, 0.1, 2.0),
        "cap": Slider("cap (s)", 5.0, 60.0, 1.0, 30.0),
        "jitter": Choice("jitter", JITTERS, "none"),
    }
    question = "100 clients failed together. How do you get all of them served soonest, with the fewest refused calls?"
    return Lab(question, retry_storm, draw_storm, say_storm, controls)
