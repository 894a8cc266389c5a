"""The history of a queue: every move of every job, and the spans of time between them (page 0).

A history listens to a queue and keeps its events. All pictures are drawn from a history, and from nothing else.
"""

from __future__ import annotations

import linecache
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from .arguments import shown
from .contract import Producer
from .job import ENDED, JobEvent, Move, Status
from .lines import Line, LineListener, line_of

YEAR = 365 * 86400.0


class Phase(StrEnum):
    """What a job is doing in a span of time. A pending job may be delayed, waiting or backing off."""

    DELAYED = "delayed"
    """Pending, and not due yet: the producer gave it a delay."""
    WAITING = "waiting"
    """Pending, and due: no worker is free."""
    BACKING_OFF = "backing off"
    """Pending after a failed attempt, until its backoff ends."""
    PROCESSING = "processing"
    """Claimed by a worker: one attempt."""


class Span(NamedTuple):
    """A stretch of time in which one job did one thing, in seconds on the queue's clock."""

    job_id: int
    type: str
    phase: Phase
    start: float
    end: float
    attempt: int
    worker: str | None
    outcome: str | None
    """The move that ended it, such as "complete" or "retry", or "due"; None if it has not ended yet."""
    error: str | None


class History:
    """Keep every event of a queue from now on.

    Args:
        queue: the queue to listen to. None: none; pass events to `record` yourself.
        name: its name in pictures; if there is a queue, the queue's name is used.
        lines: whether to keep which line of your own code made each event; see `lines`. A move then takes about ten
            microseconds longer.

    Raises:
        TypeError: for lines that are not True or False.
    """

    def __init__(self, queue: Producer | None = None, *, name: str = "", lines: bool = False) -> None:
        if not isinstance(lines, bool):
            raise TypeError(f"lines must be True or False, got {shown(lines)}")
        self.name = name if queue is None else queue.name
        self.aging: float = getattr(queue, "aging", 0.0)
        """The queue's `aging`, see `JobQueue`: a picture needs it to show waiting jobs in their order."""
        self.events: list[JobEvent] = []
        self._clock: Callable[[], float] | None = None if queue is None else queue.clock
        self._keeps_lines = lines
        if lines:
            linecache.checkcache()  # files may have been edited since somebody read them
        listener = LineListener(self.record) if lines else self.record
        self._unsubscribe = None if queue is None else queue.subscribe(listener)
        self._spans: list[Span] = []
        self._spans_of: tuple[int, float] = (0, 0.0)

    def __repr__(self) -> str:
        return f"<History of {self.name!r}: {len(self.events)} events of {len(self.jobs())} jobs>"

    def record(self, event: JobEvent) -> None:
        """Add one event. Events must be added in order of time."""
        self.events.append(event)

    @property
    def lines(self) -> list[Line | None]:
        """For each event, the line of your own code that made it, such as `cell 12, line 4: queue.enqueue("a")`.

        It is the innermost one that is neither of this package nor of a library. So for what a worker does, it is the
        line that runs the worker, such as `sim.run(worker.drain())`. It is None where there is no such line, or where
        it is not known:

        - without `lines=True`, and on a queue that is not of this package;
        - for what other processes did, and what was done through another object for the same file or server;
        - on an engine, for all moves but `enqueue` and `discard`;
        - for what a worker does in a task of a notebook's own event loop: none of your lines is running then.
        """
        return [line_of(event) if self._keeps_lines else None for event in self.events]

    def close(self) -> None:
        """Stop listening. Recorded events are kept, and jobs that have not ended are shown as they are now."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
            if self._clock is not None:
                now = self._clock()
                self._clock = lambda: now

    def jobs(self) -> dict[int, str]:
        """Return the type of each job, by id, in the order in which they were enqueued."""
        types: dict[int, str] = {}
        for event in self.events:
            types.setdefault(event.job_id, event.type)
        return types

    def workers(self) -> list[str]:
        """Return the names of all workers that picked up a job, in alphabetical order."""
        return sorted({event.worker for event in self.events if event.worker is not None})

    @property
    def start(self) -> float:
        """The time of the first event, in seconds; 0 if there is none."""
        return self.events[0].at if self.events else 0.0

    @property
    def origin(self) -> float:
        """The time that pictures show as 0 s: 0 in simulated time; on a real clock, which counts from 1970, `start`."""
        return self.start if self.start > YEAR else 0.0

    @property
    def end(self) -> float:
        """Where the history ends, in seconds: at the last event or, while a job is unfinished, now."""
        if not self.events:
            return 0.0
        last = self.events[-1].at
        final = {event.job_id: event.status for event in self.events}.values()
        if self._clock is None or all(status in ENDED for status in final):
            return last
        return max(last, self._clock())

    def spans(self) -> list[Span]:
        """Cut the history into spans: job by job, in the order in which they were enqueued, each in order of time.

        A span that has not ended yet reaches to `end`.
        """
        now = (len(self.events), self.end)
        if self._spans_of != now:
            self._spans = list(_cut(self.events, self.end))
            self._spans_of = now
        return self._spans

    def count(self, times: Sequence[float]) -> dict[str, list[int]]:
        """Count the jobs in each phase, and those completed and failed, at each of `times` (seconds)."""
        bounds: dict[str, tuple[list[float], list[float]]] = {phase.value: ([], []) for phase in Phase}
        for span in self.spans():
            bounds[span.phase][0].append(span.start)
            if span.outcome is not None:
                bounds[span.phase][1].append(span.end)
        at = {move: [event.at for event in self.events if event.move == move] for move in Move}
        bounds[Status.COMPLETED.value] = (at[Move.COMPLETE], [])
        bounds[Status.FAILED.value] = (at[Move.FAIL], at[Move.REVIVE] + at[Move.DISCARD])
        for starts, ends in bounds.values():
            starts.sort()
            ends.sort()
        return {
            state: [bisect_right(starts, t) - bisect_right(ends, t) for t in times]
            for state, (starts, ends) in bounds.items()
        }


def _cut(events: Iterable[JobEvent], end: float) -> Iterable[Span]:
    by_job: dict[int, list[JobEvent]] = {}
    for event in events:
        if event.move == Move.PROGRESS:
            continue  # the attempt is still running
        by_job.setdefault(event.job_id, []).append(event)
    for moves in by_job.values():
        for this, following in zip(moves, [*moves[1:], None], strict=True):
            until = max(this.at, end if following is None else following.at)  # the clock may have been set back
            outcome = None if following is None else following.move
            if this.status is Status.PROCESSING:
                error = str(following.error) if following is not None and following.error else None
                yield Span(
                    this.job_id, this.type, Phase.PROCESSING, this.at, until, this.attempt, this.worker, outcome, error
                )
            elif this.status is Status.PENDING:
                early = Phase.BACKING_OFF if this.move == Move.RETRY else Phase.DELAYED
                due = min(max(this.scheduled_for, this.at), until)
                for phase, start, stop in ((early, this.at, due), (Phase.WAITING, due, until)):
                    if start < stop:
                        ended = outcome if stop == until else "due"
                        yield Span(this.job_id, this.type, phase, start, stop, this.attempt, None, ended, None)
