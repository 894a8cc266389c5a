"""A judge for queues of your own: it tries to break each promise of the contract, one stage after another (page 14).

`judge(MyQueue)` plays short histories, in simulated time, on your queue and on a model of the contract. If the two
differ, it says which promise was broken by the shortest history that shows it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..arguments import validate_count, validate_integer
from ..guarded import Endless, guarded
from ..history import History
from ..simulation import Simulation
from .apart import Apart
from .compare import METHOD, Difference
from .making import CannotJudge, Maker
from .play import LINES, RETRY, SECONDS, Played, is_lease, play_calls
from .shortest import Search, interrupted
from .stages import STAGES, Stage, Workload
from .verdict import Finding, StageResult, Verdict, finding
from .words import MISSING, attribute, brief, with_line_of

__all__ = ["CannotJudge", "Finding", "StageResult", "Verdict", "judge", "stages"]

RUNS = 30
"""How many histories each part of the storm plays."""


def judge(
    make: Callable[..., Any],
    *,
    stage: int | None = None,
    seed: int = 0,
    runs: int = RUNS,
    progress: Callable[[str], object] | None = print,
) -> Verdict:
    """Judge a queue: does it keep the contract?

    A pass says that none of the histories that were tried breaks a promise. What no stage tries: more than 40 jobs in
    a queue, threads, whether a process that sleeps in `wait` or `join` notices what another one does, and errors that
    `retry` does not retry. In a browser, or in a thread, no process makes a call between two lines of another's.

    Args:
        make: the queue's class, or a function that returns a queue. It must take `clock`. It is also given `retry`,
            `lease`, `path` and the other `making.OPTIONS`, if it takes them.
        stage: the last stage to try; None: all. Those before it are always tried as well.
        seed: where the storm begins: another seed tries other histories.
        runs: how many histories each part of the storm plays.
        progress: is called with a line when a stage begins and when it ends; None: nothing is.

    Returns:
        Which stages it passed and, if a promise is broken, the shortest history that was found to break it.

    Raises:
        TypeError, ValueError: for an invalid argument; the message names it.
        CannotJudge: if no queue can be made; the message says what is needed.
    """
    last = len(STAGES) if stage is None else validate_count("stage", stage, most=len(STAGES))
    validate_integer("seed", seed)
    validate_count("runs", runs)
    maker = Maker(make)
    trial = _Trial(maker, seed, runs)
    say = progress or (lambda _: None)
    try:
        with trial.apart.listening():
            first = trial.first_queue()
        results = []
        for number, this in enumerate(STAGES, start=1):
            result = StageResult(number, this.name, "not tried")
            if trial.found is None and number <= last:
                say(f"Stage {number} of {len(STAGES)}, {this.name} …")
                result = trial.run(number, this, first)
                say(str(result))
            results.append(result)
    finally:
        maker.close()
    return Verdict(maker.name, results, trial.found, histories=trial.search.histories, seed=seed, printed=trial.printed)


def stages() -> str:
    """Return a line for each stage: its number, its name, and what is tried in it."""
    return "\n".join(f"{number} {stage.name}: {stage.about}" for number, stage in enumerate(STAGES, start=1))


class _Trial:
    """One run of the judge."""

    def __init__(self, maker: Maker, seed: int, runs: int) -> None:
        self.maker = maker
        self.seed = seed
        self.runs = runs
        self.apart = Apart()
        self.search = Search(maker, self.apart)
        self.found: Finding | None = None
        self.printed = ""

    def first_queue(self) -> Any:
        """Make a queue, to see which methods it has.

        Raises:
            CannotJudge: if its constructor raises an error.
        """
        path, sim = self.maker.new_path(), Simulation()

        async def make() -> Any:  # inside a loop, as always: a queue may start a task
            return self.maker.make(sim.time, retry=RETRY, path=path)

        try:
            with guarded(lines=LINES, seconds=SECONDS):
                queue = sim.run(make())
        except Endless as error:
            raise CannotJudge(f"{self.maker.name} cannot be made: its constructor does not end: {error}") from None
        except KeyboardInterrupt as error:
            self.apart.raise_if_interrupted()
            raise CannotJudge(f"{self.maker.name} cannot be made: {with_line_of(error)}") from error
        self.maker.forget(queue, path)
        if queue is None or inspect.iscoroutine(queue):
            raise CannotJudge(f"{self.maker.name} returned {type(queue).__name__}, which is no queue")
        return queue

    def run(self, number: int, stage: Stage, queue: Any) -> StageResult:
        """Run a stage."""
        lacking = self._lacking(stage, queue)
        if lacking:
            return StageResult(number, stage.name, "not offered", lacking)
        for workload in stage.workloads:
            if workload.takes and workload.takes not in self.maker.takes:
                continue
            self.found = self._missing(stage, workload, queue) or self._break(stage, workload)
            if self.found is not None:
                return StageResult(number, stage.name, "broken")
        return StageResult(number, stage.name, "passed")

    def _lacking(self, stage: Stage, queue: Any) -> str:
        """Say what a queue does not offer that a stage is about; "" if it offers everything."""
        if stage.path and "path" not in self.maker.takes:
            return f"{self.maker.name} takes no path="
        if stage.lease and attribute(queue, "lease") is None:
            return "its lease is None"
        return ""

    def _missing(self, stage: Stage, workload: Workload, queue: Any) -> Finding | None:
        """Return a finding if a queue lacks an attribute or a method that a workload is about."""
        for need in workload.needs:
            seen = _lacks(queue, need)
            if seen:
                name = need.partition("(")[0]
                promise = METHOD.get(name, stage.promise)
                what = f"{self.maker.name} has " + (need if "(" in need else f"an attribute `{need}`")
                difference = Difference(promise, what, seen)
                return Finding(stage.name, difference, [], History(name=self.maker.name))
        return None

    def _break(self, stage: Stage, workload: Workload) -> Finding | None:
        """Search for a history that breaks a promise."""
        with self.apart.listening():
            if workload.random:
                played = self.search.in_storm(workload, self.seed, self.runs)
            elif workload.interrupts:
                played = self.search.interrupted(workload)
            else:
                played = self.search.shortest(workload)
        self.printed = self.printed or self.apart.printed
        return None if played is None else self._look_closely(stage, workload, played)

    def _look_closely(self, stage: Stage, workload: Workload, played: Played) -> Finding:
        """Play a history again, to see which lines of the queue ran, and what it printed."""
        self.apart.keep_lines()
        with self.apart.listening():
            replay = interrupted(workload) if workload.interrupts else play_calls
            again = replay(self.maker, workload.setting, played.calls, self.apart)
        if again.broken is None and played.broken is not None:
            seen = f"{played.broken.seen}; but not when the same calls were made once more"
            again.broken = played.broken._replace(seen=seen)
        return finding(self.maker.name, stage.name, again, self.apart.printed)


def _lacks(queue: Any, need: str) -> str:
    """Say how a queue lacks an attribute, or a method with some arguments; "" if it has it."""
    name, _, arguments = need.rstrip(")").partition("(")
    method = attribute(queue, name)
    if method is MISSING:
        return f"it has no {name}"
    if name == "lease":
        return "" if is_lease(method) else f"its lease is {brief(method)}, and neither None nor seconds"
    if "(" not in need:
        return ""
    if not callable(method):
        return f"its {name} is no method"
    if getattr(getattr(method, "__code__", None), "co_names", ()) == ("NotImplementedError",):
        return f"its {name} only raises NotImplementedError"
    wanted = [argument for argument in arguments.split(", ") if argument]
    by_name = [argument[:-1] for argument in wanted if argument.endswith("=")]
    try:
        signature = inspect.signature(method)
    except (TypeError, ValueError):
        return ""
    try:
        signature.bind(*(argument for argument in wanted if not argument.endswith("=")), **dict.fromkeys(by_name))
    except TypeError as error:
        return f"its {name} takes ({', '.join(signature.parameters)}): {error}"
    return ""
