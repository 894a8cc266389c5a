"""Claim jobs of the engine and report on them from this process, as its workers do: by the functions of engine.sql.

For tests that need a job in some state, and no worker process.
"""

import json
from typing import NamedTuple

from jobqueue_lesson.moves import describe_error
from jobqueue_lesson.retries import DoNotRetry, RetryPolicy


class Claim(NamedTuple):
    """One attempt."""

    id: int
    turn: int
    number: int
    spent: int
    data: object
    max_attempts: int
    retry: dict
    waited: float | None


class Attempts:
    """A worker made of single steps. It may have several jobs at once, as if it were several workers."""

    def __init__(self, queue):
        self.queue = queue
        self.claims = {}

    def register(self, name="worker-1", lease=1000.0):
        return self._ask("jobqueue_register(%s, %s, %s)", self.queue.name, name, lease)

    def dequeue(self, worker="worker-1", worker_id=None):
        """Claim the next job; None if none is due."""
        (claimed,) = self.queue._database.change(
            "SELECT (job).id, (job).attempts, number, spent, data, max_attempts, retry, waited"
            " FROM jobqueue_claim(%s, %s, %s)",
            ([self.queue.name], worker_id, worker),
        )
        claim = Claim(*claimed)
        if claim.number is None:
            return None
        self.claims[claim.id] = claim
        self.queue._notify()
        return claim

    def next_in(self):
        """Seconds until a job is due; None if one is due now, which is claimed then."""
        ((next_in,),) = self.queue._database.change(
            "SELECT next_in FROM jobqueue_claim(%s, NULL, 'nobody')", ([self.queue.name],)
        )
        return next_in

    def complete(self, job_id, result=None):
        return self._end(job_id, json.dumps(result), None, None, None)

    def fail(self, job_id, error):
        claim = self.claims[job_id]
        number = claim.number - claim.spent
        again = number < claim.max_attempts and not isinstance(error, DoNotRetry)
        retry_in = RetryPolicy(**claim.retry).delay(number, claim.waited) if again else None
        return self._end(job_id, None, *describe_error(error), retry_in)

    def progress(self, job_id, fraction, note=""):
        return self._ask("jobqueue_progress(%s, %s, %s, %s)", job_id, self.claims[job_id].turn, fraction, note)

    def _end(self, job_id, *outcome):
        values = (job_id, self.claims[job_id].turn, *outcome)
        return self._ask("jobqueue_end_attempt(%s, %s, %s::json, %s, %s, %s)", *values)

    def _ask(self, function, *values):
        ((answer,),) = self.queue._database.change(f"SELECT {function}", values)
        self.queue._notify()
        return answer
