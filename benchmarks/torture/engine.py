"""The kill tests of the engine: workers are killed and frozen, and the server is killed, while jobs run."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import Counter, defaultdict
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from jobqueue_lesson.engine import EngineQueue, EngineWorker, crash
from jobqueue_lesson.job import Move, Status, StorageError
from jobqueue_lesson.retries import RetryPolicy

LEASE = 1.0
HANDLERS = """
import asyncio, os
from jobqueue_lesson.progress import current_job

async def job(data):
    now = current_job()
    with open(data["runs"], "ab", buffering=0) as runs:
        runs.write(f"{now.id} {now.attempt} {os.getpid()}\\n".encode())
    await asyncio.sleep(data["seconds"])
    if data.get("fails"):
        raise ValueError("as told")
    return now.id

HANDLERS = {"job": job}
"""


class Trial:
    """A queue, its workers, and a file in which every run of a handler leaves a line."""

    def __init__(self, url: str, folder: Path, name: str) -> None:
        self.url, self.name = url, name
        self.queue = EngineQueue(url, name, retry=RetryPolicy(base=0.05, factor=1.0))
        self.runs = folder / f"{name}.runs"
        self.handlers = folder / "handlers.py"
        self.handlers.write_text(HANDLERS)
        self.team: list[EngineWorker] = []
        self.started = 0

    def enqueue(self, jobs: int, seconds: float, **options: Any) -> list[int]:
        """Enqueue jobs whose handler takes so many seconds, and raises if `fails` says so; return their ids."""
        data = {"runs": str(self.runs), "seconds": seconds, "fails": options.pop("fails", False)}
        return [self.queue.enqueue("job", data, **options).id for _ in range(jobs)]

    def start(self, lease: float = LEASE) -> EngineWorker:
        """Start one more worker."""
        self.started += 1
        worker = EngineWorker(self.queue, self.handlers, name=f"worker-{self.started}", lease=lease)
        self.team.append(worker)
        return worker

    def open(self) -> int:
        """Return how many jobs have not ended."""
        stats = self.queue.stats()
        return stats[Status.PENDING] + stats[Status.PROCESSING]

    def wait(self, seconds: float = 300) -> None:
        """Wait until all jobs have ended, also while the server is down."""
        give_up = time.monotonic() + seconds
        while True:
            try:
                if not self.open():
                    return
            except StorageError:
                pass
            assert time.monotonic() < give_up, f"stuck: {self.queue.stats()}"
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop all workers."""
        for worker in self.team:
            worker.stop()

    def run_counts(self) -> Counter[int]:
        """Return how many times the handler ran, by job."""
        return Counter(int(line.split()[0]) for line in self.runs.read_text().splitlines())

    def check(self, ids: list[int], killed: set[str], *, max_attempts: int = 3) -> dict[str, int]:
        """Compare the jobs, their attempts, the engine's record and what the handlers have written.

        Raises:
            AssertionError: if a job is lost, stuck, or ran once more than a kill explains.
        """
        runs = self.run_counts()
        events = defaultdict(list)
        for event in self.queue.events():
            events[event.job_id].append(event)
        twice = dead = unexplained = 0
        for id in ids:
            job = self.queue.get(id)
            assert job is not None, f"job {id} is lost"
            moves = [event.move for event in events[id]]
            assert moves[0] == Move.ENQUEUE
            assert moves.count(Move.DEQUEUE) == job.attempts, (id, moves)
            assert moves.count(Move.COMPLETE) + moves.count(Move.FAIL) == 1, (id, moves)
            ended = [error for error in job.errors if error.type == "LeaseExpired"]
            for error in ended:
                worker = error.message.split()[0]
                unexplained += worker not in killed
            if job.status is Status.COMPLETED:
                assert job.result == id
                assert len(job.errors) == job.attempts - 1
            else:
                assert job.attempts == max_attempts == len(job.errors)
                dead += 1
            # A worker may be killed after it claimed a job and before the handler wrote its line.
            assert job.attempts - len(ended) <= runs[id] <= job.attempts, (id, runs[id], job.attempts)
            twice += runs[id] > 1
        assert unexplained == 0, f"{unexplained} attempts lost by workers that nobody had harmed"
        assert set(runs) <= set(ids)
        return {"jobs": len(ids), "ran more than once": twice, "dead": dead}


def storm(url: str, folder: Path, jobs: int = 2000, workers: int = 3, every: float = 0.4) -> str:
    """Kill one of the workers again and again until all jobs have ended."""
    trial, rng, killed = Trial(url, folder, "storm"), random.Random(12), set()
    ids = trial.enqueue(jobs, 0.03)
    begun, kills = time.monotonic(), 0
    team = [trial.start() for _ in range(workers)]
    try:
        while trial.open():
            time.sleep(every)
            victim = rng.randrange(workers)
            team[victim].kill()
            killed.add(team[victim].name)
            kills += 1
            team[victim] = trial.start()
            assert time.monotonic() < begun + 600, f"stuck: {trial.queue.stats()}"
    finally:
        trial.stop()
    return f"{trial.check(ids, killed)}, {kills} kills, {time.monotonic() - begun:.0f} s"


def frozen(url: str, folder: Path, jobs: int = 60, rounds: int = 5) -> str:
    """Freeze one of three workers for longer than its lease, and wake it again: its late report doesn't count."""
    trial, stopped = Trial(url, folder, "frozen"), set()
    ids = trial.enqueue(jobs, 0.3, max_attempts=rounds + 3)
    team = [trial.start() for _ in range(3)]
    try:
        for number in range(rounds):
            time.sleep(1)
            victim = team[number % 3]
            os.kill(victim._process.pid, signal.SIGSTOP)
            stopped.add(victim.name)
            time.sleep(2.5 * LEASE)
            os.kill(victim._process.pid, signal.SIGCONT)
        trial.wait()
        again = trial.enqueue(30, 0.3)
        trial.wait()
        workers = {trial.queue.get(id).worker for id in again}  # type: ignore[union-attr]
        assert workers == {worker.name for worker in team}, f"one does not work any more: {workers}"
    finally:
        trial.stop()
    return f"{trial.check(ids + again, stopped, max_attempts=rounds + 3)}, {rounds} times frozen"


def quiet(url: str, folder: Path) -> str:
    """Two and four workers and no fault: every delayed job and every retry once, max_attempts exact."""
    said = []
    for workers in (2, 4):
        trial = Trial(url, folder, f"quiet-{workers}")
        delayed = trial.enqueue(100, 0.0, delay=2.0)
        failing = trial.enqueue(50, 0.0, fails=True, max_attempts=3)
        try:
            for _ in range(workers):
                trial.start(lease=30.0)
            trial.wait()
        finally:
            trial.stop()
        runs = trial.run_counts()
        assert {runs[id] for id in delayed} == {1}, "a delayed job ran more than once"
        assert {runs[id] for id in failing} == {3}, "max_attempts is not exact"
        late = []
        for id in delayed:
            job = trial.queue.get(id)
            assert job is not None
            assert job.started_at is not None
            assert job.started_at >= job.scheduled_for, "a job was early"
            late.append(job.started_at - job.scheduled_for)
        said.append(
            f"{workers} workers: 100 delayed once, 50 × 3 attempts; latest start {1000 * max(late):.0f} ms late"
        )
    return "; ".join(said)


def crashes(url: str, folder: Path, jobs: int = 400, times: int = 5) -> str:
    """Kill the server while producers enqueue and workers work: what was acknowledged ends, and runs once."""
    trial = Trial(url, folder, "crashes")
    acknowledged: list[int] = []
    refused = 0
    for _ in range(3):
        trial.start(lease=10.0)
    longest = 0.0
    try:
        for number in range(jobs):
            if number % (jobs // times) == jobs // times // 2:
                crash(url)
            begun = time.monotonic()
            while True:
                try:
                    acknowledged += trial.enqueue(1, 0.01, key=f"job-{number}")
                    break
                except StorageError:
                    refused += 1
                    time.sleep(0.05)
            longest = max(longest, time.monotonic() - begun)
        trial.wait()
    finally:
        trial.stop()
    counts = trial.check(acknowledged, set())
    assert sum(trial.queue.stats().values()) == jobs, "a key made two jobs"
    return f"{counts}, {times} crashes, {refused} enqueues refused, {longest:.1f} s at most until one was taken again"


def produce(url: str, rounds: int, start: Barrier) -> None:
    """Be one of the producers with the same keys."""
    queue = EngineQueue(url, "keys")
    start.wait()
    for number in range(rounds):
        queue.enqueue("job", number, key=f"round-{number}")
    queue.close()


def keys(url: str, folder: Path, rounds: int = 500, producers: int = 6) -> str:
    """Let producers enqueue with the same keys at the same time: one job a key."""
    queue = EngineQueue(url, "keys")
    processes = multiprocessing.get_context("spawn")
    start = processes.Barrier(producers)
    team = [processes.Process(target=produce, args=(url, rounds, start)) for _ in range(producers)]
    for process in team:
        process.start()
    for process in team:
        process.join()
        assert process.exitcode == 0
    made = sum(queue.stats().values())
    assert made == rounds, f"{made} jobs for {rounds} keys"
    return f"{producers} producers, {rounds} keys, {made} jobs"


TRIALS = {function.__name__: function for function in (storm, frozen, quiet, crashes, keys)}
