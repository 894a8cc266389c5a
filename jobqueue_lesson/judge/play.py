"""Playing a history: the same calls on the queue that is judged and on the model, in simulated time (page 14)."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from .. import moves
from ..guarded import Endless, guarded, is_learners
from ..job import AttemptError, Job, JobEvent, Move, Status
from ..retries import RetryPolicy
from ..simulation import EndlessWait, Simulation
from .apart import Apart
from .asleep import Asleep
from .calls import NO_CALLS, Call, Outcome, Raised, Returned, Step, anew
from .compare import METHOD, Broken, Difference
from .making import LONG, CannotJudge, Maker
from .model import Model
from .promises import Promise
from .referee import Referee
from .words import attribute, brief

RETRY = RetryPolicy(base=1, factor=2)
"""What a queue that takes `retry` is given: 2, 4, 8, … seconds."""
SPINS = 20_000
"""How many callbacks may run at one instant before a queue counts as one that never sleeps."""
LINES = 200_000
"""How many lines of the queue's code may run in a history before it counts as one that never ends."""
SECONDS = 4.0
"""The same in real time, for a queue that sleeps in real time, or waits for a lock that it has itself."""
SUSPICIOUS = 2.0
"""Seconds of real time after which a history is played again, with its lines counted."""
KNOWN = 1.0
"""Seconds of real time for a queue that was seen not to end."""
OPENS = "the file can be opened again"


class Setting(NamedTuple):
    """How a queue is made, and what is looked at while a history is played."""

    stage: int
    """Fields of a job that later stages are about are not compared."""
    sees: frozenset[str] = frozenset()
    """What is looked at after each call: "get", "stats", "dead", "events"."""
    tick: float = 1.0
    """Seconds between two calls."""
    lease: float = LONG
    max_pending: int | None = None
    keep_finished: int | None = None
    processes: int = 1
    """How many have the queue's file open at the same time, if the queue lets them."""


class Played:
    """What became of a history.

    Attributes:
        calls: the calls that were made.
        model: what a right queue would be like now.
        steps: the same in words, up to the one that broke a promise.
        events: the moves, as far as the queue's answers show them; and for each, the place of its step.
        broken: how a promise was broken; None if none was.
        known: how many jobs there were after each call.
        changed: whether the last call changed anything.
        suspicious: whether it was stopped only because it took a while: the machine may be busy.
        path: the queue's file; None if it has none.
    """

    def __init__(self, model: Model, path: Path | None) -> None:
        self.path = path
        self.calls: list[Call] = []
        self.model = model
        self.steps: list[Step] = []
        self.events: list[tuple[JobEvent, int]] = []
        self.broken: Difference | None = None
        self.known: list[int] = []
        self.changed = False
        self.suspicious = False


def play(
    maker: Maker,
    setting: Setting,
    next_call: Callable[[Played], Call | None],
    apart: Apart,
    *,
    on_line: Callable[[FrameType], object] | None = None,
) -> Played:
    """Play a history on a new queue until a promise is broken, or it ends.

    Args:
        maker: makes the queue.
        setting: how, and what is looked at.
        next_call: returns the next call, from what has become of those before; None: that was all.
        apart: keeps what the queue prints apart, and watches its lines.
        on_line: is called before each line of the queue's code.
    """
    sim = Simulation()
    sim.callback_limit = SPINS
    player = _Player(maker, setting, sim, apart)
    played = player.played
    try:
        watched = is_learners if on_line is None and maker.of_the_course else maker.is_its_code
        on_line = on_line or apart.on_line
        counts = apart.counts_lines or on_line is not None
        limits = (LINES, KNOWN if apart.seen_endless else SECONDS) if counts else (None, SUSPICIOUS)
        with guarded(lines=limits[0], seconds=limits[1], watched=watched, on_line=on_line):
            sim.run(player.play(next_call))
    except Broken as broken:
        played.broken = broken.difference
    except Endless as error:
        played.suspicious, apart.counts_lines, apart.seen_endless = not counts, True, counts
        apart.line = apart.line or error.line
        player.asked = player.asleep.endless[0] if player.asleep.endless else player.asked
        played.broken = player.endless(f"it does not end: {error}")
    except EndlessWait:
        played.broken = player.endless(f"it never sleeps: {SPINS:,} turns of the event loop in one instant")
    except (SystemExit, KeyboardInterrupt) as error:  # in a task of the queue's own
        apart.raise_if_interrupted()
        played.broken = player.endless(f"it raises {Raised(error)}")
    finally:
        player.close()
    return played


def play_calls(maker: Maker, setting: Setting, calls: Sequence[Call], apart: Apart) -> Played:
    """Play these calls."""
    following = iter(calls)
    return play(maker, setting, lambda _: next(following, None), apart)


class _Player:
    def __init__(self, maker: Maker, setting: Setting, sim: Simulation, apart: Apart) -> None:
        self.maker = maker
        self.setting = setting
        self.sim = sim
        self.apart = apart
        self.path = maker.new_path()
        self.queue: Any = None
        self.second: Any = None
        self.made: list[tuple[Any, Path | None]] = []
        self.asked = "wait"
        self.leave: Callable[[], object] = lambda: None
        limit = setting.max_pending if "max_pending" in maker.takes else None
        self.model = Model(retry=RETRY, max_pending=limit)
        self.referee = Referee(
            self.model, self.ask, stage=setting.stage, sees=setting.sees, own_backoff="retry" not in maker.takes
        )
        self.asleep = Asleep(self.ask, self.model, self.referee, sim.create_task, sim.time)
        self.played = Played(self.model, self.path)

    def make(self, path: Path | None) -> Any:
        """Make a queue, and remember to close it."""
        setting = self.setting
        queue = self.maker.make(
            self.sim.time,
            retry=RETRY,
            path=path,
            lease=setting.lease,
            max_pending=setting.max_pending,
            keep_finished=setting.keep_finished,
        )
        self.made.append((queue, path))
        return queue

    def close(self) -> None:
        """Close and delete what was made."""
        for queue, path in reversed(self.made):
            self.maker.forget(queue, path)

    def endless(self, seen: str) -> Difference:
        """Say that a call does not end."""
        if self.played.steps:
            line = self.apart.line or self.played.steps[-1].line
            self.played.steps[-1] = self.played.steps[-1]._replace(outcome="…", line=line)
        promised = OPENS if self.asked == "reopen" else f"{self.asked}() does its work and ends"
        return Difference(METHOD.get(self.asked, Promise.WAIT), promised, seen)

    async def play(self, next_call: Callable[[Played], Call | None]) -> None:
        """Play the calls."""
        self._open()
        try:
            while (call := next_call(self.played)) is not None:
                self.played.calls.append(call)
                await self._step(call)
                self.model.now = self.sim.time()
        finally:
            self.asleep.end()

    def _open(self) -> None:
        """Make the queue, and listen to it."""
        self.queue = self.asleep.queue = self.make(self.path)
        lease = attribute(self.queue, "lease")
        self.model.lease = lease if is_lease(lease) else None
        if "events" in self.setting.sees:
            self._subscribe(self.referee.hear)
        if self.setting.processes == 2:
            with suppress(CannotJudge):  # a file that lets in one process only is safe as well
                self.second = self.make(self.path)
                self.model.processes = 2

    def _subscribe(self, listener: Callable[[Any], object]) -> Callable[[], object]:
        outcome = self.ask("subscribe", listener)
        if isinstance(outcome, Raised) or not callable(outcome.value):
            raise Broken(Promise.SUBSCRIBE, "subscribe(listener) returns a function", outcome)
        leave: Callable[[], object] = outcome.value
        return leave

    def ask(self, method: str, *by_position: Any, **by_name: Any) -> Outcome:
        """Call a method of the queue."""
        return self._call(self.queue, method, *by_position, **by_name)

    def _call(self, queue: Any, method: str, *by_position: Any, **by_name: Any) -> Outcome:
        self.asked = method
        outcome = self.apart.ask(queue, method, *by_position, **by_name)
        if isinstance(outcome, Returned) and inspect.iscoroutine(outcome.value):
            outcome.value.close()
            raise Broken(
                METHOD.get(method, Promise.CURRENT),
                f"{method} is a plain function: only wait and join are async",
                f"{method} is an async function",
            )
        return outcome

    # --- a step ---

    async def _step(self, call: Call) -> None:
        model, played = self.model, self.played
        model.now = self.sim.time()
        self.referee.expired.clear()
        self.referee.follow_leases()
        moved, unfinished = len(model.events), model.unfinished()
        self.apart.forget_line()
        detail = self.apart.keeps_lines  # words take time, and nobody reads those of the histories before
        is_call = call.method not in NO_CALLS
        played.steps.append(Step(model.now, call.text(model.ids) if detail else "", is_call=is_call))
        outcome = self._make(call)
        if outcome is None:
            if call.method == "pass":
                await self._pass(call)
        else:
            if detail:
                line = (isinstance(outcome, Raised) and outcome.line) or self.apart.line
                played.steps[-1] = played.steps[-1]._replace(outcome=str(outcome), line=line)
            try:
                self.referee.compare(call, outcome)
            except Broken:
                self._note(moved_to(call, outcome, model))
                raise
        await self._settle()
        finished = unfinished and not model.unfinished()
        try:
            self._wake(call, finished)
            self.referee.look(call)
        finally:
            silent = call.method in ("heartbeat", "wake") and isinstance(outcome, Returned)
            played.changed = outcome is None or silent or len(model.events) > moved
            self._note(model.events)
        played.known.append(len(model.ids))
        if not played.changed:
            return  # so that it takes the same time without this call
        self.asked = "wait" if model.sleepers else "join"
        if self.setting.tick:
            await asyncio.sleep(self.setting.tick)
        if self.asleep:
            await self._settle()
            try:
                self._wake(call, finished)
                model.now = self.sim.time()
                self.referee.follow_leases()
                if self.setting.tick:
                    self.asleep.compare_asleep(call, finished=finished)
                    self.asleep.compare_joins()
                self.referee.look(call)
            finally:
                self._note(model.events)

    def _note(self, events: list[JobEvent]) -> None:
        """Keep the moves of a step."""
        self.played.events += [(event, len(self.played.steps) - 1) for event in events]
        self.model.events.clear()

    def _wake(self, call: Call, finished: bool) -> None:
        self.asleep.compare_woken(call, self.played.steps, finished=finished)

    async def _settle(self) -> None:
        """Let everything run that is ready at this instant."""
        self.asked = "wait" if self.model.sleepers else "join"
        while self.sim._ready:  # noqa: ASYNC110 - there is no event for that
            await asyncio.sleep(0)

    def _make(self, call: Call) -> Outcome | None:
        """Make a call. None: there is no outcome to compare."""
        match call.method:
            case "work":
                self.asleep.work(call.given("worker"), call.given("or_finished"))
            case "cancel":
                self.asleep.cancel(call.given("worker"))
            case "join":
                self.asleep.join()
            case "hear":
                self.leave = self._subscribe(self.referee.also_heard.append)
                self.model.second_listener = True
            case "leave":
                self.leave()
                self.model.second_listener = False
            case "elsewhere":
                by_position, by_name = call.arguments_for(())
                self.asked = "enqueue"
                outcome = self._call(self.make(self.maker.new_path()), "enqueue", *by_position, **by_name)
                self.played.steps[-1] = self.played.steps[-1]._replace(outcome=str(outcome))
                self.model.another_queue = True
            case "reopen":
                self._reopen()
            case "pass":
                pass
            case _:
                by_position, by_name = call.arguments_for(self.model.ids)
                queue = self.second if call.given("process") else self.queue
                by_name = {name: anew(value) for name, value in by_name.items()}
                outcome = self._call(queue, call.method, *map(anew, by_position), **by_name)
                if call.given("cancelled"):
                    self.asleep.cancel(call.given("cancelled"))
                return outcome
        return None

    async def _pass(self, call: Call) -> None:
        """Let time pass: the tick comes on top."""
        seconds, due = call.given("seconds"), self.model.next_due()
        if seconds is None:
            early = 0.0 if self.asleep else self.setting.tick  # who sleeps is given time to wake up
            seconds = 0.0 if due is None else max(0.0, due - self.sim.time() - early)
        await asyncio.sleep(seconds)
        self.model.now = self.sim.time()
        self.referee.follow_leases()
        step = self.played.steps[-1]
        self.played.steps[-1] = step._replace(text=f"time passes: {seconds + self.setting.tick:g} s")

    def _reopen(self) -> None:
        """Open the file again, as another process does after this one has died. Nothing is closed, if that is possible.

        If it is not, it may be locked: the locks of a process end with it.
        """
        self.referee.heard.clear()
        self.asked = "reopen"
        try:
            try:
                self._open()
            except CannotJudge:
                self.maker.forget(self.queue, None)
                self._open()
        except CannotJudge as error:
            raise Broken(Promise.NEVER_LOST, OPENS, Raised(error.__cause__ or error)) from None
        self.referee.follow_restart()


def is_lease(value: object) -> bool:
    """Whether a queue's `lease` makes sense, and is not None: a number of seconds."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf


MOVES = {move.value: move for move in Move}


def moved_to(call: Call, outcome: Outcome, model: Model) -> list[JobEvent]:
    """Return the move that a queue made instead of the right one, as far as the job that it returned shows it."""
    move = MOVES.get(call.method)
    if isinstance(outcome, Raised) or move is None:
        return []
    number = attribute(outcome.value, "id")
    known = model.jobs.get(number) if type(number) is int else None
    if known is None:
        return []
    status = attribute(outcome.value, "status")
    if move is Move.FAIL and status == Status.PENDING:
        move = Move.RETRY
    if move.target is not None and brief(status) != move.target:
        return []
    job = Job(known.id, known.type, known.data, known.priority, known.max_attempts, known.key, 0.0, known.scheduled_for)
    job.status = move.target or known.status
    job.attempts = known.attempts + (move is Move.DEQUEUE and known.status is not Status.PROCESSING)
    job.worker = call.given("worker") or known.worker
    job.errors = known.errors or (AttemptError(job.attempts, "", "", model.now, None),)
    return [moves.event(job, move, model.now)]
