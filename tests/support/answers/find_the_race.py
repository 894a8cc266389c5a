"""Answers to the exercises of page 13."""

import asyncio
import uuid
from collections import Counter

from jobqueue_lesson.progress import current_job

RIGHT = {}
WRONG = {}


def sorts_both(world):
    assert sorted(world.server.outbox) == sorted(world.ordered)


def counts_each(world):
    outbox = world.server.outbox
    wrong = [name for name in {*outbox, *world.ordered} if outbox.count(name) != world.ordered.count(name)]
    return f"wrong for {wrong}" if wrong else None


def compares_bags(world):
    return Counter(world.server.outbox) == Counter(world.ordered)


def nobody_twice(world):
    assert len(world.server.outbox) == len(set(world.server.outbox))


def compares_sets(world):
    assert set(world.server.outbox) == set(world.ordered)


def compares_numbers(world):
    assert len(world.server.outbox) == len(world.ordered)


def compares_sets_and_numbers(world):
    assert len(world.server.outbox) == len(world.ordered)
    assert set(world.server.outbox) == set(world.ordered)


def compares_lists(world):
    assert world.server.outbox == world.ordered


def asks_the_database(world):
    assert world.sent == set(world.ordered)


def forgets_assert(world):
    sorted(world.server.outbox) == sorted(world.ordered)  # noqa: B015


def returns_a_number(world):
    return len(world.server.outbox) - len(world.ordered)


def looks_for_the_missing(world):
    for name in world.ordered:
        assert name in world.server.outbox


def says_what_is_right(world):
    return "all well" if sorted(world.server.outbox) == sorted(world.ordered) else False


def uses_them_up(world):
    for name in world.server.outbox:
        assert name in world.ordered
        world.ordered.remove(name)
    assert not world.ordered


RIGHT["invariant"] = [sorts_both, counts_each, compares_bags]
WRONG["invariant"] = [
    (nobody_twice, "Alice has ordered an e-mail, and gets none."),
    (compares_sets, "Alice gets two e-mails for one order."),
    (compares_numbers, "bob gets nothing, and alice two"),
    (compares_sets_and_numbers, "Alice has ordered two e-mails, and gets one."),
    (compares_lists, "In which order the e-mails go out does not matter"),
    (asks_the_database, "outbox = ['alice', 'alice']: the invariant holds"),
    (forgets_assert, "outbox = ['alice', 'alice']: the invariant holds"),
    (returns_a_number, "returns_a_number(world) gives 0"),
    (looks_for_the_missing, "Alice gets two e-mails for one order."),
    (says_what_is_right, "outbox = ['alice']: the invariant fails"),
    (uses_them_up, "afterwards, ordered = []"),
]


async def by_order_and_kind(mail, server, sent):
    await server.send(mail["to"], key=(mail["order"], mail["kind"]))


async def looks_as_well(mail, server, sent):
    key = f"{mail['kind']}-{mail['order']}"
    if key in sent:
        return
    await server.send(mail["to"], key=key)
    sent.add(key)


async def by_job(mail, server, sent):
    await server.send(mail["to"], key=current_job().id)


async def looks_by_order_and_kind(mail, server, sent):
    key = mail["order"], mail["kind"]
    if key not in sent:
        await server.send(mail["to"])
        sent.add(key)


async def records_before(mail, server, sent):
    key = mail["order"], mail["kind"]
    if key not in sent:
        sent.add(key)
        await server.send(mail["to"])


async def records_before_with_key(mail, server, sent):
    key = mail["order"], mail["kind"]
    if key not in sent:
        sent.add(key)
        await server.send(mail["to"], key=key)


async def key_of_the_person(mail, server, sent):
    await server.send(mail["to"], key=mail["to"])


async def key_of_the_order(mail, server, sent):
    await server.send(mail["to"], key=mail["order"])


async def key_of_person_and_kind(mail, server, sent):
    await server.send(mail["to"], key=(mail["to"], mail["kind"]))


async def a_new_key_each_time(mail, server, sent):
    await server.send(mail["to"], key=uuid.uuid4())


KEYS = {}


async def a_new_key_remembered_in_memory(mail, server, sent):
    key = KEYS.setdefault((mail["order"], mail["kind"]), uuid.uuid4())
    await server.send(mail["to"], key=key)


async def a_hash_is_the_key(mail, server, sent):
    await server.send(mail["to"], key=hash((mail["order"], mail["kind"])))


async def the_first_letter_is_the_key(mail, server, sent):
    await server.send(mail["to"], key=(mail["order"], mail["kind"][0]))


async def invoices_or_not(mail, server, sent):
    await server.send(mail["to"], key=(mail["order"], mail["kind"] == "invoice"))


async def key_with_the_attempt(mail, server, sent):
    await server.send(mail["to"], key=(mail["order"], mail["kind"], current_job().attempt))


async def the_whole_mail_is_the_key(mail, server, sent):
    await server.send(mail["to"], key=mail)


async def sends_the_whole_mail(mail, server, sent):
    await server.send(mail, key=(mail["order"], mail["kind"]))


async def looks_in_the_outbox(mail, server, sent):
    if mail["to"] not in server.outbox:
        await server.send(mail["to"])


async def looks_by_person(mail, server, sent):
    if mail["to"] not in sent:
        await server.send(mail["to"], key=(mail["order"], mail["kind"]))
        sent.add(mail["to"])


async def never_awaits(mail, server, sent):
    server.send(mail["to"], key=(mail["order"], mail["kind"])).close()


async def records_without_awaiting(mail, server, sent):
    server.send(mail["to"], key=mail["order"]).close()
    sent.add(mail["to"])


async def waits_forever(mail, server, sent):
    await asyncio.Event().wait()


async def loops_forever(mail, server, sent):
    while mail["to"] not in sent:
        pass


RIGHT["keyed"] = [by_order_and_kind, looks_as_well, by_job]
WRONG["keyed"] = [
    (looks_by_order_and_kind, "the answer travels: alice's confirmation of order 7 is sent 2 times"),
    (records_before, "the request travels: alice's confirmation of order 7 is not sent"),
    (records_before_with_key, "the request travels: alice's confirmation of order 7 is not sent"),
    (key_of_the_person, "nobody crashes: alice's invoice of order 7 is not sent"),
    (key_of_the_order, "nobody crashes: alice's invoice of order 7 is not sent"),
    (key_of_person_and_kind, "nobody crashes: alice's confirmation of order 8 is not sent"),
    (a_new_key_each_time, "Two attempts at the same e-mail need the same key"),
    (a_new_key_remembered_in_memory, "what the first had in its memory is gone there"),
    (a_hash_is_the_key, "hash() gives another number"),
    (the_first_letter_is_the_key, "is not sent"),
    (invoices_or_not, "is not sent"),
    (key_with_the_attempt, "is sent 2 times"),
    (the_whole_mail_is_the_key, "unhashable"),
    (sends_the_whole_mail, "send was called with {'to': 'alice'"),
    (looks_in_the_outbox, "no attribute 'outbox'"),
    (looks_by_person, "alice's confirmation of order 8 is not sent"),
    (never_awaits, "send was called, but nobody awaits it"),
    (records_without_awaiting, "send was called, but nobody awaits it"),
    (waits_forever, "nobody crashes: it never ends"),
    (loops_forever, "does not end"),
]
