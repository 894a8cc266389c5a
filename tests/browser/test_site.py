"""The built web site in a real browser that can reach nothing else, as a visitor uses it.

Its Python is real; matplotlib is a stand-in that draws nothing (see distribution.py), so plots are not looked at.
"""

import json
import os
from typing import ClassVar
from zipfile import ZipFile

import pytest
from playwright.sync_api import expect

from tests.support.lab import new_context
from tests.support.page_objects import ERRORS, Exercise, expect_printed
from tests.support.serving import Quiet, served
from tools.paths import NOTEBOOKS
from tools.website.lite import OURS, STAMP

pytestmark = pytest.mark.browser

FIRST = "00_start_here.ipynb"


class Counting(Quiet):
    """Serves files, and notes how many bytes each has."""

    sent: ClassVar = {}

    def log_request(self, code="-", size="-"):
        place = self.translate_path(self.path)
        self.sent[place] = os.path.getsize(place) if os.path.isfile(place) else 0


@pytest.fixture(scope="module")
def address(site):
    with served(site, Counting) as address:
        yield address


@pytest.fixture
def visit(browser, address):
    """Open the site. Requests to anybody else are refused, and are a fault of the site."""
    contexts, foreign = [], []

    def guard(route):
        if route.request.url.startswith(address):
            route.fallback()
        else:
            foreign.append(route.request.url)
            route.abort()

    def visit(place, width=1280, height=800, python=True):
        context = new_context(browser, viewport={"width": width, "height": height})
        contexts.append(context)
        if not python:  # it never starts: that takes seconds of a processor
            waits = {"body": "await new Promise(() => {})", "content_type": "text/javascript"}
            context.route("**/pyodide.mjs", lambda route: route.fulfill(**waits))
        context.route("**/*", guard)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(f"{address}/{place}")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert foreign == []


def shown(page):
    """Wait until JupyterLab shows a page; return its cells."""
    cells = page.locator(".jp-Notebook:visible .jp-Cell")
    cells.first.wait_for()
    return cells


def test_a_page_keeps_its_address_when_it_is_reloaded_and_back_leaves_it(visit, address):
    page = visit("glossary.html", 390, 844, python=False)
    page.goto(f"{address}/lab/index.html?path={FIRST}")  # where JupyterLab once was
    shown(page)
    assert page.url == f"{address}/lite/lab/index.html?path={FIRST}"
    expect(page.locator(".jp-FileBrowser")).to_be_hidden()  # it would leave a phone no room for the page
    page.reload()
    expect(shown(page).first).to_contain_text("0 · Start here")
    page.get_by_role("link", name="1 · Why background jobs").first.click()
    expect(shown(page).first).to_contain_text("1 · Why background jobs")
    expect(page).to_have_url(f"{address}/lite/lab/index.html?path=01_why_background_jobs.ipynb")
    page.go_back()
    expect(page).to_have_url(f"{address}/glossary.html")
    assert page.faults == []


def test_a_page_of_the_book_is_run_where_it_says_and_links_from_there_lead_back_into_the_book(visit, address):
    page = visit("00_start_here.html", 390, 844, python=False)
    page.get_by_role("link", name="Run this page").first.click()
    expect(shown(page).first).to_contain_text("0 · Start here")
    assert page.url == f"{address}/lite/lab/index.html?path={FIRST}"
    with page.context.expect_page() as opened:
        page.locator(".jp-Notebook").get_by_role("link", name="glossary").click()
    glossary = opened.value
    glossary.locator("article").get_by_role("link", name="Retries").first.click()
    expect(glossary.get_by_role("heading", level=1)).to_contain_text("4 · Retries")
    assert page.faults == []


def test_what_one_has_done_is_downloaded_and_a_newer_page_does_not_replace_it(visit, address, site, tmp_path):
    page = visit(f"lite/lab/index.html?path={FIRST}", python=False)
    cells = shown(page)
    link = page.locator(".jp-Notebook").get_by_role("link", name="glossary")
    expect(link).to_have_attribute("href", f"{address}/glossary.html")
    expect(link).to_have_attribute("target", "_blank")

    download = page.get_by_role("button", name="Download my work")
    download.click()
    expect(page.get_by_text("There is nothing to download yet")).to_be_visible()
    code = page.locator(".jp-Notebook .jp-CodeCell").first
    code.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("# mine\n")
    with page.expect_download() as downloaded:
        download.click()
    downloaded.value.save_as(tmp_path / "work.zip")
    with ZipFile(tmp_path / "work.zip") as work:
        assert work.testzip() is None
        assert work.namelist() == [FIRST]
        sources = ["".join(cell["source"]) for cell in json.loads(work.read(FIRST))["cells"]]
    assert sum(source.startswith("# mine\n") for source in sources) == 1

    newer = json.loads((site / "lite" / "files" / FIRST).read_bytes())
    newer["cells"][0]["source"] = "# 0 · Start somewhere else"
    newer["metadata"][STAMP]["edition"] = "11111111"
    page.context.route(f"**/files/{FIRST}", lambda route: route.fulfill(json=newer))
    page.reload()
    expect(shown(page).first).to_contain_text("0 · Start here")
    page.get_by_role("button", name="Open the new page").click()
    expect(cells.first).to_contain_text("0 · Start somewhere else")
    page.get_by_text("Your page is in the list of files, as 00_start_here-mine.ipynb.").wait_for()
    page.locator(".jp-DirListing-item", has_text="00_start_here-mine.ipynb").dblclick()
    expect(shown(page).filter(has_text="# mine")).to_have_count(1)
    assert page.faults == []


def test_a_visitor_starts_and_python_runs_in_the_browser(visit, site):
    Counting.sent.clear()
    page = visit("lite/lab/index.html?path=01_why_background_jobs.ipynb")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    expect(page.get_by_text("Python is starting in your browser.")).to_be_visible()
    page.get_by_text("Python (Pyodide) | Idle").wait_for()
    expect(page.get_by_text("Python is ready.")).to_be_visible()
    said = json.loads((site / "lite" / "jupyter-lite.json").read_bytes())["jupyter-config-data"][OURS]["megabytes"]
    assert sum(Counting.sent.values()) / 1e6 == pytest.approx(said, rel=0.05), "tools/website/lite.py: APP"
    expect(page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)  # a page that is only read is not changed
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
