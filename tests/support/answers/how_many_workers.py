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


def from_the_top(arrivals, service, target):
    workers = 400
    while workers > 1 and wait_quantile(arrivals, service, workers - 1, 0.95) <= target:
        workers -= 1
    return workers


def by_the_p50(arrivals, service, target):
    return fewest_workers(arrivals, service, target, share=0.5)


RIGHT["fewest"] += [from_the_top]
WRONG["fewest"] += [
    (lambda arrivals, service, target: fewest_workers(arrivals, service, target) + 1, "Start lower, or stop earlier"),
    (lambda arrivals, service, target: float(fewest_workers(arrivals, service, target)), "Workers are counted"),
    (by_the_p50, "95 % wait up to"),
    (lambda arrivals, service, target: {6: 5 if target < 1 else 4, 1: 2, 10: 15}.get(arrivals, 12), "gives"),
]


def by_the_rate(counts, arrived, seconds):
    return sum(counts) / len(counts) / (arrived / seconds)


RIGHT["stay"] = [by_the_rate, lambda counts, arrived, seconds: sum(counts) * seconds / (len(counts) * arrived)]
WRONG["stay"] = [
    (lambda counts, arrived, seconds: sum(counts) / len(counts) * arrived / seconds, "the wrong way round"),
    (lambda counts, arrived, seconds: sum(counts) / len(counts) / arrived, "λ is per second"),
    (lambda counts, arrived, seconds: sum(counts) / (arrived / seconds), "not their sum"),
    (lambda counts, arrived, seconds: counts[0] / (arrived / seconds), "([0, 2, 4], 30, 60) gives 0.0"),
    (lambda counts, arrived, seconds: seconds / arrived, "gives 0.5"),
    (lambda counts, arrived, seconds: round(by_the_rate(counts, arrived, seconds), 1), "Don't round"),
    (lambda counts, arrived, seconds: None, "is a return missing"),
]
