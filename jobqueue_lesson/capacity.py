"""How many workers: by formula, and by simulation (page 12).

Jobs arrive at random at a rate λ, each takes 1/μ on average, and there are c workers: an M/M/c queue.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Iterable
from heapq import heapreplace
from typing import Literal, NamedTuple

from .arguments import validate_count, validate_number


def offered_load(arrivals: float, service: float) -> float:
    """Return the seconds of work that arrive per second: arrivals × service. Its unit is the erlang.

    Args:
        arrivals: jobs per second.
        service: seconds that a job takes, on average.
    """
    validate_number("arrivals", arrivals, above=True)
    validate_number("service", service, above=True)
    return arrivals * service


def utilization(arrivals: float, service: float, workers: int) -> float:
    """Return the share of their time for which workers are busy. At 1 or more, the queue grows forever."""
    validate_count("workers", workers)
    return offered_load(arrivals, service) / workers


def erlang_b(load: float, workers: int) -> float:
    """Return the probability that all workers are busy if no job waits: arrivals that find all workers busy are lost.

    Args:
        load: in erlangs, see `offered_load`.
        workers: how many.

    Source: A. K. Erlang, 1917; computed by the recursion B(0) = 1, B(n) = load·B(n-1) / (n + load·B(n-1)), which has
    no factorial that could overflow.
    """
    validate_number("load", load)
    validate_count("workers", workers)
    blocked = 1.0
    for n in range(1, workers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(load: float, workers: int) -> float:
    """Return the probability that a job has to wait: 1 if the workers cannot keep up.

    Source: A. K. Erlang, 1917, from `erlang_b` by C = B / (1 - ρ(1 - B)), with ρ = load / workers.
    """
    validate_count("workers", workers)
    if load >= workers:
        return 1.0
    blocked = erlang_b(load, workers)
    return blocked / (1 - load / workers * (1 - blocked))


def mean_wait(arrivals: float, service: float, workers: int) -> float:
    """Return the mean wait, in seconds: C / (workers/service - arrivals); infinite if the workers cannot keep up."""
    load = offered_load(arrivals, service)
    if load >= validate_count("workers", workers):
        return math.inf
    return erlang_c(load, workers) / (workers / service - arrivals)


def wait_quantile(arrivals: float, service: float, workers: int, share: float = 0.95) -> float:
    """Return the wait that a share of all jobs does not exceed, in seconds.

    A wait is longer than t with the probability C·exp(-(workers/service - arrivals)·t); this solves that for t.
    Source: any text on M/M/c with first come, first served, such as Cooper, "Introduction to Queueing Theory", 1981.
    """
    validate_number("share", share, above=True)
    if share >= 1:
        raise ValueError(f"share must be below 1, such as 0.95, got {share!r}")
    load = offered_load(arrivals, service)
    if load >= validate_count("workers", workers):
        return math.inf
    waiting = erlang_c(load, workers)
    return max(0.0, math.log(waiting / (1 - share)) / (workers / service - arrivals)) if waiting else 0.0


def mean_in_system(arrivals: float, service: float, workers: int) -> float:
    """Return how many jobs are in the system on average, waiting or running: arrivals × (mean wait + service).

    Source: J. D. C. Little, "A Proof for the Queuing Formula: L = λW", Operations Research 9 (1961).
    """
    return arrivals * (mean_wait(arrivals, service, workers) + service)


def fewest_workers(arrivals: float, service: float, target: float, share: float = 0.95) -> int:
    """Return the fewest workers with which a share of all jobs waits no longer than `target` seconds."""
    validate_number("target", target)
    workers = math.floor(offered_load(arrivals, service)) + 1
    while wait_quantile(arrivals, service, workers, share) > target:
        workers += 1
    return workers


def quantile(values: Iterable[float], share: float) -> float:
    """Return the value that a share of all values do not exceed: 0.95 for the p95."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1]


class QueueOutcome(NamedTuple):
    """The result of a simulated queue."""

    waits: list[float]
    """How long each job waited, in seconds, in order of arrival."""
    busy: float
    """The share of their time for which the workers were busy."""
    seconds: float
    """How long it took in all."""
    arrived: list[float]
    """When each job arrived, in seconds."""
    done: list[float]
    """When each job was done, in seconds, in order of arrival."""

    @property
    def mean(self) -> float:
        """The mean wait, in seconds."""
        return math.fsum(self.waits) / len(self.waits)

    def quantile(self, share: float) -> float:
        """Return the wait that a share of the jobs did not exceed, in seconds."""
        return quantile(self.waits, share)

    def mean_in_system(self) -> float:
        """Return how many jobs were in the system on average, waiting or running: by counting, without a formula.

        It walks through time, adds one for each arrival, subtracts one for each job done, and weights each count by how
        long it lasted.
        """
        changes = sorted([(second, 1) for second in self.arrived] + [(second, -1) for second in self.done])
        jobs, since, weighted = 0, 0.0, []
        for second, change in changes:
            weighted.append(jobs * (second - since))
            jobs, since = jobs + change, second
        return math.fsum(weighted) / self.seconds

    def interval(self, batches: int = 20) -> tuple[float, float]:
        """Return the 99 % confidence interval of the mean wait.

        Successive waits are correlated, so it compares the means of 20 long batches, not single waits (the method of
        batch means; Student's t for 19 degrees of freedom is 2.861).
        """
        size = len(self.waits) // batches
        means = [math.fsum(self.waits[n * size : (n + 1) * size]) / size for n in range(batches)]
        mean = math.fsum(means) / batches
        deviation = math.sqrt(math.fsum((m - mean) ** 2 for m in means) / (batches - 1))
        half = 2.861 * deviation / math.sqrt(batches)
        return mean - half, mean + half


def simulate(arrivals: float, service: float, workers: int, jobs: int = 100_000, seed: int = 12) -> QueueOutcome:
    """Simulate jobs that arrive at random and are served first come, first served, with exponential times.

    This is the course's queue at its barest: each job goes to the worker that is free first. So 100,000 jobs take a
    moment, where the queue itself would need some seconds. A test compares the two.

    Args:
        arrivals: jobs per second.
        service: seconds that a job takes, on average.
        workers: how many.
        jobs: how many.
        seed: for the random times.
    """
    offered_load(arrivals, service)
    rng = random.Random(seed)
    free = [0.0] * validate_count("workers", workers)  # a heap: when each worker is free
    now = worked = 0.0
    waits, arrived, done = [], [], []
    for _ in range(validate_count("jobs", jobs)):
        now += rng.expovariate(arrivals)
        work = rng.expovariate(1 / service)
        start = max(now, free[0])
        heapreplace(free, start + work)
        waits.append(start - now)
        arrived.append(now)
        done.append(start + work)
        worked += work
    seconds = max(free)
    return QueueOutcome(waits, worked / (seconds * workers), seconds, arrived, done)


Signal = Literal["depth", "latency"]
WAITING_PER_WORKER = 10
"""Scaling by depth: waiting jobs per worker."""
TOO_OLD = 1.0
"""Scaling by latency: seconds the oldest job may wait before a worker is added."""
QUIET = 30.0
"""Seconds without a waiting job before a worker is removed."""


class AutoscaleOutcome(NamedTuple):
    """The result of an autoscaled team of workers."""

    waits: list[tuple[float, float]]
    """(second in which a job arrived, seconds it waited)."""
    team: list[tuple[float, int]]
    """(second, workers), once per second: those that are starting, too."""

    def p95(self, since: float = 0.0, until: float = math.inf) -> float:
        """Return the wait that 95 of 100 jobs did not exceed, in seconds, of those that arrived between two seconds."""
        return quantile((wait for came, wait in self.waits if since <= came < until), 0.95)

    def mean_team(self, since: float = 0.0, until: float = math.inf) -> float:
        """Return how many workers there were on average between two seconds."""
        sizes = [size for second, size in self.team if since <= second < until]
        return math.fsum(sizes) / len(sizes)


def autoscale(
    signal: Signal, quiet: float = QUIET, most: int = 12, start_up: float = 10.0, seed: int = 12
) -> AutoscaleOutcome:
    """Scale a team of workers by a signal, through ten minutes of many small jobs and ten minutes of a few big ones.

    In the first ten minutes, 40 jobs of 20 ms arrive per second, with a rush of 300 every minute. In the second ten,
    one job of 4 s arrives per second. "depth" asks for a worker for every `WAITING_PER_WORKER` waiting jobs. "latency"
    adds a worker when the oldest job has waited longer than `TOO_OLD` and no worker is starting. Both look once per
    second.

    Args:
        signal: what the size of the team follows.
        quiet: seconds without a waiting job after which one worker is removed. 0, by depth: the team shrinks at once.
        most: the most workers there may be. There is always one.
        start_up: seconds that a new worker takes to start.
        seed: for the random times.
    """
    rng = random.Random(seed)
    coming: list[tuple[float, float]] = []  # (when, work)
    now = 0.0
    while now < 600:
        now += rng.expovariate(40)
        coming.append((now, 0.02))
    coming += [(60.0 * minute, 0.02) for minute in range(1, 10) for _ in range(300)]
    while now < 1200:
        now += rng.expovariate(1)
        coming.append((now, 4.0))
    coming.sort()

    free = [0.0]  # when each worker is free, or has started
    started, waited = 0.0, 0.0  # when the newest worker has started; when a job last waited
    outcome = AutoscaleOutcome([], [])
    queue: deque[tuple[float, float]] = deque()
    arrived = 0
    for second in range(1300):
        while arrived < len(coming) and coming[arrived][0] <= second:
            queue.append(coming[arrived])
            arrived += 1
        free.sort()
        while queue and max(free[0], queue[0][0]) <= second:
            came, work = queue.popleft()
            start = max(free[0], came)
            outcome.waits.append((came, start - came))
            free[0] = start + work
            free.sort()
        oldest = second - queue[0][0] if queue else 0.0
        waited = second if queue else waited
        fewer = second >= waited + quiet
        waited = second if fewer else waited  # the next worker is removed after another quiet spell
        if signal == "latency":
            wanted = len(free) + (oldest > TOO_OLD and second >= started) - fewer
        else:
            wanted = math.ceil(len(queue) / WAITING_PER_WORKER)
            wanted = max(wanted, len(free) - fewer) if quiet else wanted
        wanted = min(most, max(1, wanted))
        while len(free) < wanted:
            started = second + start_up
            free.append(started)
        while len(free) > wanted and free[0] <= second:  # a busy worker finishes its job first
            free.pop(0)
        outcome.team.append((float(second), len(free)))
    return outcome
