"""What a judge found: which stages a queue passed, and the shortest history that breaks a promise (page 14)."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from importlib import metadata
from textwrap import TextWrapper
from typing import NamedTuple, cast

from ..contract import Producer
from ..history import History
from ..job import DEQUEUE, JobEvent
from ..lines import Line, with_line
from .calls import KILLED, Step
from .compare import Difference
from .play import Played
from .promises import Promise
from .words import many

WIDTH = 76
"""Characters of a line, at most, if a call and its outcome are written on it: as many as a small screen shows."""


class StageResult(NamedTuple):
    """What became of a stage."""

    number: int
    """1 for the first."""
    name: str
    state: str
    """One of passed, broken, not offered, not tried."""
    reason: str = ""
    """Why it is not offered."""

    def __str__(self) -> str:
        mark = {"passed": "✓", "broken": "✗"}.get(self.state, "–")
        return f"{mark} {self.number} {self.name}" + (f": {self.state}, {self.reason}" if self.reason else "")


class Finding:
    """A promise that a queue has broken, and the shortest history that shows it.

    Args:
        stage: the name of the stage.
        difference: the promise, and what was seen instead.
        steps: the calls that were made, and what happened between them, in words.
        history: the moves for `Replay`, with the queue's own line at each. A call that made no move is not in it.
        printed: what the queue printed meanwhile, shortened.
        lease: the queue's lease in seconds, if the history is long enough for it to end; None if it is not.
    """

    def __init__(
        self,
        stage: str,
        difference: Difference,
        steps: Sequence[Step],
        history: History,
        printed: str = "",
        lease: float | None = None,
    ) -> None:
        self.stage = stage
        self.promise: Promise = difference.promise
        self.promised = difference.promised
        self.seen = difference.seen
        self.lease = lease
        self.line = difference.line
        """The queue's own line that raised what was seen, if that was not the last call's; None otherwise."""
        self.steps = list(steps)
        self.history = history
        self.printed = printed

    @property
    def calls(self) -> list[str]:
        """The calls, as somebody would write them, with the time that passes and who wakes up in between."""
        return [step.text for step in self.steps]

    @property
    def length(self) -> int:
        """How many calls there are, without what happens in between."""
        return sum(step.is_call for step in self.steps)

    def __repr__(self) -> str:
        return f"<Finding at {self.stage}: {self.promise.name}>"

    def __str__(self) -> str:
        lines, number = list[str](), 0
        for place, step in enumerate(self.steps):
            number += step.is_call
            lines += _written(f"{number}" if step.is_call else "", step)
            if step.line is not None and (place == len(self.steps) - 1 or step.outcome.startswith(KILLED)):
                lines += _place(step.line, 13)
        lines += [""] * bool(lines)
        if self.lease is not None:
            lines.append(f"Lease     {self.lease:g} s without a heartbeat")
        lines += [*_wrapped(f"{'Promised':10}{self.promised}", 10), *_wrapped(f"{'Seen':10}{self.seen}", 10)]
        lines += [] if self.line is None else _place(self.line, 10)
        lines += _wrapped(f"{'Contract':10}{self.promise}", 10)
        timeline = self._timeline()
        if timeline:
            lines += ["", timeline]
        lines += ["", _printed(self.printed)] * bool(self.printed)
        return "\n".join(lines)

    def _timeline(self) -> str:
        """Return the history as a text timeline; "" if no time has passed in it."""
        if self.history.start == self.history.end:
            return ""
        from ..show.timeline import text_timeline

        return text_timeline(self.history)


def _printed(text: str) -> str:
    """Return what a queue printed, apart from what the judge says."""
    return "\n".join(["Your queue printed:", *(f"  | {line}" for line in text.splitlines())]) if text else ""


def _written(number: str, step: Step) -> list[str]:
    call = f"{number:>3}  {step.at:>4g} s  {step.text}"
    outcome = f"→ {step.outcome}" if step.outcome else ""
    if len(call) + len(outcome) + 2 <= WIDTH:
        return [f"{call}  {outcome}".rstrip()]
    return [
        *_wrapped(call.replace(": ", ":\N{NO-BREAK SPACE}"), 15),
        *(_wrapped(f"{'':13}{outcome}", 15) if outcome else []),
    ]


def _place(line: Line, indent: int) -> list[str]:
    """Say at which line something happened: a line of code stays in one piece."""
    said = f"{'':{indent}}at {line}"
    if len(said) <= WIDTH or not line.text:
        return [said]
    place, _, text = str(line).partition(": ")
    return [f"{'':{indent}}at {place}:", f"{'':{max(0, min(indent + 2, WIDTH - len(text)))}}{text}"]


def _wrapped(text: str, indent: int) -> list[str]:
    """Break a text into lines that fit, between words."""
    lines = TextWrapper(WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False).wrap(text)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


class _Judged(NamedTuple):
    """What a history asks of a queue; its events are added one by one."""

    name: str
    clock: Callable[[], float]

    def subscribe(self, listener: Callable[[JobEvent], object]) -> Callable[[], None]:
        return lambda: None


def finding(name: str, stage: str, played: Played, printed: str) -> Finding:
    """Return what a history that breaks a promise shows.

    Args:
        name: the queue's name.
        stage: the name of the stage.
        played: the history, in which a promise was broken.
        printed: what the queue printed meanwhile.
    """
    now, lease = played.model.now, played.model.lease
    times = [step.at for step in played.steps] + [event.at for event, _ in played.events]
    last = max(now, *times) if times else 0.0
    history = History(cast(Producer, _Judged(name, lambda: last)), lines=True)
    for event, step in played.events:
        history.record(with_line(event, played.steps[step].line))
    assert played.broken is not None
    claimed = min((event.at for event, _ in played.events if event.move is DEQUEUE), default=last)
    ends = lease is not None and last - claimed >= lease
    return Finding(stage, played.broken, played.steps, history, printed, lease if ends else None)


def _version() -> str:
    try:
        return metadata.version("jobqueue_lesson")
    except metadata.PackageNotFoundError:
        return "that is not installed"


class Verdict:
    """What a judge found.

    Args:
        name: the queue's name.
        stages: what became of each stage.
        finding: the promise that was broken; None if none was.
        histories: how many were played.
        seed: where the storm began.
        printed: what the queue printed while it passed, shortened.
    """

    def __init__(
        self,
        name: str,
        stages: Sequence[StageResult],
        finding: Finding | None,
        *,
        histories: int,
        seed: int,
        printed: str = "",
    ) -> None:
        self.name = name
        self.stages = list(stages)
        self.finding = finding
        self.histories = histories
        self.seed = seed
        self.again = f"judge({name}, seed={seed})"
        """What somebody else types to see the same."""
        self.printed = printed

    @property
    def passed(self) -> bool:
        """Whether no promise was broken."""
        return self.finding is None

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"{self._score()}\n\n{self.explanation}".rstrip()

    @property
    def explanation(self) -> str:
        """Which promise was broken, and how; if none was, what the queue printed."""
        if self.finding is None:
            return _printed(self.printed)
        count = self.finding.length
        after = f"a promise is broken after {many(count, 'call')}" if self.finding.steps else "something is missing"
        number = next((f" {stage.number}" for stage in self.stages if stage.name == self.finding.stage), "")
        return f"Stage{number}, {self.finding.stage}: {after}.\n\n{self.finding}"

    def _score(self) -> str:
        """Say in one line what became of the stages."""
        of = {state: [s for s in self.stages if s.state == state] for state in ("passed", "not offered", "not tried")}
        parts = [f"passed {len(of['passed'])} of {len(self.stages)} stages"]
        parts += [f"{len(of['not offered'])} not offered"] * bool(of["not offered"])
        parts += [f"{len(of['not tried'])} not tried"] * bool(of["not tried"])
        return f"{self.name}: {', '.join(parts)}"

    @property
    def report(self) -> str:
        """A few lines to show somebody else, who can run the same again."""
        stages = "\n".join(map(str, self.stages))
        where = f"Python {platform.python_version()}, jobqueue_lesson {_version()}"
        return f"{self._score()}\n{stages}\n{self.histories:,} histories, seed {self.seed}, {where}\n{self.again}"
