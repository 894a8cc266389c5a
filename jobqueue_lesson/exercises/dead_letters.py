"""Checks for page 7."""

from __future__ import annotations

import random
from typing import Any

from ..job import Status
from ..labs.dead_letters import dead_letters
from ..queue import JobQueue
from .check import exercise, expect, same


def my_revive(queue):  # type: ignore[no-untyped-def]
    letters = queue.dead()  # your lines here
    return len(letters)


def _queue_with(deaths: list[list[Exception]]) -> JobQueue:
    """Return a queue with a dead letter for each list of errors, one per attempt."""
    now = 0.0
    queue = JobQueue("mail", clock=lambda: now)
    for errors in deaths:
        job = queue.enqueue("send-email", max_attempts=len(errors))
        for error in errors:
            now += 1000
            queue.dequeue()
            queue.fail(job.id, error)
    return queue


@exercise(
    "07_dead_letters",
    "revive what is worth it",
    stub=my_revive,
    hints=[
        'Which letters are worth reviving? The last error tells you: job.errors[-1].type == "ConnectionError".',
        "Call queue.revive(job.id), and count. Then think of the pages: `dead` returns at most 100 letters.",
        "The next page starts after the last id of this one: queue.dead(after=last). An empty page is the end.",
    ],
)
def check_revive(answer: Any) -> None:
    """Revive all dead letters whose last error is a ConnectionError, and return how many there were."""
    down, poison = ConnectionError("the service is down"), KeyError("to")
    quoting = ValueError("no ConnectionError here")
    rng = random.Random(7)
    worlds: dict[str, list[list[Exception]]] = {
        "no dead letter": [],
        "four dead letters, two of them worth reviving": [[poison], [down], [poison], [down]],
        "a ConnectionError, and then a KeyError as the last error": [[down, poison]],
        "a KeyError, and then a ConnectionError as the last error": [[poison, down]],
        "a ValueError whose message has the word ConnectionError in it": [[quoting]],
        "250 dead letters, all worth reviving": [[down]] * 250,
        "250 dead letters, none worth reviving": [[poison]] * 250,
        "700 dead letters, some worth reviving": [[rng.choice([down, poison])] for _ in range(700)],
    }
    for what, deaths in worlds.items():
        queue = _queue_with(deaths)
        worth = [number for number, errors in enumerate(deaths, start=1) if errors[-1] is down]
        count = answer(queue)
        jobs = [job for job in map(queue.get, range(1, len(deaths) + 1)) if job is not None]
        gone = len(deaths) - len(jobs)
        expect(
            gone == 0,
            f"with {what}, {gone} letters are gone",
            "those not worth reviving stay, for a person",
            "Revive some, and leave the others as they are: no `discard`.",
        )
        alive = [job.id for job in jobs if job.status is Status.PENDING]
        wrong = sorted(set(alive) - set(worth))
        expect(
            not wrong,
            f"with {what}, {len(wrong)} were revived that are not worth reviving",
            "leave these for a person",
            _hint_for_too_many(deaths),
        )
        seen = f"with {what}, {len(alive)} of {len(worth)} were revived"
        expect(len(alive) == len(worth), seen, "all of them", _hint_for_too_few(len(deaths), len(alive)))
        hint = "Count only the letters that you revive, and return that number."
        same(f"with {what}, {answer.__name__}(queue)", count, len(worth), hint)


def _hint_for_too_many(deaths: list[list[Exception]]) -> str:
    if len(deaths) != 1:
        return ""
    if len(deaths[0]) > 1:
        return "Only the last error counts: job.errors[-1]."
    return "Look at the error's type, not at its message."


def _hint_for_too_few(letters: int, revived: int) -> str:
    if letters > 4:
        return "`dead` returns at most 100 letters. The next page is queue.dead(after=last)."
    if letters > 1 and not revived:
        return 'Is your condition ever true? The type is a string: "ConnectionError", in quotes.'
    if letters == 1:
        return "Job 1 may be a dead letter too: the first page is queue.dead(), without `after`, or with after=0."
    return ""


LONGEST_WAIT = 250.0
"""Seconds from arrival to completion that a job of `check_policy` may take."""
FAILED = 450
"""How many attempts may fail."""

my_policy = {"max_attempts": 6, "base": 1.0}


@exercise(
    "07_dead_letters",
    "leave only the poison",
    stub=my_policy,
    hints=[
        "A job must still have an attempt left when the service is back up, 200 s later.",
        "More attempts help, but each one costs. What else makes the waits longer?",
        'A longer first wait makes all the others longer too. Try "base": 8.0 with 5 attempts.',
    ],
)
def check_policy(answer: Any) -> None:
    """Choose max_attempts and base for an outage of 200 s: only poison is left, and it costs little."""
    expect(isinstance(answer, dict), f"{answer!r}", 'a dictionary such as {"max_attempts": 6, "base": 1.0}')
    names = sorted(map(str, answer))
    expect(names == ["base", "max_attempts"], f"a dictionary with {names}", "base and max_attempts")
    attempts, base = answer["max_attempts"], answer["base"]
    expect(
        type(attempts) is int and 1 <= attempts <= 30, f"max_attempts is {attempts!r}", "a whole number from 1 to 30"
    )
    expect(type(base) in (int, float) and 0 < base <= 60, f"base is {base!r}", "seconds: more than 0, at most 60")
    found = dead_letters(outage=200, **answer)
    seen = f"{len(found.dead)} dead letters that are not poison, {found.failed} failed attempts"
    expect(not found.dead, seen, "no dead letters but the poison")
    expect(
        found.failed <= FAILED,
        seen,
        f"at most {FAILED} failed attempts: each is a call to a service in trouble",
        "All jobs outlast the outage, but with too many attempts. What else makes the waits longer?",
    )
    expect(
        found.slowest <= LONGEST_WAIT,
        f"{seen}; the slowest job took {found.slowest:.0f} s",
        f"each job that is not poison is done within {LONGEST_WAIT:.0f} s of its arrival",
        "A job that fails just before the service is back waits for its next attempt. How long is that last wait?",
    )
