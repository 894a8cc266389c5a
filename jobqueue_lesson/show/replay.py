"""The replay: a record that plays. Every job travels from the API through the queue to a worker and out.

`Replay(history)` plays what has happened; `live(queue, …)` shows what happens. Both are drawn by `replay.js`, in the
browser.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from matplotlib.figure import Figure

from ..contract import Producer
from ..history import History
from ..job import JobEvent, Status
from ..worker import Worker
from .cells import belongs_to_cell
from .describe import describe
from .style import LOOKS, course_style, in_words
from .timeline import plot_timeline

WORDS = {
    "job": "job",
    "jobs": "jobs",
    "api": "API",
    "came": "enqueued",
    "heldBack": "waiting room",
    "queue": "queue",
    "workers": "workers",
    "completed": "completed",
    "failed": "failed",
    "enqueue": "enqueued",
    "dequeue": "picked up by",
    "complete": "completed",
    "fail": "failed for good",
    "progress": "is at",
    "revive": "given new attempts",
    "discard": "thrown away",
    "nothing": "nothing has happened yet",
}
"""What the places and the moves are called on the stage."""


class Replay(anywidget.AnyWidget):
    """Play a record: forwards, backwards, step by step, at any speed.

    It plays what was recorded when it was made. Where no kernel runs, the timeline and its words stand in its place.

    Args:
        history: the record.
        words: other names for what stands in `WORDS`.

    Raises:
        TypeError: if it is not a History.
        KeyError: for a word that is not in `WORDS`.
    """

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")

    record = traitlets.Unicode().tag(sync=True)
    timeline = traitlets.Bytes().tag(sync=True)
    axis: traitlets.List[Any] = traitlets.List().tag(sync=True)
    words = traitlets.Unicode().tag(sync=True)
    timeline_words = traitlets.Unicode().tag(sync=True)

    def __init__(self, history: History, *, words: Mapping[str, str] | None = None) -> None:
        if not isinstance(history, History):
            raise TypeError(f"a replay needs a History, such as History(queue), got {history!r}")
        unknown = sorted(set(words or {}) - set(WORDS))
        if unknown:
            raise KeyError(f"no word {unknown[0]!r}; there are: {', '.join(WORDS)}")
        png, axis, alt = (b"", [], "") if not history.events else _timeline(history)
        super().__init__(
            record=_record(history, WORDS | dict(words or {})),
            timeline=png,
            timeline_words=alt,
            axis=axis,
            words=_in_words(history),
        )
        belongs_to_cell(self)

    def __repr__(self) -> str:
        return self.words

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Show the replay; where it cannot be shown, the picture of the record, or what it says."""
        bundle, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        still: dict[str, Any] = {"text/plain": self.words}
        if self.timeline:
            still["image/png"] = self.timeline
            metadata = metadata | {"image/png": {"alt": self.timeline_words}}
        return bundle | still, metadata


def _record(history: History, words: Mapping[str, str], now: float | None = None) -> str:
    """Say all that the page needs to play a record, as JSON. The events are `JobEvent`s as they are.

    With `now`, what the queue's clock shows, the record is one that still goes on.
    """
    record = {
        "name": history.name,
        "start": history.start,
        "end": history.end,
        "origin": history.origin,
        "aging": history.aging,
        "live": now is not None,
        "now": now or 0.0,
        "looks": {name: look.colour for name, look in LOOKS.items()},
        "words": dict(words),
        "events": history.events,
    }
    return json.dumps(record, allow_nan=False)


def _timeline(history: History) -> tuple[bytes, list[float], str]:
    """Draw the timeline; return it as PNG, with where its time axis is, and what it shows in words.

    Where: its left and right end, as shares of the picture's width, and the first and last second on it.
    """
    many = len(history.jobs())
    with course_style():
        figure = Figure(figsize=(11.0, min(1.3 + 0.26 * many, 3.4)), dpi=100)
        axes = plot_timeline(history, ax=figure.subplots(), max_rows=24)
        png = io.BytesIO()
        figure.savefig(png, format="png", pil_kwargs={"compress_level": 1})
    box = axes.get_position()
    scale = 1000.0 if axes.get_xlabel().startswith("time in ms") else 1.0
    where = [float(box.x0), float(box.x1), *(float(x) / scale + history.origin for x in axes.get_xlim())]
    return png.getvalue(), where, describe(figure)


def _in_words(history: History) -> str:
    """Say how a record ended."""
    if not history.events:
        return f"Replay of {history.name!r}: nothing has been recorded yet"
    last = {event.job_id: event.status for event in history.events}
    states = Counter(last.values())
    counts = ", ".join(f"{states[status]:,} {status}" for status in Status if states[status])
    length = in_words(history.end - history.start)
    jobs = f"{len(last):,} job{'s' * (len(last) != 1)}"
    return f"Replay of {history.name!r}: {jobs}, {len(history.events):,} events, {length}. At the end: {counts}."


class Live(Replay):
    """The stage of a replay, fed while things happen. Made by `live`."""

    record = traitlets.Unicode().tag(sync=True, to_json=lambda _, stage: stage._so_far())
    buttons = traitlets.List(traitlets.Unicode()).tag(sync=True)
    startable = traitlets.Bool().tag(sync=True)
    working = traitlets.Bool().tag(sync=True)
    state = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        queue: Producer,
        presses: Mapping[str, Callable[[], object]],
        worker: Worker | None,
        words: Mapping[str, str],
    ) -> None:
        self.queue = queue
        self.history = History(queue)
        self.worker = worker
        self._presses = list(presses.values())
        self._names = WORDS | dict(words)
        self._news: list[JobEvent] = []
        self._task: asyncio.Task[None] | None = None
        self._loop = _running_loop()
        super().__init__(self.history, words=words)
        self.buttons = list(presses)
        self.startable = worker is not None
        self.words = f"Live stage of {queue.name!r}, for a running notebook. Buttons: {', '.join(presses) or 'none'}."
        self._unsubscribe = queue.subscribe(self._tell)
        if self._loop is not None:
            _hear_interrupts(self._loop)
        self.on_msg(lambda _, message, __: self._hear(message))

    def start(self) -> None:
        """Have the worker work in the background, in this thread's running loop, until `stop` or a kernel interrupt.

        Raises:
            RuntimeError: if no worker was given, or no loop is running here.
        """
        if self.worker is None:
            raise RuntimeError("this stage has no worker to start: live(queue, …, worker=Worker(queue, handlers))")
        if self._loop is None:
            raise RuntimeError("no event loop is running here: a live stage works in a notebook, or under asyncio.run")
        if self._task is None:
            self._task = self._loop.create_task(self.worker.run())
            self._task.add_done_callback(self._ended)
            self._loop.call_soon(_heed_interrupts, self)
            self.working, self.state = True, "The worker works."

    def stop(self) -> None:
        """Let the worker finish the job in its hand, and stop."""
        if self.worker is not None:
            self.worker.stop()

    def cancel(self) -> None:
        """Stop the worker at once. The job in its hand is put back."""
        if self._task is not None:
            self._task.cancel()

    def press(self, number: int) -> None:
        """Do what the button with this number does, from 0. What it raises is shown beside the buttons."""
        try:
            self._presses[number]()
        except Exception as error:
            self.state = f"{type(error).__name__}: {error}"

    def close(self) -> None:
        """Stop the worker, and listen no more."""
        self.stop()
        self._unsubscribe()
        self.history.close()
        super().close()

    def _so_far(self) -> str:
        return _record(self.history, self._names, self.queue.clock())

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        _ignore_interrupts(self)
        error = None if task.cancelled() else task.exception()
        self.working, self.state = False, f"The worker crashed: {error!r}" if error else "The worker has stopped."

    def _hear(self, message: dict[str, Any]) -> None:
        """Do what the page asks for, in the loop's own thread: a front end may talk to the kernel through another."""
        actions = {"enqueue": self.press, "start": lambda _: self.start(), "stop": lambda _: self.stop()}
        for name, value in message.items():
            if self._loop is not None and name in actions:
                self._loop.call_soon_threadsafe(actions[name], value)

    def _tell(self, event: JobEvent) -> None:
        """Note an event for the page. All of one turn of the loop go there together."""
        self._news.append(event)
        if len(self._news) == 1 and self._loop is not None:
            self._loop.call_soon_threadsafe(self._report)

    def _report(self) -> None:
        news, self._news = self._news, []
        self.send({"events": news, "now": self.queue.clock()})


def live(
    queue: Producer,
    buttons: Mapping[str, Callable[[], object]],
    worker: Worker | None = None,
    *,
    words: Mapping[str, str] | None = None,
) -> Live:
    """Show a queue while it is used, in real time: press a button, and see the job travel.

    Args:
        queue: the queue. Its clock must be a real one, as it is by default.
        buttons: by what stands on it, what each button does: `{"Enqueue": lambda: queue.enqueue("send-email", …)}`.
        worker: gets buttons to start and stop it. Without, run one yourself: `await worker.run()` in another cell.
        words: other names for what stands in `WORDS`.

    Returns:
        The stage, to be shown as the last line of a cell. Its `history` is the record, for `Replay` or `plot_timeline`.

    Raises:
        TypeError: for a button that is not callable.
        KeyError: for a word that is not in `WORDS`.
    """
    for label, press in buttons.items():
        if not callable(press):
            raise TypeError(f"button {label!r} must be a function without arguments, got {press!r}")
    return Live(queue, buttons, worker, words or {})


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


# --- a kernel interrupt ends what a stage has started ---

_working: set[Live] = set()


def _hear_interrupts(loop: asyncio.AbstractEventLoop) -> None:
    """Have an interrupt wake the loop, and end the work of every stage.

    ipykernel leaves a loop that waits asleep, so that `await worker.run()` in a cell would go on until something else
    wakes it. Its own handling stays in place.
    """
    own = signal.getsignal(signal.SIGINT)
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        loop.add_signal_handler(signal.SIGINT, _interrupted)
        signal.signal(signal.SIGINT, own)


def _interrupted() -> None:
    for stage in tuple(_working):
        stage.cancel()


def _heed_interrupts(stage: Live) -> None:
    """Note that this stage works. Between two cells the kernel has the process ignore interrupts: not now."""
    _working.add(stage)
    with contextlib.suppress(ValueError):  # not the main thread
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, _heed)


def _ignore_interrupts(stage: Live) -> None:
    """Note that this stage has stopped."""
    _working.discard(stage)
    with contextlib.suppress(ValueError):
        if not _working and signal.getsignal(signal.SIGINT) is _heed:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _heed(*_: object) -> None:
    """Do nothing, so that the signal is not ignored; the loop calls `_interrupted`."""
