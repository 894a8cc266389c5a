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


def reads_the_message(queue):
    worth = [job.id for job in queue.dead(limit=10_000) if "ConnectionError" in str(job.errors[-1])]
    for job_id in worth:
        queue.revive(job_id)
    return len(worth)


def first_five_hundred(queue):
    worth = [job.id for job in queue.dead(limit=500) if job.errors[-1].type == "ConnectionError"]
    for job_id in worth:
        queue.revive(job_id)
    return len(worth)


def all_errors(queue):
    worth = [job.id for job in queue.dead(limit=10_000) if all(e.type == "ConnectionError" for e in job.errors)]
    for job_id in worth:
        queue.revive(job_id)
    return len(worth)


def by_type(right):
    """Revive the letters whose last error's type is `right`."""

    def revives_by_type(queue):
        worth = [job.id for job in queue.dead(limit=10_000) if right(job.errors[-1].type)]
        for job_id in worth:
            queue.revive(job_id)
        return len(worth)

    return revives_by_type


def by_its_number(number):
    """Revive the letters by the error of the attempt with this number."""

    def revives_by_number(queue):
        worth = [job.id for job in queue.dead(limit=10_000) if job.errors[number(job) - 1].type == "ConnectionError"]
        for job_id in worth:
            queue.revive(job_id)
        return len(worth)

    return revives_by_number


def until_a_page_has_none(queue):
    revived = last = 0
    while page := queue.dead(after=last):
        worth = [job.id for job in page if job.errors[-1].type == "ConnectionError"]
        if not worth:
            break
        for job_id in worth:
            queue.revive(job_id)
        revived += len(worth)
        last = page[-1].id
    return revived


def ten_pages(queue):
    revived = last = 0
    for _ in range(10):
        for job in queue.dead(after=last):
            last = job.id
            if job.errors[-1].type == "ConnectionError":
                queue.revive(job.id)
                revived += 1
    return revived


def next_page_without_a_look(queue):
    letters = queue.dead()
    letters += queue.dead(after=letters[-1].id)
    return len(letters)


def skips_job_1(queue):
    revived, last = 0, 1
    while page := queue.dead(after=last):
        for job in page:
            last = job.id
            if job.errors[-1].type == "ConnectionError":
                queue.revive(job.id)
                revived += 1
    return revived


def takes_the_type_for_a_class(queue):
    worth = [job.id for job in queue.dead(limit=10_000) if job.errors[-1].type is ConnectionError]
    for job_id in worth:
        queue.revive(job_id)
    return len(worth)


def first_page_until_it_has_none(queue):
    revived = 0
    while worth := [job.id for job in queue.dead() if job.errors[-1].type == "ConnectionError"]:
        for job_id in worth:
            queue.revive(job_id)
        revived += len(worth)
    return revived


def counts_all_letters(queue):
    letters = len(queue.dead(limit=10_000))
    by_pages(queue)
    return letters


RIGHT["revive"] = [by_pages, with_a_long_page, by_its_number(lambda job: job.attempts)]
WRONG["revive"] = [
    (first_page_only, "100 of 250 were revived"),
    (first_page_until_it_has_none, "A page with none is not the end"),
    (first_five_hundred, "at most 100 letters"),
    (skips_job_1, "with after=0"),
    (takes_the_type_for_a_class, "in quotes"),
    (reads_the_message, "not at its message"),
    (counts_all_letters, "Count only the letters that you revive"),
    (revives_all, "not worth reviving"),
    (any_error, "Only the last error counts"),
    (first_error, "Only the last error counts"),
    (discards_the_rest, "are gone"),
    (counts_nothing, "is a return missing?"),
    (until_none_is_left, "does not end"),
    (until_none_is_left, "An empty page is the end"),
    (all_errors, "Only the last error counts"),
    (by_type(lambda type: type != "KeyError"), "It is a ValueError"),
    (by_type(lambda type: type in ("ConnectionError", "TimeoutError")), 'Only "ConnectionError" itself'),
    (by_type(lambda type: type not in ("KeyError", "ValueError")), 'Only "ConnectionError" itself'),
    (by_type(lambda type: type.startswith("Connection")), 'Only "ConnectionError" itself'),
    (by_type(lambda type: "Error" in type and type < "D"), 'Only "ConnectionError" itself'),
    (by_its_number(lambda job: job.max_attempts), "errors has all there ever were"),
    (until_a_page_has_none, "A page with none is not the end"),
    (ten_pages, "at most 100 letters"),
    (next_page_without_a_look, "with no dead letter"),
]

RIGHT["policy"] = [{"max_attempts": 5, "base": 8.0}, {"max_attempts": 4, "base": 15}]
WRONG["policy"] = [
    ({"max_attempts": 10, "base": 1.0}, "with too many attempts"),
    ({"max_attempts": 30, "base": 8.0}, "at most 450 failed attempts"),
    ({"max_attempts": 3, "base": 60}, "the slowest job took 360 s"),
    ({"max_attempts": 5, "base": 10}, "How long is that last wait?"),
    ({"max_attempts": 3, "base": 1.0}, "still have an attempt left"),
    ({"max_attempts": 0, "base": 1.0}, "from 1 to 30"),
    ({"max_attempts": 6, "base": -1}, "seconds: more than 0"),
    ({"max_attempts": 5, "base": True}, "base is True"),
    ({"attempts": 5, "base": 8.0}, "['attempts', 'base']"),
    ([5, 8.0], "a dictionary"),
]
