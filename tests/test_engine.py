"""The engine: Procrastinate on a PostgreSQL of our own, with worker processes that are killed, frozen and cut off."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import httpx
import psycopg
import pytest

from jobqueue_lesson import History, text_timeline
from jobqueue_lesson.api import create_app, in_process
from jobqueue_lesson.durable import StorageError
from jobqueue_lesson.engine import EngineQueue, EngineWorker, crash
from jobqueue_lesson.job import IllegalMove, JobNotFound, KeyReused
from jobqueue_lesson.retries import RetryPolicy
from tests.support.engine_attempts import Attempts
from tests.support.postgres import connects, folder_of
from tests.support.waiting import DEADLINE, wait_until

ROUNDS = 100
"""Of six producers with one idempotency key. 500 is torture."""
unix = pytest.mark.skipif(sys.platform == "win32", reason="no such signals on Windows")

HANDLERS = """
import asyncio
import os
import random
import time

from jobqueue_lesson.handlers import HANDLERS
from jobqueue_lesson.progress import current_job
from jobqueue_lesson.retries import DoNotRetry


def note(path):
    with open(path, "a") as file:
        file.write(f"{current_job().id} {current_job().attempt} {os.getpid()}\\n")


async def hangs_once(data):
    current_job().progress(0.5, "half way")
    await asyncio.sleep(600 if current_job().attempt == 1 else 0.01)
    return data


async def freezes(data):
    current_job().progress(0.5, "half way")
    while not os.path.exists(data):
        await asyncio.sleep(0.01)
    current_job().progress(0.9, f"attempt {current_job().attempt}")
    return current_job().attempt


async def waits(data):
    note(data["log"])
    current_job().progress(0.1)
    while not os.path.exists(data["gate"]):
        await asyncio.sleep(0.01)
    return "done"


async def steps(data):
    for step in range(1, 6):
        await asyncio.sleep(0.01)
        current_job().progress(step / 10, f"step {step}")
    return "done"


async def fails(data):
    raise ValueError(data)


async def fails_first(data):
    note(data["log"])
    if current_job().attempt < data["attempts"]:
        raise ConnectionError("not yet")
    return "done"


async def never(data):
    raise DoNotRetry("not a valid address")


async def echo(data):
    return data


def plain(data):
    return data


async def logged(data):
    note(data)


async def evaluate(data):
    return eval(data)


async def raises(data):
    exec(data)


HANDLERS = HANDLERS | {
    "hangs-once": hangs_once, "freezes": freezes, "waits": waits, "steps": steps, "fails": fails,
    "fails-first": fails_first, "never": never, "echo": echo, "plain": plain, "logged": logged, "evaluate": evaluate,
    "raises": raises,
}
"""


@pytest.fixture(scope="module")
def handlers(tmp_path_factory):
    path = tmp_path_factory.mktemp("handlers") / "my_handlers.py"
    path.write_text(HANDLERS)
    return path


@pytest.fixture
def queue(url, request):
    """A queue without workers."""
    queue = EngineQueue(url, f"test-{request.node.name}"[:40], retry=RetryPolicy(base=0.1))
    yield queue
    queue.close(delete=True)


@pytest.fixture(scope="module")
def _team(url, handlers):
    """One queue for all tests that don't harm its two workers: a process takes a second to start."""
    queue = EngineQueue(url, "team", retry=RetryPolicy(base=0.01, factor=1))
    with EngineWorker(queue, handlers, name="ann"), EngineWorker(queue, handlers, name="ben"):
        yield queue
    queue.close(delete=True)


@pytest.fixture
def team(_team):
    """The queue of `_team`, empty."""
    yield _team
    _team._listeners.clear()
    wait_until(lambda: unfinished(_team) == 0)
    _team._database.change("DELETE FROM procrastinate_jobs WHERE queue_name = 'team'")


async def wait_for(condition, seconds=DEADLINE):
    """Wait while the event loop runs, and without a call of the queue's."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        await asyncio.sleep(0.01)


def unfinished(queue):
    stats = queue.stats()
    return stats["pending"] + stats["processing"]


def finished(queue, *jobs):
    wait_until(lambda: all(queue.get(job.id).status in ("completed", "failed") for job in jobs))
    return [queue.get(job.id) for job in jobs]


def processing(queue, job):
    wait_until(lambda: queue.get(job.id).progress is not None)
    return queue.get(job.id)


@contextmanager
def down(url):
    """Kill the server, and keep its supervisor from starting it again in this block."""
    server = int((folder_of(url) / "data" / "postmaster.pid").read_text().split()[0])
    family = {pid: parent for pid, parent, _ in processes()}
    backends = {pid for pid, parent in family.items() if parent == server}
    os.kill(family[server], signal.SIGSTOP)
    try:
        crash(url)
        # A process that serves a connection answers until it has noticed.
        wait_until(lambda: not any(pid in backends and not state.startswith("Z") for pid, _, state in processes()))
        yield
    finally:
        os.kill(family[server], signal.SIGCONT)
        wait_until(lambda: connects(url))


def processes():
    """Give the id, the parent's id and the state of every process."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)
    return [(int(pid), int(parent), state) for pid, parent, state in map(str.split, listed.stdout.splitlines())]


# --- jobs in worker processes ---


def test_the_handlers_of_notebook_03_run_in_worker_processes(team):
    jobs = [
        team.enqueue("send-email", {"to": "alice@example.com"}),
        team.enqueue("resize-image", {"size": "medium"}),
        team.enqueue("generate-report", {"format": "pdf"}),
    ]
    assert [(job.status, job.attempts, job.max_attempts, job.priority) for job in jobs] == [("pending", 0, 3, 0)] * 3
    assert [job.result for job in finished(team, *jobs)] == [
        {"sent": True, "to": "alice@example.com"},
        {"resized": True, "size": "medium"},
        {"pages": 5, "format": "pdf"},
    ]
    assert {team.get(job.id).worker for job in jobs} <= {"ann", "ben"}


def test_two_workers_take_the_highest_priority_first(team, tmp_path):
    gate, log = tmp_path / "gate", str(tmp_path / "log")
    holding = [team.enqueue("waits", {"gate": str(gate), "log": log}) for _ in range(2)]
    for job in holding:
        processing(team, job)
    jobs = [team.enqueue("echo", priority=priority) for priority in (-1, 1, 10, 0, -10, 2, 1000, -1000, 10, 1)]
    gate.touch()
    done = sorted(finished(team, *jobs), key=lambda job: job.started_at)
    for worker in ("ann", "ben"):  # each asks for the next one when it has done the last
        took = [job.priority for job in done if job.worker == worker]
        assert took == sorted(took, reverse=True)


def test_claims_go_by_priority_and_then_by_id(queue):
    priorities = [-1, 1, 10, 0, -10, 2**31 - 1, -(2**31) + 1, 10]
    jobs = [queue.enqueue("a", priority=priority) for priority in priorities]
    attempts = Attempts(queue)
    claimed = [attempts.dequeue().id for _ in jobs]
    assert claimed == [job.id for job in sorted(jobs, key=lambda job: (-job.priority, job.id))]
    assert attempts.dequeue() is None


@pytest.mark.parametrize("code", ["SystemExit(3)", "KeyboardInterrupt", "asyncio.CancelledError", "GeneratorExit"])
def test_what_a_handler_raises_stays_inside_its_job(team, code):
    jobs = [team.enqueue("raises", f"raise {code}", max_attempts=2) for _ in range(3)]
    after = team.enqueue("echo", "still here", priority=-1)
    *failed, done = finished(team, *jobs, after)
    kind = code.partition("(")[0].rpartition(".")[2]
    for job in failed:
        assert (job.status, job.attempts, [error.type for error in job.errors]) == ("failed", 1, [kind])
    assert done.result == "still here"


def test_a_handler_that_cancels_itself_ends_its_job_only(team):
    jobs = [team.enqueue("raises", "asyncio.current_task().cancel()", max_attempts=1) for _ in range(3)]
    after = team.enqueue("echo", "still here", priority=-1)
    *cancelled, done = finished(team, *jobs, after)
    assert {job.attempts for job in cancelled} == {1}
    assert done.result == "still here"


def test_a_type_without_a_handler_fails_at_once(team):
    (job,) = finished(team, team.enqueue("make-coffee"))
    assert (job.status, job.attempts) == ("failed", 1)
    assert job.error.startswith("NoHandler: no handler for 'make-coffee'; this worker has: echo, ")


def test_a_handler_that_is_no_async_function_fails_at_once(team):
    (job,) = finished(team, team.enqueue("plain", {"n": 1}))
    assert (job.status, job.attempts) == ("failed", 1)
    assert job.error.endswith("'plain' must be an async function (async def), it returned {'n': 1}")


@pytest.mark.parametrize(
    "name", ["builtin:procrastinate.builtin.remove_old_jobs", "procrastinate.builtin_tasks.remove_old_jobs"]
)
def test_the_engines_own_tasks_are_no_handlers(team, name):
    (job,) = finished(team, team.enqueue(name))
    assert job.error.startswith(f"NoHandler: no handler for {name!r}")


@pytest.mark.parametrize("code", ["object()", "float('nan')", "{1: 2}", "(1, 2)", "{1, 2}"])
def test_a_result_that_is_no_json_fails_the_job_with_its_reason(team, code):
    (job,) = finished(team, team.enqueue("evaluate", code, max_attempts=1))
    assert (job.status, job.result) == ("failed", None)
    assert "result must be JSON" in job.error


def test_a_result_that_the_database_refuses_fails_the_job_with_its_reason(team):
    """JSON takes it, and PostgreSQL finds it nested too deeply."""
    code = "sys.setrecursionlimit(10**6) or functools.reduce(lambda inner, _: [inner], range(25_000), 0)"
    jobs = [team.enqueue("evaluate", code, max_attempts=1) for _ in range(2)]
    after = team.enqueue("echo", "still here", priority=-1)
    *failed, done = finished(team, *jobs, after)
    assert {(job.status, job.result) for job in failed} == {("failed", None)}
    assert all(job.error for job in failed)
    assert done.result == "still here"


EXACT = [
    None, True, 1, 1.0, 1e23, -0.0, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, 2**31, 2**63, -(2**64), 10**300,
    "", "\0", "a\0b", "\x1b\x7f\\\"'", "\U0001f600 é e\u0301", "x" * 300_000,
    [], {}, {"z": 1, "a": {"y": [], "b": None}}, {"": 0, "\0": 1, "1": 2}, [1, 1.0, True, "1", None],
    json.loads("[" * 90 + "]" * 90),
]  # fmt: skip


def test_data_and_results_come_back_exactly(team):
    jobs = [team.enqueue("echo", data) for data in EXACT]
    for data, job in zip(EXACT, finished(team, *jobs), strict=True):
        # As texts, since 1 == 1.0 == True, 0.0 == -0.0, and the order of keys doesn't count for dictionaries.
        assert json.dumps(job.data) == json.dumps(data)
        assert json.dumps(job.result) == json.dumps(data)


def test_errors_come_back_as_texts_that_can_be_kept(team):
    (job,) = finished(team, team.enqueue("raises", r"raise ValueError('a\0b \ud800 é')", max_attempts=1))
    assert job.error == "ValueError: a\\x00b \\ud800 é"


def test_a_message_of_an_error_may_be_long_and_its_str_may_be_broken(team):
    broken = "class Broken(Exception):\n    def __str__(self):\n        1 / 0\nraise Broken"
    long, unknown = finished(
        team,
        team.enqueue("raises", "raise ValueError('x' * 1_000_000)", max_attempts=1),
        team.enqueue("raises", broken, max_attempts=1),
    )
    assert len(long.error) == 1_000_012
    assert unknown.errors[0].type == "Broken"


def test_nothing_has_a_time_limit_that_nobody_set(monkeypatch, url, handlers):
    """RQ stopped a handler after three minutes. An EngineWorker's command line has no such number."""
    seen = {}
    monkeypatch.setattr(
        "jobqueue_lesson.processes.Child.__init__", lambda self, *given, **named: seen.update(given=given, **named)
    )
    queue = EngineQueue(url, "team")
    EngineWorker(queue, handlers, name="ann", lease=2.5)
    assert seen["given"] == ("jobqueue_lesson.engine_worker", "team", str(handlers), "ann", "2.5")
    queue.close()


def test_progress_is_shown_and_never_goes_back(team):
    job = team.enqueue("steps")
    seen = [0.0]
    while (now := team.get(job.id)).status != "completed":
        seen.append(now.progress or 0.0)
    assert seen == sorted(seen)
    assert (now.progress, now.note) == (1.0, "step 5")


def test_a_note_that_is_no_text_is_an_error_of_the_handlers(team):
    code = "current_job().progress(0.5, 5)"
    (job,) = finished(team, team.enqueue("raises", code, max_attempts=1))
    assert job.error == "TypeError: note must be a string, got 5"


# --- times ---


def test_times_are_exact(queue):
    for delay in (0, 0.25, 0.75, 1, 12.345678, 86_400.000001, 1e9):
        job = queue.enqueue("a", delay=delay)
        kept = queue.get(job.id)
        assert kept.created_at == job.created_at
        assert kept.scheduled_for - kept.created_at == pytest.approx(delay, abs=1e-6)
        assert job.scheduled_for == pytest.approx(kept.scheduled_for, abs=1e-6)


def test_a_worker_is_told_when_the_next_job_is_due(queue):
    queue.enqueue("a", delay=0.75)
    queue.enqueue("a", delay=0.25)
    next_in = Attempts(queue).next_in()
    assert next_in is None or 0 < next_in <= 0.25


def test_100_delayed_jobs_run_once_each_and_never_early(team, tmp_path):
    log = tmp_path / "log"
    jobs = [team.enqueue("logged", str(log), delay=0.01 * number) for number in range(100)]
    done = finished(team, *jobs)
    assert all(job.started_at >= job.scheduled_for for job in done)
    assert Counter(line.split()[0] for line in log.read_text().splitlines()) == {str(job.id): 1 for job in jobs}
    assert {job.attempts for job in done} == {1}


@pytest.mark.parametrize("more", [0, 2])
def test_without_any_fault_each_job_runs_exactly_as_often_as_it_should(team, handlers, tmp_path, more):
    """With two workers, and with four."""
    log = tmp_path / "log"
    crew = [EngineWorker(team, handlers, name=f"more-{number}") for number in range(more)]
    try:
        once = [team.enqueue("logged", str(log), delay=0.01 * (number % 50)) for number in range(100)]
        thrice = [team.enqueue("fails-first", {"log": str(log), "attempts": 3}, max_attempts=3) for _ in range(25)]
        gave_up = [team.enqueue("fails-first", {"log": str(log), "attempts": 9}, max_attempts=2) for _ in range(25)]
        done = finished(team, *once, *thrice, *gave_up)
    finally:
        for worker in crew:
            worker.stop()
    expected = {job.id: 1 for job in once} | {job.id: 3 for job in thrice} | {job.id: 2 for job in gave_up}
    assert Counter(int(line.split()[0]) for line in log.read_text().splitlines()) == expected
    assert {job.id: job.attempts for job in done} == expected
    assert [job.status for job in done] == ["completed"] * 125 + ["failed"] * 25
    assert all(len(job.errors) == 2 for job in done[100:])
    started = [event for event in team.events() if event.move == "dequeue"]
    assert Counter(event.job_id for event in started) == expected


# --- idempotency keys ---


def test_six_producers_with_one_key_make_one_job(url, queue):
    producers = 6
    together = threading.Barrier(producers, timeout=DEADLINE)

    def produce():
        mine = EngineQueue(url, queue.name)
        ids = []
        for number in range(ROUNDS):
            together.wait()
            ids.append(mine.enqueue("a", {"round": number}, key=f"round {number}").id)
        mine.close()
        return ids

    with ThreadPoolExecutor(producers) as pool:
        made = [job.result() for job in [pool.submit(produce) for _ in range(producers)]]
    assert all(len(set(ids)) == 1 for ids in zip(*made, strict=True))
    assert queue.stats()["pending"] == ROUNDS == len(set(made[0]))
    assert len(queue.events()) == ROUNDS


def test_of_six_producers_with_one_key_and_other_data_one_wins(url, queue):
    together = threading.Barrier(6, timeout=DEADLINE)

    def produce(number):
        mine = EngineQueue(url, queue.name)
        together.wait()
        try:
            return mine.enqueue("a", number, key="k").data
        except KeyReused:
            return None
        finally:
            mine.close()

    with ThreadPoolExecutor(6) as pool:
        won = [data for data in pool.map(produce, range(6)) if data is not None]
    (job,) = [queue.get(event.job_id) for event in queue.events()]
    assert won == [job.data]


def test_a_key_outlives_its_job(team):
    first = team.enqueue("echo", "alice", key="welcome")
    finished(team, first)
    again = team.enqueue("echo", "alice", key="welcome")
    assert (again.id, again.status, again.result) == (first.id, "completed", "alice")
    with pytest.raises(KeyReused, match=f"key 'welcome' belongs to job #{first.id}, a echo with other data"):
        team.enqueue("echo", "bob", key="welcome")
    with pytest.raises(KeyReused):
        team.enqueue("send-email", "alice", key="welcome")
    assert len(team.events()) == 3


def test_a_key_may_be_long_and_have_any_character(queue):
    keys = ["k" * 255, "\U0001f600" * 255, "'; DROP TABLE jobqueue_jobs; --", "a b", " a b", "%s"]
    ids = [queue.enqueue("a", key=key).id for key in keys]
    assert [queue.enqueue("a", key=key).id for key in keys] == ids
    assert [queue.get(id).key for id in ids] == keys


# --- bad arguments ---

SURROGATE = "\ud800"
BAD = [
    ("type", {"type": ""}), ("type", {"type": 5}), ("type", {"type": "a\0"}), ("type", {"type": "x" * 129}),
    ("type", {"type": SURROGATE}),
    ("priority", {"priority": 2**31}), ("priority", {"priority": -(2**31)}), ("priority", {"priority": 2**70}),
    ("priority", {"priority": 1.5}), ("priority", {"priority": True}),
    ("delay", {"delay": -1}), ("delay", {"delay": float("nan")}), ("delay", {"delay": float("inf")}),
    ("delay", {"delay": 1e12}), ("delay", {"delay": "1"}),
    ("max_attempts", {"max_attempts": 0}), ("max_attempts", {"max_attempts": 2**31}),
    ("max_attempts", {"max_attempts": 2.0}),
    ("key", {"key": ""}), ("key", {"key": 7}), ("key", {"key": "a\0b"}), ("key", {"key": SURROGATE}),
    ("key", {"key": "".join(map(chr, range(1, 4000)))}),
    ("data", {"data": {1, 2}}), ("data", {"data": float("nan")}), ("data", {"data": object()}),
    ("data", {"data": {1: 2}}), ("data", {"data": (1, 2)}), ("data", {"data": 10**5000}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given"), BAD)
def test_an_argument_that_makes_no_sense_is_refused_by_name(queue, name, given):
    with pytest.raises((TypeError, ValueError), match=rf"^{name}\b"):
        queue.enqueue(**{"type": "a", "data": None} | given)
    assert queue.stats()["pending"] == 0


def test_the_limits_are_written_as_whole_numbers(queue):
    with pytest.raises(ValueError, match="priority must be from -2147483647 to 2147483647 on this engine, got"):
        queue.enqueue("a", priority=2**31)


@pytest.mark.parametrize("id", ["1", 1.0, None, True])
@pytest.mark.parametrize("call", ["get", "revive", "discard"])
def test_an_id_of_the_wrong_type_is_refused_by_name(queue, call, id):
    with pytest.raises(TypeError, match="job_id"):
        getattr(queue, call)(id)


@pytest.mark.parametrize("id", [0, -1, 2**63 - 1, 2**63, -(2**63), 2**200])
def test_a_number_that_is_no_jobs_is_unknown_however_large(queue, id):
    assert queue.get(id) is None
    for call in (queue.revive, queue.discard):
        with pytest.raises(JobNotFound, match=str(id)):
            call(id)


@pytest.mark.parametrize(
    ("name", "given"),
    [("limit", {"limit": 0}), ("limit", {"limit": 1.5}), ("after", {"after": -1}), ("after", {"after": "1"}),
     ("type", {"type": 5}), ("type", {"type": "a\0"}), ("type", {"type": SURROGATE})],
)  # fmt: skip
def test_a_page_that_makes_no_sense_is_refused_by_name(queue, name, given):
    with pytest.raises((TypeError, ValueError), match=rf"^{name}\b"):
        queue.dead(**given)


def test_a_page_may_be_beyond_every_number(queue):
    assert queue.dead(after=2**63 - 1, limit=2**63 - 1) == []


@pytest.mark.parametrize("name", ["", "x" * 41, "é" * 21, "a\0", SURROGATE, 5, None])
def test_a_name_that_makes_no_sense_is_refused(url, name):
    with pytest.raises((TypeError, ValueError), match=r"^name\b"):
        EngineQueue(url, name)


@pytest.mark.parametrize("name", ['a"b', "a'b", "a b", "%s", "é" * 20, 'jobs"; DROP TABLE jobqueue_jobs; --', "x" * 40])
def test_a_queue_may_have_any_other_name(url, name):
    queue = EngineQueue(url, name)
    events = []
    queue.subscribe(events.append)
    job = queue.enqueue("a")
    assert Attempts(queue).dequeue().id == job.id
    assert [event.move for event in events] == ["enqueue", "dequeue"]
    queue.close(delete=True)


@pytest.mark.parametrize(
    "retry",
    [
        5,
        "none",
        RetryPolicy(retry_on=(OSError,)),
        RetryPolicy(base=1e300, cap=1e300),
        RetryPolicy(cap=1e12),
        RetryPolicy(rng=random.Random(1)),
    ],
)
def test_a_retry_policy_that_the_workers_can_not_follow_is_refused(url, retry):
    with pytest.raises((TypeError, ValueError), match="retry"):
        EngineQueue(url, retry=retry)


@pytest.mark.parametrize(
    ("name", "given"),
    [("lease", {"lease": 0}), ("lease", {"lease": "1"}), ("lease", {"lease": 1e300}),
     ("name", {"name": ""}), ("name", {"name": 5}), ("name", {"name": "a\0"}), ("name", {"name": "x" * 101}),
     ("name", {"name": SURROGATE})],
)  # fmt: skip
def test_a_worker_that_makes_no_sense_is_refused(queue, handlers, name, given):
    with pytest.raises((TypeError, ValueError), match=rf"^{name}\b"):
        EngineWorker(queue, handlers, **given)


def test_a_worker_without_handlers_is_refused(queue, tmp_path):
    with pytest.raises(FileNotFoundError, match="no file with handlers at"):
        EngineWorker(queue, tmp_path / "nowhere.py")


def test_a_listener_that_is_none_is_refused(queue):
    with pytest.raises(TypeError, match="listener"):
        queue.subscribe("print")


@pytest.mark.parametrize("url", ["postgresql://postgres@/postgres?host=/nowhere", "no url"])
def test_a_server_that_is_not_there_is_a_storage_error(url):
    with pytest.raises(StorageError, match="queue 'jobs'"):
        EngineQueue(url)


# --- dead letters and the record ---


def test_retries_and_dead_letters(team):
    broken = team.enqueue("fails", "broken", max_attempts=2)
    never = team.enqueue("never", max_attempts=5)
    finished(team, broken, never)
    assert [(job.id, job.attempts, job.error) for job in team.dead()] == [
        (broken.id, 2, "ValueError: broken"),
        (never.id, 1, "DoNotRetry: not a valid address"),
    ]
    assert [str(error) for error in team.get(broken.id).errors] == ["ValueError: broken"] * 2
    team.revive(broken.id)  # a worker may have claimed it before this returns
    (again,) = finished(team, broken)
    assert (again.status, again.attempts, len(again.errors)) == ("failed", 2, 4)
    assert [error.attempt for error in again.errors] == [1, 2, 1, 2]
    team.discard(never.id)
    assert team.get(never.id) is None
    assert [job.id for job in team.dead()] == [broken.id]
    with pytest.raises(JobNotFound):
        team.revive(never.id)
    done = team.enqueue("echo")
    finished(team, done)
    with pytest.raises(IllegalMove, match=f"cannot discard job #{done.id}: it is completed"):
        team.discard(done.id)


def test_the_record_is_complete_and_in_order(team):
    kept = team.enqueue("fails", "broken", max_attempts=2, priority=3, delay=0.05)
    done = team.enqueue("steps")
    finished(team, kept, done)
    team.revive(kept.id)
    finished(team, kept)
    events = team.events()
    assert [event.at for event in events] == sorted(event.at for event in events)
    told = [event for event in events if event.job_id == kept.id]
    assert [(event.move, event.status, event.attempt) for event in told] == [
        ("enqueue", "pending", 0),
        ("dequeue", "processing", 1),
        ("retry", "pending", 1),
        ("dequeue", "processing", 2),
        ("fail", "failed", 2),
        ("revive", "pending", 0),
        ("dequeue", "processing", 1),
        ("retry", "pending", 1),
        ("dequeue", "processing", 2),
        ("fail", "failed", 2),
    ]
    job = team.get(kept.id)
    assert {(event.type, event.priority) for event in told} == {("fails", 3)}
    assert told[0].at == job.created_at
    assert told[0].scheduled_for == told[1].scheduled_for == pytest.approx(job.created_at + 0.05, abs=1e-6)
    assert told[2].scheduled_for == pytest.approx(told[2].at + 0.01, abs=1e-6)
    assert [event.error for event in told if event.error] == list(job.errors)
    assert [event.worker is None for event in told] == [True] + [False] * 9
    assert [event.move for event in events if event.job_id == done.id] == ["enqueue", "dequeue", "complete"]
    history = History(name="engine")
    for event in events:
        history.record(event)
    assert f"#{done.id} " in text_timeline(history)


def test_no_move_is_earlier_than_the_one_before_it(team):
    """Workers claim while producers enqueue: both at the same time, each in a transaction with a time of its own."""
    jobs = [team.enqueue("echo") for _ in range(100)]
    done = finished(team, *jobs)
    assert [job for job in done if not job.created_at <= job.started_at <= job.finished_at] == []
    moves = {job.id: [] for job in jobs}
    for event in team.events():
        moves[event.job_id].append(event.move)
    assert {tuple(made) for made in moves.values()} == {("enqueue", "dequeue", "complete")}


def test_a_claim_that_started_before_its_job_was_enqueued_does_not_come_before_it(queue):
    with psycopg.connect(queue.url) as connection:
        connection.execute("SELECT now()")  # its transaction starts here
        job = queue.enqueue("a")
        connection.execute("SELECT jobqueue_claim(%s, NULL, 'ann')", ([queue.name],))
    assert queue.get(job.id).started_at == job.created_at
    assert [(event.move, event.at) for event in queue.events()] == [
        ("enqueue", job.created_at),
        ("dequeue", job.created_at),
    ]


# --- listeners ---


def test_own_moves_are_heard_at_once_and_in_order(queue):
    events = []
    queue.subscribe(events.append)
    job = queue.enqueue("a", max_attempts=1)
    assert [event.move for event in events] == ["enqueue"]
    attempts = Attempts(queue)
    attempts.dequeue("ann")
    attempts.fail(job.id, "broken")
    queue.revive(job.id)
    attempts.dequeue("ann")
    attempts.progress(job.id, 0.5, "half")
    attempts.fail(job.id, ValueError("again"))
    queue.discard(job.id)
    moves = ["enqueue", "dequeue", "fail", "revive", "dequeue", "progress", "fail", "discard"]
    assert [event.move for event in events] == moves
    assert (events[5].progress, events[5].note, events[5].worker) == (0.5, "half", "ann")
    assert (events[7].status, events[7].worker, events[7].attempt) == ("failed", "ann", 1)


def test_moves_of_other_processes_are_heard_while_the_loop_runs(team):
    heard = []

    async def listen():
        leave = team.subscribe(heard.append)
        jobs = [team.enqueue("steps") for _ in range(10)]
        await wait_for(lambda: sum(event.move == "complete" for event in heard) == 10)
        leave()
        return jobs

    jobs = asyncio.run(listen())
    recorded = team.events()
    for job in jobs:
        mine = [event for event in heard if event.job_id == job.id]
        assert [event.move for event in mine] == ["enqueue", "dequeue", *["progress"] * 5, "complete"]
        assert [event.progress for event in mine if event.move == "progress"] == [0.1, 0.2, 0.3, 0.4, 0.5]
        assert [event for event in mine if event.move != "progress"] == [e for e in recorded if e.job_id == job.id]


def test_without_a_loop_moves_of_other_processes_are_heard_at_the_next_move(team):
    heard = []
    leave = team.subscribe(heard.append)
    first = team.enqueue("echo")
    finished(team, first)
    team.enqueue("echo")
    assert [event.move for event in heard if event.job_id == first.id] == ["enqueue", "dequeue", "complete"]
    leave()


def test_a_queue_may_be_used_in_one_loop_after_the_other(team):
    async def one():
        heard = []
        leave = team.subscribe(heard.append)
        job = team.enqueue("echo")
        await wait_for(lambda: [event.move for event in heard if event.job_id == job.id][-1:] == ["complete"])
        leave()

    async def two(heard):
        job = team.enqueue("echo")
        await wait_for(lambda: [event.move for event in heard if event.job_id == job.id][-1:] == ["complete"])

    asyncio.run(one())
    asyncio.run(one())
    heard = []
    team.subscribe(heard.append)
    asyncio.run(two(heard))
    asyncio.run(two(heard))
    assert [event.move for event in heard] == ["enqueue", "dequeue", "complete"] * 2


def test_listeners_that_raise_and_that_enqueue(queue, caplog):
    def broken(event):
        raise RuntimeError("listener broke")

    def follow_up(event):
        if event.type == "a":
            queue.enqueue("b")

    events = []
    queue.subscribe(broken)
    queue.subscribe(follow_up)
    queue.subscribe(events.append)
    queue.enqueue("a")
    assert [event.type for event in events] == ["a", "b"]
    assert caplog.text.count("listener broke") >= 2


def test_ctrl_c_in_a_listener_makes_nobody_deaf(queue):
    def interrupted(event):
        if event.type == "a":
            raise KeyboardInterrupt

    events = []
    queue.subscribe(interrupted)
    queue.subscribe(events.append)
    with pytest.raises(KeyboardInterrupt):
        queue.enqueue("a")
    queue.enqueue("b")
    assert [event.type for event in events] == ["a", "b"]


def test_who_has_left_hears_nothing_more_and_who_comes_hears_nothing_old(url, queue):
    other = EngineQueue(url, queue.name)
    first, second = [], []
    leave = queue.subscribe(first.append)
    other.enqueue("a")
    queue.stats()
    leave()
    leave()
    other.enqueue("b")
    queue.stats()
    other.enqueue("c")
    queue.subscribe(second.append)
    queue.enqueue("d")
    assert [event.type for event in second] == ["d"]
    assert len(first) <= 1
    other.close()


def test_notifications_without_a_listener_are_not_kept(url, queue):
    other = EngineQueue(url, queue.name)
    queue.subscribe(print)()
    for _ in range(5):
        other.enqueue("a")
        queue.stats()
    assert len(queue._database.notifications) == 0
    other.close()


def test_the_same_app_serves_it(team):
    report = {"format": "pdf", "dateRange": {"from": "2026-01-01", "to": "2026-01-31"}}

    async def talk():
        async with in_process(create_app(team, admin_token="s3cret")) as client:
            answer = await client.post("/api/reports", json=report, headers={"Idempotency-Key": "january"})
            assert answer.status_code == 202
            again = await client.post("/api/reports", json=report, headers={"Idempotency-Key": "january"})
            stream = await client.get(answer.headers["Location"] + "/events")
            letters = await client.get("/api/admin/dead-letters", headers={"Authorization": "Bearer s3cret"})
            return answer, again, stream, letters, await client.get("/api/jobs/9223372036854775807")

    answer, again, stream, letters, unknown = asyncio.run(asyncio.wait_for(talk(), DEADLINE))
    id = answer.json()["jobId"]
    assert answer.json() == again.json() == {"jobId": id, "status": "queued", "statusUrl": f"/api/jobs/{id}"}
    assert '"status":"completed","result":{"pages":5,"format":"pdf"}' in stream.text
    assert letters.json() == {"deadLetters": [], "next": None}
    assert unknown.status_code == httpx.codes.NOT_FOUND


# --- workers that are killed, frozen, stopped ---


def gated(queue, tmp_path, **options):
    """Enqueue a job that runs until its gate is opened; return both, and how often it has been started."""
    gate, log = tmp_path / "gate", tmp_path / "log"
    job = queue.enqueue("waits", {"gate": str(gate), "log": str(log)}, **options)
    return job, gate, lambda: len(log.read_text().splitlines())


def test_the_job_of_a_killed_worker_is_reclaimed(queue, handlers):
    job = queue.enqueue("hangs-once", 7)
    with EngineWorker(queue, handlers, name="ann", lease=1) as ann:
        begun = processing(queue, job)
        assert (begun.status, begun.progress, begun.note, begun.worker) == ("processing", 0.5, "half way", "ann")
        ann.kill()
    assert queue.stats()["processing"] == 1
    with EngineWorker(queue, handlers, name="ben", lease=30):  # each has a lease of its own
        (done,) = finished(queue, job)
    assert (done.attempts, done.worker, done.result, done.progress) == (2, "ben", 7, 1.0)
    assert [str(error) for error in done.errors] == ["LeaseExpired: ann sent no heartbeat before its lease expired"]
    assert [(event.move, event.worker, event.attempt) for event in queue.events()] == [
        ("enqueue", None, 0),
        ("dequeue", "ann", 1),
        ("retry", "ann", 1),
        ("dequeue", "ben", 2),
        ("complete", "ben", 2),
    ]


def test_a_killed_worker_can_come_back_at_once_under_the_same_name(queue, handlers):
    job = queue.enqueue("hangs-once", 7)
    with EngineWorker(queue, handlers, name="ann", lease=1) as ann:
        processing(queue, job)
        ann.kill()
    with EngineWorker(queue, handlers, name="ann", lease=1):
        finished(queue, job)
    assert [event.worker for event in queue.events()] == [None, "ann", "ann", "ann", "ann"]


@pytest.mark.slow
def test_a_job_whose_attempts_are_used_up_by_killed_workers_is_dead_with_its_reason(queue, handlers):
    job = queue.enqueue("hangs-once", max_attempts=1)
    with (
        EngineWorker(queue, handlers, name="ann", lease=1) as ann,
        EngineWorker(queue, handlers, name="ben", lease=1) as ben,
    ):
        victim = {"ann": ann, "ben": ben}[processing(queue, job).worker]
        victim.kill()
        (dead,) = finished(queue, job)
    assert (dead.status, dead.attempts) == ("failed", 1)
    assert dead.error == f"LeaseExpired: {victim.name} sent no heartbeat before its lease expired"


@pytest.mark.slow
@unix
def test_a_worker_frozen_beyond_its_lease_does_not_count_and_goes_on_afterwards(url, queue, handlers, tmp_path):
    gate = tmp_path / "gate"
    job = queue.enqueue("freezes", str(gate))
    with EngineWorker(queue, handlers, name="ann", lease=1) as ann:
        processing(queue, job)
        os.kill(ann._process.pid, signal.SIGSTOP)
        try:
            with EngineWorker(queue, handlers, name="ben", lease=1) as ben:
                wait_until(lambda: queue.get(job.id).worker == "ben")
                queue._database.change("SELECT jobqueue_prune()")  # as a third worker does when it comes
                gate.touch()
                (done,) = finished(queue, job)
                assert (done.result, done.attempts, done.worker, done.note) == (2, 2, "ben", "attempt 2")
                os.kill(ben._process.pid, signal.SIGSTOP)
                os.kill(ann._process.pid, signal.SIGCONT)
                (later,) = finished(queue, queue.enqueue("echo", "by ann"))
                assert (later.worker, later.result) == ("ann", "by ann")
                os.kill(ben._process.pid, signal.SIGCONT)
        finally:
            os.kill(ann._process.pid, signal.SIGCONT)
    assert vars_of(queue.get(job.id)) == vars_of(done)
    assert [event.move for event in queue.events() if event.job_id == job.id][-1] == "complete"


def vars_of(job):
    return {name: getattr(job, name) for name in job.__slots__}


@pytest.mark.slow
@unix
def test_sigterm_lets_a_worker_finish_its_job_however_long_that_takes(queue, handlers, tmp_path):
    """Longer than its lease: the other worker must not get it."""
    job, gate, starts = gated(queue, tmp_path)
    with EngineWorker(queue, handlers, name="ann", lease=3) as ann:
        processing(queue, job)
        with EngineWorker(queue, handlers, name="ben", lease=3):
            os.kill(ann._process.pid, signal.SIGTERM)
            after = queue.enqueue("echo")
            assert finished(queue, after)[0].worker == "ben"
            time.sleep(4.5)
            gate.touch()
            (done,) = finished(queue, job)
            wait_until(lambda: not ann.alive)
        assert ann._process.returncode == 0
    assert (done.status, done.worker, done.attempts, starts()) == ("completed", "ann", 1, 1)
    assert workers_of(queue) == []


def workers_of(queue):
    return queue._database.read("SELECT name FROM jobqueue_workers WHERE queue = %s", (queue.name,))


@pytest.mark.slow
@unix
def test_a_worker_that_blocks_its_loop_for_longer_than_its_lease_does_not_take_its_own_job_away(queue, handlers):
    """Nobody else is there to take it, and its heartbeat comes before it looks for jobs of silent workers."""
    job = queue.enqueue("raises", "time.sleep(2.5)")
    with EngineWorker(queue, handlers, lease=1):
        (done,) = finished(queue, job)
    assert (done.status, done.attempts) == ("completed", 1)


def test_a_worker_keeps_no_transaction_open_between_two_steps(team):
    """One that is frozen then would keep what it has locked."""
    jobs = [team.enqueue("echo") for _ in range(150)]
    states = set()
    while unfinished(team):
        states |= {state for (state,) in team._database.read("SELECT state FROM pg_stat_activity")}
    finished(team, *jobs)
    assert states <= {"idle", "active", None}


def test_a_claim_whose_answer_was_lost_is_given_again(queue):
    """The server was killed after it had committed, and before the worker heard of it."""
    first, _ = queue.enqueue("a"), queue.enqueue("b")
    attempts = Attempts(queue)
    worker = attempts.register("ann")
    lost = attempts.dequeue("ann", worker)
    again = attempts.dequeue("ann", worker)
    assert again == lost
    assert (queue.get(first.id).attempts, queue.stats()["processing"]) == (1, 1)
    assert attempts.complete(first.id)
    assert attempts.dequeue("ann", worker).id == first.id + 1


def test_a_job_that_came_past_the_course_holds_nobody_up(queue):
    """Somebody deferred it with Procrastinate's own tools: nothing says what its attempts and data are."""
    ((foreign,),) = queue._database.change(
        "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES (%s, 'theirs') RETURNING id", (queue.name,)
    )
    mine = queue.enqueue("a")
    attempts = Attempts(queue)
    claimed = [attempts.dequeue(), attempts.dequeue()]
    assert mine.id in [claim.id for claim in claimed if claim]
    assert queue._database.read("SELECT status::text FROM procrastinate_jobs WHERE id = %s", (foreign,)) == [
        ("failed",)
    ]
    assert [event.job_id for event in queue.events()] == [mine.id, mine.id]


# --- a server that is killed ---


@pytest.mark.slow
@unix
def test_while_the_server_is_down_that_is_a_named_error_and_then_the_same_queue_goes_on(url, team):
    job = team.enqueue("echo", 1)
    finished(team, job)
    calls = {
        "enqueue": lambda: team.enqueue("echo"),
        "get": lambda: team.get(job.id),
        "stats": team.stats,
        "dead": team.dead,
        "revive": lambda: team.revive(job.id),
        "discard": lambda: team.discard(job.id),
        "events": team.events,
        "subscribe": lambda: team.subscribe(print),
    }
    with down(url):
        for _ in range(2):
            for call in calls.values():
                with pytest.raises(StorageError, match="the database of queue 'team': "):
                    call()
    assert team.get(job.id).result == 1
    assert finished(team, team.enqueue("echo", 2))[0].result == 2


@pytest.mark.slow
@unix
def test_a_server_is_killed_in_the_middle_and_nothing_acknowledged_is_lost(url, team, tmp_path):
    """Its workers live: so every job runs once, also the one that was running, and they go on by themselves."""
    job, gate, starts = gated(team, tmp_path)
    processing(team, job)
    log = tmp_path / "others"
    acknowledged, stop = {}, threading.Event()

    def produce(name, mine):
        number = 0
        while not stop.is_set():
            key = f"{name} {number}"
            try:
                acknowledged[key] = mine.enqueue("logged", str(log), key=key).id
                number += 1
            except StorageError:  # it may be there or not: with a key, we can ask again
                time.sleep(0.01)
        mine.close()

    producers = [threading.Thread(target=produce, args=(name, EngineQueue(url, "team"))) for name in ("one", "two")]
    for producer in producers:
        producer.start()
    try:
        for _ in range(3):
            before = len(acknowledged)
            wait_until(lambda: len(acknowledged) >= before + 10)  # noqa: B023
            crash(url)
            wait_until(lambda: connects(url))
        before = len(acknowledged)
        wait_until(lambda: len(acknowledged) >= before + 10)
    finally:
        stop.set()
        for producer in producers:
            producer.join()
    gate.touch()
    wait_until(lambda: unfinished(team) == 0)
    assert (team.get(job.id).status, team.get(job.id).attempts, starts()) == ("completed", 1, 1)
    assert {team.get(id).status for id in acknowledged.values()} == {"completed"}
    assert len(set(acknowledged.values())) == len(acknowledged) == team.stats()["completed"] - 1
    ran = Counter(int(line.split()[0]) for line in log.read_text().splitlines())
    assert ran == dict.fromkeys(acknowledged.values(), 1)
    assert {event.attempt for event in team.events() if event.move == "dequeue"} == {1}


@pytest.mark.slow
@unix
def test_listeners_miss_nothing_and_hear_nothing_twice_when_the_server_is_killed(url, team):
    heard = []

    def moves(events):
        return Counter((e.job_id, e.move, e.attempt, e.worker) for e in events if e.move != "progress")

    async def listen():
        leave = team.subscribe(heard.append)
        jobs = []
        for _ in range(3):
            jobs += [team.enqueue("echo", number) for number in range(10)]
            await asyncio.to_thread(crash, url)
            await asyncio.to_thread(wait_until, lambda: connects(url))
            with suppress(StorageError):
                jobs.append(team.enqueue("echo"))
        other = EngineQueue(url, "team")
        jobs += [other.enqueue("echo") for _ in range(10)]
        await asyncio.to_thread(wait_until, lambda: unfinished(other) == 0)
        recorded = other.events()
        other.close()
        await wait_for(lambda: len(heard) >= len(recorded))
        await asyncio.sleep(0.2)  # what came twice would come now
        leave()
        return recorded

    recorded = asyncio.run(asyncio.wait_for(listen(), DEADLINE))
    assert moves(heard) == moves(recorded)
    for id in {event.job_id for event in recorded}:
        assert [e.move for e in heard if e.job_id == id] == ["enqueue", "dequeue", "complete"]


@pytest.mark.slow
@unix
def test_listeners_go_on_also_when_a_call_found_the_server_down(url, team):
    """It noticed the end of the connection before the loop did: nobody was left to look for a new one."""
    heard = []

    async def listen():
        leave = team.subscribe(heard.append)
        with down(url):
            with pytest.raises(StorageError):
                team.stats()
            await asyncio.sleep(0.5)
            with pytest.raises(StorageError):
                team.stats()
        other = EngineQueue(url, "team")
        job = other.enqueue("echo")
        await wait_for(lambda: [e.move for e in heard if e.job_id == job.id][-1:] == ["complete"])
        other.close()
        leave()

    asyncio.run(asyncio.wait_for(listen(), DEADLINE))
    assert [event.move for event in heard] == ["enqueue", "dequeue", "complete"]


@pytest.mark.slow
@unix
def test_progress_goes_on_when_the_server_is_back(url, team):
    finished(team, *[team.enqueue("steps") for _ in range(4)])
    with down(url):
        pass
    heard = []
    team.subscribe(heard.append)
    jobs = [team.enqueue("steps") for _ in range(4)]
    finished(team, *jobs)
    team.enqueue("echo")
    for job in jobs:
        reported = [event.progress for event in heard if (event.job_id, event.move) == (job.id, "progress")]
        assert reported == [0.1, 0.2, 0.3, 0.4, 0.5]


@pytest.mark.slow
@unix
def test_a_worker_may_start_and_stop_while_the_server_is_down(url, queue, handlers):
    job = queue.enqueue("echo", "up again")
    with down(url):
        worker = EngineWorker(queue, handlers)
        time.sleep(2)
    with worker:
        assert finished(queue, job)[0].result == "up again"
        with down(url):
            os.kill(worker._process.pid, signal.SIGTERM)
            assert worker._process.wait(DEADLINE) == 0


# --- several queues, and none ---


def test_two_queues_of_one_database_do_not_see_each_other(url, queue):
    other = EngineQueue(url, "other")
    heard = []
    queue.subscribe(heard.append)
    theirs = other.enqueue("a", key="k")
    mine = queue.enqueue("a", key="k", max_attempts=1)
    attempts = Attempts(queue)
    assert attempts.dequeue().id == mine.id
    assert attempts.dequeue() is None
    attempts.fail(mine.id, "broken")
    assert mine.id != theirs.id
    assert queue.get(theirs.id) is None
    assert other.get(mine.id) is None
    assert (other.get(theirs.id).status, other.stats()["pending"], other.dead()) == ("pending", 1, [])
    assert {event.job_id for event in [*queue.events(), *heard]} == {mine.id}
    assert {event.job_id for event in other.events()} == {theirs.id}
    for call in (other.revive, other.discard):
        with pytest.raises(JobNotFound):
            call(mine.id)
    other.close(delete=True)


def test_nothing_is_left_of_a_queue_that_is_forgotten(url, handlers):
    kept, gone = EngineQueue(url, "kept"), EngineQueue(url, "gone")
    for queue in (kept, gone):
        discarded = queue.enqueue("fails", max_attempts=1)
        attempts = Attempts(queue)
        attempts.register()
        attempts.dequeue()
        attempts.fail(discarded.id, "broken")
        queue.discard(discarded.id)
        queue.enqueue("echo", {"to": "alice"}, key="k", priority=-1)
        attempts.dequeue()
    with EngineWorker(gone, handlers, name="killed", lease=1000) as worker:
        processing(gone, gone.enqueue("hangs-once"))
        worker.kill()
    before = left_of(kept)
    assert all(before.values())
    gone.close(delete=True)
    assert left_of(kept) == before
    everything = left_of(kept, every="OR true")
    kept.close(delete=True)
    assert not any(left_of(kept).values())
    after = left_of(kept, every="OR true")
    assert {table: everything[table] - before[table] for table in before} == after  # none of them was of "gone"
    kept.close()


def left_of(queue, every=""):
    """Count the rows of a queue, or of all, in every table."""
    jobs = f"SELECT id FROM procrastinate_jobs WHERE queue_name = %(queue)s {every}"
    workers = f"SELECT worker_id FROM jobqueue_workers WHERE queue = %(queue)s {every}"
    where = {
        "procrastinate_jobs": f"queue_name = %(queue)s {every}",
        "procrastinate_events": f"job_id IN ({jobs})",
        "jobqueue_jobs": f"queue = %(queue)s {every}",
        "jobqueue_attempts": f"job_id IN ({jobs}) {every}",
        "jobqueue_workers": f"queue = %(queue)s {every}",
        "procrastinate_workers": f"id IN ({workers}) {every}",
        "jobqueue_discarded": f"queue = %(queue)s {every}",
    }
    with psycopg.connect(queue.url) as connection:
        return {
            table: connection.execute(f"SELECT count(*) FROM {table} WHERE {which}", {"queue": queue.name}).fetchone()[
                0
            ]
            for table, which in where.items()
        }


@contextmanager
def database(url, name):
    """A database of its own on the same server."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield url.replace("/postgres?", f"/{name}?")
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_tables_of_another_version_are_refused(url):
    with database(url, "newer") as newer:
        EngineQueue(newer).close()
        with psycopg.connect(newer) as connection:
            connection.execute("UPDATE jobqueue_schema SET version = 99")
        with pytest.raises(StorageError, match="this package's tables in version 99; this one knows 1: use the same"):
            EngineQueue(newer)
    with database(url, "older") as older:
        with psycopg.connect(older) as connection:
            connection.execute("CREATE TABLE procrastinate_jobs (id integer)")
        with pytest.raises(StorageError, match="tables of an older Procrastinate: apply its migrations first"):
            EngineQueue(older)


def test_eight_producers_may_make_the_tables_at_once(url):
    """Whether they are threads or processes, the server sees eight connections."""
    together = threading.Barrier(8, timeout=DEADLINE)

    def produce(_):
        together.wait()
        queue = EngineQueue(contested)
        id = queue.enqueue("a", key="k").id
        queue.close()
        return id

    with database(url, "contested") as contested, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(produce, range(8))) == [1] * 8


def test_a_thousand_notifications_are_not_too_long(queue):
    """PostgreSQL takes 8,000 bytes at most."""
    heard = []
    queue.subscribe(heard.append)
    job = queue.enqueue("\U0001f600" * 128, max_attempts=1)
    attempts = Attempts(queue)
    attempts.dequeue("\U0001f600" * 25)
    for note in ("\U0001f600" * 5000, "\x01" * 5000, '"\\' * 5000):
        assert attempts.progress(job.id, 0.5, note)
        assert queue.get(job.id).note == note
    attempts.fail(job.id, "\U0001f600" * 5000)
    queue.discard(job.id)
    assert [event.move for event in heard] == ["enqueue", "dequeue", *["progress"] * 3, "fail", "discard"]
