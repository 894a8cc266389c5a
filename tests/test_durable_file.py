"""The file of a queue on disk: what cannot be opened or written, files that are moved away, and the write-ahead log."""

import sqlite3
import sys
import time

import pytest

from jobqueue_lesson import Worker
from jobqueue_lesson.durable import SQLiteQueue, StorageError
from tests.support.waiting import pass_time

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no file that is open")

# --- files that cannot be opened or written ---


def test_a_file_that_is_not_a_database_is_rejected_and_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("dear diary, " * 100)
    with pytest.raises(StorageError, match=r"notes\.txt: file is not a database; nothing was changed"):
        SQLiteQueue(path)
    assert path.read_text() == "dear diary, " * 100


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StorageError, match=r"nowhere.tasks\.db: unable to open database file"):
        SQLiteQueue(tmp_path / "nowhere" / "tasks.db")


def test_a_file_that_cannot_be_written_is_an_error_and_nothing_is_lost(open_queue):
    queue = open_queue()
    queue.enqueue("a")
    queue._file.db.execute("PRAGMA query_only = 1")  # like a read-only file system; root may write anything
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


# --- files that are deleted, replaced or moved ---


@pytest.fixture
def every_look(monkeypatch):
    """Check before every move that the file is still there, not once a millisecond."""
    monkeypatch.setattr("jobqueue_lesson.durable_file.CHECK_INTERVAL", 0.0)


def delete(path):
    path.unlink()


def replace(path):
    path.unlink()
    SQLiteQueue(path).close()


@posix
@pytest.mark.usefixtures("every_look")
@pytest.mark.parametrize(("remove", "words"), [(delete, "deleted"), (replace, "replaced by another file")])
def test_a_file_that_is_deleted_or_replaced_is_noticed_and_rejected(open_queue, tmp_path, remove, words):
    queue = open_queue()
    queue.enqueue("a")
    queue.enqueue("b", max_attempts=1)
    queue.dequeue()
    remove(tmp_path / "tasks.db")
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


# --- the write-ahead log ---


def test_the_write_ahead_log_is_emptied_once_no_reader_is_in_the_way(open_queue, tmp_path):
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
