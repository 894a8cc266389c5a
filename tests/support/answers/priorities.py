"""Answers to the exercises of page 5."""

RIGHT = {}
WRONG = {}


def counts_on_a_fresh_gap(low, high, seconds):
    gap = high - low
    return gap / seconds


RIGHT["aging"] = [lambda low, high, seconds: (high - low) / seconds, counts_on_a_fresh_gap]
WRONG["aging"] = [
    (lambda low, high, seconds: 10 / seconds, "my_aging(5, 10, 20) gives 0.5"),
    (lambda low, high, seconds: high / seconds, "my_aging(5, 10, 20) gives 0.5"),
    (lambda low, high, seconds: (high + low) / seconds, "my_aging(5, 10, 20) gives 0.75"),
    (lambda low, high, seconds: (high - low) * seconds, "comes 19.8 s after one of priority 0 goes behind"),
    (lambda low, high, seconds: seconds / (high - low), "comes 19.8 s after one of priority 0 goes behind"),
    (lambda low, high, seconds: (high - low) // seconds, "comes 20.2 s after one of priority 0 goes ahead of"),
    (lambda low, high, seconds: round((high - low) / seconds, 2), "s after one of priority"),
    (lambda low, high, seconds: (high - low + 1) / seconds, "comes 19.8 s after one of priority 0 goes behind"),
    (lambda low, high, seconds: (low - high) / seconds, "0 or more"),
    (lambda low, high, seconds: None, "is a return missing?"),
    (lambda low, high, seconds: True, "gives True"),
    (lambda low, high, seconds: float("inf"), "0 or more"),
]


RIGHT["jobs"] = [
    [(0, 0, 1)] + [(0, 1, 1)] * 25,
    [(0, 0, 0.5)] + [(0, 7, 0.5)] * 40,
    [(0, -1, 0.5)] + [(n, 0, 1) for n in range(25)],
]
WRONG["jobs"] = [
    ([(0, 0, 1), (1, 5, 1)], "the first job waits for 0 s"),
    ([(0, 0, 1), (0, 1, 29)], "a job takes 29 s"),
    ([(0, 0, 1)] + [(0, 7, 1.5)] * 19, "a job takes 1.5 s"),
    ([(0, 0, 1)] + [(0, 1, 1)] * 19, "the first job waits for 19 s"),
    ([(0, 0, 1)] + [(0, 0, 1)] * 25, "the first job waits for 0 s"),
    ([(0, 10, 1)] + [(0, 1, 1)] * 25, "the first job waits for 0 s"),
    ([(0, 0, 1)] + [(0, 1, 1)] * 30, "31 s of work in all"),
    ([(0, 0, 1), (0, 1, -5)], "takes -5 s"),
    ([], "a list of jobs"),
    ([(0, 1)], "three numbers"),
    ([(5, 0, 1), (0, 0, 1)], "the first job arrives at second 5"),
    ([(0, 0.5, 1)], "a whole number"),
]
