"""Two processes at once: between any two lines of a call, another process makes a call of its own (page 14).

There is one process. The file is opened twice in it, and before a line of the first queue's code, the second is called.
What the two calls return must be right in one order or the other. If the second call has to wait for the first, as for
a lock, this line is passed over: then they do come one after the other.

Without a clock that can stop a call, as in a browser, nothing is tried: a call that waits would never end. Whether a
process that sleeps in `wait` hears of what another one enqueues is not tried either: the contract does not promise it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from ..guarded import Endless, guarded, has_clock
from ..lines import Line, own_line
from ..simulation import Simulation
from .apart import Apart
from .calls import Call, Outcome, Raised, Step, anew
from .compare import Broken, Difference
from .making import CannotJudge, Maker
from .model import Model
from .play import LINES, RETRY, SECONDS, Played, Setting, moved_to
from .referee import Referee
from .workloads_long import meanwhile

PATIENCE = 0.25
"""Seconds of real time after which a call is taken to wait for the other process."""
ENOUGH = 1.0
"""Seconds of real time after which no more lines are tried of a call, if the other process has waited for so long."""


class _Met(NamedTuple):
    """What became of two calls at once."""

    line: Line | None
    """The line before which the second was made."""
    first: Outcome
    second: Outcome
    wrong: Difference | None


def play_between(maker: Maker, setting: Setting, calls: Sequence[Call], apart: Apart) -> Played:
    """Play these calls; before each line of the last one, in turn, let another process make its call.

    Returns:
        The history, with the first line at which the two calls break a promise; or without, if there is none.
    """
    place, waited = 0, 0.0
    while True:
        encounter = _Encounter(maker, setting, calls, apart, place)
        met = encounter.play()
        played = encounter.played
        if met is not None and met.wrong is not None:
            *before, last = played.steps
            other = meanwhile(calls[-1]).text(encounter.ids)
            played.steps = [
                *before,
                last._replace(outcome="stops before this line", line=met.line),
                Step(last.at, f"another process: {other}", str(met.second)),
                Step(last.at, "the first process goes on", str(met.first)),
            ]
            for step, (call, outcome) in enumerate(((meanwhile(calls[-1]), met.second), (calls[-1], met.first))):
                moved = moved_to(call, outcome, encounter.model)
                played.events += [(event, len(before) + 1 + step) for event in moved]
            played.broken = met.wrong
            return played
        waited += encounter.waited
        if not encounter.reached or waited > ENOUGH:
            return played
        place += 1


class _Encounter:
    """A history on a new file that two queues have open."""

    def __init__(self, maker: Maker, setting: Setting, calls: Sequence[Call], apart: Apart, place: int) -> None:
        self.maker = maker
        self.setting = setting
        self.calls = calls
        self.apart = apart
        self.left = place
        """How many lines of the last call run before the other process makes its own."""
        self.reached = False
        """Whether the last call has so many lines."""
        self.model = Model(retry=RETRY, lease=setting.lease)
        self.ids = self.model.ids
        self.played = Played(self.model, maker.new_path())
        self.sim = Simulation()
        self.first: Any = None
        self.second: Any = None
        self.line: Line | None = None
        self.meanwhile: Outcome | None = None
        self.watches = False
        self.waited = 0.0
        """Seconds of real time for which the other process has waited, in vain."""

    def play(self) -> _Met | None:
        """Play it. None: there is nothing to say of it."""
        try:
            with guarded(lines=LINES, seconds=SECONDS, watched=self.maker.is_its_code, on_line=self.on_line):
                return self.sim.run(self._play())
        except (Endless, Broken, CannotJudge):  # the other workloads would have found it; or only one may open the file
            return None
        finally:
            for queue in (self.second, self.first):
                self.maker.forget(queue, None)
            self.maker.forget(None, self.played.path)

    async def _play(self) -> _Met | None:
        self.first = self._make()
        self.second = self._make()
        self.model.lease = getattr(self.first, "lease", None)
        referee = self._referee(self.model)
        for call in self.calls[:-1]:
            self.played.calls.append(call)
            self.played.steps.append(Step(self.sim.time(), call.text(self.ids)))
            self.model.now = self.sim.time()
            if call.method == "pass":
                seconds = call.given("seconds")
                await asyncio.sleep(seconds)
                text = f"time passes: {seconds + self.setting.tick:g} s"
                self.played.steps[-1] = self.played.steps[-1]._replace(text=text)
            else:
                outcome = self._ask(self.first, call)
                self.played.steps[-1] = self.played.steps[-1]._replace(outcome=str(outcome))
                referee.compare(call, outcome)
            self.played.events += [(event, len(self.played.steps) - 1) for event in self.model.events]
            self.model.events.clear()
            await asyncio.sleep(self.setting.tick)
        call = self.calls[-1]
        self.played.calls.append(call)
        self.played.steps.append(Step(self.sim.time(), call.text(self.ids)))
        self.model.now = self.sim.time()
        self.watches = has_clock()
        outcome = self._ask(self.first, call)
        self.watches = False
        if self.meanwhile is None or isinstance(self.meanwhile, Raised):  # it had to wait
            return None
        return _Met(self.line, outcome, self.meanwhile, self._compare(call, outcome, self.meanwhile))

    def _make(self) -> Any:
        return self.maker.make(self.sim.time, retry=RETRY, path=self.played.path, lease=self.setting.lease)

    def on_line(self, frame: FrameType) -> None:
        """Before a line: is it the one?"""
        if not self.watches:
            return
        self.left -= 1
        if self.left >= 0:
            return
        self.watches, self.reached = False, True
        self.line = own_line(frame)
        folder = self.played.path and self.played.path.parent
        if folder is None or _is_locked(folder):
            return
        start = time.monotonic()
        try:
            with guarded(lines=None, seconds=PATIENCE, watched=self.maker.is_its_code):
                self.meanwhile = self._ask(self.second, meanwhile(self.calls[-1]))
        except Endless:
            self.waited = time.monotonic() - start

    def _ask(self, queue: Any, call: Call) -> Outcome:
        by_position, by_name = call.arguments_for(self.ids)
        by_name = {name: anew(value) for name, value in by_name.items()}
        return self.apart.ask(queue, call.method, *map(anew, by_position), **by_name)

    def _referee(self, model: Model) -> Referee:
        ask = partial(self.apart.ask, self.first)
        own_backoff = "retry" not in self.maker.takes
        return Referee(model, ask, stage=self.setting.stage, sees=self.setting.sees, own_backoff=own_backoff)

    def _compare(self, call: Call, first: Outcome, second: Outcome) -> Difference | None:
        """Say what is wrong with two outcomes; None if they are right in one order or the other."""
        wrong = None
        for order in (((call, first), (meanwhile(call), second)), ((meanwhile(call), second), (call, first))):
            model = self.model.copy()
            referee = self._referee(model)
            try:
                for made, outcome in order:
                    model.events.clear()
                    referee.compare(made, outcome)
                referee.look(call)
            except Broken as broken:
                wrong = broken.difference
            else:
                return None
        return wrong


def _is_locked(folder: Path) -> bool:
    """Whether a SQLite file in a folder is locked: then another process would wait, and SQLite could not be stopped."""
    for file in folder.iterdir():
        try:
            with file.open("rb") as content:
                if content.read(6) != b"SQLite":
                    continue
            probe = sqlite3.connect(file, timeout=0, isolation_level=None)
            try:
                probe.execute("BEGIN EXCLUSIVE")
                probe.execute("ROLLBACK")
            finally:
                probe.close()
        except (sqlite3.Error, OSError):
            return True
    return False
