"""The pattern of the whole course in one picture: a request, a queue, a worker (page 1)."""

from __future__ import annotations

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from .colours import INK, ON_DARK, PAPER
from .style import LOOKS, course_style

PARTIES = ["client", "API", "job queue", "worker"]
HALF_WIDTHS = {"client": 0.23, "API": 0.185, "job queue": 0.305, "worker": 0.245}
"""Of the parties' boxes: where the arrows start and end."""
STEPS = [
    ("client", "API", "request"),
    ("API", "job queue", "enqueue"),
    ("API", "client", "202 Accepted"),
    ("job queue", "worker", "dequeue"),
    ("worker", "job queue", "done"),
]
"""Sender, receiver and message, in the order in which they are sent."""


def plot_pattern(ax: Axes | None = None) -> Axes:
    """Draw the messages between client, API, queue and worker: to the right above the line, to the left below it.

    Args:
        ax: where to draw; None: in a new figure.

    Returns:
        The Axes, with the drawing in it.
    """
    with course_style():
        if ax is None:
            _, ax = plt.subplots(figsize=(9.0, 1.9))
        for number, (sender, receiver, what) in enumerate(STEPS, start=1):
            x0, x1 = PARTIES.index(sender), PARTIES.index(receiver)
            side = 1 if x0 < x1 else -1
            arrow = {
                "arrowstyle": "-|>",
                "lw": 1.6,
                "color": INK,
                "mutation_scale": 18,
                "ls": "-" if side > 0 else "--",
            }
            start, end = x0 + HALF_WIDTHS[sender] * side, x1 - HALF_WIDTHS[receiver] * side
            ax.annotate("", (end, 0.14 * side), (start, 0.14 * side), arrowprops=arrow)
            ax.text((x0 + x1) / 2, 0.3 * side, f"{number}  {what}", ha="center", va="center")
        for place, party in enumerate(PARTIES):
            queue = party == "job queue"
            box = {
                "boxstyle": "round,pad=0.9",
                "edgecolor": INK,
                "facecolor": LOOKS["processing"].colour if queue else PAPER,
            }
            ink = ON_DARK if queue else INK
            ax.text(place, 0, party, ha="center", va="center", fontsize=14, weight="bold", color=ink, bbox=box)
        ax.set(xlim=(-0.35, len(PARTIES) - 0.65), ylim=(-0.5, 0.5))
        ax.set_axis_off()
        messages = "; ".join(
            f"{number}, {sender} to {receiver}: {what}" for number, (sender, receiver, what) in enumerate(STEPS, 1)
        )
        ax.set_label(f"Messages, in order: {messages}.")
    return ax


def text_pattern() -> str:
    """Write each step on a line of its own."""
    return "\n".join(
        f"{number}  {sender:9} → {receiver:9}  {what}" for number, (sender, receiver, what) in enumerate(STEPS, start=1)
    )
