"""Answers to the exercises of page 4."""

RIGHT = {}
WRONG = {}


def waits_while_it_doubles(attempt, cap):
    wait = 1
    for _ in range(attempt):
        wait = min(cap, 2 * wait)
    return wait


def doubles_the_one_before(attempt, cap):
    return 1 if attempt == 0 else min(cap, 2 * doubles_the_one_before(attempt - 1, cap))


RIGHT["backoff"] = [lambda attempt, cap: min(cap, 2**attempt), waits_while_it_doubles]
WRONG["backoff"] = [
    (lambda attempt, cap: min(cap, attempt**2), "(1, cap=30) gives 1"),
    (lambda attempt, cap: min(cap, 2 ** (attempt - 1)), "(1, cap=30) gives 1"),
    (lambda attempt, cap: 2**attempt, "(5, cap=30) gives 32"),
    (lambda attempt, cap: max(cap, 2**attempt), "(1, cap=30) gives 30"),
    (lambda attempt, cap: min(cap, 2 * attempt), "(3, cap=30) gives 6"),
    (lambda attempt, cap: min(cap, 2 ^ attempt), "(1, cap=30) gives 3"),
    (lambda attempt, cap: min(cap, 2.0**attempt), "OverflowError"),
    (doubles_the_one_before, "2**attempt takes one step"),
    (lambda attempt, cap: min(cap, 2**attempt, 3600), "cap=86400) gives 3600"),
    (lambda attempt, cap: min(cap, 2**attempt) if attempt <= 15 else cap, "(16, cap=86400) gives 86400"),
    (lambda attempt, cap: min(int(cap), 2**attempt), "cap=0.5) gives 0"),
    (lambda attempt, cap: 2**attempt if 2**attempt < cap else cap - 1, "(5, cap=30) gives 29"),
    (lambda attempt, cap: print(min(cap, 2**attempt)), "is a return missing?"),
    (lambda attempt: 2**attempt, "<lambda>(attempt, cap)"),
]

RIGHT["storm"] = [
    {"outage": 31, "max_attempts": 5},
    {"max_attempts": 10},
    {"base": 0.01, "cap": 0.01, "outage": 5},
    {"outage": 3600.0, "jitter": "equal"},
]
WRONG["storm"] = [
    ({"jitter": "full"}, "all 100 clients were served"),
    ({"max_attempts": 11}, "all 100 clients were served"),
    ({"outage": 29, "max_attempts": 5, "jitter": "lots"}, "jitter must be one of none, full, equal, decorrelated"),
    ({"outage": 60}, "A client with 20 attempts makes its last one after waits of 480 s in all"),
    ({"outage": 31}, "all 100 clients were served"),
    ({"outage": 1, "max_attempts": 8, "jitter": "full"}, "with 8 attempts makes its last one after waits of 120 s"),
    ({"max_attempts": 1}, "a whole number from 5 to 100"),
    ({"max_attempts": 4, "outage": 30}, "a whole number from 5 to 100"),
    ({"max_attempts": True}, "max_attempts is True"),
    ({"max_attemps": 5}, "max_attemps"),
    ({"clients": 500, "max_attempts": 5}, "a setting 'clients'"),
    ({"capacity": 0}, "a setting 'capacity'"),
    ({"outage": float("inf")}, "outage is inf"),
    ({"base": "long"}, "base must be"),
    ("outage=30", "a dictionary"),
]
