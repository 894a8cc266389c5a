"""The queues under test that workers can use, in simulated time; and what tests do with any queue."""

from jobqueue_lesson import JobQueue
from jobqueue_lesson.durable import SQLiteQueue

QUEUES = {
    "in memory": lambda sim, folder: JobQueue("tasks", clock=sim.time),
    "on SQLite": lambda sim, folder: SQLiteQueue(folder / "tasks.db", clock=sim.time, lease=1000, poll=None),
}
"""What makes each of them, from a simulation and a folder for files."""


def on_sqlite(path, *, clock, retry, lease, max_pending, keep_finished):
    """SQLiteQueue, without polling: there are no other processes in simulated time."""
    return SQLiteQueue(
        path, clock=clock, retry=retry, lease=lease, max_pending=max_pending, keep_finished=keep_finished, poll=None
    )


JUDGED = {"in memory": (JobQueue, {"leases", "crashes"}), "on SQLite": (on_sqlite, set())}
"""What a judge makes each of them with, and the stages that are about what it does not offer."""


def give_up(queue, worker, *types):
    """Enqueue a job of each type, and let it fail for good."""
    for type in types:
        job = queue.enqueue(type, max_attempts=1)
        assert worker.dequeue().id == job.id
        worker.fail(job.id, f"{type} is broken")
