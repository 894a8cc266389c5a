"""The queue against a plain list that says the same in the simplest way."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from jobqueue_lesson import JobQueue
from jobqueue_lesson.retries import RetryPolicy
from tests.support.examples import MORE


class QueueAgainstList(RuleBasedStateMachine):
    @initialize(aging=st.sampled_from([0.0, 0.0, 0.5, 3.0]))
    def start(self, aging):
        self.now = 0.0
        self.aging = aging
        self.queue = JobQueue(clock=lambda: self.now, retry=RetryPolicy(base=1, factor=2), aging=aging)
        self.jobs = []  # each: a dict with what is known of the job
        self.events = []
        self.queue.subscribe(self.events.append)

    def in_state(self, status):
        return [job for job in self.jobs if job["status"] == status]

    @rule(
        priority=st.integers(-2, 2),
        delay=st.sampled_from([0, 0, 0.5, 3]),
        max_attempts=st.integers(1, 3),
        key=st.sampled_from([None, None, "a", "b"]),
    )
    def enqueue(self, priority, delay, max_attempts, key):
        job = self.queue.enqueue("work", None, priority=priority, delay=delay, max_attempts=max_attempts, key=key)
        same = [known for known in self.jobs if key is not None and known["key"] == key]
        if same:
            assert job.id == same[0]["id"]
            return
        assert job.id == len(self.jobs) + 1
        self.jobs.append(
            {
                "id": job.id,
                "priority": priority,
                "due": self.now + delay,
                "max_attempts": max_attempts,
                "left": max_attempts,
                "key": key,
                "status": "pending",
                "attempts": 0,
            }
        )

    @rule()
    def dequeue(self):
        due = [job for job in self.in_state("pending") if job["due"] <= self.now]
        job = self.queue.dequeue()
        if not due:
            assert job is None
            return
        best = min(due, key=lambda j: (self.aging * j["due"] - j["priority"], j["due"], j["id"]))
        assert job.id == best["id"]
        best["status"] = "processing"
        best["attempts"] += 1

    @precondition(lambda self: self.in_state("processing"))
    @rule(data=st.data())
    def complete(self, data):
        job = data.draw(st.sampled_from(self.in_state("processing")))
        self.queue.complete(job["id"])
        job["status"] = "completed"

    @precondition(lambda self: self.in_state("processing"))
    @rule(data=st.data())
    def fail(self, data):
        job = data.draw(st.sampled_from(self.in_state("processing")))
        self.queue.fail(job["id"], "x")
        job["left"] -= 1
        if job["left"]:
            job["status"] = "pending"
            job["due"] = self.now + 2 ** (job["max_attempts"] - job["left"])
        else:
            job["status"] = "failed"

    @precondition(lambda self: self.in_state("processing"))
    @rule(data=st.data())
    def release(self, data):
        job = data.draw(st.sampled_from(self.in_state("processing")))
        self.queue.release(job["id"])
        job["status"] = "pending"
        job["attempts"] -= 1

    @precondition(lambda self: self.in_state("failed"))
    @rule(data=st.data())
    def revive(self, data):
        job = data.draw(st.sampled_from(self.in_state("failed")))
        self.queue.revive(job["id"])
        job.update(status="pending", left=job["max_attempts"], due=self.now)

    @rule(seconds=st.sampled_from([0.25, 0.5, 1, 2, 10]))
    def time_passes(self, seconds):
        self.now += seconds

    @invariant()
    def every_job_is_where_the_list_says(self):
        for job in self.jobs:
            kept = self.queue.get(job["id"])
            assert (kept.status, kept.attempts) == (job["status"], job["attempts"])
        assert [job.id for job in self.queue.dead()] == [job["id"] for job in self.in_state("failed")]

    @invariant()
    def the_numbers_add_up(self):
        stats = self.queue.stats()
        assert stats == {status: len(self.in_state(status)) for status in stats}
        assert sum(stats.values()) == len(self.jobs)

    @invariant()
    def the_events_tell_the_same_story(self):
        last = {event.job_id: event.status for event in self.events}
        assert last == {job["id"]: job["status"] for job in self.jobs}
        times = [event.at for event in self.events]
        assert times == sorted(times)


QueueAgainstList.TestCase.settings = settings(
    max_examples=150 * MORE,
    stateful_step_count=40,
    suppress_health_check=[HealthCheck.too_slow],
)
TestQueueAgainstList = QueueAgainstList.TestCase
