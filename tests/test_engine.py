"""The engine: RQ on a real server, with worker processes that are killed. Skipped where no server can be started."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import redis

from jobqueue_lesson import History, text_timeline
from jobqueue_lesson.api import create_app, in_process
from jobqueue_lesson.engine import EngineQueue, EngineWorker, server
from jobqueue_lesson.job import IllegalMove, JobNotFound
from jobqueue_lesson.queue import KeyReused
from jobqueue_lesson.retries import RetryPolicy

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no Valkey for Windows")

HANDLERS = """
import asyncio

from jobqueue_lesson.handlers import HANDLERS
from jobqueue_lesson.progress import current_job
from jobqueue_lesson.retries import DoNotRetry


async def hangs_once(data):
    current_job().progress(0.5, "half way")
    await asyncio.sleep(60 if current_job().attempt == 1 else 0.01)
    return data


async def fails(data):
    raise ValueError(data)


async def never(data):
    raise DoNotRetry("not a valid address")


HANDLERS = HANDLERS | {"hangs-once": hangs_once, "fails": fails, "never": never}
"""


@pytest.fixture(scope="module", autouse=True)
def no_server_but_our_own():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("REDIS_URL", raising=False)
        yield


@pytest.fixture(scope="module")
def url(no_server_but_our_own):
    with server() as url:
        yield url


@pytest.fixture
def queue(url, request):
    queue = EngineQueue(url, f"test{abs(hash(request.node.name))}", retry=RetryPolicy(base=0.1))
    yield queue
    queue.close(forget=True)


@pytest.fixture
def handlers(tmp_path):
    path = tmp_path / "my_handlers.py"
    path.write_text(HANDLERS)
    return path


def wait_until(condition, seconds=30):
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.01)


def test_the_server_has_a_private_socket_and_no_port_and_is_gone_at_the_end():
    with server() as url:
        path = Path(url.removeprefix("unix://"))
        with redis.Redis.from_url(url) as connection:
            assert connection.config_get("port") == {"port": "0"}
        assert path.stat().st_mode & 0o077 == 0
    assert not path.parent.exists()


def test_the_server_is_stopped_also_on_failure():
    with pytest.raises(ZeroDivisionError), server() as url:
        1 / 0  # noqa: B018
    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(url).ping()


def test_the_server_is_gone_when_the_process_that_started_it_is_killed():
    script = (
        "import os, signal\n"
        "from jobqueue_lesson.engine import server\n"
        "with server() as url:\n"
        "    print(url, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=False)
    folder = Path(killed.stdout.strip().removeprefix("unix://")).parent

    def gone():
        try:
            redis.Redis.from_url(killed.stdout.strip()).ping()
        except redis.ConnectionError:
            return True
        return False

    wait_until(gone)
    for path in folder.glob("*"):
        path.unlink()
    folder.rmdir()


def test_on_windows_it_says_what_to_do(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(RuntimeError, match="no Valkey for Windows to start here: say where a server is, in REDIS_URL"):
        server().__enter__()


def test_a_server_of_ones_own_is_used_and_left_running(url, monkeypatch):
    monkeypatch.setenv("REDIS_URL", url)
    with server() as given:
        assert given == url
    assert redis.Redis.from_url(url).ping()


def test_the_handlers_of_notebook_03_run_in_worker_processes(queue, handlers):
    jobs = [
        queue.enqueue("send-email", {"to": "alice@example.com"}),
        queue.enqueue("resize-image", {"size": "medium"}),
        queue.enqueue("generate-report", {"format": "pdf"}),
    ]
    assert queue.stats() == {"pending": 3, "processing": 0, "completed": 0, "failed": 0}
    with EngineWorker(queue, handlers, name="ann"), EngineWorker(queue, handlers, name="ben"):
        wait_until(lambda: queue.stats()["completed"] == 3)
    assert [queue.get(job.id).result for job in jobs] == [
        {"sent": True, "to": "alice@example.com"},
        {"resized": True, "size": "medium"},
        {"pages": 5, "format": "pdf"},
    ]


def test_higher_priorities_go_first(queue, handlers):
    for priority in (-1, 0, 5):
        queue.enqueue("send-email", {"to": str(priority)}, priority=priority)
    with EngineWorker(queue, handlers):
        wait_until(lambda: queue.stats()["completed"] == 3)
    begun = sorted((queue.get(number).started_at, queue.get(number).priority) for number in (1, 2, 3))
    assert [priority for _, priority in begun] == [5, 0, -1]


def test_the_job_of_a_killed_worker_is_recovered_by_the_engine(queue, handlers):
    queue.enqueue("hangs-once", 7)
    with EngineWorker(queue, handlers, name="ann", lease=1) as ann:
        wait_until(lambda: queue.get(1).progress)
        assert (queue.get(1).status, queue.get(1).progress, queue.get(1).note) == ("processing", 0.5, "half way")
        ann.kill()
    assert queue.stats()["processing"] == 1
    with EngineWorker(queue, handlers, name="ben", lease=1):
        wait_until(lambda: queue.get(1).status == "completed")
    job = queue.get(1)
    assert (job.attempts, job.worker, job.result, job.progress) == (2, "ben", 7, 1.0)
    assert [(event.move, event.worker) for event in queue.events()] == [
        ("enqueue", None),
        ("dequeue", "ann"),
        ("retry", "ann"),
        ("dequeue", "ben"),
        ("complete", "ben"),
    ]
    history = History(name="engine")
    for event in queue.events():
        history.record(event)
    assert "completed, attempt 2" in text_timeline(history)


def test_whoever_was_killed_can_come_back_at_once_under_the_same_name(queue, handlers):
    queue.enqueue("hangs-once", 7)
    with EngineWorker(queue, handlers, name="ann", lease=1) as ann:
        wait_until(lambda: queue.get(1).progress)
        ann.kill()
    with EngineWorker(queue, handlers, name="ann", lease=1):
        wait_until(lambda: queue.get(1).status == "completed")
    assert [event.worker for event in queue.events()] == [None, "ann", "ann", "ann", "ann"]


def test_retries_and_dead_letters(queue, handlers):
    queue.enqueue("fails", "broken", max_attempts=2)
    queue.enqueue("never", max_attempts=5)
    queue.enqueue("make-coffee")
    with EngineWorker(queue, handlers):
        wait_until(lambda: queue.stats()["failed"] == 3)
        assert [(job.id, job.attempts, job.error) for job in queue.dead()] == [
            (1, 2, "ValueError: broken"),
            (2, 1, "DoNotRetry: not a valid address"),
            (3, 1, queue.get(3).error),
        ]
        assert queue.get(3).error.startswith("NoHandler: no handler for 'make-coffee'; this worker has: fails, ")
        assert [str(error) for error in queue.get(1).errors] == ["ValueError: broken", "ValueError: broken"]
        assert queue.revive(1).status == "pending"
        wait_until(lambda: queue.get(1).status == "failed")
        assert queue.get(1).attempts == 4
    queue.discard(2)
    assert queue.get(2) is None
    assert [job.id for job in queue.dead(after=1)] == [3]
    with pytest.raises(JobNotFound):
        queue.revive(2)
    queue.enqueue("send-email")
    with pytest.raises(IllegalMove, match="cannot discard job #4: it is pending"):
        queue.discard(4)


def test_a_key_gives_the_same_job_and_is_not_reused_for_another(queue):
    first = queue.enqueue("send-email", {"to": "alice"}, key="welcome")
    assert queue.enqueue("send-email", {"to": "alice"}, key="welcome").id == first.id
    with pytest.raises(KeyReused, match="key 'welcome'"):
        queue.enqueue("send-email", {"to": "bob"}, key="welcome")


def test_a_delayed_job_waits(queue, handlers):
    queue.enqueue("send-email", {"to": "later"}, delay=1.0)
    with EngineWorker(queue, handlers):
        wait_until(lambda: queue.get(1).status == "completed")
    assert queue.get(1).started_at - queue.get(1).created_at >= 1.0


@pytest.mark.parametrize("data", [{1, 2}, float("nan"), object()])
def test_what_is_no_json_is_refused(queue, data):
    with pytest.raises((TypeError, ValueError)):
        queue.enqueue("send-email", data)
    assert queue.stats()["pending"] == 0


def test_the_same_app_serves_it(queue, handlers):
    report = {"format": "pdf", "dateRange": {"from": "2026-01-01", "to": "2026-01-31"}}

    async def talk():
        async with in_process(create_app(queue, admin_token="s3cret")) as client:
            answer = await client.post("/api/reports", json=report, headers={"Idempotency-Key": "january"})
            assert answer.status_code == 202
            stream = await client.get(answer.headers["Location"] + "/events")
            letters = await client.get("/api/admin/dead-letters", headers={"Authorization": "Bearer s3cret"})
            return answer, stream, letters, await client.get("/api/jobs/77")

    with EngineWorker(queue, handlers):
        answer, stream, letters, unknown = asyncio.run(asyncio.wait_for(talk(), 30))
    assert answer.json() == {"jobId": 1, "status": "queued", "statusUrl": "/api/jobs/1"}
    assert stream.text.count("data: ") >= 1
    assert '"status":"completed","result":{"pages":5,"format":"pdf"}' in stream.text
    assert letters.json() == {"deadLetters": [], "next": None}
    assert unknown.status_code == httpx.codes.NOT_FOUND


def test_nothing_is_left_of_a_queue_that_is_forgotten(url, handlers):
    queue = EngineQueue(url, "gone")
    queue.enqueue("send-email", {"to": "alice"}, key="k")
    queue.enqueue("fails", max_attempts=1)
    with EngineWorker(queue, handlers):
        wait_until(lambda: queue.stats()["failed"] == 1)
    queue.close(forget=True)
    with redis.Redis.from_url(url) as connection:
        assert list(connection.scan_iter("*gone*")) == []
    assert os.path.exists(url.removeprefix("unix://"))
