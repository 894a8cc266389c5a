import pytest

from jobqueue_lesson.engine import EngineQueue, EngineWorker
from jobqueue_lesson.retries import RetryPolicy
from tests.support.engine import unfinished
from tests.support.postgres import private_server
from tests.support.waiting import wait_until
from tools.paths import ROOT


@pytest.fixture(scope="package")
def url():
    """The URL of one PostgreSQL server for all tests in this folder: starting one takes a second."""
    with private_server() as url:
        yield url


@pytest.fixture(scope="package")
def handlers():
    return ROOT / "tests" / "support" / "engine_handlers.py"


@pytest.fixture
def queue(url, request):
    """A queue without workers."""
    queue = EngineQueue(url, f"test-{request.node.name}"[:40], retry=RetryPolicy(base=0.1))
    yield queue
    queue.close(forget=True)


@pytest.fixture(scope="package")
def _team(url, handlers):
    """One queue, with two workers, for all tests that don't harm these: a process takes a second to start."""
    queue = EngineQueue(url, "team", retry=RetryPolicy(base=0.01, factor=1))
    with EngineWorker(queue, handlers, name="ann"), EngineWorker(queue, handlers, name="ben"):
        yield queue
    queue.close(forget=True)


@pytest.fixture
def team(_team):
    """The queue of `_team`, empty."""
    yield _team
    _team._listeners.clear()
    wait_until(lambda: unfinished(_team) == 0)
    _team._database.change("DELETE FROM procrastinate_jobs WHERE queue_name = 'team'")
