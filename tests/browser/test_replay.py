"""The replay and the live stage, in a real JupyterLab, driven as a learner drives them."""

import asyncio
import random
import textwrap

import pytest

from jobqueue_lesson import History, JobQueue, Simulation, Worker
from jobqueue_lesson.show.style import in_words

pytestmark = pytest.mark.browser

SETUP = """
import asyncio
import random

from jobqueue_lesson import History, JobQueue, Simulation, Worker
from jobqueue_lesson.handlers import HANDLERS
from jobqueue_lesson.show.replay import Replay, live
"""


def flaky_history():
    """Six jobs that fail now and then, and two workers: every kind of event but `release`."""
    sim = Simulation()
    queue = JobQueue("retries", clock=sim.time)
    history = History(queue)
    calls = 0

    async def flaky(data):
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.5)
        if calls % 3:
            raise TimeoutError("API timeout")

    for number in range(6):
        queue.enqueue("flaky-api", priority=number % 2 * 10, delay=number // 5)
    sim.run(Worker(queue, {"flaky-api": flaky}, concurrency=2).drain())
    return history


def history_of(jobs, workers=10):
    sim = Simulation()
    queue = JobQueue("many", clock=sim.time)
    history = History(queue)
    chance = random.Random(1)

    async def work(data):
        await asyncio.sleep(chance.expovariate(2))

    for _ in range(jobs):
        queue.enqueue("work")
    sim.run(Worker(queue, {"work": work}, concurrency=workers).drain())
    return history


def code_of(*functions):
    import inspect

    return SETUP + "\n\n" + "\n\n".join(textwrap.dedent(inspect.getsource(f)) for f in functions)


MOVES = {
    "enqueue": "enqueued",
    "dequeue": "picked up by",
    "complete": "completed",
    "retry": "failed (TimeoutError: API timeout), again in",
    "fail": "failed for good (TimeoutError: API timeout)",
}


def expected(event):
    """Return the beginning and a part of the words for an event."""
    return f"{in_words(event.at)} · job #{event.job_id} {event.type} ", MOVES[event.move]


class Stage:
    """One replay on a page, as a person sees it."""

    def __init__(self, page, number=0):
        self.page = page
        self.root = page.locator(".jq-replay").nth(number)
        self.root.wait_for()
        self.root.scroll_into_view_if_needed()
        page.wait_for_function("root => root.dataset.count !== undefined", arg=self.root.element_handle())

    @property
    def words(self):
        return self.root.locator(".jq-words").inner_text()

    @property
    def count(self):
        return int(self.root.get_attribute("data-count"))

    @property
    def time(self):
        return float(self.root.get_attribute("data-time"))

    def button(self, name):
        return self.root.get_by_role("button", name=name, exact=True)

    def scrub(self, share):
        self.root.locator("input[type=range]").fill(str(round(10000 * share)))

    def wait_for(self, condition):
        """Wait until a condition on `root`, in JavaScript, holds."""
        self.page.wait_for_function(f"root => {condition}", arg=self.root.element_handle(), timeout=20_000)

    def rest(self):
        """Wait until nothing moves."""
        self.page.wait_for_timeout(700)

    def picture(self):
        self.rest()
        return self.root.locator("canvas.jq-stage").screenshot()


@pytest.fixture(scope="module")
def flaky(lab):
    """A page with two replays of the same record, run."""
    lab.write("flaky", code_of(flaky_history), "history = flaky_history()\nReplay(history)", "Replay(history)")
    page = lab.open("flaky")
    lab.run_all(page)
    yield page
    assert page.faults == []
    page.context.close()


def test_stepping_shows_every_event_of_the_history_in_order_and_back(flaky):
    stage, events = Stage(flaky), flaky_history().events
    stage.button("First event").click()
    assert stage.words == "0 ms · nothing has happened yet"
    said = []
    for event in events:
        stage.button("Next event").click()
        start, part = expected(event)
        assert stage.words.startswith(start)
        assert part in stage.words
        assert stage.time == event.at
        said.append(stage.words)
    stage.button("Next event").click()
    assert stage.count == len(events)
    for words in reversed(said):
        assert stage.words == words
        stage.button("Previous event").click()
    assert stage.count == 0


def test_a_scrubber_shows_what_had_happened_by_then_and_the_same_picture_from_both_sides(flaky):
    stage, history = Stage(flaky), flaky_history()
    pictures = {}
    for share in (0.2, 0.5, 0.9, 0.5, 0.2):
        stage.scrub(share)
        time = history.start + share * (history.end - history.start)
        assert stage.time == pytest.approx(time, abs=0.001)
        assert stage.count == sum(event.at <= time for event in history.events)
        assert pictures.setdefault(share, stage.picture()) == stage.picture()
    assert len(set(pictures.values())) == 3


def test_it_plays_to_the_end_and_can_be_paused(flaky):
    stage, history = Stage(flaky), flaky_history()
    stage.button("First event").click()
    stage.root.get_by_label("speed").select_option(label="2 × faster")
    stage.button("Play").click()
    stage.wait_for("Number(root.dataset.count) > 3")
    stage.button("Pause").click()
    count = stage.count
    stage.rest()
    assert stage.count == count < len(history.events)
    stage.button("Play").click()
    stage.wait_for(f"Number(root.dataset.count) === {len(history.events)}")
    stage.button("Play").wait_for()
    assert stage.time == history.end


def test_the_keyboard_does_all_that_the_buttons_do(flaky):
    stage, events = Stage(flaky), flaky_history().events
    canvas = stage.root.locator("canvas.jq-stage")
    canvas.focus()
    canvas.press("Home")
    assert stage.count == 0
    canvas.press("ArrowRight")
    canvas.press("ArrowRight")
    assert stage.count == 2
    canvas.press("ArrowLeft")
    assert stage.count == 1
    canvas.press("End")
    assert stage.count == len(events)
    canvas.press("Home")
    canvas.press("Space")
    stage.wait_for("Number(root.dataset.count) > 2")
    canvas.press("Space")
    stage.button("Play").wait_for()
    assert "jp-mod-commandMode" in flaky.locator(".jp-Notebook").get_attribute("class")
    assert flaky.locator(".jp-Notebook .jp-Cell").count() == 3  # no key reached the notebook's own shortcuts


def test_two_replays_on_a_page_do_not_disturb_each_other(flaky):
    one, other = Stage(flaky, 0), Stage(flaky, 1)
    one.scrub(0.3)
    other.scrub(0.8)
    before = one.count
    other.button("First event").click()
    other.button("Play").click()
    other.wait_for("Number(root.dataset.count) > 5")
    other.button("Pause").click()
    assert one.count == before
    assert one.time != other.time


def test_the_instant_is_a_line_on_the_timeline_and_a_click_there_goes_to_it(flaky):
    stage, history = Stage(flaky), flaky_history()
    timeline = stage.root.locator(".jq-timeline")
    timeline.scroll_into_view_if_needed()
    box = timeline.bounding_box()
    timeline.click(position={"x": box["width"] * 0.6, "y": box["height"] * 0.5})
    stage.rest()
    line = stage.root.locator(".jq-line").bounding_box()
    assert line["x"] == pytest.approx(timeline.bounding_box()["x"] + box["width"] * 0.6, abs=2)
    assert history.start < stage.time < history.end
    assert stage.count == sum(event.at <= stage.time for event in history.events)


def test_a_job_tells_its_story_when_followed(flaky):
    stage = Stage(flaky)
    stage.button("Last event").click()
    stage.root.get_by_label("job to follow").select_option(label="#2 flaky-api")
    detail = stage.root.locator(".jq-detail")
    stage.wait_for("root.querySelector('.jq-detail').textContent.startsWith('#2 flaky-api')")
    story = detail.inner_text()
    assert story.startswith(
        "#2 flaky-api: 0 ms enqueued, priority 10 → 0 ms picked up by worker-1/1 → 500 ms attempt 1"
    )
    moves = [event for event in flaky_history().events if event.job_id == 2]
    assert story.count("→") == len(moves) - 1
    stage.root.get_by_label("job to follow").select_option(label="all jobs")


def test_hovering_a_job_tells_about_it(flaky):
    stage = Stage(flaky)
    stage.button("Last event").click()
    stage.rest()
    canvas = stage.root.locator("canvas.jq-stage")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    said = set()
    for x in range(int(0.84 * box["width"]), int(box["width"]), 12):
        flaky.mouse.move(box["x"] + x, box["y"] + 40)
        flaky.wait_for_timeout(60)
        said.add(stage.root.locator(".jq-detail").inner_text().split(":")[0])
    assert len([words for words in said if words.startswith("#")]) >= 2


def test_a_screen_reader_hears_each_step(flaky):
    stage = Stage(flaky)
    stage.button("First event").click()
    stage.button("Next event").click()
    spoken = stage.root.get_by_role("status")
    assert spoken.text_content() == stage.words
    assert stage.root.get_by_role("slider").get_attribute("aria-valuetext").startswith("0 ms, event 1 of")
    assert stage.root.get_by_role("img").first.get_attribute("aria-label").startswith("The queue at 0 ms")


def test_running_a_cell_again_leaves_nothing_of_the_old_replay(flaky, lab):
    page = flaky
    page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".jp-InputPrompt").click()
    for _ in range(3):
        page.keyboard.press("Control+Enter")
        page.wait_for_timeout(700)
    Stage(page, 0)
    page.locator(".jp-Notebook .jp-Cell").nth(2).locator(".jp-InputPrompt").click()
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.type(
        "import gc, ipywidgets; gc.collect()\n"
        "print('kept:', sum(isinstance(w, Replay) for w in ipywidgets.widget.Widget.get_manager_state()['state'] and"
        " ipywidgets.widgets.widget._instances.values()))"
    )
    page.keyboard.press("Control+Enter")
    page.get_by_text("kept: 2", exact=True).wait_for(timeout=10_000)
    assert page.locator(".jq-replay").count() == 2


def test_with_reduced_motion_jobs_jump(lab, flaky):
    page = lab.open("flaky", reduced_motion=True)
    try:
        lab.run_all(page)
        stage = Stage(page)
        stage.button("First event").click()
        stage.rest()
        stage.button("Next event").click()
        stage.wait_for("root.dataset.count === '1'")
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        soon = stage.root.locator("canvas.jq-stage").screenshot()
        stage.rest()
        assert stage.root.locator("canvas.jq-stage").screenshot() == soon
        assert page.faults == []
    finally:
        page.context.close()


def test_five_thousand_jobs_scrub_and_an_empty_history_says_so(lab):
    lab.write(
        "many", code_of(history_of), "Replay(history_of(5000, workers=40))", "Replay(History(JobQueue('nothing')))"
    )
    page = lab.open("many")
    try:
        lab.run_all(page)
        stage, history = Stage(page), history_of(5000, workers=40)
        for share in (0.5, 0.1, 1.0):
            stage.scrub(share)
            time = history.start + share * (history.end - history.start)
            assert stage.count == sum(event.at <= time for event in history.events)
        stage.rest()
        assert "completed: 5,000" in stage.root.locator(".jq-detail").inner_text()
        empty = Stage(page, 1)
        assert empty.words == "0 ms · nothing has happened yet"
        assert not empty.root.locator("canvas.jq-stage").is_visible()
        assert page.faults == []
    finally:
        page.context.close()


# --- live ---

LIVE = """
async def slow(data):
    await asyncio.sleep(data)

queue = JobQueue("live")
worker = Worker(queue, {"work": slow})
live(queue, {"Enqueue": lambda: queue.enqueue("work", 0.4), "A long one": lambda: queue.enqueue("work", 60)}, worker)
"""


@pytest.fixture
def live_page(lab, request):
    name = request.node.name
    lab.write(name, SETUP, LIVE, *request.param)
    page = lab.open(name)
    yield page
    assert page.faults == []
    page.context.close()


def run_cell(page, number):
    page.locator(".jp-Notebook .jp-Cell").nth(number).locator(".jp-InputPrompt").click()
    page.keyboard.press("Control+Enter")


def idle(page):
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=20_000)


TASKS = "print([task.get_coro().__qualname__ for task in asyncio.all_tasks() if 'Worker' in str(task)], queue.stats())"


@pytest.mark.parametrize("live_page", [[TASKS]], indirect=True)
def test_a_press_enqueues_a_job_and_it_is_seen_to_travel(live_page):
    page = live_page
    run_cell(page, 0)
    run_cell(page, 1)
    stage = Stage(page)
    for _ in range(2):
        stage.button("Enqueue").click()
    stage.wait_for("root.dataset.count === '2'")
    assert "job #2 work enqueued" in stage.words
    stage.button("Start the worker").click()
    stage.wait_for("root.dataset.count === '6'")
    assert "job #2 work completed" in stage.words
    for part in ("job #2 work picked up by worker-1", "job #1 work completed", "job #1 work picked up by worker-1"):
        stage.button("Previous event").click()  # what happened can be looked at
        assert part in stage.words
    stage.button("Stop the worker").click()
    stage.root.get_by_text("The worker has stopped.").wait_for()
    run_cell(page, 2)
    page.get_by_text("[] {'pending': 0, 'processing': 0, 'completed': 2, 'failed': 0}").wait_for()


@pytest.mark.parametrize("live_page", [["_2.start()", TASKS]], indirect=True)
@pytest.mark.parametrize("by", ["button", "cell"])
def test_a_kernel_interrupt_stops_the_worker_in_the_background(live_page, by):
    page = live_page
    run_cell(page, 0)
    run_cell(page, 1)
    stage = Stage(page)
    if by == "button":
        stage.button("Start the worker").click()
    else:
        run_cell(page, 2)
    stage.root.get_by_text("The worker works.").wait_for()
    stage.button("A long one").click()
    stage.wait_for("root.dataset.count === '2'")  # it has the job in hand
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.locator('.lm-Menu-item[data-command="kernelmenu:interrupt"]').click()
    stage.root.get_by_text("The worker has stopped.").wait_for()
    stage.wait_for("root.querySelector('.jq-words').textContent.includes('job #1 work put back')")
    run_cell(page, 3)
    page.get_by_text("[] {'pending': 1, 'processing': 0, 'completed': 0, 'failed': 0}").wait_for()


@pytest.mark.parametrize("live_page", [["await worker.run()", TASKS]], indirect=True)
def test_a_worker_awaited_in_a_cell_works_what_the_button_enqueues_until_it_is_interrupted(live_page):
    page = live_page
    run_cell(page, 0)
    run_cell(page, 1)
    stage = Stage(page)
    run_cell(page, 2)
    page.get_by_text("Python 3 (ipykernel) | Busy").wait_for()
    stage.button("Enqueue").click()
    stage.wait_for("root.dataset.count === '3'")
    assert "job #1 work completed" in stage.words
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.locator('.lm-Menu-item[data-command="kernelmenu:interrupt"]').click()
    idle(page)
    run_cell(page, 3)
    page.get_by_text("[] {'pending': 0, 'processing': 0, 'completed': 1, 'failed': 0}").wait_for()


@pytest.mark.parametrize("live_page", [[TASKS]], indirect=True)
def test_making_the_stage_again_stops_the_old_ones_worker(live_page):
    page = live_page
    run_cell(page, 0)
    run_cell(page, 1)
    Stage(page).button("Start the worker").click()
    Stage(page).root.get_by_text("The worker works.").wait_for()
    run_cell(page, 1)
    page.wait_for_timeout(700)
    run_cell(page, 2)
    page.get_by_text("[] {'pending': 0, 'processing': 0, 'completed': 0, 'failed': 0}").wait_for()
