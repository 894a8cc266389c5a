"""Odd requests get a 4xx that says why: numbers, texts and structures beyond all bounds, and bodies without end."""

import asyncio
import json
import socket
import sys

import httpx
import pytest

from jobqueue_lesson import JobQueue, Simulation
from jobqueue_lesson.api import create_app, in_process, serve
from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.job import AttemptError
from tests.support.conversations import REPORT

ORDER = json.dumps(REPORT).encode()
ADMIN = {"Authorization": "Bearer s3cret"}
HOME = "/api/admin/dead-letters"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(params=["memory", "sqlite"])
def send(request, tmp_path):
    """Send a request to a service with one pending job, and one dead letter."""
    sim = Simulation()
    if request.param == "memory":
        queue = JobQueue("reports", clock=sim.time)
    else:
        queue = SQLiteQueue(tmp_path / "tasks.db", clock=sim.time, poll=None)
    queue.enqueue("generate-report", REPORT, max_attempts=1)
    queue.fail(queue.dequeue().id, "broken")
    queue.enqueue("generate-report", REPORT)
    app = create_app(queue, admin_token="s3cret")

    def send(method, url, **options):
        async def main():
            async with in_process(app) as client:
                return await client.request(method, url, headers=ADMIN | JSON | options.pop("headers", {}), **options)

        return sim.run(main())

    before = queue.stats()
    yield send
    assert queue.stats() == before
    if request.param == "sqlite":
        queue.close()


def refused(answer, *statuses):
    assert answer.status_code in statuses, (answer.status_code, answer.text[:200])
    assert set(answer.json()) == {"error"}
    assert len(answer.content) < 2000
    return True


BEYOND = [str(2**63), str(2**64), "9" * 300, "9" * 4300, "9" * 4301, "9" * 20_000]


@pytest.mark.parametrize("number", BEYOND, ids=lambda number: f"{len(number)} digits")
def test_an_id_beyond_64_bits_is_one_that_no_job_has(send, number):
    for sign in ("", "-"):
        for method, url in (
            ("GET", f"/api/jobs/{sign}{number}"),
            ("GET", f"/api/jobs/{sign}{number}/events"),
            ("GET", f"{HOME}/{sign}{number}"),
            ("POST", f"{HOME}/{sign}{number}/revive"),
            ("DELETE", f"{HOME}/{sign}{number}"),
        ):
            assert refused(send(method, url), 404, 422), (method, url)
        assert refused(send("GET", f"{HOME}?after={sign}{number}"), 422)
        assert refused(send("GET", f"{HOME}?limit={sign}{number}"), 422)


def test_the_largest_id_is_looked_for(send):
    assert refused(send("GET", f"/api/jobs/{2**63 - 1}"), 404)
    assert send("GET", f"{HOME}?after={2**63 - 1}").json() == {"deadLetters": [], "next": None}


def nested(depth, start, end):
    return b'{"format":"pdf","dateRange":{"from":' + start * depth + b"1" + end * depth + b"}}"


@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}")], ids=["arrays", "objects"])
def test_a_structure_that_is_too_deep_is_refused(send, start, end):
    for depth in (*range(900, 1000, 3), 966, 5000):  # 966: read without an error, and too deep to be shown
        assert refused(send("POST", "/api/reports", content=nested(depth, start, end)), 400, 422), depth


@pytest.mark.parametrize(
    "body",
    [
        rb'{"\ud800":1}',
        rb'{"format":"\ud800","dateRange":{}}',
        rb'{"format":"pdf","dateRange":{"from":"\ud800","to":"\udfff"}}',
        rb'{"format":"pdf","dateRange":{"from":{"a":"\ud800"},"to":["\ud800"]}}',
        b'{"format":"\xed\xa0\x80"}',
        b"9" * 5000,
        b'{"format":"pdf","dateRange":{"from":' + b"9" * 4000 + b',"to":1e999}}',
        b"NaN",
    ],
)
def test_half_a_surrogate_pair_and_endless_numbers_in_a_body_are_refused(send, body):
    assert refused(send("POST", "/api/reports", content=body), 400, 422)


@pytest.mark.parametrize("text", ["%ED%A0%80", "%FF", "%F4%90%80%80"])
def test_what_is_no_text_in_a_query_is_the_name_of_no_type(send, text):
    assert send("GET", f"{HOME}?type={text}").json()["deadLetters"] == []
    assert send("POST", f"{HOME}/revive?type={text}").json() == {"revived": 0}


def test_a_nul_in_a_text_is_refused_by_name(send):
    assert send("GET", f"{HOME}?type=a%00").json()["error"].startswith("query.type: ")
    assert refused(send("POST", f"{HOME}/revive?type=%00"), 422)
    assert refused(send("POST", "/api/reports", json=REPORT, headers={"Idempotency-Key": "a\0"}), 422)


@pytest.mark.parametrize("value", [b"\xed\xa0\x80", b"\xff"])
def test_headers_that_are_no_text_are_just_other_values(send, value):
    assert send("GET", "/api/jobs/1/events", headers={"Last-Event-ID": value}).status_code == 200
    assert refused(send("GET", HOME, headers={"Authorization": b"Bearer " + value}), 401)


def test_ten_faults_are_named_and_the_others_counted(send):
    answer = send("POST", "/api/reports", json=REPORT | {f"field {n}": n for n in range(1000)})
    assert refused(answer, 422)
    assert answer.json()["error"].count(": Extra inputs are not permitted; ") == 10
    assert answer.json()["error"].endswith("; and 990 more")


# --- what a queue has kept ---

DEEP = [1]
for _ in range(400):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("Zoë \ud800", "Zoë \\ud800"),
        ({"name": "\ud800"}, "{'name': '\\ud800'}"),
        (ValueError("no"), "ValueError('no')"),
        (DEEP, "[[[[[[[...]]]]]]]"),
        ("x" * 1000, "x" * 1000),
        ({"pages": [1, "Zoë"]}, {"pages": [1, "Zoë"]}),
    ],
    ids=["text", "text inside", "object", "deep", "long", "usual"],
)
def test_a_job_is_shown_whatever_its_queue_has_kept(kept, shown):
    """Ours refuse some of it. Others may not."""
    sim = Simulation()
    queue = JobQueue("reports", clock=sim.time)
    for _ in range(2):
        queue.enqueue("a", max_attempts=1)
        queue.dequeue()
    queue.progress(1, 0.5)
    done, failed = queue.complete(1), queue.fail(2, "broken")
    done.result, done.note = kept, "note \ud800"
    failed.type, failed.data, failed.errors = "type \ud800", kept, (AttemptError(1, "", "error \ud800", 0.0, None),)

    async def main():
        async with in_process(create_app(queue, admin_token="s3cret")) as client:
            urls = ("/api/jobs/1", "/api/jobs/1/events", "/api/jobs/2", "/api/jobs/2/events", HOME, f"{HOME}/2")
            return [await client.get(url, headers=ADMIN) for url in urls]

    answers = sim.run(main())
    assert [answer.status_code for answer in answers] == [200] * 6
    first, _, second, _, letters, letter = answers
    assert (first.json()["result"], first.json()["note"]) == (shown, "note \\ud800")
    assert second.json()["error"] == "error \\ud800"
    assert (letter.json()["type"], letter.json()["data"]) == ("type \\ud800", shown)
    assert letters.json()["deadLetters"] == [letter.json()]


# --- bodies without end ---


def limited(max_body):
    queue = JobQueue("reports")
    return queue, create_app(queue, max_body=max_body, admin_token="s3cret")


async def in_chunks(body, size=10):
    for start in range(0, len(body), size):
        yield body[start : start + size]


@pytest.mark.parametrize("chunks", [False, True], ids=["with its length", "in chunks"])
@pytest.mark.parametrize("extra", [0, 1], ids=["as long as allowed", "a byte longer"])
def test_a_body_may_be_as_long_as_the_limit_and_not_a_byte_longer(chunks, extra):
    queue, app = limited(max_body=200)
    body = ORDER.ljust(200 + extra)

    async def main():
        async with in_process(app) as client:
            content = in_chunks(body) if chunks else body
            return await client.post("/api/reports", content=content, headers=JSON)

    answer = asyncio.run(main())
    if extra:
        assert (answer.status_code, answer.json()) == (413, {"error": "the body is longer than 200 bytes"})
        assert answer.headers["Connection"] == "close"
    else:
        assert answer.status_code == 202
    assert queue.stats()["pending"] == 1 - extra


@pytest.mark.parametrize("chunks", [False, True], ids=["with its length", "in chunks"])
def test_over_a_real_socket_a_client_that_sends_too_much_can_read_its_answer(chunks):
    """It reads when it has sent all. The answer must be there then, and the connection not yet gone."""
    body = b"x" * 4_000_000

    async def main():
        _, app = limited(max_body=1000)
        async with serve(app) as address, httpx.AsyncClient(base_url=address) as client:
            content = in_chunks(body, 100_000) if chunks else body
            refusal = await client.post("/api/reports", content=content, headers=JSON)
            return refusal, await client.post("/api/reports", json=REPORT)

    refusal, accepted = asyncio.run(main())
    assert (refusal.status_code, refusal.json()) == (413, {"error": "the body is longer than 1000 bytes"})
    assert accepted.status_code == 202


def test_a_client_that_sends_too_much_and_then_nothing_is_answered_too():
    sim = Simulation()

    async def stuck():
        yield ORDER * 10
        await asyncio.sleep(3600)

    async def main():
        async with in_process(create_app(JobQueue(clock=sim.time), max_body=100)) as client:
            return (await client.post("/api/reports", content=stuck(), headers=JSON)).status_code, sim.time()

    assert sim.run(main()) == (413, 2.0)


def call(app, path, receive, method="POST", headers=()):
    """Call an app as a server does; return the coroutine, and the messages that it will have sent."""
    scope = {"type": "http", "http_version": "1.1", "method": method, "path": path, "query_string": b""}
    sent = []

    async def send(message):
        sent.append(message)

    return app(scope | {"headers": list(headers)}, receive, send), sent


def test_a_stream_whose_client_sends_without_end_ends():
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    queue.enqueue("a")

    async def receive():
        await asyncio.sleep(1)
        return {"type": "http.request", "body": b"x" * 50, "more_body": True}

    running, sent = call(create_app(queue, max_body=100), "/api/jobs/1/events", receive, "GET")
    sim.run(running)
    assert sent[0]["status"] == 200
    assert sim.time() == 3.0
    assert queue._listeners == []


@pytest.mark.parametrize("length", [b"", b"x", b"-5", b"5", b"9" * 5000, "٣".encode(), b"1_000_000"])
def test_a_length_that_lies_changes_nothing(length):
    """A server would refuse most of these. The limit does not count on it."""
    _, app = limited(max_body=200)
    asked = []

    async def receive():
        asked.append(100_000)
        return {"type": "http.request", "body": b" " * 100_000, "more_body": True}

    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    running, sent = call(app, "/api/reports", receive, headers=headers)
    asyncio.run(running)
    assert [message.get("status") for message in sent] == [413, None]
    assert sum(asked) < 17 * 1024 * 1024


@pytest.mark.parametrize("bad", [0, -1, 1.5, "1 MiB", True, None])
def test_the_limit_is_a_whole_number_of_bytes(bad):
    with pytest.raises((TypeError, ValueError), match="max_body must be "):
        create_app(JobQueue(), max_body=bad)


def peak():
    """Return the most memory that this process has ever had, in MB."""
    resource = pytest.importorskip("resource")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


PIECE = b"x" * 65_536


def flood(address, head, most):
    """Send a head, then pieces until the server has had enough; return how much that was, and the answer."""
    host, port = address.removeprefix("http://").split(":")
    sent, answer = 0, b""
    with socket.create_connection((host, int(port)), timeout=20) as client:
        try:
            client.sendall(head.encode() + b"\r\n\r\n")
            while sent < most:
                client.sendall(b"%x\r\n%b\r\n" % (len(PIECE), PIECE) if "chunked" in head else PIECE)
                sent += len(PIECE)
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            while piece := client.recv(65_536):
                answer += piece
        except ConnectionResetError:
            pass  # the answer came before
    return sent, answer


@pytest.mark.parametrize("length", ["Transfer-Encoding: chunked", "Content-Length: 300000000"])
def test_a_real_server_stops_reading_a_body_without_end_and_takes_no_memory_for_it(length):
    most = 300_000_000

    async def main():
        _, app = limited(max_body=1024 * 1024)
        head = f"POST /api/reports HTTP/1.1\r\nHost: app\r\nContent-Type: application/json\r\n{length}"
        async with serve(app) as address:
            before = peak()
            floods = [asyncio.to_thread(flood, address, head, most) for _ in range(2)]
            return await asyncio.gather(*floods), peak() - before

    outcomes, grown = asyncio.run(main())
    for sent, answer in outcomes:
        assert sent < 40_000_000  # what is thrown away, and what the system's buffers hold
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert answer.endswith(b'{"error":"the body is longer than 1048576 bytes"}')
    assert grown < 30
