"""Answers to the exercises of page 14."""

from jobqueue_lesson import moves
from jobqueue_lesson.job import KeyReused, LeaseLost, Move, Status

RIGHT = {}
WRONG = {}


def finds_first(self, job_id, *, attempt=None):
    job = self.find(job_id, Move.RELEASE, attempt)
    job.status = Status.PENDING
    job.attempts -= 1
    self.waiting.append(job)
    return job


def with_the_packages_move(self, job_id, *, attempt=None):
    job = self.find(job_id, Move.RELEASE, attempt)
    moves.release(job, self.clock())
    self.waiting.insert(0, job)
    return job


def looks_nowhere(self, job_id, *, attempt=None):
    job = self.jobs[job_id]
    job.status = Status.PENDING
    job.attempts -= 1
    self.waiting.append(job)
    return job


def releases_what_is_pending(self, job_id, *, attempt=None):
    job = self.jobs.get(job_id) or self.find(job_id, Move.RELEASE)
    if attempt not in (None, job.attempts):
        raise LeaseLost(job, attempt)
    job.status = Status.PENDING
    job.attempts = max(0, job.attempts - 1)
    self.waiting.append(job)
    return job


def ignores_the_attempt(self, job_id, *, attempt=None):
    job = self.find(job_id, Move.RELEASE)
    moves.release(job, self.clock())
    self.waiting.append(job)
    return job


def counts_the_attempt(self, job_id, *, attempt=None):
    job = self.find(job_id, Move.RELEASE, attempt)
    job.status = Status.PENDING
    self.waiting.append(job)
    return job


def forgets_the_list(self, job_id, *, attempt=None):
    job = self.find(job_id, Move.RELEASE, attempt)
    moves.release(job, self.clock())
    return job


def puts_it_there_twice(self, job_id, *, attempt=None):
    job = self.find(job_id, Move.RELEASE, attempt)
    moves.release(job, self.clock())
    self.waiting += [job, job]
    return job


def backs_off(self, job_id, *, attempt=None):
    job = self.find(job_id, Move.RELEASE, attempt)
    moves.release(job, self.clock())
    job.scheduled_for = self.clock() + self.retry.delay(1)
    self.waiting.append(job)
    return job


def returns_nothing(self, job_id, *, attempt=None):
    job = self.find(job_id, Move.RELEASE, attempt)
    moves.release(job, self.clock())
    self.waiting.append(job)


def counts_as_failed(self, job_id, *, attempt=None):
    return self.fail(job_id, "released", attempt=attempt)


def names_another_move(self, job_id, *, attempt=None):
    job = self.find(job_id, Move.COMPLETE, attempt)
    moves.release(job, self.clock())
    self.waiting.append(job)
    return job


def needs_the_attempt(self, job_id, attempt):
    job = self.find(job_id, Move.RELEASE, attempt)
    moves.release(job, self.clock())
    self.waiting.append(job)
    return job


def needs_the_attempt_by_name(self, job_id, *, attempt):
    return needs_the_attempt(self, job_id, attempt)


RIGHT["release"] = [finds_first, with_the_packages_move]
WRONG["release"] = [
    (looks_nowhere, "queue.release(99): KeyError: 99"),
    (releases_what_is_pending, "queue.release(1): job #1, pending"),
    (ignores_the_attempt, "A report says which attempt it is about"),
    (counts_the_attempt, "job #1 has attempts 0"),
    (forgets_the_list, "`dequeue` looks in self.waiting"),
    (puts_it_there_twice, "`dequeue` looks in self.waiting"),
    (backs_off, "has scheduled_for 0"),
    (returns_nothing, "it returns job #1"),
    (returns_nothing, "Is a `return job` missing?"),
    (names_another_move, "cannot release job #1"),
    (names_another_move, "Here, it is Move.RELEASE"),
    (needs_the_attempt, "attempt=None"),
    (needs_the_attempt_by_name, "attempt=None"),
    (counts_as_failed, "As if it had not been claimed"),
]


def among_all(self, key, type, data):
    for job in self.jobs.values():
        if job.key == key:
            if (job.type, job.data) != (type, data):
                raise KeyReused(f"{key} belongs to job #{job.id}")
            return job
    return None


def with_the_packages_comparison(self, key, type, data):
    found = [job for job in self.jobs.values() if job.key == key]
    for job in found:
        moves.require_same(job, type, data)
    return found[0] if found else None


def until_it_is_done(self, key, type, data):
    for job in self.jobs.values():
        if job.key == key and job.status in (Status.PENDING, Status.PROCESSING):
            if (job.type, job.data) != (type, data):
                raise KeyReused(key)
            return job
    return None


def never_refuses(self, key, type, data):
    return next((job for job in self.jobs.values() if job.key == key), None)


def only_the_data(self, key, type, data):
    for job in self.jobs.values():
        if job.key == key:
            if job.data != data:
                raise KeyReused(key)
            return job
    return None


def another_error(self, key, type, data):
    for job in self.jobs.values():
        if job.key == key:
            if (job.type, job.data) != (type, data):
                raise ValueError(f"{key} belongs to job #{job.id}")
            return job
    return None


def takes_any_key_for_the_same(self, key, type, data):
    for job in self.jobs.values():
        if job.key:
            moves.require_same(job, type, data)
            return job
    return None


def knows_none(self, key, type, data):
    return None


def adds_another_for_other_data(self, key, type, data):
    return next((job for job in self.jobs.values() if (job.key, job.type, job.data) == (key, type, data)), None)


def looks_at_the_first_only(self, key, type, data):
    for job in self.jobs.values():
        if job.key == key:
            moves.require_same(job, type, data)
            return job
        return None


def wants_the_same_dict(self, key, type, data):
    for job in self.jobs.values():
        if job.key == key:
            if job.type != type or job.data is not data:
                raise KeyReused(key)
            return job
    return None


def wants_the_same_string(self, key, type, data):
    for job in self.jobs.values():
        if job.key is key:
            moves.require_same(job, type, data)
            return job
    return None


def remembers_for_ever(self, key, type, data):
    self.keys = {**getattr(self, "keys", {}), **{job.key: job for job in self.jobs.values() if job.key}}
    if key in self.keys:
        moves.require_same(self.keys[key], type, data)
    return self.keys.get(key)


def takes_no_data_for_any(self, key, type, data):
    for job in self.jobs.values():
        if job.key == key:
            if job.type != type or (data and job.data != data):
                raise KeyReused(key)
            return job
    return None


def had_no_data_before(self, key, type, data):
    for job in self.jobs.values():
        if job.key == key:
            if job.type != type or (job.data and job.data != data):
                raise KeyReused(key)
            return job
    return None


def finds_a_part(self, key, type, data):
    for job in self.jobs.values():
        if job.key and key in job.key:
            moves.require_same(job, type, data)
            return job
    return None


def finds_the_whole_in_it(self, key, type, data):
    for job in self.jobs.values():
        if job.key and job.key in key:
            moves.require_same(job, type, data)
            return job
    return None


def returns_the_id(self, key, type, data):
    job = among_all(self, key, type, data)
    return None if job is None else job.id


def only_the_type(self, key, type, data):
    for job in self.jobs.values():
        if job.key == key:
            if job.type != type:
                raise KeyReused(key)
            return job
    return None


def refuses_only_if_both_differ(self, key, type, data):
    for job in self.jobs.values():
        if job.key == key:
            if job.type != type and job.data != data:
                raise KeyReused(key)
            return job
    return None


def misspells(self, key, type, data):
    return next((job for job in self.job.values() if job.key == key), None)


RIGHT["with_key"] = [among_all, with_the_packages_comparison]
WRONG["with_key"] = [
    (until_it_is_done, "job #1, which has this key"),
    (never_refuses, "KeyReused"),
    (only_the_data, "KeyReused"),
    (another_error, "ValueError: welcome belongs to job #1"),
    (takes_any_key_for_the_same, "Another key is another job"),
    (knows_none, "Where is a job when it has left"),
    (adds_another_for_other_data, "KeyReused"),
    (looks_at_the_first_only, "below the loop"),
    (wants_the_same_dict, "Compare with =="),
    (wants_the_same_string, "Compare with =="),
    (remembers_for_ever, "its key ends with it"),
    (takes_no_data_for_any, "None is other data"),
    (had_no_data_before, "None is other data"),
    (finds_a_part, "all of it is the same"),
    (finds_the_whole_in_it, "all of it is the same"),
    (returns_the_id, "Return the job itself"),
    (only_the_type, "Compare job.type and job.data"),
    (refuses_only_if_both_differ, "Compare job.type and job.data"),
    (misspells, "AttributeError"),
]
