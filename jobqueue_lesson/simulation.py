"""Simulated time for asyncio: sleeps cost nothing, and every run is the same (page 0).

A simulation keeps two lists: callbacks that are *ready* to run now, first come, first served; and *timers*,
callbacks to run later, by time. It runs everything that is ready. When nothing is, it sets its clock to the
next timer and goes on. That is all there is to simulated time: nothing ever waits, the clock jumps.
"""

from __future__ import annotations

import asyncio
import logging
import math
import sys
import threading
import weakref
from asyncio.tasks import _enter_task, _leave_task
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from contextvars import Context, copy_context
from functools import partial
from heapq import heappop, heappush
from itertools import count, repeat
from typing import Any, TypeVar

from .arguments import RandomNumbers, validate_fraction, validate_rng, validate_seconds

T = TypeVar("T")
ExceptionHandler = Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object]

log = logging.getLogger("jobqueue_lesson")


one_thread = threading.RLock()
"""Held while a simulation runs: output of the whole process goes through it, and streams are restored in reverse order.

JupyterLab may have a panel's slider handled in another thread than its button, or than the cell that is running.
"""


class EndlessWait(RuntimeError):
    """Tasks are waiting for something that can never happen."""


# To a type checker, a loop has 33 abstract methods, for sockets, processes and signals; at run time, none is required.
_EventLoop: Any = asyncio.AbstractEventLoop


class Simulation(_EventLoop):  # type: ignore[misc]
    """An asyncio event loop whose clock jumps from one deadline to the next.

    Any asyncio code runs in it unchanged: tasks, sleeps, timeouts, queues, locks. Two things are different.
    Callbacks with the same deadline run first come, first served, unless there is an `order`; and there are no
    sockets, processes or signals, because those need real time.

    Time stands still, and tasks pause, from one `run` to the next. A simulation also runs inside another loop,
    such as that of a notebook. If several threads run simulations, they take turns.

    In real time, the same program may run differently each time. With an `order`, such a run is drawn:

    - Callbacks with the same deadline run in any order. asyncio leaves that undefined.
    - A sleep may last longer than asked, by up to `timer_slack`, and never shorter. So may any `call_later`: it counts
      from when it is called, and the code before it takes time. `call_at` is exact, and so is `asyncio.timeout`.

    Nothing else is drawn. `call_soon` stays first come, first served, as asyncio promises, and so does all that uses it
    to wake tasks: futures, events, locks, queues.

    One number is drawn for each timer when it comes due, and none if it was cancelled before. The same numbers make the
    same run. Zeros make the run without an order; so a failure found with Hypothesis, `order=st.randoms()`, shrinks
    towards that run.

    Args:
        start: what the clock shows at first, in seconds.
        order: a random generator, such as `random.Random(7)`. Only its `random()` is called, since for no other method
            does Python promise the same numbers for a seed in every version. None: nothing is drawn.

    Raises:
        TypeError, ValueError: if start is not a finite number, 0 or more; if order is not a random generator or None.

    Source: the hooks documented under "Extending" in Python's asyncio documentation.
    """

    callback_limit = 5_000_000
    """How many callbacks may run at one instant. More count as a task that spins and never sleeps."""
    timer_slack = 0.001
    """With an `order`, by how many seconds a sleep lasts longer than asked, at most.

    A millisecond, as in real loops: Python's `selectors` round a wait up to whole milliseconds. Half of all sleeps end
    on time, so that equal deadlines stay frequent. The others are late by one to ten tenths of the slack, so that a
    time has few digits.
    """

    def __init__(self, start: float = 0.0, *, order: RandomNumbers | None = None) -> None:
        self._now = validate_seconds("start", start)
        self._order = validate_rng("order", order, "random")
        self._ready: deque[_Handle] = deque()
        self._timers: list[_Handle] = []  # a heap, by time, then by order of arrival
        self._undrawn = self._timers if order is None else []  # a heap of those that are not drawn yet
        self._sequence = count()
        self._running = False
        self._tasks: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        self._task_numbers = count(1)
        self._asyncgens: weakref.WeakSet[AsyncGenerator[Any, Any]] = weakref.WeakSet()
        self._exception_handler: ExceptionHandler | None = None
        self.create_future = partial(asyncio.Future, loop=self)  # saves one call per wait

    def time(self) -> float:
        """What the clock shows, in seconds."""
        return self._now

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end, and all other tasks of this simulation up to that instant.

        Args:
            work: what an `async def` function returns.

        Returns:
            What the coroutine returns. If it raises an exception, `run` raises the same one.

        Raises:
            TypeError: if work is not a coroutine.
            RuntimeError: if this simulation is already running.
            EndlessWait: if the coroutine waits for something that can never happen. It is then cancelled.
        """
        if not asyncio.iscoroutine(work):
            raise TypeError(f"run() takes a coroutine, such as run(worker.drain()), got {work!r}")
        if self._running:
            work.close()
            raise RuntimeError("this simulation is already running: inside it, await the coroutine instead")
        with self._as_running_loop():
            main = self.create_task(work, name="run()")
            try:
                self._run_until_done(main)
            except BaseException:  # Ctrl-C, or an endless wait: let the coroutine clean up, as asyncio.run does
                main.cancel()
                with suppress(EndlessWait):
                    self._run_until_done(main)
                raise
            finally:
                self._report_unretrieved(main)
            return main.result()

    def create_task(
        self,
        coro: Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
        **options: Any,
    ) -> asyncio.Task[T]:
        """Start a task in the background. It makes progress whenever this simulation runs."""
        # asyncio counts the tasks of the whole process, a notebook's own included; these numbers are always the same
        name = name or f"task-{next(self._task_numbers)}"
        task: asyncio.Task[T] = asyncio.Task(coro, loop=self, name=name, context=context, **options)
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # a simulation may be dropped at any instant
        self._tasks.add(task)
        return task

    # --- the heart: what runs next, and when ---

    def _run_until_done(self, main: asyncio.Task[Any]) -> None:
        """Run everything that is ready, jump to the next deadline, and repeat, until `main` is done."""
        ready, timers, order = self._ready, self._timers, self._order
        while True:
            for _ in repeat(None, self.callback_limit):
                if not ready:
                    break
                _, _, callback, args, context = ready.popleft()
                if callback is not None:
                    try:
                        context.run(callback, *args)
                    except (SystemExit, KeyboardInterrupt):
                        raise
                    except BaseException as error:
                        self.call_exception_handler({"message": f"{callback!r} failed", "exception": error})
            else:
                raise EndlessWait(
                    f"time stands still at t={self._now:g} s: {self.callback_limit:,} callbacks have run, and more are "
                    f"ready. Is a task spinning in a loop that never sleeps? {self._waiting()}"
                )
            if main.done():
                return
            while timers and timers[0][CALLBACK] is None:
                heappop(timers)
            if order is not None:
                self._draw(order)
            if not timers or timers[0][WHEN] == math.inf:
                raise EndlessWait(
                    f"this wait can never end: at t={self._now:g} s no timer is set and no task is ready. "
                    f"{self._in_thread()}{self._waiting()}"
                )
            now = self._now = timers[0][WHEN]
            while timers and timers[0][WHEN] <= now:
                ready.append(heappop(timers))

    def _draw(self, order: RandomNumbers) -> None:
        """Draw, for each timer that may be next, by how much it is late, and its place among those at that instant.

        `call_later` could draw. But then an error of the generator would be raised in a task, and a worker would take
        it for an error of the job.
        """
        undrawn, timers = self._undrawn, self._timers
        while undrawn and (not timers or undrawn[0][WHEN] <= timers[0][WHEN]):
            if undrawn[0][CALLBACK] is None:
                heappop(undrawn)
                continue
            number = validate_fraction("order.random()", order.random())
            timer = heappop(undrawn)
            if isinstance(timer, _Delay):
                timer[WHEN] += max(0, math.ceil(20 * number - 10)) * self.timer_slack / 10
            timer[PLACE] = (number, timer[PLACE])
            heappush(timers, timer)

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> _Handle:
        """Run a callback at this instant, after everything that is already ready."""
        handle = _Handle((self._now, 0, callback, args, copy_context() if context is None else context))
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> _Handle:
        """Run a callback when the clock shows `when`, in seconds."""
        if not when > self._now:  # true for NaN as well, which cannot be sorted into a heap
            return self.call_soon(callback, *args, context=context)
        context = copy_context() if context is None else context
        handle = _Handle((when, next(self._sequence), callback, args, context))
        heappush(self._undrawn, handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> _Handle:
        """Run a callback in `delay` seconds; with an `order`, perhaps a little later."""
        if not delay > 0:
            return self.call_soon(callback, *args, context=context)
        context = copy_context() if context is None else context
        handle = _Delay((self._now + delay, next(self._sequence), callback, args, context))
        heappush(self._undrawn, handle)
        return handle

    def run_in_executor(self, executor: object, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """Run a function at once, in this thread: simulated time has no others. The clock stands still meanwhile."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    # --- inside another loop ---

    @contextmanager
    def _as_running_loop(self) -> Generator[None, None, None]:
        """Make this the running loop of the thread; afterwards, restore the one that was running."""
        with one_thread:
            outer_loop = asyncio._get_running_loop()
            outer_task = asyncio.current_task(outer_loop) if outer_loop is not None else None
            outer_hooks = sys.get_asyncgen_hooks()
            if outer_loop is not None and outer_task is not None:
                _leave_task(outer_loop, outer_task)
            asyncio._set_running_loop(self)
            sys.set_asyncgen_hooks(self._asyncgens.add, self._close_asyncgen)
            self._running = True
            try:
                with redirect_stdout(_CallersStream(sys.stdout)), redirect_stderr(_CallersStream(sys.stderr)):
                    yield
            finally:
                self._running = False
                sys.set_asyncgen_hooks(*outer_hooks)
                asyncio._set_running_loop(outer_loop)
                if outer_loop is not None and outer_task is not None:
                    _enter_task(outer_loop, outer_task)

    # --- errors ---

    def _waiting(self) -> str:
        """Name the unfinished tasks, and the function that each is waiting in."""
        waiting = sorted(f"{task.get_name()} in {_path(task)}" for task in self._tasks if not task.done())
        return f"Waiting: {'; '.join(waiting) or 'no task'}"

    def _in_thread(self) -> str:
        """Say so if a task is waiting for a thread, before a path that would end with it after many names."""
        if any("_in_worker_thread" in _path(task) for task in self._tasks if not task.done()):
            return "A task waits for a thread, and simulated time has none: is an endpoint `def`, not `async def`? "
        return ""

    def _report_unretrieved(self, main: asyncio.Task[Any]) -> None:
        """Report the exceptions of background tasks that were never retrieved."""
        for task in sorted(self._tasks, key=asyncio.Task.get_name):
            if task is not main and is_unretrieved(task):
                message = f"{task.get_name()} failed, and was never awaited"
                self.call_exception_handler({"message": message, "exception": task.exception(), "task": task})

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Report an error that no task will receive; see asyncio's own documentation."""
        if self._exception_handler is None:
            self.default_exception_handler(context)
        else:
            self._exception_handler(self, context)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Log the error."""
        log.error("at t=%g s: %s", self._now, context["message"], exc_info=context.get("exception"))

    def set_exception_handler(self, handler: ExceptionHandler | None) -> None:
        """Pass such errors to `handler`; None: log them."""
        self._exception_handler = handler

    def get_exception_handler(self) -> ExceptionHandler | None:
        """Return the handler of such errors; None if they are logged."""
        return self._exception_handler

    # --- what else asyncio needs from a loop ---

    def is_running(self) -> bool:
        """Whether `run` is running."""
        return self._running

    def is_closed(self) -> bool:
        """False: a simulation holds nothing that must be closed."""
        return False

    def get_debug(self) -> bool:
        """False: asyncio's debug mode measures real time."""
        return False

    def get_task_factory(self) -> None:
        """None: tasks are asyncio's own."""
        return

    def _close_asyncgen(self, generator: AsyncGenerator[Any, Any]) -> None:
        """Let an async generator that was dropped half-way clean up."""
        self._asyncgens.discard(generator)
        self.create_task(generator.aclose())

    async def shutdown_asyncgens(self) -> None:
        """Close all async generators that are still open."""
        for generator in list(self._asyncgens):
            await generator.aclose()


class _CallersStream:
    """A stream to which every task prints as if it were the caller of `run`; in a notebook, into the running cell.

    A task has the context in which it was created, and a notebook uses the context to find the cell that prints.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._context = copy_context()

    def write(self, text: str) -> Any:
        return self._context.run(self._stream.write, text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


WHEN, PLACE, CALLBACK, ARGS = range(4)  # indices in a handle


class _Handle(list[Any]):
    """A callback that will run, unless it is cancelled first: [when, place, callback, args, context].

    A list, because lists are compared item by item: a heap of handles is in order of time, then of place. That is
    the order of arrival, or, once a number is drawn, (number, arrival).
    """

    __slots__ = ()

    def cancel(self) -> None:
        """Never run the callback."""
        self[CALLBACK] = None

    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self[CALLBACK] is None

    def when(self) -> float:
        """The instant it is set for, in seconds."""
        return self[WHEN]  # type: ignore[no-any-return]


class _Delay(_Handle):
    """A callback that will run in some seconds from now, not at a given instant."""

    __slots__ = ()


def is_unretrieved(task: asyncio.Task[Any]) -> bool:
    """Whether a task has failed, and nobody has retrieved its exception: asyncio would log it."""
    return task.done() and getattr(task, "_log_traceback", False)


def _path(task: asyncio.Task[Any]) -> str:
    """Name the functions that a waiting task is in, outermost first."""
    names: list[str] = []
    inner: Any = task.get_coro()
    while inner is not None:
        if hasattr(inner, "__qualname__"):
            names.append(inner.__qualname__)
        inner = next((v for a in ("cr_await", "gi_yieldfrom", "ag_await") if (v := getattr(inner, a, None))), None)
    return " > ".join(names)


def _only_in_real_time(name: str) -> Callable[..., Any]:
    def refuse(*args: object, **options: object) -> Any:
        raise NotImplementedError(
            f"{name}() needs real time: a simulation has no sockets, processes, signals or threads. "
            "Await it in a cell as it is, without sim.run()."
        )

    return refuse


for _name in vars(asyncio.AbstractEventLoop):
    if not _name.startswith("_") and _name not in vars(Simulation):
        setattr(Simulation, _name, _only_in_real_time(_name))
