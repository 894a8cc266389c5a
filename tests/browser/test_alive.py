"""Widgets on a page without a kernel, in a real browser that can reach nothing but the page's own files."""

import json
import re

import pytest
from playwright.sync_api import expect

from jobqueue_lesson.export import export
from jobqueue_lesson.show import alive
from tests.support.axe import violations
from tests.support.lab import new_context
from tests.support.page_objects import Stage
from tests.support.serving import served
from tools import panels
from tools.paths import NOTEBOOKS

pytestmark = pytest.mark.browser

SHOWN = [
    ("04_retries", "remember-one"),
    ("04_retries", "predict"),
    ("04_retries", "last-client-reason"),
    ("02_job_queue", "replay"),
    ("02_job_queue", "play"),
    ("01_why_background_jobs", "press"),
    ("01_why_background_jobs", "live"),
]
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Widgets</title><link rel="icon" href="data:,"><link rel="stylesheet" href="alive.css">
<style>body {{ background: var(--jq-paper); color: var(--jq-ink); margin: 0 12px; }}
@media (prefers-color-scheme: dark) {{ :root {{ --jq-ink: #e6e6e6; --jq-paper: #131416; }} a {{ color: #7cc4ff; }} }}
#replay {{ margin-top: 3000px; }}
</style></head>
<body data-run="run-it.html"><main><h1>Widgets</h1>{widgets}</main><script type="module" src="alive.js"></script>
</body></html>"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A bare page of widgets from saved notebooks, and the files that it fetches."""
    folder = tmp_path_factory.mktemp("widgets")
    (folder / "alive.js").write_text(alive.script(), encoding="utf-8")
    (folder / "alive.css").write_text(alive.styles(), encoding="utf-8")
    made = []
    for page, id in SHOWN:
        (cell,) = (c for c in json.loads((NOTEBOOKS / f"{page}.ipynb").read_bytes())["cells"] if c["id"] == id)
        (output,) = (o for o in cell["outputs"] if alive.ALIVE in o.get("data", {}))
        address = f"{page}-{id}.json"
        files = {}
        if output["data"][alive.ALIVE]["kind"] == "panel":
            files = panels.fill(output, page, "".join(cell["source"]), address=address, kept=folder / "kept")
        html, data = alive.element(output, inline=False, address=address)
        made.append(f'<section id="{id}">{html}</section>')
        for name, content in (files | ({address: data} if data else {})).items():
            (folder / name).write_bytes(content)
    (folder / "index.html").write_text(PAGE.format(widgets="".join(made)), encoding="utf-8")
    moving = made[3].replace('class="jq-alive"', 'class="jq-alive" data-autoplay').replace('id="replay"', "")
    (folder / "moving.html").write_text(PAGE.format(widgets=moving), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def address(folder):
    with served(folder) as address:
        yield address


@pytest.fixture
def visit(browser, address):
    """Open the page in a window of its own. Another host that is asked, or a fault in the console, fails the test."""
    contexts, faults = [], []

    def visit(name="index.html", width=1280, height=800, prepare=lambda page: None, **options):
        context = new_context(browser, viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.faults = faults
        page.on("request", lambda r: r.url.startswith((address, "data:", "file:", "blob:")) or faults.append(r.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: message.type in ("error", "warning") and faults.append(message.text))
        prepare(page)
        page.goto(name if "://" in name else f"{address}/{name}")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert faults == []


def widget(page, id):
    """One of the page's widgets, come near and alive."""
    section = page.locator(f"#{id}")
    section.scroll_into_view_if_needed()
    expect(section.locator(".jq-alive")).to_have_class(re.compile("jq-awake"))
    return section


def events_of(page, id):
    (cell,) = (c for c in json.loads((NOTEBOOKS / f"{page}.ipynb").read_bytes())["cells"] if c["id"] == id)
    return json.loads(cell["outputs"][0]["data"][alive.ALIVE]["record"])["events"]


# --- replays ---


def test_a_replay_plays_by_click_and_by_keys_on_a_phone(visit):
    page = visit(width=390, height=844, has_touch=True)
    widget(page, "replay")
    stage, many = Stage(page), len(events_of("02_job_queue", "replay"))
    stage.expect_count(0)
    stage.choose_speed(-1)
    stage.button("Play").click()
    stage.expect_count(many)
    expect(stage.button("Play")).to_be_visible()
    stage.canvas.focus()
    for key, count in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", many)):
        stage.canvas.press(key)
        stage.expect_count(count)
    expect(stage.root.get_by_role("img", name="Timeline of 5 jobs")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_replay_is_fetched_when_somebody_comes_near_and_not_before(visit):
    asked = []
    page = visit(prepare=lambda page: page.on("request", lambda request: asked.append(request.url)), height=300)
    expect(page.locator("#remember-one .jq-card")).to_be_visible()
    assert not [url for url in asked if url.endswith(".json")]
    widget(page, "replay")
    assert [url.rpartition("/")[2] for url in asked if "replay" in url] == ["02_job_queue-replay.json"]


def test_a_replay_that_may_plays_at_once_but_not_for_somebody_who_wants_calm(visit):
    moving = Stage(visit("moving.html"))
    moving.wait_for("root.dataset.count > 1")
    calm = Stage(visit("moving.html", reduced_motion="reduce"))
    calm.rest()
    calm.expect_count(0)


def test_what_cannot_be_fetched_stays_readable_and_can_be_tried_again(visit):
    def break_down(page):
        page.route("**/*replay.json", lambda route: route.fulfill(status=204, body=""))

    page = visit(prepare=break_down)
    section = page.locator("#replay")
    section.scroll_into_view_if_needed()
    again = section.get_by_role("button", name="Try again")
    again.click()
    expect(again).to_be_visible()
    expect(section.get_by_role("img")).to_be_visible()
    page.unroute("**/*replay.json")
    again.click()
    Stage(page).expect_count(0)
    expect(again).to_have_count(0)


# --- cards ---


def test_a_card_keeps_its_answer_over_a_reload_and_its_reason_follows(visit):
    page = visit()
    card, reason = widget(page, "predict"), widget(page, "last-client-reason")
    expect(reason).to_have_text(alive.WORDS["card"]["before"])
    reason.get_by_role("link").click()
    expect(card.get_by_role("radio").first).to_be_in_viewport()
    commit = card.get_by_role("button", name="Commit")
    expect(commit).to_be_disabled()
    card.get_by_label("A · At 2 s").check()
    commit.click()
    expect(card.get_by_role("status")).to_have_text(
        "You said A. Read on: you get the reason once you have seen it happen."
    )
    expect(card.get_by_label("B ·")).to_be_disabled()
    expect(card.get_by_role("button", name="Ask me again")).to_be_hidden()
    expect(reason).to_contain_text("✗ You said: A · At 2 s: the service is back.Not A. It is back")
    expect(reason).to_contain_text("C is right. Ten get through at each return.")

    page.reload()
    card, reason = widget(page, "predict"), widget(page, "last-client-reason")
    expect(card.get_by_role("status")).to_have_text("You said A earlier.")
    expect(card.get_by_label("A ·")).to_be_checked()
    expect(reason).to_contain_text("Not A.")
    card.get_by_role("button", name="Ask me again").click()
    expect(reason).to_have_text(alive.WORDS["card"]["before"])
    card.get_by_label("C ·").check()
    commit = card.get_by_role("button", name="Commit")
    commit.click()
    expect(reason).to_contain_text("✓ You said: C")


def test_a_card_can_be_used_with_the_keyboard_alone_and_the_focus_is_not_lost(visit):
    page = visit()
    card = widget(page, "remember-one")
    card.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    expect(card.get_by_label("B ·")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(card.get_by_role("status")).to_have_text("You said B.")
    expect(card.get_by_role("status")).to_be_focused()
    expect(card.locator("[aria-live]")).to_contain_text("B is right.")
    expect(card.get_by_text("You said")).to_have_count(1)


def test_without_a_storage_a_card_works_until_the_page_is_left(visit):
    forbidden = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('SecurityError'); } })"
    page = visit(prepare=lambda page: page.add_init_script(forbidden))
    card = widget(page, "predict")
    card.get_by_label("C ·").check()
    card.get_by_role("button", name="Commit").click()
    expect(widget(page, "last-client-reason")).to_contain_text("✓ You said: C")
    page.reload()
    expect(widget(page, "predict").get_by_role("button", name="Commit")).to_be_visible()
    expect(widget(page, "last-client-reason")).to_have_text(alive.WORDS["card"]["before"])


# --- panels ---


def test_a_panel_shows_what_was_computed_for_each_position_one_control_at_a_time(visit, folder):
    page = visit(width=390, height=844)
    panel = widget(page, "play")
    computed = panels.computed(panels.lab_of("02_job_queue", "life_of_a_job_lab()"), folder / "kept")
    failures, attempts = panel.get_by_role("slider").all()
    picture, said = panel.get_by_role("img"), panel.locator(".jq-outcome")

    def expect_position(position):
        expect(picture).to_have_attribute("aria-label", position["alt"])
        expect(said).to_have_text(position["words"].replace("\n", ""))

    expect_position(computed["start"])
    failures.fill("3")
    expect_position(computed["positions"]["failures"][3])
    expect(panel.locator(".jq-value").first).to_have_text("3")
    attempts.focus()
    page.keyboard.press("Home")
    expect_position(computed["positions"]["max_attempts"][0])
    expect(failures).to_have_js_property("value", "1")
    expect(attempts).to_have_attribute("aria-valuetext", "1")
    panel.get_by_role("button", name="Reset").click()
    expect_position(computed["start"])
    expect(panel.get_by_role("link", name="run this page")).to_have_attribute("href", "run-it.html")
    box = picture.locator("svg").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_a_panel_says_above_its_picture_which_control_a_move_has_set_back(visit):
    page = visit(width=390, height=844)
    panel = widget(page, "play")
    failures, attempts = panel.get_by_role("slider").all()
    note, said = panel.get_by_text("One control moves at a time here"), panel.get_by_role("status").first
    outcome = panel.locator(".jq-outcome")
    expect(outcome).not_to_be_empty()
    tops = [part.bounding_box()["y"] for part in (attempts, note, outcome, panel.get_by_role("img"))]
    assert tops == sorted(tops)
    expect(said).to_be_empty()
    failures.fill("3")
    expect(said).to_be_empty()
    attempts.fill("0")
    back = "“times it fails” is back at 1: here, one control moves at a time."
    expect(said).to_have_text(back)
    assert said.bounding_box()["y"] < note.bounding_box()["y"]
    attempts.fill("1")
    expect(said).to_have_text(back)
    assert note.bounding_box()["y"] - attempts.bounding_box()["y"] == pytest.approx(tops[1] - tops[0], abs=0.1)
    failures.fill("2")
    expect(said).to_contain_text("“max_attempts” is back at 3")
    panel.get_by_role("button", name="Reset").click()
    expect(said).to_be_empty()


def test_a_position_that_cannot_be_fetched_can_be_tried_again(visit):
    def break_down(page):
        page.route("**/*failures.json", lambda route: route.fulfill(status=204, body=""))

    page = visit(prepare=break_down)
    panel = widget(page, "play")
    panel.get_by_role("slider").first.fill("0")
    expect(panel.locator(".jq-outcome")).to_contain_text("could not be loaded")
    page.unroute("**/*failures.json")
    panel.get_by_role("button", name="Try again").click()
    expect(panel.locator(".jq-outcome")).to_contain_text("ended: completed at 1 s")


# --- live stages ---

HOUR = 3600  # seconds: no page is that old by the time its clock is stopped


def test_a_live_stage_runs_in_the_browser_and_says_that_it_is_a_copy(visit):
    page = visit(prepare=lambda page: page.clock.install(time=0))
    press = widget(page, "press")
    expect(press).to_contain_text("This is a copy in JavaScript")
    expect(press.locator(".jq-state")).to_have_text("The API is open.")
    page.clock.pause_at(HOUR)
    press.get_by_role("button", name="Send a request").click()
    page.clock.run_for(500)
    expect(press.locator(".jq-words")).to_contain_text("is being worked on in place/1")
    page.clock.run_for(600)
    expect(press.locator(".jq-state")).to_have_text("The last answer took 1.0 s.")
    page.clock.resume()
    expect(press.locator(".jq-detail")).to_have_text("answered: 1")

    live = widget(page, "live")
    order, start, stop = (live.get_by_role("button", name=name) for name in ("Order", "Start the worker", "Stop the"))
    for _ in range(3):
        order.click()
    expect(live.locator(".jq-detail")).to_have_text("queue: 3")
    start.click()
    expect(live.locator(".jq-detail")).to_have_text("queue: 1 · workers: 2")
    stop.click()
    expect(live.locator(".jq-state")).to_have_text("The worker has stopped.")
    expect(live.locator(".jq-detail")).to_have_text("queue: 1 · completed: 2")


# --- for everybody ---


def test_without_javascript_everything_can_be_read(visit):
    page = visit(java_script_enabled=False)
    expect(page.locator("#predict")).to_contain_text("When is the last of them served?")
    expect(page.locator("#predict li").nth(1)).to_have_text("At 3 s: 100 calls take it a second.")
    expect(page.locator("#replay img")).to_be_visible()
    expect(page.locator("#replay")).to_contain_text("Replay of")
    expect(page.locator("#play svg")).to_be_visible()
    reasons = page.locator("#last-client-reason")
    expect(reasons.get_by_text("Ten get through")).to_be_hidden()
    reasons.locator("summary").click()
    expect(reasons.get_by_text("Ten get through")).to_be_visible()
    expect(page.locator("button, input")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_widgets_shut_nobody_out_and_fit(visit, scheme):
    page = visit(width=360, height=780, color_scheme=scheme)
    for _, id in SHOWN:
        widget(page, id)
    card = widget(page, "predict")
    card.get_by_label("A ·").check()
    card.get_by_role("button", name="Commit").click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_an_exported_page_is_alive_from_a_file(visit, tmp_path):
    made = export(NOTEBOOKS / "02_job_queue.ipynb", tmp_path)
    page = visit(made.as_uri(), width=390, height=844)
    stage = Stage(page)
    stage.button("Next event").click()
    stage.expect_count(1)
    card = page.locator(".jq-card").last
    card.get_by_role("radio").first.check()
    card.get_by_role("button", name="Commit").click()
    expect(page.locator(".jq-reason").last).to_contain_text("You said: A")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert violations(page, "main") == []
