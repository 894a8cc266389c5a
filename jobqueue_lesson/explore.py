"""Find the run that breaks it, among a thousand runs of the same code (page 13).

This is deterministic simulation testing, as FoundationDB and TigerBeetle do it. Time is simulated, and whatever may go
otherwise in another run is drawn: the order of what happens at the same time, what goes wrong, and where. So every run
can be had again, and of those that break something, the smallest.
"""

from __future__ import annotations

import io
import logging
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from itertools import product
from typing import Any, NamedTuple

from hypothesis import strategies as st

from . import retries
from .arguments import shown, validate_count, validate_integer, validate_seconds
from .faults import LATER, Crash, Fault, Pause, Surprise
from .search import NotRepeatable, smallest
from .show.style import format_duration
from .show.timeline import text_timeline
from .simulation import one_thread
from .world import Check, Outcome, Scenario, World

MOST_SURPRISES = 4
"""How many things go otherwise than usual in one run, at most. Few faults need more, and nobody understands them."""
MOST_CHOICES = 40
"""How many choices of a run are drawn. After them, the first option is chosen."""
MOST_LINES = 30
"""How many lines of its story a finding shows."""


class Finding:
    """The smallest run that was found to break something. Print it; draw its `history`."""

    def __init__(self, world: World, outcome: Outcome, surprises: Sequence[Surprise], seed: int | None) -> None:
        self.broken = outcome.broken
        """What is broken, in words."""
        self.error = outcome.error
        """The exception that broke it, with its traceback; None if it was none."""
        self.surprises = list(surprises)
        """What went otherwise than usual. `run_once` has the same run again."""
        self.seed = seed
        """The seed of the search; None if there was none."""
        self.story = world.story
        """What happened, line by line."""
        self.history = world.history
        """The history of the queue; of the first one, if there are several. For `Replay` and all pictures."""
        self.world = world
        """The world after the run, with all that the scenario has put into it."""

    def __str__(self) -> str:
        times = [format_duration(line.at) for line in self.story]
        wide, who = max(map(len, times), default=0), max((len(line.who) for line in self.story), default=0)
        lines = [f"{time:>{wide}}  {line.who:{who}}  {line.what}" for time, line in zip(times, self.story, strict=True)]
        if len(lines) > MOST_LINES:
            lines[MOST_LINES // 2 : -MOST_LINES // 2] = ["…"]
        pictures = [text_timeline(history, rows="workers") for history in self.world.histories if history.workers()]
        return "\n\n".join([f"Broken: {self.broken}", "\n".join(lines), *pictures])

    __repr__ = __str__


class NothingFound:
    """No run has broken anything. It counts as false, so that a test can say `assert not explore(…)`."""

    def __init__(self, runs: int) -> None:
        self.runs = runs
        """How many runs there were."""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"{self.runs:,} run{'s' * (self.runs != 1)}, nothing found"

    __repr__ = __str__


def explore(
    scenario: Scenario,
    *,
    invariants: Sequence[Check] = (),
    always: Sequence[Check] = (),
    faults: Sequence[Fault] = (Crash(), Pause()),
    runs: int = 1000,
    seed: int = 0,
    limit: float = 300.0,
) -> Finding | NothingFound:
    """Run a scenario many times, each time in another order and with other faults; return the smallest run that breaks.

    For example::

        async def two_workers(world):
            queue = world.queue(SQLiteQueue(":memory:", clock=world.clock, lease=5, poll=None))
            world.mails, sent = [], set()           # what the mail server has got; what our database says

            async def send_email(data):
                if data["to"] in sent:              # it looks first
                    return
                world.mails.append(data["to"])
                await asyncio.sleep(0.1)            # the mail server answers
                sent.add(data["to"])

            async def worker(name):
                await Worker(queue, {"send-email": send_email}, name=name).run()

            world.start("ann", worker, "ann")
            world.start("ben", worker, "ben")
            queue.enqueue("send-email", {"to": "alice"})
            await world.settled()

        def once(world):
            "Nobody gets an e-mail twice."
            assert len(world.mails) == len(set(world.mails)), f"{world.mails}"

        explore(two_workers, invariants=[once], faults=[Crash()])

    The first run is the plain one: nothing goes wrong. What it breaks is returned as well. Hypothesis draws the others,
    and makes the input smaller once one breaks something. Last, everything is tried that is smaller still by one step.
    So which run is returned hardly depends on the seed.

    "Nothing found" proves that these runs hold: of this scenario, with these faults, in simulated time. It does not
    prove the code right. Other faults, a fifth one in the same run, and larger scenarios were not tried. But in a small
    scenario, each single fault at each single step is nearly always among a thousand runs.

    Args:
        scenario: an `async def` of a `World`. It must make anew whatever it uses, and depend on nothing else: no real
            time. `random` has the same seed in every run.
        invariants: functions of the world, to be checked when the scenario has ended. One is broken if it raises an
            AssertionError, or returns False or a sentence. So is an `assert` in the scenario itself. The first line of
            its docstring, or its name, says what is broken.
        always: such functions, to be checked at every step, too.
        faults: what may go wrong; none: only the order varies, and what the scenario chooses.
        runs: how many runs there are. More if something is broken, to find a smaller one.
        seed: where the search begins.
        limit: how many seconds of simulated time a run may last after the last fault. One that lasts longer never ends,
            and so does one in which everything waits for something that cannot happen. That is a finding as well.
            Only a loop that neither awaits anything nor calls a queue cannot be stopped.

    Returns:
        What was found, to print.

    Raises:
        TypeError, ValueError: for an invalid argument; the message names it.
        NotRepeatable: if the same run ends in different ways.
        Whatever a process or the scenario itself raises in the plain run, and each NameError and ImportError: these are
            mistakes in the scenario. In other runs, an exception that ends a process is a finding. But after a fault, a
            process may end with an error of its queue, and is started again, as by a supervisor.

    Source: Will Wilson, "Testing Distributed Systems w/ Deterministic Simulation", Strange Loop 2014.
    """
    rules = _rules(scenario, invariants, always, limit)
    validate_count("runs", runs)
    validate_integer("seed", seed)
    if not isinstance(faults, (list, tuple)) or not all(isinstance(fault, Fault) for fault in faults):
        raise TypeError(f"faults must be a list of faults such as [Crash()], got {shown(faults)}")
    done = 1

    def breaks(surprises: Sequence[Surprise]) -> bool:
        nonlocal done
        done += 1
        return rules.run(surprises).outcome is not None

    with _undisturbed():
        plain = rules.run([])
        if plain.outcome is not None:
            return _again(rules, [], seed)
        ways = _ways(plain, faults)
        if not ways or runs == 1:
            return NothingFound(done)
        found = smallest(_drawn_from(ways), breaks, runs=runs - 1, seed=seed)
        if found is None:
            return NothingFound(done)
        return _again(rules, _smallest_still(found, breaks, ways, tries=runs), seed)


def run_once(
    scenario: Scenario,
    surprises: Sequence[Surprise] = (),
    *,
    invariants: Sequence[Check] = (),
    always: Sequence[Check] = (),
    limit: float = 300.0,
) -> Finding | NothingFound:
    """Run a scenario with these surprises, such as those of a `Finding`; for the arguments, see `explore`."""
    rules = _rules(scenario, invariants, always, limit)
    with _undisturbed():
        return _again(rules, surprises, None)


class _Rules(NamedTuple):
    """How a scenario is run: the same in every run."""

    scenario: Scenario
    invariants: Sequence[Check]
    always: Sequence[Check]
    limit: float

    def run(self, surprises: Sequence[Surprise], *, tell: bool = False) -> World:
        """Run the scenario in a new world."""
        random.seed(0)
        retries._shared.seed(0)
        world = World(surprises, always=self.always, limit=self.limit, tell=tell)
        world.run(self.scenario, self.invariants)
        return world


def _again(rules: _Rules, surprises: Sequence[Surprise], seed: int | None) -> Finding | NothingFound:
    """Have a run again, and tell its story.

    Raises:
        NotRepeatable: if a search has found it, and nothing is broken this time.
    """
    world = rules.run(surprises, tell=True)
    outcome = world.outcome
    if outcome is None and seed is not None:
        raise NotRepeatable("the same run broke something, and now it does not: it depends on something else as well")
    if outcome is None:
        return NothingFound(1)
    if outcome.mistake and outcome.error is not None:
        if surprises:
            outcome.error.add_note("\n".join(["in this run:", *(f"  {who} {what}" for _, who, what in world.story)]))
        raise outcome.error
    return Finding(world, outcome, surprises, seed)


def _rules(scenario: Scenario, invariants: Sequence[Check], always: Sequence[Check], limit: float) -> _Rules:
    limit = validate_seconds("limit", limit, zero=False)
    return _Rules(scenario, _checks("invariants", invariants), _checks("always", always), limit)


def _checks(name: str, checks: Sequence[Check]) -> Sequence[Check]:
    """Return a list of functions.

    Raises:
        TypeError: if it is something else.
    """
    if isinstance(checks, (list, tuple)) and all(map(callable, checks)):
        return checks
    raise TypeError(f"{name} must be a list of functions of the world, got {shown(checks)}")


# --- what may go otherwise, and what is smaller ---


class _Way(NamedTuple):
    """Something that may go otherwise than usual."""

    what: Any
    places: int
    """At how many places, in the plain run."""
    kinds: int
    """In how many ways."""

    @property
    def most(self) -> int:
        """At how many places it may in other runs, which can be longer."""
        return 2 * self.places + 10

    def alone(self) -> Iterator[Surprise]:
        """Yield all single surprises that can happen if nothing else does."""
        for at, much in product(range(self.places), range(self.kinds)):
            yield Surprise(self.what, at, much)


def _ways(plain: World, faults: Sequence[Fault]) -> list[_Way]:
    """Return what may go otherwise, the simplest first."""
    places = plain.trouble.places
    ways = [_Way("choice", places["choice"], plain.most_options - 1), _Way("order", places["order"], len(LATER))]
    ways += [_Way(fault, places[fault.where], 1) for fault in faults]
    return [way for way in ways if way.places and way.kinds]


def _drawn_from(ways: Sequence[_Way]) -> st.SearchStrategy[list[Surprise]]:
    """Return what Hypothesis draws from: the usual choices, or any; and a few things that go otherwise than usual.

    All numbers are below 100. Larger ones it also looks for in the source of the modules that are loaded, unless these
    are installed from wheels: a search would depend on how this package is installed, and on what else is loaded.
    """
    choices: st.SearchStrategy[list[Surprise]] = st.just([])
    others = []
    for way in ways:
        if way.what == "choice":
            every = [st.integers(0, way.kinds)] * min(way.most, MOST_CHOICES)
            choices |= st.tuples(*every).map(_choose)
        else:
            place = st.integers(0, min(way.most, 100) - 1)
            if way.most > 100:
                place = st.builds(lambda hundreds, rest: 100 * hundreds + rest, st.integers(0, way.most // 100), place)
            others.append(st.builds(Surprise, st.just(way.what), place, st.integers(0, way.kinds - 1)))
    few = st.lists(st.one_of(others), max_size=MOST_SURPRISES) if others else st.just([])
    return st.builds(lambda chosen, surprising: chosen + surprising, choices, few)


def _choose(numbers: Sequence[int]) -> list[Surprise]:
    """Return the surprises that make these choices; 0 is the first option, and no surprise."""
    return [Surprise("choice", place, number - 1) for place, number in enumerate(numbers) if number]


def _smallest_still(
    surprises: Sequence[Surprise], breaks: Callable[[Sequence[Surprise]], object], ways: Sequence[_Way], *, tries: int
) -> Sequence[Surprise]:
    """Make an input smaller that Hypothesis could not make smaller: which one it ends with depends on the seed.

    Try each single surprise, from the simplest on; if it takes several, each of them at every place before its own.
    """
    order = {way.what: number for number, way in enumerate(ways)}
    current = sorted(surprises, key=lambda surprise: (order[surprise.what], surprise.at, surprise.much))
    left = iter(range(tries))

    def first(candidates: Iterable[list[Surprise]]) -> list[Surprise] | None:
        return next((candidate for candidate, _ in zip(candidates, left, strict=False) if breaks(candidate)), None)

    singles = [[surprise] for way in ways for surprise in way.alone()]
    single = first(singles[: singles.index(current)] if current in singles else singles)
    if single is not None or len(current) < 2:
        return single or current
    improved = True
    while improved:
        improved = False
        for place, surprise in enumerate(current):
            before, after = current[:place], current[place + 1 :]
            smaller = first([*before, other, *after] for other in surprise.smaller())
            if smaller is not None:
                current, improved = smaller, True
    return current


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep what runs print and log to themselves, and their random numbers apart from others'."""
    with one_thread:  # all of this is of the whole process
        state, shared, disabled = random.getstate(), retries._shared.getstate(), logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                yield
        finally:
            logging.disable(disabled)
            random.setstate(state)
            retries._shared.setstate(shared)
