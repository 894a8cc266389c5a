"""The queues that keep the producer's half of the contract.

A new kind of queue joins by adding a fixture that makes one to QUEUES, and what makes its jobs run and fail.
"""

import pytest

from jobqueue_lesson import JobQueue
from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.engine import EngineQueue
from jobqueue_lesson.retries import RetryPolicy
from tests.support.engine_attempts import Attempts
from tests.support.postgres import private_server

AT_ONCE = RetryPolicy(base=0)  # the same test for real and for simulated time: no retry waits


@pytest.fixture(scope="package")
def url():
    """The URL of one PostgreSQL server for all tests in this folder: starting one takes a second."""
    with private_server() as url:
        yield url


@pytest.fixture
def in_memory():
    return JobQueue(retry=AT_ONCE)


@pytest.fixture
def on_sqlite(tmp_path):
    queue = SQLiteQueue(tmp_path / "jobs.db", lease=1000, poll=None, retry=AT_ONCE)
    yield queue
    queue.close()


@pytest.fixture
def on_the_engine(url):
    """A queue in empty tables, so that ids start at 1."""
    queue = EngineQueue(url, retry=AT_ONCE)
    queue._database.change(
        "TRUNCATE procrastinate_jobs, procrastinate_workers, jobqueue_discarded RESTART IDENTITY CASCADE"
    )
    yield queue
    queue.close()


QUEUES = ["in_memory", "on_sqlite", "on_the_engine"]


@pytest.fixture(params=QUEUES)
def queue(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def worker(queue):
    """What makes a job run or fail: for the engine, attempts in this process; other queues can do it themselves."""
    return Attempts(queue) if isinstance(queue, EngineQueue) else queue
