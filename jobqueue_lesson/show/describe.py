"""Pictures in words: the alternative text of every plot, made from what is drawn in it.

Screen readers read it, and programs that cannot show pictures show it instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import Collection, LineCollection
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

COUNTS = {2: "Two", 3: "Three", 4: "Four"}
MAX_MARKS = 8
"""How many marks of a panel are described; further ones are only counted."""


def describe(figure: Figure) -> str:
    """Return a description of a figure.

    A label set with `figure.set_label("…")` is the description, and one set with `axes.set_label("…")` describes a
    panel: the course's own plots set them. Other plots are described by their titles, axis labels and marks.

    Returns:
        The description; "" if nothing is drawn, or neither a title nor an axis label says what it is about.
    """
    if own := str(figure.get_label()):
        return own
    panels = [panel for panel in map(_panel, figure.axes) if panel]
    if len(panels) < 2:
        return "".join(panels)
    return f"{COUNTS.get(len(panels), str(len(panels)))} panels. " + " ".join(panels)


def number(value: float) -> str:
    """Format a number with three digits, such as "0.5", "12.5" or "1,024": the same on every machine."""
    value = round(value) if abs(value) >= 1000 else round(float(f"{value:.3g}"), 3)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value or 0.0:.3g}"


def _panel(axes: Axes) -> str:
    titles = [axes.get_title(loc=place) for place in ("left", "center", "right")]
    title = ", ".join(title for title in titles if title)
    if own := str(axes.get_label()):
        return f"{title}: {own}" if title else own
    names = " by ".join(name for name in (axes.get_ylabel(), axes.get_xlabel()) if name)
    marks = list(_marks(axes))
    about = ", ".join(part for part in (title, names) if part)
    if not marks or not about:
        return ""
    if len(marks) > MAX_MARKS:
        marks[MAX_MARKS:] = [f"and {len(marks) - MAX_MARKS} more"]
    return f"{about[0].upper()}{about[1:]}: {'; '.join(marks)}."


def _marks(axes: Axes) -> Iterator[str]:
    """Yield a phrase for each mark that is drawn."""
    for container in axes.containers:
        if isinstance(container, BarContainer):
            yield _named(container, f"{len(container)} bars") + _between(bar.get_height() for bar in container)
    for line in axes.lines:
        yield from _line(line)
    for collection in axes.collections:
        yield from _collection(collection)
    yield from (f"the words “{text.get_text()}”" for text in axes.texts if text.get_text())


def _line(line: Line2D) -> Iterator[str]:
    data: Any = line.get_xydata()
    points = [(float(x), float(y)) for x, y in data]
    if not points:
        return
    xs, ys = map(list, zip(*points, strict=True))
    if xs == [0, 1] and ys[0] == ys[1]:
        yield _named(line, "a line") + f" at {number(ys[0])}, across"
    elif ys == [0, 1] and xs[0] == xs[1]:
        yield _named(line, "a line") + f" at {number(xs[0])}, upwards"
    elif line.get_linestyle() == "None":
        yield _named(line, f"{len(xs):,} points" if len(xs) > 1 else "a point") + _between(ys)
    else:
        course = f" from {number(ys[0])} at {number(xs[0])} to {number(ys[-1])} at {number(xs[-1])}"
        if max(ys) > max(ys[0], ys[-1]):
            course += f", at most {number(max(ys))}"
        yield _named(line, "a line") + course


def _collection(collection: Collection) -> Iterator[str]:
    if isinstance(collection, LineCollection):  # vlines: from the bottom up
        tops = [max(float(y) for _, y in segment) for segment in collection.get_segments()]
        if tops:
            yield _named(collection, f"{len(tops)} upright lines") + _between(tops)
    elif many := len(collection.get_paths()):
        yield _named(collection, f"{many} areas")


def _named(artist: Any, what: str) -> str:
    label = str(artist.get_label())
    return what if not label or label.startswith("_") else f"“{label}”, {what}"


def _between(values: Iterable[float]) -> str:
    found = [float(value) for value in values]
    low, high = number(min(found)), number(max(found))
    return f" at {low}" if low == high else f" from {low} to {high}"
