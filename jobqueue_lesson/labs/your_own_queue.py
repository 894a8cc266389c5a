"""Page 14: its panel, and the questions of its cards."""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from .. import moves
from ..job import FAIL, Job, JobNotFound, Move, Status
from ..judge import Finding, judge
from ..list_queue import ListQueue
from ..show.cards import Option, Question, predicting, remembering
from .panel import Choice, Controls, Lab, Slider

QUESTIONS = {
    "breaks-first": Question(
        "Which promise can be broken with the fewest calls?",
        (
            Option(
                "A job goes to one worker only.",
                "That one is kept: `dequeue` takes the job out of the list, so nobody else can get it.",
            ),
            Option(
                "Only a running job can be completed.",
                "Two calls: enqueue, complete. `complete` checks that the job exists, and not what state it is in.",
                right=True,
            ),
            Option(
                "The most urgent job goes first.",
                "That one is broken too, but it takes three calls: enqueue, enqueue, dequeue.",
            ),
            Option("A job is never lost.", "So far it is kept: a job stays in the dict, and nothing takes it out."),
        ),
    ),
}

REMEMBER = {
    "late-report": Question(
        "Page 10: ann's lease ran out, and ben is running her job as attempt 2. Now ann reports: attempt 1 is done."
        " What does the queue do?",
        (
            Option("It completes the job: the work is done.", "Ben is still at it, and his report would be illegal."),
            Option("It refuses ann's report.", "The job has moved on: `LeaseLost`.", right=True),
            Option("It stops ben.", "A queue cannot stop a worker. It can only refuse what it reports."),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)
remember = remembering(__name__, REMEMBER)


# --- mistakes that people make, each in a queue that is right otherwise ---


class CompletesAnything(ListQueue):
    """`complete` looks whether the job is there, not in which state it is."""

    def complete(self, job_id: int, result: Any = None, *, attempt: int | None = None) -> Job:
        """Complete a job."""
        job = self.jobs.get(job_id)
        if job is None:
            raise JobNotFound(job_id)
        moves.complete(job, result, self.clock())
        return job


class RetriesAtOnce(ListQueue):
    """`fail` leaves out the backoff: the job is due at once."""

    def fail(self, job_id: int, error: BaseException | str, *, attempt: int | None = None) -> Job:
        """Report a failed attempt."""
        job = super().fail(job_id, error, attempt=attempt)
        job.scheduled_for = self.clock()
        return job


class ForgetsKeys(ListQueue):
    """`enqueue` looks for a key only among the jobs that are pending or running."""

    def with_key(self, key: str, type: str, data: Any) -> Job | None:
        """Return the job with a key."""
        job = super().with_key(key, type, data)
        return job if job is not None and job.status in (Status.PENDING, Status.PROCESSING) else None


class LosesRetries(ListQueue):
    """`fail` says that the job is pending, and does not put it back in the list."""

    def fail(self, job_id: int, error: BaseException | str, *, attempt: int | None = None) -> Job:
        """Report a failed attempt."""
        job = self.find(job_id, FAIL, attempt)
        moves.fail(job, error, self.clock(), self.retry)
        return job


class HandsOutTwice(ListQueue):
    """`dequeue` passes over running jobs, but leaves them in the list; `release` puts them there once more."""

    def __init__(self, *, clock: Any, retry: Any) -> None:
        super().__init__(clock=clock, retry=retry)
        self.claimed: list[Job] = []

    def dequeue(self, worker: str = "worker-1") -> Job | None:
        """Pass over the jobs that are running."""
        waiting, self.waiting = self.waiting, [job for job in self.waiting if job not in self.claimed]
        job = super().dequeue(worker)
        self.waiting = waiting
        if job is not None:
            self.claimed.append(job)
        return job

    def find(self, job_id: int, move: Move, attempt: int | None = None) -> Job:
        """Whatever the move is, nobody is running the job any more."""
        job = super().find(job_id, move, attempt)
        if job in self.claimed:
            self.claimed.remove(job)
            if move is not Move.RELEASE:
                self.waiting.remove(job)
        return job


MISTAKES: dict[str, tuple[type[ListQueue], int]] = {
    "completes any job": (CompletesAnything, 1),
    "retries without a backoff": (RetriesAtOnce, 3),
    "a key ends with its job": (ForgetsKeys, 4),
    "a retry is never claimed": (LosesRetries, 3),
    "a released job is in the list twice": (HandsOutTwice, 3),
}
"""Queues with one mistake each, which its docstring describes, and the stage that finds it."""


class Shown(NamedTuple):
    """What histories up to a length show of a mistake."""

    mistake: str
    """What the queue does."""
    calls: int
    """How many calls a history had, at most."""
    finding: Finding | None
    """The shortest history; None if no history of this length shows the mistake."""


@cache
def _found(mistake: str) -> Finding:
    queue, stage = MISTAKES[mistake]
    finding = judge(queue, stage=stage, progress=None).finding
    assert finding is not None
    return finding


def planted(mistake: str = "completes any job", calls: int = 3) -> Shown:
    """Judge a queue with a mistake, by histories up to a length.

    Args:
        mistake: one of MISTAKES.
        calls: how many calls a history may have.

    Raises:
        ValueError: if `mistake` is none of them.
    """
    if mistake not in MISTAKES:
        raise ValueError(f"mistake must be one of {', '.join(map(repr, MISTAKES))}, got {mistake!r}")
    finding = _found(mistake)  # the shortest: with fewer calls, nothing is found
    return Shown(inspect.getdoc(MISTAKES[mistake][0]) or "", calls, finding if finding.length <= calls else None)


def say_shown(shown: Shown) -> str:
    """Return in words what histories up to a length show."""
    finding = shown.finding
    if finding is None:
        found = f"No history of up to {shown.calls} call{'s' * (shown.calls != 1)} shows it. All tests pass."
    else:
        found = (
            f"Found with {finding.length} calls, the last of which is {finding.calls[-1]}.\n"
            f"Promised: {finding.promised}. Seen: {finding.seen}.\nContract, {finding.promise}"
        )
    return f"{shown.mistake}\n{found}"


def planted_lab() -> Lab:
    """Return a panel for `planted`."""

    def draw(shown: Shown, ax: Axes) -> None:
        ax.set(xlim=(0.5, 8.5), ylim=(3.5, -1.3), xlabel="call", ylabel="the job is")
        ax.set_yticks(range(len(Status)), [str(status) for status in Status])
        ax.axvline(shown.calls + 0.5, color="#767676", ls="--", label="as long as a history may be")
        ax.text(shown.calls + 0.58, 3.4, "as long as a history may be", rotation="vertical", va="bottom")
        if shown.finding is None:
            return
        status: dict[float, int] = {e.at: list(Status).index(e.status) for e in shown.finding.history.events}
        rows: list[int] = []
        for step in shown.finding.steps:
            if step.is_call:
                rows.append(status.get(step.at, rows[-1] if rows else 0))
                method = re.sub(r"^queue\.(\w+)\(.*$", r"\1", step.text)
                height = -0.5 - 0.45 * (len(rows) % 2)  # a name may be as wide as two columns
                ax.text(len(rows), height, method, ha="center", va="center")
            else:  # time passes
                ax.text(
                    len(rows) + 0.5, rows[-1] + 0.45, f"{step.text.removeprefix('time passes: ')} later", ha="center"
                )
        ax.plot(range(1, len(rows) + 1), rows, "o-", color="#0072b2")
        ax.plot(len(rows), rows[-1], "X", color="#d55e00", ms=14)

    controls: Controls = {
        "mistake": Choice("mistake", tuple(MISTAKES), "completes any job"),
        "calls": Slider("calls at most", 1, 7, 1, 3),
    }
    question = "How many calls does a test need before it can see each mistake?"
    lab = Lab(question, planted, draw, say_shown, controls)
    lab.words.layout.min_height = "9.5em"  # what a finding needs on a narrow screen: nothing moves when it is found
    return lab
