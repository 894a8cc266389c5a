"""Answers to the exercises of page 11."""

import itertools

RIGHT = {}
WRONG = {}


def later_of_both(rows):
    waits = {}
    for job in {job for job, _, _ in rows}:
        started = [at for other, type, at in rows if (other, type) == (job, "started")]
        until_then = rows[: next((n for n, row in enumerate(rows) if row[:2] == (job, "started")), len(rows))]
        due = [at for other, type, at in until_then if other == job and type in ("deferred", "scheduled")]
        if started:
            waits[job] = started[0] - max(due)
    return waits


def as_they_come(rows):
    due, waits = {}, {}
    for job, type, at in rows:
        if type in ("deferred", "scheduled"):
            due[job] = max(at, due.get(job, 0))
        if type == "started":
            waits.setdefault(job, at - due[job])
    return waits


def until_the_last_attempt(rows):
    due, waits = {}, {}
    for job, type, at in rows:
        if type in ("deferred", "scheduled"):
            due[job] = max(at, due.get(job, 0))
        if type == "started":
            waits[job] = at - due[job]
    return waits


def from_its_deferral(rows):
    deferred = {job: at for job, type, at in rows if type == "deferred"}
    started = {job: at for job, type, at in reversed(rows) if type == "started"}
    return {job: at - deferred[job] for job, at in started.items()}


def whatever_row_comes_last(rows):
    due, waits = {}, {}
    for job, type, at in rows:
        if type in ("deferred", "scheduled"):
            due[job] = at
        elif type == "started" and job not in waits:
            waits[job] = at - due[job]
    return waits


def zero_for_the_others(rows):
    return {job: 0 for job, _, _ in rows} | as_they_come(rows)


def from_the_row_before(rows):
    return {row[0]: row[2] - before[2] for before, row in itertools.pairwise(rows) if row[1] == "started"}


def until_any_other_row(rows):
    due, waits = {}, {}
    for job, type, at in rows:
        if type in ("deferred", "scheduled"):
            due[job] = max(at, due.get(job, 0))
        else:
            waits.setdefault(job, at - due[job])
    return waits


def in_whole_seconds(rows):
    return {job: int(wait) for job, wait in as_they_come(rows).items()}


RIGHT["first_waits"] = [later_of_both, as_they_come]
WRONG["first_waits"] = [
    (until_the_last_attempt, "a job that was tried again"),
    (from_its_deferral, "a delayed job"),
    (whatever_row_comes_last, "gives {4: 51}"),
    (zero_for_the_others, "gives {1: 0, 2: 0}"),
    (from_the_row_before, "two jobs at the same time"),
    (until_any_other_row, "a job that was cancelled before it started"),
    (in_whole_seconds, "times with fractions"),
    (lambda rows: [at for _, type, at in rows if type == "started"], "a dictionary"),
    (lambda rows: print(rows), "is a return missing?"),
]

RIGHT["reclaim"] = [
    lambda attempts, most, heard, lease, now: (
        "leave" if heard + lease >= now else "fail" if attempts >= most else "retry"
    ),
    lambda attempts, most, heard, lease, now: ["leave", "retry", "fail"][
        (now > heard + lease) * (1 + (attempts == most))
    ],
]
WRONG["reclaim"] = [
    (lambda attempts, most, heard, lease, now: "retry" if attempts < most else "fail", "now=110) gives 'retry'"),
    (lambda attempts, most, heard, lease, now: "retry" if now > heard + lease else "leave", "gives 'retry'"),
    (
        lambda attempts, most, heard, lease, now: (
            "leave" if now <= heard + lease else "retry" if attempts <= most else "fail"
        ),
        "attempts=3, max_attempts=3",
    ),
    (
        lambda attempts, most, heard, lease, now: (
            "leave" if now <= heard + lease else "retry" if attempts + 1 < most else "fail"
        ),
        "attempts=2, max_attempts=3",
    ),
    (lambda attempts, most, heard, lease, now: "leave" if heard < lease else "retry", "now=110) gives 'retry'"),
    (
        lambda attempts, most, heard, lease, now: (
            "leave" if now < heard + 30 else "retry" if attempts < most else "fail"
        ),
        "lease=0.5",
    ),
    (lambda attempts, most, heard, lease, now: now > heard + lease, "gives False"),
    (
        lambda attempts, most, heard, lease, now: (
            "leave" if int(now - heard) <= lease else "retry" if attempts < most else "fail"
        ),
        "gives 'leave'",
    ),
    (
        lambda attempts, most, heard, lease, now: (
            "leave" if now <= heard + lease else "fail" if attempts == 3 or most == 1 else "retry"
        ),
        "attempts=2, max_attempts=2",
    ),
    (
        lambda attempts, most, heard, lease, now: (
            "leave" if now <= heard + lease + 0.9 else "retry" if attempts < most else "fail"
        ),
        "gives 'leave'",
    ),
]
