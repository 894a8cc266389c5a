"""Answers to the exercises of page 12."""

import math

from jobqueue_lesson.capacity import fewest_workers, wait_quantile

RIGHT = {}
WRONG = {}


def adds_workers(arrivals, service, target):
    workers = int(arrivals * service) + 1
    while wait_quantile(arrivals, service, workers, 0.95) > target:
        workers += 1
    return workers


def by_mean_of_one(arrivals, service, target):
    return math.ceil(arrivals * service) + 1


RIGHT["fewest"] = [adds_workers, lambda arrivals, service, target: fewest_workers(arrivals, service, target)]
WRONG["fewest"] = [
    (by_mean_of_one, "at most"),
    (lambda arrivals, service, target: arrivals * service + 1, "a whole number of workers"),
    (lambda arrivals, service, target: 1000, "fewer will do"),
    (lambda arrivals, service, target: int(arrivals * service / 0.8) + 1, "95 % wait up to 1.16 s"),
    (lambda arrivals, service, target: round(arrivals * service), "more: 3 s of work arrive per second"),
]

RIGHT["stay"] = [lambda arrivals, in_system: in_system / arrivals, lambda arrivals, in_system: in_system * arrivals**-1]
WRONG["stay"] = [
    (lambda arrivals, in_system: arrivals / in_system, "(2, 6) gives 0.33"),
    (lambda arrivals, in_system: in_system - arrivals, "(2, 6) gives 4"),
    (lambda arrivals, in_system: in_system, "(2, 6) gives 6"),
    (lambda arrivals, in_system: in_system // arrivals, "(100, 50) gives 0"),
]
