"""The Python side of the replay and the live stage. What the page does is tested in tests/browser/test_replay.py."""

import asyncio
import json

import pytest

from jobqueue_lesson import History, JobQueue, Simulation, Worker
from jobqueue_lesson.handlers import HANDLERS
from jobqueue_lesson.job import JobEvent
from jobqueue_lesson.show import cells
from jobqueue_lesson.show.replay import Replay, live
from jobqueue_lesson.show.saved import WAKE


def recorded(jobs=3, start=0.0):
    sim = Simulation(start)
    queue = JobQueue("tasks", clock=sim.time)
    history = History(queue)
    for number in range(jobs):
        queue.enqueue("send-email", {"to": f"{number}@example.com"})
    sim.run(Worker(queue, HANDLERS).drain())
    return history


def test_a_replay_carries_every_event_as_it_was():
    history = recorded()
    events = json.loads(Replay(history).record)["events"]
    assert [tuple(event) for event in events] == [tuple(event) for event in history.events]
    assert len(events[0]) == len(JobEvent._fields)


def test_it_carries_the_lines_that_made_events_if_the_history_has_them():
    queue = JobQueue("tasks", clock=Simulation().time)
    history, without = History(queue, lines=True), History(queue)
    queue.enqueue("send-email")
    history.record(without.events[0]._replace(job_id=2))
    first, second = json.loads(Replay(history).record)["events"]
    assert first == [*json.loads(json.dumps(history.events[0])), str(history.lines[0])]
    assert first[-1].endswith(': queue.enqueue("send-email")')
    assert len(second) == len(JobEvent._fields)
    assert json.loads(Replay(without).record)["events"] == json.loads(json.dumps(without.events))


def test_it_plays_what_was_recorded_when_it_was_made():
    sim = Simulation()
    queue = JobQueue("tasks", clock=sim.time)
    history = History(queue)
    queue.enqueue("send-email")
    replay = Replay(history)
    queue.enqueue("send-email")
    assert len(json.loads(replay.record)["events"]) == 1


def test_where_no_kernel_runs_the_picture_and_the_words_stand_in_its_place():
    replay = Replay(recorded())
    bundle, _ = replay._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert bundle["text/plain"].splitlines() == [
        "Replay of 'tasks': 3 jobs, 9 events, 30 ms. At the end: 3 completed.",
        WAKE,
    ]
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_its_words_count_the_states_at_the_end():
    sim = Simulation()
    queue = JobQueue("tasks", clock=sim.time)
    history = History(queue)
    queue.enqueue("send-email", {"to": "alice@example.com"})
    queue.enqueue("no-handler")
    queue.enqueue("send-email", delay=60)
    sim.create_task(Worker(queue, HANDLERS).run())
    sim.run(asyncio.sleep(1))
    assert Replay(history).words == (
        "Replay of 'tasks': 3 jobs, 7 events, 1 s. At the end: 1 pending, 1 completed, 1 failed."
    )


def test_an_empty_history_says_so_and_has_no_picture():
    replay = Replay(History(JobQueue("tasks")))
    bundle, _ = replay._repr_mimebundle_()
    assert bundle["text/plain"] == f"Replay of 'tasks': nothing has been recorded yet\n{WAKE}"
    assert "image/png" not in bundle


def test_words_can_be_changed_and_only_those_that_there_are():
    assert json.loads(Replay(recorded(), words={"api": "clients"}).record)["words"]["api"] == "clients"
    with pytest.raises(KeyError, match=r"no word 'clients'; there are: job, jobs, api"):
        Replay(recorded(), words={"clients": "x"})


def test_the_speed_at_which_it_starts_can_be_given():
    assert json.loads(Replay(recorded(), speed=5).record)["speed"] == 5
    assert "speed" not in json.loads(Replay(recorded()).record)
    with pytest.raises(ValueError, match="speed must be a finite number, above 0, got 0"):
        Replay(recorded(), speed=0)


def test_what_is_no_history_is_refused_by_name():
    with pytest.raises(TypeError, match=r"needs a History, such as History\(queue\), got <jobqueue_lesson"):
        Replay(JobQueue())


# --- a cell that runs again ---


@pytest.fixture
def cell(monkeypatch):
    """Pretend that a cell runs: cell("id", run=1)."""
    monkeypatch.setattr(cells, "_made", {})

    def runs(name, run):
        monkeypatch.setattr(cells, "_running_cell", lambda: (f"{name}-{run}", name))

    return runs


def test_a_cell_that_runs_again_closes_the_replay_it_made_before(cell):
    cell("a", 1)
    first, beside = Replay(recorded()), Replay(recorded())
    cell("b", 1)
    other = Replay(recorded())
    cell("a", 2)
    again = Replay(recorded())
    assert [replay.comm is None for replay in (first, beside, other, again)] == [True, True, False, False]


# --- live ---


class Page:
    """Stands for the page: keeps what a live stage sends."""

    def __init__(self, stage):
        self.events = []
        stage.send = lambda message: self.events.extend(message["events"])


def stage_of(queue, **options):
    stage = live(queue, {"Enqueue": lambda: queue.enqueue("send-email", {"to": "alice@example.com"})}, **options)
    return stage, Page(stage)


def test_a_press_enqueues_and_the_page_hears_of_it():
    async def scene():
        queue = JobQueue("live")
        stage, page = stage_of(queue)
        stage._on_message({"enqueue": 0})
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [event.move for event in page.events] == ["enqueue"]
        assert queue.stats()["pending"] == 1
        stage.close()

    asyncio.run(scene())


def test_a_worker_is_started_works_and_stops_when_told():
    async def scene():
        queue = JobQueue("live")
        stage, page = stage_of(queue, worker=Worker(queue, HANDLERS))
        stage._on_message({"start": True})
        stage._on_message({"enqueue": 0})
        await asyncio.wait_for(until(lambda: queue.stats()["completed"]), 5)
        assert stage.working
        stage._on_message({"stop": True})
        await asyncio.wait_for(until(lambda: not stage.working), 5)
        assert stage.state == "The worker has stopped."
        assert [event.move for event in page.events] == ["enqueue", "dequeue", "complete"]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scene())


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


def test_a_page_that_comes_late_gets_all_that_happened():
    async def scene():
        queue = JobQueue("live")
        stage, _ = stage_of(queue)
        stage.press(0)
        record = json.loads(stage.get_state("record")["record"])
        assert record["live"]
        assert [event[1] for event in record["events"]] == ["enqueue"]

    asyncio.run(scene())


def test_what_a_button_raises_is_shown_and_harms_nothing():
    async def scene():
        queue = JobQueue("live", max_pending=1)
        stage, _ = stage_of(queue)
        stage.press(0)
        stage.press(0)
        assert stage.state == "QueueFull: queue 'live' is full: 1 jobs are pending (max_pending)"

    asyncio.run(scene())


def test_closing_a_stage_stops_its_worker():
    async def scene():
        queue = JobQueue("live")
        stage, _ = stage_of(queue, worker=Worker(queue, HANDLERS))
        stage.start()
        await asyncio.sleep(0)
        stage.close()
        await asyncio.wait_for(until(lambda: not stage.working), 5)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert not queue._listeners

    asyncio.run(scene())


def test_without_a_worker_or_a_loop_start_says_what_is_missing():
    queue = JobQueue("live")
    stage, _ = stage_of(queue)
    with pytest.raises(RuntimeError, match="no worker to start"):
        stage.start()
    stage, _ = stage_of(queue, worker=Worker(queue, HANDLERS))
    with pytest.raises(RuntimeError, match="no event loop is running here"):
        stage.start()


def test_a_button_that_is_no_function_is_refused_by_name():
    with pytest.raises(TypeError, match="button 'Enqueue' must be a function without arguments, got 'send-email'"):
        live(JobQueue(), {"Enqueue": "send-email"})


def test_what_a_live_stage_says_where_it_cannot_be_shown():
    stage, _ = stage_of(JobQueue("live"))
    bundle, _ = stage._repr_mimebundle_()
    said = "Live stage of 'live', for a running notebook. Buttons: Enqueue."
    assert bundle["text/plain"] == f"{said}\n{WAKE}"
