"""Build a background job queue, run it, watch it and break it: the package behind the notebooks.

Importing it needs only the standard library; matplotlib is loaded with the first plot function that you use.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .history import History
from .job import Job, Status
from .queue import JobQueue
from .simulation import Simulation
from .worker import Worker

if TYPE_CHECKING:
    from .show.timeline import plot_timeline, text_timeline

__all__ = ["History", "Job", "JobQueue", "Simulation", "Status", "Worker", "plot_timeline", "text_timeline"]


if sys.platform == "emscripten":  # or every page in a browser begins with these words of matplotlib's, in a red box
    import logging

    logging.getLogger("matplotlib.font_manager").addFilter(lambda record: "font cache" not in record.getMessage())


def __getattr__(name: str) -> Any:
    if name in ("plot_timeline", "text_timeline"):
        from .show import timeline

        return getattr(timeline, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
