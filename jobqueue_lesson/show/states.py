"""The states of a job and the moves between them, as a picture and as text, from the package's own table."""

from __future__ import annotations

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from ..job import Move, Status
from .colours import INK, ON_DARK, ON_PALE, PAPER
from .style import LOOKS, course_style

NEW, GONE = "(new)", "(gone)"
PLACES: dict[str, tuple[float, float]] = {
    NEW: (-1.25, 0.0),
    Status.PENDING: (0.0, 0.0),
    Status.PROCESSING: (1.6, 0.0),
    Status.COMPLETED: (3.2, 0.55),
    Status.FAILED: (3.2, -0.55),
    GONE: (4.45, -0.55),
}
COLOURS = {
    Status.PENDING: LOOKS["waiting"].colour,
    Status.PROCESSING: LOOKS[Status.PROCESSING].colour,
    Status.COMPLETED: LOOKS[Status.COMPLETED].colour,
    Status.FAILED: LOOKS[Status.FAILED].colour,
}

INKS = {Status.PENDING: ON_PALE, Status.PROCESSING: ON_DARK, Status.COMPLETED: ON_PALE, Status.FAILED: PAPER}
"""Of the words in a box. That of a failed job is in ink."""


def plot_states(ax: Axes | None = None) -> Axes:
    """Draw every state as a box and every legal move as an arrow, from `job.Move`.

    Args:
        ax: where to draw; None: in a new figure.

    Returns:
        The Axes, with the drawing in it.
    """
    with course_style():
        if ax is None:
            _, ax = plt.subplots(figsize=(9.0, 3.3))
        names: dict[tuple[str, str], list[str]] = {}
        for move in Move:
            names.setdefault((move.source or NEW, move.target or GONE), []).append(move)
        for (source, target), moves in names.items():
            (x0, y0), (x1, y1) = PLACES[source], PLACES[target]
            if source == target:
                _draw_loop(ax, x0, y0, ", ".join(moves))
                continue
            back = x1 < x0
            far = back and x0 - x1 > 2  # it passes below the other arrow back
            bend = 0.4 if far else 0.45 if back else 0.0
            ax.annotate(
                "",
                (x1, y1 - 0.17 * back),
                (x0, y0 - 0.17 * back),
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": INK,
                    "linewidth": 1.6,
                    "mutation_scale": 18,
                    "connectionstyle": f"arc3,rad={-bend}",
                    "shrinkA": 4 if back or source == NEW else 46,
                    "shrinkB": 4 if back or target == GONE else 50 if y1 == y0 else 44,
                },
            )
            lift = -0.95 if far else -0.53 if back else 0.13
            box = {"facecolor": PAPER, "linewidth": 0, "pad": 2}
            ax.text((x0 + x1) / 2, (y0 + y1) / 2 + lift, ", ".join(moves), ha="center", va="center", bbox=box)
        for state, (x, y) in PLACES.items():
            if isinstance(state, Status):
                box = {"boxstyle": "round,pad=0.5", "facecolor": COLOURS[state], "edgecolor": INK}
                ink = INKS[state]
                ax.text(x, y, state.value, ha="center", va="center", fontsize=14, weight="bold", color=ink, bbox=box)
        ax.set(xlim=(-1.3, 4.5), ylim=(-1.55, 0.85))
        arrows = "; ".join(f"{source} to {target}: {', '.join(moves)}" for (source, target), moves in names.items())
        ax.set_label(f"A job's {len(Status)} states as boxes, and its legal moves as arrows. {arrows}.")
        ax.set_axis_off()
    return ax


def _draw_loop(ax: Axes, x: float, y: float, words: str) -> None:
    """Draw an arrow from a state to itself, above it."""
    ax.annotate(
        "",
        (x + 0.22, y + 0.16),
        (x - 0.22, y + 0.16),
        arrowprops={
            "arrowstyle": "-|>",
            "color": INK,
            "linewidth": 1.6,
            "mutation_scale": 18,
            "connectionstyle": "arc3,rad=-1.3",
        },
    )
    ax.text(x, y + 0.62, words, ha="center", va="center")


def text_states() -> str:
    """Return every legal move as text, on a line of its own, from `job.Move`."""
    return "\n".join(
        f"{move.source or NEW:10}  {move + ' →':10}  {move.target or GONE:10}  {move.means}" for move in Move
    )
