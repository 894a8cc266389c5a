"""The engine's queue as a producer sees it: keys, bad arguments, dead letters, the API, several queues."""

import asyncio
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from jobqueue_lesson import History
from jobqueue_lesson.api import create_app, in_process
from jobqueue_lesson.engine import EngineQueue, EngineWorker
from jobqueue_lesson.job import IllegalMove, JobNotFound, KeyReused
from jobqueue_lesson.retries import RetryPolicy
from tests.support.engine import finished, processing
from tests.support.engine_attempts import Attempts
from tests.support.waiting import DEADLINE

ROUNDS = 100
"""How often six producers use the same new key. `make torture` takes 500."""


# --- idempotency keys ---


def test_six_producers_with_one_key_make_one_job(url, queue):
    producers = 6
    together = threading.Barrier(producers, timeout=DEADLINE)

    def produce():
        mine = EngineQueue(url, queue.name)
        ids = []
        for number in range(ROUNDS):
            together.wait()
            ids.append(mine.enqueue("a", {"round": number}, key=f"round {number}").id)
        mine.close()
        return ids

    with ThreadPoolExecutor(producers) as pool:
        made = [job.result() for job in [pool.submit(produce) for _ in range(producers)]]
    assert all(len(set(ids)) == 1 for ids in zip(*made, strict=True))
    assert queue.stats()["pending"] == ROUNDS == len(set(made[0]))
    assert len(queue.events()) == ROUNDS


def test_of_six_producers_with_one_key_and_other_data_one_wins(url, queue):
    together = threading.Barrier(6, timeout=DEADLINE)

    def produce(number):
        mine = EngineQueue(url, queue.name)
        together.wait()
        try:
            return mine.enqueue("a", number, key="k").data
        except KeyReused:
            return None
        finally:
            mine.close()

    with ThreadPoolExecutor(6) as pool:
        won = [data for data in pool.map(produce, range(6)) if data is not None]
    (job,) = [queue.get(event.job_id) for event in queue.events()]
    assert won == [job.data]


def test_a_key_outlives_its_job(team):
    first = team.enqueue("echo", "alice", key="welcome")
    finished(team, first)
    again = team.enqueue("echo", "alice", key="welcome")
    assert (again.id, again.status, again.result) == (first.id, "completed", "alice")
    with pytest.raises(KeyReused, match=f"key 'welcome' belongs to job #{first.id}, a echo with other data"):
        team.enqueue("echo", "bob", key="welcome")
    with pytest.raises(KeyReused):
        team.enqueue("send-email", "alice", key="welcome")
    assert len(team.events()) == 3


def test_a_key_may_be_long_and_have_any_character(queue):
    keys = ["k" * 255, "\U0001f600" * 255, "'; DROP TABLE jobqueue_jobs; --", "a b", " a b", "%s"]
    ids = [queue.enqueue("a", key=key).id for key in keys]
    assert [queue.enqueue("a", key=key).id for key in keys] == ids
    assert [queue.get(id).key for id in ids] == keys


# --- bad arguments ---


SURROGATE = "\ud800"
BAD = [
    ("type", {"type": ""}), ("type", {"type": 5}), ("type", {"type": "a\0"}), ("type", {"type": "x" * 129}),
    ("type", {"type": SURROGATE}),
    ("priority", {"priority": 2**31}), ("priority", {"priority": -(2**31)}), ("priority", {"priority": 2**70}),
    ("priority", {"priority": 1.5}), ("priority", {"priority": True}),
    ("delay", {"delay": -1}), ("delay", {"delay": float("nan")}), ("delay", {"delay": float("inf")}),
    ("delay", {"delay": 1e12}), ("delay", {"delay": "1"}),
    ("max_attempts", {"max_attempts": 0}), ("max_attempts", {"max_attempts": 2**31}),
    ("max_attempts", {"max_attempts": 2.0}),
    ("key", {"key": ""}), ("key", {"key": 7}), ("key", {"key": "a\0b"}), ("key", {"key": SURROGATE}),
    ("key", {"key": "".join(map(chr, range(1, 4000)))}),
    ("data", {"data": {1, 2}}), ("data", {"data": float("nan")}), ("data", {"data": object()}),
    ("data", {"data": {1: 2}}), ("data", {"data": (1, 2)}), ("data", {"data": 10**5000}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given"), BAD)
def test_an_invalid_argument_is_rejected_by_name(queue, name, given):
    with pytest.raises((TypeError, ValueError), match=rf"^{name}\b"):
        queue.enqueue(**{"type": "a", "data": None} | given)
    assert queue.stats()["pending"] == 0


def test_the_limits_are_written_as_whole_numbers(queue):
    with pytest.raises(ValueError, match="priority must be from -2147483647 to 2147483647 on this engine, got"):
        queue.enqueue("a", priority=2**31)


@pytest.mark.parametrize("id", ["1", 1.0, None, True])
@pytest.mark.parametrize("call", ["get", "revive", "discard"])
def test_an_id_of_the_wrong_type_is_rejected_by_name(queue, call, id):
    with pytest.raises(TypeError, match="job_id"):
        getattr(queue, call)(id)


@pytest.mark.parametrize("id", [0, -1, 2**63 - 1, 2**63, -(2**63), 2**200])
def test_an_id_of_no_job_is_unknown_however_large(queue, id):
    assert queue.get(id) is None
    for call in (queue.revive, queue.discard):
        with pytest.raises(JobNotFound, match=str(id)):
            call(id)


@pytest.mark.parametrize(
    ("name", "given"),
    [("limit", {"limit": 0}), ("limit", {"limit": 1.5}), ("after", {"after": -1}), ("after", {"after": "1"}),
     ("type", {"type": 5}), ("type", {"type": "a\0"}), ("type", {"type": SURROGATE})],
)  # fmt: skip
def test_an_invalid_page_of_dead_letters_is_rejected_by_name(queue, name, given):
    with pytest.raises((TypeError, ValueError), match=rf"^{name}\b"):
        queue.dead(**given)


def test_a_page_of_dead_letters_may_start_after_the_largest_id(queue):
    assert queue.dead(after=2**63 - 1, limit=2**63 - 1) == []


@pytest.mark.parametrize("name", ["", "x" * 41, "é" * 21, "a\0", SURROGATE, 5, None])
def test_an_invalid_name_of_a_queue_is_rejected(url, name):
    with pytest.raises((TypeError, ValueError), match=r"^name\b"):
        EngineQueue(url, name)


@pytest.mark.parametrize("name", ['a"b', "a'b", "a b", "%s", "é" * 20, 'jobs"; DROP TABLE jobqueue_jobs; --', "x" * 40])
def test_a_queue_may_have_any_other_name(url, name):
    queue = EngineQueue(url, name)
    events = []
    queue.subscribe(events.append)
    job = queue.enqueue("a")
    assert Attempts(queue).dequeue().id == job.id
    assert [event.move for event in events] == ["enqueue", "dequeue"]
    queue.close(forget=True)


@pytest.mark.parametrize(
    "retry",
    [
        5,
        "none",
        RetryPolicy(retry_on=(OSError,)),
        RetryPolicy(base=1e300, cap=1e300),
        RetryPolicy(cap=1e12),
        RetryPolicy(rng=random.Random(1)),
    ],
)
def test_a_retry_policy_that_the_workers_cannot_follow_is_rejected(url, retry):
    with pytest.raises((TypeError, ValueError), match="retry"):
        EngineQueue(url, retry=retry)


@pytest.mark.parametrize(
    ("name", "given"),
    [("lease", {"lease": 0}), ("lease", {"lease": "1"}), ("lease", {"lease": 1e300}),
     ("name", {"name": ""}), ("name", {"name": 5}), ("name", {"name": "a\0"}), ("name", {"name": "x" * 101}),
     ("name", {"name": SURROGATE})],
)  # fmt: skip
def test_an_invalid_argument_of_a_worker_is_rejected_by_name(queue, handlers, name, given):
    with pytest.raises((TypeError, ValueError), match=rf"^{name}\b"):
        EngineWorker(queue, handlers, **given)


def test_a_worker_without_a_file_of_handlers_is_rejected(queue, tmp_path):
    with pytest.raises(FileNotFoundError, match="no file with handlers at"):
        EngineWorker(queue, tmp_path / "nowhere.py")


def test_a_listener_that_cannot_be_called_is_rejected(queue):
    with pytest.raises(TypeError, match="listener"):
        queue.subscribe("print")


# --- dead letters and the API ---


def test_retries_and_dead_letters(team):
    broken = team.enqueue("fails", "broken", max_attempts=2)
    never = team.enqueue("never", max_attempts=5)
    finished(team, broken, never)
    assert [(job.id, job.attempts, job.error) for job in team.dead()] == [
        (broken.id, 2, "ValueError: broken"),
        (never.id, 1, "DoNotRetry: not a valid address"),
    ]
    assert [str(error) for error in team.get(broken.id).errors] == ["ValueError: broken"] * 2
    team.revive(broken.id)  # a worker may have claimed it before this returns
    (again,) = finished(team, broken)
    assert (again.status, again.attempts, len(again.errors)) == ("failed", 4, 4)
    assert [(error.attempt, error.retry_in) for error in again.errors] == [(1, 0.01), (2, None), (3, 0.01), (4, None)]
    team.discard(never.id)
    assert team.get(never.id) is None
    assert [job.id for job in team.dead()] == [broken.id]
    with pytest.raises(JobNotFound):
        team.revive(never.id)
    done = team.enqueue("echo")
    finished(team, done)
    with pytest.raises(IllegalMove, match=f"cannot discard job #{done.id}: it is completed"):
        team.discard(done.id)


def test_the_api_serves_the_engines_queue(team):
    report = {"format": "pdf", "dateRange": {"from": "2026-01-01", "to": "2026-01-31"}}

    async def talk():
        async with in_process(create_app(team, admin_token="s3cret")) as client:
            answer = await client.post("/api/reports", json=report, headers={"Idempotency-Key": "january"})
            assert answer.status_code == 202
            again = await client.post("/api/reports", json=report, headers={"Idempotency-Key": "january"})
            stream = await client.get(answer.headers["Location"] + "/events")
            letters = await client.get("/api/admin/dead-letters", headers={"Authorization": "Bearer s3cret"})
            return answer, again, stream, letters, await client.get("/api/jobs/9223372036854775807")

    answer, again, stream, letters, unknown = asyncio.run(asyncio.wait_for(talk(), DEADLINE))
    id = answer.json()["jobId"]
    assert answer.json() == again.json() == {"jobId": id, "status": "queued", "statusUrl": f"/api/jobs/{id}"}
    assert '"status":"completed","result":{"pages":5,"format":"pdf"}' in stream.text
    assert letters.json() == {"deadLetters": [], "next": None}
    assert unknown.status_code == httpx.codes.NOT_FOUND


# --- several queues, and a queue that is deleted ---


def test_two_queues_of_one_database_do_not_see_each_other(url, queue):
    other = EngineQueue(url, "other")
    received = []
    queue.subscribe(received.append)
    theirs = other.enqueue("a", key="k")
    mine = queue.enqueue("a", key="k", max_attempts=1)
    attempts = Attempts(queue)
    assert attempts.dequeue().id == mine.id
    assert attempts.dequeue() is None
    attempts.fail(mine.id, "broken")
    assert mine.id != theirs.id
    assert queue.get(theirs.id) is None
    assert other.get(mine.id) is None
    assert (other.get(theirs.id).status, other.stats()["pending"], other.dead()) == ("pending", 1, [])
    assert {event.job_id for event in [*queue.events(), *received]} == {mine.id}
    assert {event.job_id for event in other.events()} == {theirs.id}
    for call in (other.revive, other.discard):
        with pytest.raises(JobNotFound):
            call(mine.id)
    other.close(forget=True)


def test_nothing_is_left_of_a_queue_that_is_closed_with_forget(url, handlers):
    kept, gone = EngineQueue(url, "kept"), EngineQueue(url, "gone")
    for queue in (kept, gone):
        discarded = queue.enqueue("fails", max_attempts=1)
        attempts = Attempts(queue)
        attempts.register()
        attempts.dequeue()
        attempts.fail(discarded.id, "broken")
        queue.discard(discarded.id)
        queue.enqueue("echo", {"to": "alice"}, key="k", priority=-1)
        attempts.dequeue()
    with EngineWorker(gone, handlers, name="killed", lease=1000) as worker:
        processing(gone, gone.enqueue("hangs-once"))
        worker.kill()
    before = left_of(kept)
    assert all(before.values())
    gone.close(forget=True)
    assert left_of(kept) == before
    everything = left_of(kept, every="OR true")
    kept.close(forget=True)
    assert not any(left_of(kept).values())
    after = left_of(kept, every="OR true")
    assert {table: everything[table] - before[table] for table in before} == after  # none of them was of "gone"
    kept.close()


def left_of(queue, every=""):
    """Count the rows of a queue, or of all, in every table."""
    jobs = f"SELECT id FROM procrastinate_jobs WHERE queue_name = %(queue)s {every}"
    workers = f"SELECT worker_id FROM jobqueue_workers WHERE queue = %(queue)s {every}"
    where = {
        "procrastinate_jobs": f"queue_name = %(queue)s {every}",
        "procrastinate_events": f"job_id IN ({jobs})",
        "jobqueue_jobs": f"queue = %(queue)s {every}",
        "jobqueue_attempts": f"job_id IN ({jobs}) {every}",
        "jobqueue_workers": f"queue = %(queue)s {every}",
        "procrastinate_workers": f"id IN ({workers}) {every}",
        "jobqueue_discarded": f"queue = %(queue)s {every}",
    }
    with psycopg.connect(queue.url) as connection:
        return {
            table: connection.execute(f"SELECT count(*) FROM {table} WHERE {which}", {"queue": queue.name}).fetchone()[
                0
            ]
            for table, which in where.items()
        }


# --- lines ---


def test_what_the_server_cannot_tell_apart_has_no_line(url, queue):
    other, history = EngineQueue(url, queue.name), History(queue, lines=True)
    worker = Attempts(queue)
    theirs = other.enqueue("a", max_attempts=1)
    worker.dequeue()
    worker.fail(theirs.id, "broken")
    other.revive(theirs.id)
    worker.dequeue()
    worker.fail(theirs.id, "broken")
    queue.revive(theirs.id)
    other.close()
    worker.dequeue()
    worker.fail(theirs.id, "broken")
    mine = queue.enqueue("a", delay=60)
    queue.discard(theirs.id)
    moves = [(event.move, event.job_id) for event in history.events]
    assert moves.count(("revive", theirs.id)) == 2
    known = {move: line.text for move, line in zip(moves, history.lines, strict=True) if line is not None}
    assert known == {
        ("enqueue", mine.id): 'mine = queue.enqueue("a", delay=60)',
        ("discard", theirs.id): "queue.discard(theirs.id)",
    }


def test_a_job_whose_transaction_was_undone_leaves_its_line_to_nobody(url, queue):
    other, history = EngineQueue(url, queue.name), History(queue, lines=True)
    with pytest.raises(LookupError), queue.memory("of a scheduler"):
        queue.enqueue("undone")
        raise LookupError
    other.enqueue("theirs")
    queue.enqueue("mine")
    other.close()
    assert [event.type for event in history.events] == ["theirs", "mine"]
    assert [line and line.text for line in history.lines] == [None, 'queue.enqueue("mine")']
