"""The queue on disk, beyond what test_queue_contract.py says: leases, several processes, files that are none."""

import asyncio
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time

import pytest

from benchmarks.torture import sqlite as torture
from jobqueue_lesson import History, Worker
from jobqueue_lesson.durable import NotJSON, SQLiteQueue, StorageError
from jobqueue_lesson.job import LeaseLost
from jobqueue_lesson.processes import WorkerProcess
from jobqueue_lesson.progress import current_job
from tests.support.waiting import pass_time, wait_until
from tools.paths import ROOT

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture
def open_queue(sim, tmp_path):
    """Open the same file, as often as one likes, in simulated time."""
    opened = []

    def open_queue(**options):
        opened.append(SQLiteQueue(tmp_path / "tasks.db", **({"clock": sim.time, "poll": None, "lease": 10} | options)))
        return opened[-1]

    yield open_queue
    for queue in opened:
        queue.close()


# --- what outlives the process ---


def test_jobs_counts_keys_and_the_record_are_there_when_the_file_is_opened_again(open_queue):
    queue = open_queue()
    queue.enqueue("a", {"to": "älice"}, key="once", priority=3)
    queue.enqueue("b", delay=5)
    queue.dequeue()
    queue.progress(1, 0.5, "half way")
    queue.fail(1, ConnectionError("away"))
    before = (queue.get(1), queue.get(2), queue.stats(), queue.events())
    queue.close()
    again = open_queue()
    after = (again.get(1), again.get(2), again.stats(), again.events())
    assert [[getattr(job, name) for name in type(job).__slots__] for job in after[:2]] == [
        [getattr(job, name) for name in type(job).__slots__] for job in before[:2]
    ]
    assert after[2:] == before[2:]
    assert again.enqueue("a", {"to": "älice"}, key="once", priority=3).id == 1
    assert again.enqueue("c").id == 3


def test_the_record_of_all_processes_can_be_drawn(open_queue):
    one, other = open_queue(), open_queue()
    one.enqueue("a")
    other.dequeue(worker="ann")
    one.complete(1)
    assert [(event.move, event.worker) for event in one.events()] == [
        ("enqueue", None),
        ("dequeue", "ann"),
        ("complete", "ann"),
    ]
    history = History()
    for event in other.events(after=1):
        history.record(event)
    assert [event.move for event in history.events] == ["dequeue", "complete"]


# --- leases ---


def test_a_lease_that_ran_out_gives_the_job_to_somebody_else_and_counts_the_attempt(open_queue, sim):
    queue = open_queue()
    queue.enqueue("a")
    queue.dequeue(worker="ann")
    pass_time(sim, 9.9)
    assert queue.dequeue(worker="ben") is None
    pass_time(sim, 0.1)
    job = queue.dequeue(worker="ben")
    assert (job.id, job.attempts, job.worker) == (1, 2, "ben")
    (error,) = job.errors
    assert str(error) == "LeaseExpired: ann sent no heartbeat for 10 s"
    assert [event.move for event in queue.events()] == ["enqueue", "dequeue", "retry", "dequeue"]


def test_a_lease_that_ran_out_for_the_last_time_buries_the_job_with_its_reason(open_queue, sim):
    queue = open_queue()
    queue.enqueue("a", max_attempts=2)
    for _ in range(2):
        assert queue.dequeue(worker="ann").id == 1
        pass_time(sim, 10)
    assert queue.dequeue() is None
    (job,) = queue.dead()
    assert [error.type for error in job.errors] == ["LeaseExpired", "LeaseExpired"]
    assert queue.stats() == {"pending": 0, "processing": 0, "completed": 0, "failed": 1}


@pytest.mark.parametrize("report", ["complete", "fail", "release", "progress", "heartbeat"])
def test_who_has_lost_the_lease_is_refused_by_name_and_nothing_changes(open_queue, sim, report):
    queue = open_queue()
    queue.enqueue("a")
    queue.dequeue(worker="ann")
    pass_time(sim, 10)
    queue.dequeue(worker="ben")
    arguments = {"fail": ["late"], "progress": [0.9]}.get(report, [])
    with pytest.raises(LeaseLost, match="attempt 1 of job #1 has lost its lease: the job is processing, at attempt 2"):
        getattr(queue, report)(1, *arguments, attempt=1)
    assert (queue.get(1).status, queue.get(1).worker, queue.get(1).progress) == ("processing", "ben", None)
    queue.complete(1, attempt=2)
    with pytest.raises(LeaseLost, match="the job is completed"):
        queue.complete(1, attempt=1)


def test_a_worker_that_lives_renews_its_lease_however_long_the_job_takes(open_queue, sim):
    queue = open_queue()
    queue.enqueue("a")
    attempts = []

    async def slow(data):
        attempts.append(current_job().attempt)
        await asyncio.sleep(95)

    team = [Worker(open_queue(), {"a": slow}, name=name).drain() for name in ("ann", "ben")]

    async def all_of_them():
        await asyncio.gather(*team)

    sim.run(all_of_them())
    assert attempts == [1]
    assert queue.get(1).duration == 95


def test_a_worker_that_was_too_slow_goes_on_with_the_next_job(open_queue, sim, caplog):
    queue = open_queue()
    queue.enqueue("a", priority=1)
    queue.enqueue("a")

    async def hangs_once(data):
        if current_job().id == current_job().attempt == 1:
            sim._now += 60  # as a handler that never awaits: no heartbeat gets through
            queue.dequeue(worker="ben")
            queue.complete(1, "by ben")

    sim.run(Worker(queue, {"a": hangs_once}, name="ann").drain())
    assert [queue.get(number).result for number in (1, 2)] == ["by ben", None]
    assert queue.stats()["completed"] == 2
    assert "ann: attempt 1 of job #1 has lost its lease: the job is completed, at attempt 2" in caplog.text


def test_a_sleeping_worker_wakes_when_a_lease_runs_out(open_queue, sim):
    queue = open_queue()
    queue.enqueue("a")
    queue.dequeue(worker="dead")

    async def handler(data):
        return sim.time()

    sim.run(Worker(queue, {"a": handler}).drain())
    assert queue.get(1).result == 10


# --- JSON ---


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({1, 2}, "Object of type set is not JSON serializable"),
        ({"at": float("nan")}, "Out of range float values"),
        ((1, 2), r"\(1, 2\) would come back as \[1, 2\]"),
        ({1: "a"}, "{1: 'a'} would come back as {'1': 'a'}"),
    ],
)
def test_data_that_json_cannot_keep_are_refused_at_enqueue(open_queue, data, words):
    queue = open_queue()
    with pytest.raises(NotJSON, match=f"data must be JSON, because it is stored: .*{words}"):
        queue.enqueue("a", data)
    assert queue.stats()["pending"] == 0


def test_a_result_that_json_cannot_keep_fails_the_job_and_not_the_worker(open_queue, sim):
    queue = open_queue()
    queue.enqueue("a", max_attempts=1)

    async def returns_a_set(data):
        return {1}

    sim.run(Worker(queue, {"a": returns_a_set}).drain())
    assert "NotJSON: result must be JSON" in queue.get(1).error


# --- files ---


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("dear diary, " * 100)
    with pytest.raises(StorageError, match=r"notes\.txt: file is not a database; nothing was changed"):
        SQLiteQueue(path)
    assert path.read_text() == "dear diary, " * 100


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE jobs (id)")
    other.close()
    with pytest.raises(StorageError, match="a SQLite file of another program; give the queue a file of its own"):
        SQLiteQueue(path)
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("jobs",)]
    other.close()


def test_a_file_of_a_newer_version_is_refused(open_queue):
    queue = open_queue()
    queue._file.db.execute("PRAGMA user_version = 3")
    with pytest.raises(StorageError, match=r"made by a newer version of this package \(schema 3; this one knows 2\)"):
        open_queue()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StorageError, match=r"nowhere.tasks\.db: unable to open database file"):
        SQLiteQueue(tmp_path / "nowhere" / "tasks.db")


def test_a_file_that_cannot_be_written_is_an_error_and_nothing_is_lost(open_queue):
    queue = open_queue()
    queue.enqueue("a")
    queue._file.db.execute("PRAGMA query_only = 1")  # what a read-only file system amounts to; root may write anything
    with pytest.raises(StorageError, match="attempt to write a readonly database; nothing was changed"):
        queue.enqueue("a")
    queue._file.db.execute("PRAGMA query_only = 0")
    assert queue.stats()["pending"] == 1
    assert queue.dequeue().id == 1


def test_a_full_disk_is_an_error_and_nothing_is_lost(open_queue):
    queue = open_queue()
    ((pages,),) = queue._file.db.execute("PRAGMA page_count").fetchall()
    queue._file.db.execute(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(StorageError, match="database or disk is full; nothing was changed"):
        for _ in range(1000):
            queue.enqueue("a", "x" * 1000)
    kept = queue.stats()["pending"]
    queue._file.db.execute("PRAGMA max_page_count = 100000")
    assert [queue.get(number).id for number in range(1, kept + 1)] == list(range(1, kept + 1))
    assert queue.get(kept + 1) is None
    assert queue.enqueue("a").id == kept + 1


@pytest.fixture
def every_look(monkeypatch):
    """Look whether the file is still there before every move, not once a millisecond."""
    monkeypatch.setattr("jobqueue_lesson.durable_file.CHECK_INTERVAL", 0.0)


def delete(path):
    path.unlink()


def replace(path):
    path.unlink()
    SQLiteQueue(path).close()


@posix
@pytest.mark.usefixtures("every_look")
@pytest.mark.parametrize(("away", "words"), [(delete, "deleted"), (replace, "replaced by another file")])
def test_a_file_that_is_deleted_or_replaced_is_noticed_and_refused(open_queue, tmp_path, away, words):
    queue = open_queue()
    queue.enqueue("a")
    queue.enqueue("b", max_attempts=1)
    queue.dequeue()
    away(tmp_path / "tasks.db")
    calls = [
        lambda: queue.enqueue("c"), queue.dequeue, lambda: queue.complete(1), lambda: queue.fail(1, "x"),
        lambda: queue.release(1), lambda: queue.heartbeat(1), lambda: queue.progress(1, 0.5), lambda: queue.get(1),
        lambda: queue.revive(1), lambda: queue.discard(1), queue.stats, queue.dead, queue.events,
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(
            StorageError, match=rf"tasks\.db was {words} while this queue was open; nothing was changed"
        ):
            call()


@posix
def test_a_file_that_is_deleted_is_noticed_within_a_millisecond(open_queue, tmp_path):
    queue = open_queue()
    queue.enqueue("a")
    (tmp_path / "tasks.db").unlink()
    time.sleep(0.001)
    with pytest.raises(StorageError, match="was deleted"):
        queue.enqueue("b")


@posix
@pytest.mark.usefixtures("every_look")
def test_a_file_that_is_put_back_can_be_used_again(open_queue, tmp_path):
    queue = open_queue()
    queue.enqueue("a")
    (tmp_path / "tasks.db").rename(tmp_path / "elsewhere.db")
    with pytest.raises(StorageError, match="was deleted"):
        queue.enqueue("b")
    (tmp_path / "elsewhere.db").rename(tmp_path / "tasks.db")
    assert queue.enqueue("b").id == 2


@posix
@pytest.mark.usefixtures("every_look")
def test_a_sleeping_worker_notices_that_its_file_is_gone(open_queue, sim, tmp_path):
    worker = Worker(open_queue(poll=0.5), {})
    sim.create_task(worker.run())
    pass_time(sim, 2)
    assert worker.outage is None
    (tmp_path / "tasks.db").unlink()
    pass_time(sim, 2)
    assert worker.running
    assert "was deleted while this queue was open" in worker.outage.error


@posix
def test_a_change_of_the_working_directory_is_no_change_of_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    queue = SQLiteQueue("tasks.db")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert queue.enqueue("a").id == 1
    queue.close()


# --- what is forgotten ---


def do_jobs(queue, sim, number, **options):
    for _ in range(number):
        queue.enqueue("a", **options)
        queue.complete(queue.dequeue().id)
        pass_time(sim, 1)


def test_the_oldest_finished_jobs_are_forgotten_with_their_keys(open_queue, sim):
    queue = open_queue(keep_finished=2)
    for number in range(1, 6):
        queue.enqueue("a", key=f"key {number}", max_attempts=1)
    queue.dequeue()
    pass_time(sim, 1)
    for _ in range(3):
        queue.complete(queue.dequeue().id)
        pass_time(sim, 1)
    queue.fail(1, "x")  # it began first and ended last
    kept = [(number, queue.get(number).status) for number in range(1, 6) if queue.get(number)]
    assert kept == [(1, "failed"), (4, "completed"), (5, "pending")]
    assert queue.stats() == {"pending": 1, "processing": 0, "completed": 3, "failed": 1}
    assert queue.enqueue("other", key="key 2").id == 6  # ids are never reused
    assert queue.enqueue("a", key="key 4").id == 4
    assert [job.id for job in queue.dead()] == [1]


def test_revived_and_discarded_jobs_are_counted_right_when_others_are_forgotten(open_queue, sim):
    queue = open_queue(keep_finished=3)
    for _ in range(3):
        queue.enqueue("a", max_attempts=1)
        queue.fail(queue.dequeue().id, "x")
    pass_time(sim, 1)
    queue.revive(1)
    queue.discard(2)
    queue.complete(queue.dequeue().id)
    do_jobs(queue, sim, 1)
    assert [id for id in range(1, 6) if queue.get(id)] == [1, 3, 4]
    pass_time(sim, 1)
    do_jobs(queue, sim, 1)
    assert [id for id in range(1, 6) if queue.get(id)] == [1, 4, 5]
    assert queue.stats() == {"pending": 0, "processing": 0, "completed": 3, "failed": 2}


def test_another_process_that_only_enqueues_forgets_too(open_queue, sim):
    do_jobs(open_queue(), sim, 5)
    open_queue(keep_finished=2).enqueue("a")
    assert [id for id in range(1, 7) if open_queue().get(id)] == [4, 5, 6]


@pytest.mark.slow
def test_a_queue_that_keeps_few_jobs_does_not_grow(open_queue, sim):
    queue = open_queue(keep_finished=10)
    heard = []
    queue.subscribe(lambda event: heard.append(event.move))
    forever = queue.enqueue("waits for ever", delay=1e9)

    def size():
        return [queue._file.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("jobs", "events")]

    sizes = []
    for _ in range(6):
        do_jobs(queue, sim, 500)
        sizes.append(size())
    assert {jobs for jobs, _ in sizes} == {11}
    assert max(events for _, events in sizes[2:]) < 1500
    assert len(heard) == 1 + 3 * 3000
    numbers = [event.job_id for event in queue.events()]
    assert numbers[-1000:] == sorted(numbers[-1000:])
    assert forever.id in numbers  # what has not ended keeps its events
    assert queue.stats() == {"pending": 1, "processing": 0, "completed": 3000, "failed": 0}


def test_a_job_that_is_forgotten_at_once_is_still_heard_of(open_queue, sim):
    queue, other = open_queue(keep_finished=0, poll=0.1), open_queue()
    heard = []

    async def listen():
        queue.subscribe(lambda event: heard.append(event.move))
        other.keep_finished = 0
        other.enqueue("a")
        other.complete(other.dequeue().id)
        await asyncio.sleep(1)

    sim.run(listen())
    assert heard == ["enqueue", "dequeue", "complete"]
    assert queue.get(1) is None


def test_a_file_with_many_finished_jobs_is_trimmed_some_at_a_time(open_queue, sim):
    do_jobs(open_queue(), sim, 350)
    queue = open_queue(keep_finished=5)
    kept = []
    for _ in range(5):
        queue.enqueue("a")
        kept.append(queue._file.db.execute("SELECT count(*) FROM jobs WHERE status = 'completed'").fetchone()[0])
    assert kept == [250, 150, 50, 5, 5]


OLD = ROOT / "tests" / "support" / "version_1.sql"


@pytest.fixture
def old_file(tmp_path):
    """A file as the first version of the package wrote it."""
    with sqlite3.connect(tmp_path / "tasks.db") as old:
        old.executescript(OLD.read_text(encoding="utf-8"))
    old.close()


@pytest.mark.usefixtures("old_file")
def test_a_file_of_an_older_version_is_brought_up_to_date_in_place(open_queue, sim):
    queue = open_queue(keep_finished=2)
    assert queue._file.db.execute("PRAGMA user_version").fetchone() == (2,)
    with queue.memory("a scheduler's") as memory:
        assert memory == {}
    assert [queue.get(id) and queue.get(id).status.value for id in range(1, 7)] == [
        "completed", "failed", None, "processing", "pending", "pending",
    ]  # fmt: skip
    assert queue.stats() == {"pending": 2, "processing": 1, "completed": 1, "failed": 2}
    assert queue._file.db.execute("SELECT completed + failed - forgotten FROM counts").fetchone() == (2,)
    assert len(queue.events()) == 15
    assert queue.enqueue("a", {"n": 5}, key="five").id == 5
    assert queue.complete(queue.dequeue().id).id == 5
    assert queue.get(1) is None  # now there were three
    assert open_queue().get(2).error == "OSError: broken"
    new = SQLiteQueue(queue.path.with_name("new.db"))
    tables = [
        {
            sql
            for (sql,) in each._file.db.execute(
                "SELECT sql FROM sqlite_master WHERE name NOT IN ('counts', 'finished')"
            )
        }
        for each in (queue, new)
    ]
    assert tables[0] == tables[1]
    new.close()


def test_the_write_ahead_log_is_emptied_once_nobody_is_in_the_way(open_queue, tmp_path):
    queue = open_queue()
    reader = sqlite3.connect(tmp_path / "tasks.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM jobs").fetchall()  # what it reads must stay where it is
    for _ in range(600):
        queue.enqueue("a", "x" * 4000)
    log = tmp_path / "tasks.db-wal"
    assert log.stat().st_size > 2**23
    reader.execute("COMMIT")
    for _ in range(256):
        queue.enqueue("a")
    assert log.stat().st_size < 2**22
    assert queue.stats()["pending"] == 856
    reader.close()


@pytest.mark.parametrize(
    ("name", "value"), [("lease", 0), ("lease", -1), ("poll", 0), ("max_pending", 0), ("keep_finished", -1)]
)
def test_an_argument_that_makes_no_sense_is_named(tmp_path, name, value):
    with pytest.raises((TypeError, ValueError), match=name):
        SQLiteQueue(tmp_path / "tasks.db", **{name: value})


def test_a_bound_holds_across_processes(open_queue):
    one, other = open_queue(max_pending=2), open_queue(max_pending=2)
    one.enqueue("a")
    other.enqueue("a")
    with pytest.raises(Exception, match="2 jobs are pending"):
        one.enqueue("a")


# --- several processes, in real time ---

HANDLERS = """
import asyncio
from pathlib import Path

async def note(data):
    with open(data["file"], "a") as file:
        file.write(f"begun {data['n']}\\n")
    await asyncio.sleep(data.get("seconds", 0))
    with open(data["file"], "a") as file:
        file.write(f"done {data['n']}\\n")
    return data["n"]

HANDLERS = {"note": note}
"""


@pytest.fixture
def handlers(tmp_path):
    path = tmp_path / "my_handlers.py"
    path.write_text(HANDLERS)
    return path


def test_what_one_process_enqueues_another_does_and_the_first_hears_of_it(tmp_path, handlers):
    queue = SQLiteQueue(tmp_path / "tasks.db")
    heard = []

    async def main():
        queue.subscribe(heard.append)
        for n in range(5):
            queue.enqueue("note", {"file": str(tmp_path / "notes"), "n": n})
        await asyncio.wait_for(queue.join(), 30)
        await asyncio.sleep(0.1)

    with WorkerProcess(queue, handlers, name="ann"):
        asyncio.run(main())
    queue.close()
    assert [event.move for event in heard].count("complete") == 5
    assert {event.worker for event in heard if event.move == "complete"} == {"ann"}


def test_an_idle_worker_process_notices_work_soon_and_burns_no_core(tmp_path):
    path = tmp_path / "tasks.db"
    queue = SQLiteQueue(path)
    script = """
        import asyncio, sys, time
        from jobqueue_lesson.durable import SQLiteQueue
        from jobqueue_lesson.worker import Worker

        async def handler(data):
            return time.time() - data

        async def shift(queue):
            worker = Worker(queue, {"a": handler})
            working = asyncio.create_task(worker.run())
            print("ready", flush=True)
            while queue.stats()["completed"] < 10:
                await asyncio.sleep(0.1)
            worker.stop()
            await working

        queue = SQLiteQueue(sys.argv[1])
        asyncio.run(shift(queue))
        queue.close()
    """
    worker = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script), str(path)], stdout=subprocess.PIPE)
    try:
        assert worker.stdout.readline() == b"ready\n"
        begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        for _ in range(10):
            time.sleep(0.1)
            queue.enqueue("a", time.time())
        assert worker.wait(30) == 0
        idle, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    finally:
        worker.kill()
        worker.stdout.close()
    waits = sorted(queue.get(number).result for number in range(1, 11))
    queue.close()
    assert waits[0] < 0.1  # at its best: a busy machine may be late most of the time
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used < 0.6 * idle + 0.5  # its start is in there, too


@pytest.mark.slow
@posix
def test_a_killed_workers_job_is_done_by_the_next_once_its_lease_has_run_out(tmp_path, handlers):
    queue = SQLiteQueue(tmp_path / "tasks.db", lease=0.5)
    notes = tmp_path / "notes"
    queue.enqueue("note", {"file": str(notes), "n": 1, "seconds": 2})
    with WorkerProcess(queue, handlers, name="ann") as ann:
        wait_until(lambda: notes.exists() and notes.read_text(), 20)
        ann.kill()
        assert not ann.alive
    assert queue.get(1).status == "processing"
    with WorkerProcess(queue, handlers, name="ben"):
        wait_until(lambda: queue.get(1).status == "completed", 20)
    assert notes.read_text() == "begun 1\nbegun 1\ndone 1\n"
    assert [(e.move, e.worker) for e in queue.events()] == [
        ("enqueue", None),
        ("dequeue", "ann"),
        ("retry", "ann"),
        ("dequeue", "ben"),
        ("complete", "ben"),
    ]
    queue.close()


@posix
def test_a_worker_process_that_is_stopped_finishes_its_job(tmp_path, handlers):
    queue = SQLiteQueue(tmp_path / "tasks.db")
    for n in (1, 2):
        queue.enqueue("note", {"file": str(tmp_path / "notes"), "n": n, "seconds": 0.3})
    with WorkerProcess(queue, handlers):
        wait_until(lambda: queue.stats()["processing"] == 1, 20)
    assert queue.stats() == {"pending": 1, "processing": 0, "completed": 1, "failed": 0}
    queue.close()


@posix
def test_a_worker_process_forgets_the_oldest_finished_jobs_as_its_queue_does(tmp_path, handlers):
    queue = SQLiteQueue(tmp_path / "tasks.db", keep_finished=2)
    for n in range(5):
        queue.enqueue("note", {"file": str(tmp_path / "notes"), "n": n})
    with WorkerProcess(queue, handlers):
        wait_until(lambda: queue.stats()["completed"] == 5, 20)
    assert [number for number in range(1, 6) if queue.get(number)] == [4, 5]
    queue.close()


@posix
def test_a_worker_process_dies_with_who_started_it(tmp_path, handlers):
    SQLiteQueue(tmp_path / "tasks.db").close()
    script = f"""
        import os, signal
        from jobqueue_lesson.durable import SQLiteQueue
        from jobqueue_lesson.processes import WorkerProcess

        worker = WorkerProcess(SQLiteQueue({str(tmp_path / "tasks.db")!r}), {str(handlers)!r})
        print(worker._process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    gone = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, check=False)
    assert gone.returncode == -signal.SIGKILL

    def is_dead():
        try:
            with open(f"/proc/{int(gone.stdout)}/stat") as stat:
                return stat.read().split()[2] == "Z"
        except FileNotFoundError:
            return True
        except ProcessLookupError:
            return True

    if not os.path.exists("/proc"):
        pytest.skip("no /proc to look into")
    wait_until(is_dead, 20)


def test_a_worker_process_needs_a_file_with_handlers(tmp_path, open_queue):
    with pytest.raises(FileNotFoundError, match=r"no file with handlers at .*nothing\.py"):
        WorkerProcess(open_queue(), tmp_path / "nothing.py")


@pytest.mark.slow
@posix
def test_no_job_is_lost_done_twice_or_stuck_while_workers_are_killed(tmp_path):
    outcome = torture.run(tmp_path / "tasks.db", jobs=2000, workers=4, every=0.05, seconds=3.0, seed=10)
    assert outcome.completed + outcome.dead == 2000
    assert outcome.kills > 10
    assert outcome.expired > 0
