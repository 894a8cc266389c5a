"""What can go wrong with the processes around a queue: as data, and when it happens (page 13).

A fault says what goes wrong. A `Surprise` says where in a run it does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from .arguments import validate_number, validate_seconds
from .job import StorageError
from .simulated_processes import Process, ProcessLoop
from .story import Story

Where = Literal["step", "call", "answer", "choice", "order"]
"""Where something can go otherwise than usual:

- "step": before and after each call of a queue, and after each `await`, in a process
- "call": before each call of a queue
- "answer": after each call of a queue
- "choice": at each `World.choose`
- "order": at each timer; see `Simulation`
"""


class AnswerLost(StorageError):
    """The connection broke before the answer came. Unlike after any other storage error, the move was made."""


@dataclass(frozen=True)
class Crash:
    """A process dies, as with SIGKILL: nothing of it runs any more, not even a `finally`.

    A queue in memory dies with its process. So for crashes take a queue that outlives it and has leases, as
    `SQLiteQueue` has. In a queue without leases, the job that a dead worker has claimed stays claimed forever.

    Args:
        restart: seconds after which a supervisor starts it again; None: never.
    """

    restart: float | None = 1.0
    where: ClassVar[Where] = "step"

    def __post_init__(self) -> None:
        if self.restart is not None:
            validate_seconds("restart", self.restart)


@dataclass(frozen=True)
class Pause:
    """A process stands still, and goes on later: its laptop was asleep, or it waited for a slow answer.

    Args:
        seconds: for how long. If that is longer than a lease, another worker gets its job meanwhile.
    """

    seconds: float = 60.0
    where: ClassVar[Where] = "step"

    def __post_init__(self) -> None:
        validate_seconds("seconds", self.seconds, zero=False)


@dataclass(frozen=True)
class LostAnswer:
    """A queue makes a move, and its answer gets lost: the caller gets `AnswerLost`."""

    where: ClassVar[Where] = "answer"


@dataclass(frozen=True)
class ClockJump:
    """The clock is set: `World.clock` jumps. Sleeps take as long as ever.

    Args:
        seconds: by how much; below 0: back, but not to before the start of the run.
    """

    seconds: float = -60.0
    where: ClassVar[Where] = "call"

    def __post_init__(self) -> None:
        validate_number("seconds", self.seconds, least=-1e9, most=1e9)


@dataclass(frozen=True)
class FullDisk:
    """The disk is full: for some time, processes get a `StorageError` for each move, and nothing is changed.

    Args:
        seconds: for how long.
    """

    seconds: float = 30.0
    where: ClassVar[Where] = "call"

    def __post_init__(self) -> None:
        validate_seconds("seconds", self.seconds, zero=False)


Fault = Crash | Pause | LostAnswer | ClockJump | FullDisk


class Surprise(NamedTuple):
    """One thing that goes otherwise than usual. Runs of a scenario differ in their surprises, and in nothing else."""

    what: Fault | Literal["choice", "order"]
    at: int
    """At which place: 0 is the first in a run where it can happen. See `Where`."""
    much: int = 0
    """For a choice: which option, not counting the first. For the order: how much later, see `LATER`."""

    def smaller(self) -> Iterator[Surprise]:
        """Yield the same at all places before this one, and, at this place, less of it."""
        for at in range(self.at):
            yield self._replace(at=at)
        for much in range(self.much):
            yield self._replace(much=much)


LATER = ((0.5, "after the others"), (0.55, "0.1 ms late"), (1.0, "1 ms late"))
"""How a timer can be later than usual: what to draw for it, see `Simulation`, and what that means."""


class Trouble:
    """Makes the surprises of a run happen.

    Args:
        surprises: what goes otherwise than usual.
        loop: the simulation.
        story: where to write down what happens.
        after_crash: called with a process that has crashed, and the seconds after which it starts again, or None.
    """

    def __init__(
        self,
        surprises: Sequence[Surprise],
        loop: ProcessLoop,
        story: Story,
        after_crash: Callable[[Process, float | None], object],
    ) -> None:
        self.places: Counter[Where] = Counter()
        """How many places there were, so far, for each kind of surprise."""
        self.has_happened = False
        """Whether there was a fault."""
        self.over_at = 0.0
        """When the last one will be over, in seconds of the simulation."""
        self.clock_is_off = 0.0
        """Seconds by which clocks are ahead of the simulation."""
        self._full_until = 0.0
        self._loop = loop
        self._story = story
        self._after_crash = after_crash
        self._due: dict[tuple[Where, int], list[Surprise]] = defaultdict(list)
        for surprise in surprises:
            where = surprise.what if isinstance(surprise.what, str) else surprise.what.where
            self._due[where, surprise.at].append(surprise)

    def at(self, where: Where) -> list[Surprise]:
        """Return what goes otherwise at this place, and count it."""
        number = self.places[where]
        self.places[where] = number + 1
        return self._due.get((where, number), [])

    def draw(self, process: Process | None, when: float, may_be_late: bool) -> float:
        """Draw a number for a timer; see `ProcessLoop`."""
        number = 0.0
        for surprise in self.at("order"):
            number, how = LATER[surprise.much % len(LATER) if may_be_late else 0]
            self._story.tell(process.name if process else "", f"its timer for {when:g} s goes off {how}")
        return number

    def choose(self, options: int) -> int:
        """Choose one of so many options; 0 is the first."""
        chosen = 0
        for surprise in self.at("choice"):
            chosen = 1 + surprise.much % (options - 1)
        return chosen

    def step(self, process: Process, place: Callable[[], str], *, call: bool) -> None:
        """Let things go wrong at a step of a process.

        Args:
            process: the process.
            place: says where it is, for people to read.
            call: whether it is about to call a queue.
        """
        loop = self._loop
        for surprise in [*(self.at("call") if call else ()), *self.at("step")]:
            match surprise.what:
                case Crash(restart) if not process.dead and loop.can_crash(process):
                    self._happens(loop.time() + (restart or 0.0), process, f"crashes {place()}")
                    process.dead = True
                    self._after_crash(process, restart)
                    loop.crash(process)
                case Pause(seconds) if not process.dead and not process.paused:
                    self._happens(loop.time() + seconds, process, f"stands still for {seconds:g} s, {place()}")
                    loop.pause(process, seconds)
                case ClockJump(seconds):
                    self.clock_is_off = max(self.clock_is_off + seconds, -loop.time())
                    now = loop.time() + self.clock_is_off
                    self._happens(loop.time() + abs(seconds), None, f"the clock is set to {now:g} s")
                case FullDisk(seconds):
                    self._full_until = max(self._full_until, loop.time() + seconds)
                    self._happens(self._full_until, None, f"the disk is full for {seconds:g} s")

    def check_disk(self) -> None:
        """Raise an error if the disk is full.

        Raises:
            StorageError: if it is.
        """
        if self._loop.time() < self._full_until:
            raise StorageError("the disk is full; nothing was changed")

    def answer(self, process: Process, call: Callable[[], str]) -> None:
        """Let the answer to a call get lost.

        Raises:
            AnswerLost: if it does.
        """
        if self.at("answer"):
            self._happens(self._loop.time(), process, f"gets no answer to {call()}")
            raise AnswerLost("the connection broke before the answer came")

    def _happens(self, until: float, process: Process | None, what: str) -> None:
        self.has_happened = True
        self.over_at = max(self.over_at, until)
        self._story.tell(process.name if process else "", what)
