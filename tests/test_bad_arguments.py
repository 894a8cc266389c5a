"""Any value of any type in any method: the same error from every queue, naming the argument, and nothing changes."""

import contextlib
import decimal
import fractions
import itertools

import pytest

from jobqueue_lesson import JobQueue, Simulation, Worker
from jobqueue_lesson.arguments import DEEPEST, shown
from jobqueue_lesson.durable import NotJSON, SQLiteQueue, StorageError
from jobqueue_lesson.job import IllegalMove, JobNotFound, KeyReused, LeaseLost


class Broken:
    """Fails whatever is asked of it."""

    def __repr__(self):
        raise RuntimeError("no repr")

    def __eq__(self, other):
        raise RuntimeError("not comparable")

    __hash__ = None

    def __bool__(self):
        raise RuntimeError("neither true nor false")


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


HALF = "caf\udce9"  # half of a surrogate pair: what a file name that is not UTF-8 becomes
HUGE = 10**5000  # more digits than Python is willing to print
ABSURD = [
    None, True, 0, 1, -1, 2**63, -(2**63) - 1, HUGE, -HUGE, 0.5, -0.5, 1e300, float("nan"), float("inf"), 1j,
    decimal.Decimal("1"), fractions.Fraction(1, 3), "", "a", HALF, "x" * 10_000, b"a", bytearray(b"a"), [], [1], {}, (),
    {1}, nested(3000), object(), Broken(), Broken, print, Exception("x"), KeyboardInterrupt(), range(3), NotImplemented,
]  # fmt: skip


def make_both():
    """Make two queues, each with a job in every state: 1 processing, 2 completed, 3 failed, 4 pending."""
    queues = [
        JobQueue("tasks", clock=lambda: 1000.0),
        SQLiteQueue(":memory:", clock=lambda: 1000.0, lease=1e6, poll=None),
    ]
    for queue in queues:
        for _ in range(4):
            queue.enqueue("a", max_attempts=1)
        for id in (1, 2, 3):
            assert queue.dequeue().id == id
        queue.complete(2)
        queue.fail(3, "x")
    return queues


@pytest.fixture
def both():
    queues = make_both()
    yield queues
    queues[1].close()


CALLS = {
    "type": lambda queue, value: queue.enqueue(value),
    "priority": lambda queue, value: queue.enqueue("a", priority=value),
    "delay": lambda queue, value: queue.enqueue("a", delay=value),
    "max_attempts": lambda queue, value: queue.enqueue("a", max_attempts=value),
    "key": lambda queue, value: queue.enqueue("a", key=value),
    "worker": lambda queue, value: queue.dequeue(worker=value),
    "job_id": lambda queue, value: queue.get(value),
    "job_id of complete": lambda queue, value: queue.complete(value),
    "job_id of fail": lambda queue, value: queue.fail(value, "x"),
    "job_id of release": lambda queue, value: queue.release(value),
    "job_id of heartbeat": lambda queue, value: queue.heartbeat(value),
    "job_id of progress": lambda queue, value: queue.progress(value, 0.5),
    "job_id of revive": lambda queue, value: queue.revive(value),
    "job_id of discard": lambda queue, value: queue.discard(value),
    "attempt": lambda queue, value: queue.heartbeat(1, attempt=value),
    "attempt of complete": lambda queue, value: queue.complete(1, attempt=value),
    "attempt of fail": lambda queue, value: queue.fail(1, "x", attempt=value),
    "attempt of release": lambda queue, value: queue.release(1, attempt=value),
    "attempt of progress": lambda queue, value: queue.progress(1, 0.5, attempt=value),
    "error": lambda queue, value: queue.fail(1, value),
    "fraction": lambda queue, value: queue.progress(1, value),
    "note": lambda queue, value: queue.progress(1, 0.5, value),
    "type of dead": lambda queue, value: queue.dead(value),
    "after": lambda queue, value: queue.dead(after=value),
    "limit": lambda queue, value: queue.dead(limit=value),
    "listener": lambda queue, value: queue.subscribe(value)(),
}


def outcome(call, queue, value):
    try:
        answer = call(queue, value)
    except Exception as error:
        return type(error), str(error)
    return "accepted", getattr(answer, "id", None)


@pytest.mark.parametrize("argument", CALLS)
def test_every_queue_says_the_same_and_names_the_argument(argument):
    for value in ABSURD:
        both = make_both()
        before = [queue.stats() for queue in both]
        said = [outcome(CALLS[argument], queue, value) for queue in both]
        after = [queue.stats() for queue in both]
        both[1].close()
        assert said[0] == said[1]
        kind, message = said[0]
        if kind == "accepted":
            continue
        assert after == before
        message.encode()
        assert len(message) < 500
        assert kind in (TypeError, ValueError, JobNotFound, LeaseLost, IllegalMove)
        if kind in (TypeError, ValueError):
            assert message.startswith(f"{argument.partition(' ')[0]} must ")


def test_an_id_beyond_64_bits_is_unknown_like_any_other(both):
    for queue, id in itertools.product(both, (2**63, -(2**70), HUGE)):
        assert queue.get(id) is None
        assert queue.dead(after=abs(id)) == []
        with pytest.raises(JobNotFound, match="no job with id"):
            queue.complete(id)
        with pytest.raises(LeaseLost):
            queue.complete(1, attempt=id)
    assert both[1].events(after=HUGE) == []


def test_all_the_dead_fit_on_a_page_that_is_large_enough(both):
    for queue in both:
        assert [job.id for job in queue.dead(limit=HUGE)] == [3]


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63)])
def test_numbers_of_64_bits_are_kept(both, value):
    for queue in both:
        job = queue.enqueue("a", priority=value, max_attempts=2**63 - 1)
        assert (queue.get(job.id).priority, queue.get(job.id).max_attempts) == (value, 2**63 - 1)


def test_a_delay_of_three_centuries_is_the_longest(both):
    for queue in both:
        assert queue.get(queue.enqueue("a", delay=1e10).id).scheduled_for == 1e10 + 1000
        with pytest.raises(ValueError, match=r"delay must be a number of seconds, 1e\+10 or less, got 10000000001"):
            queue.enqueue("a", delay=10**10 + 1)


def test_an_error_whose_text_cannot_be_encoded_is_kept_readable(both):
    for queue in both:
        queue.fail(1, FileNotFoundError(f"no file {HALF}.txt"))
        assert queue.get(1).error == r"FileNotFoundError: no file caf\udce9.txt"


def test_names_in_all_languages_are_kept(both):
    for queue in both:
        job = queue.enqueue("отчёт", {"für": "Zoë 🎉"}, key="キー", priority=1)
        assert queue.dequeue(worker="Zoë").id == job.id
        queue.progress(job.id, 0.5, "½ 🎉")
        kept = queue.get(job.id)
        assert (kept.type, kept.data, kept.key, kept.worker, kept.note) == (
            "отчёт",
            {"für": "Zoë 🎉"},
            "キー",
            "Zoë",
            "½ 🎉",
        )


# --- data and results ---

NO_JSON = [
    HALF, {"to": HALF}, {HALF: 1}, "\ud83d\ude00", nested(DEEPEST + 1), nested(3000), {"a": [nested(DEEPEST)]}, HUGE,
    Broken(), [Broken()], {1: 2}, (1,), {1}, b"a", float("nan"), object(), decimal.Decimal(1),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(NO_JSON)))
def test_what_cannot_be_kept_on_disk_is_refused_as_data_and_as_result(both, number):
    _, queue = both
    for name, call in (
        ("data", lambda: queue.enqueue("a", NO_JSON[number])),
        ("result", lambda: queue.complete(1, NO_JSON[number])),
    ):
        with pytest.raises(NotJSON, match=f"^{name} must be JSON, because it is stored: ") as caught:
            call()
        str(caught.value).encode()
        assert len(str(caught.value)) < 800
    assert queue.stats() == {"pending": 1, "processing": 1, "completed": 1, "failed": 1}


@pytest.mark.parametrize(
    "value",
    [
        "🎉",
        "\\ud800",
        {"\\udead": "🎉"},
        nested(DEEPEST),
        [[]] * 1000,
        [{"a": [n]} for n in range(500)],
        2**100,
        10**400,
    ],
    ids=range(8),
)
def test_what_can_be_kept_on_disk_comes_back_as_it_was(both, value):
    _, queue = both
    assert queue.get(queue.enqueue("a", value).id).data == value
    assert queue.complete(1, value).result == queue.get(1).result == value


@pytest.mark.parametrize("value", [Broken(), nested(3000), HALF, HUGE, {1, 2}], ids=range(5))
def test_in_memory_data_and_results_may_be_anything(value):
    queue = JobQueue()
    assert queue.enqueue("a", value, key="k").data is value
    assert queue.enqueue("a", value, key="k").id == 1
    with pytest.raises(KeyReused):
        queue.enqueue("a", [value], key="k")
    queue.dequeue()
    assert queue.complete(1, value).result is value


# --- what is made ---


def made_or_named(make, name):
    """Make something with every absurd value: it works, or the error names the argument."""
    for value in ABSURD:
        try:
            make(value)
        except (TypeError, ValueError) as error:
            said = str(error)
        else:
            continue
        assert said.startswith((f"{name} must ", f"{name}() must "))
        assert len(said) < 500
        said.encode()


@pytest.mark.parametrize("name", ["name", "clock", "retry", "max_pending", "keep_finished", "aging"])
def test_a_queue_in_memory_is_made_or_the_argument_is_named(name):
    made_or_named(lambda value: JobQueue(**{name: value}), name)


@pytest.mark.parametrize("name", ["path", "name", "clock", "retry", "lease", "max_pending", "poll", "fsync"])
def test_a_queue_on_disk_is_made_or_the_argument_is_named(tmp_path, monkeypatch, name):
    def make(value):
        with contextlib.suppress(StorageError):  # such as a name that is too long
            SQLiteQueue(**({"path": ":memory:"} | {name: value})).close()

    monkeypatch.chdir(tmp_path)
    made_or_named(make, name)


@pytest.mark.parametrize("name", ["queue", "handlers", "name", "concurrency", "timeout"])
def test_a_worker_is_made_or_the_argument_is_named(name):
    made_or_named(lambda value: Worker(**({"queue": JobQueue(), "handlers": {}} | {name: value})), name)


def test_handlers_are_named_by_type():
    made_or_named(lambda value: Worker(JobQueue(), {"a": value}), "handlers['a']")


def test_a_path_that_is_no_name_of_a_file_is_refused():
    with pytest.raises(ValueError, match="path must be the name of a file, got"):
        SQLiteQueue("a\0b")


def test_a_handler_that_returns_what_cannot_be_shown_fails_by_name():
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    queue.enqueue("a")
    sim.run(Worker(queue, {"a": lambda data: Broken()}).drain())
    assert "it returned a Broken that cannot be shown" in queue.get(1).error


def test_what_is_shown_is_short_and_can_be_printed():
    assert shown("a") == "'a'"
    assert shown(HALF) == r"'caf\udce9'"
    assert shown(HUGE) == "a int that cannot be shown"
    assert len(shown("x" * 10_000)) == 201
