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
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from .durable import SQLiteQueue
from .worker import Worker


class WorkerProcess:
    """A worker in a process of its own, at work on a `SQLiteQueue` until it is stopped or killed.

    It dies with the process that started it. Use it in a `with` block, so that it is stopped in any case.

    Args:
        queue: the queue, or the path of its file. The worker opens it with the same lease.
        handlers: a Python file that defines `HANDLERS`, a handler for each type of job.
        name: who it is, in the record.

    Raises:
        FileNotFoundError: if there is no such file with handlers.
    """

    def __init__(self, queue: SQLiteQueue, handlers: str | Path, name: str = "worker-1") -> None:
        if not Path(handlers).is_file():
            raise FileNotFoundError(
                f"no file with handlers at {handlers}: it must be a Python file with HANDLERS in it"
            )
        self.name = name
        command = [sys.executable, "-m", __name__, str(queue.path), str(handlers)]
        options = ["--name", name, "--lease", str(queue.lease)]
        # It reads from a pipe that never says anything. Whose other end is gone has lost who started it.
        self._process = subprocess.Popen([*command, *options], stdin=subprocess.PIPE)

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill it, as the system does when memory runs out: at once, in the middle of whatever it does."""
        self._process.kill()
        self._end()

    def stop(self, patience: float = 10.0) -> None:
        """Let it finish the job in its hand, and end.

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

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill() if error is not None else self.stop()

    def _end(self) -> None:
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()


async def work(path: str, handlers: str, name: str, lease: float) -> None:
    """Be a worker process, until SIGTERM."""
    queue = SQLiteQueue(path, lease=lease)
    worker = Worker(queue, runpy.run_path(handlers)["HANDLERS"], name=name)
    if hasattr(signal, "SIGTERM") and sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt in the notebook is not meant for the workers
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

    def die_with_who_started_it() -> None:
        os.read(0, 1)  # not through sys.stdin, whose lock would be held when the process ends
        os._exit(1)

    threading.Thread(target=die_with_who_started_it, daemon=True).start()
    asyncio.run(work(options.path, options.handlers, options.name, options.lease))


if __name__ == "__main__":
    main(sys.argv[1:])
