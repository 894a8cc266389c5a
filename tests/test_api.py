import asyncio
import json
import socket

import httpx
import pytest

from jobqueue_lesson import JobQueue, Simulation, Worker
from jobqueue_lesson.api import create_app, in_process, serve
from jobqueue_lesson.handlers import HANDLERS
from tests.support.conversations import REPORT


class Service:
    """A service in simulated time, and a client of it."""

    def __init__(self, handlers=HANDLERS, works=True, **options):
        self.sim = Simulation()
        self.queue = JobQueue("reports", clock=self.sim.time, **options)
        self.app = create_app(self.queue, Worker(self.queue, handlers) if works else None)

    def run(self, talk):
        """Run `await talk(client)` against the app."""

        async def main():
            async with in_process(self.app) as client:
                return await talk(client)

        return self.sim.run(main())

    def send(self, method, url, **options):
        return self.run(lambda client: client.request(method, url, **options))


@pytest.fixture
def idle():
    """A service whose workers are somewhere else."""
    return Service(works=False, max_pending=3)


def test_an_order_is_answered_202_with_a_place_to_ask(idle):
    answer = idle.send("POST", "/api/reports", json=REPORT)
    assert answer.status_code == 202
    assert answer.text == '{"jobId":1,"status":"queued","statusUrl":"/api/jobs/1"}'
    assert answer.headers["Location"] == "/api/jobs/1"
    job = idle.queue.get(1)
    assert (job.type, job.data, job.status) == ("generate-report", REPORT, "pending")


def test_a_job_says_its_state_and_its_result_only_when_completed():
    async def talk(client):
        url = (await client.post("/api/reports", json=REPORT)).headers["Location"]
        seen = []
        for _ in range(3):
            seen.append((await client.get(url)).text)
            await asyncio.sleep(0.020)
        return seen

    assert Service().run(talk) == [
        '{"id":1,"status":"pending"}',
        '{"id":1,"status":"processing"}',
        '{"id":1,"status":"completed","result":{"pages":5,"format":"pdf"}}',
    ]


async def order_and_sleep(client):
    await client.post("/api/reports", json=REPORT)
    await asyncio.sleep(100)
    return (await client.get("/api/jobs/1")).text


def test_an_error_is_given_only_when_it_failed_for_good():
    async def explode(data):
        raise ConnectionError("database away")

    service = Service(handlers={"generate-report": explode})

    async def talk(client):
        await client.post("/api/reports", json=REPORT)
        await asyncio.sleep(1)
        backing_off = (await client.get("/api/jobs/1")).text
        await asyncio.sleep(100)
        return backing_off, (await client.get("/api/jobs/1")).text

    assert service.run(talk) == (
        '{"id":1,"status":"pending"}',
        '{"id":1,"status":"failed","error":"ConnectionError: database away"}',
    )


def test_a_result_of_nothing_is_still_a_result():
    async def nothing(data):
        return None

    service = Service(handlers={"generate-report": nothing})
    assert service.run(order_and_sleep) == '{"id":1,"status":"completed","result":null}'


@pytest.mark.parametrize("job_id", ["77", "-1", "0", "99999999999999999999"])
def test_an_unknown_job_is_404(idle, job_id):
    answer = idle.send("GET", f"/api/jobs/{job_id}")
    assert (answer.status_code, answer.text) == (404, '{"error":"Job not found"}')


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.format: Field required; body.dateRange: Field required"),
        (REPORT | {"format": "doc"}, "body.format: Input should be 'pdf', 'csv' or 'html'"),
        (REPORT | {"format": None}, "body.format: Input should be 'pdf', 'csv' or 'html'"),
        (REPORT | {"pages": 3}, "body.pages: Extra inputs are not permitted"),
        (REPORT | {"dateRange": "January"}, "body.dateRange: "),
        (REPORT | {"dateRange": {"from": "2026-01-01"}}, "body.dateRange.to: Field required"),
        (REPORT | {"dateRange": {"from": "2026-02-30", "to": "2026-03-01"}}, "body.dateRange.from: "),
        (
            REPORT | {"dateRange": {"from": "2026-02-01", "to": "2026-01-01"}},
            "body.dateRange: Value error, 'to' must not be before 'from', got 2026-02-01 to 2026-01-01",
        ),
        ([], "body: "),
        ("report", "body: "),
    ],
)
def test_an_order_that_is_wrong_names_the_field_and_nothing_is_enqueued(idle, body, field):
    answer = idle.send("POST", "/api/reports", json=body)
    assert answer.status_code == 422
    assert set(answer.json()) == {"error"}
    assert field in answer.json()["error"]
    assert sum(idle.queue.stats().values()) == 0


def test_an_order_that_is_no_json_is_refused(idle):
    answer = idle.send("POST", "/api/reports", content=b'{"format": ', headers={"Content-Type": "application/json"})
    assert (answer.status_code, set(answer.json())) == (422, {"error"})
    assert "JSON decode error" in answer.json()["error"]


def test_a_job_id_that_is_no_number_is_refused_by_name(idle):
    answer = idle.send("GET", "/api/jobs/first")
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("path.job_id: Input should be a valid integer")


def test_the_same_idempotency_key_gives_one_job(idle):
    answers = [idle.send("POST", "/api/reports", json=REPORT, headers={"Idempotency-Key": "k"}) for _ in range(3)]
    assert {answer.text for answer in answers} == {'{"jobId":1,"status":"queued","statusUrl":"/api/jobs/1"}'}
    assert idle.queue.stats()["pending"] == 1


def test_an_idempotency_key_for_another_order_is_refused(idle):
    idle.send("POST", "/api/reports", json=REPORT, headers={"Idempotency-Key": "k"})
    answer = idle.send("POST", "/api/reports", json=REPORT | {"format": "csv"}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 422
    assert answer.json() == {"error": "key 'k' belongs to job #1, a generate-report with other data"}
    assert idle.queue.stats()["pending"] == 1


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_an_idempotency_key_that_is_empty_or_too_long_is_refused_by_name(idle, key):
    answer = idle.send("POST", "/api/reports", json=REPORT, headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("header.idempotency-key: String should have at ")
    assert sum(idle.queue.stats().values()) == 0


def test_a_full_queue_answers_503_says_when_to_come_back_and_loses_nothing(idle):
    answers = [idle.send("POST", "/api/reports", json=REPORT) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 503, 503]
    assert answers[-1].json() == {"error": "queue 'reports' is full: 3 jobs are pending (max_pending)"}
    assert answers[-1].headers["Retry-After"] == "1"
    assert idle.queue.stats()["pending"] == 3


def test_the_worker_works_as_long_as_the_app_runs_and_finishes_its_job():
    service = Service()

    async def talk(client):
        for _ in range(3):
            await client.post("/api/reports", json=REPORT)
        await asyncio.sleep(0.035)

    service.run(talk)
    assert service.sim.time() == pytest.approx(0.060)
    assert service.queue.stats() == {"pending": 1, "processing": 0, "completed": 2, "failed": 0}


def test_the_worker_is_stopped_also_when_the_app_fails():
    service = Service()

    async def talk(client):
        raise RuntimeError("the app fell over")

    with pytest.raises(RuntimeError, match="the app fell over"):
        service.run(talk)
    service.queue.enqueue("generate-report", REPORT)
    service.sim.run(asyncio.sleep(10))
    assert service.queue.stats()["pending"] == 1


def test_without_a_worker_jobs_wait_for_one_elsewhere(idle):
    idle.run(lambda client: client.post("/api/reports", json=REPORT))
    idle.sim.run(Worker(idle.queue, HANDLERS).drain())
    assert idle.send("GET", "/api/jobs/1").json()["status"] == "completed"


def test_retry_after_must_be_a_whole_number_of_seconds():
    with pytest.raises(ValueError, match="retry_after must be 1 or more, got 0"):
        create_app(JobQueue(), retry_after=0)


def test_the_openapi_schema_has_every_answer(idle):
    paths = idle.app.openapi()["paths"]
    assert set(paths["/api/reports"]["post"]["responses"]) == {"202", "400", "413", "422", "503"}
    assert set(paths["/api/jobs/{job_id}"]["get"]["responses"]) == {"200", "404", "422", "503"}
    for path in paths.values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")


def test_over_a_real_socket_it_does_the_same_on_loopback_only_and_leaves_nothing_behind():
    async def main():
        queue = JobQueue("reports")
        before = asyncio.all_tasks()
        async with serve(create_app(queue, Worker(queue, HANDLERS))) as address:
            host, port = address.removeprefix("http://").split(":")
            async with httpx.AsyncClient(base_url=address) as client:
                answer = await client.post("/api/reports", json=REPORT)
                assert (answer.status_code, answer.json()["jobId"]) == (202, 1)
                await queue.join()
                state = await client.get(answer.headers["Location"])
                assert json.loads(state.text)["result"] == {"pages": 5, "format": "pdf"}
        assert asyncio.all_tasks() == before
        return host, int(port)

    host, port = asyncio.run(main())
    assert host == "127.0.0.1"
    with socket.socket() as probe:
        assert probe.connect_ex((host, port)) != 0


def test_a_real_server_is_stopped_also_on_failure():
    async def main():
        async with serve(create_app(JobQueue("reports"))) as address:
            ports.append(int(address.rsplit(":", 1)[1]))
            raise RuntimeError("the cell failed")

    ports = []
    with pytest.raises(RuntimeError, match="the cell failed"):
        asyncio.run(main())
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", ports[0])) != 0


@pytest.mark.parametrize(
    "day", [0, 1.5, None, True, "2026-1-1", "20260101", "2026-01-01T00:00", "٢٠٢٦-01-01", "2026-02-30"]
)
def test_a_date_is_a_text_of_year_month_and_day(idle, day):
    answer = idle.send("POST", "/api/reports", json={"format": "pdf", "dateRange": {"from": day, "to": "2026-12-31"}})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("body.dateRange.from: ")
    assert idle.queue.stats()["pending"] == 0


def test_a_body_that_is_no_json_is_refused(idle):
    for body, status in ((b"{", 422), (b'"\x90"', 400)):
        answer = idle.send("POST", "/api/reports", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == status
        assert answer.json()["error"]
    assert idle.queue.stats()["pending"] == 0
