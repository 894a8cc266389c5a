"""The queues under test that workers can use, in simulated time; and what tests do with any queue."""

from jobqueue_lesson import JobQueue
from jobqueue_lesson.durable import SQLiteQueue

QUEUES = {
    "in memory": lambda sim, folder: JobQueue("tasks", clock=sim.time),
    "on SQLite": lambda sim, folder: SQLiteQueue(folder / "tasks.db", clock=sim.time, lease=1000, poll=None),
}
"""What makes each of them, from a simulation and a folder for files."""


def give_up(queue, worker, *types):
    """Enqueue a job of each type, and let it fail for good."""
    for type in types:
        job = queue.enqueue(type, max_attempts=1)
        assert worker.dequeue().id == job.id
        worker.fail(job.id, f"{type} is broken")
