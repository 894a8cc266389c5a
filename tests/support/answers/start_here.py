"""Answers to the exercises of page 0."""

RIGHT = {}
WRONG = {}

RIGHT["double"] = [lambda n: 2 * n, lambda n: n + n]
WRONG["double"] = [
    (lambda n: n + 2, "(0) gives 2"),
    (lambda n: n**2, "(1) gives 1"),
    (lambda n: print(2 * n), "is a return missing?"),
    (lambda n: str(2 * n), "(0) gives '0'"),
]
