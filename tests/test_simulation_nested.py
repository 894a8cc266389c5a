"""A simulation inside another loop, inside another simulation, and beside one in another thread."""

import asyncio
import sys
import threading

import pytest

from jobqueue_lesson import Simulation


def test_it_runs_inside_a_running_loop_and_leaves_that_loop_and_task_as_they_were(sim):
    async def inner():
        assert asyncio.get_running_loop() is sim
        await asyncio.sleep(10)
        return asyncio.current_task().get_name()

    async def explode_later():
        await asyncio.sleep(1)
        raise OSError("unseen")

    async def outer():
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        async with asyncio.timeout(5):
            assert sim.run(inner()) == "run()"
            with pytest.raises(OSError, match="unseen"):
                sim.run(explode_later())
            assert asyncio.get_running_loop() is loop
            assert asyncio.current_task() is task
            await asyncio.sleep(0)
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0))

    asyncio.run(outer())
    assert sim.time() == 11


def test_one_simulation_can_run_inside_another(sim):
    async def outer():
        await asyncio.sleep(1)
        other = Simulation(start=100)
        other.run(asyncio.sleep(7))
        await asyncio.sleep(1)
        return other.time()

    assert sim.run(outer()) == 107
    assert sim.time() == 2


def test_two_threads_take_turns_and_leave_the_output_as_it_was():
    """A kernel may handle a slider in another thread than the cell: output ended up nowhere, for good."""
    out, started, ended = sys.stdout, threading.Event(), threading.Event()

    async def first():
        other.start()
        started.wait(0.2)  # in vain, because the other thread waits for its turn

    async def second():
        started.set()
        assert ended.wait(10)

    other = threading.Thread(target=lambda: Simulation().run(second()))
    Simulation().run(first())
    assert not started.is_set()
    ended.set()
    other.join()
    assert started.is_set()
    assert sys.stdout is out


def test_it_cannot_run_inside_itself(sim):
    async def main():
        with pytest.raises(RuntimeError, match="already running: inside it, await the coroutine instead"):
            sim.run(asyncio.sleep(1))

    sim.run(main())
    assert sim.time() == 0
