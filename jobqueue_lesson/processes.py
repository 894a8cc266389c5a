"""Workers as separate processes (page 10): started from a cell, and killed from a cell.

A worker process is given the queue's file, and a Python file with the handlers. It cannot see the cells of a notebook.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import os
import runpy
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from .durable import SQLiteQueue
from .worker import Worker

PARENT = "JOBQUEUE_LESSON_PARENT"  # the environment variable with the process id of a child's parent
PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


class Child:
    """A Python process that dies with its parent. Use it in a `with` block, so that it is always stopped.

    Args:
        module: the module to run, as `python -m` does. It must call `die_with_parent`.
        arguments: its command line.
        name: its name.
        environment: variables to add to those of this process.
    """

    def __init__(self, module: str, *arguments: str, name: str, environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        self._process = _starter().popen([sys.executable, "-m", module, *arguments], environment or {})

    @property
    def alive(self) -> bool:
        """Whether it is still running."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill it, as the system does when memory runs out: at once, in the middle of its work."""
        self._process.kill()
        self._end()

    def stop(self, timeout: float = 10.0) -> None:
        """Let it finish its running jobs and exit.

        Args:
            timeout: seconds after which it is killed.
        """
        if self.alive:
            self._process.terminate()
        try:
            self._process.wait(timeout)
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


class _Starter(threading.Thread):
    """A thread that starts all children, and lives as long as this process.

    Linux kills a child when the *thread* that started it ends, not only when the process does. So no child is started
    from a thread that may end before the process.
    """

    def __init__(self) -> None:
        super().__init__(name="child starter", daemon=True)
        self._queue: SimpleQueue[tuple[list[str], Mapping[str, str], Future[subprocess.Popen[bytes]]]] = SimpleQueue()
        self.start()

    def popen(self, command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a process that can tell when this one has ended."""
        process: Future[subprocess.Popen[bytes]] = Future()
        self._queue.put((command, environment, process))
        try:
            return process.result()
        except BaseException:  # Ctrl-C: it will still start, and the caller could not stop it
            process.add_done_callback(_kill)
            raise

    def run(self) -> None:
        while True:
            command, environment, process = self._queue.get()
            try:
                # Nothing is ever written to the child's stdin: EOF there means that this process has ended.
                # A new session, because an interrupt in a notebook goes to the kernel's whole process group.
                process.set_result(
                    subprocess.Popen(
                        command,
                        stdin=subprocess.PIPE,
                        start_new_session=True,
                        env={**os.environ, PARENT: str(os.getpid()), **environment},
                    )
                )
            except BaseException as error:
                process.set_exception(error)


def _kill(process: Future[subprocess.Popen[bytes]]) -> None:
    if process.exception() is None:
        process.result().kill()


_the_starter: _Starter | None = None


def _starter() -> _Starter:
    global _the_starter
    if _the_starter is None or not _the_starter.is_alive():  # after a fork, the thread is missing
        _the_starter = _Starter()
    return _the_starter


def kill_with_parent() -> None:
    """Have Linux kill this process when the thread that started it ends, whatever this process is doing then.

    It is also a `preexec_fn` for `subprocess.Popen`, for a program that must die with the child that starts it. On
    other systems it does nothing.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def die_with_parent() -> None:
    """Make this process, a `Child`, exit as soon as its parent has ended. Call it in the main thread.

    On Linux, the kernel kills it, even while C code holds the GIL.
    """

    def watch() -> None:
        wait_for_parent()
        os._exit(1)

    kill_with_parent()
    if parent_is_gone():  # it ended before the kernel was asked
        os._exit(1)
    threading.Thread(target=watch, daemon=True).start()


def parent_is_gone() -> bool:
    """Whether the parent of this process, a `Child`, has ended. On Windows, that is not known: False."""
    return sys.platform != "win32" and os.getppid() != int(os.environ.get(PARENT, os.getppid()))


def wait_for_parent() -> None:
    """Wait until the parent of this process, a `Child`, has ended.

    EOF on stdin means that it has. But if the parent has forked, its fork keeps the pipe open, so the parent's id,
    which changes when the parent ends, is checked once a second as well. Windows cannot poll a pipe, and has no fork.
    """
    # Not through sys.stdin: its lock would be held when the interpreter shuts down.
    if sys.platform == "win32":
        os.read(0, 1)
    else:
        while not parent_is_gone() and not select.select([0], [], [], 1.0)[0]:
            pass


class WorkerProcess(Child):
    """A worker in a process of its own, which works on a `SQLiteQueue` until it is stopped or killed.

    Args:
        queue: the queue. The worker opens its file, with the same lease and keep_finished.
        handlers: a Python file that defines `HANDLERS`, a handler for each type of job.
        name: its name in the history.

    Raises:
        FileNotFoundError: if there is no such file with handlers.
    """

    def __init__(self, queue: SQLiteQueue, handlers: str | Path, name: str = "worker-1") -> None:
        validate_handlers_file(handlers)
        options = ["--name", name, f"--lease={queue.lease}"]
        if queue.keep_finished is not None:
            options.append(f"--keep-finished={queue.keep_finished}")
        super().__init__(__name__, str(queue.path), str(handlers), *options, name=name)


def validate_handlers_file(path: str | Path) -> None:
    """Raise an error if the file with the handlers does not exist.

    Raises:
        FileNotFoundError: naming it.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"no file with handlers at {path}: it must be a Python file with HANDLERS in it")


async def work(path: str, handlers: str, name: str, lease: float, keep_finished: int | None) -> None:
    """Run a worker, until SIGTERM."""
    queue = SQLiteQueue(path, lease=lease, keep_finished=keep_finished)
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
    parser.add_argument("--keep-finished", type=int)
    options = parser.parse_args(arguments)
    die_with_parent()
    asyncio.run(work(**vars(options)))


if __name__ == "__main__":
    main(sys.argv[1:])
