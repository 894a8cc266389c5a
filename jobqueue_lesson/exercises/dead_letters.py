"""Checks for page 7."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from ..job import Status
from ..labs.dead_letters import dead_letters
from ..queue import JobQueue
from .check import exercise, expect, same


def my_revive(queue):  # type: ignore[no-untyped-def]
    letters = queue.dead()  # your lines here
    return len(letters)


class Case(NamedTuple):
    """A queue that an answer is tried on."""

    deaths: list[list[Exception]]
    """A dead letter for each list of errors."""
    revived: bool = False
    """Whether each letter was revived after each error but the last. If not, these are the errors of its attempts."""
    too_many: str = ""
    """A hint for an answer that revives letters that are not worth it."""
    too_few: str = ""
    """A hint for an answer that revives some, or none, of those that are."""


def _queue_of(case: Case) -> JobQueue:
    now = 0.0
    queue = JobQueue("mail", clock=lambda: now)
    for errors in case.deaths:
        job = queue.enqueue("send-email", max_attempts=1 if case.revived else len(errors))
        for error in errors:
            if job.status is Status.FAILED:
                queue.revive(job.id)
            now += 1000
            queue.dequeue()
            queue.fail(job.id, error)
    return queue


NEXT_PAGE = "The next page starts after the last id of this one: queue.dead(after=last). An empty page is the end."


@exercise(
    "07_dead_letters",
    "revive what is worth it",
    stub=my_revive,
    hints=[
        'Which letters are worth reviving? The last error tells you: job.errors[-1].type == "ConnectionError".',
        "Call queue.revive(job.id), and count. Then think of the pages: `dead` returns at most 100 letters.",
        NEXT_PAGE,
    ],
    endless=NEXT_PAGE,
)
def check_revive(answer: Any) -> None:
    """Revive all dead letters whose last error is a ConnectionError, and return how many there were."""
    down: Exception = ConnectionError("the service is down")
    poison: Exception = KeyError("to")
    quoting = ValueError("no ConnectionError here")
    rng = random.Random(7)
    others = [TimeoutError("slow"), ConnectionResetError("cut off"), OSError("disk full"), TypeError("None"), down]
    last, pages = "Only the last error counts: job.errors[-1].", "`dead` returns at most 100 letters. " + NEXT_PAGE
    quotes = 'Is your condition ever true? The type is a string: "ConnectionError", in quotes.'
    first = "Job 1 may be a dead letter too: the first page is queue.dead(), without `after`, or with after=0."
    exactly = 'error.type is the name of the class. Only "ConnectionError" itself is worth it here.'
    lives = (
        "max_attempts is how many it may have since it was revived. errors has all there ever were, the last at [-1]."
    )
    cases = {
        "no dead letter": Case([]),
        "four dead letters, two of them worth reviving": Case([[poison], [down], [poison], [down]], too_few=quotes),
        "a ConnectionError, and then a KeyError as the last error": Case([[down, poison]], too_many=last),
        "one dead letter, of a ConnectionError": Case([[down]], too_few=first),
        "a KeyError, and then a ConnectionError as the last error": Case([[poison, down]], too_few=last),
        "a ConnectionError, revived, and then a KeyError": Case([[down, poison]], revived=True, too_many=lives),
        "a KeyError, revived, and then a ConnectionError": Case([[poison, down]], revived=True, too_few=lives),
        "a ValueError whose message has the word ConnectionError in it": Case(
            [[quoting]], too_many="It is a ValueError: look at the error's type, and not at its message."
        ),
        "five dead letters, each of another error": Case([[error] for error in others], too_many=exactly),
        "250 dead letters, all worth reviving": Case([[down]] * 250, too_few=pages),
        "250 dead letters, none worth reviving": Case([[poison]] * 250),
        "105 dead letters, the last 5 of them worth reviving": Case(
            [[poison]] * 100 + [[down]] * 5, too_few="A page with none is not the end. " + NEXT_PAGE
        ),
        "1,300 dead letters, some worth reviving": Case(
            [[rng.choice([down, poison])] for _ in range(1300)], too_few=pages
        ),
    }
    for what, case in cases.items():
        queue, deaths = _queue_of(case), case.deaths
        worth = [number for number, errors in enumerate(deaths, start=1) if errors[-1] is down]
        try:
            count = answer(queue)
        except Exception as error:
            error.add_note(f"with {what}")
            raise
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
            case.too_many,
        )
        seen = f"with {what}, {len(alive)} of {len(worth)} were revived"
        expect(len(alive) == len(worth), seen, "all of them", case.too_few)
        hint = "Count only the letters that you revive, and return that number."
        same(f"with {what}, {answer.__name__}(queue)", count, len(worth), hint)


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
