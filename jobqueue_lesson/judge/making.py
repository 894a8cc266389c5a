"""Making the queue that is judged, with the arguments that it takes (page 14)."""

from __future__ import annotations

import inspect
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..lines import is_library
from ..retries import RetryPolicy
from .words import with_line_of

OPTIONS = {
    "clock": "a callable that returns seconds, such as time.time",
    "name": "a string",
    "retry": "a RetryPolicy: worth_retrying(error), and delay(attempt, previous) in seconds, say when a job is retried",
    "lease": "seconds without a heartbeat after which another worker may claim a job",
    "path": "the file that the jobs are kept in, a pathlib.Path; its folder is there",
    "max_pending": "how many jobs may be pending before `enqueue` raises QueueFull",
    "keep_finished": "how many finished jobs are kept",
}
"""The arguments that a judge can give a queue's constructor. `clock` is needed; the others are given to queues that
take them."""

COURSE = str(Path(__file__).parents[1])

MEMORY = "/dev/shm"
"""Linux's folder in memory."""

LONG = 1000.0
"""A lease, in seconds, that does not expire in the stages before leases."""


class CannotJudge(Exception):
    """There is nothing that could be judged; the message says what is needed."""


class Maker:
    """Makes queues to judge, each with a clock and, if it wants one, a file of its own.

    Args:
        make: the queue's class, or any function with the arguments of `OPTIONS` that returns a queue.

    Raises:
        CannotJudge: if it cannot be called, takes no clock, or needs an argument that a judge does not have.
    """

    def __init__(self, make: Callable[..., Any]) -> None:
        self.name = str(getattr(make, "__name__", type(make).__name__))
        if not callable(make):
            kind = type(make).__name__
            hint = f": give its class, judge({kind})" if hasattr(make, "enqueue") else ""
            raise CannotJudge(f"a judge needs a class of queues, and this is an object, a {kind}{hint}")
        if inspect.iscoroutinefunction(make):
            raise CannotJudge(f"{self.name} is an async function: a queue must be made by a call, without await")
        try:
            parameters = inspect.signature(make).parameters
        except (TypeError, ValueError):
            raise CannotJudge(f"{self.name} does not say which arguments it takes") from None
        self._make = make
        self.takes = {
            name
            for name, parameter in parameters.items()
            if name in OPTIONS and parameter.kind is not parameter.POSITIONAL_ONLY
        }
        if "clock" not in self.takes:
            raise CannotJudge(
                f"{self.name} must take clock=, {OPTIONS['clock']}: time is simulated here. "
                f"It takes {', '.join(parameters) or 'nothing'}"
            )
        needed = [
            name
            for name, parameter in parameters.items()
            if parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            and name not in self.takes
        ]
        if needed:
            raise CannotJudge(
                f"{self.name} needs {', '.join(f'{name}=' for name in needed)}, which a judge does not have. It gives "
                f"{', '.join(f'{name}=' for name in OPTIONS)} to those that take them. For others, give a function: "
                f"judge(lambda *, clock: {self.name}(clock=clock, {needed[0]}=…))"
            )
        self.folder = Path(tempfile.mkdtemp(prefix="judge-", dir=_fastest())) if "path" in self.takes else None
        self._made = 0
        self._files = {_file(kind) for kind in getattr(make, "__mro__", ()) if kind is not object}
        self.of_the_course = bool(self._files) and all(file.startswith(COURSE) for file in self._files)
        """Whether all its code is the course's own."""

    def is_its_code(self, filename: str) -> bool:
        """Whether code is that of the queue, by the name of its file; for a queue of the course, that of its class."""
        return not is_library(filename) or filename in self._files

    def new_path(self) -> Path | None:
        """Return the path of a file that is not there yet; None if the queue has no use for one."""
        if self.folder is None:
            return None
        self._made += 1
        return self.folder / str(self._made) / "jobs.db"

    def make(
        self,
        clock: Callable[[], float],
        *,
        retry: RetryPolicy,
        path: Path | None,
        lease: float = LONG,
        max_pending: int | None = None,
        keep_finished: int | None = None,
    ) -> Any:
        """Make a queue.

        Raises:
            CannotJudge: if its constructor raises an error, which is the cause.
        """
        options = {
            "clock": clock,
            "name": "judged",
            "retry": retry,
            "lease": lease,
            "path": path,
            "max_pending": max_pending,
            "keep_finished": keep_finished,
        }
        if path is not None:
            path.parent.mkdir(exist_ok=True)
        try:
            return self._make(**{name: value for name, value in options.items() if name in self.takes})
        except (Exception, SystemExit) as error:
            raise CannotJudge(f"{self.name} cannot be made: {with_line_of(error)}") from error

    def forget(self, queue: Any, path: Path | None) -> None:
        """Close a queue if it can be closed, and delete its file."""
        with suppress(Exception, SystemExit):
            getattr(queue, "close", lambda: None)()
        if path is not None:
            shutil.rmtree(path.parent, ignore_errors=True)

    def close(self) -> None:
        """Delete all files."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def _fastest() -> str | None:
    """Return a folder in memory for thousands of small files; None: the system has none, so use its own choice."""
    return MEMORY if os.access(MEMORY, os.W_OK) and os.path.isdir(MEMORY) else None


def _file(kind: type) -> str:
    """Return the name of the file with a class; "" if it is in none."""
    try:
        return inspect.getfile(kind)
    except (TypeError, OSError):  # a built-in one; one that was typed
        return ""
