import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from jobqueue_lesson import Simulation
from jobqueue_lesson.durable import SQLiteQueue
from tests.support.distribution import distribution
from tests.support.installed import need
from tests.support.postgres import private_server
from tests.support.queues import QUEUES
from tools import handouts, website
from tools.paths import BOOK, LITE, PYODIDE, ROOT
from tools.website.python import find_pyodide


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
def book(once):
    """The book, whose panels are pictures: computing their positions takes minutes."""
    need(BOOK, "book")
    command = [sys.executable, "-m", "tools.book", "--still", "--output"]
    return once("book", lambda folder: subprocess.run([*command, folder], cwd=ROOT, check=True))


@pytest.fixture(scope="session")
def site(once, book, wheel, tmp_path_factory):
    """The web site, with Pyodide in it. Matplotlib is a stand-in that draws nothing, the book has no moving panels."""
    need(PYODIDE, "npm")
    need(LITE, "lite")

    def make(folder):
        relative = Path(os.path.relpath(folder))  # as people give it
        pyodide = find_pyodide(distribution(tmp_path_factory.mktemp("pyodide")))
        shutil.copytree(book, relative, dirs_exist_ok=True)
        website.lite.build(relative / website.LITE, pyodide, wheel, website.READ)

    return once("site", make)


@pytest.fixture
def sim():
    return Simulation()


@pytest.fixture(params=QUEUES.values(), ids=QUEUES.keys())
def queue(request, sim, tmp_path):
    """Each queue that workers can use, in simulated time."""
    queue = request.param(sim, tmp_path)
    yield queue
    getattr(queue, "close", lambda: None)()


@pytest.fixture
def open_queue(sim, tmp_path):
    """Open the same file, as often as one likes, in simulated time."""
    opened = []

    def open_queue(**options):
        opened.append(SQLiteQueue(tmp_path / "tasks.db", **({"clock": sim.time, "poll": None, "lease": 10} | options)))
        return opened[-1]

    yield open_queue
    for queue in opened:
        queue.close()


@pytest.fixture(scope="module")
def url():
    """The URL of a PostgreSQL server of this module's own."""
    with private_server() as url:
        yield url
