"""What the engine's tests do with its queue, and what they wait for."""

import sys

import pytest

from .waiting import wait_until

unix = pytest.mark.skipif(sys.platform == "win32", reason="no such signals on Windows")


def unfinished(queue):
    stats = queue.stats()
    return stats["pending"] + stats["processing"]


def finished(queue, *jobs):
    wait_until(lambda: all(queue.get(job.id).status in ("completed", "failed") for job in jobs))
    return [queue.get(job.id) for job in jobs]


def processing(queue, job):
    wait_until(lambda: queue.get(job.id).progress is not None)
    return queue.get(job.id)


def gated(queue, tmp_path, **options):
    """Enqueue a job that runs until its gate is opened; return both, and how often it has been started."""
    gate, log = tmp_path / "gate", tmp_path / "log"
    job = queue.enqueue("waits", {"gate": str(gate), "log": str(log)}, **options)
    return job, gate, lambda: len(log.read_text().splitlines())
