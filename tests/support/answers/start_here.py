"""Answers to the exercises of page 0."""

RIGHT = {}
WRONG = {}


def remembers_the_best(waiting):
    best = waiting[0]
    for job in waiting:
        if job["priority"] > best["priority"]:
            best = job
    return best


def remembers_the_latest_of_the_best(waiting):
    best = waiting[0]
    for job in waiting:
        if job["priority"] >= best["priority"]:
            best = job
    return best


def starts_from_zero(waiting):
    best, highest = None, 0
    for job in waiting:
        if job["priority"] > highest:
            best, highest = job, job["priority"]
    return best


def starts_from_a_job_of_its_own(waiting):
    best = {"id": 0, "priority": 0}
    for job in waiting:
        if job["priority"] > best["priority"]:
            best = job
    return best


def sorts_the_list_itself(waiting):
    waiting.sort(key=lambda job: -job["priority"])
    return waiting[0]


def marks_it(waiting):
    job = remembers_the_best(waiting)
    job["status"] = "processing"
    return job


def forgets_to_return(waiting):
    max(waiting, key=lambda job: job["priority"])


RIGHT["next"] = [
    remembers_the_best,
    lambda waiting: max(waiting, key=lambda job: job["priority"]),
    lambda waiting: sorted(waiting, key=lambda job: (-job["priority"], job["id"]))[0],
]
WRONG["next"] = [
    (lambda waiting: waiting[-1], "gives {'id': 3, 'priority': 5}"),
    (lambda waiting: min(waiting, key=lambda job: job["priority"]), "gives {'id': 1, 'priority': 0}"),
    (lambda waiting: sorted(waiting, key=lambda job: job["priority"])[-1], "gives {'id': 3, 'priority': 5}"),
    (lambda waiting: max(waiting, key=lambda job: str(job["priority"])), "gives {'id': 3, 'priority': 5}"),
    (lambda waiting: max(job["priority"] for job in waiting), "gives 10"),
    (lambda waiting: sorted(waiting, key=lambda job: -job["priority"]), "gives [{'id': 2, 'priority': 10}"),
    (lambda waiting: waiting.pop(1), "the list is [{'id': 1, 'priority': 0}, {'id': 3, 'priority': 5}]"),
    (remembers_the_latest_of_the_best, "gives {'id': 3, 'priority': 5}"),
    (starts_from_zero, "gives None"),
    (starts_from_a_job_of_its_own, "Begin with the first job of the list"),
    (sorts_the_list_itself, "the list is [{'id': 2, 'priority': 10}"),
    (marks_it, "'status': 'processing'"),
    (forgets_to_return, "is a return missing?"),
]
