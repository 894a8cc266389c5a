"""The service in trouble (storage down, worker ended) says so, loses nothing, and recovers by itself."""

import asyncio
import json
import logging
from types import SimpleNamespace

import pytest

from jobqueue_lesson import JobQueue, Simulation, Worker
from jobqueue_lesson.api import create_app, in_process
from jobqueue_lesson.durable import SQLiteQueue, StorageError
from jobqueue_lesson.handlers import HANDLERS
from jobqueue_lesson.progress import follow
from tests.support.conversations import REPORT

ADMIN = {"Authorization": "Bearer s3cret"}
HOME = "/api/admin/dead-letters"
DOWN = {"error": "the queue's storage is down: try again later"}


class Fragile(JobQueue):
    """A queue whose storage can go down, as a database server does: no method works until it is back."""

    down = False

    def __getattribute__(self, name):
        if name in {"enqueue", "get", "stats", "dead", "revive", "discard", "subscribe"} and self.down:
            raise StorageError("/secret/tasks.db: disk I/O error")
        return super().__getattribute__(name)


class Crashing(Worker):
    """A worker whose runs end by an error as often as `crashes` says."""

    crashes = 0
    runs = 0

    def run(self):
        self.runs += 1
        return self._crash() if self.runs <= self.crashes else super().run()

    async def _crash(self):
        await asyncio.sleep(0.1)
        raise RuntimeError("a fault in the worker")


def fragile():
    sim = Simulation()
    queue = Fragile("reports", clock=sim.time)
    return sim, queue, create_app(queue, retry_after=7, admin_token="s3cret")


def talk(sim, app, conversation):
    async def main():
        async with in_process(app) as client:
            return await conversation(client)

    return sim.run(main())


async def health(client):
    answer = await client.get("/health")
    return answer.status_code, answer.json()


# --- the storage is down ---


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", "/api/reports"),
        ("GET", "/api/jobs/1"),
        ("GET", "/api/jobs/1/events"),
        ("GET", HOME),
        ("GET", f"{HOME}/1"),
        ("POST", f"{HOME}/1/revive"),
        ("POST", f"{HOME}/revive"),
        ("DELETE", f"{HOME}/1"),
        ("GET", "/health"),
    ],
)
def test_while_the_storage_is_down_every_address_answers_503_and_says_when_to_come_back(method, url, caplog):
    sim, queue, app = fragile()
    body = {"json": REPORT} if url == "/api/reports" else {}

    async def conversation(client):
        queue.down = True
        answer = await client.request(method, url, headers=ADMIN, **body)
        queue.down = False
        return answer

    answer = talk(sim, app, conversation)
    assert (answer.status_code, answer.json()) == (503, DOWN)
    assert answer.headers["Retry-After"] == "7"
    assert "/secret/tasks.db" in caplog.text  # for those who run the service, and not for its clients
    assert caplog.records[0].levelno == logging.WARNING


def test_reviving_all_goes_on_where_the_storage_went_down():
    sim, queue, app = fragile()
    for _ in range(3):
        queue.enqueue("a", max_attempts=1)
        queue.fail(queue.dequeue().id, "broken")

    async def conversation(client):
        calls = []

        def revive(job_id):
            calls.append(job_id)
            if len(calls) == 2:
                raise StorageError("gone")
            return JobQueue.revive(queue, job_id)

        queue.revive = revive
        return [await client.post(f"{HOME}/revive", headers=ADMIN) for _ in range(2)]

    first, second = talk(sim, app, conversation)
    assert (first.status_code, second.status_code, second.json()) == (503, 200, {"revived": 2})
    assert queue.stats()["pending"] == 3


def test_an_order_refused_while_the_storage_is_down_is_taken_when_it_is_back(tmp_path):
    """A real file that can be read, and not written."""
    sim = Simulation()
    queue = SQLiteQueue(tmp_path / "tasks.db", clock=sim.time, poll=None)

    async def conversation(client):
        queue._file.db.execute("PRAGMA query_only = 1")
        refused = await client.post("/api/reports", json=REPORT)
        while_down = await health(client)
        queue._file.db.execute("PRAGMA query_only = 0")
        await asyncio.sleep(10)
        return refused, while_down, await health(client), await client.post("/api/reports", json=REPORT)

    refused, while_down, back, accepted = talk(sim, create_app(queue), conversation)
    assert (refused.status_code, refused.json()) == (503, DOWN)
    assert while_down == (503, DOWN)
    assert back == (200, {"status": "ok", "worker": "elsewhere"})
    assert (accepted.status_code, accepted.json()["jobId"]) == (202, 1)
    queue.close()


def test_a_stream_lives_through_a_time_without_storage_and_misses_nothing_that_counts():
    sim, queue, app = fragile()
    queue.enqueue("generate-report", REPORT)

    async def trouble():
        await asyncio.sleep(0.25)
        queue.dequeue()
        queue.down = True  # the stream is about to look the job up
        await asyncio.sleep(3.1)
        queue.down = False
        queue.complete(1, {"pages": 5})

    async def conversation(client):
        troubled = asyncio.create_task(trouble())
        answer = await client.get("/api/jobs/1/events")
        await troubled
        return answer

    answer = talk(sim, app, conversation)
    assert answer.status_code == 200
    states = [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith("data")]
    assert [state["status"] for state in states] == ["pending", "completed"]
    assert queue._listeners == []


def test_follow_waits_for_a_storage_that_is_down_when_it_starts():
    sim, queue, _ = fragile()
    queue.enqueue("a")
    queue.down = True

    async def listen():
        asyncio.get_running_loop().call_later(2.5, setattr, queue, "down", False)
        job = await anext(follow(queue, 1))
        return job.id, sim.time()

    assert sim.run(listen()) == (1, 3.0)


# --- the worker has ended ---


def crashing(crashes, **options):
    sim = Simulation()
    queue = JobQueue("reports", clock=sim.time)
    worker = Crashing(queue, HANDLERS, **options)
    worker.crashes = crashes
    return sim, queue, worker, create_app(queue, worker)


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_worker_that_an_error_ended_starts_again_and_meanwhile_the_app_says_so(concurrency, caplog):
    sim, queue, worker, app = crashing(crashes=3, concurrency=concurrency)

    async def conversation(client):
        told = []
        accepted = []
        for _ in range(8):
            accepted.append((await client.post("/api/reports", json=REPORT)).status_code)
            told.append(await health(client))
            await asyncio.sleep(0.5)
        await queue.join()
        return accepted, told

    accepted, told = talk(sim, app, conversation)
    well = (200, {"status": "ok", "worker": "running"})
    ill = (503, {"error": "the worker is not running: accepted jobs wait"})
    assert told == [well, ill, ill, ill, ill, ill, ill, well]  # at 0, 0.5, …: it runs for 0.1 s, and waits for 1 s
    assert accepted == [202] * 8  # stored, and done as soon as the worker runs again
    assert queue.stats()["completed"] == 8
    assert worker.runs == 4
    assert caplog.text.count("worker-1 crashed; restarting it in 1 s") == 3
    assert "a fault in the worker" in caplog.text


def test_a_worker_that_waits_for_its_storage_makes_the_service_unhealthy():
    """It can still be read, so no request has noticed."""
    sim, _, worker, app = crashing(crashes=0)

    async def conversation(client):
        told = []
        for until in (None, 5.0):
            worker.outage = SimpleNamespace(error="disk full", since=0.0, until=until)
            told.append(await health(client))
        return told

    assert talk(sim, app, conversation) == [(503, DOWN), (200, {"status": "ok", "worker": "running"})]


def test_an_app_whose_worker_ends_again_and_again_stops_at_once():
    sim, _, worker, app = crashing(crashes=10**6)
    talk(sim, app, lambda client: asyncio.sleep(0.5))
    assert sim.time() == 0.5
    sim.run(asyncio.sleep(10))
    assert worker.runs == 1


def test_a_worker_that_somebody_stopped_is_not_started_again():
    sim, _, worker, app = crashing(crashes=0)

    async def conversation(client):
        worker.stop()
        await asyncio.sleep(5)
        return await health(client), (await client.get("/health")).headers["Retry-After"]

    told, retry_after = talk(sim, app, conversation)
    assert told == (503, {"error": "the worker is not running: accepted jobs wait"})
    assert retry_after == "1"
    assert worker.runs == 1


def test_an_app_can_be_started_again():
    sim, _, worker, app = crashing(crashes=0)
    for _ in range(2):
        assert talk(sim, app, health)[0] == 200
    talk(sim, app, lambda client: client.post("/api/reports", json=REPORT))
    assert worker.runs == 3


def test_an_app_whose_worker_works_elsewhere_does_not_start():
    sim = Simulation()
    queue = JobQueue("reports", clock=sim.time)
    worker = Worker(queue, HANDLERS)

    async def main():
        elsewhere = asyncio.create_task(worker.run())
        await asyncio.sleep(1)
        try:
            async with in_process(create_app(queue, worker)):
                pass
        finally:
            worker.stop()
            await elsewhere

    with pytest.raises(RuntimeError, match="worker-1 is already running"):
        sim.run(main())


def test_health_is_in_the_schema():
    answers = create_app(JobQueue()).openapi()["paths"]["/health"]["get"]["responses"]
    assert set(answers) == {"200", "503"}
