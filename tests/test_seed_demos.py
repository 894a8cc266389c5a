"""The demos of the lesson that the course grew from, with their printed lines to the letter."""

import json

from jobqueue_lesson import JobQueue, Simulation, Worker
from jobqueue_lesson.handlers import HANDLERS


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def test_demo_1_basic_job_processing():
    sim = Simulation()
    queue = JobQueue("tasks", clock=sim.time)
    jobs = [
        queue.enqueue("send-email", {"to": "alice@example.com", "subject": "Welcome!"}),
        queue.enqueue("resize-image", {"path": "/uploads/photo.jpg", "size": "thumbnail"}),
        queue.enqueue("generate-report", {"format": "pdf", "month": "January"}),
        queue.enqueue("send-email", {"to": "bob@example.com", "subject": "Notification"}),
        queue.enqueue("resize-image", {"path": "/uploads/banner.png", "size": "medium"}),
    ]
    assert [f"Job #{job.id}: {job.type} → status: {job.status}" for job in jobs] == [
        "Job #1: send-email → status: pending",
        "Job #2: resize-image → status: pending",
        "Job #3: generate-report → status: pending",
        "Job #4: send-email → status: pending",
        "Job #5: resize-image → status: pending",
    ]
    assert f"Queue stats: {compact(queue.stats())}" == (
        'Queue stats: {"pending":5,"processing":0,"completed":0,"failed":0}'
    )
    sim.run(Worker(queue, HANDLERS).drain())
    assert [f"Job #{j.id}: {j.type} — {1000 * j.duration:.0f}ms — {compact(j.result)}" for j in jobs] == [
        'Job #1: send-email — 10ms — {"sent":true,"to":"alice@example.com"}',
        'Job #2: resize-image — 20ms — {"resized":true,"size":"thumbnail"}',
        'Job #3: generate-report — 30ms — {"pages":5,"format":"pdf"}',
        'Job #4: send-email — 10ms — {"sent":true,"to":"bob@example.com"}',
        'Job #5: resize-image — 20ms — {"resized":true,"size":"medium"}',
    ]
    assert f"Queue stats: {compact(queue.stats())}" == (
        'Queue stats: {"pending":0,"processing":0,"completed":5,"failed":0}'
    )


def test_demo_2_retry_on_failure():
    calls = 0

    async def flaky_api(data):
        nonlocal calls
        calls += 1
        if calls < 3:
            raise TimeoutError(f"API timeout (attempt {calls})")
        return {"success": True, "attempts": calls}

    sim = Simulation()
    queue = JobQueue("retries", clock=sim.time)
    job = queue.enqueue("flaky-api", {"url": "https://external.api/webhook"}, max_attempts=5)
    sim.run(Worker(queue, {"flaky-api": flaky_api}).drain())
    assert f"Job completed after {job.attempts} attempts" == "Job completed after 3 attempts"
    assert f"Result: {compact(job.result)}" == 'Result: {"success":true,"attempts":3}'
    assert [error.message for error in job.errors] == ["API timeout (attempt 1)", "API timeout (attempt 2)"]
    assert sim.time() == 6


def test_demo_3_priority_based_processing():
    queue = JobQueue("priority")
    for name, priority in [
        ("low-priority", 0),
        ("high-priority", 10),
        ("medium-priority", 5),
        ("critical", 100),
        ("normal", 1),
    ]:
        queue.enqueue("task", {"name": name}, priority=priority)
    order = []
    while (job := queue.dequeue()) is not None:
        order.append(job.data["name"])
        queue.complete(job.id, "done")
    assert order == ["critical", "high-priority", "medium-priority", "normal", "low-priority"]
