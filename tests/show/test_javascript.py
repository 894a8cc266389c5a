"""The replay's JavaScript, in Node without a browser: what it makes of histories that Python made."""

import ast
import asyncio
import json
import os
import random
import re
import subprocess
from functools import partial
from itertools import pairwise

import pytest

from jobqueue_lesson import History, JobQueue, Simulation, Worker
from jobqueue_lesson.job import JobEvent
from jobqueue_lesson.labs import retries
from jobqueue_lesson.labs.why_background_jobs import slow_api
from jobqueue_lesson.retries import RetryPolicy
from jobqueue_lesson.show import alive
from jobqueue_lesson.show.javascript import join_modules
from jobqueue_lesson.show.replay import WORDS, Replay, _record, live
from jobqueue_lesson.show.saved import ALIVE
from jobqueue_lesson.show.style import format_duration
from jobqueue_lesson.show.timeline import end_of, look_of
from tests.support.histories import flaky_history
from tests.support.installed import NODE, need
from tools.paths import NOTEBOOKS, ROOT

TESTS = sorted((ROOT / "tests" / "js").glob("*.test.js"))
PHASES = ["delayed", "waiting", "backing off", "processing", "completed", "failed"]


def read_page(name):
    return json.loads((NOTEBOOKS / f"{name}.ipynb").read_bytes())


def node(*arguments, **environment):
    need(NODE, "web")
    ran = subprocess.run(
        [NODE, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,  # a test may find a player that never ends
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


# --- histories ---


class Clock:
    def __init__(self, now=0.0):
        self.now = now

    def __call__(self):
        return self.now


def every_move():
    """Two jobs that meet every move there is, made by hand."""
    clock = Clock()
    queue = JobQueue("reports", clock=clock, retry=RetryPolicy(base=0.75))
    history = History(queue)
    queue.enqueue("report", priority=5, max_attempts=2)
    queue.enqueue("report", delay=10, max_attempts=1)
    moves = [
        (1, lambda: queue.dequeue("ann")),
        (2, lambda: (queue.release(1), queue.dequeue("bob"))),
        (3, lambda: queue.progress(1, 0.5, "half of it")),
        (4, lambda: queue.progress(1, 0.999)),
        (5, lambda: queue.fail(1, OSError("disk full"))),
        (7, lambda: queue.dequeue("ann")),
        (8, lambda: queue.fail(1, ValueError("no such month"))),
        (9, lambda: queue.revive(1)),
        (10, lambda: queue.dequeue("ann")),
        (11, lambda: queue.complete(1)),
        (12, lambda: queue.dequeue("bob")),
        (13, lambda: queue.fail(2, OSError("disk full"))),
        (14, lambda: queue.discard(2)),
    ]
    for clock.now, move in moves:
        move()
    return history


def crowd(aging=0.0):
    """Jobs of many priorities, 120 of them within 12 s, and a worker of twelve slots."""
    sim, rng = Simulation(), random.Random(3)
    queue = JobQueue("crowd", clock=sim.time, aging=aging)
    history = History(queue)

    async def work(data):
        await asyncio.sleep(rng.expovariate(0.5))
        if rng.random() < 0.1:
            raise TimeoutError("try again")

    async def enqueue():
        for _ in range(40):
            for _ in range(3):
                queue.enqueue("work", priority=rng.randrange(5), delay=rng.choice([0, 0, 0, 2, 20]))
            await asyncio.sleep(0.3)

    sim.create_task(enqueue())
    sim.create_task(Worker(queue, {"work": work}, concurrency=12).run())
    sim.run(asyncio.sleep(90))
    return history


def late():
    """A record that was started while a job was running."""
    clock = Clock()
    queue = JobQueue("late", clock=clock)
    queue.enqueue("report")
    queue.dequeue("ann")
    history = History(queue)
    clock.now = 1.0
    queue.progress(1, 0.5)
    clock.now = 2.0
    queue.complete(1)
    return history


def with_lines():
    """Two events: which line made the first is known, and not which one made the second."""
    clock = Clock()
    queue = JobQueue("lines", clock=clock)
    history = History(queue, lines=True)
    for clock.now in (0, 1):
        queue.enqueue("report")
    clock.now = 2
    history.events[1] = JobEvent(*history.events[1])
    return history


def unfinished(start=0.0):
    """A job that is completed, one that is running, and one that is waiting."""
    clock = Clock(start)
    queue = JobQueue("unfinished", clock=clock)
    history = History(queue)
    for later in (0, 1, 2):
        clock.now = start + later
        queue.enqueue("report")
    queue.dequeue()
    clock.now = start + 3
    queue.complete(1)
    queue.dequeue()
    clock.now = start + 10
    return history


def expected(history, now=None):
    """Return a history as the page gets it, how many jobs are in each phase at many times, and its spans."""
    ends = sorted({history.start, history.end, *(event.at for event in history.events)})
    times = sorted({*ends, *((one + other) / 2 for one, other in pairwise(ends))})
    times = times[:: max(1, len(times) // 200)] + times[-1:]
    counts = history.count(times)
    return {
        "record": json.loads(_record(history, WORDS, now)),
        "times": times,
        "counts": {phase: counts[phase] for phase in PHASES},
        "spans": [[span.job_id, look_of(span), span.start, span.end, end_of(span)] for span in history.spans()],
    }


def stage_of_the_page(clock):
    """The live stage that a cell of page 1 makes, on another clock."""
    (cell,) = (cell for cell in read_page("01_why_background_jobs")["cells"] if cell["id"] == "live")
    *statements, shown = ast.parse("".join(cell["source"])).body
    names = {"asyncio": asyncio, "JobQueue": partial(JobQueue, clock=clock), "Worker": Worker, "live": live}
    exec(compile(ast.Module(statements, []), "page 1", "exec"), names)
    return eval(compile(ast.Expression(shown.value), "page 1", "eval"), names)


def used(make, presses):
    """Use a live stage in simulated time. Return its data, and what happened in it: events, and what it said when.

    `presses` are pairs: at which second, and what is called.
    """
    sim = Simulation()

    async def use():
        stage = make(sim.time)
        said = []
        stage.observe(lambda change: said.append([sim.time(), change["new"]]), names="state")
        for at, call in presses:
            await asyncio.sleep(at - sim.time())
            {"enqueue": lambda: stage.press(0), "start": stage.start, "stop": stage.stop}[call]()
        await asyncio.sleep(1)  # so that it has heard of the last one
        return stage, said

    stage, said = sim.run(use())
    output = {"data": {ALIVE: stage._alive(), "text/plain": ""}}
    html, _ = alive.element(output, inline=True)
    data = json.loads(re.search(r'<script type="application/json">(.*)</script>', html)[1])
    return {"data": data, "presses": presses, "events": stage.history.events, "said": said}


RUSH = [(0.5 + n / 10, "enqueue") for n in range(9)]
STAGES = {
    "slow api": lambda: used(
        lambda clock: slow_api(clock=clock), [*RUSH, (6.25, "enqueue"), (9.05, "enqueue"), (12, "stop")]
    ),
    "page 1": lambda: used(
        stage_of_the_page,
        [*RUSH, (2, "start"), (3.55, "stop"), (3.7, "enqueue"), (5, "start"), (5.2, "enqueue"), (20, "stop")],
    ),
}


@pytest.fixture(scope="module")
def histories(tmp_path_factory):
    """A file of histories, and of what Python says of them; also of cards and of live stages."""
    made = {
        "every move": expected(every_move()),
        "flaky": expected(flaky_history()),
        "crowd": expected(crowd()),
        "aging crowd": expected(crowd(aging=0.5)),
        "late": expected(late()),
        "lines": expected(with_lines()),
        "unfinished": expected(unfinished()),
        "real time": expected(unfinished(start=1_790_000_000.0)),
        "live": expected(unfinished(), now=10.0),
        "empty": expected(History(JobQueue("empty"))),
    }
    seconds = [digits * 10.0**power for power in range(-6, 4) for digits in (1, 1.5, 2.999, 9.9949, 9.9951)] + [0, 60]
    path = tmp_path_factory.mktemp("histories") / "histories.json"
    questions = [*retries.QUESTIONS.values(), *retries.REMEMBER.values()]
    known = {
        "histories": made,
        "durations": [[s, format_duration(s)] for s in seconds],
        "words": alive.WORDS,
        "questions": [
            {"data": q.data, "answers": {letter: [q.line(letter), q.answer(letter)] for letter in q.letters}}
            for q in questions
        ],
        "stages": {name: use() for name, use in STAGES.items()},
    }
    path.write_text(json.dumps(known))
    return path


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_in_node(path, histories):
    node("--test", str(path), HISTORIES=str(histories))


# --- one module for anywidget ---


def test_the_joined_module_needs_no_other_and_is_what_anywidget_calls(tmp_path):
    joined = tmp_path / "joined.mjs"
    joined.write_text(Replay._esm, encoding="utf-8")
    script = f"""
        const {{ default: widget, ...rest }} = await import({json.dumps(joined.as_uri())});
        console.log(Object.keys(widget).join(), Object.keys(rest).length);
    """
    assert node("--input-type=module", "--eval", script) == "initialize,render 0\n"


def test_a_module_is_joined_once_after_all_that_it_imports(tmp_path):
    modules = {
        "a.js": 'import { b } from "./b.js";\nimport {\n  c,\n  d,\n} from "./c.js";\n\nexport default { b, c, d };\n',
        "b.js": 'import { c } from "./c.js";\nexport const b = c + 1;\n',
        "c.js": "export const c = 1;\nexport function d() {}\n",
    }
    for name, source in modules.items():
        (tmp_path / name).write_text(source)
    c, b, a = "const c = 1;\nfunction d() {}\n", "const b = c + 1;\n", "\nexport default { b, c, d };\n"
    assert join_modules(tmp_path / "a.js") == f"{c}\n{b}\n{a}"
