"""The sequence diagram, drawn from what was said."""

import asyncio

from matplotlib import pyplot as plt

from jobqueue_lesson import JobQueue, Simulation, Worker
from jobqueue_lesson.api import create_app, in_process
from jobqueue_lesson.handlers import HANDLERS
from jobqueue_lesson.show.sequence import Conversation, plot_sequence, text_sequence

REPORT = {"format": "pdf", "dateRange": {"from": "2026-01-01", "to": "2026-01-31"}}


def conversation():
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


def test_every_message_is_noted_in_order_with_who_said_it_to_whom():
    assert text_sequence(conversation()).splitlines() == [
        "    0 ms  client → API     POST /api/reports",
        "    0 ms     API → queue   enqueue #1",
        "    0 ms     API → client  202 queued",
        "    0 ms   queue → worker  dequeue #1",
        "   20 ms  client → API     GET /api/jobs/1",
        "   20 ms     API → client  200 processing",
        "   30 ms  worker → queue   complete #1",
        "   40 ms  client → API     GET /api/jobs/1",
        "   40 ms     API → client  200 completed",
        "   40 ms  client → API     GET /api/jobs/2",
        "   40 ms     API → client  404 Job not found",
    ]


def test_the_picture_has_an_arrow_for_every_message():
    noted = conversation()
    words = [text.get_text() for text in plot_sequence(noted).texts]
    plt.close("all")
    assert [word for word in words if word in {m.says for m in noted.messages}] == [m.says for m in noted.messages]
    assert words.count("0 ms") == 1
