"""Claim jobs of the engine and report on them from this process, as its workers do: by the functions of engine.sql.

For tests that need a job in some state, and no worker process.
"""

import json
from typing import NamedTuple


class Claim(NamedTuple):
    """One attempt."""

    id: int
    turn: int
    number: int
    data: object


class Attempts:
    """A worker made of single steps. It may have several jobs at once, as if it were several workers."""

    def __init__(self, queue):
        self.queue = queue
        self.claims = {}

    def register(self, name="worker-1", lease=1000.0):
        ((worker_id,),) = self.queue._change(
            "SELECT * FROM jobqueue_register(%s, %s, %s)", (self.queue.name, name, lease)
        )
        return worker_id

    def dequeue(self, worker="worker-1", worker_id=None):
        """Claim the next job; None if none is due."""
        ((*claimed, _),) = self.queue._change(
            "SELECT (job).id, (job).attempts, number, data, next_in FROM jobqueue_claim(%s, %s, %s)",
            ([self.queue.name], worker_id, worker),
        )
        if claimed[2] is None:
            return None
        claim = Claim(*claimed)
        self.claims[claim.id] = claim
        self.queue._tell()
        return claim

    def next_in(self):
        """Seconds until a job is due; it claims the job if one is due now."""
        ((next_in,),) = self.queue._change(
            "SELECT next_in FROM jobqueue_claim(%s, NULL, 'nobody')", ([self.queue.name],)
        )
        return next_in

    def complete(self, job_id, result=None):
        return self._end(job_id, json.dumps(result), None, None, None)

    def fail(self, job_id, error, retry_in=None):
        kind, message = ("", error) if isinstance(error, str) else (type(error).__name__, str(error))
        return self._end(job_id, None, kind, message, retry_in)

    def progress(self, job_id, fraction, note=""):
        claim = self.claims[job_id]
        ((counted,),) = self.queue._change(
            "SELECT jobqueue_progress(%s, %s, %s, %s)", (job_id, claim.turn, fraction, note)
        )
        self.queue._tell()
        return counted

    def _end(self, job_id, result, error_type, error, retry_in):
        values = (job_id, self.claims[job_id].turn, result, error_type, error, retry_in)
        ((counted,),) = self.queue._change("SELECT jobqueue_end_attempt(%s, %s, %s::json, %s, %s, %s)", values)
        self.queue._tell()
        return counted
