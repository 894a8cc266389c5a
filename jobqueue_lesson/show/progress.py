"""The progress of jobs: bars that move while they run, and a plot of a history."""

from __future__ import annotations

from typing import Any

import ipywidgets
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from ..contract import Producer
from ..history import History
from ..job import Job, JobEvent, Move, Status
from .cells import belongs_to_cell
from .colours import INK
from .saved import with_text
from .style import course_style, format_duration

WIDTH = 30  # characters of a bar in text
NONE_YET = "There will be a bar here for each job that reports its progress."
STYLES = {Status.COMPLETED: "success", Status.FAILED: "danger"}


def percent(fraction: float) -> str:
    """Format a fraction, such as "50 %". Only 1 is 100 %."""
    return f"{min(99, round(100 * fraction)) if fraction < 1 else 100} %"


class ProgressBars(ipywidgets.VBox):  # type: ignore[misc]
    """A bar for each job of a queue that reports progress. The bars follow the jobs until they are closed.

    Args:
        queue: the queue. Bars move while a cell is awaiting; in simulated time, they only show the end.
    """

    def __init__(self, queue: Producer) -> None:
        super().__init__([ipywidgets.Label(NONE_YET)])
        self._queue = queue
        self._rows: dict[int, tuple[Job, ipywidgets.HBox]] = {}
        self._unsubscribe = queue.subscribe(self._follow)
        belongs_to_cell(self)

    def close(self) -> None:
        """Stop following the jobs."""
        self._unsubscribe()
        super().close()

    def _follow(self, event: JobEvent) -> None:
        if event.progress is None or (job := self._queue.get(event.job_id)) is None:
            return
        if job.id not in self._rows:
            name = ipywidgets.Label(f"#{job.id} {job.type}", layout={"width": "180px"})
            bar = ipywidgets.FloatProgress(max=1.0, layout={"width": "300px"})
            self._rows[job.id] = job, ipywidgets.HBox([name, bar, ipywidgets.Label()])
            self.children = [row for _, row in self._rows.values()]
        _, row = self._rows[job.id]
        _, bar, words = row.children
        bar.value = event.progress
        bar.bar_style = STYLES.get(event.status, "")
        words.value = _describe_event(event)
        self._rows[job.id] = job, row

    def _shown(self) -> list[tuple[Job, Any, Any]]:
        """Return each job, with its bar and the words beside it."""
        return [(job, *row.children[1:]) for job, row in self._rows.values()]

    def __repr__(self) -> str:
        lines = []
        for job, bar, words in self._shown():
            full = int(WIDTH * bar.value)
            lines.append(f"#{job.id} {job.type}  {'█' * full}{'·' * (WIDTH - full)}  {words.value}")
        return "\n".join(lines) or NONE_YET

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Show the bars; as text, their current state."""
        bars = [[f"#{job.id} {job.type}", bar.value, words.value] for job, bar, words in self._shown()]
        return with_text(super()._repr_mimebundle_(**options), repr(self), alive={"kind": "bars", "bars": bars})


def plot_progress(history: History, ax: Axes | None = None) -> Axes:
    """Draw each job's progress over time, as its users saw it.

    Args:
        history: the history.
        ax: where to draw; None: in a new figure.
    """
    with course_style():
        if ax is None:
            _, ax = plt.subplots(figsize=(9.0, 2.8))
        events = [event for event in history.events if event.progress is not None]
        scale, unit = (1000, "ms") if history.end - history.origin < 1 else (1, "s")
        crosses = []
        for job_id, type in history.jobs().items():
            own = [event for event in history.events if event.job_id == job_id]
            times = [scale * (event.at - history.origin) for event in own]
            shares = [event.progress or 0.0 for event in own]
            dots = [place for place, event in enumerate(own) if event.move is Move.PROGRESS]
            ax.plot(
                times, shares, ".-", drawstyle="steps-post", markersize=9, markevery=dots, label=f"#{job_id} {type}"
            )
            failed = [event.move in (Move.RETRY, Move.FAIL) for event in own]
            crosses += [point for point, ended in zip(zip(times, shares, strict=True), failed, strict=True) if ended]
        if crosses:
            at, shown = zip(*crosses, strict=True)
            # Not in the colour of a failed attempt, which is also that of the second job.
            ax.plot(at, shown, "X", color=INK, label="failed attempt", markersize=13, zorder=3)
        ax.set(xlabel=f"time in {unit}", ylabel="progress shown", ylim=(-0.04, 1.08))
        curves = [f"#{job} {type} {_describe_curve(events, job)}" for job, type in history.jobs().items()]
        length = format_duration(history.end - history.origin)
        ax.set_label(f"How far each job was, over {length}. {'; '.join(curves)}.")
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        ax.grid(True, axis="y")
        if events:
            ax.legend(loc="lower right")
    return ax


def _describe_curve(events: list[JobEvent], job_id: int) -> str:
    """Describe a job's curve: where it ends, and how many failed attempts it has."""
    own = [event for event in events if event.job_id == job_id]
    failed = sum(event.move in (Move.RETRY, Move.FAIL) for event in own)
    reports = sum(event.move is Move.PROGRESS for event in own)
    curve = (
        f"climbs to {percent(own[-1].progress or 0.0)}, with {reports} reports" if own else "has no progress to show"
    )
    return curve + (f" and {failed} failed attempt{'s' * (failed != 1)} marked by a cross" if failed else "")


def text_progress(history: History) -> str:
    """Return each job's progress as text: a line for each report, each end of an attempt and each new attempt."""
    lines = [
        f"{format_duration(event.at - history.origin):>8}  #{event.job_id} {_describe_event(event)}"
        for event in history.events
        if event.progress is not None
    ]
    return "\n".join(lines)


def _describe_event(event: JobEvent) -> str:
    words = [percent(event.progress or 0.0)]
    if event.move == Move.PROGRESS:
        words += [event.note] * bool(event.note)
    else:
        outcomes = {Move.RETRY: "the attempt failed", Move.DEQUEUE: f"attempt {event.attempt} starts"}
        words.append(outcomes.get(event.move, event.status.value))
    return " · ".join(words)
