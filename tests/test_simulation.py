import asyncio
import contextvars
import gc
import logging
import signal
import threading
import time

import pytest
from fastapi import FastAPI

from jobqueue_lesson import Simulation
from jobqueue_lesson.api import in_process
from jobqueue_lesson.simulation import EndlessWait


def test_a_sleep_costs_nothing_and_ends_exactly_at_its_deadline(sim):
    before = time.monotonic()
    sim.run(asyncio.sleep(3600))
    assert sim.time() == 3600
    assert time.monotonic() - before < 5


def test_what_a_coroutine_returns_and_raises_arrives_as_itself(sim):
    async def answer():
        return 42

    error = ValueError("mine")

    async def explode():
        raise error

    assert sim.run(answer()) == 42
    with pytest.raises(ValueError, match="mine") as caught:
        sim.run(explode())
    assert caught.value is error


def test_equal_deadlines_run_first_come_first_served(sim):
    order = []

    async def note(number):
        await asyncio.sleep(0.1)
        order.append(number)

    async def main():
        await asyncio.gather(*map(note, range(1000)))

    sim.run(main())
    assert order == list(range(1000))
    assert sim.time() == 0.1


def test_a_clock_that_starts_at_the_unix_epoch_works():
    sim = Simulation(start=1_700_000_000.0)

    async def ticks():
        for _ in range(10):
            await asyncio.sleep(1e-3)
        return sim.time()

    assert sim.run(ticks()) == pytest.approx(1_700_000_000.01, abs=1e-5)


def test_time_and_tasks_stay_from_one_run_to_the_next(sim):
    ticks = []

    async def tick():
        while True:
            await asyncio.sleep(1)
            ticks.append(sim.time())

    sim.create_task(tick())
    sim.run(asyncio.sleep(2.5))
    assert ticks == [1, 2]
    assert sim.time() == 2.5
    sim.run(asyncio.sleep(1))
    assert ticks == [1, 2, 3]


def test_all_that_happens_at_the_last_instant_has_happened(sim):
    seen = []

    async def other():
        await asyncio.sleep(1)
        for step in range(3):
            await asyncio.sleep(0)
            seen.append(step)

    sim.create_task(other())
    sim.run(asyncio.sleep(1))
    assert seen == [0, 1, 2]


def test_timeouts(sim):
    async def main():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await asyncio.sleep(5)
        assert sim.time() == 2
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(5), 1)
        assert sim.time() == 3
        assert await asyncio.wait_for(asyncio.sleep(1, "in time"), 5) == "in time"
        async with asyncio.timeout(10):
            await asyncio.sleep(1)
        return sim.time()

    assert sim.run(main()) == 5


def test_task_groups_gather_wait_and_shield(sim):
    async def main():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(asyncio.sleep(n, n)) for n in (3, 1, 2)]
        assert [task.result() for task in tasks] == [3, 1, 2]
        assert await asyncio.gather(asyncio.sleep(1, "a"), asyncio.sleep(2, "b")) == ["a", "b"]
        done, pending = await asyncio.wait(
            [asyncio.create_task(asyncio.sleep(n)) for n in (1, 9)], return_when=asyncio.FIRST_COMPLETED
        )
        assert (len(done), len(pending), sim.time()) == (1, 1, 6)
        with pytest.raises(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                group.create_task(explode())
                group.create_task(asyncio.sleep(100))
        assert await asyncio.shield(asyncio.sleep(1, "kept")) == "kept"
        return sim.time()

    async def explode():
        await asyncio.sleep(1)
        raise OSError

    assert sim.run(main()) == 8


def test_queues_events_conditions_locks_and_semaphores(sim):
    async def main():
        queue, event, condition = asyncio.Queue(maxsize=1), asyncio.Event(), asyncio.Condition()
        log = []

        async def producer():
            for number in range(3):
                await queue.put(number)
                await asyncio.sleep(1)
            event.set()

        async def consumer():
            for _ in range(3):
                log.append((sim.time(), await queue.get()))
                queue.task_done()

        async def waiter():
            async with condition:
                await condition.wait()
                log.append("notified")

        async with asyncio.TaskGroup() as group:
            group.create_task(producer())
            group.create_task(consumer())
            group.create_task(waiter())
            await event.wait()
            await queue.join()
            async with condition:
                condition.notify_all()
        places = asyncio.Semaphore(2)
        async with places, places:
            assert places.locked()
        return log

    assert sim.run(main()) == [(0, 0), (0, 1), (1, 2), "notified"]


def test_a_function_for_a_thread_runs_inline(sim):
    async def main():
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)
        return await asyncio.to_thread(threading.current_thread)

    assert sim.run(main()) is threading.current_thread()
    assert sim.time() == 0


def test_async_generators_work_and_clean_up_when_dropped_half_way(sim):
    log = []

    async def numbers():
        try:
            for number in range(10):
                await asyncio.sleep(1)
                yield number
        finally:
            await asyncio.sleep(1)
            log.append("cleaned up")

    async def main():
        async for number in numbers():
            if number == 2:
                break
        gc.collect()
        await asyncio.sleep(5)

    sim.run(main())
    assert log == ["cleaned up"]


def test_context_variables_are_kept_apart(sim):
    who = contextvars.ContextVar("who", default="nobody")

    async def name(value):
        who.set(value)
        await asyncio.sleep(1)
        return who.get()

    async def main():
        return await asyncio.gather(name("ann"), name("ben")), who.get()

    assert sim.run(main()) == (["ann", "ben"], "nobody")


def test_a_cancelled_timer_does_not_move_the_clock(sim):
    sim.call_later(100, print).cancel()
    sim.run(asyncio.sleep(1))
    with pytest.raises(EndlessWait, match="at t=1 s"):
        sim.run(forever())


def test_a_deadline_in_the_past_is_now(sim):
    ran = []
    sim.run(asyncio.sleep(5))
    sim.call_at(1, ran.append, "past")
    sim.call_later(-1, ran.append, "negative")
    sim.run(asyncio.sleep(0))
    assert ran == ["past", "negative"]
    assert sim.time() == 5


async def forever():
    await asyncio.Event().wait()


async def take():
    await asyncio.Queue().get()


def test_a_wait_that_nothing_can_end_is_an_error_that_says_who_waits_and_since_when(sim):
    sim.create_task(take(), name="ann")
    sim.run(asyncio.sleep(2.5))
    with pytest.raises(EndlessWait) as caught:
        sim.run(forever())
    assert str(caught.value) == (
        "this wait can never end: at t=2.5 s no timer is set and no task is ready. "
        "Waiting: ann in take > Queue.get; run() in forever > Event.wait"
    )


def test_an_endpoint_in_a_thread_is_named_before_the_long_path_to_it(sim):
    app = FastAPI()

    @app.get("/")
    def in_a_thread():
        return 200

    async def ask():
        async with in_process(app) as client:
            await client.get("/")

    with pytest.raises(EndlessWait, match=r"is an endpoint `def`, not `async def`\? Waiting: "):
        sim.run(ask())


def test_a_sleep_without_end_is_an_endless_wait(sim):
    with pytest.raises(EndlessWait):
        sim.run(asyncio.sleep(float("inf")))
    assert sim.time() == 0


def test_an_endless_wait_lets_the_coroutine_clean_up_and_the_simulation_goes_on(sim):
    log = []

    async def main():
        try:
            await forever()
        finally:
            await asyncio.sleep(1)
            log.append(sim.time())

    with pytest.raises(EndlessWait):
        sim.run(main())
    assert log == [1]
    sim.run(asyncio.sleep(1))
    assert sim.time() == 2


def test_a_task_that_spins_and_never_sleeps_is_an_error(sim):
    async def spin():
        while True:
            await asyncio.sleep(0)

    sim.callback_limit = 10_000
    sim.create_task(spin(), name="spinner")
    with pytest.raises(EndlessWait, match=r"time stands still at t=0 s: 10,000 callbacks .* spinner in .*spin"):
        sim.run(asyncio.sleep(1))


def test_ctrl_c_stops_it_and_lets_the_coroutine_clean_up(sim):
    log = []

    async def busy():
        try:
            while True:
                await asyncio.sleep(1)
        finally:
            log.append("cleaned up")

    signal.setitimer(signal.ITIMER_REAL, 0.2)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            sim.run(busy())
    finally:
        signal.signal(signal.SIGALRM, before)
    assert log == ["cleaned up"]
    now = sim.time()
    assert now > 0
    sim.run(asyncio.sleep(1))
    assert sim.time() == now + 1


async def explode_later():
    await asyncio.sleep(1)
    raise OSError("unseen")


def test_what_a_task_raised_unseen_is_reported_once(sim, caplog):
    kept = sim.create_task(explode_later(), name="kept")
    sim.create_task(explode_later(), name="dropped")
    sim.run(asyncio.sleep(2))
    gc.collect()
    sim.run(asyncio.sleep(2))
    reports = [record.getMessage() for record in caplog.records]
    assert len(reports) == 2
    assert "at t=2 s: kept failed, and was never awaited" in reports
    assert kept.exception().args == ("unseen",)
    assert caplog.records[0].exc_info[1].args == ("unseen",)


def test_what_was_seen_is_not_reported(sim, caplog):
    async def main():
        task = asyncio.create_task(explode_later())
        with pytest.raises(OSError, match="unseen"):
            await task

    sim.run(main())
    gc.collect()
    assert not caplog.records


def test_a_callback_that_raises_is_reported_and_stops_nothing(sim, caplog):
    sim.call_later(1, lambda: 1 / 0)
    sim.run(asyncio.sleep(2))
    assert caplog.records[0].levelno == logging.ERROR
    assert "ZeroDivisionError" in caplog.text


def test_reports_can_be_sent_elsewhere(sim):
    reports = []
    sim.set_exception_handler(lambda loop, context: reports.append((loop, str(context["exception"]))))
    sim.create_task(explode_later())
    sim.run(asyncio.sleep(2))
    assert reports == [(sim, "unseen")]


@pytest.mark.parametrize("work", [None, 3, asyncio.sleep, "sleep"])
def test_it_runs_coroutines_only(sim, work):
    with pytest.raises(TypeError, match=r"run\(\) takes a coroutine, such as run\(worker.drain\(\)\), got"):
        sim.run(work)


def test_sockets_and_processes_are_refused_in_words(sim):
    async def connect():
        await asyncio.open_connection("127.0.0.1", 9)

    async def spawn():
        await asyncio.create_subprocess_exec("true")

    for coroutine in (connect(), spawn()):
        with pytest.raises(NotImplementedError, match=r"needs real time: a simulation has no sockets, processes"):
            sim.run(coroutine)


def test_its_tasks_are_numbered_from_one_in_every_simulation(sim):
    for simulation in (sim, Simulation()):
        assert [simulation.create_task(asyncio.sleep(0)).get_name() for _ in range(2)] == ["task-1", "task-2"]
        simulation.run(asyncio.sleep(0))


def test_a_simulation_that_is_dropped_with_tasks_under_way_says_nothing(caplog):
    sim = Simulation()
    sim.create_task(asyncio.sleep(5))
    sim.run(asyncio.sleep(1))
    del sim
    gc.collect()
    assert not caplog.records
