"""Answers to the exercises of page 3."""

import asyncio

RIGHT = {}
WRONG = {}


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
            queue.fail(job.id, error)


async def reports_the_type_only(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except asyncio.CancelledError:
            queue.release(job.id)
            raise
        except Exception as error:
            queue.fail(job.id, type(error)())


async def takes_every_key_error_for_its_own(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except asyncio.CancelledError:
            queue.release(job.id)
            raise
        except KeyError:
            queue.fail(job.id, KeyError(f"no handler for {job.type}"))
        except Exception as error:
            queue.fail(job.id, error)


async def awaits_the_release(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except asyncio.CancelledError:
            await queue.release(job.id)
            raise
        except Exception as error:
            queue.fail(job.id, error)


async def raises_something_else(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except asyncio.CancelledError:
            queue.release(job.id)
            raise RuntimeError("cancelled") from None
        except Exception as error:
            queue.fail(job.id, error)


async def forgets_to_await(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, handlers[job.type](job.data))
        except Exception as error:
            queue.fail(job.id, error)


async def reports_a_text(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except asyncio.CancelledError:
            queue.release(job.id)
            raise
        except Exception as error:
            queue.fail(job.id, str(error))


async def lets_it_go_on(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except Exception as error:
            queue.fail(job.id, error)
            raise


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


async def catches_what_the_page_showed(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except asyncio.CancelledError:
            queue.release(job.id)
            raise
        except (KeyError, ValueError, OSError) as error:
            queue.fail(job.id, error)


async def looks_it_up_outside(queue, handlers):
    while (job := queue.dequeue()) is not None:
        handler = handlers[job.type]
        try:
            queue.complete(job.id, await handler(job.data))
        except asyncio.CancelledError:
            queue.release(job.id)
            raise
        except Exception as error:
            queue.fail(job.id, error)


async def returns_when_cancelled(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except asyncio.CancelledError:
            queue.release(job.id)
            return
        except Exception as error:
            queue.fail(job.id, error)


async def completes_when_cancelled(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except asyncio.CancelledError:
            queue.complete(job.id, None)
            raise
        except Exception as error:
            queue.fail(job.id, error)


async def calls_it_done(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            await handlers[job.type](job.data)
            queue.complete(job.id, "done")
        except asyncio.CancelledError:
            queue.release(job.id)
            raise
        except Exception as error:
            queue.fail(job.id, error)


async def tries_again_itself(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            try:
                result = await handlers[job.type](job.data)
            except Exception:
                result = await handlers[job.type](job.data)
            queue.complete(job.id, result)
        except asyncio.CancelledError:
            queue.release(job.id)
            raise
        except Exception as error:
            queue.fail(job.id, error)


async def stops_after_a_failure(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except asyncio.CancelledError:
            queue.release(job.id)
            raise
        except Exception as error:
            queue.fail(job.id, error)
            break


RIGHT["worker"] = [careful, careful_in_another_way]
WRONG["worker"] = [
    (reports_the_type_only, "the failed job's error is 'KeyError: '"),
    (takes_every_key_error_for_its_own, "the failed job's error is \"KeyError: 'no handler for send-email'\""),
    (awaits_the_release, "release takes the job's id, and is not awaited"),
    (raises_something_else, "dies of another error: RuntimeError('cancelled')"),
    (forgets_to_await, "await what it returns"),
    (reports_a_text, "the exception itself, not its text"),
    (lets_it_go_on, "does it let the exception go on?"),
    (swallows_the_error, "its job is still processing"),
    (completes_in_any_case, "1 failed, 5 completed"),
    (fails_when_cancelled, "has failed an attempt"),
    (forgets_cancellation, "while running job 1, and its job is still processing"),
    (works_on_when_cancelled, "kept working"),
    (returns_when_cancelled, "End that `except` with `raise`"),
    (completes_when_cancelled, "it was interrupted"),
    (catches_what_the_page_showed, "the worker dies of it: CardRefused"),
    (looks_it_up_outside, "inside the `try`, or above it"),
    (calls_it_done, "the result of job 1 is 'done'"),
    (tries_again_itself, "called 2 times"),
    (stops_after_a_failure, "After a failed job comes the next"),
    (puts_back_what_fails, "does not end"),
    (puts_back_errors, "a minute later"),
    (forgets_the_result, "without its result"),
    (one_job_only, "completed: 1 of five good jobs"),
]
