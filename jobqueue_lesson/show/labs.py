"""Labs: turn a knob, and see what the queue does.

Each lab is a plain function of its parameters first: `retry_storm(jitter="full")` returns what happened. A panel of
controls comes second: `retry_storm_lab()` calls that function and draws what it returns, no more. Where no panel can be
shown, its text stands in its place.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import io
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import pairwise
from statistics import fmean
from typing import Any, NamedTuple, get_args

import ipywidgets
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave

from .. import capacity
from ..contract import Clock, QueueFull
from ..durable import SQLiteQueue
from ..history import History
from ..job import Job, JobEvent, LeaseLost
from ..progress import current_job
from ..queue import JobQueue
from ..retries import JITTERS, DoNotRetry, Jitter, RetryPolicy
from ..scheduler import Overlap, Scheduler, every
from ..simulation import Simulation
from ..worker import Worker
from .cells import belongs_to_cell
from .describe import describe
from .panel import Access
from .replay import Live, live
from .style import LOOKS, course_style, in_words
from .timeline import plot_timeline


class Slider(NamedTuple):
    """A control for a number, from low to high."""

    label: str
    low: float
    high: float
    step: float
    start: float


class Choice(NamedTuple):
    """A control for one of a few values."""

    label: str
    options: tuple[Any, ...]
    start: Any


Controls = Mapping[str, Slider | Choice]


class Lab(ipywidgets.VBox):  # type: ignore[misc]
    """A panel of controls over a plain function.

    Args:
        question: what the learner shall find out with it.
        run: the plain function; it takes the controls' values by name.
        draw: draws what `run` returned on an Axes.
        say: puts what `run` returned into words.
        controls: a `Slider` or a `Choice` for each parameter of `run` that can be changed.

    Where chance plays a part, `run` takes a `seed` as well, and the panel has a field for it.
    """

    def __init__(
        self,
        question: str,
        run: Callable[..., Any],
        draw: Callable[[Any, Axes], object],
        say: Callable[[Any], str],
        controls: Controls,
    ) -> None:
        self.question = question
        self._run, self._draw, self._say = run, draw, say
        self.controls = {name: _control(control) for name, control in controls.items()}
        rows = [_with_limits(control) for control in self.controls.values()]
        reset = ipywidgets.Button(description="Reset", tooltip="Put every control back to where it was at first")
        reset.on_click(lambda _: self.reset())
        last_row = [reset]
        chance = inspect.signature(run).parameters.get("seed")
        if chance is not None:
            self.controls["seed"] = _seed(chance.default)
            last_row.append(self.controls["seed"])
        self._start = self.values
        for control in self.controls.values():
            control.observe(lambda _: self._redraw(), names="value")
        self.words = ipywidgets.HTML(layout={"min_height": "3.4em"})  # of one height, so that nothing jumps
        self.picture = ipywidgets.Image(format="png", layout={"width": "100%", "max_width": "860px", "height": "330px"})
        self.picture.layout.object_fit = "contain"
        self.access = Access()
        self._axes: tuple[float, float, float, float] | None = None
        self._backgrounds: dict[Any, Any] = {}
        title = ipywidgets.HTML(f"<b>{question}</b>")
        super().__init__([title, *rows, ipywidgets.HBox(last_row), self.words, self.picture, self.access])
        self._redraw()
        belongs_to_cell(self)

    @property
    def values(self) -> dict[str, Any]:
        """What the controls are set to."""
        return {name: control.value for name, control in self.controls.items()}

    def reset(self) -> None:
        """Put every control back to where it was at first."""
        for name, value in self._start.items():
            self.controls[name].value = value

    def text(self) -> str:
        """Say the question, the settings and the outcome."""
        settings = ", ".join(f"{self.controls[name].description} = {value}" for name, value in self.values.items())
        return f"{self.question}\n{settings}\n{self._say(self._run(**self.values))}"

    def _redraw(self) -> None:
        """Draw afresh. Python's garbage collector waits meanwhile: it would take a third of the time."""
        collects = gc.isenabled()
        gc.disable()
        try:
            self._draw_afresh()
        finally:
            if collects:
                gc.enable()

    def _draw_afresh(self) -> None:
        outcome = self._run(**self.values)
        self.words.value = self._say(outcome).replace("\n", "<br>")
        with course_style():
            figure = Figure(figsize=(8.6, 3.3), dpi=100)
            axes = figure.subplots()
            self._draw(outcome, axes)
            if self._axes is None:  # laid out once: it takes as long as all the rest, and the axes would jump
                figure.draw_without_rendering()
                x, y, width, height = axes.get_position().bounds
                self._axes = (x + 0.012, y, width - 0.028, height)  # room for one more digit, or two to the right
            figure.set_layout_engine("none")
            axes.set_position(self._axes)
            png = io.BytesIO()
            imsave(png, _pixels(figure, axes, self._backgrounds), format="png", pil_kwargs={"compress_level": 1})
        self.access.picture = describe(figure)
        self.picture.value = png.getvalue()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Show the panel; as text, what it says. A reader without a kernel sees the text."""
        bundle = dict(super()._repr_mimebundle_(**options) or {})
        bundle["text/plain"] = self.text()
        return bundle


def _pixels(figure: Figure, axes: Axes, backgrounds: dict[Any, Any]) -> Any:
    """Draw the data over a background that is kept for the next time.

    Nearly all the time goes into letters: ticks, labels and legend. They change only when the axes' limits do.
    """
    canvas: Any = FigureCanvasAgg(figure)
    data = sorted([*axes.lines, *axes.collections, *axes.patches, *axes.texts], key=lambda artist: artist.zorder)
    legend = axes.get_legend()
    said = [] if legend is None else [text.get_text() for text in (legend.get_title(), *legend.get_texts())]
    look = (axes.get_xlim(), axes.get_ylim(), axes.get_xlabel(), axes.get_ylabel(), *said)
    if look in backgrounds:
        canvas.restore_region(backgrounds[look])
    else:
        for artist in data:
            artist.set_visible(False)
        canvas.draw()
        if len(backgrounds) == 50:  # of one megabyte each
            backgrounds.clear()
        backgrounds[look] = canvas.copy_from_bbox(figure.bbox)
        for artist in data:
            artist.set_visible(True)
    for artist in data:
        axes.draw_artist(artist)
    return canvas.buffer_rgba()


def _round_up(number: float) -> float:
    """Round up to a number with one digit or two, so that an axis keeps its limits while a slider moves a little."""
    power = 10.0 ** math.floor(math.log10(number))
    return power * next(digit for digit in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if digit * power >= number * 0.999)


def _control(control: Slider | Choice) -> Any:
    look = {"style": {"description_width": "220px"}, "layout": {"width": "560px"}}
    if isinstance(control, Choice):
        return ipywidgets.Dropdown(description=control.label, options=control.options, value=control.start, **look)
    whole = all(isinstance(number, int) for number in control[1:])
    slider = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    return slider(
        description=control.label, min=control.low, max=control.high, step=control.step, value=control.start, **look
    )


def _seed(start: int) -> Any:
    return ipywidgets.BoundedIntText(
        description="seed",
        min=0,
        max=9999,
        value=start,
        tooltip="Another seed, other chances",
        layout={"width": "170px"},
    )


def _with_limits(control: Any) -> Any:
    if not hasattr(control, "min"):
        return control
    return ipywidgets.HBox([control, ipywidgets.HTML(f"from {control.min:g} to {control.max:g}")])


# --- 01: the request handler that does the work itself, and the one that enqueues it ---


def slow_api(places: int = 2, work: float = 1.0, patience: float = 3.0, clock: Clock = time.time) -> Live:
    """Put a button on an API that does the work in the request, in real time: press it until it hurts.

    Args:
        places: how many requests it can work on at the same time.
        work: seconds that each takes.
        patience: after so many seconds at the door a client gives up.
        clock: a real one, for people.
    """
    door = JobQueue("API without a queue", clock=clock)

    async def handle(asked_at: float) -> None:
        if door.clock() - asked_at > patience:
            raise DoNotRetry(f"gave up after {patience:g} s at the door")
        await asyncio.sleep(work)

    def tell(event: JobEvent) -> None:
        if event.move == "complete" and (request := door.get(event.job_id)) is not None:
            stage.state = f"The last answer took {event.at - request.created_at:.1f} s."

    words = {
        "job": "request",
        "jobs": "requests",
        "api": "clients",
        "came": "have asked",
        "queue": "waiting at the door",
        "workers": "the API's places",
        "completed": "answered",
        "failed": "gave up",
        "enqueue": "is at the door",
        "dequeue": "is worked on in",
        "complete": "is answered",
        "fail": "is not answered",
        "nothing": "nobody has asked yet",
    }
    server = Worker(door, {"for a report": handle}, name="place", concurrency=places)
    stage = live(door, {"Send a request": lambda: door.enqueue("for a report", door.clock())}, server, words=words)
    stage.startable = False  # an API is open all the time
    with suppress(RuntimeError):  # outside a notebook there is no loop, and nobody to press
        stage.start()
        stage.state = "The API is open."
    door.subscribe(tell)
    return stage


class Requests(NamedTuple):
    """Seconds after the rush began, for each request."""

    waited: list[float]
    """When the client had its answer, from a handler that does the work itself."""
    queued: list[float]
    """When the client had its answer, from a handler that enqueues."""
    done: list[float]
    """When that request's work was done by a worker."""


def rush(requests: int = 20, work_ms: int = 200, at_once: int = 4) -> Requests:
    """Let requests come all at once to a server, with and without a queue behind it.

    Args:
        requests: how many.
        work_ms: milliseconds of slow work that each needs.
        at_once: how many requests the server, or jobs the worker, can have in hand at the same time.
    """
    enqueue_s = 0.001
    waited: list[float] = []
    queued: list[float] = []
    done: list[float] = []

    async def work(_: object) -> None:
        await asyncio.sleep(work_ms / 1000)
        done.append(sim.time())

    async def handler_that_works(slots: asyncio.Semaphore) -> None:
        async with slots:
            await asyncio.sleep(work_ms / 1000)
        waited.append(sim.time())

    async def handler_that_enqueues(slots: asyncio.Semaphore) -> None:
        async with slots:
            await asyncio.sleep(enqueue_s)
            queue.enqueue("work")
        queued.append(sim.time())

    async def all_at_once(handler: Callable[[asyncio.Semaphore], Any]) -> None:
        slots = asyncio.Semaphore(at_once)
        await asyncio.gather(*(handler(slots) for _ in range(requests)))

    sim = Simulation()
    sim.run(all_at_once(handler_that_works))
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    worker = Worker(queue, {"work": work}, concurrency=at_once)
    sim.create_task(worker.run())
    sim.run(all_at_once(handler_that_enqueues))
    sim.run(queue.join())
    return Requests(waited, queued, done)


def rush_lab() -> Lab:
    """Panel over `rush`."""

    def draw(outcome: Requests, ax: Axes) -> None:
        numbers = range(1, len(outcome.waited) + 1)
        ax.plot(numbers, outcome.waited, "X", color="#d55e00", ms=8, label="answered, work done by the handler")
        ax.plot(numbers, outcome.done, "|", color="#767676", ms=14, mew=2, label="work done by the worker")
        ax.plot(numbers, outcome.queued, "o", color="#0072b2", ms=7, label="answered 202, work enqueued")
        top = _round_up(1.1 * max(*outcome.waited, *outcome.done))
        ax.set(xlabel="request", ylabel="seconds after the rush began", xlim=(0, 41), ylim=(0, top))
        ax.grid(visible=True, axis="y")
        ax.legend(loc="upper left")

    def say(outcome: Requests) -> str:
        without, answered, done = (in_words(max(times)) for times in outcome)
        return (
            f"Last answer: {without} without a queue, {answered} with one.\n"
            f"All the work done: {without} without a queue, {done} with one."
        )

    controls: Controls = {
        "requests": Slider("requests at once", 1, 40, 1, 20),
        "work_ms": Slider("work for each (ms)", 10, 1000, 10, 200),
        "at_once": Slider("done at the same time", 1, 10, 1, 4),
    }
    return Lab("Does a queue make the work faster, or only the answer?", rush, draw, say, controls)


# --- 02: the states a job goes through ---


def life_of_a_job(failures: int = 1, max_attempts: int = 3) -> History:
    """Let one job fail a number of times, then succeed, and return its record."""
    left = failures

    async def handler(_: object) -> str:
        nonlocal left
        await asyncio.sleep(1.0)
        left -= 1
        if left >= 0:
            raise ConnectionError("the service is away")
        return "done"

    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    history = History(queue)
    queue.enqueue("call-service", max_attempts=max_attempts)
    sim.run(Worker(queue, {"call-service": handler}).drain())
    history.close()
    return history


def life_of_a_job_lab() -> Lab:
    """Panel over `life_of_a_job`."""

    def say(history: History) -> str:
        moves = [event.move for event in history.events]
        return f"moves: {' → '.join(moves)}\nended: {history.events[-1].status} at {in_words(history.end)}"

    controls: Controls = {
        "failures": Slider("times it fails", 0, 6, 1, 1),
        "max_attempts": Slider("max_attempts", 1, 6, 1, 3),
    }
    question = "Which settings end this job as failed?"
    return Lab(question, life_of_a_job, lambda history, ax: plot_timeline(history, ax=ax), say, controls)


# --- 03: asking again and again, or being told ---


class Pickups(NamedTuple):
    """How a worker found its jobs."""

    waits: list[float]
    """Seconds from enqueue to pick-up, for each job."""
    looks: int
    """How many times it asked the queue."""
    empty: int
    """How many of these found nothing."""


def polling(
    every_ms: int = 50, jobs_per_second: float = 2.0, wake: bool = False, jobs: int = 40, seed: int = 3
) -> Pickups:
    """Let one worker look for jobs every so often, or be woken when there is one.

    Args:
        every_ms: milliseconds between two looks at an empty queue; means nothing with wake.
        jobs_per_second: how many jobs arrive, at random.
        wake: whether the queue wakes the worker.
        jobs: how many jobs there are.
        seed: of the random arrivals.
    """
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    random_ = random.Random(seed)
    waits: list[float] = []
    looks = empty = 0

    async def produce() -> None:
        for _ in range(jobs):
            await asyncio.sleep(random_.expovariate(jobs_per_second))
            queue.enqueue("work")

    async def consume() -> None:
        nonlocal looks, empty
        while len(waits) < jobs:
            job = queue.dequeue()
            looks += 1
            if job is None:
                empty += 1
                await (queue.wait() if wake else asyncio.sleep(every_ms / 1000))
            else:
                waits.append(sim.time() - job.created_at)
                await asyncio.sleep(0.010)
                queue.complete(job.id)

    async def both() -> None:
        await asyncio.gather(produce(), consume())

    sim.run(both())
    return Pickups(waits, looks, empty)


def polling_lab() -> Lab:
    """Panel over `polling`."""

    def draw(outcome: Pickups, ax: Axes) -> None:
        ax.vlines(range(1, len(outcome.waits) + 1), 0, [1000 * wait for wait in outcome.waits], color="#0072b2", lw=9)
        ax.set(xlabel="job", ylabel="wait for pick-up (ms)", ylim=(0, _round_up(1100 * max(outcome.waits))))
        ax.grid(visible=True, axis="y")

    def say(outcome: Pickups) -> str:
        return (
            f"A job waits {in_words(fmean(outcome.waits))} on average, {in_words(max(outcome.waits))} at worst.\n"
            f"The worker looked {outcome.looks:,} times; {outcome.empty:,} looks found nothing."
        )

    controls: Controls = {
        "wake": Choice("the queue wakes it", (False, True), False),
        "every_ms": Slider("look every (ms)", 5, 500, 5, 50),
        "jobs_per_second": Slider("jobs a second", 0.5, 20.0, 0.5, 2.0),
    }
    return Lab("Is there a good polling interval?", polling, draw, say, controls)


# --- 04: many clients that failed together ---


class Storm(NamedTuple):
    """What a service saw when it came back from an outage."""

    calls: list[float]
    """The second of every call."""
    refused: int
    """How many calls failed."""
    recovered: float
    """The second at which the last client had its answer."""
    gave_up: int
    """How many clients ran out of attempts."""
    history: History
    """The record: a client is a job."""


def retry_storm(
    base: float = 1.0,
    factor: float = 2.0,
    cap: float = 30.0,
    jitter: Jitter = "none",
    clients: int = 100,
    capacity: int = 10,
    outage: float = 1.0,
    max_attempts: int = 20,
    seed: int = 4,
) -> Storm:
    """Let clients call a service that is away at first, and then can take so many calls at a time.

    Args:
        base: see `RetryPolicy`; so are the next three. Each client backs off like that.
        factor: see `RetryPolicy`.
        cap: see `RetryPolicy`.
        jitter: see `RetryPolicy`.
        clients: how many; all call at second 0.
        capacity: how many calls the service can take in a tenth of a second. It refuses the others.
        outage: seconds until the service is back.
        max_attempts: after so many calls a client gives up.
        seed: of the jitter.
    """
    sim = Simulation()
    policy = RetryPolicy(base=base, factor=factor, cap=cap, jitter=jitter, rng=random.Random(seed))
    queue = JobQueue("clients", clock=sim.time, retry=policy)
    history = History(queue)
    calls: list[float] = []
    served: dict[int, int] = {}
    refused = 0

    async def call_service(_: object) -> None:
        nonlocal refused
        now = sim.time()
        calls.append(now)
        tenth = int(now * 10)
        if now < outage or served.get(tenth, 0) >= capacity:
            refused += 1
            raise ConnectionError("503 Service Unavailable")
        served[tenth] = served.get(tenth, 0) + 1

    for _ in range(clients):
        queue.enqueue("call-service", max_attempts=max_attempts)
    sim.run(Worker(queue, {"call-service": call_service}).drain())
    history.close()
    return Storm(calls, refused, calls[-1], queue.stats()["failed"], history)


def draw_storm(outcome: Storm, ax: Axes) -> None:
    """Draw how many calls the service saw in each tenth of a second."""
    tenths = Counter(int(call * 10) for call in outcome.calls)
    ax.vlines([tenth / 10 for tenth in tenths], 0, list(tenths.values()), color="#d55e00", lw=2.5)
    ax.axhline(10, color="#009e73", ls="--", label="all it can take")
    end = _round_up(1.02 * outcome.recovered)
    ax.set(xlabel="time in s", ylabel="calls in 0.1 s", xlim=(-0.02 * end, end), ylim=(0, 105))
    ax.legend(loc="upper right")


def say_storm(outcome: Storm) -> str:
    """Sum a storm up in words."""
    line = f"{len(outcome.calls):,} calls, {outcome.refused:,} of them refused. "
    if outcome.gave_up:
        return line + f"{outcome.gave_up} clients gave up, at {in_words(outcome.recovered)}."
    return line + f"Every client was served after {in_words(outcome.recovered)}."


def retry_storm_lab() -> Lab:
    """Panel over `retry_storm`."""
    controls: Controls = {
        "base": Slider("base (s)", 0.1, 5.0, 0.1, 1.0),
        "factor": Slider("factor", 1.0, 4.0, 0.1, 2.0),
        "cap": Slider("cap (s)", 1.0, 60.0, 1.0, 30.0),
        "jitter": Choice("jitter", JITTERS, "none"),
    }
    question = "100 clients failed together. How do you get all of them served soonest, with the fewest refused calls?"
    return Lab(question, retry_storm, draw_storm, say_storm, controls)


# --- 05: the urgent ones first ---


class Waits(NamedTuple):
    """Seconds from enqueue to pick-up: (enqueued at, wait) of each job that was picked up."""

    urgent: list[tuple[float, float]]
    normal: list[tuple[float, float]]
    unserved: int
    """Normal jobs that were still waiting at the end."""


def starvation(urgent_per_second: float = 9.5, aging: float = 0.0, seconds: float = 60.0, seed: int = 5) -> Waits:
    """Let one worker, good for ten jobs a second, have urgent and normal jobs to do.

    Args:
        urgent_per_second: how many jobs of priority 10 arrive, at random.
        aging: points of priority that a waiting job gains each second.
        seconds: how long it goes on. One normal job, of priority 0, arrives each second.
        seed: of the random arrivals.
    """
    sim = Simulation()
    queue = JobQueue(clock=sim.time, aging=aging)
    random_ = random.Random(seed)
    jobs: list[Job] = []

    async def arrive(priority: int, gap: Callable[[], float]) -> None:
        while True:
            await asyncio.sleep(gap())
            jobs.append(queue.enqueue("work", priority=priority))

    async def work(_: object) -> None:
        await asyncio.sleep(0.1)

    sim.create_task(arrive(0, lambda: 1.0))
    if urgent_per_second:
        sim.create_task(arrive(10, lambda: random_.expovariate(urgent_per_second)))
    sim.create_task(Worker(queue, {"work": work}).run())
    sim.run(asyncio.sleep(seconds))
    waits: dict[int, list[tuple[float, float]]] = {0: [], 10: []}
    for job in jobs:
        if job.started_at is not None:
            waits[job.priority].append((job.created_at, job.started_at - job.created_at))
    return Waits(waits[10], waits[0], sum(1 for job in jobs if job.priority == 0 and job.started_at is None))


def draw_waits(outcome: Waits, ax: Axes) -> None:
    """Draw each job's wait over the second in which it was enqueued."""
    ax.plot(*zip(*outcome.urgent or [(0.0, 0.0)], strict=True), ".", color="#0072b2", ms=5, label="urgent jobs")
    ax.plot(*zip(*outcome.normal or [(0.0, 0.0)], strict=True), "D", color="#d55e00", ms=6, label="normal jobs")
    ax.set(xlabel="enqueued at (s)", ylabel="waited (s)", xlim=(0, 60), ylim=(0, 60))
    ax.grid(visible=True, axis="y")
    ax.legend(loc="upper left", title=f"{outcome.unserved} normal jobs never got a turn", alignment="left")


def say_waits(outcome: Waits) -> str:
    """Sum the waits up in words."""

    def mean(waits: list[tuple[float, float]]) -> str:
        return in_words(fmean(wait for _, wait in waits)) if waits else "–"

    return (
        f"Urgent jobs wait {mean(outcome.urgent)} on average, normal jobs that got a turn {mean(outcome.normal)}.\n"
        f"{outcome.unserved} normal jobs never got a turn in the minute."
    )


def starvation_lab() -> Lab:
    """Panel over `starvation`."""
    controls: Controls = {
        "urgent_per_second": Slider("urgent jobs a second", 0.0, 15.0, 0.5, 9.5),
        "aging": Slider("aging (points a second)", 0.0, 10.0, 0.5, 0.0),
    }
    return Lab("Which aging serves everyone, and who pays for it?", starvation, draw_waits, say_waits, controls)


# --- 06: a queue with a bound ---


class Door(NamedTuple):
    """What clients of a bounded queue were told."""

    accepted: list[tuple[float, float]]
    """(second of the request, seconds until its job was done)."""
    refused: list[float]
    """The second of each request that got a 503."""


def full_queue(
    max_pending: int = 10,
    requests_per_second: float = 15.0,
    workers: int = 1,
    seconds: float = 10.0,
    seed: int = 6,
) -> Door:
    """Let requests come to a queue with a bound, for jobs that take a tenth of a second each.

    Args:
        max_pending: how many jobs may wait.
        requests_per_second: how many requests come, at random.
        workers: how many jobs are done at the same time.
        seconds: how long requests come.
        seed: of the random requests.
    """
    sim = Simulation()
    queue = JobQueue(clock=sim.time, max_pending=max_pending)
    random_ = random.Random(seed)
    jobs: list[Job] = []
    refused: list[float] = []

    async def work(_: object) -> None:
        await asyncio.sleep(0.1)

    async def requests() -> None:
        while True:
            await asyncio.sleep(random_.expovariate(requests_per_second))
            if sim.time() > seconds:
                return
            try:
                jobs.append(queue.enqueue("report"))
            except QueueFull:
                refused.append(sim.time())

    sim.create_task(Worker(queue, {"report": work}, concurrency=workers).run())
    sim.run(requests())
    sim.run(queue.join())
    return Door([(job.created_at, (job.finished_at or 0.0) - job.created_at) for job in jobs], refused)


def full_queue_lab() -> Lab:
    """Panel over `full_queue`."""

    def draw(outcome: Door, ax: Axes) -> None:
        done = LOOKS["completed"].colour
        ax.plot(
            *zip(*outcome.accepted or [(0.0, 0.0)], strict=True), "o", color=done, ms=5, label="202, done after so long"
        )
        ax.plot(outcome.refused, [0.0] * len(outcome.refused), "X", color="#d55e00", ms=7, label="503, try again later")
        ax.set(xlabel="time of the request (s)", ylabel="seconds until done", xlim=(0, 10), ylim=(-0.3, 6))
        ax.grid(visible=True, axis="y")
        ax.legend(loc="upper left", ncols=2)

    def say(outcome: Door) -> str:
        slowest = max((wait for _, wait in outcome.accepted), default=0.0)
        return (
            f"{len(outcome.accepted)} requests accepted with 202, {len(outcome.refused)} refused with 503.\n"
            f"The slowest accepted job was done after {in_words(slowest)}."
        )

    controls: Controls = {
        "max_pending": Slider("max_pending", 1, 60, 1, 10),
        "requests_per_second": Slider("requests a second", 1.0, 30.0, 1.0, 15.0),
        "workers": Slider("workers", 1, 4, 1, 1),
    }
    question = "One worker does ten jobs a second. What does a longer queue buy you, and what does it cost?"
    return Lab(question, full_queue, draw, say, controls)


# --- 07: who is left for a person ---


class Outage(NamedTuple):
    """What became of the jobs that met an outage."""

    completed: list[tuple[float, int]]
    """(second in which the job came, attempts it took)."""
    dead: list[tuple[float, int]]
    """The same, of jobs that a retry would have helped in the end."""
    poison: list[tuple[float, int]]
    """The same, of jobs that nothing will ever help."""
    failed: int
    """How many attempts failed."""


def dead_letters(outage: float = 60.0, max_attempts: int = 3, base: float = 1.0) -> Outage:
    """Let a job come each second for two minutes, and the service that they need be away for a while.

    Args:
        outage: seconds for which it is away, from second 20 on.
        max_attempts: how often a job is tried.
        base: see `RetryPolicy`.

    Every thirtieth job is poison: it fails whatever the service does.
    """
    sim = Simulation()
    queue = JobQueue(clock=sim.time, retry=RetryPolicy(base=base))

    async def handler(poison: bool) -> None:
        if poison:
            raise ValueError("cannot be parsed")
        if 20 <= sim.time() < 20 + outage:
            raise ConnectionError("the service is away")

    async def produce() -> None:
        for second in range(120):
            queue.enqueue("job", second % 30 == 15, max_attempts=max_attempts)
            await asyncio.sleep(1)

    sim.create_task(Worker(queue, {"job": handler}).run())
    sim.run(produce())
    sim.run(queue.join())
    jobs = [job for job in map(queue.get, range(1, 121)) if job is not None]
    ends: dict[str, list[tuple[float, int]]] = {"completed": [], "dead": [], "poison": []}
    for job in jobs:
        end = "poison" if job.data else "completed" if job.status == "completed" else "dead"
        ends[end].append((job.created_at, job.attempts))
    return Outage(**ends, failed=sum(len(job.errors) for job in jobs))


def dead_letters_lab() -> Lab:
    """Panel over `dead_letters`."""

    def draw(outcome: Outage, ax: Axes) -> None:
        for jobs, look, label in (
            (outcome.completed, "completed", "completed"),
            (outcome.dead, "failed attempt", "dead letter: a retry later would do"),
            (outcome.poison, "failed", "dead letter: poison"),
        ):
            marker, size = ("o", 5) if look == "completed" else ("X", 8)
            times, attempts = zip(*jobs, strict=True) if jobs else ((), ())
            ax.plot(times, attempts, marker, color=LOOKS[look].colour, ms=size, label=label)
        ax.set(xlabel="job came at (s)", ylabel="attempts", xlim=(-2, 122), ylim=(0, 13))
        ax.grid(visible=True, axis="y")
        ax.legend(loc="upper right")

    def say(outcome: Outage) -> str:
        return (
            f"{len(outcome.completed)} of 120 jobs completed. Dead letters: {len(outcome.dead)} that a retry later"
            f" would help, and {len(outcome.poison)} that are poison.\n{outcome.failed} attempts failed."
        )

    controls: Controls = {
        "outage": Slider("outage (s)", 0.0, 300.0, 10.0, 60.0),
        "max_attempts": Slider("max_attempts", 1, 12, 1, 3),
        "base": Slider("base (s)", 0.5, 5.0, 0.5, 1.0),
    }
    question = "How many attempts leave only the poison to a person, and what do they cost?"
    return Lab(question, dead_letters, draw, say, controls)


# --- 08: work that comes back ---


class Reports(NamedTuple):
    """What reporting cost, and what it was good for."""

    seconds: float
    """How long the job took."""
    silence: float
    """The longest time in which the user heard nothing new, in seconds."""
    shown: list[tuple[float, float]]
    """(second, fraction) of each report."""


def reporting(every_rows: int = 1, report_ms: float = 5.0, rows: int = 5000) -> Reports:
    """Let a job of many rows, 2 ms each, say how far it is.

    Args:
        every_rows: rows from one report to the next.
        report_ms: what a report costs: the way to wherever the queue is, in milliseconds.
        rows: how many there are.
    """
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    history = History(queue)

    async def import_rows(_: object) -> None:
        job = current_job()
        for done in range(every_rows, rows + 1, every_rows):
            await asyncio.sleep(0.002 * every_rows)
            await asyncio.sleep(report_ms / 1000)
            job.progress(done / rows)
        await asyncio.sleep(0.002 * (rows % every_rows))

    queue.enqueue("import-rows")
    sim.run(Worker(queue, {"import-rows": import_rows}).drain())
    shown = [(event.at, event.progress or 0.0) for event in history.events if event.move == "progress"]
    heard = [0.0, *(at for at, _ in shown), sim.time()]
    return Reports(sim.time(), max(later - earlier for earlier, later in pairwise(heard)), shown)


def reporting_lab() -> Lab:
    """Panel over `reporting`."""

    def draw(outcome: Reports, ax: Axes) -> None:
        points = [(0.0, 0.0), *outcome.shown, (outcome.seconds, 1.0)]
        ax.plot([at for at, _ in points], [100 * share for _, share in points], drawstyle="steps-post")
        ax.axvline(10, color="#767676", ls=":")
        ax.text(9.8, 97, "the rows alone: 10 s", ha="right", va="top")
        ax.set(xlabel="time in s", ylabel="% shown", xlim=(0, 40), ylim=(-3, 105))

    def say(outcome: Reports) -> str:
        return (
            f"{len(outcome.shown):,} reports. The job takes {in_words(outcome.seconds)}; "
            "the rows alone take 10 s.\n"
            f"The user hears nothing new for {in_words(outcome.silence)} at most."
        )

    controls: Controls = {
        "every_rows": Choice("report every (rows)", (1, 10, 50, 100, 500, 1000, 2500), 1),
        "report_ms": Slider("a report costs (ms)", 0.0, 6.0, 0.5, 5.0),
    }
    question = "How often should a job say how far it is?"
    return Lab(question, reporting, draw, say, controls)


class Leases(NamedTuple):
    """What a lease did for jobs whose workers died, and to those whose workers were only slow."""

    recovered: list[tuple[float, float]]
    """(second of the crash, seconds until somebody else began) for each job whose worker died."""
    needless: list[tuple[float, float]]
    """The same, of jobs that were given away while their worker was still at work."""
    refused: int
    """How many workers came to report, and had lost their lease."""


def leases(lease: float = 5.0, stall: float = 10.0, seed: int = 10) -> Leases:
    """Let two jobs of a second come each second, for a minute, to four workers.

    At one job in ten its worker dies, and at one in ten it stands still for a while. One that works renews its lease.

    Args:
        lease: seconds after which a silent worker's job goes to somebody else.
        stall: seconds for which a worker stands still: a full disk, a laptop that sleeps, a long garbage collection.
        seed: of the fates.
    """
    sim, chance = Simulation(), random.Random(seed)
    queue = SQLiteQueue(":memory:", clock=sim.time, lease=lease, poll=None)
    fates = [chance.choices(["works", "dies", "stalls"], [8, 1, 1])[0] for _ in range(120)]
    silent: dict[int, tuple[str, float]] = {}
    outcome = Leases([], [], 0)
    refused = 0

    async def work(name: str) -> None:
        nonlocal refused
        while queue.stats()["completed"] < len(fates):
            job = queue.dequeue(worker=name)
            if job is None:
                await asyncio.sleep(0.1)
                continue
            if job.id in silent:
                fate, since = silent.pop(job.id)
                (outcome.recovered if fate == "dies" else outcome.needless).append((since, sim.time() - since))
            fate = fates[job.id - 1] if job.attempts == 1 else "works"
            await asyncio.sleep(0.5)
            if fate != "works":
                silent[job.id] = fate, sim.time()
            try:
                queue.heartbeat(job.id, attempt=job.attempts)  # here its silence begins, if it has one
                if fate == "dies":
                    continue  # its next life begins at once; the job knows nothing of that
                await asyncio.sleep(stall if fate == "stalls" else 0)
                queue.heartbeat(job.id, attempt=job.attempts)
                await asyncio.sleep(0.5)
                queue.complete(job.id, attempt=job.attempts)
                silent.pop(job.id, None)
            except LeaseLost:
                refused += 1

    async def all_of_them() -> None:
        await asyncio.gather(*(work(f"worker-{number}") for number in range(1, 5)))

    for number in range(len(fates)):
        queue.enqueue("job", delay=number / 2, max_attempts=10)
    sim.run(all_of_them())
    queue.close()
    return outcome._replace(refused=refused)


def leases_lab() -> Lab:
    """Panel over `leases`."""

    def draw(outcome: Leases, ax: Axes) -> None:
        for found, label, marker, colour in (
            (outcome.recovered, "worker died", "o", "#009e73"),
            (outcome.needless, "worker was only slow", "X", "#d55e00"),
        ):
            ax.plot([at for at, _ in found], [wait for _, wait in found], marker, ms=9, color=colour, label=label)
        waits = [wait for _, wait in outcome.recovered + outcome.needless]
        ax.set(xlabel="time in s", ylabel="given away after (s)", xlim=(0, 70), ylim=(0, _round_up(max([1, *waits]))))
        ax.legend(loc="upper right")

    def say(outcome: Leases) -> str:
        waits = [wait for _, wait in outcome.recovered]
        return (
            f"{len(waits)} jobs of dead workers went to somebody else, after {in_words(fmean(waits))} on average.\n"
            f"{len(outcome.needless)} jobs were done twice though their worker lived."
        )

    controls: Controls = {
        "lease": Slider("lease (s)", 1.5, 30.0, 0.5, 5.0),
        "stall": Slider("a slow worker stalls (s)", 0.0, 30.0, 1.0, 10.0),
    }
    question = "How long should a lease be?"
    return Lab(question, leases, draw, say, controls)


def sizing(arrivals: float = 6.0, service: float = 0.5, workers: int = 3, seed: int = 12) -> capacity.Waits:
    """Let 20,000 jobs come to a team of workers; see `capacity.simulate`.

    Args:
        arrivals: jobs a second.
        service: seconds that a job takes, on average.
        workers: how many.
        seed: of the random times.
    """
    return capacity.simulate(arrivals, service, workers, jobs=20_000, seed=seed)


def sizing_lab(target: float = 0.5) -> Lab:
    """Panel over `sizing`.

    Args:
        target: seconds; the goal is a p95 of the wait below it.
    """

    def draw(outcome: capacity.Waits, ax: Axes) -> None:
        waits = sorted(outcome.waits)[::20]
        shares = [100 * (n + 1) / len(waits) for n in range(len(waits))]
        ax.plot(waits, shares)
        ax.axhline(95, color="#767676", ls=":")
        ax.axvline(target, color="#009e73", ls="--", label=f"target {in_words(target)}")
        ax.set(xlabel="wait in s", ylabel="% of jobs begun by then", xlim=(0, _round_up(max(2 * target, waits[-1]))))
        ax.set_ylim(0, 103)
        ax.legend(loc="lower right")

    def say(outcome: capacity.Waits) -> str:
        p50, p95, p99 = (in_words(outcome.quantile(share)) for share in (0.50, 0.95, 0.99))
        met = "Target met." if outcome.quantile(0.95) < target else "Target missed."
        return f"Wait: p50 {p50}, p95 {p95}, p99 {p99}. Workers are busy {100 * outcome.busy:.0f} % of the time.\n{met}"

    controls: Controls = {
        "arrivals": Slider("jobs a second", 1.0, 20.0, 0.5, 6.0),
        "service": Slider("a job takes (s)", 0.1, 2.0, 0.1, 0.5),
        "workers": Slider("workers", 1, 30, 1, 3),
    }
    question = f"What is the smallest team with a p95 of the wait under {in_words(target)}?"
    return Lab(question, sizing, draw, say, controls)


class Runs(NamedTuple):
    """What a recurring job did in a minute."""

    runs: list[tuple[float, float]]
    """(start, length) of each run, in seconds."""
    ticks: list[float]
    """The second of each tick."""


def recurring(interval: float = 5, work: float = 8.0, overlap: Overlap = "skip") -> Runs:
    """Let a job come back for a minute.

    Args:
        interval: seconds from one tick to the next.
        work: seconds that a run takes.
        overlap: see `Scheduler.add`.
    """
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    scheduler = Scheduler(queue)
    runs: list[tuple[float, float]] = []

    async def handler(_: object) -> None:
        runs.append((sim.time(), work))
        await asyncio.sleep(work)

    scheduler.add("job", every(interval), "job", overlap=overlap)
    sim.create_task(scheduler.run())
    sim.create_task(Worker(queue, {"job": handler}, concurrency=4).run())
    sim.run(asyncio.sleep(60.0))
    return Runs(runs, [n * interval for n in range(1, math.floor(60 / interval) + 1)])


def recurring_lab() -> Lab:
    """Panel over `recurring`."""

    def draw(outcome: Runs, ax: Axes) -> None:
        looks = {0: ("#0072b2", ""), 1: ("#56b4e9", "//")}
        for odd, (colour, hatch) in looks.items():
            ax.broken_barh(outcome.runs[odd::2], (0.25, 0.5), facecolor=colour, hatch=hatch, edgecolor="#1a1a1a")
        ax.plot(outcome.ticks, [0.1] * len(outcome.ticks), "^", color="#d55e00", ms=9, label="tick")
        ax.set(xlabel="time in s; each bar is a run", xlim=(0, 61), ylim=(0, 1), yticks=[])
        ax.legend(loc="upper right")

    def say(outcome: Runs) -> str:
        done, ticks = len(outcome.runs), len(outcome.ticks)
        return f"{ticks} ticks in a minute, {done} runs begun: {ticks - done} ticks without a run of their own."

    controls: Controls = {
        "interval": Slider("interval (s)", 1, 20, 1, 5),
        "work": Slider("work (s)", 1.0, 20.0, 0.5, 8.0),
        "overlap": Choice("overlap", get_args(Overlap), "skip"),
    }
    question = "When does every tick get a run of its own, and what do the policies do when not?"
    return Lab(question, recurring, draw, say, controls)
