"""Handlers for the worker processes that the engine's tests start."""

import asyncio
import os
import time

from jobqueue_lesson.handlers import HANDLERS
from jobqueue_lesson.progress import current_job
from jobqueue_lesson.retries import DoNotRetry

NAMES = {"asyncio": asyncio, "current_job": current_job, "time": time}
"""What the code that a test enqueues for `evaluate` and `raises` can use."""


async def exists(path):
    while not os.path.exists(path):  # noqa: ASYNC240
        await asyncio.sleep(0.01)


def note(path):
    with open(path, "a") as file:
        file.write(f"{current_job().id} {current_job().attempt} {os.getpid()}\n")


async def hangs_once(data):
    current_job().progress(0.5, "half way")
    await asyncio.sleep(600 if current_job().attempt == 1 else 0.01)
    return data


async def freezes(data):
    current_job().progress(0.5, "half way")
    await exists(data)
    current_job().progress(0.9, f"attempt {current_job().attempt}")
    return current_job().attempt


async def waits(data):
    note(data["log"])
    current_job().progress(0.1)
    await exists(data["gate"])
    return "done"


async def steps(data):
    for step in range(1, 6):
        await asyncio.sleep(0.01)
        current_job().progress(step / 10, f"step {step}")
    return "done"


async def fails(data):
    raise ValueError(data)


async def fails_first(data):
    note(data["log"])
    if current_job().attempt < data["attempts"]:
        raise ConnectionError("not yet")
    return "done"


async def never(data):
    raise DoNotRetry("not a valid address")


async def echo(data):
    return data


def plain(data):
    return data


async def logged(data):
    note(data)


async def evaluate(code):
    return eval(code, NAMES)


async def raises(code):
    exec(code, NAMES)


HANDLERS = HANDLERS | {
    "hangs-once": hangs_once,
    "freezes": freezes,
    "waits": waits,
    "steps": steps,
    "fails": fails,
    "fails-first": fails_first,
    "never": never,
    "echo": echo,
    "plain": plain,
    "logged": logged,
    "evaluate": evaluate,
    "raises": raises,
}
