"""Workers as processes of their own (notebook 10): started from a cell, and killed from a cell.

A worker process knows the queue's file, and a Python file with the handlers. It cannot see the cells of a notebook.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from .durable import SQLiteQueue
from .worker import Worker


class Child:
    """A Python process that dies with the one that started it. Use it in a `with` block, so that it ends in any case.

    Args:
        module: what it runs, as `python -m` does. It must call `die_with_parent`.
        arguments: its command line.
        name: what people call it.
        environment: variables that it has in addition to those of this process.
    """

    def __init__(self, module: str, *arguments: str, name: str, environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        # It reads from a pipe that never says anything. Whose other end is gone has lost who started it.
        # In a session of its own: an interrupt in a notebook goes to all of the kernel's group.
        command = [sys.executable, "-m", module, *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, start_new_session=True, env={**os.environ, **(environment or {})}
        )

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill it, as the system does when memory runs out: at once, in the middle of whatever it does."""
        self._process.kill()
        self._end()

    def stop(self, patience: float = 10.0) -> None:
        """Let it finish what it has in hand, and end.

        Args:
            patience: seconds after which it is killed.
        """
        if self.alive:
            self._process.terminate()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill() if error is not None else self.stop()

    def _end(self) -> None:
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()


def die_with_parent() -> None:
    """Have this process, made by `Child`, end as soon as the one that started it is gone."""

    def watch() -> None:
        os.read(0, 1)  # not through sys.stdin, whose lock would be held when the process ends
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class WorkerProcess(Child):
    """A worker in a process of its own, at work on a `SQLiteQueue` until it is stopped or killed.

    Args:
        queue: the queue. The worker opens its file, with the same lease.
        handlers: a Python file that defines `HANDLERS`, a handler for each type of job.
        name: who it is, in the record.

    Raises:
        FileNotFoundError: if there is no such file with handlers.
    """

    def __init__(self, queue: SQLiteQueue, handlers: str | Path, name: str = "worker-1") -> None:
        check_handlers(handlers)
        super().__init__(__name__, str(queue.path), str(handlers), "--name", name, f"--lease={queue.lease}", name=name)


def check_handlers(path: str | Path) -> None:
    """Refuse a file with handlers that is not there.

    Raises:
        FileNotFoundError: naming it.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"no file with handlers at {path}: it must be a Python file with HANDLERS in it")


async def work(path: str, handlers: str, name: str, lease: float) -> None:
    """Be a worker process, until SIGTERM."""
    queue = SQLiteQueue(path, lease=lease)
    worker = Worker(queue, runpy.run_path(handlers)["HANDLERS"], name=name)
    if hasattr(signal, "SIGTERM") and sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    try:
        await worker.run()
    finally:
        queue.close()


def main(arguments: Sequence[str]) -> None:
    """Run the command line of a worker process."""
    parser = argparse.ArgumentParser(description="A worker process.")
    parser.add_argument("path")
    parser.add_argument("handlers")
    parser.add_argument("--name", default="worker-1")
    parser.add_argument("--lease", type=float, default=30.0)
    options = parser.parse_args(arguments)
    die_with_parent()
    asyncio.run(work(options.path, options.handlers, options.name, options.lease))


if __name__ == "__main__":
    main(sys.argv[1:])
