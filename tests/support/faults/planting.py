"""What a planted fault is: a queue with one fault, and what a judge must find."""

from heapq import heappush
from typing import NamedTuple

from jobqueue_lesson import JobQueue


class Fault(NamedTuple):
    queue: type
    stage: str
    promises: tuple[str, ...]
    """One of these must be named: for some faults, two sentences say the same."""
    moves: int
    """How many moves the shortest history has, at most."""


FAULTS: list[Fault] = []


def fault(stage, *promises, moves=6):
    def plant(queue):
        FAULTS.append(Fault(queue, stage, promises, moves))
        return queue

    return plant


ONCE, ORDER, RETRIES, KEYS, LISTENERS, LEASES, CRASHES, STORM = (
    "hands out once", "order", "retries", "keys", "listeners", "leases", "crashes", "a storm of all of it",
)  # fmt: skip


class Ranked(JobQueue):
    """A queue whose ready jobs are in the order of `rank`."""

    def _add_pending(self, job, now):
        if job.scheduled_for > now:
            heappush(self._delayed, (job.scheduled_for, job.id, job))
        else:
            heappush(self._ready, (*self.rank(job), job))
