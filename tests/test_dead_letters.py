import asyncio

import pytest

from jobqueue_lesson import JobQueue, Simulation, Worker
from jobqueue_lesson.api import create_app, in_process
from jobqueue_lesson.dead_letters import revive_all

TOKEN = "s3cret"
ADMIN = {"Authorization": f"Bearer {TOKEN}"}
HOME = "/api/admin/dead-letters"


class Morgue:
    """A service in simulated time with dead letters in its queue: two e-mails and three reports."""

    def __init__(self, token=TOKEN):
        self.sim = Simulation()
        self.queue = JobQueue("tasks", clock=self.sim.time)
        self.broken = True
        for type in ("send-email", "generate-report", "send-email", "generate-report", "generate-report"):
            self.queue.enqueue(type, {"n": 1}, max_attempts=2)
        self.worker = Worker(self.queue, {"send-email": self.handle, "generate-report": self.handle})
        self.sim.run(self.worker.drain())
        self.app = create_app(self.queue, admin_token=token)

    async def handle(self, data):
        if self.broken:
            raise ConnectionError("the service is away")
        return "done"

    def send(self, method, url=HOME, headers=ADMIN):
        async def main():
            async with in_process(self.app) as client:
                return await client.request(method, url, headers=headers)

        return self.sim.run(main())

    def ids(self, url=HOME):
        return [letter["id"] for letter in self.send("GET", url).json()["deadLetters"]]


@pytest.fixture
def morgue():
    return Morgue()


def test_dead_letters_are_listed_with_every_attempts_error_and_time(morgue):
    answer = morgue.send("GET")
    assert answer.status_code == 200
    assert answer.json()["next"] is None
    assert answer.json()["deadLetters"][0] == {
        "id": 1,
        "type": "send-email",
        "data": {"n": 1},
        "errors": [
            {"attempt": 1, "error": "ConnectionError: the service is away", "at": 0.0},
            {"attempt": 2, "error": "ConnectionError: the service is away", "at": 2.0},
        ],
    }


def test_they_come_in_pages_and_by_type(morgue):
    page = morgue.send("GET", f"{HOME}?limit=2").json()
    seen = [letter["id"] for letter in page["deadLetters"]]
    while page["next"]:
        page = morgue.send("GET", page["next"]).json()
        seen += [letter["id"] for letter in page["deadLetters"]]
    assert seen == [1, 2, 3, 4, 5]
    assert morgue.ids(f"{HOME}?type=send-email") == [1, 3]
    page = morgue.send("GET", f"{HOME}?type=generate-report&limit=1").json()
    assert morgue.ids(page["next"]) == [4]


def test_one_is_shown(morgue):
    assert morgue.send("GET", f"{HOME}/2").json()["type"] == "generate-report"


def test_one_is_revived_and_done_and_its_history_is_kept(morgue):
    answer = morgue.send("POST", f"{HOME}/1/revive")
    assert (answer.status_code, answer.json()) == (200, {"revived": 1})
    assert (morgue.queue.get(1).attempts, morgue.queue.get(1).attempts_left) == (2, 2)
    morgue.broken = False
    morgue.sim.run(morgue.worker.drain())
    job = morgue.queue.get(1)
    assert (job.status, job.attempts, len(job.errors)) == ("completed", 3, 2)


def test_all_of_a_type_are_revived(morgue):
    assert morgue.send("POST", f"{HOME}/revive?type=generate-report").json() == {"revived": 3}
    assert morgue.ids() == [1, 3]
    assert morgue.send("POST", f"{HOME}/revive?type=nothing-like-that").json() == {"revived": 0}
    assert morgue.send("POST", f"{HOME}/revive").json() == {"revived": 2}
    assert morgue.ids() == []


def test_more_than_a_page_is_revived(morgue):
    for _ in range(250):
        morgue.queue.enqueue("send-email", max_attempts=1)
    morgue.sim.run(morgue.worker.drain())
    assert revive_all(morgue.queue) == 255
    assert morgue.queue.stats()["pending"] == 255


def test_one_is_discarded(morgue):
    answer = morgue.send("DELETE", f"{HOME}/3")
    assert (answer.status_code, answer.text) == (204, "")
    assert morgue.ids() == [1, 2, 4, 5]
    assert morgue.send("GET", "/api/jobs/3").status_code == 404


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/revive"), ("DELETE", "")])
def test_what_is_gone_is_404_and_what_is_alive_is_409(morgue, method, path):
    answer = morgue.send(method, f"{HOME}/77{path}")
    assert (answer.status_code, answer.json()) == (404, {"error": "Job not found"})
    morgue.send("POST", f"{HOME}/1/revive")
    answer = morgue.send(method, f"{HOME}/1{path}")
    assert answer.status_code == 409
    assert "job #1" in answer.json()["error"]
    assert "it is pending" in answer.json()["error"]
    morgue.send("DELETE", f"{HOME}/2")
    assert morgue.send(method, f"{HOME}/2{path}").status_code == 404


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=1001", "after=-1", "type="])
def test_a_page_that_makes_no_sense_is_422_by_name(morgue, query):
    answer = morgue.send("GET", f"{HOME}?{query}")
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(f"query.{query.split('=')[0]}: ")


WRONG = [{}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer s3cre"}]
WRONG += [{"Authorization": "Bearer s3cretx"}, {"Authorization": "Basic s3cret"}, {"Authorization": "s3cret"}]
WRONG += [
    {"Authorization": "Bearer S3CRET"},
    {"Authorization": "Bearer  s3cret"},
    {"Authorization": b"Bearer \xff\xe9"},
]
ASKED = [("GET", HOME), ("GET", f"{HOME}/77"), ("GET", f"{HOME}?limit=x"), ("POST", f"{HOME}/1/revive")]
ASKED += [("POST", f"{HOME}/revive"), ("DELETE", f"{HOME}/1"), ("DELETE", f"{HOME}/77")]


@pytest.mark.parametrize("headers", WRONG)
def test_without_the_token_everything_is_the_same_401(morgue, headers):
    before = morgue.queue.stats()
    answers = {
        (a.status_code, a.text, a.headers["WWW-Authenticate"]) for a in (morgue.send(*ask, headers) for ask in ASKED)
    }
    assert answers == {(401, '{"error":"Unauthorized"}', "Bearer")}
    assert morgue.queue.stats() == before
    assert len(morgue.queue.dead()) == 5


def test_the_schemes_name_may_be_written_in_any_case(morgue):
    assert morgue.send("GET", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200


def test_without_a_token_configured_there_is_nothing_there():
    morgue = Morgue(token=None)
    assert {morgue.send(*ask).status_code for ask in ASKED} == {404}
    assert "admin" not in str(morgue.app.openapi())


@pytest.mark.parametrize("token", ["", " ", "two words", "é", "tab\t"])
def test_a_token_that_cannot_be_sent_is_refused_by_name(token):
    with pytest.raises(ValueError, match="admin_token must be one or more visible ASCII characters"):
        create_app(JobQueue(), admin_token=token)


def test_a_token_that_is_no_text_is_refused_without_telling_it():
    with pytest.raises(TypeError, match="admin_token must be a string, got int"):
        create_app(JobQueue(), admin_token=1234)


def test_a_poison_message_does_not_come_back_for_ever(morgue):
    """Without a limit it is tried without end; with one it becomes a dead letter, and others get their turn."""
    done = []

    async def handler(data):
        await asyncio.sleep(1)
        if data == "poison":
            raise ValueError("cannot be parsed")
        done.append(morgue.sim.time())

    queue = JobQueue(clock=morgue.sim.time)
    queue.enqueue("a", "poison", max_attempts=3)
    queue.enqueue("a", "good")
    morgue.sim.run(Worker(queue, {"a": handler}).drain())
    assert [job.id for job in queue.dead()] == [1]
    assert len(done) == 1
