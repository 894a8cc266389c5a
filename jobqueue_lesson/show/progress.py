"""How far jobs are: bars that move while they work, and a plot of a record."""

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
from .style import LOOKS, course_style, in_words

WIDTH = 30  # characters of a bar in text
STYLES = {Status.COMPLETED: "success", Status.FAILED: "danger"}


def percent(fraction: float) -> str:
    """Say a share, such as "50 %". Only what is all is 100 %."""
    return f"{min(99, round(100 * fraction)) if fraction < 1 else 100} %"


class ProgressBars(ipywidgets.VBox):  # type: ignore[misc]
    """A bar for each job of a queue that says how far it is. The bars follow the jobs until they are closed.

    Args:
        queue: the queue. Bars move while a cell awaits something; in simulated time, they show where it ended.
    """

    def __init__(self, queue: Producer) -> None:
        super().__init__()
        self._queue = queue
        self._rows: dict[int, tuple[Job, ipywidgets.HBox]] = {}
        self._unsubscribe = queue.subscribe(self._follow)
        belongs_to_cell(self)

    def close(self) -> None:
        """Follow no more."""
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
        words.value = _in_words(event)
        self._rows[job.id] = job, row

    def __repr__(self) -> str:
        lines = []
        for job, row in self._rows.values():
            _, bar, words = row.children
            full = int(WIDTH * bar.value)
            lines.append(f"#{job.id} {job.type}  {'█' * full}{'·' * (WIDTH - full)}  {words.value}")
        return "\n".join(lines) or "A bar will stand here for each job that says how far it is."

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Show the bars; in text, as they are now."""
        return dict(super()._repr_mimebundle_(**options) or {}) | {"text/plain": repr(self)}


def plot_progress(history: History, ax: Axes | None = None) -> Axes:
    """Draw how far each job was over time: what whoever asked was told.

    Args:
        history: the record.
        ax: where to draw; None: in a new figure.
    """
    with course_style():
        if ax is None:
            _, ax = plt.subplots(figsize=(9.0, 2.8))
        events = [event for event in history.events if event.progress is not None]
        scale, unit = (1000, "ms") if history.end - history.origin < 1 else (1, "s")
        for job_id, type in history.jobs().items():
            own = [event for event in events if event.job_id == job_id]
            times = [scale * (event.at - history.origin) for event in own]
            shares = [event.progress or 0.0 for event in own]
            ax.plot(times, shares, drawstyle="steps-post", marker=".", markersize=9, label=f"#{job_id} {type}")
            for time, share, event in zip(times, shares, own, strict=True):
                if event.move in (Move.RETRY, Move.FAIL):
                    colour = LOOKS["failed attempt"].colour
                    ax.plot([time], [share], marker="X", markersize=12, color=colour, ls="", zorder=3)
        ax.set(xlabel=f"time in {unit}", ylim=(-0.04, 1.08))
        said = [f"#{job} {type} {_course_of(events, job)}" for job, type in history.jobs().items()]
        ax.set_label(f"How far each job was, over {in_words(history.end - history.origin)}. {'; '.join(said)}.")
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        ax.grid(True, axis="y")
        if events:
            ax.legend(loc="lower right")
    return ax


def _course_of(events: list[JobEvent], job_id: int) -> str:
    """Say what a job's curve shows: where it ends, and how often it is told that an attempt failed."""
    own = [event for event in events if event.job_id == job_id]
    failed = sum(event.move in (Move.RETRY, Move.FAIL) for event in own)
    said = f"climbs to {percent(own[-1].progress or 0.0)} in {len(own)} steps" if own else "has no progress to show"
    return said + (f", with {failed} failed attempt{'s' * (failed != 1)} marked by a cross" if failed else "")


def text_progress(history: History) -> str:
    """Write how far each job was, a line for each report and each end of an attempt."""
    lines = [
        f"{in_words(event.at - history.origin):>8}  #{event.job_id} {_in_words(event)}"
        for event in history.events
        if event.progress is not None and event.move != Move.DEQUEUE
    ]
    return "\n".join(lines)


def _in_words(event: JobEvent) -> str:
    words = [percent(event.progress or 0.0)]
    if event.move == Move.PROGRESS:
        words += [event.note] * bool(event.note)
    else:
        said = {Move.RETRY: "the attempt failed", Move.DEQUEUE: "begins again"}
        words.append(said.get(event.move, event.status.value))
    return " · ".join(words)
