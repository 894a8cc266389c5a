"""The replay and the live stage, in a real JupyterLab, driven as a learner drives them."""

import asyncio
import inspect
import random
import re
import textwrap

import pytest
from playwright.sync_api import expect

from jobqueue_lesson import History, JobQueue, Simulation, Worker
from jobqueue_lesson.show.style import format_duration
from tests.support.histories import flaky_history
from tests.support.lab import frames
from tests.support.page_objects import SETUP, Stage

pytestmark = pytest.mark.browser


def history_of(jobs, workers=10):
    sim = Simulation()
    queue = JobQueue("many", clock=sim.time)
    history = History(queue)
    rng = random.Random(1)

    async def work(data):
        await asyncio.sleep(rng.expovariate(2))

    for _ in range(jobs):
        queue.enqueue("work")
    sim.run(Worker(queue, {"work": work}, concurrency=workers).drain())
    return history


def code_of(*functions):
    return SETUP + "\n\n" + "\n\n".join(textwrap.dedent(inspect.getsource(f)) for f in functions)


MOVES = {
    "enqueue": "enqueued",
    "dequeue": "picked up by",
    "complete": "completed",
    "retry": "failed (TimeoutError: API timeout), again in",
    "fail": "failed permanently (TimeoutError: API timeout)",
}


def said_of(event):
    """Return a pattern for the words for an event."""
    start = f"{format_duration(event.at)} · job #{event.job_id} {event.type} "
    return re.compile(f"^{re.escape(start)}.*{re.escape(MOVES[event.move])}")


@pytest.fixture(scope="module")
def flaky(lab):
    """A page with two replays of the same record, run."""
    lab.write("flaky", code_of(flaky_history), "history = flaky_history()\nReplay(history)", "Replay(history)")
    with lab.open("flaky") as page:
        lab.run_all(page)
        yield page


def test_stepping_shows_every_event_of_the_history_in_order_and_back(flaky):
    stage, events = Stage(flaky), flaky_history().events
    stage.button("First event").click()
    expect(stage.words).to_have_text("0 ms · nothing has happened yet")
    said = []
    for count, event in enumerate(events, 1):
        stage.button("Next event").click()
        stage.expect_count(count)
        stage.expect_time(event.at)
        expect(stage.words).to_have_text(said_of(event))
        said.append(stage.words.inner_text())
    stage.button("Next event").click()
    stage.rest()
    stage.expect_count(len(events))
    for words in reversed(said):
        expect(stage.words).to_have_text(words)
        stage.button("Previous event").click()
    stage.expect_count(0)


def test_a_scrubber_shows_what_had_happened_by_then_and_the_same_picture_from_both_sides(flaky):
    stage, history = Stage(flaky), flaky_history()
    pictures = {}
    for share in (0.2, 0.5, 0.9, 0.5, 0.2):
        stage.scrub(share)
        time = history.start + share * (history.end - history.start)
        stage.expect_time(time)
        stage.expect_count(sum(event.at <= time for event in history.events))
        assert pictures.setdefault(share, stage.picture()) == stage.picture()
    assert len(set(pictures.values())) == 3


def test_it_plays_to_the_end_and_can_be_paused(flaky):
    stage, history = Stage(flaky), flaky_history()
    stage.button("First event").click()
    stage.choose_speed(0)  # however slow the machine is, it can press Pause before the end
    stage.button("Play").click()
    stage.wait_for("root.dataset.count > 3 && root.dataset.time > 0")
    stage.button("Pause").click()
    expect(stage.button("Play")).to_be_visible()
    stage.rest()
    assert int(stage.root.get_attribute("data-count")) < len(history.events)
    stage.choose_speed(-1)
    stage.button("Play").click()
    stage.expect_count(len(history.events))
    expect(stage.button("Play")).to_be_visible()
    stage.expect_time(history.end)


def test_the_keyboard_does_all_that_the_buttons_do(flaky):
    stage, events = Stage(flaky), flaky_history().events
    stage.choose_speed(0)
    stage.canvas.focus()
    for keys, count in (
        (["Home"], 0),
        (["ArrowRight", "ArrowRight"], 2),
        (["ArrowLeft"], 1),
        (["End"], len(events)),
        (["Home"], 0),
    ):
        for key in keys:
            stage.canvas.press(key)
        stage.expect_count(count)
    stage.canvas.press("Space")
    stage.wait_for("root.dataset.count > 2")
    stage.canvas.press("Space")
    expect(stage.button("Play")).to_be_visible()
    expect(flaky.locator(".jp-Notebook")).to_have_class(re.compile("jp-mod-commandMode"))
    expect(flaky.locator(".jp-Notebook .jp-Cell")).to_have_count(3)  # no key reached the notebook's own shortcuts


def test_two_replays_on_a_page_do_not_disturb_each_other(flaky):
    one, other = Stage(flaky, 0), Stage(flaky, 1)
    one.scrub(0.3)
    other.scrub(0.8)
    one.rest()
    before = [one.root.get_attribute(f"data-{name}") for name in ("count", "time")]
    other.button("First event").click()
    other.expect_count(0)
    other.choose_speed(0)
    other.button("Play").click()
    other.wait_for("root.dataset.count > 5")
    other.button("Pause").click()
    other.rest()
    assert [one.root.get_attribute(f"data-{name}") for name in ("count", "time")] == before
    assert other.root.get_attribute("data-time") != before[1]


def test_the_instant_is_a_line_on_the_timeline_and_a_click_there_goes_to_it(flaky):
    stage, history = Stage(flaky), flaky_history()
    timeline = stage.root.locator(".jq-timeline")
    timeline.scroll_into_view_if_needed()
    box = timeline.bounding_box()
    stage.button("First event").click()
    stage.expect_count(0)
    timeline.click(position={"x": box["width"] * 0.6, "y": box["height"] * 0.5})
    stage.wait_for(
        """[root.querySelector('.jq-timeline'), root.querySelector('.jq-line')].map(e => e.getBoundingClientRect())
            .reduce((timeline, line) => Math.abs(line.x - timeline.x - 0.6 * timeline.width) < 2)"""
    )
    stage.rest()
    time = float(stage.root.get_attribute("data-time"))
    assert history.start < time < history.end
    stage.expect_count(sum(event.at <= time for event in history.events))


def test_a_job_tells_its_story_when_followed(flaky):
    stage = Stage(flaky)
    stage.button("Last event").click()
    stage.root.get_by_label("job to follow").select_option(label="#2 flaky-api")
    begins = "#2 flaky-api: 0 ms enqueued, priority 10 → 0 ms picked up by worker-1/1 → 500 ms attempt 1"
    expect(stage.detail).to_have_text(re.compile(f"^{re.escape(begins)}"))
    stage.rest()
    moves = [event for event in flaky_history().events if event.job_id == 2]
    assert stage.detail.inner_text().count("→") == len(moves) - 1
    stage.root.get_by_label("job to follow").select_option(label="all jobs")


def test_hovering_a_job_tells_about_it(flaky):
    stage = Stage(flaky)
    stage.button("Last event").click()
    stage.canvas.scroll_into_view_if_needed()
    stage.rest()
    box = stage.canvas.bounding_box()
    said = set()
    for y in range(0, int(box["height"]), 12):
        flaky.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + y)
        frames(flaky)
        said.add(stage.detail.inner_text().split(":")[0])
    assert len([words for words in said if words.startswith("#")]) >= 2


def test_a_screen_reader_hears_each_step(flaky):
    stage = Stage(flaky)
    stage.button("First event").click()
    stage.button("Next event").click()
    stage.expect_count(1)
    expect(stage.root.get_by_role("status")).to_have_text(stage.words.inner_text())
    expect(stage.root.get_by_role("slider")).to_have_attribute("aria-valuetext", re.compile(r"^0 ms, event 1 of"))
    expect(stage.root.get_by_role("img").first).to_have_attribute("aria-label", re.compile(r"^The queue at 0 ms"))


LINES = """
sim = Simulation()
queue = JobQueue("orders", clock=sim.time)
history = History(queue, lines=True)

async def send(data):
    queue.enqueue("archive", {"of": data}, delay=3600)

def order(who):
    return queue.enqueue("send-email", {"to": who, "subject": "Your order", "body": "It is on its way."})

order("alice@example.com")
"""


def test_the_line_of_the_learners_own_code_is_beside_each_event_and_read_out(lab):
    work = "sim.create_task(Worker(queue, {'send-email': send}).run())\nsim.run(asyncio.sleep(1))"
    lab.write("lines", SETUP, LINES, work, "Replay(history)", "Replay(History(queue))")
    with lab.open("lines") as page:
        lab.run_all(page)
        stage = Stage(page)
        stage.button("First event").click()
        expect(stage.source).to_have_text("")
        for words, line in (
            ("enqueued", 'cell 2, line 9: return queue.enqueue("send-email", {"to": who, "subject": "Your order",…'),
            ("picked up by worker-1", "cell 3, line 2: sim.run(asyncio.sleep(1))"),
            ("enqueued, due in 3600 s", 'cell 2, line 6: queue.enqueue("archive", {"of": data}, delay=3600)'),
            ("completed", "cell 3, line 2: sim.run(asyncio.sleep(1))"),
        ):
            stage.button("Next event").click()
            expect(stage.words).to_have_text(re.compile(f"{words}$"))
            expect(stage.source).to_have_text(line)
            expect(stage.root.get_by_role("status")).to_have_text(f"{stage.words.inner_text()} · {line}")
        expect(Stage(page, 1).source).to_have_count(0)


def test_running_a_cell_again_leaves_nothing_of_the_old_replay(flaky):
    page, cells = flaky, flaky.locator(".jp-Notebook .jp-Cell")
    for _ in range(3):
        run_cell(page, 1)
        page.kernel.settle()
    Stage(page, 0)
    cells.nth(2).locator(".cm-content").click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    expect(cells).to_have_count(4)
    cells.nth(3).locator(".cm-content").click()
    page.keyboard.type(
        "import gc, ipywidgets; gc.collect()\n"
        "print('kept:', sum(isinstance(w, Replay) for w in ipywidgets.widget.Widget.get_manager_state()['state'] and"
        " ipywidgets.widgets.widget._instances.values()))"
    )
    page.keyboard.press("Control+Enter")
    page.get_by_text("kept: 2", exact=True).wait_for()
    expect(page.locator(".jq-replay")).to_have_count(2)


def test_a_change_of_the_theme_draws_the_stage_again_in_its_colours(flaky):
    stage, change = Stage(flaky), "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })"
    paper = "canvas => canvas.width > 0 && getComputedStyle(canvas).backgroundColor"
    stage.canvas.scroll_into_view_if_needed()
    stage.rest()
    light = stage.canvas.evaluate(paper)
    drawn = stage.canvas.evaluate("canvas => canvas.toDataURL()")
    try:
        flaky.evaluate(change, "JupyterLab Dark")
        flaky.wait_for_function(
            f"([canvas, was]) => ![false, was].includes(({paper})(canvas))", arg=[stage.canvas.element_handle(), light]
        )
        stage.rest()
        assert stage.canvas.evaluate("canvas => canvas.toDataURL()") not in (drawn, "data:,")
        expect(flaky.locator("#jupyterlab-splash")).to_have_count(0)  # shown twice, it is removed twice: an error
    finally:
        flaky.evaluate(change, "JupyterLab Light")
    flaky.wait_for_function(f"([canvas, was]) => was === ({paper})(canvas)", arg=[stage.canvas.element_handle(), light])
    stage.rest()
    assert stage.canvas.evaluate("canvas => canvas.toDataURL()") == drawn
    expect(flaky.locator("#jupyterlab-splash")).to_have_count(0)


def test_with_reduced_motion_jobs_jump(lab):
    lab.write("calm", code_of(flaky_history), "Replay(flaky_history())")
    with lab.open("calm", reduced_motion=True) as page:
        lab.run_all(page)
        stage = Stage(page)
        stage.button("First event").click()
        stage.rest()
        pictures = """async root => {
            const canvas = root.querySelector('canvas.jq-stage');
            const pictures = [canvas.toDataURL()];
            root.querySelector('[aria-label="Next event"]').click();
            for (let n = 0; n < 10; n++) {
                await new Promise(requestAnimationFrame);
                if (n) pictures.push(canvas.toDataURL());
            }
            return pictures;
        }"""
        before, *after = stage.root.evaluate(pictures)
        stage.expect_count(1)
        assert before not in after
        assert len(set(after)) == 1


def test_five_thousand_jobs_scrub_and_an_empty_history_says_so(lab):
    lab.write(
        "many", code_of(history_of), "Replay(history_of(5000, workers=40))", "Replay(History(JobQueue('nothing')))"
    )
    with lab.open("many") as page:
        lab.run_all(page)
        stage, history = Stage(page), history_of(5000, workers=40)
        for share in (0.5, 0.1, 1.0):
            stage.scrub(share)
            time = history.start + share * (history.end - history.start)
            stage.expect_count(sum(event.at <= time for event in history.events))
        expect(stage.detail).to_contain_text("completed: 5,000")
        empty = Stage(page, 1)
        expect(empty.words).to_have_text("0 ms · nothing has happened yet")
        expect(empty.canvas).to_be_hidden()


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
    with lab.open(name) as page:
        yield page


def run_cell(page, number):
    """Run a cell, and wait until it has started."""
    cell = page.locator(".jp-Notebook .jp-Cell").nth(number)
    prompt = cell.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    cell.locator(".cm-content").click()  # on the prompt, a replay that has the focus would keep it
    page.keyboard.press("Control+Enter")
    expect(prompt).not_to_have_text(before)


def interrupt(page):
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.locator('.lm-Menu-item[data-command="kernelmenu:interrupt"]').click()


TASKS = """
def at_work():
    return [task.get_coro().__qualname__ for task in asyncio.all_tasks() if "Worker" in str(task)]

for _ in range(200):  # a worker that was told to stop takes a turn or two of the loop
    if at_work():
        await asyncio.sleep(0.05)
print(at_work(), queue.stats())
"""


@pytest.mark.parametrize("live_page", [[TASKS]], indirect=True)
def test_a_press_enqueues_a_job_and_it_is_seen_to_travel(live_page):
    page = live_page
    run_cell(page, 0)
    run_cell(page, 1)
    stage = Stage(page)
    for _ in range(2):
        stage.button("Enqueue").click()
    stage.expect_count(2)
    expect(stage.words).to_contain_text("job #2 work enqueued")
    stage.button("Start the worker").click()
    stage.expect_count(6)
    expect(stage.words).to_contain_text("job #2 work completed")
    for part in ("job #2 work picked up by worker-1", "job #1 work completed", "job #1 work picked up by worker-1"):
        stage.button("Previous event").click()  # what happened can be looked at
        expect(stage.words).to_contain_text(part)
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
    stage.root.get_by_text("The worker is running.").wait_for()
    stage.button("A long one").click()
    stage.expect_count(2)  # it has the job in hand
    interrupt(page)
    stage.root.get_by_text("The worker has stopped.").wait_for()
    expect(stage.words).to_contain_text("job #1 work released")
    run_cell(page, 3)
    page.get_by_text("[] {'pending': 1, 'processing': 0, 'completed': 0, 'failed': 0}").wait_for()


@pytest.mark.parametrize("live_page", [["await worker.run()", TASKS]], indirect=True)
def test_a_worker_awaited_in_a_cell_works_what_the_button_enqueues_until_it_is_interrupted(lab, live_page):
    page = live_page
    run_cell(page, 0)
    run_cell(page, 1)
    stage = Stage(page)
    run_cell(page, 2)
    page.get_by_text("Python 3 (ipykernel) | Busy").wait_for()
    stage.button("Enqueue").click()
    stage.expect_count(3)
    expect(stage.words).to_contain_text("job #1 work completed")
    interrupt(page)
    lab.idle(page)
    run_cell(page, 3)
    page.get_by_text("[] {'pending': 0, 'processing': 0, 'completed': 1, 'failed': 0}").wait_for()


@pytest.mark.parametrize("live_page", [[TASKS]], indirect=True)
def test_making_the_stage_again_stops_the_old_ones_worker(live_page):
    page = live_page
    run_cell(page, 0)
    run_cell(page, 1)
    stage = Stage(page)
    stage.button("Start the worker").click()
    stage.root.get_by_text("The worker is running.").wait_for()
    run_cell(page, 1)
    run_cell(page, 2)
    page.get_by_text("[] {'pending': 0, 'processing': 0, 'completed': 0, 'failed': 0}").wait_for()
