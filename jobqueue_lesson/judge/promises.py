"""The sentences of the contract that a judge can hold a queue to, each word for word (page 14).

A test compares them with the docstrings in `contract.py`.
"""

from __future__ import annotations

from enum import Enum


class Promise(Enum):
    """A sentence of `contract.py`: the member's value is what it belongs to, and its words."""

    NEVER_LOST = (
        "Producer",
        "A job is never lost: it ends as completed or failed, and a failed one is kept until a person discards it.",
    )
    MOVES = (
        "Producer",
        "A move that `job.Move` does not allow raises `IllegalMove`; an unknown id raises `JobNotFound`.",
    )
    CLOCK = "Producer", "Times are seconds on `clock`."
    FIELDS = "Producer", "Each field of a `Job`, a `JobEvent` and an `AttemptError` means what `job.py` says."
    NAME = "Producer", "`name` is a string, for people to read: it names the queue in logs and pictures."
    SHOWS = "Producer", "A `Job` shows the job's state when the method returned."
    CURRENT = "Producer", "For the current state, call `get`."
    ADD = "enqueue", "Add a job; it is pending."
    NEW_ID = "enqueue", "Its id is a whole number that no other job of this queue has or has had."
    TYPE = "enqueue", "type: names the handler."
    DATA = "enqueue", "data: what the handler gets."
    PRIORITY = "enqueue", "priority: a job with a higher one goes first."
    DELAY = "enqueue", "delay: seconds before a worker may pick it up."
    ATTEMPTS = "enqueue", "max_attempts: how often it is tried before it fails permanently."
    KEY = (
        "enqueue",
        "key: idempotency key. While a job with this key is kept, that job is returned and none is added.",
    )
    ARGUMENTS = "enqueue", "TypeError, ValueError: for an invalid argument; the message names it."
    FULL = "enqueue", "QueueFull: if the queue has a limit and has reached it."
    REUSED = "enqueue", "KeyReused: if the job with this key has another type or other data."
    GET = "get", "Return a job; None if there is none with this id, or it is no longer kept."
    STATS = "stats", "Count the jobs in each state."
    STATS_KEEP = "stats", "Finished jobs count even when they are no longer kept."
    DEAD = (
        "dead",
        "List failed jobs, of one type or of all, by id: up to `limit` of them, with ids above `after`.",
    )
    REVIVE = "revive", "Give a failed job `max_attempts` new attempts: it is pending, and due now."
    WAITS_ANEW = "revive", "Between them, it waits as a new job does."
    GOES_ON = (
        "revive",
        "Its errors are kept, and its attempts go on counting: the next one has the next number.",
    )
    DISCARD = "discard", "Delete a failed job."
    STILL_COUNTED = "discard", "`stats` still counts it."
    SUBSCRIBE = (
        "subscribe",
        "Call `listener` with a `JobEvent` after every move, until the function that this returns is called.",
    )
    EVENT = (
        "subscribe",
        "The event shows the job after the move, or before a `discard`; its `attempt` is the one that the move belongs "
        "to, even if that was released.",
    )
    ONE_WORKER = "Queue", "What workers can also rely on: a job is claimed by one worker at a time."
    LEASE = "lease", "Seconds without a heartbeat after which another worker may claim the job; None: never."
    LOST = (
        "lease",
        "The attempt has failed then, with an error; the job is due at once, or has permanently failed if that was its "
        "last.",
    )
    NEXT = (
        "dequeue",
        "Claim the next job that is due: highest priority, then earliest `scheduled_for`, then lowest id; or None.",
    )
    HEARTBEAT = "heartbeat", "Renew the lease of a running job."
    COMPLETE = "complete", "Mark a running job as done."
    RESULT = "complete", "result: what its handler returned."
    REPORTING = (
        "complete",
        "attempt: which attempt is reporting: `Job.attempts` when it was claimed. None: the one that is running.",
    )
    LEASE_LOST = (
        "complete",
        "LeaseLost: if an attempt with another number is running, or none; if none is, `IllegalMove` will do.",
    )
    FAIL = (
        "fail",
        "Report that the running attempt failed: the job is retried after a backoff, or has permanently failed.",
    )
    RELEASE = (
        "release",
        "Make a running job pending again, as if it had not been claimed: the attempt does not count.",
    )
    PROGRESS = "progress", "Record a running job's progress."
    NEVER_BACK = (
        "progress",
        "fraction: from 0 to 1. The job's progress never goes back: a retry starts again at 0, but the job stays at "
        "the furthest that any attempt has reached.",
    )
    NOTE = "progress", "note: what the handler is doing now, for people to read."
    FRACTION = (
        "progress",
        "TypeError, ValueError: for a fraction that is not a number from 0 to 1, or a note that is not a string.",
    )
    WAIT = "wait", "Sleep until a job is due, or `wake` is called."
    FIRST_COME = "wait", "It returns first come, first served, and to no more callers than there are jobs due."
    OR_FINISHED = "wait", "or_finished: whether to wake up when all jobs are finished, too."
    WAKE = "wake", "End every `wait` now."
    JOIN = "join", "Sleep until no job is pending or processing."

    @property
    def about(self) -> str:
        """The class or the method that the sentence belongs to."""
        return self.value[0]

    @property
    def words(self) -> str:
        """The sentence."""
        return self.value[1]

    def __str__(self) -> str:
        if self in (Promise.REPORTING, Promise.LEASE_LOST):
            who = "complete, like every report"
        else:
            who = "every queue" if self.about in ("Producer", "Queue") else self.about
        return f"{who}: “{self.words}”"
