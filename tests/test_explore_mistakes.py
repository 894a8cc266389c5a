"""A mistake in a scenario, or in a call, is told from a finding, and named."""

import asyncio

import pytest

from jobqueue_lesson import JobQueue, Worker
from jobqueue_lesson import explore as module
from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.explore import explore
from jobqueue_lesson.faults import ClockJump, Crash, FullDisk, Pause
from jobqueue_lesson.search import NotRepeatable, smallest
from jobqueue_lesson.world import World
from tests.support.scenarios import once, two_workers


def test_a_mistake_in_the_scenario_comes_out_as_itself():
    async def scenario(world):
        undefined  # noqa: B018, F821

    async def in_a_process(world):
        async def process():
            return 1 / 0

        world.start("ann", process)
        await asyncio.sleep(1)

    with pytest.raises(NameError, match="undefined") as caught:
        explore(scenario)
    assert caught.traceback[-1].name == "scenario"
    with pytest.raises(ZeroDivisionError) as caught:
        explore(in_a_process)
    assert caught.traceback[-1].name == "process"


def test_a_name_that_is_missing_where_the_plain_run_never_comes_is_a_mistake_too():
    async def scenario(world):
        queue = world.queue(SQLiteQueue(":memory:", clock=world.clock, lease=5, poll=None))
        attempts = []

        async def work(data):
            attempts.append(1)
            if len(attempts) > 1:
                undefined()  # noqa: F821
            await asyncio.sleep(1)

        async def worker(name):
            await Worker(queue, {"work": work}, name=name).run()

        world.start("ann", worker, "ann")
        queue.enqueue("work")
        await world.settled()

    with pytest.raises(NameError) as caught:
        explore(scenario)
    assert caught.traceback[-1].name == "work"
    (note,) = caught.value.__notes__
    assert "ann crashes at its start" in note or "crashes in work" in note


def test_a_mistake_in_an_invariant_or_in_a_listener_comes_out_too():
    async def scenario(world):
        queue = world.queue(JobQueue(clock=world.clock))
        queue.subscribe(world.listener)
        queue.enqueue("work")

    def wrong(_):
        undefined  # noqa: B018, F821

    def with_listener(listener):
        async def with_it(world):
            world.listener = listener
            await scenario(world)

        return with_it

    for mistaken, options in ((with_listener(wrong), {}), (with_listener(print), {"invariants": [wrong]})):
        with pytest.raises(NameError):
            explore(mistaken, **options)
    with pytest.raises(TypeError, match=r"<lambda> must return None, True, False or a sentence, it returned 3"):
        explore(with_listener(print), invariants=[lambda world: 3])


def test_a_scenario_that_depends_on_something_else_is_told_so():
    runs = iter(range(10**6))

    async def scenario(world):
        await asyncio.sleep(1)
        assert next(runs) != 5

    with pytest.raises(NotRepeatable):
        explore(scenario)
    with pytest.raises(NotRepeatable):
        smallest(module.st.integers(0, 99), lambda number: next(runs) % 10 == 0 or None, runs=100)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"faults": [Crash]}, r"faults must be a list of faults such as \[Crash\(\)\], got \[<class"),
        ({"faults": Crash()}, r"faults must be a list of faults such as \[Crash\(\)\], got Crash\("),
        ({"faults": ["crash"]}, "faults must be a list of faults"),
        ({"invariants": once}, "invariants must be a list of functions of the world, got <function once"),
        ({"always": [1]}, "always must be a list of functions"),
        ({"runs": 0}, "runs must be"),
        ({"seed": "x"}, "seed must be"),
        ({"limit": 0}, "limit must be"),
    ],
)
def test_a_wrong_argument_is_named(wrong, message):
    with pytest.raises((TypeError, ValueError), match=message):
        explore(two_workers, **wrong)


@pytest.mark.parametrize(
    ("fault", "values"),
    [
        (Crash, [-1, "1", float("nan")]),
        (Pause, [0, -1, None]),
        (ClockJump, ["x", float("inf"), 1e10]),
        (FullDisk, [0, "x"]),
    ],
)
def test_a_wrong_number_in_a_fault_is_named(fault, values):
    for value in values:
        with pytest.raises((TypeError, ValueError), match=r"must be"):
            fault(value)


def test_what_a_world_cannot_use_is_named():
    def refused(use):
        async def scenario(world):
            use(world)

        with pytest.raises((TypeError, ValueError)) as caught:
            explore(scenario)
        return str(caught.value)

    used = JobQueue(clock=lambda: 0)
    World().queue(used)

    class Slots:
        __slots__ = ()

        def put(self):
            pass

    async def nothing():
        pass

    assert "inside the scenario" in refused(lambda world: world.queue(used))
    assert "with clock=world.clock" in refused(lambda world: world.queue(JobQueue()))
    assert "__slots__" in refused(lambda world: world.queue(Slots()))
    assert "a function and its arguments" in refused(lambda world: world.start("ann", 1))
    assert "must be an async function" in refused(lambda world: world.start("ann", print))
    assert "there already is" in refused(lambda world: [world.start("ann", nothing) for _ in range(2)])
    assert "1 to 100 options, got 0" in refused(lambda world: world.choose("what"))
    assert "1 to 100 options, got 101" in refused(lambda world: world.choose("what", *range(101)))
    with pytest.raises(TypeError, match="a scenario must be an async function of the world, it returned None"):
        explore(print)
