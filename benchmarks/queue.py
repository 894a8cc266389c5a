"""JobQueue against a bare heap, and against the JavaScript of the lesson that the course grew from."""

from __future__ import annotations

import gc
import json
import math
import os
import re
import shutil
import subprocess
import time
import tracemalloc
from collections.abc import Iterator
from heapq import heappop, heappush
from pathlib import Path

from jobqueue_lesson import JobQueue

from .measure import Row, in_turns, seconds

SEED = Path(os.environ.get("SEED", Path(__file__).parent.parent.parent / "shared" / "seed.md"))


def ours(jobs: int) -> JobQueue:
    """Enqueue, dequeue and complete so many jobs of ten priorities."""
    queue = JobQueue("bench")
    for number in range(jobs):
        queue.enqueue("work", None, priority=number % 10)
    while (job := queue.dequeue()) is not None:
        queue.complete(job.id, "done")
    return queue


def bare_heap(jobs: int) -> dict[int, str]:
    """Keep the same order and the results with a heap of tuples and a dictionary, and nothing else."""
    heap: list[tuple[int, float, int, str, None]] = []
    done: dict[int, str] = {}
    clock = time.time
    for number in range(jobs):
        heappush(heap, (-(number % 10), clock(), number, "work", None))
    while heap:
        done[heappop(heap)[2]] = "done"
    return done


def against_a_heap() -> Row:
    """Compare 100,000 jobs with a bare heap of tuples."""
    mine, theirs = in_turns(lambda: ours(100_000), lambda: bare_heap(100_000), rounds=21)
    name = "100,000 jobs: enqueue, dequeue, complete / bare heapq"
    return Row(name, seconds(mine), seconds(theirs), mine / theirs, 2.0)


def growth() -> Row:
    """Measure the exponent of time against the number of jobs, from 1,000 to 1,000,000."""
    small = in_turns(lambda: [ours(1_000) for _ in range(20)], lambda: [bare_heap(1_000) for _ in range(20)], rounds=5)
    large = in_turns(lambda: ours(1_000_000), lambda: bare_heap(1_000_000), rounds=2)
    mine, theirs = (math.log(many / (few / 20)) / math.log(1000) for few, many in zip(small, large, strict=True))
    name = "growth exponent, 1,000 to 1,000,000 jobs"
    return Row(name, f"{mine:.2f}", f"bare heapq: {theirs:.2f}", mine, 1.1)


def memory() -> Row:
    """Measure the bytes that a pending job takes, its place in the heap and the index included."""
    data: dict[str, str] = {}
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    queue = JobQueue("bench")
    for number in range(100_000):
        queue.enqueue("work", data, priority=number % 10)
    bytes_a_job = (tracemalloc.get_traced_memory()[0] - before) / 100_000
    tracemalloc.stop()
    return Row("bytes a pending job", f"{bytes_a_job:.0f} B", "–", bytes_a_job, 500)


def against_the_seed() -> Row:
    """Compare 10,000 jobs with the seed's own class, run by Node; its code is read from the seed at run time."""
    name = "10,000 jobs: the seed's JavaScript in Node / ours"
    node = shutil.which("node")
    if node is None or not SEED.exists():
        return Row(name, "–", "–", None, 40, True, "skipped: no Node" if node is None else "skipped: no seed")
    code = re.search(r"(class JobQueue \{.*?\n\})\n", SEED.read_text(encoding="utf-8"), re.DOTALL)
    if code is None:
        return Row(name, "–", "–", None, 40, True, "skipped: no class JobQueue in the seed")
    script = f"""{code[1]}
    const start = process.hrtime.bigint();
    const queue = new JobQueue("bench");
    for (let n = 0; n < 10000; n++) queue.enqueue("work", null, {{priority: n % 10}});
    let job; while ((job = queue.dequeue())) queue.complete(job.id, "done");
    console.log(JSON.stringify({{seconds: Number(process.hrtime.bigint() - start) / 1e9, stats: queue.getStats()}}));
    """
    times = []
    for _ in range(3):
        printed = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True).stdout
        answer = json.loads(printed)
        assert answer["stats"]["completed"] == 10_000
        times.append(answer["seconds"])
    mine, _ = in_turns(lambda: ours(10_000), lambda: None, clock=time.perf_counter)
    return Row(name, seconds(mine), seconds(min(times)), min(times) / mine, 40, at_least=True)


def rows() -> Iterator[Row]:
    """Measure everything of this module."""
    yield against_a_heap()
    yield growth()
    yield memory()
    yield against_the_seed()
