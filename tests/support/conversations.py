"""What a client asks of the service, for more than one test."""

import asyncio

from jobqueue_lesson import JobQueue, Simulation, Worker
from jobqueue_lesson.api import create_app, in_process
from jobqueue_lesson.handlers import HANDLERS
from jobqueue_lesson.show.sequence import Conversation

REPORT = {"format": "pdf", "dateRange": {"from": "2026-01-01", "to": "2026-01-31"}}
"""What a report is ordered with."""


def conversation():
    """Order a report and ask for it until it is there; return who said what to whom."""
    sim = Simulation()
    queue = JobQueue("reports", clock=sim.time)

    async def talk():
        async with in_process(create_app(queue, Worker(queue, HANDLERS))) as client:
            noted = Conversation(queue, client)
            await client.post("/api/reports", json=REPORT)
            await asyncio.sleep(0.02)
            await client.get("/api/jobs/1")
            await asyncio.sleep(0.02)
            await client.get("/api/jobs/1")
            await client.get("/api/jobs/2")
            return noted

    return sim.run(talk())
