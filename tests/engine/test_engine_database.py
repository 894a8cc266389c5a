"""The engine's connection to PostgreSQL: its tables, its notifications, and a server that is killed."""

import asyncio
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import psycopg
import pytest

from jobqueue_lesson.durable import StorageError
from jobqueue_lesson.engine import EngineQueue, EngineWorker, crash
from tests.support.engine import finished, gated, processing, unfinished, unix
from tests.support.engine_attempts import Attempts
from tests.support.postgres import connects, folder_of
from tests.support.waiting import DEADLINE, wait_until

# --- tables ---


@pytest.mark.parametrize("url", ["postgresql://postgres@/postgres?host=/nowhere", "no url"])
def test_an_unreachable_server_is_a_storage_error(url):
    with pytest.raises(StorageError, match="queue 'jobs'"):
        EngineQueue(url)


@contextmanager
def database(url, name):
    """A database of its own on the same server."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield url.replace("/postgres?", f"/{name}?")
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_tables_of_another_version_are_rejected(url):
    with database(url, "newer") as newer:
        EngineQueue(newer).close()
        with psycopg.connect(newer) as connection:
            connection.execute("UPDATE jobqueue_schema SET version = 99")
        with pytest.raises(StorageError, match="this package's tables in version 99; this one knows 2: use the same"):
            EngineQueue(newer)
    with database(url, "older") as older:
        with psycopg.connect(older) as connection:
            connection.execute("CREATE TABLE procrastinate_jobs (id integer)")
        with pytest.raises(StorageError, match="tables of an older Procrastinate: apply its migrations first"):
            EngineQueue(older)


def test_eight_producers_can_create_the_tables_at_once(url):
    """Threads will do for processes: the server sees eight connections either way."""
    together = threading.Barrier(8, timeout=DEADLINE)

    def produce(_):
        together.wait()
        queue = EngineQueue(contested)
        id = queue.enqueue("a", key="k").id
        queue.close()
        return id

    with database(url, "contested") as contested, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(produce, range(8))) == [1] * 8


# --- listeners ---


async def wait_for(condition, seconds=DEADLINE):
    """Wait while the event loop runs, without calling the queue."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        await asyncio.sleep(0.01)


def test_a_listener_gets_moves_of_its_own_process_at_once_and_in_order(queue):
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
    assert (events[7].status, events[7].worker, events[7].attempt) == ("failed", "ann", 2)


def test_a_listener_gets_moves_of_other_processes_while_the_loop_runs(team):
    received = []

    async def listen():
        leave = team.subscribe(received.append)
        jobs = [team.enqueue("steps") for _ in range(10)]
        await wait_for(lambda: sum(event.move == "complete" for event in received) == 10)
        leave()
        return jobs

    jobs = asyncio.run(listen())
    recorded = team.events()
    for job in jobs:
        mine = [event for event in received if event.job_id == job.id]
        assert [event.move for event in mine] == ["enqueue", "dequeue", *["progress"] * 5, "complete"]
        assert [event.progress for event in mine if event.move == "progress"] == [0.1, 0.2, 0.3, 0.4, 0.5]
        assert [event for event in mine if event.move != "progress"] == [e for e in recorded if e.job_id == job.id]


def test_without_a_loop_a_listener_gets_moves_of_other_processes_at_the_next_move(team):
    received = []
    leave = team.subscribe(received.append)
    first = team.enqueue("echo")
    finished(team, first)
    team.enqueue("echo")
    assert [event.move for event in received if event.job_id == first.id] == ["enqueue", "dequeue", "complete"]
    leave()


def test_a_queue_can_be_used_in_one_event_loop_after_another(team):
    async def one():
        received = []
        leave = team.subscribe(received.append)
        job = team.enqueue("echo")
        await wait_for(lambda: [event.move for event in received if event.job_id == job.id][-1:] == ["complete"])
        leave()

    async def two(received):
        job = team.enqueue("echo")
        await wait_for(lambda: [event.move for event in received if event.job_id == job.id][-1:] == ["complete"])

    asyncio.run(one())
    asyncio.run(one())
    received = []
    team.subscribe(received.append)
    asyncio.run(two(received))
    asyncio.run(two(received))
    assert [event.move for event in received] == ["enqueue", "dequeue", "complete"] * 2


def test_listeners_may_raise_and_may_enqueue(queue, caplog):
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


def test_ctrl_c_in_a_listener_keeps_no_event_from_the_others(queue):
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


def test_a_listener_gets_nothing_after_it_unsubscribes_and_nothing_from_before_it_subscribes(url, queue):
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


def test_no_text_is_too_long_for_a_notification(queue):
    """A notification of PostgreSQL has at most 8,000 bytes."""
    received = []
    queue.subscribe(received.append)
    job = queue.enqueue("\U0001f600" * 128, max_attempts=1)
    attempts = Attempts(queue)
    attempts.dequeue("\U0001f600" * 25)
    for note in ("\U0001f600" * 5000, "\x01" * 5000, '"\\' * 5000):
        assert attempts.progress(job.id, 0.5, note)
        assert queue.get(job.id).note == note
    attempts.fail(job.id, "\U0001f600" * 5000)
    queue.discard(job.id)
    assert [event.move for event in received] == ["enqueue", "dequeue", *["progress"] * 3, "fail", "discard"]


# --- a server that is killed ---


@contextmanager
def down(url):
    """Kill the server, and keep its supervisor from restarting it in this block."""
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


@pytest.mark.slow
@unix
def test_calls_raise_a_named_error_while_the_server_is_down_and_work_again_afterwards(url, team):
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
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(url, team, tmp_path):
    """Its workers survive and continue by themselves. So every job runs once, even the one that was running."""
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
            except StorageError:  # it may be there or not: with a key, it is safe to try again
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
def test_listeners_get_every_event_once_when_the_server_is_killed(url, team):
    received = []

    def moves(events):
        return Counter((e.job_id, e.move, e.attempt, e.worker) for e in events if e.move != "progress")

    async def listen():
        leave = team.subscribe(received.append)
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
        await wait_for(lambda: len(received) >= len(recorded))
        await asyncio.sleep(0.2)  # an event that comes twice would come now
        leave()
        return recorded

    recorded = asyncio.run(asyncio.wait_for(listen(), DEADLINE))
    assert moves(received) == moves(recorded)
    for id in {event.job_id for event in recorded}:
        assert [e.move for e in received if e.job_id == id] == ["enqueue", "dequeue", "complete"]


@pytest.mark.slow
@unix
def test_listeners_get_events_again_even_if_a_call_found_the_server_down(url, team):
    """It noticed the end of the connection before the loop did, so the loop had no connection left to watch."""
    received = []

    async def listen():
        leave = team.subscribe(received.append)
        with down(url):
            with pytest.raises(StorageError):
                team.stats()
            await asyncio.sleep(0.5)
            with pytest.raises(StorageError):
                team.stats()
        other = EngineQueue(url, "team")
        job = other.enqueue("echo")
        await wait_for(lambda: [e.move for e in received if e.job_id == job.id][-1:] == ["complete"])
        other.close()
        leave()

    asyncio.run(asyncio.wait_for(listen(), DEADLINE))
    assert [event.move for event in received] == ["enqueue", "dequeue", "complete"]


def test_a_move_that_is_made_during_a_reconnect_comes_after_those_that_were_missed(url, queue, monkeypatch):
    """It was notified at once, and so came before the moves that were read from the table a moment later."""
    received = []
    queue.subscribe(received.append)
    other = EngineQueue(url, queue.name)
    notified = queue._database.notifications

    class Connection(psycopg.Connection):
        def execute(self, query, *arguments, **options):
            if "events.id >" in str(query):
                other.enqueue("during")
                while not notified:
                    super().execute("SELECT 1")
            return super().execute(query, *arguments, **options)

    monkeypatch.setattr(psycopg, "connect", Connection.connect)
    queue._database.disconnect()
    missed = [other.enqueue("missed") for _ in range(2)]
    queue.enqueue("after")
    other.close()
    assert [event.type for event in received] == ["missed"] * len(missed) + ["during", "after"]


def test_a_connection_that_breaks_while_a_listener_subscribes_is_replaced_by_one_that_listens(url, queue, monkeypatch):
    received = []
    other = EngineQueue(url, queue.name)
    run, broken = queue._database.run, []

    def run_and_break(query, values=()):
        rows = run(query, values)
        if not broken:
            broken.append(query)
            ((backend,),) = run("SELECT pg_backend_pid()", ())
            other.connection.execute("SELECT pg_terminate_backend(%s, 10000)", (backend,))
        return rows

    monkeypatch.setattr(queue._database, "run", run_and_break)
    queue.subscribe(received.append)
    assert broken
    other.enqueue("a")
    other.close()
    queue.enqueue("b")
    assert [event.type for event in received] == ["a", "b"]


@pytest.mark.slow
@unix
def test_progress_is_reported_again_when_the_server_is_back(url, team):
    finished(team, *[team.enqueue("steps") for _ in range(4)])
    with down(url):
        pass
    received = []
    team.subscribe(received.append)
    jobs = [team.enqueue("steps") for _ in range(4)]
    finished(team, *jobs)
    team.enqueue("echo")
    for job in jobs:
        reported = [event.progress for event in received if (event.job_id, event.move) == (job.id, "progress")]
        assert reported == [0.1, 0.2, 0.3, 0.4, 0.5]


@pytest.mark.slow
@unix
def test_a_worker_can_start_and_stop_while_the_server_is_down(url, queue, handlers):
    job = queue.enqueue("echo", "up again")
    with down(url):
        worker = EngineWorker(queue, handlers)
        time.sleep(2)
    with worker:
        assert finished(queue, job)[0].result == "up again"
        with down(url):
            os.kill(worker._process.pid, signal.SIGTERM)
            assert worker._process.wait(DEADLINE) == 0
