"""Processes that crash and stand still, as coroutines in simulated time (page 13).

A process is a coroutine with all tasks and timers that it starts. They are told apart by their context, which tasks and
callbacks inherit. A process that has crashed is never resumed: not even its `finally` blocks run, as with SIGKILL.

A process may have to stop in the middle of a function that never awaits. Python cannot leave it there and go on
elsewhere. But it can run everything else inside, until the process goes on or the run is over.
"""

from __future__ import annotations

import asyncio
import inspect
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from functools import partial
from typing import Any, TypeVar

from .arguments import shown
from .simulation import ARGS, CALLBACK, WHEN, EndlessWait, Simulation, _Delay, is_unretrieved

T = TypeVar("T")


class Vanish(BaseException):
    """Ends the functions of a process that are still on the stack after the run. Nothing they do counts any more."""


class Process:
    """A process, from its start to its end or its crash.

    Args:
        name: its name.
        function: returns its coroutine. A process that is started again is a new one with the same function.
    """

    def __init__(self, name: str, function: Callable[[], Any]) -> None:
        self.name = name
        self.function = function
        self.dead = False
        self.paused = False
        self.backlog: list[Any] = []
        """What has become ready while it is paused, in order."""
        self.tasks: list[asyncio.Task[Any]] = []
        """All that it has started."""
        self.requests: set[asyncio.Task[Any]] = set()
        """What runs outside for it; see `ProcessLoop.outside`."""


current_process: ContextVar[Process | None] = ContextVar("process", default=None)


class ProcessLoop(Simulation):
    """A simulation in which tasks may belong to processes.

    Args:
        draw: called for each timer that comes due, with its process, the time in seconds, and whether it may be late;
            returns a number from 0 to 1, see `Simulation`.
        before_step: called with a process before one of its tasks goes on. It may crash or pause the process.
        after_pause: called with a process that goes on.
        when_endless: called when all that is left waits for something that can never happen. It may end the run.
    """

    callback_limit = 10_000

    def __init__(
        self,
        draw: Callable[[Process | None, float, bool], float],
        before_step: Callable[[Process], object],
        after_pause: Callable[[Process], object],
        when_endless: Callable[[EndlessWait], object],
    ) -> None:
        super().__init__(order=self)
        self._draw_for = draw
        self.over: asyncio.Future[None] = self.create_future()
        """Done when the run is over. Nothing of a process runs afterwards."""
        self._before_step = before_step
        self._after_pause = after_pause
        self._when_endless = when_endless
        self._started: list[asyncio.Task[Any]] = []  # keeps coroutines from being garbage-collected, and so resumed
        self._mains: set[asyncio.Task[Any]] = set()  # the processes' own: their ends are reported
        self._errors: list[tuple[str, BaseException]] = []
        self._stopped: list[tuple[Process, asyncio.Future[None]]] = []  # in the middle of a function, innermost last

    # --- what a process does ---

    def launch(
        self, name: str, function: Callable[[], Any], on_end: Callable[[Process, asyncio.Task[Any]], object]
    ) -> Process:
        """Start a process; call `on_end` when its coroutine has ended.

        Raises:
            TypeError: if the function returns no coroutine.
        """
        process = Process(name, function)
        context = copy_context()
        context.run(current_process.set, process)
        coroutine = context.run(function)
        if not inspect.iscoroutine(coroutine):
            raise TypeError(f"process {name!r} must be an async function, it returned {shown(coroutine)}")
        task = self.create_task(coroutine, name=name, context=context)
        self._mains.add(task)
        task.add_done_callback(partial(on_end, process), context=Context())
        return process

    def outside(self, request: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start something that runs outside of all processes, and is cancelled if the process that asks crashes."""
        process = current_process.get()
        task = self.create_task(request, context=Context())
        if process is not None:
            process.requests.add(task)
            task.add_done_callback(process.requests.discard, context=Context())
        return task

    def can_crash(self, process: Process) -> bool:
        """Whether it can crash now: not in the middle of a function while another process is paused in one.

        That one could not go on: Python's stack has it below.
        """
        return current_process.get() is not process or not any(below.paused for below, _ in self._stopped)

    def crash(self, process: Process) -> None:
        """Never let a process go on."""
        process.dead = True
        for request in process.requests:
            request.cancel()
        if current_process.get() is process:
            self._stop(process, self.create_future())

    def pause(self, process: Process, seconds: float) -> None:
        """Let a process go on only in some seconds; later if others that paused meanwhile are still paused."""
        process.paused = True
        until = self.time() + seconds
        if current_process.get() is process:
            elapsed: asyncio.Future[None] = self.create_future()
            self.call_at(until, _set, elapsed, context=Context())
            self._stop(process, elapsed)
            self._unpause(process)
        else:
            self.call_at(until, self._unpause, process, context=Context())

    def _unpause(self, process: Process) -> None:
        process.paused = False
        self._ready.extend(process.backlog)
        process.backlog.clear()
        self._after_pause(process)

    def _stop(self, process: Process, until: asyncio.Future[None]) -> None:
        """Stop the running process in the middle of a function, and run all others meanwhile."""
        task = asyncio.current_task()
        if task is not None:
            _leave_task(self, task)
        self._stopped.append((process, until))
        try:
            self.run_until(until)
        finally:
            self._stopped.pop()
            if task is not None:
                _enter_task(self, task)
        if self.over.done():
            raise Vanish

    # --- what runs next ---

    def run_until(self, done: asyncio.Future[None]) -> None:
        """Run everything until a future is done, or the run is over."""
        while not done.done() and not self.over.done():
            try:
                self._run_until_done(done)  # type: ignore[arg-type]  # any future will do
            except EndlessWait as error:
                self._when_endless(error)

    def end(self) -> None:
        """End the run."""
        if not self.over.done():
            self.over.set_result(None)
            for _, until in self._stopped:
                _set(until)

    def unnoticed(self) -> Iterator[tuple[str, BaseException]]:
        """Yield the exceptions of tasks that nobody has awaited, with the tasks' names."""
        for task in self._started:
            if task not in self._mains and is_unretrieved(task):
                error = task.exception()
                if error is not None:
                    yield task.get_name(), error
        yield from self._errors

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep the error of a callback, see `unnoticed`, where asyncio would log it."""
        if context.get("exception") is not None and not self.over.done():
            self._errors.append(("a callback", context["exception"]))

    def clear_up(self) -> None:
        """Close all coroutines that have not ended. Their `finally` blocks run only now, after the run."""
        for task in self._started:
            for _ in range(3):  # one that awaits something in its `finally` refuses at first
                if not task.done():
                    with suppress(BaseException):
                        task.get_coro().close()
                        break

    def _close_asyncgen(self, generator: AsyncGenerator[Any, Any]) -> None:
        if not self.over.done():
            super()._close_asyncgen(generator)

    def create_task(self, coro: Coroutine[Any, Any, T], **options: Any) -> asyncio.Task[T]:
        """Start a task; see `Simulation.create_task`. It belongs to the process whose context it inherits."""
        context = options.get("context")
        process = current_process.get() if context is None else context.get(current_process)
        if process is not None and options.get("name") is None:
            options["name"] = f"a task of {process.name}"
        task = super().create_task(coro, **options)
        self._started.append(task)
        if process is not None:
            process.tasks.append(task)
        return task

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> Any:
        """Run a callback next, as soon as its process runs."""
        return self._schedule(super().call_soon, callback, args, context)

    call_soon_threadsafe = call_soon

    def call_at(self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None) -> Any:
        """Run a callback at an instant, or as soon as its process runs."""
        return self._schedule(partial(super().call_at, when), callback, args, context)

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Any:
        """Run a callback in some seconds, or as soon as its process runs."""
        return self._schedule(partial(super().call_later, delay), callback, args, context)

    def random(self) -> float:
        """Draw a number for the timer that comes due; see `Simulation`."""
        timer = self._undrawn[0]
        process = timer[ARGS][1] if timer[CALLBACK] == self._run_for else None
        return self._draw_for(process, timer[WHEN], isinstance(timer, _Delay))

    def _schedule(
        self, schedule: Callable[..., Any], callback: Callable[..., object], args: Any, context: Context | None
    ) -> Any:
        context = copy_context() if context is None else context
        process = context.get(current_process)
        if process is None:
            return schedule(callback, *args, context=context)
        # In a context of its own: the process's context is in use if it has stopped in the middle of a function.
        handle = schedule(self._run_for, context=Context())
        handle[ARGS] = (handle, process, context, callback, args)
        return handle

    def _run_for(
        self, handle: Any, process: Process, context: Context, callback: Callable[..., object], args: Any
    ) -> None:
        """Run a callback of a process, unless the process has crashed or is paused."""
        task = getattr(callback, "__self__", None)
        if isinstance(task, asyncio.Task) and not process.paused and not process.dead and not self.over.done():
            self._before_step(process)
        if process.paused:
            process.backlog.append(handle)
            return
        handle[ARGS] = ()  # it refers to the handle
        if not process.dead and not self.over.done():
            context.run(callback, *args)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
