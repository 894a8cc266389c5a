"""Checks for page 7."""

from __future__ import annotations

import random
from typing import Any

from ..job import Status
from ..labs.dead_letters import dead_letters
from ..queue import JobQueue
from .check import exercise, expect, same


def my_revive(queue):  # type: ignore[no-untyped-def]
    revived = 0
    for job in queue.dead():
        print("look at", job.errors[-1].type)  # your lines here
    return revived


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
    away, poison = ConnectionError("away"), KeyError("to")
    rng = random.Random(7)
    worlds: dict[str, list[list[Exception]]] = {
        "no dead letter": [],
        "a ConnectionError, and then a KeyError as the last error": [[away, poison]],
        "a KeyError, and then a ConnectionError as the last error": [[poison, away]],
        "four dead letters, two of them worth reviving": [[poison], [away], [poison], [away]],
        "250 dead letters, all worth reviving": [[away]] * 250,
        "250 dead letters, none worth reviving": [[poison]] * 250,
        "300 dead letters, some worth reviving": [[rng.choice([away, poison])] for _ in range(300)],
    }
    for what, deaths in worlds.items():
        queue = _queue_with(deaths)
        worth = [number for number, errors in enumerate(deaths, start=1) if errors[-1] is away]
        count = answer(queue)
        jobs = [job for job in map(queue.get, range(1, len(deaths) + 1)) if job is not None]
        gone = len(deaths) - len(jobs)
        expect(gone == 0, f"with {what}, {gone} letters are gone", "those not worth reviving stay, for a person")
        alive = [job.id for job in jobs if job.status is Status.PENDING]
        wrong = sorted(set(alive) - set(worth))
        expect(
            not wrong, f"with {what}, {len(wrong)} were revived that are not worth reviving", "leave these for a person"
        )
        hint = (
            "`dead` returns at most 100 letters. The next page is queue.dead(after=last)." if len(alive) == 100 else ""
        )
        expect(len(alive) == len(worth), f"with {what}, {len(alive)} of {len(worth)} were revived", "all of them", hint)
        same(f"with {what}, {answer.__name__}(queue)", count, len(worth))


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
    """Choose max_attempts and base: after an outage of 200 s only poison is dead, with at most 500 failed attempts."""
    expect(isinstance(answer, dict), f"{answer!r}", 'a dictionary such as {"max_attempts": 6, "base": 1.0}')
    names = sorted(map(str, answer))
    expect(names == ["base", "max_attempts"], f"a dictionary with {names}", "base and max_attempts")
    attempts, base = answer["max_attempts"], answer["base"]
    expect(
        type(attempts) is int and 1 <= attempts <= 30, f"max_attempts is {attempts!r}", "a whole number from 1 to 30"
    )
    expect(isinstance(base, (int, float)) and 0 < base <= 60, f"base is {base!r}", "seconds: more than 0, at most 60")
    found = dead_letters(outage=200, **answer)
    seen = f"{len(found.dead)} dead letters that are not poison, {found.failed} failed attempts"
    expect(not found.dead, seen, "no dead letters but the poison")
    expect(found.failed <= 500, seen, "at most 500 failed attempts: each is a call to a service in trouble")
