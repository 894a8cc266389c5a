"""Every position of a panel's controls, computed beforehand: what a page without a kernel shows of a panel.

Each control is moved by itself, the others are where they start: all positions together would be thousands of pictures.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..show.describe import describe
from ..show.style import course_style
from ..show.svg import to_svg
from .panel import Choice, Lab, Slider, uninterrupted

SIZE = (6.0, 3.5)  # inches: on a phone, which is half as wide, the words can still be read
MARK = "jqp"  # what ids in a panel's picture start with: there is one panel on a page


class Position(NamedTuple):
    """What a panel shows for one setting of its controls."""

    words: str
    alt: str
    """The picture in words."""
    picture: str
    """As SVG."""


def lab_of(page: str, source: str) -> Callable[[], Lab] | None:
    """Return what makes the panel that a cell shows; None if it shows none.

    Args:
        page: the name of the page, such as `04_retries`.
        source: the cell's code, whose last line is a call such as `retry_storm_lab()`.
    """
    lines = source.strip().splitlines()
    found = re.fullmatch(r"(\w+_lab)\(\)", lines[-1].strip()) if lines else None
    if found is None:
        return None
    labs = importlib.import_module(f"jobqueue_lesson.labs.{page.partition('_')[2]}")
    make: Callable[[], Lab] | None = getattr(labs, found[1], None)
    return make


def panel_data(lab: Lab) -> dict[str, Any]:
    """Return what a page needs to show a panel without a kernel, with every position of each control.

    The field for the seed is left out: it has ten thousand positions.

    Args:
        lab: the panel, with its controls where they start.
    """
    start = lab.values
    draw = _Drawing(lab)
    with uninterrupted():
        first = draw(start)
        positions = {
            name: [
                (first if value == start[name] else draw(start | {name: value}))._asdict()
                for value in values_of(control)
            ]
            for name, control in lab.given.items()
        }
    return {
        "kind": "panel",
        "question": lab.question,
        "controls": [_control(name, control) for name, control in lab.given.items()],
        "start": first._asdict(),
        "positions": positions,
    }


def values_of(control: Slider | Choice) -> list[Any]:
    """Return all values that a control can have."""
    if isinstance(control, Choice):
        return list(control.options)
    steps = round((control.high - control.low) / control.step)
    return [round(control.low + step * control.step, 6) for step in range(steps + 1)]


def _control(name: str, control: Slider | Choice) -> dict[str, Any]:
    values = values_of(control)
    shown = [str(value) if isinstance(control, Choice) else f"{value:g}" for value in values]
    kind = "choice" if isinstance(control, Choice) else "slider"
    return {"name": name, "label": control.label, "kind": kind, "values": shown, "start": values.index(control.start)}


class _Drawing:
    """Draws a panel's outcomes on axes that stay where they are."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._axes: tuple[float, float, float, float] | None = None

    def __call__(self, values: dict[str, Any]) -> Position:
        outcome = self.lab.run(**values)
        with course_style():
            figure = Figure(figsize=SIZE)
            axes = figure.subplots()
            self.lab.draw(outcome, axes)
            _fold_legend(axes, figure)
            if self._axes is None:
                figure.draw_without_rendering()
                x, y, width, height = axes.get_position().bounds
                self._axes = (x + 0.018, y, width - 0.04, height)  # room for one more digit, as in the panel itself
            figure.set_layout_engine("none")
            axes.set_position(self._axes)
            alt = describe(figure)
            picture = to_svg(figure, MARK).replace("<svg ", '<svg aria-hidden="true" ', 1)  # the page says `alt`
            return Position(self.lab.say(outcome), alt, picture)


def _fold_legend(axes: Axes, figure: Figure) -> None:
    """Put a legend that is too wide for the picture, and so is above the axes, into more lines."""
    legend = axes.get_legend()
    if legend is None:
        return
    labels = [text.get_text() for text in legend.get_texts()]
    handles = [handle for handle in legend.legend_handles if handle is not None]
    columns = len(labels)
    while columns > 1 and legend.get_window_extent().width > 0.88 * figure.bbox.width:
        columns -= 1
        legend = axes.legend(
            handles,
            labels,
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=columns,
            borderaxespad=0.2,
            columnspacing=1.1,
            handletextpad=0.4,
        )
