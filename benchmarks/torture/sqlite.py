"""The kill test on SQLite: workers are killed at random while they work.

No job may be lost, stuck, or twice in the record.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import signal
import sqlite3
import time
from collections import Counter
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.job import COMPLETE, ENQUEUE, FAIL, Status
from jobqueue_lesson.worker import Worker

LEASE = 0.5
STARTS = [method for method in ("forkserver", "spawn") if method in multiprocessing.get_all_start_methods()]
"""How a worker may be started here, the fastest way first. Never by fork: it would share its parent's connection."""


class Outcome(NamedTuple):
    """What became of the jobs."""

    completed: int
    dead: int
    kills: int
    expired: int
    """Attempts whose worker was killed."""
    seconds: float


def work(path: str, name: str) -> None:
    """Be a worker: each job takes a millisecond or so."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    rng = random.Random(name)

    async def handler(data: object) -> object:
        await asyncio.sleep(rng.uniform(0, 0.002))
        return data

    async def shift() -> None:
        queue = SQLiteQueue(path, lease=LEASE)
        await Worker(queue, {"job": handler}, name=name).drain()
        queue.close()

    asyncio.run(shift())


def run(
    path: Path,
    jobs: int = 2000,
    workers: int = 4,
    every: float = 0.05,
    seconds: float = 3.0,
    seed: int = 10,
    least: int = 12,
    start_method: str = STARTS[0],
) -> Outcome:
    """Enqueue jobs, let workers do them, and kill one worker again and again.

    Args:
        path: of a new database file.
        jobs: how many.
        workers: how many processes.
        every: seconds between two kills.
        seconds: how long to go on killing; longer, until there were `least` kills or no job is left.
        seed: of the choice of whom to kill.
        least: see `seconds`.
        start_method: how Python starts a worker, one of `STARTS`.

    Raises:
        AssertionError: if a job is lost, stuck, or completed twice; or if the file is damaged.
    """
    processes: Any = multiprocessing.get_context(start_method)
    processes.set_forkserver_preload(["jobqueue_lesson.durable", "jobqueue_lesson.worker"])
    queue = SQLiteQueue(path, lease=LEASE)
    for number in range(jobs):
        queue.enqueue("job", number)
    rng, kills, begun = random.Random(seed), 0, time.monotonic()

    def start(number: int) -> BaseProcess:
        process: BaseProcess = processes.Process(target=work, args=(str(path), f"worker-{number}"), daemon=True)
        process.start()
        return process

    team = [start(number) for number in range(workers)]
    try:
        # On a busy machine a kill takes long; what few kills prove is little.
        while time.monotonic() < begun + seconds or (kills < least and queue.stats()[Status.PENDING]):
            time.sleep(every)
            victim = rng.randrange(workers)
            kills += team[victim].exitcode is None
            team[victim].kill()
            team[victim].join()
            team[victim] = start(workers + kills)
        for process in team:
            process.join(60 + jobs / 100)
            assert process.exitcode == 0, f"{process.name} ended with {process.exitcode}"
    finally:
        for process in team:
            process.kill()
            process.join()
    took = time.monotonic() - begun
    return check(queue, jobs, kills, took)


def check(queue: SQLiteQueue, jobs: int, kills: int, took: float) -> Outcome:
    """Compare the jobs, the record and the counts."""
    events = queue.events()
    moves = {move: Counter(e.job_id for e in events if e.move is move) for move in (ENQUEUE, COMPLETE, FAIL)}
    expired = sum(event.error is not None and event.error.type == "LeaseExpired" for event in events)
    ids = range(1, jobs + 1)
    assert all(moves[ENQUEUE][id] == 1 for id in ids)
    assert all(moves[COMPLETE][id] + moves[FAIL][id] == 1 for id in ids), "a job that ended twice, or never"
    for job in map(queue.get, ids):
        assert job is not None, "a job is lost"
        if job.status is Status.COMPLETED:
            assert job.result == job.data
        else:
            assert job.status is Status.FAILED
            assert job.attempts == job.max_attempts == len(job.errors)
            assert {error.type for error in job.errors} == {"LeaseExpired"}
    completed, dead = sum(moves[COMPLETE].values()), sum(moves[FAIL].values())
    assert queue.stats() == {"pending": 0, "processing": 0, "completed": completed, "failed": dead}
    queue.close()
    with sqlite3.connect(queue.path) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()
    return Outcome(completed, dead, kills, expired, took)
