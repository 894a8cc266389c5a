"""CPython's own tests of asyncio pass in simulated time, plainly and in any order.

They come with Python, unless a distributor has left them out, as Debian does.

One of them, `test_nested_timeouts`, holds that two timeouts for the same instant both expire, whichever comes first. It
is why `call_at` is never late: with timers that are all late on their own, one of the two would expire alone.
"""

import asyncio
import gc
import importlib
import random
import unittest
from types import SimpleNamespace

import pytest

from jobqueue_lesson import Simulation

pytestmark = pytest.mark.filterwarnings("ignore")  # some of these tests leave a coroutine that nobody awaits

MODULES = ("locks", "queues", "taskgroups", "threads", "timeouts", "waitfor")
PLAIN_LOOPS = (None, getattr(asyncio, "EventLoop", None))
# One of the tests measures with `time.monotonic`, two block the loop with `time.sleep`.
SIMULATED_TIME = SimpleNamespace(monotonic=lambda: asyncio.get_running_loop().time(), sleep=lambda seconds: None)


class Runner:
    """What unittest needs of `asyncio.Runner`, on a simulation."""

    seed = None

    def __init__(self, **options):
        self.sim = Simulation(order=None if self.seed is None else random.Random(self.seed))

    def get_loop(self):
        return self.sim

    def run(self, coroutine, *, context):
        return context.run(self.sim.run, coroutine)

    def close(self):
        pass


@pytest.fixture(scope="module")
def modules():
    pytest.importorskip("test.test_asyncio", reason="this Python comes without its own tests")
    yield [importlib.import_module(f"test.test_asyncio.test_{name}") for name in MODULES]
    gc.collect()  # what they leave must not be found by another test, which would fail


@pytest.mark.parametrize("seed", [None, *range(100)])
def test_cpythons_own_tests_pass_in_any_order(seed, modules, monkeypatch):
    monkeypatch.setattr(asyncio, "Runner", Runner)
    monkeypatch.setattr(Runner, "seed", seed)
    result = unittest.TestResult()
    for module in modules:
        monkeypatch.setattr(module, "time", SIMULATED_TIME, raising=False)
        for tests in unittest.defaultTestLoader.loadTestsFromModule(module):
            for test in tests:
                if getattr(test, "loop_factory", None) in PLAIN_LOOPS:  # not for eager tasks, which need another loop
                    test.run(result)
    assert [f"{test}\n{trace}" for test, trace in result.failures + result.errors] == []
    assert result.testsRun - len(result.skipped) > 190
