"""Answers to the exercises of page 7."""

RIGHT = {}
WRONG = {}


def by_pages(queue):
    revived = last = 0
    while page := queue.dead(after=last):
        for job in page:
            last = job.id
            if job.errors[-1].type == "ConnectionError":
                queue.revive(job.id)
                revived += 1
    return revived


def with_a_long_page(queue):
    worth = [job.id for job in queue.dead(limit=10_000) if job.errors[-1].type == "ConnectionError"]
    for job_id in worth:
        queue.revive(job_id)
    return len(worth)


def first_page_only(queue):
    revived = 0
    for job in queue.dead():
        if job.errors[-1].type == "ConnectionError":
            queue.revive(job.id)
            revived += 1
    return revived


def revives_all(queue):
    count = 0
    for job in queue.dead(limit=10_000):
        queue.revive(job.id)
        count += 1
    return count


def any_error(queue):
    worth = [job.id for job in queue.dead(limit=10_000) if any(e.type == "ConnectionError" for e in job.errors)]
    for job_id in worth:
        queue.revive(job_id)
    return len(worth)


def first_error(queue):
    worth = [job.id for job in queue.dead(limit=10_000) if job.errors[0].type == "ConnectionError"]
    for job_id in worth:
        queue.revive(job_id)
    return len(worth)


def discards_the_rest(queue):
    count = 0
    for job in queue.dead(limit=10_000):
        if job.errors[-1].type == "ConnectionError":
            queue.revive(job.id)
            count += 1
        else:
            queue.discard(job.id)
    return count


def counts_nothing(queue):
    by_pages(queue)


def until_none_is_left(queue):
    revived = 0
    while queue.dead():
        for job in queue.dead():
            if job.errors[-1].type == "ConnectionError":
                queue.revive(job.id)
                revived += 1
    return revived


RIGHT["revive"] = [by_pages, with_a_long_page]
WRONG["revive"] = [
    (first_page_only, "100 of 250 were revived"),
    (revives_all, "not worth reviving"),
    (any_error, "not worth reviving"),
    (first_error, "not worth reviving"),
    (discards_the_rest, "are gone"),
    (counts_nothing, "is a return missing?"),
    (until_none_is_left, "does not end"),
]

RIGHT["policy"] = [{"max_attempts": 5, "base": 8.0}, {"max_attempts": 4, "base": 30}]
WRONG["policy"] = [
    ({"max_attempts": 10, "base": 1.0}, "failed attempts"),
    ({"max_attempts": 3, "base": 1.0}, "that are not poison"),
    ({"max_attempts": 0, "base": 1.0}, "from 1 to 30"),
    ({"max_attempts": 6, "base": -1}, "seconds: more than 0"),
    ({"attempts": 5, "base": 8.0}, "['attempts', 'base']"),
    ([5, 8.0], "a dictionary"),
]
