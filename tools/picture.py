"""Draw docs/timeline.png: one worker, and a mail server that is down at first.

    python -m tools.picture

The README shows it to readers who want no motion; to others, `tools.moving_picture` has made one that moves.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("agg")

from matplotlib import pyplot

from jobqueue_lesson import History, JobQueue, Simulation, Worker, plot_timeline
from jobqueue_lesson.handlers import HANDLERS
from jobqueue_lesson.retries import RetryPolicy

from . import parser
from .paths import TIMELINE


def five_jobs() -> History:
    """Run five jobs in simulated time, and return what they did."""
    sim = Simulation()
    queue = JobQueue("tasks", clock=sim.time, retry=RetryPolicy(base=0.015))
    history = History(queue)

    async def send_email(data: dict[str, str]) -> object:
        result = await HANDLERS["send-email"](data)
        if sim.time() < 0.020:
            raise ConnectionError("the mail server is down")
        return result

    queue.enqueue("send-email", {"to": "alice@example.com"})
    queue.enqueue("resize-image", {"size": "thumbnail"})
    queue.enqueue("generate-report", {"format": "pdf"})
    queue.enqueue("send-email", {"to": "bob@example.com"}, delay=0.045)
    queue.enqueue("make-coffee")
    sim.run(Worker(queue, HANDLERS | {"send-email": send_email}).drain())
    return history


def draw(path: Path) -> None:
    """Draw what the five jobs did."""
    plot_timeline(five_jobs())
    pyplot.savefig(path, dpi=160)


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    parser("picture", __doc__).parse_args(arguments)
    draw(TIMELINE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
