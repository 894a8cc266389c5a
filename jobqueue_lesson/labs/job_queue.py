"""Page 2: its panel, and the questions of its cards."""

from __future__ import annotations

import asyncio

from ..history import History
from ..queue import JobQueue
from ..show.cards import Option, Question, predicting, remembering
from ..show.style import format_duration
from ..show.timeline import plot_timeline
from ..simulation import Simulation
from ..worker import Worker
from .panel import Controls, Lab, Slider

QUESTIONS = {
    "popped": Question(
        "A worker takes a job off the list with pop(0) and crashes on it. What does the list know about that job?",
        (
            Option("It is at the front again.", "Nobody put it back: the worker that had it has crashed."),
            Option(
                "It has failed.",
                "A list has no place to note that down. It holds what is still to do, and nothing else.",
            ),
            Option("Nothing at all", "Taking it off was the last the list heard of it.", right=True),
        ),
    ),
}

REMEMBER = {
    "who-makes-it": Question(
        "Page 1: an API notes the work down and answers 202. Who makes the report?",
        (
            Option("The API, once it has answered", "Then the line at its door would be back."),
            Option("A worker, when it gets to the job", "The API is free for the next request meanwhile.", right=True),
            Option("Nobody, until the client asks again", "Asking starts nothing. A worker takes the job by itself."),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)
remember = remembering(__name__, REMEMBER)


def life_of_a_job(failures: int = 1, max_attempts: int = 3) -> History:
    """Run one job that fails a number of times, then succeeds; return its history."""
    left = failures

    async def handler(_: object) -> str:
        nonlocal left
        await asyncio.sleep(1.0)
        left -= 1
        if left >= 0:
            raise ConnectionError("the service is down")
        return "done"

    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    history = History(queue)
    queue.enqueue("call-service", max_attempts=max_attempts)
    sim.run(Worker(queue, {"call-service": handler}).drain())
    history.close()
    return history


def life_of_a_job_lab() -> Lab:
    """Return a panel for `life_of_a_job`."""

    def say(history: History) -> str:
        moves = [event.move for event in history.events]
        return f"moves: {' → '.join(moves)}\nended: {history.events[-1].status} at {format_duration(history.end)}"

    controls: Controls = {
        "failures": Slider("times it fails", 0, 6, 1, 1),
        "max_attempts": Slider("max_attempts", 1, 6, 1, 3),
    }
    question = "Which settings end this job as failed?"
    return Lab(question, life_of_a_job, lambda history, ax: plot_timeline(history, ax=ax), say, controls)
