"""Killing the process inside a call: before each line of the queue's own code (page 14).

Nothing is killed. Before each line, the queue's folder is read: that is what another process would find if this one was
killed there. What is in a buffer of Python is not in it; nor is anything that a `finally` would do.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from ..guarded import Endless, guarded, is_learners
from ..lines import Line, own_line
from ..simulation import Simulation
from .apart import Apart
from .calls import KILLED, Call, Raised, Step
from .compare import Broken, Difference
from .making import CannotJudge, Maker
from .model import Model
from .play import LINES, OPENS, RETRY, SECONDS, Played, Setting, play
from .promises import Promise
from .referee import Referee


class Remains(NamedTuple):
    """What a killed process leaves behind."""

    files: dict[str, bytes]
    line: Line | None
    """The line that it did not run any more."""


def play_and_kill(maker: Maker, setting: Setting, calls: Sequence[Call], apart: Apart) -> Played:
    """Play these calls, and kill the process before each line of the last one; nothing may be lost.

    Returns:
        The history, with the first line at which a kill loses something; or without, if there is none.
    """
    following = iter(calls)
    remains: list[Remains] = []
    folder: Path | None = None
    before: Model | None = None

    def next_call(played: Played) -> Call | None:
        nonlocal folder, before
        call = next(following, None)
        if call is calls[-1]:
            folder, before = played.path and played.path.parent, played.model.copy()
        elif call is None:
            folder = None
        return call

    def on_line(frame: FrameType) -> None:
        if folder is not None:
            files = {file.name: _content(file) for file in folder.iterdir() if file.is_file()}
            if not remains or files != remains[-1].files:
                remains.append(Remains(files, own_line(frame)))

    played = play(maker, setting, next_call, apart, on_line=on_line)
    if played.broken is not None or before is None:
        return played
    for left in remains:
        lost = _lost(maker, setting, left, before, played.model, apart)
        if lost is not None:
            where = "" if left.line is None else " before this line"
            last = played.steps[-1]
            killed = Step(last.at, last.text, f"{KILLED}{where}", left.line, is_call=True)
            played.steps = [*played.steps[:-1], killed, Step(last.at, "another process opens the file")]
            played.events = [(event, step) for event, step in played.events if step < len(played.steps) - 2]
            played.broken = lost
            break
    return played


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # it has just been renamed; or, on Windows, it is locked
        return b""


def _lost(
    maker: Maker, setting: Setting, left: Remains, before: Model, after: Model, apart: Apart
) -> Difference | None:
    """Open what is left; say what is neither as before the call nor as after it; None if all is one or the other."""
    path = maker.new_path()
    assert path is not None
    path.parent.mkdir()
    for name, content in left.files.items():
        (path.parent / name).write_bytes(content)
    sim = Simulation(start=before.now)
    watched = is_learners if maker.of_the_course else maker.is_its_code
    try:
        with guarded(lines=LINES, seconds=SECONDS, watched=watched):
            return sim.run(_compare(maker, setting, path, sim, before, after, apart))
    except Endless as error:
        return Difference(Promise.NEVER_LOST, OPENS, f"it does not end: {error}")
    finally:
        maker.forget(None, path)


async def _compare(
    maker: Maker, setting: Setting, path: Path, sim: Simulation, before: Model, after: Model, apart: Apart
) -> Difference | None:
    try:
        queue = maker.make(sim.time, retry=RETRY, path=path, lease=setting.lease)
    except CannotJudge as error:
        return Difference(Promise.NEVER_LOST, OPENS, str(Raised(error.__cause__ or error)))

    ask = partial(apart.ask, queue)
    found = []
    try:
        for model in (before, after):
            right = model.copy()
            referee = Referee(right, ask, stage=setting.stage, sees=setting.sees, own_backoff=False)
            try:
                referee.follow_restart()
                referee.look(Call("reopen"))
            except Broken as broken:
                found.append(broken.difference)
    finally:
        maker.forget(queue, None)
    if len(found) < 2:
        return None
    old, new = found
    promised = f"{old.promised}, as before the call"
    if new != old:
        promised = f"all is as before the call ({old.promised}), or all as after it ({new.promised})"
    return Difference(Promise.NEVER_LOST, promised, old.seen)
