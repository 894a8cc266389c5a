"""Waiting: for what other processes do, with a deadline; and in simulated time."""

import asyncio
import time

DEADLINE = 60.0  # seconds: machines are busy


def wait_until(condition, seconds=DEADLINE):
    """Wait until a condition holds, and return what it gave."""
    give_up = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.01)
    return found


def pass_time(sim, seconds):
    """Let seconds of simulated time go by."""
    sim.run(asyncio.sleep(seconds))
