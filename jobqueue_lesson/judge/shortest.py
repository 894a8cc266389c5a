"""Finding the shortest history that breaks a promise (page 14).

A workload is tried out completely: every order of its calls, up to a number of them. Calls that change nothing, such as
completing a job twice, are made in passing, so few new queues are needed. If a promise breaks, the search begins again
with histories of one call, then two, and so on: what it finds then is the shortest there is.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from .apart import Apart
from .calls import Call
from .calls import call as call_of
from .killed import play_and_kill
from .making import Maker
from .play import Played, play, play_calls
from .stages import Workload


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
        self._paths: list[tuple[Call, ...]] = []

    def shortest(self, workload: Workload) -> Played | None:
        """Return the shortest history of a workload that breaks a promise; None if none does."""
        if self._sweep(workload, workload.depth) is None:
            return None
        for depth in range(1, workload.depth + 1):
            found = self._sweep(workload, depth)
            if found is not None:
                return found
        return None

    def killed(self, workload: Workload) -> Played | None:
        """Kill the process inside each call, before each line; return the shortest history that loses something."""
        self._sweep(workload, workload.depth)
        for path in sorted(self._paths, key=len):
            self.histories += 1
            if path and path[-1].method not in ("pass", "reopen"):
                played = play_and_kill(self.maker, workload.setting, path, self.apart)
                if played.broken is not None:
                    return played
        return None

    def in_storm(self, workload: Workload, seed: int, runs: int) -> Played | None:
        """Try histories at random; return the first that breaks a promise, without the calls that are not needed."""
        for run in range(runs):
            rng = random.Random(f"{seed}/{run}")

            def draw(played: Played, rng: random.Random = rng) -> Call | None:
                more = len(played.calls) < workload.depth
                return rng.choice(list(workload.calls(played.model))) if more else None

            self.histories += 1
            played = play(self.maker, workload.setting, draw, self.apart)
            if played.broken is not None:
                return self._smaller(workload, played)
        return None

    def _sweep(self, workload: Workload, depth: int) -> Played | None:
        """Try every order of up to `depth` calls that change something, and each of the others in between."""
        untried: dict[tuple[Call, ...], list[Call]] = {}
        open_paths: list[tuple[Call, ...]] = [()]
        while open_paths:
            goal = open_paths[-1]
            path: tuple[Call, ...] = ()

            def following(played: Played, goal: tuple[Call, ...] = goal) -> Call | None:
                nonlocal path
                if played.calls and played.changed:
                    path = (*path, played.calls[-1])
                if len(path) < len(goal) and goal[: len(path)] == path:
                    return goal[len(path)]
                if path not in untried:
                    untried[path] = list(workload.calls(played.model))[::-1] if len(path) < depth else []
                    if untried[path] and path != goal:
                        open_paths.append(path)
                return untried[path].pop() if untried[path] else None

            self.histories += 1
            played = play(self.maker, workload.setting, following, self.apart)
            if played.broken is not None:
                return self._alone(workload, played, [*path, played.calls[-1]] if played.calls else [])
            while open_paths and not untried.get(open_paths[-1], [None]):
                open_paths.pop()
        self._paths = list(untried)
        return None

    def _alone(self, workload: Workload, found: Played, calls: Sequence[Call]) -> Played:
        """Return the history without the calls that were made in passing, if it breaks a promise without them."""
        alone = play_calls(self.maker, workload.setting, calls, self.apart)
        return self._smaller(workload, found) if alone.broken is None else alone

    def _smaller(self, workload: Workload, found: Played) -> Played:
        """Leave out one call after another, and arguments, as long as a promise is broken."""
        smaller = True
        while smaller:
            smaller = False
            for calls in _with_less(found):
                self.histories += 1
                played = play_calls(self.maker, workload.setting, calls, self.apart)
                if played.broken is not None:
                    found, smaller = played, True
                    break
        return found


def _with_less(played: Played) -> Iterator[list[Call]]:
    """Yield the calls of a history with less: without one of them, with time passing instead, without an argument."""
    calls = played.calls
    for place in reversed(range(len(calls))):
        before, after = [0, *played.known][place : place + 2] if place < len(played.known) else (0, 0)
        rest = [*calls[:place], *calls[place + 1 :]]
        if after > before:  # without a job, there are no calls about it, and the jobs after it move up
            rest = [
                Call(call.method, call.job - (call.job > after), call.arguments) if call.job else call
                for call in rest
                if call.job != after
            ]
        yield rest
        if calls[place].method != "pass":
            yield [*calls[:place], call_of("pass", seconds=None), *calls[place + 1 :]]
    for place, call in enumerate(calls):
        for name in OPTIONAL:
            if call.given(name) is not None:
                less = tuple(pair for pair in call.arguments if pair[0] != name)
                yield [*calls[:place], Call(call.method, call.job, less), *calls[place + 1 :]]


OPTIONAL = ("key", "delay", "priority", "max_attempts", "data", "result", "attempt", "note")
"""Arguments that a call may do without."""
