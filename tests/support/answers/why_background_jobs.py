"""Answers to the exercises of page 1."""

import asyncio

RIGHT = {}
WRONG = {}


async def notes_it(request, to_do):
    if "format" not in request:
        return 422
    to_do.append(request)
    return 202


async def notes_it_after_a_check(request, to_do):
    await asyncio.sleep(0.001)
    status = 202 if request.get("format") else 422
    to_do += [request] if status == 202 else []
    return status


async def works_first(request, to_do):
    await asyncio.sleep(0.200)
    to_do.append(request)
    return 202


async def says_200(request, to_do):
    to_do.append(request)
    return 200


async def forgets_it(request, to_do):
    return 202


async def does_it_in_a_task(request, to_do):
    asyncio.get_running_loop().create_task(asyncio.sleep(0.2))
    return 202


async def takes_anything(request, to_do):
    to_do.append(request)
    return 202


async def refuses_and_notes(request, to_do):
    to_do.append(request)
    return 202 if "format" in request else 422


async def last_first(request, to_do):
    to_do.insert(0, request)
    return 202


async def notes_what_to_do(request, to_do):
    to_do.append("generate-report")
    return 202


def not_async(request, to_do):
    to_do.append(request)
    return 202


RIGHT["handler"] = [notes_it, notes_it_after_a_check]
WRONG["handler"] = [
    (works_first, "20 answers took 200 ms"),
    (says_200, "the statuses of the answers are [200]"),
    (forgets_it, "0 of 20 requests in to_do"),
    (does_it_in_a_task, "0 of 20 requests in to_do"),
    (takes_anything, "given a request without a format, gives 202"),
    (refuses_and_notes, "the request without a format is in to_do"),
    (last_first, "in the order they came"),
    (notes_what_to_do, "to_do holds ['generate-report']"),
    (not_async, "async def"),
]

RIGHT["places"] = [10, 12]
WRONG["places"] = [
    (5, "the last answer comes after 800 ms"),
    (9, "after 600 ms"),
    (20, "no more than 12"),
    (0, "at least one place"),
    ("10", "a whole number of places"),
]
