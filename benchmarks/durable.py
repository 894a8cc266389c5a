"""The queue on disk against others on SQLite, and the engine's cover against the engine itself. All on a real clock."""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import persistqueue
import procrastinate
from huey import SqliteHuey

from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.engine import EngineQueue, server
from jobqueue_lesson.engine_worker import work

from .measure import Row, in_turns

JOBS = 2000
ENGINE_JOBS = 500
FOUR = 4


def in_folder(work: Callable[[Path], object]) -> Callable[[], object]:
    """Give some work a new folder each time."""

    def run() -> object:
        folder = Path(tempfile.mkdtemp(prefix="bench-"))
        try:
            return work(folder)
        finally:
            shutil.rmtree(folder)

    return run


def ours(folder: Path) -> None:
    """Enqueue, dequeue and complete jobs, each move a transaction of its own."""
    queue = SQLiteQueue(folder / "jobs.db", poll=None)
    for number in range(JOBS):
        queue.enqueue("work", {"n": number})
    drain(queue)
    queue.close()


def drain(queue: SQLiteQueue) -> None:
    """Dequeue and complete all jobs that are there."""
    while (job := queue.dequeue()) is not None:
        queue.complete(job.id, {"ok": True}, attempt=job.attempts)


def with_persist_queue(folder: Path) -> None:
    """Put, get and acknowledge."""
    queue = persistqueue.SQLiteAckQueue(str(folder), auto_commit=True)
    for number in range(JOBS):
        queue.put({"n": number})
    for _ in range(JOBS):
        queue.ack(queue.get())
    queue.close()


def be_done(data: dict[str, int]) -> dict[str, bool]:
    """Be the handler of Huey's jobs."""
    return {"ok": True}


def with_huey(folder: Path) -> None:
    """Enqueue, dequeue and execute, which keeps the result."""
    huey = SqliteHuey(filename=str(folder / "huey.db"))

    enqueue = huey.task(name="work")(be_done)
    for number in range(JOBS):
        enqueue({"n": number})
    for _ in range(JOBS):
        huey.execute(huey.dequeue())
    huey.storage.close()


def one_process() -> Row:
    """Compare with the faster one of two peers."""
    mine, persist = in_turns(in_folder(ours), in_folder(with_persist_queue), rounds=3, clock=time.perf_counter)
    _, huey = in_turns(in_folder(lambda _: None), in_folder(with_huey), rounds=3, clock=time.perf_counter)
    peer, name = min((persist, "persist-queue"), (huey, "Huey"))
    rates = f"{JOBS / mine:,.0f} jobs/s", f"{name}: {JOBS / peer:,.0f} jobs/s"
    return Row("on SQLite, one process: enqueue, dequeue, complete", *rates, peer / mine, 2.0, at_least=True)


def _drain_ours(path: str) -> None:
    queue = SQLiteQueue(path, poll=None)
    drain(queue)
    queue.close()


def _drain_huey(path: str) -> None:
    huey = SqliteHuey(filename=path)

    huey.task(name="work")(be_done)
    while (task := huey.dequeue()) is not None:
        huey.execute(task)


def by_four(drain: Callable[[str], None], path: Path) -> float:
    """Return the seconds in which four processes drain a queue that has been filled."""
    processes = multiprocessing.get_context("spawn")
    team = [processes.Process(target=drain, args=(str(path),)) for _ in range(FOUR)]
    begun = time.perf_counter()
    for process in team:
        process.start()
    for process in team:
        process.join()
        if process.exitcode:
            raise RuntimeError(f"{drain.__name__} ended with {process.exitcode}")
    return time.perf_counter() - begun


def four_processes() -> Row:
    """Drain a full queue by four processes. What it takes to start them, on an empty queue, is taken off."""

    def filled_ours(folder: Path, jobs: int) -> Path:
        queue = SQLiteQueue(folder / "jobs.db", poll=None)
        for number in range(jobs):
            queue.enqueue("work", {"n": number})
        queue.close()
        return folder / "jobs.db"

    def filled_huey(folder: Path, jobs: int) -> Path:
        huey = SqliteHuey(filename=str(folder / "huey.db"))

        enqueue = huey.task(name="work")(be_done)
        for number in range(jobs):
            enqueue({"n": number})
        huey.storage.close()
        return folder / "huey.db"

    def net(fill: Callable[[Path, int], Path], drain: Callable[[str], None]) -> float:
        best = []
        for _ in range(2):
            times = []
            for jobs in (0, JOBS):
                with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                    times.append(by_four(drain, fill(Path(folder), jobs)))
            best.append(times[1] - times[0])
        return min(best)

    mine, huey = net(filled_ours, _drain_ours), net(filled_huey, _drain_huey)
    # persist-queue is not for several processes: of 1,000 items, four of them were handed 1,014.
    rates = f"{JOBS / mine:,.0f} jobs/s", f"Huey: {JOBS / huey:,.0f} jobs/s"
    return Row("on SQLite, four processes: dequeue, complete", *rates, huey / mine, 2.0, at_least=True)


def claims(pending: int) -> float:
    """Return the median seconds of a claim, with so many jobs pending."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "jobs.db"
        SQLiteQueue(path, poll=None).close()
        with sqlite3.connect(path) as db:
            db.executemany(
                "INSERT INTO jobs (type, data, priority, max_attempts, created_at, scheduled_for, status, attempts,"
                " result, errors, note, ready) VALUES ('work', '{}', ?, 3, ?, ?, 'pending', 0, 'null', '[]', '', 1)",
                ((number % 10, number, number) for number in range(pending)),
            )
            db.execute("UPDATE counts SET pending = ?", (pending,))
        db.close()
        queue = SQLiteQueue(path, poll=None)
        times = []
        for _ in range(500):
            begun = time.perf_counter()
            queue.dequeue()
            times.append(time.perf_counter() - begun)
        queue.close()
    return median(times)


def growth() -> Row:
    """Compare a claim among 1,000,000 pending jobs with one among 1,000."""
    few, many = min(claims(1_000) for _ in range(3)), min(claims(1_000_000) for _ in range(2))
    name = "on SQLite: a claim among 1,000,000 pending / among 1,000"
    return Row(name, f"{1e6 * many:.0f} µs", f"{1e6 * few:.0f} µs", many / few, 1.5)


async def nothing(data: object) -> None:
    """Do nothing: what a job costs without its work."""


def cover() -> Row:
    """Compare Procrastinate through `engine` with Procrastinate alone: enqueue, then one worker in this process."""
    with server() as url:
        queue = EngineQueue(url, "ours")
        connector = procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=3)
        app = procrastinate.App(connector=connector)
        app.task(name="work", queue="plain")(nothing)

        def through_engine() -> None:
            for number in range(ENGINE_JOBS):
                queue.enqueue("work", number, max_attempts=1)
            asyncio.run(work(url, "ours", {"work": nothing}, "worker-1", 30.0, until_empty=True))

        def plainly() -> None:
            with app.open():
                for number in range(ENGINE_JOBS):
                    app.tasks["work"].defer(data=number)

            async def run() -> None:
                async with app.open_async():
                    await app.run_worker_async(queues=["plain"], wait=False, install_signal_handlers=False)

            asyncio.run(run())

        mine, theirs = in_turns(through_engine, plainly, rounds=5, clock=time.perf_counter)
        queue.close()
    rates = f"{ENGINE_JOBS / mine:,.0f} jobs/s", f"Procrastinate: {ENGINE_JOBS / theirs:,.0f} jobs/s"
    return Row("Procrastinate through engine.py / plain Procrastinate", *rates, mine / theirs, 1.3)


def rows() -> Iterator[Row]:
    yield one_process()
    yield four_processes()
    yield growth()
    yield cover()
