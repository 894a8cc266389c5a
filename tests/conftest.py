import os
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from jobqueue_lesson import JobQueue, Simulation
from jobqueue_lesson.durable import SQLiteQueue
from tools import handouts, website
from tools.paths import LITE

from .distribution import NPM, distribution

MORE = 20 if settings.get_current_profile_name() == "search" else 1
"""How many times the examples that a test has otherwise, where it says how many."""
NODE = Path(sys.executable).with_name("node")


def need(place, target):
    """Skip a test if something that `make` installs is not there; with REQUIRE_BROWSER=1, let it fail."""
    if not place.exists():
        how = f"{place.name} is not there: run `make .venv/{target}`"
        (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(how)


@pytest.fixture(scope="session")
def once():
    """Make something once in a run: the worker that comes first makes it, the others wait and take it."""
    shared = Path(os.environ["JOBQUEUE_LESSON_TEST_RUN"])

    def once(name, make):
        made = shared / name
        with FileLock(shared / f"{name}.lock"):
            if not made.exists():
                scratch = shared / f"{name}.part"
                scratch.mkdir()
                make(scratch)
                scratch.rename(made)
        return made

    return once


@pytest.fixture(scope="session")
def wheel(once):
    """The course's wheel."""
    (wheel,) = once("wheel", handouts.build_wheel).glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def site(once, wheel, tmp_path_factory):
    """The web site, with Pyodide in it; matplotlib is a stand-in that draws nothing."""
    need(NPM, "npm")
    need(LITE, "lite")
    return once("site", lambda folder: website.build(folder, distribution(tmp_path_factory.mktemp("pyodide")), wheel))


@pytest.fixture
def sim():
    return Simulation()


QUEUES = {
    "in memory": lambda sim, folder: JobQueue("tasks", clock=sim.time),
    "on SQLite": lambda sim, folder: SQLiteQueue(folder / "tasks.db", clock=sim.time, lease=1000, poll=None),
}


@pytest.fixture(params=QUEUES.values(), ids=QUEUES.keys())
def queue(request, sim, tmp_path):
    """Each queue that workers can use, in simulated time."""
    queue = request.param(sim, tmp_path)
    yield queue
    getattr(queue, "close", lambda: None)()
