"""Who sleeps in `wait` and `join`, and who must be awake (page 14)."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from ..guarded import Endless
from .apart import RAISED
from .calls import Call, Outcome, Raised, Returned, Step
from .compare import Broken
from .model import Model, Sleeper
from .promises import Promise
from .referee import Referee
from .waking import Noticing, Wakings
from .words import brief

PATIENCE = 1.0
"""Seconds after which a sleeper must be awake: a queue may look now and then, instead of waking whoever sleeps."""


class Asleep:
    """The workers that sleep in a queue's `wait` and then claim a job, and the callers of its `join`.

    Args:
        ask: calls a method of the queue.
        model: what a right queue would be like.
        referee: who compares the two.
        start: starts a task.
        clock: returns seconds of simulated time.
    """

    def __init__(
        self,
        ask: Callable[..., Outcome],
        model: Model,
        referee: Referee,
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        clock: Callable[[], float],
    ) -> None:
        self.queue: Any = None
        """The queue, once it is made."""
        self.ask = ask
        self.model = model
        self.referee = referee
        self.start = start
        self.clock = clock
        self.endless: tuple[str, Endless] | None = None
        """The method that was stopped, as it did not end; in a task, where an error stops nothing else."""
        self._tasks: list[asyncio.Task[None]] = []
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._woken: list[tuple[str, float, Outcome]] = []
        self._joined: list[Outcome] = []
        self._wakings = Wakings()

    def __bool__(self) -> bool:
        return bool(self.model.sleepers or self.model.joining or self._woken)

    def work(self, worker: str, or_finished: bool | None) -> None:
        """Let a worker sleep until there is a job, and claim it. `or_finished`: None: it is not given."""
        if or_finished is not False and not self.model.unfinished():
            return  # whether `wait` ends at once if all jobs are finished already is left open
        if worker in {sleeper.worker for sleeper in self.model.sleepers}:
            return
        self.model.sleepers.append(Sleeper(worker, or_finished=or_finished is not False))
        task = self.start(self._work(worker, {} if or_finished is None else {"or_finished": or_finished}))
        self._workers[worker] = task
        self._tasks.append(task)

    def cancel(self, worker: str) -> None:
        """Cancel a worker that sleeps: it leaves the line, and claims nothing."""
        self.model.sleepers = [sleeper for sleeper in self.model.sleepers if sleeper.worker != worker]
        if worker in self._workers:
            self._workers.pop(worker).cancel()

    async def _work(self, worker: str, options: dict[str, bool]) -> None:
        async def claim() -> Outcome:
            sleeping = self.queue.wait(**options)
            if not inspect.isawaitable(sleeping):
                raise Broken(
                    Promise.WAIT, "wait() is an async method", f"it returns {brief(sleeping)}, and is not async"
                )
            await Noticing(sleeping, lambda: self._wakings.note(worker, self.clock()))
            if self._workers.get(worker) is not asyncio.current_task():  # the queue has caught its cancellation
                raise asyncio.CancelledError
            return self.ask("dequeue", worker=worker)

        outcome = await self._outcome("wait", claim())
        self._woken.append((worker, self.clock(), outcome))

    def join(self) -> None:
        """Let somebody sleep until all jobs are finished."""
        self.model.joining += 1
        self._tasks.append(self.start(self._join()))

    async def _join(self) -> None:
        async def join() -> Outcome:
            return Returned(await self.queue.join())

        outcome = await self._outcome("join", join())  # then the list: it is another one by then
        self._joined.append(outcome)

    async def _outcome(self, method: str, doing: Coroutine[Any, Any, Outcome]) -> Outcome:
        """Return what became of a method that sleeps, and of what follows it."""
        try:
            return await doing
        except asyncio.CancelledError:
            raise
        except Endless as error:
            self.endless = method, error
            raise
        except RAISED as error:
            return Raised(error)

    def end(self) -> None:
        """Cancel them all."""
        for task in self._tasks:
            task.cancel()

    def compare_woken(self, call: Call, steps: list[Step], *, finished: bool) -> None:
        """Compare who has been woken, and what they claimed, with who should have been.

        Args:
            call: the call after which they woke up.
            steps: what they did is added to it.
            finished: whether the last job has ended with it.
        """
        if self.endless is not None:
            raise self.endless[1]
        model = self.model
        woken, self._woken = self._woken, []
        in_vain = self._wakings.in_vain({worker: at for worker, at, _ in woken})
        claimed = ""
        for worker, at, outcome in woken:
            while in_vain and in_vain[0].at < at:
                steps.append(in_vain.pop(0))
            model.now = at
            place = next(i for i, sleeper in enumerate(model.sleepers) if sleeper.worker == worker)
            sleeper = model.sleepers[place]
            if isinstance(outcome, Raised):
                if isinstance(outcome.error, Broken):
                    raise outcome.error
                raise Broken(Promise.WAIT, f"wait() sleeps until there is a job for {worker}", outcome)
            everybody = call.method == "wake" or (finished and sleeper.or_finished)
            reclaimed = self.referee.follow_leases()
            if not everybody and model.next() is None and not model.overdue() and not self.referee.expired:
                promise = Promise.FIRST_COME if claimed else Promise.OR_FINISHED if finished else Promise.WAIT
                raise Broken(
                    promise, f"{worker} sleeps: {claimed or 'no job is due'}", f"{worker} wakes up at {at:g} s"
                )
            if place and not everybody:
                first = model.sleepers[0].worker
                raise Broken(Promise.FIRST_COME, f"{first} wakes up, who came first", f"{worker} wakes up")
            del model.sleepers[place]
            self.referee.compare_claim(outcome, worker, reclaimed)
            steps.append(Step(at, f'{worker} wakes up: queue.dequeue(worker="{worker}")', str(outcome)))
            claimed = f"{worker} has claimed the job that came"
        steps += in_vain

    def compare_asleep(self, call: Call, *, finished: bool) -> None:
        """Raise if somebody still sleeps who should have been woken."""
        model, now = self.model, self.model.now
        model.now -= PATIENCE
        best = model.next()
        late = [job for job in model.overdue(surely=True) if job.attempts_left > 0]
        model.now = now
        for sleeper in model.sleepers:
            name = sleeper.worker
            sleeps = f"{name} sleeps at {now:g} s"
            if call.method == "wake":
                raise Broken(Promise.WAKE, f"{name} wakes up", sleeps)
            if finished and sleeper.or_finished:
                raise Broken(Promise.OR_FINISHED, f"{name} wakes up: all jobs are finished", sleeps)
            if best is not None:
                due = f"job #{best.id} is due from {best.scheduled_for:g} s on"
                raise Broken(Promise.WAIT, f"{name} wakes up: {due}", sleeps)
            if late:
                why = f"the lease of {late[0].worker} ends at {model.lease_end(late[0]):g} s"
                raise Broken(Promise.WAIT, f"{name} wakes up: {why}, and job #{late[0].id} is due then", sleeps)

    def compare_joins(self) -> None:
        """Raise if a `join` has returned too early, or sleeps on."""
        joined, self._joined = self._joined, []
        for outcome in joined:
            self.model.joining -= 1
            if isinstance(outcome, Raised):
                raise Broken(Promise.JOIN, "join() returns when all jobs have ended", outcome)
            if self.model.unfinished():
                counts = self.model.stats()
                busy = ", ".join(f"{counts[state]} {state}" for state in ("pending", "processing") if counts[state])
                raise Broken(Promise.JOIN, f"join() sleeps: {busy}", "it has returned")
        if self.model.joining and not self.model.unfinished():
            raise Broken(Promise.JOIN, "join() returns: no job is pending or processing", "it sleeps")
