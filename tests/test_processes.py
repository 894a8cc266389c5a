"""Worker processes that share a file; and how a child ends with the process that started it.

A child ends however its parent ends, and whatever the child is doing.
"""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress

import pytest

from benchmarks.torture import sqlite as torture
from jobqueue_lesson import processes
from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.processes import Child, WorkerProcess
from tests.support.waiting import wait_until
from tools.paths import ROOT

posix = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and fork")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel kills on Linux alone")

HANDLERS = """
import asyncio, os
from pathlib import Path

async def hold_the_gil(data):
    Path(data["started"]).write_text(str(os.getpid()))
    sum(range(10**12))  # hours in C, during which no other thread of this process runs

async def sleep(data):
    Path(data["started"]).write_text(str(os.getpid()))
    await asyncio.sleep(data.get("seconds", 3600))

async def note(data):
    with open(data["file"], "a") as file:
        file.write(f"started {data['n']}\\n")
    await asyncio.sleep(data.get("seconds", 0))
    with open(data["file"], "a") as file:
        file.write(f"done {data['n']}\\n")
    return data["n"]

HANDLERS = {"hold": hold_the_gil, "sleep": sleep, "note": note}
"""


@pytest.fixture
def handlers(tmp_path):
    path = tmp_path / "handlers.py"
    path.write_text(HANDLERS)
    return path


@pytest.fixture
def here(tmp_path, handlers, monkeypatch):
    """A folder with handlers, a queue, and modules for children."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    return tmp_path


# --- worker processes that share a file ---


def test_a_job_enqueued_by_one_process_is_run_by_another_and_the_first_is_notified(tmp_path, handlers):
    queue = SQLiteQueue(tmp_path / "tasks.db")
    received = []

    async def main():
        queue.subscribe(received.append)
        for n in range(5):
            queue.enqueue("note", {"file": str(tmp_path / "notes"), "n": n})
        await asyncio.wait_for(queue.join(), 30)
        await asyncio.sleep(0.1)

    with WorkerProcess(queue, handlers, name="ann"):
        asyncio.run(main())
    queue.close()
    assert [event.move for event in received].count("complete") == 5
    assert {event.worker for event in received if event.move == "complete"} == {"ann"}


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
        started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        for _ in range(10):
            time.sleep(0.1)
            queue.enqueue("a", time.time())
        assert worker.wait(30) == 0
        idle, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    finally:
        worker.kill()
        worker.stdout.close()
    waits = sorted(queue.get(number).result for number in range(1, 11))
    queue.close()
    assert waits[0] < 0.1  # at its best: a busy machine may be late most of the time
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used < 0.6 * idle + 0.5  # this includes its start


@pytest.mark.slow
@posix
def test_a_killed_workers_job_is_reclaimed_once_its_lease_has_expired(tmp_path, handlers):
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
    assert notes.read_text() == "started 1\nstarted 1\ndone 1\n"
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
def test_a_worker_process_evicts_the_oldest_finished_jobs_as_its_queue_does(tmp_path, handlers):
    queue = SQLiteQueue(tmp_path / "tasks.db", keep_finished=2)
    for n in range(5):
        queue.enqueue("note", {"file": str(tmp_path / "notes"), "n": n})
    with WorkerProcess(queue, handlers):
        wait_until(lambda: queue.stats()["completed"] == 5, 20)
    assert [number for number in range(1, 6) if queue.get(number)] == [4, 5]
    queue.close()


@posix
def test_a_worker_process_dies_with_its_parent(tmp_path, handlers):
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


# --- a child ends with its parent ---

PARENT = """
import os, signal, sys, threading, time
from pathlib import Path
from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.processes import Child, WorkerProcess

here = Path(sys.argv[1])

def wait_for(name):
    while not (here / name).exists():
        time.sleep(0.01)
"""


def run_parent(here, script):
    """Run a script as a parent that kills itself; return once it and all its children have ended.

    They all have the pipe for their output, which ends with the last of them.
    """
    command = [sys.executable, "-c", PARENT + textwrap.dedent(script), str(here)]
    try:
        gone = subprocess.run(command, stdout=subprocess.PIPE, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        for started in here.glob("started-*"):  # what should have ended would run for hours
            with suppress(ProcessLookupError):
                os.kill(int(started.read_text()), signal.SIGKILL)
        raise
    assert gone.returncode == -signal.SIGKILL
    return gone.stdout.decode()


def child(here, body):
    """Write a module for a child: it sets itself up, leaves a file "ready", and then does what `body` says."""
    (here / "child.py").write_text(
        "import os, shutil, signal, subprocess, sys, time\nfrom pathlib import Path\n"
        "from jobqueue_lesson.processes import *\n"
        "here = Path(sys.argv[1])\n" + textwrap.dedent(body)
    )


SUICIDE = "os.kill(os.getpid(), signal.SIGKILL)"
TWO_WORKERS = """
queue = SQLiteQueue(here / "tasks.db")
for n in (1, 2):
    queue.enqueue({type!r}, {{"started": str(here / f"started-{{n}}")}})
workers = [WorkerProcess(queue, here / "handlers.py", f"worker-{{n}}") for n in (1, 2)]
wait_for("started-1")
wait_for("started-2")
"""


@posix
def test_workers_die_with_their_parent(here):
    run_parent(here, TWO_WORKERS.format(type="sleep") + SUICIDE)


@linux
def test_workers_die_with_their_parent_while_their_handlers_hold_the_gil(here):
    run_parent(here, TWO_WORKERS.format(type="hold") + SUICIDE)


FORK = """
if os.fork() == 0:  # a copy of the parent, which also has the other end of the children's pipes
    os.close(1)
    (here / "forked").write_text(str(os.getpid()))
    time.sleep(60)
    os._exit(0)
wait_for("forked")
"""


@posix
@pytest.mark.parametrize("type", ["sleep", pytest.param("hold", marks=linux)])
def test_workers_die_with_a_parent_that_had_forked(here, type):
    try:
        run_parent(here, TWO_WORKERS.format(type=type) + FORK + SUICIDE)
    finally:
        os.kill(int((here / "forked").read_text()), signal.SIGKILL)


@posix
@pytest.mark.parametrize("type", ["sleep", pytest.param("hold", marks=linux)])
def test_workers_that_a_short_lived_thread_started_die_with_the_process(here, type):
    start = f"def start():\n{textwrap.indent(TWO_WORKERS.format(type=type), '    ')}\n"
    run_parent(here, start + "thread = threading.Thread(target=start)\nthread.start()\nthread.join()\n" + SUICIDE)


def test_workers_outlive_the_thread_that_started_them(here):
    queue = SQLiteQueue(here / "tasks.db")
    workers = []

    def start():
        workers.extend(WorkerProcess(queue, here / "handlers.py", f"worker-{n}") for n in (1, 2))
        wait_until(lambda: all((here / f"started-{n}").exists() for n in (1, 2)), 20)

    for n in (1, 2):
        queue.enqueue("sleep", {"started": str(here / f"started-{n}"), "seconds": 0.5})
    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    try:
        wait_until(lambda: queue.stats()["completed"] == 2, 20)
        assert [worker.alive for worker in workers] == [True, True]
    finally:
        for worker in workers:
            worker.stop()
        queue.close()


@posix
def test_a_fork_of_a_parent_can_start_children_too(here):
    """It does not wait for a thread that it does not have: a fork copies only one thread."""
    child(here, "die_with_parent()\n(here / sys.argv[2]).touch()\ntime.sleep(3600)")
    script = """
        first = Child("child", str(here), "first", name="first")
        wait_for("first")
        if os.fork() == 0:
            second = Child("child", str(here), "second", name="second")
            wait_for("second")
            os._exit(0)
        os.wait()
    """
    run_parent(here, textwrap.dedent(script) + SUICIDE)


START = """
child = Child("child", str(here), name="child")
wait_for("ready")
"""


@posix
def test_a_child_whose_parent_is_gone_before_it_can_ask_for_its_end_ends_at_once(here):
    """A fork holds its pipe, and the kernel has no parent left to watch."""
    script = """
        child = Child("child", str(here), name="child")
        wait_for("started")
    """
    child(
        here,
        """
        parent = os.getppid()
        (here / "started").touch()
        while os.getppid() == parent:
            time.sleep(0.01)
        die_with_parent()
        time.sleep(3600)
        """,
    )
    try:
        run_parent(here, textwrap.dedent(script) + FORK + SUICIDE)
    finally:
        os.kill(int((here / "forked").read_text()), signal.SIGKILL)


WATCHES = """
    (here / "ready").touch()
    wait_for_parent()
    (here / "noticed").touch()
"""


@posix
@pytest.mark.parametrize("fork", ["", FORK], ids=["", "that had forked"])
def test_a_child_with_something_left_to_do_notices_that_the_parent_was_killed(here, fork):
    child(here, WATCHES)
    try:
        run_parent(here, START + fork + SUICIDE)
    finally:
        if fork:
            os.kill(int((here / "forked").read_text()), signal.SIGKILL)
    wait_until((here / "noticed").exists, 20)


@linux
def test_a_program_that_a_child_runs_dies_with_it_though_it_is_killed(here):
    child(
        here,
        """
        die_with_parent()
        command = [sys.executable, "-c", "import time; time.sleep(3600)"]
        server = subprocess.Popen(command, preexec_fn=kill_with_parent)
        (here / "ready").write_text(str(server.pid))
        time.sleep(3600)
        """,
    )
    run_parent(here, START + "child.kill()\n" + SUICIDE)


def test_a_child_starts_where_it_can_be_stopped_and_killed(here):
    child(here, "die_with_parent()\n(here / 'ready').touch()\ntime.sleep(3600)")
    for end in (Child.stop, Child.kill):
        with Child("child", str(here), name="child") as started:
            wait_until((here / "ready").exists, 20)
            assert started.alive
            end(started)
            assert not started.alive
        (here / "ready").unlink()


def test_a_child_that_cannot_be_started_says_so(monkeypatch):
    monkeypatch.setattr(processes.sys, "executable", "/nowhere/python")
    with pytest.raises(FileNotFoundError, match="/nowhere/python"):
        Child("child", name="child")


def test_a_child_that_starts_while_its_caller_is_interrupted_is_not_left_running(here, monkeypatch):
    """Ctrl-C comes while another thread starts the process."""
    child(here, "die_with_parent()\n(here / 'ready').touch()\ntime.sleep(3600)")
    made = []

    class Interrupted(processes.Future):
        def result(self, timeout=None):
            made.append(super().result(timeout))
            if len(made) == 1:
                raise KeyboardInterrupt
            return made[0]

    monkeypatch.setattr(processes, "Future", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        Child("child", str(here), name="child")
    with made[0] as process:
        assert process.wait(20) != 0
