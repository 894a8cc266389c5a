"""Noticing that a caller of `wait` is woken in vain: its `wait` runs, finds nothing, and sleeps again (page 14)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Any

from .calls import Step

FEW = 3
"""How often, at most, one caller is said to be woken in vain after a call: a queue may look again and again."""


class Noticing:
    """Awaits something, and calls `on_run` whenever it goes on after a sleep.

    Args:
        sleeping: what is awaited.
        on_run: is called each time.
    """

    def __init__(self, sleeping: Awaitable[Any], on_run: Callable[[], object]) -> None:
        self.sleeping = sleeping
        self.on_run = on_run

    def __await__(self) -> Generator[Any, Any, Any]:
        """Go on as the event loop would without this object in between."""
        inner: Any = self.sleeping.__await__()
        go_on = partial(next, inner)
        while True:
            try:
                waits_for = go_on()
            except StopIteration as stop:
                return stop.value
            try:
                sent = yield waits_for
            except BaseException as error:
                go_on = partial(_throw, inner, error)
            else:
                self.on_run()
                go_on = partial(next, inner) if sent is None else partial(inner.send, sent)


def _throw(inner: Any, error: BaseException) -> Any:
    if hasattr(inner, "throw"):
        return inner.throw(error)
    raise error


class Wakings:
    """When each worker's `wait` ran after it had slept."""

    def __init__(self) -> None:
        self._ran: dict[str, list[float]] = {}

    def note(self, worker: str, at: float) -> None:
        """Note that a worker's `wait` runs."""
        times = self._ran.setdefault(worker, [])
        if at not in times:
            times.append(at)

    def in_vain(self, woken: dict[str, float]) -> list[Step]:
        """Return what was noted since the last time, without those who woke up, and when.

        Args:
            woken: when each worker's `wait` ended.
        """
        steps = []
        for worker, times in self._ran.items():
            vain = [at for at in times if at != woken.get(worker)]
            if len(vain) <= FEW:
                steps += [Step(at, f"{worker} is woken in vain: `wait` goes on sleeping") for at in vain]
        self._ran.clear()
        return sorted(steps)
