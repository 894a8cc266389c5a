"""The built web site in a real browser that can reach nothing else, as a visitor uses it.

Its Python is real; matplotlib is a stand-in that draws nothing (see distribution.py), so plots are not looked at.
"""

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from .axe import violations
from .lab import NOTEBOOKS
from .test_exercises import Exercise
from .test_jupyterlab import ERRORS

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
        context = browser.new_context(viewport={"width": width, "height": height})
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
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.get_by_text("Python (Pyodide) | Idle").wait_for(timeout=120_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()
    page.get_by_text("0 of 2 solved").wait_for(timeout=90_000)  # what the last cell says
    assert page.locator(ERRORS).count() == 0

    saved = json.loads((NOTEBOOKS / "01_why_background_jobs.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in saved if cell["cell_type"] == "code"]
    for cell, box in zip(code, page.locator(".jp-Notebook .jp-CodeCell").all(), strict=True):
        printed = "".join("".join(o["text"]) for o in cell["outputs"] if o["output_type"] == "stream").strip()
        if printed:
            assert printed in box.locator(".jp-OutputArea").inner_text().replace("\xa0", " "), cell["id"]

    card = page.locator(".widget-vbox", has=page.get_by_role("button", name="Commit")).first
    card.get_by_label("B · ").check()
    card.get_by_role("button", name="Commit").click()
    card.get_by_text("You said B.").wait_for()

    replay = page.locator(".jq-replay:not(:has(.jq-live))").first
    events = int(replay.locator(".jq-clock").inner_text().split()[-1])
    replay.get_by_label("speed").select_option(index=replay.get_by_label("speed").locator("option").count() - 1)
    replay.get_by_role("button", name="Play").click()
    done = f"replay => Number(replay.dataset.count) === {events}"
    page.wait_for_function(done, arg=replay.element_handle(), timeout=20_000)

    panel = page.locator(".widget-vbox", has=page.locator("img.widget-image"))
    words = panel.locator(":scope > .widget-html").last
    before = words.inner_text()
    handle = panel.locator(".noUi-handle").first
    handle.focus()
    for _ in range(8):
        handle.press("ArrowLeft")
    page.wait_for_function("([box, text]) => box.innerText !== text", arg=[words.element_handle(), before])

    live = page.locator(".jq-replay:has(.jq-live)").last
    live.get_by_role("button", name="Order a report").click()
    live.get_by_role("button", name="Start the worker").click()
    page.wait_for_function("stage => stage.dataset.count === '3'", arg=live.element_handle(), timeout=20_000)

    said = Exercise(page, "check_handler").type("async def my_answer(request, to_do):", "while True: pass")
    assert "my_answer does not end" in said
    assert "at line 2: while True: pass" in said
    exercise = Exercise(page, "check_places")
    assert exercise.type("my_answer = 10") == "✓ Solved."
    last = page.locator(".jp-Notebook .jp-CodeCell").last
    last.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.get_by_text("1 of 2 solved").wait_for()
    assert page.locator(ERRORS).count() == 0
    assert page.faults == []
