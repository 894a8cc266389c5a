"""Answers to the exercises of page 3."""

import asyncio

RIGHT = {}
WRONG = {}

RIGHT["pool"] = [{"workers": 2, "concurrency": 2}, {"workers": 1, "concurrency": 4}]
WRONG["pool"] = [
    ({"workers": 3, "concurrency": 1}, "with 3 jobs running at once"),
    ({"workers": 1, "concurrency": 2}, "with 2 jobs running at once"),
    ({"workers": 10, "concurrency": 1}, "from 1 to 3"),
    ({"workers": 2, "concurrency": 8}, "from 1 to 4"),
    ({"workers": 3, "concurrency": 2}, "fewer running at once"),
    ({"workers": 2}, "['workers']"),
    (4, "a dictionary"),
]


async def careful(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            result = await handlers[job.type](job.data)
        except asyncio.CancelledError:
            queue.release(job.id)
            raise
        except Exception as error:
            queue.fail(job.id, error)
        else:
            queue.complete(job.id, result)


async def careful_in_another_way(queue, handlers):
    while job := queue.dequeue():
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                queue.release(job.id)
                raise
            queue.fail(job.id, str(type(error).__name__))


async def swallows_the_error(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except Exception:
            pass


async def completes_in_any_case(queue, handlers):
    while (job := queue.dequeue()) is not None:
        result = None
        try:
            result = await handlers[job.type](job.data)
        except Exception:
            pass
        queue.complete(job.id, result)


async def fails_when_cancelled(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except asyncio.CancelledError:
            queue.fail(job.id, "cancelled")
            raise
        except Exception as error:
            queue.fail(job.id, error)


async def forgets_cancellation(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except Exception as error:
            queue.fail(job.id, error)


async def works_on_when_cancelled(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except asyncio.CancelledError:
            queue.release(job.id)
        except Exception as error:
            queue.fail(job.id, error)


async def puts_back_what_fails(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except BaseException:
            queue.release(job.id)


async def puts_back_errors(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except Exception:
            queue.release(job.id)


async def forgets_the_result(queue, handlers):
    while (job := queue.dequeue()) is not None:
        await handlers[job.type](job.data)
        queue.complete(job.id)


async def one_job_only(queue, handlers):
    job = queue.dequeue()
    queue.complete(job.id, await handlers[job.type](job.data))


RIGHT["worker"] = [careful, careful_in_another_way]
WRONG["worker"] = [
    (swallows_the_error, "its job is still processing"),
    (completes_in_any_case, "1 failed, 5 completed"),
    (fails_when_cancelled, "has failed an attempt"),
    (forgets_cancellation, "was cancelled, and its job is still processing"),
    (works_on_when_cancelled, "kept working"),
    (puts_back_what_fails, "does not end"),
    (puts_back_errors, "a minute later"),
    (forgets_the_result, "without its result"),
    (one_job_only, "completed: 1 of five good jobs"),
]
