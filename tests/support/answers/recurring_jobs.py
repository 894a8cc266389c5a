"""Answers to the exercises of page 8."""

import math

RIGHT = {}
WRONG = {}


def counts_up(start, interval, now):
    n = int((now - start) / interval) - 1
    while start + n * interval <= now:
        n += 1
    return start + n * interval


def adds_up(start, interval, now):
    tick = start
    while tick <= now:
        tick += interval
    return tick


def by_remainder(start, interval, now):
    return now - (now - start) % interval + interval


RIGHT["next_tick"] = [
    lambda start, interval, now: start + ((now - start) // interval + 1) * interval,
    counts_up,
    by_remainder,
]
WRONG["next_tick"] = [
    (lambda start, interval, now: start + interval, "that tick has passed"),
    (lambda start, interval, now: (now // interval + 1) * interval, "plus a multiple of"),
    (lambda start, interval, now: start + ((now - start) // interval) * interval, "If `now` is a tick itself"),
    (lambda start, interval, now: start + ((now - start) // interval + 2) * interval, "one more than that, not two"),
    (lambda start, interval, now: start + round((now - start) / interval) * interval, "later than now"),
    (lambda start, interval, now: start + ((int(now) - start) // interval + 1) * interval, "may have fractions"),
    (lambda start, interval, now: int(start + ((now - start) // interval + 1) * interval), "later than now"),
    (lambda start, interval, now: int(start) + ((now - int(start)) // interval + 1) * interval, "plus a multiple of"),
    (lambda start, interval, now: str(start + interval), "a number of seconds"),
    (adds_up, "does not end"),
    (lambda start, interval, now: start + math.ceil((now - start + 0.001) / interval) * interval, "skips some"),
    (lambda start, interval, now: start + math.ceil((now - start + 1e-7) / interval) * interval, "skips some"),
    (lambda start, interval, now: round(start + ((now - start) // interval + 1) * interval, 2), "plus a multiple of"),
    (lambda start, interval, now: round(start + ((now - start) // interval + 1) * interval, 6), "plus a multiple of"),
]

RIGHT["interval"] = [9, 9.0]
WRONG["interval"] = [
    (8, "at the very moment at which a job ends"),
    (8.0, "at the very moment at which a job ends"),
    (6, "have no run"),
    (4, "have no run"),
    (10, "the shortest such interval"),
    (8.5, "a whole number of seconds"),
    (60, "The work takes 8"),
    (0, "from 1 to 10 s"),
    (float("nan"), "a whole number of seconds"),
    (True, "a whole number of seconds"),
    ("9", "a whole number of seconds"),
]
