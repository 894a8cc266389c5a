"""The timeline of 10,000 jobs against one `broken_barh` a row."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Iterator

import matplotlib

matplotlib.use("agg")

from matplotlib import pyplot as plt

from jobqueue_lesson import History, JobQueue, Simulation, Worker, plot_timeline

from .measure import Row, seconds

JOBS = 10_000


def record() -> History:
    """Let 10,000 jobs wait for their time, wait for a worker, and be done: three spans each."""
    sim = Simulation()
    queue = JobQueue("bench", clock=sim.time)
    history = History(queue)
    for number in range(JOBS):
        queue.enqueue("nap", 1.0, delay=0.9 * (number + 1))
    sim.run(Worker(queue, {"nap": asyncio.sleep}).drain())
    return history


def draw_ours(history: History) -> None:
    """Draw with plot_timeline."""
    figure = plot_timeline(history).figure
    figure.savefig(io.BytesIO(), format="png")  # type: ignore[union-attr]
    plt.close("all")


def draw_rows(history: History) -> None:
    """Draw each job's spans with a broken_barh of its own."""
    figure, ax = plt.subplots(figsize=(9, 3.6))
    spans: dict[int, list[tuple[float, float]]] = {}
    for span in history.spans():
        spans.setdefault(span.job_id, []).append((span.start, span.end - span.start))
    for job_id, bars in spans.items():
        ax.broken_barh(bars, (job_id - 0.4, 0.8), facecolors=["#dddddd", "#b3b3b3", "#0072b2"][: len(bars)])
    figure.savefig(io.BytesIO(), format="png")
    plt.close("all")


def rows() -> Iterator[Row]:
    """Measure everything of this module."""
    history = record()
    assert len(history.spans()) >= 2.9 * JOBS
    draw_ours(history)  # the first picture of a process also loads fonts
    times = []
    for draw in (draw_ours, draw_rows):
        history._spans_of = (0, 0.0)  # cut the spans anew, as a learner's first picture does
        start = time.process_time()
        draw(history)
        times.append(time.process_time() - start)
    mine, theirs = times
    yield Row(
        "10,000 jobs × 3 spans to PNG: ours / broken_barh a row", seconds(mine), seconds(theirs), mine / theirs, 1 / 50
    )
