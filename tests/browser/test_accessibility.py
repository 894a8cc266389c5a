"""What people meet who do not see the pictures, or use no mouse: exported pages, and widgets in a real JupyterLab."""

import re

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from jobqueue_lesson.show.describe import describe
from jobqueue_lesson.show.timeline import plot_timeline
from tests.support.axe import violations
from tests.support.lab import new_context
from tools.paths import NOTEBOOKS

pytestmark = pytest.mark.browser

# nbconvert's page as it is, with the alternative texts that it leaves out, and without what it loads from elsewhere.
PAGE = """{%- extends 'lab/index.html.j2' -%}
{%- block data_png scoped -%}
{%- set alt = output | get_metadata('alt', 'image/png') -%}
{{ super() | replace('<img ', '<img alt="' ~ (alt | escape_html) ~ '" ', 1) if alt else super() }}
{%- endblock data_png -%}
{%- block html_head_js %}{% endblock -%}
{%- block html_head_js_mathjax %}{% endblock -%}
{%- block html_head_js_mermaidjs %}{% endblock -%}
"""
OF_THE_TEMPLATE = {
    ("color-contrast", ".jp-InputPrompt, .jp-OutputPrompt"): "nbconvert's grey for In [1]: the number says nothing new",
    ("color-contrast", ".highlight span"): "nbconvert's colours of code; a notebook in JupyterLab has others",
    ("link-in-text-block", ".jp-RenderedMarkdown a"): "nbconvert's stylesheet takes the underline from links",
}


@pytest.fixture(scope="module")
def offline(browser):
    """A page in which nothing is loaded from anywhere."""
    context = new_context(browser, offline=True)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_an_exported_page_shuts_nobody_out(offline, path):
    html, _ = HTMLExporter(raw_template=PAGE).from_notebook_node(nbformat.read(path, as_version=4))
    offline.set_content(html, wait_until="domcontentloaded")
    pictures = offline.locator(".jp-OutputArea img").evaluate_all("found => found.map(picture => picture.alt)")
    assert "No description has been provided for this image" not in pictures
    assert violations(offline, excused=OF_THE_TEMPLATE) == []


SETUP = """
import matplotlib.pyplot as plt

from jobqueue_lesson import History, JobQueue, Simulation, Worker, plot_timeline
from jobqueue_lesson.exercises import course_map
from jobqueue_lesson.exercises.start_here import check_next
from jobqueue_lesson.handlers import HANDLERS
from jobqueue_lesson.labs.retries import retry_storm_lab
from jobqueue_lesson.labs.worker import predict
from jobqueue_lesson.show.progress import ProgressBars
from jobqueue_lesson.show.replay import Replay, live
from jobqueue_lesson.show.style import use_course_style

use_course_style()


def recorded():
    sim = Simulation()
    queue = JobQueue("tasks", clock=sim.time)
    history = History(queue)
    queue.enqueue("send-email", {"to": "alice@example.com"})
    queue.enqueue("resize-image", {"size": "thumbnail"})
    sim.run(Worker(queue, HANDLERS).drain())
    return history
"""
PLOT = "history = recorded()\nplot_timeline(history)\nplt.show()"
LIVE = """
stand = JobQueue("live")
live(stand, {"Send": lambda: stand.enqueue("send-email", {"to": "bob@example.com"})}, Worker(stand, HANDLERS))
"""
CARD = 'card = predict("two-workers")\ncard'
CELLS = [SETUP, PLOT, "Replay(history)", CARD, "card.reason()", "retry_storm_lab()", LIVE]
CELLS += ["ProgressBars(stand)", "check_next(lambda waiting: waiting[-1])", "course_map()"]


@pytest.fixture(scope="module")
def page(lab):
    """A page with all that the course shows, run."""
    lab.write("accessible", *CELLS)
    with lab.open("accessible") as page:
        lab.run_all(page)
        expect(page.locator(".jq-panel img")).to_have_attribute("alt", re.compile("."))
        yield page


def test_every_picture_in_jupyterlab_says_what_it_shows(page):
    names = {}
    exec(SETUP.replace("use_course_style()", ""), names)
    timeline = describe(plot_timeline(names["recorded"]()).figure)
    assert timeline.startswith("Timeline of 2 jobs, a row for each, over 30 ms. At the end: 2 completed.")
    calls = re.compile("^Calls in 0.1 s by time in s: “all it can take”, a line at 10, across;")
    pictures = page.locator(".jp-OutputArea img")
    expect(pictures).to_have_count(2)
    for place, words in enumerate((timeline, calls)):
        expect(pictures.nth(place)).to_have_attribute("alt", words)
    expect(page.locator(".jq-timeline").get_by_role("img")).to_have_attribute("aria-label", timeline)


def test_no_widget_shuts_anybody_out(page):
    assert violations(page, ".jp-Notebook .jp-OutputArea") == []


CONTROLS = """
    () => [...document.querySelectorAll('.jp-OutputArea *')].filter((e) => e.checkVisibility() &&
        e.matches('button:enabled, select:enabled, input:enabled, a[href], summary, [tabindex="0"]'))
"""


class Keyboard:
    """A person who has no mouse."""

    def __init__(self, page):
        self.page = page

    def begin(self):
        """Select the first cell, as the arrow keys do; from there on the outputs are reached by Tab."""
        self.page.locator(".jp-Notebook .cm-content").first.focus()
        self.page.keyboard.press("Escape")

    def tab(self):
        """Press Tab, and wait until the focus has moved."""
        before = self.page.evaluate_handle("() => document.activeElement")
        self.page.keyboard.press("Tab")
        self.page.wait_for_function("before => document.activeElement !== before", arg=before)

    def tab_to(self, selector, name=""):
        """Press Tab until something has the focus that the selector matches; return it."""
        for _ in range(60):
            self.tab()
            focused = self.page.evaluate_handle("() => document.activeElement").as_element()
            if focused.evaluate(
                "(e, [selector, name]) => e.matches(selector) && (e.ariaLabel ?? e.textContent).includes(name)",
                [selector, name],
            ):
                return focused
        raise AssertionError(f"Tab does not lead to {selector} {name}")

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)


@pytest.fixture
def keyboard(page):
    keyboard = Keyboard(page)
    keyboard.begin()
    return keyboard


def test_tab_reaches_every_control_in_order_and_shows_where_it_is(page, keyboard):
    page.evaluate(f"() => {{ window.controls = ({CONTROLS})(); }}")
    reached = []
    for _ in range(page.evaluate("controls.length") + 5):
        keyboard.tab()
        place, ring = page.evaluate(
            """() => {
                const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
                return [controls.indexOf(document.activeElement), outlineStyle !== 'none' && parseFloat(outlineWidth)];
            }"""
        )
        if place >= 0:
            assert ring, page.evaluate("document.activeElement.outerHTML")
            reached.append(place)
    assert len(reached) > 30
    assert reached == list(range(page.evaluate("controls.length")))


def test_a_replay_is_played_stepped_and_scrubbed_from_the_keyboard(page, keyboard):
    root = page.locator(".jq-replay").first
    keyboard.tab_to(".jq-replay button", "Last event")
    keyboard.press("Enter")
    expect(root).to_have_attribute("data-count", "6")
    speed = keyboard.tab_to("select", "speed")
    before = speed.evaluate("menu => menu.value")
    keyboard.press("ArrowDown")
    page.wait_for_function("([menu, before]) => menu.value !== before", arg=[speed, before])
    follow = keyboard.tab_to("select", "job to follow")
    keyboard.press("ArrowDown")
    page.wait_for_function("menu => menu.selectedOptions[0].textContent === '#1 send-email'", arg=follow)
    keyboard.tab_to("canvas.jq-stage")
    keyboard.press("Home", "ArrowRight", "ArrowRight")
    expect(root).to_have_attribute("data-count", "2")
    keyboard.tab_to(".jq-replay input[type=range]")
    keyboard.press("End")
    expect(root).to_have_attribute("data-count", "6")
    keyboard.press("Home")
    expect(root).to_have_attribute("data-count", "0")
    keyboard.press(" ")
    expect(root).to_have_attribute("data-count", "6")


def test_a_card_is_answered_from_the_keyboard(page, keyboard):
    keyboard.tab_to(".widget-radio-box input")
    choice = keyboard.tab_to(".widget-radio-box input")
    keyboard.press("j")  # with which JupyterLab would go to the next cell
    assert choice.evaluate("choice => choice === document.activeElement")
    keyboard.press(" ")
    expect(page.get_by_role("button", name="Commit")).to_be_enabled()
    keyboard.tab_to("button", "Commit")
    keyboard.press("Enter")
    page.get_by_text("You said B.").wait_for()
    page.get_by_text("You said: B").wait_for()


def test_a_labs_controls_are_moved_from_the_keyboard(page, keyboard):
    picture = page.locator("img.widget-image")
    words = page.locator(".widget-vbox", has=picture).locator(":scope > .widget-html").last
    before, said = picture.get_attribute("src"), words.inner_text()
    assert before
    assert said
    keyboard.tab_to(".noUi-handle", "base (s)")
    keyboard.press(*["ArrowRight"] * 8)
    expect(picture).not_to_have_attribute("src", before)
    page.kernel.settle()  # a press on Reset would overtake what the slider has still to say
    keyboard.tab_to("button", "Reset")
    keyboard.press("Enter")
    expect(words).to_have_text(said, use_inner_text=True)


def test_a_live_stage_is_used_from_the_keyboard(page, keyboard):
    stage = page.locator(".jq-replay:has(.jq-live)")
    keyboard.tab_to("button", "Send")
    keyboard.press("Enter")
    expect(stage).to_have_attribute("data-count", "1")
    keyboard.tab_to("button", "Start the worker")
    keyboard.press("Enter")
    expect(stage).to_have_attribute("data-count", "3")
    expect(page.get_by_role("button", name="Stop the worker")).to_be_enabled()
    keyboard.begin()
    keyboard.tab_to("button", "Stop the worker")
    keyboard.press(" ")
    page.get_by_text("The worker has stopped.").wait_for()
