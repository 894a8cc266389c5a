"""The pictures that others show with a link to a page: its title, and a timeline, in the course's look."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable

from matplotlib.figure import Figure
from PIL import Image

from jobqueue_lesson import History, plot_timeline
from jobqueue_lesson.show.colours import INK, PAPER
from jobqueue_lesson.show.style import course_style

WIDTH, HEIGHT = 1200, 630
"""Pixels: the size that networks ask for."""
COLOURS = 64
"""More are not needed: the pictures have a dozen, and their edges."""


def drawer(history: History) -> Callable[[str, str], bytes]:
    """Return a function that makes the preview of a page from its title and the line above it, as a PNG.

    The timeline below them is the same in all: it is drawn once.

    Args:
        history: what the timeline shows.
    """
    with course_style():
        figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor=PAPER)
        figure.set_layout_engine("none")
        axes = figure.add_axes((0.06, 0.06, 0.88, 0.4))
        plot_timeline(history, ax=axes)
        axes.set_axis_off()
        legend = axes.get_legend()
        if legend is not None:
            legend.remove()
        over = figure.text(0.06, 0.86, "", fontsize=24, color="#0b5c92", weight="bold")
        title = figure.text(
            0.06, 0.8, "", fontsize=54, color=INK, weight="bold", verticalalignment="top", linespacing=1.1
        )

    def draw(line: str, name: str) -> bytes:
        over.set_text(line)
        title.set_text("\n".join(textwrap.wrap(name, 30)))
        with course_style():
            return _png(figure)

    return draw


def _png(figure: Figure) -> bytes:
    """Return a figure as a small PNG."""
    drawn, made = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=100)
    few = Image.open(drawn).convert("RGB").quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(made, "PNG", optimize=True)
    return made.getvalue()
