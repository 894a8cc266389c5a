"""Faults in waking who waits, and in what a listener finds."""

import asyncio
import math

from jobqueue_lesson import JobQueue
from jobqueue_lesson.notify import Waiters
from tests.support.faults.planting import LISTENERS, fault
from tests.support.other_queues import PlainQueue


@fault(LISTENERS, "SUBSCRIBE")
class TellsBeforeTheResultIsThere(JobQueue):
    def complete(self, job_id, result=None, *, attempt=None):
        job = super().complete(job_id, attempt=attempt)
        job.result = result
        return job


@fault(LISTENERS, "SUBSCRIBE")
class TellsOfAReleaseBeforeTheAttemptIsUncounted(PlainQueue):
    def moved(self, job, move, attempt=None):
        released = move == "release"
        job.attempts += released
        now = super().moved(job, move, attempt)
        job.attempts -= released
        now.attempts = job.attempts
        return now


@fault(LISTENERS, "FRACTION")
class TakesNaN(JobQueue):
    def progress(self, job_id, fraction, note="", *, attempt=None):
        nan = isinstance(fraction, float) and math.isnan(fraction)
        return super().progress(job_id, 0.0 if nan else fraction, note, attempt=attempt)


@fault(LISTENERS, "FRACTION")
class TakesInfinity(JobQueue):
    def progress(self, job_id, fraction, note="", *, attempt=None):
        return super().progress(job_id, 1.0 if fraction == math.inf else fraction, note, attempt=attempt)


@fault(LISTENERS, "JOIN")
class EndsOneJoinOnly(JobQueue):
    joins = 0

    async def join(self):
        self.joins += 1
        await (super().join() if self.joins == 1 else asyncio.Event().wait())


@fault(LISTENERS, "WAIT")
class SetsNoTimerForARetry(JobQueue):
    def _notify_and_wake(self, job, move, at):
        if move == "retry":
            self._notify(job, move, at)
        else:
            super()._notify_and_wake(job, move, at)


# --- a line of sleepers ---


class LooksOnce(Waiters):
    """Looks for jobs when somebody comes, and not again when somebody leaves, unless that is a cancelled worker."""

    async def sleep(self, wake_due, *, or_finished):
        looks = iter([wake_due])
        try:
            await super().sleep(lambda: next(looks, lambda: None)(), or_finished=or_finished)
        except asyncio.CancelledError:
            self.cancelled(wake_due)
            raise

    def cancelled(self, wake_due):
        wake_due()


class HasALine(JobQueue):
    line = Waiters

    def __init__(self, clock):
        super().__init__(clock=clock)
        self._waiters = self.line()


@fault(LISTENERS, "WAIT")
class LosesTheWakeUpOfACancelledWorker(HasALine):
    class line(LooksOnce):  # noqa: N801
        def cancelled(self, wake_due):
            pass


@fault(LISTENERS, "WAIT")
class ACancelledWorkerStaysInLine(HasALine):
    class line(Waiters):  # noqa: N801
        async def sleep(self, wake_due, *, or_finished):
            try:
                await super().sleep(wake_due, or_finished=or_finished)
            except asyncio.CancelledError:
                self.appendleft(asyncio.get_running_loop().create_future())
                raise


@fault(LISTENERS, "WAIT")
class WakesOneForAllJobsOfAnInstant(HasALine):
    line = LooksOnce

    def _wake_due(self):
        ready = len(self._ready)
        self._promote_due(self.clock())
        self._waiters.wake(min(len(self._ready), ready + 1))
        if self._delayed:
            self._waiters.set_alarm(self._delayed[0][0] - self.clock(), self._wake_due)


@fault(LISTENERS, "WAIT")
class SetsItsTimerOnce(HasALine):
    class line(LooksOnce):  # noqa: N801
        rings = False

        def _ring(self, wake_due):
            self.rings = True
            super()._ring(wake_due)
            self.rings = False

        def set_alarm(self, seconds, wake_due):
            if not self.rings:
                super().set_alarm(seconds, wake_due)
