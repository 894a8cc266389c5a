"""The timeline of job states, as a plot and as text. Both are drawn from the spans of a `History`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Literal

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..history import History, Phase, Span
from ..job import COMPLETE, FAIL, RELEASE, RETRY
from .colours import INK, PAPER
from .style import LOOKS, course_style, format_duration

Rows = Literal["jobs", "workers"]

MAX_ROWS = 60
"""More rows than this would be too thin to read, so the jobs are counted instead."""

MAX_ATTEMPTS_LISTED = 8
"""If there are more attempts, the picture's description only counts them."""

STACK = ("completed", "failed", "processing", "backing off", "delayed", "waiting")
"""The bands of a cumulative flow diagram, from the bottom up."""

BLOCKS = " ▁▂▃▄▅▆▇█"

LOOK_OF_ATTEMPT: dict[str | None, str] = {RETRY: "failed attempt", FAIL: "failed attempt"}
"""By the move that ended it."""
LOOK_OF_END: dict[str | None, str] = {COMPLETE: "completed", FAIL: "failed", RELEASE: "released"}
"""By the move that ended the attempt."""


def plot_timeline(history: History, *, rows: Rows = "jobs", ax: Axes | None = None, max_rows: int = MAX_ROWS) -> Axes:
    """Draw what every job did, over time: a row for each job, or for each worker.

    More than `max_rows` jobs are drawn as a cumulative flow diagram: how many were in each state over time.

    Args:
        history: the history.
        rows: "jobs" or "workers".
        ax: where to draw; None: in a new figure.
        max_rows: the most rows that are drawn one by one.

    Returns:
        The Axes, with the drawing in it.

    Raises:
        ValueError: for any other value of rows.
    """
    names, row_of = _rows(history, rows)
    with course_style():
        if ax is None:
            each = 0.36 if len(names) <= 8 else 0.27  # a tall picture is made small on a slide, with all its words
            height = 3.6 if len(names) > max_rows else min(1.5 + each * max(1, len(names)), 9.0)
            _, ax = plt.subplots(figsize=(9.0, height))
        if not history.events:
            ax.text(0.5, 0.5, "nothing has been recorded yet", ha="center", va="center", transform=ax.transAxes)
            ax.set_axis_off()
        elif len(names) > max_rows:
            _draw_flow(ax, history, len(names), rows)
        else:
            _draw_rows(ax, history, names, row_of, rows)
        ax.set_label(_describe_timeline(history, names, rows, one_by_one=len(names) <= max_rows))
    return ax


def text_timeline(history: History, *, rows: Rows = "jobs", width: int = 56, max_rows: int = 40) -> str:
    """Return what every job did, over time: the same as `plot_timeline`, in characters.

    Args:
        history: the history.
        rows: "jobs" or "workers".
        width: how many characters wide the time axis is.
        max_rows: the most rows that are written one by one; if there are more, jobs are counted.

    Returns:
        Lines of text, to print.

    Raises:
        ValueError: for any other value of rows.
    """
    names, row_of = _rows(history, rows)
    if not history.events:
        return "nothing has been recorded yet"
    if len(names) > max_rows:
        return _write_flow(history, width, len(names), rows)
    return _write_rows(history, names, row_of, rows, width)


def look_of(span: Span) -> str:
    """Name the look of a span, a key of `LOOKS`."""
    if span.phase is not Phase.PROCESSING:
        return span.phase.value
    return LOOK_OF_ATTEMPT.get(span.outcome, "processing")


def end_of(span: Span) -> str | None:
    """Name the look of the mark at a span's end, a key of `LOOKS`; None if it has none."""
    return LOOK_OF_END.get(span.outcome)


def _rows(history: History, rows: Rows) -> tuple[list[str], Callable[[Span], int | None]]:
    """Return a name for each row, and a function from a span to its row."""
    if rows == "jobs":
        jobs = history.jobs()
        place = {job_id: row for row, job_id in enumerate(jobs)}
        return [f"#{job_id} {type}" for job_id, type in jobs.items()], lambda span: place[span.job_id]
    if rows == "workers":
        workers = history.workers()
        at = {worker: row for row, worker in enumerate(workers)}
        return workers, lambda span: at[span.worker] if span.worker is not None else None
    raise ValueError(f"rows must be 'jobs' or 'workers', got {rows!r}")


def _describe_timeline(history: History, names: list[str], rows: Rows, *, one_by_one: bool) -> str:
    """Summarize the picture, for people who cannot see it. The text timeline has every row."""
    if not history.events:
        return "Timeline: nothing has been recorded yet."
    spans = history.spans()
    ends = Counter({event.job_id: event.status for event in history.events}.values())
    failed = sum(look_of(span) == "failed attempt" for span in spans)
    outcome = [f"{ends[status]:,} {status}" for status in sorted(ends)]
    outcome += [f"{failed:,} attempt{'s' * (failed != 1)} failed"] * bool(failed)
    how = "a row for each" if one_by_one else "counted by state"
    many = f"{len(names):,} {rows if len(names) != 1 else rows.removesuffix('s')}"
    length = format_duration(history.end - history.start)
    summary = f"Timeline of {many}, {how}, over {length}. At the end: {', '.join(outcome)}."
    attempts = [
        f"#{span.job_id} {format_duration(span.start - history.origin)} to {format_duration(span.end - history.origin)}"
        for span in spans
        if span.phase is Phase.PROCESSING
    ]
    return summary + (f" Attempts: {', '.join(attempts)}." if 0 < len(attempts) <= MAX_ATTEMPTS_LISTED else "")


# --- as a plot ---


def _unit(history: History) -> tuple[float, str]:
    return (1000.0, "ms") if history.end - history.start < 1.0 else (1.0, "s")


def _draw_rows(ax: Axes, history: History, names: list[str], row_of: Callable[[Span], int | None], rows: Rows) -> None:
    scale, unit = _unit(history)
    bars: dict[str, list[list[tuple[float, float]]]] = {}
    marks: dict[str, tuple[list[float], list[float]]] = {}
    thinnest = 0.004 * scale * (history.end - history.start)  # so that an attempt that took no time is visible
    for span in history.spans():
        row = row_of(span)
        if row is None:
            continue
        look = look_of(span)
        half = LOOKS[look].height / 2
        left = scale * (span.start - history.origin)
        right = max(scale * (span.end - history.origin), left + thinnest)
        bars.setdefault(look, []).append(
            [(left, row - half), (right, row - half), (right, row + half), (left, row + half)]
        )
        mark = end_of(span)
        if mark is not None:
            xs, ys = marks.setdefault(mark, ([], []))
            xs.append(scale * (span.end - history.origin))
            ys.append(row)
        label = f"#{span.job_id}"
        if rows == "workers" and span.end - span.start > 0.016 * len(label) * (history.end - history.start):
            box = {"boxstyle": "round,pad=0.15", "facecolor": PAPER, "linewidth": 0}
            ax.text((left + right) / 2, row, label, ha="center", va="center", fontsize=10, bbox=box)
    for look, polygons in bars.items():
        style = LOOKS[look]
        outline = style.colour if not style.hatch else INK
        ax.add_collection(
            PolyCollection(
                polygons,
                facecolor=style.colour,
                edgecolor=outline,
                hatch=style.hatch or None,
                linewidth=0.8,
                label=look,
            )
        )
    for mark, (xs, ys) in marks.items():
        ax.scatter(
            xs, ys, s=90, marker=LOOKS[mark].marker, color=LOOKS[mark].colour, edgecolor=PAPER, zorder=3, label=mark
        )
    inches = ax.bbox.height / ax.figure.dpi
    every = math.ceil(0.19 * len(names) / inches)  # so that the names do not overlap
    ax.set_yticks(range(0, len(names), every), names[::every])
    ax.set_ylim(len(names) - 0.4, -0.6)
    margin = 0.015 * scale * (history.end - history.start) or 1.0
    ax.set_xlim(scale * (history.start - history.origin) - margin, scale * (history.end - history.origin) + margin)
    ax.set_xlabel(f"time in {unit} · one row is one {rows.removesuffix('s')}")
    present = [look for look in LOOKS if look in bars or look in marks]
    handles = [
        Line2D([], [], ls="", marker=LOOKS[look].marker, color=LOOKS[look].colour, ms=10, label=look)
        if LOOKS[look].marker
        else Patch(facecolor=LOOKS[look].colour, hatch=LOOKS[look].hatch, edgecolor=INK, linewidth=0.5, label=look)
        for look in present
    ]
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=len(handles) if len(handles) <= 6 else 4,  # a longer line would squeeze the picture
        borderaxespad=0.2,
        columnspacing=1.1,
        handlelength=1.6,
        handletextpad=0.4,
    )


def _draw_flow(ax: Axes, history: History, many: int, rows: Rows) -> None:
    """Draw how many jobs were in each state at each instant: a cumulative flow diagram."""
    scale, unit = _unit(history)
    times = _instants(history, 1200)
    counts = history.count(times)
    bands = [band for band in STACK if any(counts[band])]
    drawn = ax.stackplot(
        [scale * (t - history.origin) for t in times],
        [counts[band] for band in bands],
        labels=bands,
        colors=["#8fd0bb" if band == "completed" else LOOKS[band].colour for band in bands],
    )
    for polygon, band in zip(drawn, bands, strict=True):
        polygon.set_hatch(LOOKS[band].hatch)
        polygon.set_edgecolor(INK)
        polygon.set_linewidth(0.6)
    ax.margins(x=0, y=0.02)
    ax.set_xlabel(f"time in {unit}")
    ax.set_ylabel("jobs")
    ax.set_title(
        f"{many:,} {rows}, too many for a row each: a band's height is how many jobs are in that state", fontsize=11
    )
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(1.0, 0.5))


def _instants(history: History, many: int) -> list[float]:
    length = history.end - history.start
    return [history.start + length * i / (many - 1) for i in range(many)]


# --- as text ---


def _write_rows(
    history: History, names: list[str], row_of: Callable[[Span], int | None], rows: Rows, width: int
) -> str:
    cell = (history.end - history.start) / width or 1.0
    lines = [[" "] * (width + 2) for _ in names]
    used: set[str] = set()
    # Pending spans first, then attempts, then marks: what is short and important is written over what is long.
    for span in sorted(history.spans(), key=lambda s: (s.phase is Phase.PROCESSING, s.start)):
        row = row_of(span)
        if row is None:
            continue
        first = math.floor(round((span.start - history.start) / cell, 6))
        last = max(first + 1, math.ceil(round((span.end - history.start) / cell, 6)))
        used.add(span.phase)
        lines[row][first:last] = LOOKS[span.phase].character * (last - first)
        if rows == "workers":
            label = f"#{span.job_id}"
            if len(label) < last - first:
                lines[row][first : first + len(label)] = label
        mark = end_of(span) or (look_of(span) if look_of(span) == "failed attempt" else None)
        if mark is not None:
            lines[row][last] = LOOKS[mark].character
            used.add(mark)
    if rows == "workers":
        done = [sum(1 for span in history.spans() if span.worker == name) for name in names]
        ends = [f"{n} attempt{'s' * (n != 1)}" for n in done]
    else:
        last_span = {span.job_id: span for span in history.spans()}
        ends = [_summary(last_span[job_id]) if job_id in last_span else "waiting" for job_id in history.jobs()]
    wide = max(len(name) for name in names)
    left, right = format_duration(history.start - history.origin), format_duration(history.end - history.origin)
    legend = "  ".join(f"{LOOKS[look].character} {look}" for look in LOOKS if look in used)
    return "\n".join(
        [
            f"{'':{wide}}  {legend}",
            *(
                f"{name:{wide}}  {''.join(line)} {words}".rstrip()
                for name, line, words in zip(names, lines, ends, strict=True)
            ),
            f"{'':{wide}}  {left}{right:>{max(1, width - len(left))}}",
        ]
    )


def _summary(span: Span) -> str:
    """Return a job's state after its last span, in words."""
    after = Phase.BACKING_OFF if span.outcome is RETRY else span.phase  # it has just failed: no span of it yet
    state = end_of(span) or after.value
    return state if span.attempt <= 1 else f"{state}, attempt {span.attempt}"


def _write_flow(history: History, width: int, many: int, rows: Rows) -> str:
    counts = history.count(_instants(history, width))
    lines = [f"{many:,} {rows}, too many for a row each: how many jobs are in each state, each row up to its own peak"]
    for band in reversed(STACK):
        peak = max(counts[band])
        if peak:
            bars = "".join(BLOCKS[math.ceil(8 * n / peak)] for n in counts[band])
            lines.append(f"{band:11}  {bars}  peak {peak:,}")
    left, right = format_duration(history.start - history.origin), format_duration(history.end - history.origin)
    lines.append(f"{'':11}  {left}{right:>{max(1, width - len(left))}}")
    return "\n".join(lines)
