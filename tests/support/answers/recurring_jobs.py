"""Answers to the exercises of page 8."""

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


RIGHT["next_tick"] = [lambda start, interval, now: start + ((now - start) // interval + 1) * interval, counts_up]
WRONG["next_tick"] = [
    (lambda start, interval, now: start + interval, "that tick has passed"),
    (lambda start, interval, now: (now // interval + 1) * interval, "plus a multiple of"),
    (lambda start, interval, now: start + ((now - start) // interval) * interval, "later than now"),
    (lambda start, interval, now: start + ((now - start) // interval + 2) * interval, "skips some"),
    (lambda start, interval, now: start + round((now - start) / interval) * interval, "later than now"),
    (adds_up, "does not end"),
]

RIGHT["interval"] = [9, 10.0]
WRONG["interval"] = [
    (8, "have no run"),
    (6, "have no run"),
    (60, "at most 10 s"),
    (0, "at least 1 s"),
    ("9", "a number of seconds"),
]
