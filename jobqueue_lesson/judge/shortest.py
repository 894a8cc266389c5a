"""Finding the shortest history that breaks a promise (page 14).

A workload is tried out completely: every order of its calls, up to a number of them. Calls that change nothing, such as
completing a job twice, are made in passing, so few new queues are needed. If a promise breaks, the search begins again
with histories of one call, then two, and so on: what it finds then is the shortest that there is of these calls.

Histories in a storm are drawn at random, too long to be tried completely. What is found there is made shorter: without
one call after another, as long as a promise is still broken. That needs no library, and a seed means the same history
on every machine.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence

from .apart import Apart
from .between import play_between
from .calls import Call, call
from .killed import play_and_kill
from .making import Maker
from .play import Played, Setting, play, play_calls
from .stages import Workload

OPTIONAL = ("key", "delay", "priority", "max_attempts", "data", "result", "attempt", "note")
"""Arguments that a call may do without."""

TRIED = 8
"""Longer histories than this are not tried in every order: what is found there is made shorter, as in a storm."""

Path = tuple[Call, ...]
"""Calls that change something, one after another."""


def interrupted(workload: Workload) -> Callable[[Maker, Setting, Sequence[Call], Apart], Played]:
    """Return what plays a history of a workload whose last call is interrupted before each line."""
    return play_and_kill if workload.kill else play_between


class Search:
    """Searches histories for one that breaks a promise, and counts those that were played.

    Args:
        maker: makes the queue.
        apart: keeps what it prints.
    """

    def __init__(self, maker: Maker, apart: Apart) -> None:
        self.maker = maker
        self.apart = apart
        self.histories = 0

    def shortest(self, workload: Workload) -> Played | None:
        """Return the shortest history of a workload that breaks a promise; None if none does."""
        found = self._try_all(_Tour(workload, workload.depth))
        if found is None:
            return None
        for depth in range(1, workload.depth):
            shorter = self._try_all(_Tour(workload, depth))
            if shorter is not None:
                found = shorter
                break
        return self._smaller(workload, found) if len(found.calls) > TRIED else found

    def interrupted(self, workload: Workload) -> Played | None:
        """Interrupt each call, before each line; return the shortest history that breaks a promise."""
        tour = _Tour(workload, workload.depth)
        found = self._try_all(tour)
        for path in sorted(tour.untried, key=len):
            if found is None and path and path[-1].method != "pass":
                self.histories += 1
                played = interrupted(workload)(self.maker, workload.setting, path, self.apart)
                found = played if played.broken is not None else None
        return found

    def in_storm(self, workload: Workload, seed: int, runs: int) -> Played | None:
        """Try histories at random; return the first that breaks a promise, without the calls that are not needed."""
        for run in range(math.ceil(runs / workload.share)):
            rng = random.Random(f"{seed}/{run}")

            def draw(played: Played, rng: random.Random = rng) -> Call | None:
                more = len(played.calls) < workload.depth
                return rng.choice(list(workload.calls(played.model))) if more else None

            self.histories += 1
            played = play(self.maker, workload.setting, draw, self.apart)
            found = self._confirmed(workload, played, played.calls)
            if found is not None:
                return self._smaller(workload, found)
        return None

    def _try_all(self, tour: _Tour) -> Played | None:
        """Play until everything is tried; return the first history that breaks a promise."""
        workload = tour.workload
        while tour.begin():
            self.histories += 1
            played = play(self.maker, workload.setting, tour.next_call, self.apart)
            found = self._confirmed(workload, played, [*tour.path, *played.calls[-1:]])
            if found is not None:
                return found
        return None

    def _confirmed(self, workload: Workload, played: Played, calls: Sequence[Call]) -> Played | None:
        """Return the history again, if it breaks a promise again: only these calls, if they suffice to break one."""
        if played.broken is None:
            return None
        alone = play_calls(self.maker, workload.setting, calls, self.apart)
        if alone.broken is not None:
            return alone
        return None if played.suspicious else self._smaller(workload, played)

    def _smaller(self, workload: Workload, found: Played) -> Played:
        """Leave out one call after another, and arguments, as long as a promise is broken."""
        size = len(found.calls) // 2 if len(found.calls) > TRIED else 0
        while size > 1:  # whole parts first
            for place in range(len(found.calls) - size, -1, -size):
                found = self._breaks(workload, _without(found, place, size)) or found
            size //= 2
        smaller = True
        while smaller:
            smaller = False
            for calls in _with_less(found):
                played = self._breaks(workload, calls)
                if played is not None:
                    found, smaller = played, True
                    break
        return found

    def _breaks(self, workload: Workload, calls: Sequence[Call]) -> Played | None:
        """Play these calls; return the history if it breaks a promise."""
        self.histories += 1
        played = play_calls(self.maker, workload.setting, calls, self.apart)
        return None if played.broken is None else played


class _Tour:
    """A tour of all states that up to `depth` calls of a workload lead to, on which every call is tried in each."""

    def __init__(self, workload: Workload, depth: int) -> None:
        self.workload = workload
        self.depth = depth
        self.path: Path = ()
        """What has changed something in this history."""
        self.untried: dict[Path, list[Call]] = {}
        """The calls that have not been tried yet, by the path that leads there."""
        self._open: list[Path] = [()]
        self._goal: Path = ()
        self._useful = True

    def begin(self) -> bool:
        """Begin a new history, on the way to where something is untried; return False if nothing is."""
        if not self._useful and self._goal in self._open:  # the same calls lead to another place now
            self._open.remove(self._goal)
        while self._open and self.untried.get(self._open[-1]) == []:
            self._open.pop()
        self.path, self._useful = (), False
        self._goal = self._open[-1] if self._open else ()
        return bool(self._open)

    def next_call(self, played: Played) -> Call | None:
        """Return the next call; None at the end of this history."""
        if played.calls and played.changed:
            self.path = (*self.path, played.calls[-1])
        place = len(self.path)
        if place < len(self._goal) and self._goal[:place] == self.path:
            return self._goal[place]
        if self.path not in self.untried:
            calls = list(self.workload.calls(played.model)) if place < self.depth else []
            self.untried[self.path] = calls[::-1]
            if calls and self.path != self._goal:
                self._open.append(self.path)
        if not self.untried[self.path]:
            return None
        self._useful = True
        return self.untried[self.path].pop()


def _without(played: Played, place: int, number: int = 1) -> list[Call]:
    """Return the calls of a history without some of them, from a place on."""
    calls = list(played.calls)
    for gone in reversed(range(place, min(place + number, len(calls)))):
        del calls[gone]
        before, after = (0, *played.known)[gone : gone + 2] if gone < len(played.known) else (0, 0)
        if after > before:  # without a job, there are no calls about it, and the jobs after it move up
            calls = [
                Call(other.method, other.job - (other.job > after), other.arguments) if other.job else other
                for other in calls
                if other.job != after
            ]
    return calls


def _with_less(played: Played) -> Iterator[list[Call]]:
    """Yield the calls of a history with less: without one of them, with time passing instead, without an argument."""
    calls = played.calls
    for place in reversed(range(len(calls))):
        yield _without(played, place)
        if calls[place].method != "pass":
            yield [*calls[:place], call("pass", seconds=None), *calls[place + 1 :]]
    for place, this in enumerate(calls):
        for name in OPTIONAL:
            if this.given(name) is not None:
                less = tuple(pair for pair in this.arguments if pair[0] != name)
                yield [*calls[:place], Call(this.method, this.job, less), *calls[place + 1 :]]
