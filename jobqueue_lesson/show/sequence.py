"""The sequence diagram: the messages between client, API, queue and workers, as they were sent (page 6).

A `Conversation` listens on both sides of the API: to an HTTP client's requests and responses, and to what is asked of
the queue: its events, and each `get`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import httpx
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from ..contract import Producer
from ..job import Job, JobEvent, Move
from .colours import INK
from .style import LOOKS, course_style, format_duration

PARTIES = ("client", "API", "queue", "worker")
BY_API = (Move.ENQUEUE, Move.REVIVE, Move.DISCARD)
PAUSE = 1.0
"""The longest pause of a conversation adds as many rows to the diagram; a shorter one, its share."""


class Message(NamedTuple):
    """One arrow of the diagram."""

    at: float
    """Seconds on the queue's clock."""
    sender: str
    receiver: str
    says: str


class Conversation:
    """Record the messages between a client, the API, a queue and its workers, from now on.

    Args:
        queue: the queue behind the API. Its `get` is replaced by one that also notes that the API asked.
        client: the HTTP client. Event hooks are added to it.
    """

    def __init__(self, queue: Producer, client: httpx.AsyncClient) -> None:
        self.messages: list[Message] = []
        self._clock = queue.clock
        queue.subscribe(self._on_event)
        self._get = queue.get
        queue.get = self._on_get  # type: ignore[method-assign]
        hooks = client.event_hooks
        client.event_hooks = {
            "request": [*hooks["request"], self._on_request],
            "response": [*hooks["response"], self._on_response],
        }

    def __repr__(self) -> str:
        return f"<Conversation of {len(self.messages)} messages>"

    async def _on_request(self, request: httpx.Request) -> None:
        self.messages.append(Message(self._clock(), "client", "API", f"{request.method} {request.url.path}"))

    async def _on_response(self, response: httpx.Response) -> None:
        says = str(response.status_code)
        if response.headers.get("content-type") == "application/json":
            await response.aread()
            body = response.json()
            says += "".join(f" {body[key]}" for key in ("status", "error") if isinstance(body, dict) and key in body)
        self.messages.append(Message(self._clock(), "API", "client", says))

    def _on_get(self, job_id: int) -> Job | None:
        self.messages.append(Message(self._clock(), "API", "queue", f"get #{job_id}"))
        return self._get(job_id)

    def _on_event(self, event: JobEvent) -> None:
        parties = ("API", "queue") if event.move in BY_API else ("worker", "queue")
        if event.move == Move.DEQUEUE:
            parties = ("queue", "worker")
        says = f"{event.move} #{event.job_id}"
        if event.move == Move.PROGRESS:
            says += f" {event.progress:.0%}"
        self.messages.append(Message(event.at, *parties, says))


def plot_sequence(conversation: Conversation, ax: Axes | None = None) -> Axes:
    """Draw a conversation: a vertical line for each party, an arrow for each message, and the time at the left.

    Two messages are further apart the more time is between them; those of one instant are one row apart.

    Args:
        conversation: the recorded messages.
        ax: where to draw; None: in a new figure.
    """
    messages = conversation.messages
    start = messages[0].at if messages else 0.0
    rows = _rows(messages)
    bottom = rows[-1] if rows else 0.0
    with course_style():
        if ax is None:
            # As low as its words allow: a slide is low, and makes a tall picture small.
            _, ax = plt.subplots(figsize=(9.0, 0.8 + 0.26 * bottom))
        for place, party in enumerate(PARTIES):
            ax.plot([place, place], [-0.9, bottom + 0.7], color="#767676", lw=1, zorder=0)
            box = {"boxstyle": "round,pad=0.4", "facecolor": "#ffffff", "edgecolor": INK}
            ax.text(place, -1.4, party, ha="center", va="center", weight="bold", bbox=box)
        for number, (row, message) in enumerate(zip(rows, messages, strict=True)):
            x0, x1 = PARTIES.index(message.sender), PARTIES.index(message.receiver)
            response = message.sender == "API" and message.receiver == "client"
            arrow = {"arrowstyle": "-|>", "lw": 1.6, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 15}
            arrow |= {"color": LOOKS["processing"].colour, "ls": "--" if response else "-"}
            ax.annotate("", (x1, row), (x0, row), arrowprops=arrow)
            ax.text((x0 + x1) / 2, row - 0.08, message.says, ha="center", va="bottom")
            if number == 0 or messages[number - 1].at != message.at:
                ax.text(-0.3, row, format_duration(message.at - start), ha="right", va="center")
        ax.set(xlim=(-0.75, len(PARTIES) - 0.6), ylim=(bottom + 0.8, -1.9))
        ax.set_axis_off()
        content = f"{len(messages)} messages between {', '.join(PARTIES[:-1])} and {PARTIES[-1]}"
        if messages:
            later = format_duration(messages[-1].at - start)
            content += f", from “{messages[0].says}” to “{messages[-1].says}”, {later} later"
        ax.set_label(f"Sequence diagram, a vertical line for each party, an arrow for each message: {content}.")
    return ax


def _rows(messages: list[Message]) -> list[float]:
    """Return where each message is drawn, in rows from the top: further down after a pause, by its length."""
    pauses = [later.at - earlier.at for earlier, later in pairwise(messages)]
    longest = max(pauses, default=0.0) or 1.0
    rows = [0.0] if messages else []
    for pause in pauses:
        rows.append(rows[-1] + 1 + PAUSE * pause / longest)
    return rows


def text_sequence(conversation: Conversation) -> str:
    """Return a conversation as text, a line for each message."""
    messages = conversation.messages
    start = messages[0].at if messages else 0.0
    return "\n".join(f"{format_duration(m.at - start):>8}  {m.sender:>6} → {m.receiver:6}  {m.says}" for m in messages)
