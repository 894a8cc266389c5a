"""A small world in simulated time: queues, processes that use them, and what goes wrong (page 13)."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from functools import partial
from typing import Any, NamedTuple, TypeVar

from .arguments import shown, validate_text
from .faults import Surprise, Trouble
from .history import History
from .job import ENDED, QueueError, Status
from .simulated_processes import Process, ProcessLoop, Vanish
from .simulation import EndlessWait
from .story import Story, describe_error, describe_place, describe_value
from .watched_queues import WatchedQueues

Q = TypeVar("Q")
T = TypeVar("T")
Scenario = Callable[["World"], Coroutine[Any, Any, object]]
Check = Callable[["World"], object]

SCENARIO = "the scenario"
RESTART = 1.0
"""Seconds after which a process that ended with an error of its queue is started again."""
MOST_STEPS = 2_000
"""More steps of processes at one instant count as one that never sleeps."""


class Outcome(NamedTuple):
    """What is broken after a run."""

    broken: str
    """In words."""
    error: BaseException | None = None
    mistake: bool = False
    """Whether it is a mistake in the scenario or in a check, and not what they are to show."""


class World:
    """Queues and processes in simulated time, made anew for each run of a scenario; see `explore`.

    Give it, as attributes, what the invariants look at: `world.mails = []`.

    Args:
        surprises: what goes otherwise than usual.
        always: invariants to be checked at every step.
        limit: seconds in which the run must end, after the last thing that goes wrong.
        tell: whether `story` is told.
    """

    def __init__(
        self,
        surprises: Sequence[Surprise] = (),
        *,
        always: Sequence[Check] = (),
        limit: float = 300.0,
        tell: bool = False,
    ) -> None:
        self.histories: list[History] = []
        """The history of each queue, in the order in which they were given to `queue`."""
        self.outcome: Outcome | None = None
        """What is broken; None: nothing."""
        self.most_options = 1
        """The most options that `choose` was given."""
        self._loop = ProcessLoop(self._draw, self._before_resuming, self._after_pause, self._when_endless)
        self.story = Story(self._loop.time if tell else None)
        """What has happened."""
        self.trouble = Trouble(surprises, self._loop, self.story, self._crashed)
        """What goes otherwise than usual."""
        self._tell = tell
        self._plain = not surprises
        self._always = always
        self._limit = limit
        self._watched = WatchedQueues(self._loop, self.story, self)
        self._processes: dict[str, Process] = {}
        self._instant = (0.0, 0)  # the time, and how many steps were taken at this time
        self._settling: asyncio.Future[bool] | None = None
        self._restarting: set[str] = set()  # names of processes that will be started again

    # --- what a scenario uses ---

    def clock(self) -> float:
        """Return the time for queues, in seconds. A `ClockJump` sets it."""
        return self._loop.time() + self.trouble.clock_is_off

    def queue(self, queue: Q) -> Q:
        """Watch a queue of any class, and return it. From now on it has a history, and each call of it is a step.

        Its async methods run outside of the process that calls them, as on a server. If the process crashes, they are
        cancelled.

        Raises:
            TypeError: if its class has `__slots__`, so that its methods cannot be watched.
            ValueError: if another run has used it, or its clock is the real one.
        """
        if any(queue is known for known in self._watched.queues):
            return queue
        if callable(getattr(queue, "subscribe", None)) and callable(getattr(queue, "clock", None)):
            history = History(queue, lines=self._tell)  # type: ignore[arg-type]  # it has what a history needs
            self.histories.append(history)
        self._watched.watch(queue)
        return queue

    def start(self, name: str, function: Callable[..., Coroutine[Any, Any, object]], *arguments: Any) -> None:
        """Start a process: the coroutine that `function(*arguments)` returns.

        What the function makes is the process's memory, and is lost in a crash. What the scenario makes is outside of
        all processes.

        Raises:
            TypeError, ValueError: for an invalid argument, or a name that another process has.
        """
        validate_text("name", name)
        if name in self._processes:
            raise ValueError(f"there already is a process {name!r}")
        if not callable(function):
            getattr(function, "close", lambda: None)()  # a coroutine
            raise TypeError(f"start takes a function and its arguments, to start it again, got {shown(function)}")
        self._launch(name, partial(function, *arguments))

    def choose(self, what: str, *options: T) -> T:
        """Return the first option in the plain run, and any of them in others. Give the simplest one first.

        Args:
            what: what is chosen, for people to read.
            options: 1 to 100.

        Raises:
            ValueError: for no options, and for more than 100.
        """
        if not 1 <= len(options) <= 100:
            raise ValueError(f"choose needs 1 to 100 options, got {len(options)}")
        self.most_options = max(self.most_options, len(options))
        chosen = options[0] if len(options) == 1 else options[self.trouble.choose(len(options))]
        self.story.tell("", f"{what}: {describe_value(chosen)}")
        return chosen

    async def settled(self) -> None:
        """Sleep until every job has ended, and every process has ended, or only waits or asks for a job.

        With a queue that has no `stats` of its jobs, sleep until nothing is left to happen.
        """
        nothing_left = False
        while not nothing_left and not self._is_settled():
            self._settling = self._loop.create_future()
            nothing_left = await self._settling
            while self._loop._ready:  # noqa: ASYNC110 - it lets others take note, and no time passes
                await asyncio.sleep(0)

    @property
    def history(self) -> History:
        """The history of the first queue; an empty one if there is none."""
        return self.histories[0] if self.histories else History()

    # --- a run ---

    def run(self, scenario: Scenario, invariants: Sequence[Check] = ()) -> None:
        """Run a scenario to its end, and check the invariants.

        Raises:
            TypeError: if the scenario is not an async function of the world.
        """
        try:
            self._run(scenario, invariants)
        finally:
            self._watched.close()

    def _run(self, scenario: Scenario, invariants: Sequence[Check]) -> None:
        with self._loop._as_running_loop():
            main = scenario(self)
            if not inspect.iscoroutine(main):
                raise TypeError(f"a scenario must be an async function of the world, it returned {shown(main)}")
            try:
                task = self._loop.create_task(main, name=SCENARIO)
                task.add_done_callback(partial(self._scenario_ended, invariants))
                self._loop.run_until(self._loop.over)
            finally:
                self._loop.end()
                self._loop.clear_up()

    def _scenario_ended(self, invariants: Sequence[Check], task: asyncio.Task[object]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.failed(SCENARIO, error)
        for check in invariants:
            self._check(check)
        for name, failure in self._loop.unnoticed():
            if not self._is_expected(failure):
                self.failed(f"{name}, which nobody awaits,", failure)
        self._end()

    def _end(self, outcome: Outcome | None = None) -> None:
        if not self._loop.over.done():
            self.outcome = self.outcome or outcome
            self.story.time = None
            for history in self.histories:
                history.close()
            self._loop.end()

    def _check(self, check: Check) -> None:
        """Check an invariant, unless something else is broken."""
        if self.outcome is not None:
            return
        name = getattr(check, "__name__", shown(check))
        sentence = (inspect.getdoc(check) or name.replace("_", " ")).partition("\n")[0].rstrip(".")
        try:
            with self._watched.outside(None):  # what it asks a queue is no step
                answer = check(self)
            if isinstance(answer, str) or answer is False:
                raise AssertionError(answer or "")
            if answer is not None and answer is not True:
                raise TypeError(f"{name} must return None, True, False or a sentence, it returned {shown(answer)}")
        except AssertionError as error:
            self.outcome = Outcome(f"{sentence}: {error}" if str(error) else sentence, error)
        except Exception as error:
            self.outcome = Outcome(f"{name} failed", error, mistake=True)

    def failed(self, who: str, error: BaseException) -> None:
        """End the run because of an exception."""
        mistake = isinstance(error, (NameError, ImportError)) or (self._plain and not isinstance(error, AssertionError))
        whose = "" if isinstance(error, AssertionError) and who == SCENARIO else f"{who} failed: "
        self._end(Outcome(whose + describe_error(error), error, mistake))

    def _draw(self, process: Process | None, when: float, may_be_late: bool) -> float:
        """Draw for a timer, and end a run that goes on for too long."""
        if when > self.trouble.over_at + self._limit:
            running = [name for name, process in self._processes.items() if not self._watched.is_idle(process)]
            self._never_ends(f"at {when:g} s, {' and '.join(running) or SCENARIO} is still running")
        return self.trouble.draw(process, when, may_be_late)

    def _when_endless(self, error: EndlessWait) -> None:
        unfinished = any(self._watched.unfinished(queue) for queue in self._watched.queues)
        if self._loop._ready or unfinished or self._settling is None or self._settling.done():
            self._never_ends(str(error).removeprefix("this wait can never end: "))
        else:
            self._settling.set_result(True)

    def _never_ends(self, why: str) -> None:
        last = {(history, event.job_id): event for history in self.histories for event in history.events}
        for event in last.values():
            if event.status not in ENDED:
                claimed = f", claimed by {event.worker}" if event.status is Status.PROCESSING else ""
                why = f"job {event.job_id} is still {event.status}{claimed}"
                break
        self._end(Outcome(f"it never ends: {why}"))

    # --- steps ---

    def _step(self, process: Process | None, place: Callable[[], str], *, call: bool = False) -> None:
        """Check what must always hold, and let things go wrong. The scenario itself is spared."""
        now, steps = self._instant if self._instant[0] == self._loop.time() else (self._loop.time(), 0)
        self._instant = (now, steps + (process is not None))
        if steps > MOST_STEPS:
            self._never_ends(f"{MOST_STEPS:,} steps have been taken, and time stands still")
        for check in self._always:
            self._check(check)
        if self.outcome is not None:
            self._end()
        if self._loop.over.done():
            raise Vanish
        if process is not None:
            self.trouble.step(process, place, call=call)

    def _before_resuming(self, process: Process) -> None:
        self._step(process, lambda: describe_place(task.get_coro() for task in process.tasks if not task.done()))

    def before_call(self, process: Process | None, call: Callable[[], str], *, changes: bool) -> None:
        """See `Watcher`."""
        self._step(process, lambda: f"before {call()}", call=True)
        if process is not None and changes:
            self.trouble.check_disk()

    def after_call(self, process: Process | None, call: Callable[[], str]) -> None:
        """See `Watcher`."""
        self._step(process, lambda: f"after {call()}")
        if process is not None:
            self.trouble.answer(process, call)

    def changed(self) -> None:
        """See `Watcher`."""
        if self._settling is not None and not self._settling.done() and self._is_settled():
            self._settling.set_result(False)

    def _is_settled(self) -> bool:
        if self._restarting or not all(map(self._watched.is_idle, self._processes.values())):
            return False
        unfinished = [self._watched.unfinished(queue) for queue in self._watched.queues]
        return bool(unfinished) and all(jobs == 0 for jobs in unfinished)

    # --- processes ---

    def _launch(self, name: str, function: Callable[[], Any]) -> None:
        self._processes[name] = self._loop.launch(name, function, self._process_ended)

    def _crashed(self, process: Process, restart: float | None) -> None:
        if restart is not None:
            self._restart(process, restart)
        self._watched.leave(process)

    def _restart(self, process: Process, seconds: float) -> None:
        self._restarting.add(process.name)

        def start_again() -> None:
            self._restarting.discard(process.name)
            self.story.tell(process.name, "starts again")
            self._launch(process.name, process.function)

        self._loop.call_at(self._loop.time() + seconds, start_again, context=Context())

    def _process_ended(self, process: Process, task: asyncio.Task[Any]) -> None:
        process.dead = True
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.story.tell(process.name, f"ends with {describe_error(error)}")
            if self._is_expected(error):  # as in real life, it is started again
                self._restart(process, RESTART)
            else:
                self.failed(process.name, error)
        self._watched.leave(process)

    def _is_expected(self, error: BaseException) -> bool:
        """Whether a process may fail like that: a queue refuses a call, after something has gone wrong."""
        return isinstance(error, QueueError) and self.trouble.has_happened

    def _after_pause(self, process: Process) -> None:
        self.story.tell(process.name, "goes on")
        self.changed()
