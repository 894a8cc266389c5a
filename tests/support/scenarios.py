"""Scenarios to explore. They are here and not in a test module, because pytest adds words to the asserts of those."""

import asyncio

from jobqueue_lesson import Worker
from jobqueue_lesson.durable import SQLiteQueue
from tests.support.promises import watch


async def _mailing(world, send_email):
    """Let two workers send the mails that are chosen."""
    queue = world.queue(SQLiteQueue(":memory:", "mail", clock=world.clock, lease=5, poll=None))

    async def worker(name):
        await Worker(queue, {"send-email": send_email}, name=name).run()

    world.start("ann", worker, "ann")
    world.start("ben", worker, "ben")
    for person in world.choose("mails", ["alice"], ["alice", "bob"]):
        queue.enqueue("send-email", {"to": person})
    await world.settled()


async def two_workers(world):
    """Page 13: the handler looks first, and still sends twice."""
    world.mails, sent = [], set()

    async def send_email(data):
        if data["to"] in sent:
            return
        world.mails.append(data["to"])
        await asyncio.sleep(0.1)
        sent.add(data["to"])

    await _mailing(world, send_email)


async def repaired(world):
    """The mail server knows the key of an e-mail, and sends it once."""
    world.mails, known = [], set()

    async def send_email(data):
        if data["to"] not in known:
            known.add(data["to"])
            world.mails.append(data["to"])
        await asyncio.sleep(0.1)

    await _mailing(world, send_email)


def once(world):
    """Nobody gets an e-mail twice."""
    for person in world.mails:
        assert world.mails.count(person) == 1, f"{person} got {world.mails.count(person)}"


def revived_meanwhile(kind):
    """A worker may stand still until its job has failed, and was revived, and another worker is running it."""

    async def scenario(world):
        queue = watch(world, kind(":memory:", clock=world.clock, lease=5, poll=None))

        async def work(data):
            await asyncio.sleep(1)

        async def worker(name):
            await Worker(queue, {"work": work}, name=name).run()

        async def person():
            while True:
                await asyncio.sleep(4)
                for job in queue.dead():
                    queue.revive(job.id)

        world.start("ann", worker, "ann")
        world.start("ben", worker, "ben")
        world.start("eve", person)
        queue.enqueue("work", max_attempts=1)
        await asyncio.sleep(20)

    return scenario


async def in_order(world):
    log = []

    async def process(name):
        await asyncio.sleep(1)
        log.append(name)

    world.start("ann", process, "ann")
    world.start("ben", process, "ben")
    await asyncio.sleep(2)
    assert log == ["ann", "ben"]
