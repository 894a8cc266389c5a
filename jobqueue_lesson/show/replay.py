"""The replay: every job travels from the API through the queue to a worker and out.

`Replay(history)` plays what has happened; `live(queue, …)` shows what is happening. Both are drawn in the
browser, by the modules in `js`.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from matplotlib.figure import Figure

from ..arguments import validate_number
from ..contract import Producer
from ..history import History
from ..job import JobEvent, Status
from ..worker import Worker
from .cells import belongs_to_cell
from .describe import describe
from .javascript import join_modules
from .saved import with_text
from .style import LOOKS, course_style, format_duration
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
    "fail": "failed permanently",
    "progress": "is at",
    "revive": "given new attempts",
    "discard": "discarded",
    "nothing": "nothing has happened yet",
}
"""The names of the places and the moves on the stage."""

LIVE_WORDS = {"running": "The worker is running.", "stopped": "The worker has stopped."}
"""What a live stage says beside its buttons."""


class Replay(anywidget.AnyWidget):
    """Play a history: forwards, backwards, step by step, at any speed.

    It plays the events recorded up to its creation. With each event it shows the line of your own code that made it, if
    the history knows: see `History.lines`. Without widgets, the timeline and a summary are shown instead.

    Args:
        history: the history.
        words: other texts for keys of `WORDS`.
        speed: the speed at which it starts, in seconds of the history per second; None: it plays for about ten seconds.

    Raises:
        TypeError: if it is not a History, or for a speed that is not a number.
        KeyError: for a key that is not in `WORDS`.
        ValueError: for a speed that is not positive.
    """

    _esm = join_modules(Path(__file__).parent / "js" / "view.js")
    _css = Path(__file__).with_suffix(".css")

    record = traitlets.Unicode().tag(sync=True)
    words = traitlets.Unicode().tag(sync=True)
    timeline_words = traitlets.Unicode().tag(sync=True)

    def __init__(self, history: History, *, words: Mapping[str, str] | None = None, speed: float | None = None) -> None:
        if not isinstance(history, History):
            raise TypeError(f"a replay needs a History, such as History(queue), got {history!r}")
        unknown = sorted(set(words or {}) - set(WORDS))
        if unknown:
            raise KeyError(f"no word {unknown[0]!r}; there are: {', '.join(WORDS)}")
        if speed is not None:
            validate_number("speed", speed, above=True)
        self.timeline, said = _timeline(history) if history.events else (b"", "")
        record = _record(history, WORDS | dict(words or {}), speed=speed)
        super().__init__(record=record, timeline_words=said, words=_summarize(history))
        belongs_to_cell(self)

    def __repr__(self) -> str:
        return self.words

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Show the replay; where it cannot be shown, the timeline's picture, or the summary."""
        bundle, metadata = with_text(super()._repr_mimebundle_(**options), self.words, alive=self._alive())
        if self.timeline:
            bundle["image/png"] = self.timeline
            metadata["image/png"] = {"alt": self.timeline_words}
        return bundle, metadata

    def _alive(self) -> dict[str, Any]:
        """Return what a page without a kernel needs to play it, beside the timeline's picture."""
        return {
            "kind": "replay",
            "record": json.dumps(_rounded(json.loads(self.record))),
            "words": self.words,
        }


def _record(
    history: History,
    words: Mapping[str, str],
    now: float | None = None,
    workers: Sequence[str] = (),
    speed: float | None = None,
) -> str:
    """Return what the browser needs to play a history, as JSON.

    Each event is a list of a `JobEvent`'s fields, and of the line that made it, as a string, if that is known. For a
    history that is still being recorded, `now` is the time on the queue's clock, and `workers` names those that have a
    place on the stage before their first job. At `speed` it starts to play, if that is given.
    """
    record: dict[str, Any] = {
        "name": history.name,
        "start": history.start,
        "end": history.end,
        "origin": history.origin,
        "aging": history.aging,
        "live": now is not None,
        "now": now or 0.0,
        "looks": {name: look.colour for name, look in LOOKS.items()},
        "words": dict(words),
        "workers": list(workers),
        "events": [
            event if line is None else (*event, str(line))
            for event, line in zip(history.events, history.lines, strict=True)
        ],
    }
    if speed is not None:
        record["speed"] = speed
    return json.dumps(record, allow_nan=False)


def _rounded(value: Any) -> Any:
    """Round all floats, as deep as they are: a saved page has to be the same on every machine, to the last digit."""
    if isinstance(value, float):
        return round(value, 9)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value


def _timeline(history: History) -> tuple[bytes, str]:
    """Draw the timeline, for where the replay cannot be shown; return it as PNG, and its description."""
    many = len(history.jobs())
    with course_style():
        figure = Figure(figsize=(11.0, min(1.05 + 0.22 * many, 3.2)), dpi=100)
        plot_timeline(history, ax=figure.subplots(), max_rows=24)
        png = io.BytesIO()
        figure.savefig(png, format="png", pil_kwargs={"compress_level": 1})
    return png.getvalue(), describe(figure)


def _summarize(history: History) -> str:
    """Summarize a history: how many jobs and events, how long, and how the jobs ended."""
    if not history.events:
        return f"Replay of {history.name!r}: nothing has been recorded yet"
    last = {event.job_id: event.status for event in history.events}
    states = Counter(last.values())
    counts = ", ".join(f"{states[status]:,} {status}" for status in Status if states[status])
    length = format_duration(history.end - history.start)
    jobs = f"{len(last):,} job{'s' * (len(last) != 1)}"
    return f"Replay of {history.name!r}: {jobs}, {len(history.events):,} events, {length}. At the end: {counts}."


class Live(Replay):
    """The stage of a replay, updated while jobs run. Made by `live`."""

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
        self.copy: dict[str, Any] = {}
        """What a page without a kernel has to know to do the same in JavaScript: see `alive.COPIES`."""
        self._presses = list(presses.values())
        self._names = WORDS | dict(words)
        self._unsent: list[JobEvent] = []
        self._task: asyncio.Task[None] | None = None
        self._loop = _running_loop()
        super().__init__(self.history, words=words)
        self.buttons = list(presses)
        self.startable = worker is not None
        self.words = f"Live stage of {queue.name!r}, for a running notebook. Buttons: {', '.join(presses) or 'none'}."
        self._unsubscribe = queue.subscribe(self._on_event)
        if self._loop is not None:
            _handle_interrupts(self._loop)
        self.on_msg(lambda _, message, __: self._on_message(message))

    def start(self) -> None:
        """Run the worker in the background, in this thread's event loop, until `stop` or a kernel interrupt.

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
            self._loop.call_soon(_enable_interrupts, self)
            self.working, self.state = True, LIVE_WORDS["running"]

    def stop(self) -> None:
        """Let the worker finish the jobs it is running, and stop."""
        if self.worker is not None:
            self.worker.stop()

    def cancel(self) -> None:
        """Stop the worker at once. The jobs it is running are released."""
        if self._task is not None:
            self._task.cancel()

    def press(self, number: int) -> None:
        """Do what the button with this number does; 0 is the first. An error is shown beside the buttons."""
        try:
            self._presses[number]()
        except Exception as error:
            self.state = f"{type(error).__name__}: {error}"

    def close(self) -> None:
        """Stop the worker, and stop listening."""
        self.stop()
        self._unsubscribe()
        self.history.close()
        super().close()

    def _alive(self) -> dict[str, Any]:
        empty = {"start": 0.0, "end": 0.0, "origin": 0.0, "now": 0.0, "events": []}
        return {
            "kind": "live",
            "queue": self.queue.name,
            "buttons": self.buttons,
            "words": self.words,
            "startable": self.startable,
            "record": json.dumps(json.loads(self._so_far()) | empty),
            **({"copy": self.copy} if self.copy else {}),
        }

    def _so_far(self) -> str:
        lanes = self.worker.lanes if self.worker is not None else []
        return _record(self.history, self._names, self.queue.clock(), lanes)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        _disable_interrupts(self)
        error = None if task.cancelled() else task.exception()
        self.working, self.state = False, f"The worker crashed: {error!r}" if error else LIVE_WORDS["stopped"]

    def _on_message(self, message: dict[str, Any]) -> None:
        """Do what the page asks for, in the loop's thread: messages may arrive in another one."""
        actions = {"enqueue": self.press, "start": lambda _: self.start(), "stop": lambda _: self.stop()}
        for name, value in message.items():
            if self._loop is not None and name in actions:
                self._loop.call_soon_threadsafe(actions[name], value)

    def _on_event(self, event: JobEvent) -> None:
        """Send an event to the page, together with all others of the same iteration of the loop."""
        self._unsent.append(event)
        if len(self._unsent) == 1 and self._loop is not None:
            self._loop.call_soon_threadsafe(self._send_events)

    def _send_events(self) -> None:
        events, self._unsent = self._unsent, []
        self.send({"events": events, "now": self.queue.clock()})


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
        buttons: what each button does, by its label: `{"Enqueue": lambda: queue.enqueue("send-email", …)}`.
        worker: the stage has buttons to start and stop it. None: run one yourself, with `await worker.run()` in
            another cell.
        words: other texts for keys of `WORDS`.

    Returns:
        The stage: make it the last line of a cell. Its `history` can be passed to `Replay` or `plot_timeline`.

    Raises:
        TypeError: for a button that is not callable.
        KeyError: for a key that is not in `WORDS`.
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


# --- a kernel interrupt stops the workers of all stages ---

_working: set[Live] = set()


def _handle_interrupts(loop: asyncio.AbstractEventLoop) -> None:
    """Make an interrupt wake the loop, and cancel the worker of every stage.

    ipykernel does not wake a sleeping loop, so `await worker.run()` in a cell would go on until something else wakes
    it. ipykernel's own handler stays in place.
    """
    own = signal.getsignal(signal.SIGINT)
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        loop.add_signal_handler(signal.SIGINT, _on_interrupt)
        signal.signal(signal.SIGINT, own)


def _on_interrupt() -> None:
    for stage in tuple(_working):
        stage.cancel()


def _enable_interrupts(stage: Live) -> None:
    """Add a working stage. Between cells, the kernel ignores interrupts; while a stage is working, it must not."""
    _working.add(stage)
    with contextlib.suppress(ValueError):  # not the main thread
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, _do_nothing)


def _disable_interrupts(stage: Live) -> None:
    """Remove a stage that has stopped; after the last one, the kernel ignores interrupts again."""
    _working.discard(stage)
    with contextlib.suppress(ValueError):
        if not _working and signal.getsignal(signal.SIGINT) is _do_nothing:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _do_nothing(*_: object) -> None:
    """Handle the signal, so that it is not ignored: the loop then calls `_on_interrupt`."""
