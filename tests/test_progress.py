"""What handlers say about how far they are, and who gets to hear of it."""

import asyncio
import json

import httpx
import pytest

from jobqueue_lesson import History, JobQueue, Simulation, Worker
from jobqueue_lesson.api import create_app, in_process, serve
from jobqueue_lesson.progress import ProgressError, current_job, follow
from jobqueue_lesson.show.progress import ProgressBars, plot_progress, text_progress
from tests.support.conversations import REPORT


def work(handler, jobs=1, **options):
    """Run a handler on some jobs; return the queue and its record."""
    sim = Simulation()
    queue = JobQueue("reports", clock=sim.time)
    history = History(queue)
    for _ in range(jobs):
        queue.enqueue("generate-report", **options)
    sim.run(Worker(queue, {"generate-report": handler}).drain())
    return queue, history


async def in_quarters(data):
    for quarter in (1, 2, 3):
        await asyncio.sleep(0.1)
        current_job().progress(quarter / 4, f"quarter {quarter}")
    await asyncio.sleep(0.1)
    return "done"


def test_what_a_handler_reports_is_shown_and_recorded():
    queue, history = work(in_quarters)
    reports = [(e.at, e.progress, e.note) for e in history.events if e.move == "progress"]
    assert reports == [(0.1, 0.25, "quarter 1"), (0.2, 0.5, "quarter 2"), (pytest.approx(0.3), 0.75, "quarter 3")]
    assert (queue.get(1).progress, queue.get(1).status) == (1.0, "completed")


def test_a_job_whose_handler_reports_nothing_has_no_progress():
    async def silent(data):
        await asyncio.sleep(0.1)

    queue, _ = work(silent)
    assert queue.get(1).progress is None


def test_reports_do_not_cut_an_attempt_into_pieces():
    _, history = work(in_quarters)
    (span,) = history.spans()
    assert (span.phase, span.start, span.end, span.outcome) == ("processing", 0, 0.4, "complete")


def test_progress_never_goes_back_across_a_retry():
    async def fails_once(data):
        for step in range(1, 11):
            await asyncio.sleep(0.1)
            if current_job().attempt == 1 and step == 6:
                raise ConnectionError("away")
            current_job().progress(step / 10)

    queue, history = work(fails_once)
    shown = [event.progress for event in history.events if event.progress is not None]
    assert shown == sorted(shown)
    assert shown.count(0.5) > 5
    assert queue.get(1).progress == 1.0


def failed_with(handler):
    queue, _ = work(handler, max_attempts=1)
    return queue.get(1)


def test_going_back_within_an_attempt_is_refused_and_what_was_shown_stays():
    async def backwards(data):
        current_job().progress(0.5)
        current_job().progress(0.3)

    job = failed_with(backwards)
    assert job.error == "ProgressError: progress of job #1 cannot go back from 0.5 to 0.3 within an attempt"
    assert job.progress == 0.5


@pytest.mark.parametrize(
    ("fraction", "message"),
    [
        (1.5, "ValueError: fraction must be from 0 to 1, such as 0.5 for half way, got 1.5"),
        (-0.1, "ValueError: fraction must be from 0 to 1, such as 0.5 for half way, got -0.1"),
        (float("nan"), "ValueError: fraction must be from 0 to 1, such as 0.5 for half way, got nan"),
        ("50 %", "TypeError: fraction must be a number from 0 to 1, got '50 %'"),
        (True, "TypeError: fraction must be a number from 0 to 1, got True"),
    ],
)
def test_a_fraction_that_is_none_is_named(fraction, message):
    async def handler(data):
        current_job().progress(fraction)

    assert failed_with(handler).error == message


def test_a_note_is_a_text():
    async def handler(data):
        current_job().progress(0.5, 7)

    assert failed_with(handler).error == "TypeError: note must be a string, got 7"


def test_outside_a_handler_there_is_no_current_job():
    with pytest.raises(RuntimeError, match="no worker is running this code"):
        current_job()


def test_every_handler_has_its_own_job_also_when_many_are_in_hand():
    seen = []

    async def handler(data):
        job = current_job()
        await asyncio.sleep(0.1)
        await asyncio.gather(report(job.id), asyncio.sleep(0.1))

    async def report(expected):
        seen.append((current_job().id, expected))

    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    for _ in range(5):
        queue.enqueue("a")
    sim.run(Worker(queue, {"a": handler}, concurrency=5).drain())
    assert seen == [(number, number) for number in range(1, 6)]


def test_a_task_that_outlives_its_attempt_can_report_no_more():
    left_over = []

    async def late():
        job = current_job()
        await asyncio.sleep(5)
        with pytest.raises(ProgressError, match="attempt 1 of job #1 has ended: it cannot report"):
            job.progress(0.9)
        left_over.append(True)

    async def handler(data):
        if current_job().attempt == 1:
            left_over.append(asyncio.create_task(late()))
            raise ConnectionError("away")
        await asyncio.sleep(10)

    queue, _ = work(handler)
    assert left_over[-1] is True
    assert queue.get(1).progress is None


def test_follow_gives_the_job_after_each_change_and_ends_with_it():
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    job = queue.enqueue("generate-report")
    worker = Worker(queue, {"generate-report": in_quarters})

    async def listen():
        asyncio.get_running_loop().call_later(1, lambda: sim.create_task(worker.run()))
        return [(job.status, job.progress) async for job in follow(queue, 1)]

    seen = sim.run(listen())
    assert seen == [
        ("pending", None),
        ("processing", None),
        ("processing", 0.25),
        ("processing", 0.5),
        ("processing", 0.75),
        ("completed", 1.0),
    ]
    assert queue._listeners == []
    assert sim.run(listen()) == [("completed", 1.0)]
    assert job.status == "completed"


def test_follow_of_an_unknown_or_forgotten_job_ends():
    sim = Simulation()
    queue = JobQueue(clock=sim.time, keep_finished=0)
    queue.enqueue("generate-report")
    sim.create_task(Worker(queue, {"generate-report": in_quarters}).run())

    async def listen(job_id):
        return [job.status async for job in follow(queue, job_id)]

    assert sim.run(listen(7)) == []
    assert sim.run(listen(1))[-1] == "processing"


# --- over HTTP ---


def service():
    sim = Simulation()
    queue = JobQueue("reports", clock=sim.time)
    return sim, queue, create_app(queue, Worker(queue, {"generate-report": in_quarters}))


def events_of(text):
    """Read server-sent events: return pairs of id and data."""
    fields = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.strip().split("\n\n")]
    return [(field["id"], json.loads(field["data"])) for field in fields]


def talk(conversation):
    sim, queue, app = service()

    async def main():
        async with in_process(app) as client:
            await client.post("/api/reports", json=REPORT)
            return await conversation(client)

    return sim.run(main()), queue


def test_a_status_request_returns_progress_once_there_is_any():
    async def ask(client):
        answers = []
        for wait in (0.05, 0.1, 0.3):
            await asyncio.sleep(wait)
            answers.append((await client.get("/api/jobs/1")).text)
        return answers

    answers, _ = talk(ask)
    assert answers == [
        '{"id":1,"status":"processing"}',
        '{"id":1,"status":"processing","progress":0.25,"note":"quarter 1"}',
        '{"id":1,"status":"completed","progress":1.0,"note":"quarter 3","result":"done"}',
    ]


def test_a_stream_says_every_change_and_ends_with_the_job():
    answer, queue = talk(lambda client: client.get("/api/jobs/1/events"))
    assert answer.headers["content-type"].startswith("text/event-stream")
    states = [state for _, state in events_of(answer.text)]
    assert [state.get("progress") for state in states] == [None, 0.25, 0.5, 0.75, 1.0]
    assert states[-1]["result"] == "done"
    assert queue._listeners == []


def test_who_comes_back_gets_only_what_is_new():
    async def come_back(client):
        first = events_of((await client.get("/api/jobs/1/events")).text)
        end = await client.get("/api/jobs/1/events", headers={"Last-Event-ID": first[-1][0]})
        middle = await client.get("/api/jobs/1/events", headers={"Last-Event-ID": first[2][0]})
        return first, end, events_of(middle.text)

    (first, end, middle), _ = talk(come_back)
    assert end.status_code == 204  # which tells an EventSource to stay away
    assert middle == first[-1:]


def test_who_has_seen_the_present_state_waits_for_the_next():
    async def come_back(client):
        await asyncio.sleep(0.15)
        reader = asyncio.create_task(client.get("/api/jobs/1/events"))
        await asyncio.sleep(0.3)
        seen = events_of((await reader).text)
        await client.post("/api/reports", json=REPORT)
        await asyncio.sleep(0.15)
        return seen

    seen, _ = talk(come_back)
    assert [state.get("progress") for _, state in seen] == [0.25, 0.5, 0.75, 1.0]


def test_a_stream_of_an_unknown_job_is_404():
    answer, _ = talk(lambda client: client.get("/api/jobs/7/events"))
    assert (answer.status_code, answer.json()) == (404, {"error": "Job not found"})


def test_over_a_real_socket_a_cut_stream_resumes():
    async def main():
        queue = JobQueue("reports")
        go_on = asyncio.Event()

        async def half_then_wait(data):
            current_job().progress(0.5)
            await go_on.wait()

        app = create_app(queue, Worker(queue, {"generate-report": half_then_wait}))
        async with serve(app) as address, httpx.AsyncClient(base_url=address) as client:
            await client.post("/api/reports", json=REPORT)
            async with client.stream("GET", "/api/jobs/1/events") as stream:
                lines = stream.aiter_lines()
                while '"progress":0.5' not in await anext(lines):
                    pass
                last = (await anext(lines)).removeprefix("id: ")
            while queue._listeners:  # the server has noticed that the client is gone
                await asyncio.sleep(0.005)
            async with client.stream("GET", "/api/jobs/1/events", headers={"Last-Event-ID": last}) as stream:
                while not queue._listeners:
                    await asyncio.sleep(0.005)
                go_on.set()
                return "\n".join([line async for line in stream.aiter_lines()])

    ((_, state),) = events_of(asyncio.run(asyncio.wait_for(main(), 20)))
    assert state == {"id": 1, "status": "completed", "progress": 1.0, "note": "", "result": None}


# --- pictures ---


def test_bars_follow_the_jobs_that_report():
    sim = Simulation()
    queue = JobQueue("reports", clock=sim.time)
    bars = ProgressBars(queue)
    assert "There will be a bar here" in repr(bars)
    queue.enqueue("generate-report")
    queue.enqueue("generate-report")
    sim.create_task(Worker(queue, {"generate-report": in_quarters}).run())
    sim.run(asyncio.sleep(0.65))
    assert repr(bars) == (
        "#1 generate-report  ██████████████████████████████  100 % · completed\n"
        "#2 generate-report  ███████████████···············  50 % · quarter 2"
    )
    first, second = (row.children[1] for row in bars.children)
    assert (first.value, first.bar_style) == (1.0, "success")
    assert (second.value, second.bar_style) == (0.5, "")
    bars.close()
    assert queue._listeners == []


def test_the_plot_and_its_text_show_what_was_said_and_when():
    _, history = work(in_quarters)
    axes = plot_progress(history)
    (line, *_) = axes.get_lines()
    reports = line.get_markevery()
    assert [line.get_ydata()[place] for place in reports] == [0.25, 0.5, 0.75]
    assert (line.get_xdata()[0], line.get_ydata()[0]) == (0, 0), "from when it was enqueued"
    assert text_progress(history).splitlines() == [
        "  100 ms  #1 25 % · quarter 1",
        "  200 ms  #1 50 % · quarter 2",
        "  300 ms  #1 75 % · quarter 3",
        "  400 ms  #1 100 % · completed",
    ]
