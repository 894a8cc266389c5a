"""The course's look: one palette and one font size, the same in every picture.

Colours are from Okabe and Ito's palette, which colour-blind readers can distinguish
("Color Universal Design", 2008). No state is shown by colour alone: each also has a hatch, a shape or a character.
A mark has a contrast of at least 3:1 with the background, by its colour or by an outline in INK; text, at least 4.5:1.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import matplotlib
from cycler import cycler
from matplotlib.figure import Figure

from .colours import INK, PAPER
from .describe import describe


class Look(NamedTuple):
    """How a state or an outcome is drawn: as a bar or a marker in a plot, as a character in text."""

    colour: str
    character: str
    hatch: str = ""
    marker: str = ""
    height: float = 0.64
    """As a fraction of a row's height."""


LOOKS = {
    "delayed": Look("#e4e4e4", ":", hatch="..", height=0.34),
    "waiting": Look("#8f8f8f", "·", height=0.34),
    "backing off": Look("#f0c36d", "~", hatch="////", height=0.34),
    "processing": Look("#0072b2", "█"),
    "failed attempt": Look("#d55e00", "x", hatch="xxxx"),
    "released": Look("#cc79a7", "↩", marker="<"),
    "completed": Look("#009e73", "✓", marker="o"),
    "failed": Look(INK, "✗", marker="X"),
}
"""By name, as in legends."""

STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#767676",
    "axes.grid": True,
    "axes.grid.axis": "x",
    "axes.labelcolor": INK,
    "axes.labelsize": 13,
    "axes.prop_cycle": cycler(color=["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#a86c00", INK]),
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 14,
    "axes.titleweight": "bold",
    "figure.dpi": 100,
    "figure.facecolor": PAPER,  # opaque, so that the text is readable wherever the picture stays as it is
    "figure.figsize": (9.0, 3.2),
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # comes with matplotlib, so the picture is the same everywhere
    "font.size": 12,
    "grid.color": "#dddddd",
    "hatch.linewidth": 0.8,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "lines.linewidth": 2.2,
    "savefig.facecolor": PAPER,
    "text.color": INK,
    "xtick.color": INK,
    "xtick.labelsize": 12,
    "ytick.color": INK,
    "ytick.labelsize": 12,
    "ytick.major.size": 0,
}


def use_course_style() -> None:
    """Give all plots of this session the course's look; in a notebook, also alternative text, and high resolution."""
    matplotlib.rcParams.update(STYLE)
    if "inline" in matplotlib.get_backend():
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("retina")  # type: ignore[no-untyped-call]
        _describe_figures()


def _describe_figures() -> None:
    """Make the notebook describe each figure: as the picture's alternative text, and where only text can be shown.

    It also keeps the figure as SVG, see `pictures`.
    """
    from IPython import get_ipython

    from .pictures import kept_with

    shell: Any = get_ipython()
    formatters = shell.display_formatter.formatters
    draw = formatters["image/png"].lookup_by_type(Figure)

    def draw_and_describe(figure: Figure) -> tuple[str, dict[str, Any]]:
        png, metadata = draw(figure)
        return png, metadata | kept_with(figure, png)

    formatters["image/png"].for_type(Figure, draw_and_describe)
    formatters["text/plain"].for_type(Figure, lambda figure, text, _: text.text(describe(figure) or repr(figure)))


def course_style() -> AbstractContextManager[None]:
    """Return a context manager that gives plots the course's look."""
    return matplotlib.rc_context(STYLE)


def format_duration(seconds: float) -> str:
    """Format a duration in the unit that reads best, such as "20 ms" or "1.5 s"."""
    if abs(seconds) < 0.9995:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.4g} s"
