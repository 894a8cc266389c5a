"""The first start, as `make lab` makes it: one's own copies, and nothing between the learner and the page."""

import sys

import pytest
from playwright.sync_api import expect

from tests.support.lab import new_context, serving

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def started(browser, tmp_path_factory):
    """JupyterLab as `open` starts it, for somebody who has never used it, and its first page."""
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "jobqueue_lesson", "open", "my-course", "--"]
    with serving(command, home, home, {"HOME": str(home)}) as server:
        context = new_context(browser, viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.goto(f"{server.url}/lab/tree/00_start_here.ipynb?token={server.token}")
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(state="attached")
        yield page, server, home / "my-course"
        context.close()


def test_the_page_is_what_one_sees_first(started):
    page, _, _ = started
    expect(page.get_by_role("heading", name="0 · Start here")).to_be_in_viewport()
    expect(page.locator("#jp-left-stack")).to_be_hidden()
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    expect(page.locator(".Toastify__toast")).to_have_count(0)
    wide = "element => element.getBoundingClientRect().width / innerWidth"
    assert page.locator(".jp-NotebookPanel").evaluate(wide) > 0.9


def test_nothing_is_answered_before_it_is_run(started):
    page, _, folder = started
    expect(page.locator(".jp-OutputArea-output")).to_have_count(0)
    assert (folder / "results" / "00_start_here.ipynb").is_file()


def test_the_names_of_the_pages_can_be_read_in_the_list_of_files(started):
    page, _, _ = started
    page.keyboard.press("Control+Shift+F")
    longest = page.locator(".jp-DirListing-itemText", has_text="01_why_background_jobs.ipynb")
    expect(longest).to_be_visible()
    assert longest.evaluate("element => element.scrollWidth <= element.clientWidth")


def test_the_results_are_one_click_away(started):
    page, _, _ = started
    page.get_by_role("link", name="This page with all its results").click()
    results = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    expect(results.locator(".jp-OutputArea-output").first).to_be_visible()
