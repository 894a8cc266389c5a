"""The queues under test that workers can use, in simulated time."""

from jobqueue_lesson import JobQueue
from jobqueue_lesson.durable import SQLiteQueue

QUEUES = {
    "in memory": lambda sim, folder: JobQueue("tasks", clock=sim.time),
    "on SQLite": lambda sim, folder: SQLiteQueue(folder / "tasks.db", clock=sim.time, lease=1000, poll=None),
}
"""What makes each of them, from a simulation and a folder for files."""
