"""Answers to the exercises of page 4."""

RIGHT = {}
WRONG = {}


def waits_while_it_doubles(attempt, cap):
    wait = 1
    for _ in range(attempt):
        wait = min(cap, 2 * wait)
    return wait


RIGHT["backoff"] = [lambda attempt, cap: min(cap, 2**attempt), waits_while_it_doubles]
WRONG["backoff"] = [
    (lambda attempt, cap: min(cap, attempt**2), "(1, cap=30) gives 1"),
    (lambda attempt, cap: min(cap, 2 ** (attempt - 1)), "(1, cap=30) gives 1"),
    (lambda attempt, cap: 2**attempt, "(5, cap=30) gives 32"),
    (lambda attempt, cap: max(cap, 2**attempt), "(1, cap=30) gives 30"),
    (lambda attempt, cap: min(cap, 2 * attempt), "(3, cap=30) gives 6"),
    (lambda attempt, cap: min(cap, 2 ^ attempt), "(1, cap=30) gives 3"),
    (lambda attempt, cap: min(cap, 2.0**attempt), "OverflowError"),
    (lambda attempt, cap: print(min(cap, 2**attempt)), "is a return missing?"),
    (lambda attempt: 2**attempt, "<lambda>(attempt, cap)"),
]

RIGHT["may_retry"] = [
    lambda attempts, max_attempts: attempts < max_attempts,
    lambda attempts, max_attempts: max_attempts - attempts >= 1,
]
WRONG["may_retry"] = [
    (lambda attempts, max_attempts: attempts < max_attempts - 1, "with max_attempts=2, attempts made: 1"),
    (lambda attempts, max_attempts: attempts != max_attempts, "lowered to 3"),
    (lambda attempts, max_attempts: True, "or more"),
    (lambda attempts, max_attempts: attempts > max_attempts, "with max_attempts=2, attempts made: 1"),
    (lambda attempts, max_attempts: attempts < 3, "with max_attempts=1, attempts made: 3"),
]

RIGHT["storm"] = [{"outage": 30, "max_attempts": 4}, {"max_attempts": 1}, {"base": 0.01, "cap": 0.01, "outage": 5}]
WRONG["storm"] = [
    ({"jitter": "full"}, "all 100 clients were served"),
    ({"clients": 10}, "all 10 clients were served"),
    ({"outage": 60}, "served"),
    ({"max_attemps": 1}, "max_attemps"),
    ({"clients": 10**9}, "up to 1000"),
    ("outage=30", "a dictionary"),
]
