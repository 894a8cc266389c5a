"""The tables of a queue on disk: versions, and which finished jobs are evicted."""

import asyncio
import sqlite3

import pytest

from jobqueue_lesson.durable import SQLiteQueue, StorageError
from tests.support.waiting import pass_time
from tools.paths import ROOT

# --- tables of another program, and of other versions ---


def test_a_database_of_another_program_is_rejected_and_left_alone(tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE jobs (id)")
    other.close()
    with pytest.raises(StorageError, match="a SQLite file of another program; give the queue a file of its own"):
        SQLiteQueue(path)
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("jobs",)]
    other.close()


def test_a_file_of_a_newer_version_is_rejected(open_queue):
    queue = open_queue()
    queue._file.db.execute("PRAGMA user_version = 4")
    with pytest.raises(StorageError, match=r"made by a newer version of this package \(schema 4; this one knows 3\)"):
        open_queue()


OLD = ROOT / "tests" / "support" / "version_1.sql"


@pytest.fixture
def old_file(tmp_path):
    """A file as the first version of the package wrote it."""
    with sqlite3.connect(tmp_path / "tasks.db") as old:
        old.executescript(OLD.read_text(encoding="utf-8"))
    old.close()


@pytest.mark.usefixtures("old_file")
def test_a_file_of_an_older_version_is_upgraded_in_place(open_queue, sim):
    queue = open_queue(keep_finished=2)
    assert queue._file.db.execute("PRAGMA user_version").fetchone() == (3,)
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
    assert queue.get(1) is None  # with it there would be three
    assert open_queue().get(2).error == "OSError: broken"
    new = SQLiteQueue(queue.path.with_name("new.db"))
    assert schema(queue) == schema(new)
    new.close()


def schema(queue):
    """Return a file's tables and indexes, except the one that only queues with `keep_finished` have."""
    db = queue._file.db
    made = "SELECT type, name, sql FROM sqlite_master WHERE name <> 'finished'"
    return {
        (kind, name, sql if kind == "index" else str(db.execute(f"PRAGMA table_info({name})").fetchall()))
        for kind, name, sql in db.execute(made).fetchall()
    }


def test_a_job_that_was_revived_in_version_2_has_as_many_attempts_left_as_it_had(open_queue, sim):
    queue = open_queue()
    queue.enqueue("a", max_attempts=2)
    for _ in range(2):
        queue.dequeue()
        queue.fail(1, "x")
        pass_time(sim, 2)
    db = queue._file.db
    db.execute("UPDATE jobs SET status = 'pending', attempts = 0, ready = 1")  # as version 2 revived a job
    db.execute("ALTER TABLE jobs DROP COLUMN spent")
    db.execute("PRAGMA user_version = 2")
    queue.close()
    queue = open_queue()
    assert (queue.get(1).attempts, queue.get(1).attempts_left) == (0, 2)
    assert queue.dequeue().attempts_left == 1
    assert queue.fail(1, "x").errors[-1].retry_in == 2


# --- finished jobs that are evicted ---


def do_jobs(queue, sim, number, **options):
    for _ in range(number):
        queue.enqueue("a", **options)
        queue.complete(queue.dequeue().id)
        pass_time(sim, 1)


def test_the_oldest_finished_jobs_are_evicted_with_their_keys(open_queue, sim):
    queue = open_queue(keep_finished=2)
    for number in range(1, 6):
        queue.enqueue("a", key=f"key {number}", max_attempts=1)
    queue.dequeue()
    pass_time(sim, 1)
    for _ in range(3):
        queue.complete(queue.dequeue().id)
        pass_time(sim, 1)
    queue.fail(1, "x")  # it started first and ended last
    kept = [(number, queue.get(number).status) for number in range(1, 6) if queue.get(number)]
    assert kept == [(1, "failed"), (4, "completed"), (5, "pending")]
    assert queue.stats() == {"pending": 1, "processing": 0, "completed": 3, "failed": 1}
    assert queue.enqueue("other", key="key 2").id == 6  # ids are never reused
    assert queue.enqueue("a", key="key 4").id == 4
    assert [job.id for job in queue.dead()] == [1]


def test_revived_and_discarded_jobs_are_counted_right_when_others_are_evicted(open_queue, sim):
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


def test_another_process_that_only_enqueues_evicts_too(open_queue, sim):
    do_jobs(open_queue(), sim, 5)
    open_queue(keep_finished=2).enqueue("a")
    assert [id for id in range(1, 7) if open_queue().get(id)] == [4, 5, 6]


@pytest.mark.slow
def test_a_queue_that_keeps_few_jobs_does_not_grow(open_queue, sim):
    queue = open_queue(keep_finished=10)
    received = []
    queue.subscribe(lambda event: received.append(event.move))
    forever = queue.enqueue("waits forever", delay=1e9)

    def size():
        return [queue._file.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("jobs", "events")]

    sizes = []
    for _ in range(6):
        do_jobs(queue, sim, 500)
        sizes.append(size())
    assert {jobs for jobs, _ in sizes} == {11}
    assert max(events for _, events in sizes[2:]) < 1500
    assert len(received) == 1 + 3 * 3000
    numbers = [event.job_id for event in queue.events()]
    assert numbers[-1000:] == sorted(numbers[-1000:])
    assert forever.id in numbers  # an unfinished job keeps its events
    assert queue.stats() == {"pending": 1, "processing": 0, "completed": 3000, "failed": 0}


def test_listeners_get_the_events_of_a_job_that_is_evicted_at_once(open_queue, sim):
    queue, other = open_queue(keep_finished=0, poll=0.1), open_queue()
    received = []

    async def listen():
        queue.subscribe(lambda event: received.append(event.move))
        other.keep_finished = 0
        other.enqueue("a")
        other.complete(other.dequeue().id)
        await asyncio.sleep(1)

    sim.run(listen())
    assert received == ["enqueue", "dequeue", "complete"]
    assert queue.get(1) is None


def test_a_file_with_many_finished_jobs_is_trimmed_some_at_a_time(open_queue, sim):
    do_jobs(open_queue(), sim, 350)
    queue = open_queue(keep_finished=5)
    kept = []
    for _ in range(5):
        queue.enqueue("a")
        kept.append(queue._file.db.execute("SELECT count(*) FROM jobs WHERE status = 'completed'").fetchone()[0])
    assert kept == [250, 150, 50, 5, 5]
