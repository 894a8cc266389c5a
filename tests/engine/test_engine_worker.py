"""The engine's workers in processes of their own: which jobs they claim, and what their handlers do."""

from collections import Counter

import pytest

from jobqueue_lesson.engine import EngineQueue, EngineWorker
from tests.support.engine import finished, processing, unfinished
from tests.support.engine_attempts import Attempts

# --- handlers and their outcomes ---


def test_the_handlers_of_notebook_03_run_in_worker_processes(team):
    jobs = [
        team.enqueue("send-email", {"to": "alice@example.com"}),
        team.enqueue("resize-image", {"size": "medium"}),
        team.enqueue("generate-report", {"format": "pdf"}),
    ]
    assert [(job.status, job.attempts, job.max_attempts, job.priority) for job in jobs] == [("pending", 0, 3, 0)] * 3
    assert [job.result for job in finished(team, *jobs)] == [
        {"sent": True, "to": "alice@example.com"},
        {"resized": True, "size": "medium"},
        {"pages": 5, "format": "pdf"},
    ]
    assert {team.get(job.id).worker for job in jobs} <= {"ann", "ben"}


@pytest.mark.parametrize("code", ["SystemExit(3)", "KeyboardInterrupt", "asyncio.CancelledError", "GeneratorExit"])
def test_what_a_handler_raises_stays_inside_its_job(team, code):
    jobs = [team.enqueue("raises", f"raise {code}", max_attempts=2) for _ in range(3)]
    after = team.enqueue("echo", "still here", priority=-1)
    *failed, done = finished(team, *jobs, after)
    kind = code.partition("(")[0].rpartition(".")[2]
    for job in failed:
        assert (job.status, job.attempts, [error.type for error in job.errors]) == ("failed", 1, [kind])
    assert done.result == "still here"


def test_a_handler_that_cancels_itself_ends_its_job_only(team):
    jobs = [team.enqueue("raises", "asyncio.current_task().cancel()", max_attempts=1) for _ in range(3)]
    after = team.enqueue("echo", "still here", priority=-1)
    *cancelled, done = finished(team, *jobs, after)
    assert {job.attempts for job in cancelled} == {1}
    assert done.result == "still here"


def test_a_job_without_a_handler_fails_at_once(team):
    (job,) = finished(team, team.enqueue("make-coffee"))
    assert (job.status, job.attempts) == ("failed", 1)
    assert job.error.startswith("NoHandler: no handler for 'make-coffee'; this worker has: echo, ")


def test_a_handler_that_is_not_an_async_function_fails_its_job_at_once(team):
    (job,) = finished(team, team.enqueue("plain", {"n": 1}))
    assert (job.status, job.attempts) == ("failed", 1)
    assert job.error.endswith("'plain' must be an async function (async def), it returned {'n': 1}")


@pytest.mark.parametrize(
    "name", ["builtin:procrastinate.builtin.remove_old_jobs", "procrastinate.builtin_tasks.remove_old_jobs"]
)
def test_procrastinates_own_tasks_are_not_handlers(team, name):
    (job,) = finished(team, team.enqueue(name))
    assert job.error.startswith(f"NoHandler: no handler for {name!r}")


@pytest.mark.parametrize("code", ["object()", "float('nan')", "{1: 2}", "(1, 2)", "{1, 2}"])
def test_a_result_that_is_not_json_fails_the_job_with_the_reason(team, code):
    (job,) = finished(team, team.enqueue("evaluate", code, max_attempts=1))
    assert (job.status, job.result) == ("failed", None)
    assert "result must be JSON" in job.error


def test_a_result_that_the_database_rejects_fails_the_job_with_the_reason(team):
    """It rejects anything larger than a gigabyte. Here it has a lower limit."""
    team._database.change("ALTER TABLE jobqueue_jobs ADD CONSTRAINT small CHECK (length(result::text) < 100) NOT VALID")
    try:
        jobs = [team.enqueue("echo", "x" * 100, max_attempts=1) for _ in range(2)]
        after = team.enqueue("echo", "still here", priority=-1)
        *failed, done = finished(team, *jobs, after)
    finally:
        team._database.change("ALTER TABLE jobqueue_jobs DROP CONSTRAINT small")
    assert {(job.status, job.result) for job in failed} == {("failed", None)}
    assert all(job.error.startswith("CheckViolation: ") and '"small"' in job.error for job in failed)
    assert done.result == "still here"


def test_a_worker_has_no_time_limit_that_nobody_set(monkeypatch, url, handlers):
    """RQ stopped a handler after three minutes. An EngineWorker's command line has no such number."""
    seen = {}
    monkeypatch.setattr(
        "jobqueue_lesson.processes.Child.__init__", lambda self, *given, **named: seen.update(given=given, **named)
    )
    queue = EngineQueue(url, "team")
    EngineWorker(queue, handlers, name="ann", lease=2.5)
    assert seen["given"] == ("jobqueue_lesson.engine_worker", "team", str(handlers), "ann", "2.5")
    queue.close()


def test_progress_can_be_read_and_never_goes_back(team):
    job = team.enqueue("steps")
    seen = [0.0]
    while (now := team.get(job.id)).status != "completed":
        seen.append(now.progress or 0.0)
    assert seen == sorted(seen)
    assert (now.progress, now.note) == (1.0, "step 5")


def test_a_note_that_is_not_a_string_fails_the_attempt(team):
    code = "current_job().progress(0.5, 5)"
    (job,) = finished(team, team.enqueue("raises", code, max_attempts=1))
    assert job.error == "TypeError: note must be a string, got 5"


# --- which job a worker claims, and when ---


def test_claims_go_by_priority_and_then_by_id(queue):
    priorities = [-1, 1, 10, 0, -10, 2**31 - 1, -(2**31) + 1, 10]
    jobs = [queue.enqueue("a", priority=priority) for priority in priorities]
    attempts = Attempts(queue)
    claimed = [attempts.dequeue().id for _ in jobs]
    assert claimed == [job.id for job in sorted(jobs, key=lambda job: (-job.priority, job.id))]
    assert attempts.dequeue() is None


def test_two_workers_claim_the_highest_priority_first(team, tmp_path):
    gate, log = tmp_path / "gate", str(tmp_path / "log")
    holding = [team.enqueue("waits", {"gate": str(gate), "log": log}) for _ in range(2)]
    for job in holding:
        processing(team, job)
    jobs = [team.enqueue("echo", priority=priority) for priority in (-1, 1, 10, 0, -10, 2, 1000, -1000, 10, 1)]
    gate.touch()
    done = sorted(finished(team, *jobs), key=lambda job: job.started_at)
    for worker in ("ann", "ben"):  # each claims its next job when it has finished the last one
        took = [job.priority for job in done if job.worker == worker]
        assert took == sorted(took, reverse=True)


def test_a_claim_that_finds_no_job_says_when_the_next_one_is_due(queue):
    queue.enqueue("a", delay=0.75)
    queue.enqueue("a", delay=0.25)
    next_in = Attempts(queue).next_in()
    assert next_in is None or 0 < next_in <= 0.25


def test_100_delayed_jobs_run_once_each_and_never_early(team, tmp_path):
    log = tmp_path / "log"
    jobs = [team.enqueue("logged", str(log), delay=0.01 * number) for number in range(100)]
    done = finished(team, *jobs)
    assert all(job.started_at >= job.scheduled_for for job in done)
    assert Counter(line.split()[0] for line in log.read_text().splitlines()) == {str(job.id): 1 for job in jobs}
    assert {job.attempts for job in done} == {1}


@pytest.mark.parametrize("more", [0, 2])
def test_without_any_fault_each_job_runs_exactly_as_often_as_it_should(team, handlers, tmp_path, more):
    """With two workers, and with four."""
    log = tmp_path / "log"
    crew = [EngineWorker(team, handlers, name=f"more-{number}") for number in range(more)]
    try:
        once = [team.enqueue("logged", str(log), delay=0.01 * (number % 50)) for number in range(100)]
        thrice = [team.enqueue("fails-first", {"log": str(log), "attempts": 3}, max_attempts=3) for _ in range(25)]
        gave_up = [team.enqueue("fails-first", {"log": str(log), "attempts": 9}, max_attempts=2) for _ in range(25)]
        done = finished(team, *once, *thrice, *gave_up)
    finally:
        for worker in crew:
            worker.stop()
    expected = {job.id: 1 for job in once} | {job.id: 3 for job in thrice} | {job.id: 2 for job in gave_up}
    assert Counter(int(line.split()[0]) for line in log.read_text().splitlines()) == expected
    assert {job.id: job.attempts for job in done} == expected
    assert [job.status for job in done] == ["completed"] * 125 + ["failed"] * 25
    assert all(len(job.errors) == 2 for job in done[100:])
    started = [event for event in team.events() if event.move == "dequeue"]
    assert Counter(event.job_id for event in started) == expected


def test_a_job_deferred_with_procrastinates_own_tools_blocks_no_other(queue):
    """Nothing says what its attempts and data are."""
    ((foreign,),) = queue._database.change(
        "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES (%s, 'theirs') RETURNING id", (queue.name,)
    )
    mine = queue.enqueue("a")
    attempts = Attempts(queue)
    claimed = [attempts.dequeue(), attempts.dequeue()]
    assert mine.id in [claim.id for claim in claimed if claim]
    assert queue._database.read("SELECT status::text FROM procrastinate_jobs WHERE id = %s", (foreign,)) == [
        ("failed",)
    ]
    assert [event.job_id for event in queue.events()] == [mine.id, mine.id]


def test_a_worker_keeps_no_transaction_open_between_two_steps(team):
    """A worker that is frozen between them would keep its locks."""
    jobs = [team.enqueue("echo") for _ in range(150)]
    states = set()
    while unfinished(team):
        states |= {state for (state,) in team._database.read("SELECT state FROM pg_stat_activity")}
    finished(team, *jobs)
    assert states <= {"idle", "active", None}
