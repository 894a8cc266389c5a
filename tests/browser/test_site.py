"""The built web site in a real browser that can reach nothing else, as a visitor uses it.

Its Python is real; matplotlib is a stand-in that draws nothing (see distribution.py), so plots are not looked at.
"""

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.support.axe import violations
from tests.support.lab import new_context
from tests.support.page_objects import ERRORS, Exercise, expect_printed
from tools.paths import NOTEBOOKS

pytestmark = pytest.mark.browser


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def address(site):
    """Serve the site's files, and no more, on a free loopback port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def visit(browser, address):
    """Open the landing page. Requests to anybody else are refused, and are a fault of the site."""
    contexts, foreign = [], []

    def guard(route):
        if route.request.url.startswith(address):
            route.continue_()
        else:
            foreign.append(route.request.url)
            route.abort()

    def visit(width=1280, height=800):
        context = new_context(browser, viewport={"width": width, "height": height})
        contexts.append(context)
        context.route("**/*", guard)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(f"{address}/index.html")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert foreign == []


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)], ids=["laptop", "phone"])
def test_the_landing_page_fits_and_its_start_is_seen_at_once(visit, width, height):
    page = visit(width, height)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    start = page.get_by_role("link", name="Start", exact=True).bounding_box()
    assert start["y"] + start["height"] < height
    assert page.get_by_role("img").evaluate("image => image.naturalWidth") > 0
    assert page.faults == []


def test_the_landing_page_shuts_nobody_out(visit):
    assert violations(visit(1280, 800)) == []


def test_a_visitor_starts_and_python_runs_in_the_browser(visit):
    page = visit()
    page.get_by_role("link", name="1 · Why background jobs").click()
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    page.get_by_text("Python (Pyodide) | Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()
    page.get_by_text("0 of 1 solved").wait_for()  # what the last cell says
    expect(page.locator(ERRORS)).to_have_count(0)

    saved = json.loads((NOTEBOOKS / "01_why_background_jobs.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in saved if cell["cell_type"] == "code"]
    expect_printed(code, page.locator(".jp-Notebook .jp-CodeCell"))

    card = page.locator(".widget-vbox", has=page.get_by_role("button", name="Commit")).first
    card.get_by_label("B · ").check()
    card.get_by_role("button", name="Commit").click()
    card.get_by_text("You said B.").wait_for()

    replay = page.locator(".jq-replay:not(:has(.jq-live))").first
    events = replay.locator(".jq-clock").inner_text().split()[-1]
    replay.get_by_label("speed").select_option(index=replay.get_by_label("speed").locator("option").count() - 1)
    replay.get_by_role("button", name="Play").click()
    expect(replay).to_have_attribute("data-count", events)

    panel = page.locator(".widget-vbox", has=page.locator("img.widget-image"))
    words = panel.locator(":scope > .widget-html").last
    before = words.inner_text()
    assert before
    handle = panel.locator(".noUi-handle").first
    handle.focus()
    for _ in range(8):
        handle.press("ArrowLeft")
    expect(words).not_to_have_text(before)

    live = page.locator(".jq-replay:has(.jq-live)").last
    live.get_by_role("button", name="Order a report").click()
    live.get_by_role("button", name="Start the worker").click()
    expect(live).to_have_attribute("data-count", "3")

    exercise = Exercise(page, "check_handler")
    exercise.type("async def my_answer(request, to_do):", "while True: pass")
    expect(exercise.said).to_contain_text("my_answer does not end")
    expect(exercise.said).to_contain_text("at line 2: while True: pass")
    right = "return (to_do.append(request), 202)[1] if 'format' in request else 422"
    exercise.paste("async def my_answer(request, to_do):", right)
    expect(exercise.said).to_have_text("✓ Solved.")
    last = page.locator(".jp-Notebook .jp-CodeCell").last
    last.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.get_by_text("1 of 1 solved").wait_for()
    expect(page.locator(ERRORS)).to_have_count(0)
    assert page.faults == []
