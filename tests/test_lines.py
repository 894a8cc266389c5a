"""Which line made an event. What the numbers of cells are is tested in a real kernel, in tests/notebooks."""

import asyncio
import contextlib
import functools
import importlib.util
import linecache
import pickle
import subprocess
import sys
import threading
import zipfile
import zipimport
from pathlib import Path

import pytest

from jobqueue_lesson import History, JobQueue, Worker
from jobqueue_lesson.api import create_app, in_process
from jobqueue_lesson.job import JobEvent, Move
from jobqueue_lesson.lines import LONGEST, Line, calling_line, is_library
from tests.support.conversations import REPORT
from tests.support.waiting import pass_time


@pytest.fixture
def queue(queue):
    queue.history = History(queue, lines=True)
    return queue


def told(history):
    """Return the text of each event's line, after a look at whether this file has it there; None if it has no line."""
    for line in history.lines:
        if line is not None:
            assert line.place == "test_lines.py"
            assert linecache.getline(__file__, line.number).strip() == line.text
    return [line and line.text for line in history.lines]


def load(spec):
    """Load a module, without leaving it where others find it."""
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def module(tmp_path):
    """Write a module, as a learner does, and import it: module("name", source); or in a folder, as `pip` does."""

    def write(name, source, folder="shop"):
        path = tmp_path / folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
        return load(importlib.util.spec_from_file_location(name, path))

    return write


# --- which line it is ---


def test_an_event_has_the_line_that_made_the_move(queue):
    job = queue.enqueue("send-email")
    queue.dequeue()
    queue.progress(job.id, 0.5)
    queue.fail(job.id, "no answer")
    assert told(queue.history) == [
        'job = queue.enqueue("send-email")',
        "queue.dequeue()",
        "queue.progress(job.id, 0.5)",
        'queue.fail(job.id, "no answer")',
    ]
    assert len(queue.history.lines) == len(queue.history.events)


def test_every_move_has_one(queue, sim):
    queue.enqueue("a", max_attempts=1)
    queue.dequeue()
    queue.release(1)
    queue.dequeue()
    queue.fail(1, "broken")
    queue.revive(1)
    queue.dequeue()
    queue.fail(1, "broken again")
    queue.discard(1)
    queue.enqueue("b")
    queue.dequeue()
    queue.fail(2, "not yet")
    pass_time(sim, 60)
    queue.dequeue()
    queue.complete(2)
    assert None not in told(queue.history)
    assert [line.text.split("(")[0] for line in queue.history.lines] == [
        f"queue.{'fail' if event.move == 'retry' else event.move}" for event in queue.history.events
    ]
    assert {event.move for event in queue.history.events} == set(Move) - {"progress"}


def test_what_a_worker_does_has_the_line_that_runs_it_and_what_a_handler_does_has_its_own(queue, sim):
    async def first(data):
        await asyncio.sleep(1)
        queue.enqueue("second")

    async def second(data):
        await asyncio.sleep(1)

    queue.enqueue("first")
    sim.run(Worker(queue, {"first": first, "second": second}, concurrency=2).drain())
    runs = 'sim.run(Worker(queue, {"first": first, "second": second}, concurrency=2).drain())'
    made = dict(zip([(event.move, event.type) for event in queue.history.events], told(queue.history), strict=True))
    assert made == {
        ("enqueue", "first"): 'queue.enqueue("first")',
        ("dequeue", "first"): runs,
        ("enqueue", "second"): 'queue.enqueue("second")',
        ("complete", "first"): runs,
        ("dequeue", "second"): runs,
        ("complete", "second"): runs,
    }


def test_under_asyncio_it_is_the_same_line_and_not_one_of_asyncio():
    queue = JobQueue()
    history = History(queue, lines=True)

    async def nap(data):
        await asyncio.sleep(0)

    queue.enqueue("nap")
    asyncio.run(Worker(queue, {"nap": nap}, concurrency=2).drain())
    assert told(history)[1:] == ['asyncio.run(Worker(queue, {"nap": nap}, concurrency=2).drain())'] * 2


def test_a_request_to_the_service_has_the_line_that_sends_it(sim):
    queue = JobQueue(clock=sim.time)
    history = History(queue, lines=True)

    async def talk():
        async with in_process(create_app(queue)) as client:
            assert (await client.post("/api/reports", json=REPORT)).status_code == 202

    sim.run(talk())
    assert told(history) == ['assert (await client.post("/api/reports", json=REPORT)).status_code == 202']


def test_frames_of_libraries_in_between_are_not_the_learners(queue, module):
    library = module("some_library", "def call(function):\n    return function()\n", "site-packages")
    library.call(functools.partial(queue.enqueue, "a"))
    with contextlib.ExitStack() as stack:
        stack.callback(queue.enqueue, "b")
    assert told(queue.history)[0] == 'library.call(functools.partial(queue.enqueue, "a"))'
    assert told(queue.history)[1] == "with contextlib.ExitStack() as stack:"


def test_it_is_the_innermost_line_and_of_the_learners_own_modules_too(queue, module):
    module("my_shop", "def order(queue):\n\n    return queue.enqueue('a')\n").order(queue)
    assert queue.history.lines == [Line("my_shop.py", 3, "return queue.enqueue('a')")]


def test_a_class_of_the_learners_own_calls_the_queue_by_its_own_line():
    class Mine(JobQueue):
        def enqueue(self, type, *args, **options):
            return super().enqueue(type, *args, **options)

    queue = Mine()
    history = History(queue, lines=True)
    queue.enqueue("a")
    assert told(history) == ["return super().enqueue(type, *args, **options)"]


def test_of_a_statement_with_several_lines_it_is_the_line_of_the_call(queue):
    jobs = [
        queue.enqueue("a"),
        queue.enqueue(
            "b",
            priority=1,
        ),
    ]
    assert [job.type for job in jobs] == ["a", "b"]
    assert told(queue.history) == ['queue.enqueue("a"),', "queue.enqueue("]


def test_where_there_is_no_line_of_the_learners_there_is_none():
    queue = JobQueue()
    history = History(queue, lines=True)
    thread = threading.Thread(target=queue.enqueue, args=("a",))
    thread.start()
    thread.join()
    assert told(history) == [None]


# --- how it is shown ---


def test_a_line_says_where_it_is_and_what_it_is():
    assert str(Line("cell 12", 4, 'queue.enqueue("send-email")')) == 'cell 12, line 4: queue.enqueue("send-email")'
    assert str(Line("my_queue.py", 12, "")) == "my_queue.py, line 12"


def test_a_long_line_is_shortened(queue):
    queue.enqueue("send-email", {"to": "alice@example.com", "subject": "Your order", "body": "It is on its way."})
    (line,) = queue.history.lines
    shown = 'queue.enqueue("send-email", {"to": "alice@example.com", "subject": "You…'
    assert str(line) == f"test_lines.py, line {line.number}: {shown}"
    assert len(shown) == LONGEST
    assert line.text.endswith('"body": "It is on its way."})')


def test_where_the_source_is_gone_the_place_is_left(queue, module):
    gone = module("gone_shop", "def order(queue): queue.enqueue('a')\n")
    Path(gone.__file__).unlink()
    gone.order(queue)
    assert queue.history.lines == [Line("gone_shop.py", 1, "")]


def test_a_module_in_a_zip_file_has_lines(queue, tmp_path):
    with zipfile.ZipFile(tmp_path / "shop.zip", "w") as archive:
        archive.writestr("zipped_shop.py", "def order(queue):\n    queue.enqueue('a')\n")
    load(zipimport.zipimporter(str(tmp_path / "shop.zip")).find_spec("zipped_shop")).order(queue)
    assert queue.history.lines == [Line("zipped_shop.py", 2, "queue.enqueue('a')")]


@pytest.mark.parametrize("name", ["<string>", "<made by a library>", "<doctest shop[3]>", ""])
def test_code_that_is_in_no_file_has_no_line_but_what_runs_it_has(queue, name):
    exec(compile("\n\nqueue.enqueue('a')", name, "exec"))
    assert told(queue.history) == ['exec(compile("\\n\\nqueue.enqueue(\'a\')", name, "exec"))']


def test_a_name_without_a_folder_is_not_looked_for_in_other_folders(queue, module, monkeypatch):
    other = module("my_other_shop", "# this is not it\n")
    monkeypatch.syspath_prepend(Path(other.__file__).parent)
    exec(compile("queue.enqueue('a')", "my_other_shop.py", "exec"))
    assert queue.history.lines == [Line("my_other_shop.py", 1, "")]


SCRIPT = """
from jobqueue_lesson import History, JobQueue
queue = JobQueue()
history = History(queue, lines=True)
queue.enqueue("a")
print(*history.lines)
"""


def test_a_script_has_lines_and_so_has_the_prompt(tmp_path):
    def run(*arguments, **options):
        ran = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True, **options)
        return ran.stdout.strip()

    (tmp_path / "my_queue.py").write_text(SCRIPT)
    assert run("my_queue.py", cwd=tmp_path) == 'my_queue.py, line 5: queue.enqueue("a")'
    assert run("-", input=SCRIPT) == "<stdin>, line 5"
    assert run("-c", SCRIPT) == "None"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (asyncio.__file__, True),
        (pytest.__file__, True),
        (sys.modules[Line.__module__].__file__, True),
        (__file__, False),
    ],
)
def test_a_library_is_known_by_where_it_is(file, expected):
    assert is_library(file) is expected


def test_a_folder_beside_the_package_that_only_begins_like_it_is_the_learners():
    package = sys.modules["jobqueue_lesson"].__path__[0]
    assert not is_library(f"{package}_of_mine/shop.py")


# --- a move never fails because of it ---


class Broken:
    def get_source(self, name):
        raise ZeroDivisionError


def test_a_loader_that_fails_costs_the_line_and_not_the_move(queue):
    names = {"queue": queue, "__name__": "broken", "__loader__": Broken()}
    exec(compile("queue.enqueue('a')", "/nowhere/broken.py", "exec"), names)
    assert queue.stats()["pending"] == 1
    assert queue.history.lines == [None]


def test_outside_of_any_move_it_is_the_line_that_asks():
    here = calling_line()
    assert here.text == "here = calling_line()"


# --- the history ---


def test_without_lines_there_are_none_and_events_are_what_they_were(queue, sim):
    plain = JobQueue(clock=sim.time)
    history = History(plain)
    plain.enqueue("a")
    assert history.lines == [None]
    assert type(history.events[0]) is JobEvent


def test_a_history_that_does_not_ask_has_none_even_if_another_one_does(queue):
    other, seen = History(queue), []
    queue.subscribe(seen.append)
    queue.enqueue("a")
    assert other.lines == [None]
    assert told(queue.history) == ['queue.enqueue("a")']
    assert seen == other.events == queue.history.events
    assert repr(seen[0]).startswith("JobEvent(at=")


def test_once_it_is_closed_nobody_looks_for_lines(queue):
    seen = []
    queue.subscribe(seen.append)
    other = History(queue, lines=True)
    queue.history.close()
    queue.enqueue("a")
    other.close()
    queue.enqueue("b")
    assert len(other.lines) == 1
    assert type(seen[0]) is not JobEvent
    assert type(seen[1]) is JobEvent


def test_a_copy_keeps_lines_if_it_asks_for_them(queue):
    queue.enqueue("a")
    kept, dropped = History(lines=True), History()
    for event in queue.history.events:
        kept.record(pickle.loads(pickle.dumps(event)))
        dropped.record(event)
    assert kept.lines == queue.history.lines
    assert dropped.lines == [None]
    assert kept.events[0]._replace(job_id=7)[2] == 7


@pytest.mark.parametrize("lines", [None, 1, "yes"])
def test_lines_are_true_or_false(lines):
    with pytest.raises(TypeError, match="lines must be True or False, got"):
        History(lines=lines)


class Foreign:
    """A queue of somebody else's: it can be listened to, and that is all."""

    name, clock = "foreign", float

    def __init__(self):
        self.inner = JobQueue()
        self.listeners = []

    def subscribe(self, listener):
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)


def test_a_queue_that_knows_nothing_of_lines_has_none():
    foreign = Foreign()
    history = History(foreign, lines=True)
    made = History(foreign.inner)
    foreign.inner.enqueue("a")
    foreign.listeners[0](made.events[0])
    assert history.lines == [None]


# --- moves that are delivered later ---


def test_a_move_of_a_listener_has_the_listeners_own_line(queue):
    def react(event):
        if event.type == "order":
            queue.enqueue("send-email")

    queue.subscribe(react)
    queue.enqueue("order")
    queue.enqueue("other")
    assert told(queue.history) == ['queue.enqueue("order")', 'queue.enqueue("send-email")', 'queue.enqueue("other")']


def test_an_event_that_waits_for_the_next_move_keeps_its_own_line(queue):
    def interrupt(event):
        if event.type == "first":
            queue.enqueue("left over")
            raise KeyboardInterrupt

    queue.subscribe(interrupt)
    with pytest.raises(KeyboardInterrupt):
        queue.enqueue("first")
    queue.enqueue("later")
    assert [event.type for event in queue.history.events] == ["first", "left over", "later"]
    assert told(queue.history) == ['queue.enqueue("first")', 'queue.enqueue("left over")', 'queue.enqueue("later")']


# --- other processes, which here are other objects for the same file ---


def test_what_another_process_did_has_no_line(open_queue):
    queue, other = open_queue(), open_queue()
    history = History(queue, lines=True)
    other.enqueue("theirs")
    other.dequeue("ann")
    queue.enqueue("mine")
    other.complete(1)
    queue.dequeue("ben")
    assert [(event.move, event.job_id) for event in history.events] == [
        ("enqueue", 1),
        ("dequeue", 1),
        ("enqueue", 2),
        ("complete", 1),
        ("dequeue", 2),
    ]
    assert told(history) == [None, None, 'queue.enqueue("mine")', None, 'queue.dequeue("ben")']


def test_a_move_that_was_undone_leaves_its_line_to_nobody(open_queue):
    queue, other = open_queue(), open_queue()
    history = History(queue, lines=True)
    with pytest.raises(LookupError), queue.memory("of a scheduler"):
        queue.enqueue("undone")
        raise LookupError
    other.enqueue("theirs")  # its event has the number that the one above had
    queue.enqueue("mine")
    assert [event.type for event in history.events] == ["theirs", "mine"]
    assert told(history) == [None, 'queue.enqueue("mine")']


def test_moves_of_one_transaction_each_have_their_line(open_queue):
    queue = open_queue()
    history = History(queue, lines=True)
    with queue.memory("of a scheduler"):
        queue.enqueue("a")
        queue.enqueue("b")
    assert told(history) == ['queue.enqueue("a")', 'queue.enqueue("b")']


def test_a_worker_that_died_is_found_by_the_line_that_looked(open_queue, sim):
    queue, other = open_queue(), open_queue()
    other.enqueue("a")
    other.dequeue("ann")
    history = History(queue, lines=True)
    sim.run(asyncio.sleep(11))
    queue.dequeue("ben")
    assert [event.move for event in history.events] == ["retry", "dequeue"]
    assert told(history) == ['queue.dequeue("ben")'] * 2
