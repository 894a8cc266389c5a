"""Answers to the exercises of page 1."""

import asyncio
import time
from time import sleep

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


async def pdf_only(request, to_do):
    if request.get("format") == "pdf":
        to_do.append(request)
        return 202
    return 422


async def takes_the_format_out(request, to_do):
    if request.pop("format", None) is None:
        return 422
    to_do.append(request)
    return 202


async def by_number(request, to_do):
    if request.get("number", 20) >= 20:
        return 422
    to_do.append(request)
    return 202


async def notes_part_of_it(request, to_do):
    if "format" not in request:
        return 422
    to_do.append({"format": request["format"]})
    return 202


async def none_twice(request, to_do):
    if "format" not in request:
        return 422
    if request not in to_do:
        to_do.append(request)
    return 202


async def status_as_text(request, to_do):
    if "format" not in request:
        return "422"
    to_do.append(request)
    return "202"


RIGHT["handler"] = [notes_it, notes_it_after_a_check]


async def refuses_slowly(request, to_do):
    if "format" in request:
        to_do.append(request)
        return 202
    await asyncio.sleep(0.2)
    return 422


async def answers_with_text(request, to_do):
    if "format" in request:
        to_do.append(request)
        return "202"
    return "422"


def is_not_async(request, to_do):
    to_do.append(request)
    return 202


async def starts_it_as_well(request, to_do):
    if "format" not in request:
        return 422
    to_do.append(request)
    asyncio.get_running_loop().create_task(asyncio.sleep(0.2))
    return 202


async def wants_a_number(request, to_do):
    if "format" not in request or "number" not in request:
        return 422
    to_do.append(request)
    return 202


async def knows_six_formats(request, to_do):
    if request.get("format") not in ("pdf", "csv", "xlsx", "html", "txt", "json"):
        return 422
    to_do.append(request)
    return 202


async def stops_the_server(request, to_do):
    if "format" not in request:
        return 422
    time.sleep(0.2)  # noqa: ASYNC251
    to_do.append(request)
    return 202


async def stops_the_server_by_another_name(request, to_do):
    if "format" not in request:
        return 422
    sleep(0.2)  # noqa: ASYNC251
    to_do.append(request)
    return 202


WRONG["handler"] = [
    (starts_it_as_well, "20 tasks still at work in the server"),
    (wants_a_number, "given {'format': 'braille'}, gives 422"),
    (knows_six_formats, "given {'format': 'braille'}, gives 422"),
    (stops_the_server, "time.sleep(0.2) at"),
    (stops_the_server_by_another_name, "nobody else is served meanwhile"),
    (refuses_slowly, "A refusal needs no work"),
    (answers_with_text, "without quotes"),
    (is_not_async, "Put async before def."),
    (works_first, "20 answers took 200 ms"),
    (works_first, "Only one of them is urgent"),
    (says_200, "gives 200"),
    (forgets_it, "0 requests in to_do"),
    (does_it_in_a_task, "0 requests in to_do"),
    (takes_anything, "given {'number': 20}, gives 202"),
    (refuses_and_notes, "before the request is on the list"),
    (last_first, "in the order they came"),
    (notes_what_to_do, "to_do holds ['generate-report']"),
    (not_async, "async def"),
    (pdf_only, "given {'format': 'csv', 'number': 1}, gives 422"),
    (takes_the_format_out, "a request has become {'number': 0}"),
    (by_number, "given {'number': 3, 'type': 'pdf'}, gives 202"),
    (notes_part_of_it, "with everything in it"),
    (none_twice, "the very same request"),
    (status_as_text, "gives '202'"),
]
