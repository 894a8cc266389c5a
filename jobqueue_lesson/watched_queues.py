"""Watching queues: each call of a queue becomes a step of the process that calls it (page 13)."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from functools import cache, partial
from typing import Any, Protocol, TypeVar

from .arguments import shown
from .job import StorageError
from .simulated_processes import Process, ProcessLoop, current_process
from .story import Story, describe_answer, describe_call, describe_error

T = TypeVar("T")

_in_queue: ContextVar[bool] = ContextVar("in a queue", default=False)
"""Whether a queue's own code is running."""

READS = {"get", "stats", "dead", "events"}
"""The methods of a queue that change nothing."""
LOCAL = {"wake", "close"}
"""Those that concern this process alone: their calls are no steps."""
REPORTS = {"complete", "fail", "release"}
"""Those that end an attempt."""


class Watcher(Protocol):
    """What is notified of the calls. Each method may raise an exception, which the caller gets."""

    def before_call(self, process: Process | None, call: Callable[[], str], *, changes: bool) -> None:
        """A process, or None, is about to make a call. `changes`: whether it may change something."""
        ...

    def after_call(self, process: Process | None, call: Callable[[], str]) -> None:
        """It has made the call, and is about to get the answer."""
        ...

    def changed(self) -> None:
        """A job may have ended, or a process may have become idle."""
        ...

    def failed(self, who: str, error: BaseException) -> None:
        """Somebody has made a mistake that the queue would only log."""
        ...


class WatchedQueues:
    """The queues of a world.

    Args:
        loop: the simulation in which they are used.
        story: where to write down what is called.
        watcher: what is notified of the calls.
    """

    def __init__(self, loop: ProcessLoop, story: Story, watcher: Watcher) -> None:
        self.queues: list[Any] = []
        self._loop = loop
        self._story = story
        self._watcher = watcher
        self._caller: Process | None = None
        self._claims: dict[tuple[Process, str], int] = {}  # the job that each worker has claimed and not reported yet
        self._in_vain: set[Process] = set()  # those whose last move was to ask for a job, and there was none

    def watch(self, queue: Any) -> None:
        """Watch a queue of any class.

        Raises:
            TypeError: if its class has `__slots__`, so that its methods cannot be watched.
            ValueError: if another run has used it, or its clock is the real one.
        """
        if getattr(queue, "_is_watched", False):
            raise ValueError(f"each run needs queues of its own: make {shown(queue)} inside the scenario")
        if getattr(queue, "clock", None) in (time.time, time.monotonic):
            raise ValueError(f"time is simulated here: make {shown(queue)} with clock=world.clock")
        try:
            for name in _methods(queue.__class__):
                setattr(queue, name, self._watched(name, getattr(queue, name)))
            queue._is_watched = True
        except AttributeError:
            raise TypeError(f"{shown(queue)} cannot be watched: its class must not have __slots__") from None
        self.queues.append(queue)

    def close(self) -> None:
        """Close the queues that can be closed."""
        for queue in self.queues:
            with self.outside(None), suppress(Exception):
                queue.close()

    # --- the calls ---

    def _watched(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(method):
            return partial(self._request, name, method)
        if name == "subscribe":
            return partial(self._subscribe, method)
        return partial(self._transaction if name == "memory" else self._call, name, method)

    def _call(self, name: str, method: Callable[..., T], *arguments: Any, **options: Any) -> T:
        if _in_queue.get():  # it calls itself, or a listener calls it
            return method(*arguments, **options)
        process = current_process.get()
        who = process.name if process else ""
        told = {option: value for option, value in options.items() if (option, value) != ("worker", who)}
        call = partial(describe_call, name, arguments, told)
        self._watcher.before_call(process, call, changes=name not in READS)
        try:
            with self.outside(process):
                answer = method(*arguments, **options)
        except Exception as error:
            self._story.tell(who, f"{call()} → {describe_error(error)}")
            if not isinstance(error, StorageError):
                self._keep_claims(process, name, arguments, options, None)
            raise
        self._keep_claims(process, name, arguments, options, answer)
        if name not in READS | {"heartbeat"} and (name, answer) != ("dequeue", None) and self._story.time:
            self._tell(process, call(), name, answer)
        self._watcher.after_call(process, call)
        return answer

    @contextmanager
    def _transaction(self, name: str, method: Callable[..., Any], *arguments: Any) -> Iterator[Any]:
        """Enter a transaction: one step, whatever is called inside."""
        if _in_queue.get():
            with method(*arguments) as value:
                yield value
            return
        process = current_process.get()
        call = partial(describe_call, name, arguments, {})
        self._watcher.before_call(process, call, changes=True)
        with self.outside(process), method(*arguments) as value:
            yield value
        self._watcher.after_call(process, call)

    async def _request(
        self, name: str, method: Callable[..., Coroutine[Any, Any, T]], *arguments: Any, **options: Any
    ) -> T:
        """Call an async method, outside of the process."""
        if _in_queue.get():
            return await method(*arguments, **options)

        async def as_queue() -> T:
            _in_queue.set(True)
            return await method(*arguments, **options)

        process = current_process.get()
        request = self._loop.outside(as_queue())
        self._watcher.changed()
        answer = await request
        self._keep_claims(process, name, arguments, options, answer)
        if name not in {"wait", "join"} and self._story.time:
            self._tell(process, describe_call(name, arguments, options), name, answer)
        return answer

    def _subscribe(self, method: Callable[..., Any], listener: Callable[..., object]) -> Any:
        """Subscribe a listener for a process. The moves of others reach it when the process runs next."""
        process, context = current_process.get(), copy_context()

        def notify(event: Any) -> None:
            if process is not None and process is not self._caller:
                self._loop.call_soon(listener, event, context=context)
                return
            try:
                listener(event)
            except (AssertionError, NameError, ImportError) as error:
                self._watcher.failed("a listener", error)

        with self.outside(process):
            return method(notify if callable(listener) else listener)

    @contextmanager
    def outside(self, caller: Process | None) -> Iterator[None]:
        """Run a queue's own code: the timers and tasks that it starts belong to no process."""
        tokens = current_process.set(None), _in_queue.set(True)
        outer, self._caller = self._caller, caller
        try:
            yield
        finally:
            self._caller = outer
            current_process.reset(tokens[0])
            _in_queue.reset(tokens[1])

    def _tell(self, process: Process | None, call: str, name: str, answer: Any) -> None:
        answered = f" → {describe_answer(name, answer)}" if answer is not None else ""
        self._story.tell(process.name if process else "", call + answered)

    # --- who is at which job ---

    def is_idle(self, process: Process) -> bool:
        """Whether a process has ended, or only waits or asks for a job."""
        if process.dead:
            return True
        at_a_job = any(claimant is process for claimant, _ in self._claims)
        return (bool(process.requests) or process in self._in_vain) and not process.paused and not at_a_job

    def unfinished(self, queue: Any) -> int | None:
        """Count the jobs of a queue that have not ended; None if it has no `stats` that say so."""
        with self.outside(None), suppress(AttributeError, KeyError, TypeError):
            stats = queue.stats()
            return int(stats["pending"] + stats["processing"])
        return None

    def leave(self, process: Process) -> None:
        """Forget what a process has claimed: it has ended."""
        self._claims = {claim: job_id for claim, job_id in self._claims.items() if claim[0] is not process}
        self._watcher.changed()

    def _keep_claims(
        self, process: Process | None, name: str, arguments: Sequence[Any], options: dict[str, Any], answer: Any
    ) -> None:
        """Keep in mind which job each worker has claimed, until it reports or claims another one."""
        if process is not None and name not in READS:
            (self._in_vain.add if (name, answer) == ("dequeue", None) else self._in_vain.discard)(process)
        if process is not None and name == "dequeue":
            worker = options.get("worker", arguments[0] if arguments else "")
            self._claims.pop((process, worker), None)
            if hasattr(answer, "id"):
                self._claims[process, worker] = answer.id
        elif process is not None and name in REPORTS and arguments:
            if name == "fail" and len(arguments) > 1 and isinstance(arguments[1], (NameError, ImportError)):
                self._watcher.failed("a handler", arguments[1])  # a worker takes it for its job's failure
            for claim, job_id in list(self._claims.items()):
                if claim[0] is process and job_id == arguments[0]:
                    del self._claims[claim]
        self._watcher.changed()


@cache
def _methods(kind: type) -> list[str]:
    """Name the public methods of a class."""
    public = [name for name in dir(kind) if not name.startswith("_")]
    return [name for name in public if name not in LOCAL and inspect.isroutine(inspect.getattr_static(kind, name))]
