"""Faults in finding the job that has a key."""

from jobqueue_lesson.job import KeyReused
from jobqueue_lesson.list_queue import ListQueue
from tests.support.faults.planting import KEYS, fault


class Finds(ListQueue):
    """Looks at each job, and says whether it has the key, and is the same."""

    def with_key(self, key, type, data):
        for job in self.jobs.values():
            if self.has(job, key):
                if not self.same(job, type, data):
                    raise KeyReused(key)
                return job
        return None

    def has(self, job, key):
        return job.key == key

    def same(self, job, type, data):
        return job.type == type and job.data == data


@fault(KEYS, "KEY")
class LooksAtTheFirstJobOnly(Finds):
    def with_key(self, key, type, data):
        jobs, self.jobs = self.jobs, dict(list(self.jobs.items())[:1])
        try:
            return super().with_key(key, type, data)
        finally:
            self.jobs = jobs


@fault(KEYS, "KEY")
class TakesOnlyTheSameObjectForTheKey(Finds):
    def has(self, job, key):
        return job.key is key


@fault(KEYS, "KEY")
class TakesOnlyTheSameObjectForTheType(Finds):
    def same(self, job, type, data):
        return job.type is type and job.data == data


@fault(KEYS, "KEY")
class TakesOnlyTheSameObjectForTheData(Finds):
    def same(self, job, type, data):
        return job.type == type and job.data is data


@fault(KEYS, "REUSED")
class TakesNoDataForAny(Finds):
    def same(self, job, type, data):
        return job.type == type and (not data or job.data == data)


@fault(KEYS, "REUSED")
class TakesAnyDataForNone(Finds):
    def same(self, job, type, data):
        return job.type == type and (not job.data or job.data == data)


@fault(KEYS, "KEY", "ADD")
class TakesPartOfAKeyForIt(Finds):
    def has(self, job, key):
        return key in (job.key or "")


@fault(KEYS, "KEY", "ADD")
class TakesALongerKeyForIt(Finds):
    def has(self, job, key):
        return job.key is not None and job.key in key


@fault(KEYS, "KEY", "ADD")
class NeverForgetsAKeyThatItHasLookedUp(Finds):
    def with_key(self, key, type, data):
        self.keys = getattr(self, "keys", {}) | {job.key: job for job in self.jobs.values()}
        jobs, self.jobs = self.jobs, self.keys
        try:
            return super().with_key(key, type, data)
        finally:
            self.jobs = jobs
