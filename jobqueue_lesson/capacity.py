"""How many workers: by formula, and by simulation (notebook 12).

Jobs that come at random at a rate λ, work that takes 1/μ on average, c workers: a queue that is called M/M/c.
"""

from __future__ import annotations

import math
import random
from collections import deque
from heapq import heapreplace
from typing import Literal, NamedTuple

from .arguments import check_count, check_number


def offered_load(arrivals: float, service: float) -> float:
    """Seconds of work that come in a second: arrivals × service. Its unit is called the erlang.

    Args:
        arrivals: jobs a second.
        service: seconds that a job takes, on average.
    """
    check_number("arrivals", arrivals, above=True)
    check_number("service", service, above=True)
    return arrivals * service


def utilization(arrivals: float, service: float, workers: int) -> float:
    """Return the share of their time for which workers are busy. At 1 or more, the queue grows for ever."""
    check_count("workers", workers)
    return offered_load(arrivals, service) / workers


def erlang_b(load: float, workers: int) -> float:
    """Probability that all workers are busy where nobody waits: who finds them busy goes away.

    Args:
        load: in erlangs, see `offered_load`.
        workers: how many.

    Source: A. K. Erlang, 1917; computed by the recursion B(0) = 1, B(n) = load·B(n-1) / (n + load·B(n-1)), which no
    factorial overflows.
    """
    check_number("load", load)
    check_count("workers", workers)
    blocked = 1.0
    for n in range(1, workers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(load: float, workers: int) -> float:
    """Probability that a job has to wait. 1 if there is more work than workers can do.

    Source: A. K. Erlang, 1917, from `erlang_b` by C = B / (1 - ρ(1 - B)), with ρ = load / workers.
    """
    check_count("workers", workers)
    if load >= workers:
        return 1.0
    blocked = erlang_b(load, workers)
    return blocked / (1 - load / workers * (1 - blocked))


def mean_wait(arrivals: float, service: float, workers: int) -> float:
    """Return the mean wait before a job is begun, in seconds: C / (workers/service - arrivals). Infinite if too few."""
    load = offered_load(arrivals, service)
    if load >= check_count("workers", workers):
        return math.inf
    return erlang_c(load, workers) / (workers / service - arrivals)


def wait_quantile(arrivals: float, service: float, workers: int, share: float = 0.95) -> float:
    """Return the wait that a share of all jobs do not exceed, in seconds.

    A wait is longer than t with the probability C·exp(-(workers/service - arrivals)·t); this solves that for t.
    Source: any text on M/M/c with first come, first served, such as Cooper, "Introduction to Queueing Theory", 1981.
    """
    check_number("share", share, above=True)
    if share >= 1:
        raise ValueError(f"share must be below 1, such as 0.95, got {share!r}")
    load = offered_load(arrivals, service)
    if load >= check_count("workers", workers):
        return math.inf
    waiting = erlang_c(load, workers)
    return max(0.0, math.log(waiting / (1 - share)) / (workers / service - arrivals)) if waiting else 0.0


def mean_in_system(arrivals: float, service: float, workers: int) -> float:
    """Return how many jobs are there on average, waiting or in hand: arrivals × (mean wait + service).

    Source: J. D. C. Little, "A Proof for the Queuing Formula: L = λW", Operations Research 9 (1961).
    """
    return arrivals * (mean_wait(arrivals, service, workers) + service)


def fewest_workers(arrivals: float, service: float, target: float, share: float = 0.95) -> int:
    """Return the smallest number of workers with which a share of all jobs waits no longer than target seconds."""
    check_number("target", target)
    workers = math.floor(offered_load(arrivals, service)) + 1
    while wait_quantile(arrivals, service, workers, share) > target:
        workers += 1
    return workers


class Waits(NamedTuple):
    """What a simulated queue did."""

    waits: list[float]
    """Seconds before each job was begun, in the order in which they came."""
    busy: float
    """The share of their time for which the workers were busy."""
    seconds: float
    """How long it all took."""
    came: list[float]
    """The second in which each job came."""
    done: list[float]
    """The second in which each job was done, in the order in which they came."""

    @property
    def mean(self) -> float:
        """The mean wait, in seconds."""
        return math.fsum(self.waits) / len(self.waits)

    def quantile(self, share: float) -> float:
        """Return the wait that a share of the jobs did not exceed, in seconds."""
        return sorted(self.waits)[math.ceil(share * len(self.waits)) - 1]

    def mean_in_system(self) -> float:
        """Return how many jobs were there on average, waiting or running: counted, and with no formula.

        Goes through the record in the order of time, one more for each job that came and one fewer for each that was
        done, and weighs each count with the time for which it held.
        """
        changes = sorted([(second, 1) for second in self.came] + [(second, -1) for second in self.done])
        there, since, weighed = 0, 0.0, []
        for second, change in changes:
            weighed.append(there * (second - since))
            there, since = there + change, second
        return math.fsum(weighed) / self.seconds

    def interval(self, batches: int = 20) -> tuple[float, float]:
        """Return the interval in which the true mean lies, with 99 % confidence.

        Waits of neighbours are alike, so the means of 20 long batches are compared, and not the waits (the method of
        batch means; Student's t for 19 degrees of freedom is 2.861).
        """
        size = len(self.waits) // batches
        means = [math.fsum(self.waits[n * size : (n + 1) * size]) / size for n in range(batches)]
        mean = math.fsum(means) / batches
        deviation = math.sqrt(math.fsum((m - mean) ** 2 for m in means) / (batches - 1))
        half = 2.861 * deviation / math.sqrt(batches)
        return mean - half, mean + half


def simulate(arrivals: float, service: float, workers: int, jobs: int = 100_000, seed: int = 12) -> Waits:
    """Let jobs come at random, and first come be first served. Times are drawn from exponential distributions.

    This is the course's queue at its barest: for each job, the worker that is free first takes it. So 100,000 jobs
    take a moment, where the queue itself would take some seconds; a test compares the two.

    Args:
        arrivals: jobs a second.
        service: seconds that a job takes, on average.
        workers: how many.
        jobs: how many.
        seed: of the random times.
    """
    offered_load(arrivals, service)
    chance = random.Random(seed)
    free = [0.0] * check_count("workers", workers)  # a heap: when each worker is free
    now = worked = 0.0
    waits, came, done = [], [], []
    for _ in range(check_count("jobs", jobs)):
        now += chance.expovariate(arrivals)
        work = chance.expovariate(1 / service)
        begun = max(now, free[0])
        heapreplace(free, begun + work)
        waits.append(begun - now)
        came.append(now)
        done.append(begun + work)
        worked += work
    seconds = max(free)
    return Waits(waits, worked / (seconds * workers), seconds, came, done)


Signal = Literal["depth", "latency"]
WAITING_PER_WORKER = 10
"""By depth: one worker for so many waiting jobs."""
TOO_OLD = 1.0
"""By latency: one worker more when the oldest job has waited for more than so many seconds."""
QUIET = 30.0
"""By latency: one worker fewer when for so many seconds no job has waited."""


class Scaled(NamedTuple):
    """What a team did whose size followed a signal."""

    waits: list[tuple[float, float]]
    """(second in which a job came, seconds before it was begun)."""
    team: list[tuple[float, int]]
    """(second, workers), once a second."""

    def p95(self) -> float:
        """Return the wait that 95 of 100 jobs did not exceed, in seconds."""
        waits = sorted(wait for _, wait in self.waits)
        return waits[math.ceil(0.95 * len(waits)) - 1]


def autoscale(signal: Signal, most: int = 12, start_up: float = 10.0, seed: int = 12) -> Scaled:
    """Let a team grow and shrink with a signal, through ten minutes of many small jobs and ten of few big ones.

    In the first ten minutes 40 jobs of 20 ms come a second, with a rush of 300 every minute. In the second ten minutes
    a job of 4 s comes every second. "depth" wants a worker for every `WAITING_PER_WORKER` waiting jobs. "latency" wants
    one more when the oldest job has waited for more than `TOO_OLD` and no worker is on its way already, and one fewer
    when for `QUIET` no job has waited. Both look once a second.

    Args:
        signal: what the team follows.
        most: how many workers there may be at most. There is always one.
        start_up: seconds until a new worker is there.
        seed: of the random times.
    """
    chance = random.Random(seed)
    coming: list[tuple[float, float]] = []  # (when, work)
    now = 0.0
    while now < 600:
        now += chance.expovariate(40)
        coming.append((now, 0.02))
    coming += [(60.0 * minute, 0.02) for minute in range(1, 10) for _ in range(300)]
    while now < 1200:
        now += chance.expovariate(1)
        coming.append((now, 4.0))
    coming.sort()

    free = [0.0]  # when each worker is free, or there
    there, waited = 0.0, 0.0  # when the newest worker is there; when somebody last waited
    outcome = Scaled([], [])
    queue: deque[tuple[float, float]] = deque()
    arrived = 0
    for second in range(1300):
        while arrived < len(coming) and coming[arrived][0] <= second:
            queue.append(coming[arrived])
            arrived += 1
        free.sort()
        while queue and max(free[0], queue[0][0]) <= second:
            came, work = queue.popleft()
            begun = max(free[0], came)
            outcome.waits.append((came, begun - came))
            free[0] = begun + work
            free.sort()
        oldest = second - queue[0][0] if queue else 0.0
        if signal == "depth":
            wanted = math.ceil(len(queue) / WAITING_PER_WORKER)
        else:
            waited = second if queue else waited
            more, fewer = oldest > TOO_OLD and second >= there, second >= waited + QUIET
            waited = second if fewer else waited  # the next one goes after another quiet spell
            wanted = len(free) + more - fewer
        wanted = min(most, max(1, wanted))
        while len(free) < wanted:
            there = second + start_up
            free.append(there)
        while len(free) > wanted and free[0] <= second:  # who is at work finishes first
            free.pop(0)
        outcome.team.append((float(second), len(free)))
    return outcome
