"""Presenting live, as an instructor does it: a deck in JupyterLab, with widgets that work on the slides."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.installed import need
from tests.support.lab import Lab, serving
from tools import present
from tools.paths import DECK

pytestmark = pytest.mark.browser

SHOWN = ".jp-deck-mod-visible"


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    need(DECK, "deck")
    folder = tmp_path_factory.mktemp("present")
    environment = present.prepare(folder / "present")
    work = folder / "present" / "notebooks"
    with serving(present.command(folder / "present"), work, folder, environment) as server:
        yield Lab(server, browser)


def test_a_page_is_presented_with_keys_and_with_widgets_that_work(lab, tmp_path):
    with lab.open("03_worker", width=1280, height=720) as page:
        present_a_page(lab, page, tmp_path)


def present_a_page(lab, page, pictures):
    page.get_by_role("heading", name="3 · The worker").click()  # a deck begins at the cell that was clicked last
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Above Selected Cell").click()
    page.kernel.settle()
    page.get_by_role("button", name="Toggle Deck").or_(page.get_by_title("Toggle Deck")).first.click()
    page.locator(SHOWN, has=page.get_by_role("heading", name="3 · The worker")).wait_for()
    expect(page.locator(".jp-OutputArea-output")).to_have_count(0)  # no answer before its question
    cell = page.locator(f"{SHOWN}.jp-mod-active")
    gone_by = []

    def go(key):
        """Press a key, and wait until another cell is the active one."""
        before = cell.element_handle()
        page.keyboard.press(key)
        page.wait_for_function(
            "([before, selector]) => ![before, null].includes(document.querySelector(selector))",
            arg=[before, f"{SHOWN}.jp-mod-active"],
        )

    def go_on_to(found, key):
        """Go on from cell to cell, and run each, until something is there."""
        for _ in range(60):
            go(key)
            gone_by.append(cell.text_content())
            if "jp-CodeCell" in cell.get_attribute("class"):
                page.keyboard.press("Control+Enter")
                cell.locator(".jp-InputPrompt", has_text=re.compile(r"\d")).wait_for(state="attached")
                page.kernel.settle()
            if found.count():
                return
        pytest.fail(f"no slide with {found}")

    card = cell.get_by_role("button", name="Commit")
    go_on_to(card, "ArrowRight")
    cell.get_by_label("B · ").check()
    card.click()
    cell.get_by_text("You said B.").wait_for()
    readable = "() => parseFloat(getComputedStyle(document.querySelector('.jp-deck-mod-visible p')).fontSize) >= 20"
    page.wait_for_function(readable)
    page.screenshot(path=pictures / "card.png")

    play = cell.get_by_role("button", name="Play")
    go_on_to(play, "PageDown")  # the key of a clicker
    assert "One bad job stopped the worker" in "".join(gone_by)  # no slide was passed over
    stage = cell.locator(".jq-replay")
    page.wait_for_function("stage => stage.getBoundingClientRect().width > 800", arg=stage.element_handle())
    before = stage.get_attribute("data-count")
    play.click()
    expect(stage).not_to_have_attribute("data-count", before)
    page.screenshot(path=pictures / "replay.png")

    page.mouse.click(1230, 300)  # beside the slide: a widget keeps the keys
    slider = cell.locator(".noUi-handle")
    go_on_to(slider, "ArrowRight")
    picture = cell.locator("img.widget-image")
    expect(picture).to_have_attribute("src", re.compile("."))
    src = picture.get_attribute("src")
    slider.first.press("ArrowLeft")
    expect(picture).not_to_have_attribute("src", src)
    page.screenshot(path=pictures / "lab.png")

    page.mouse.click(1230, 300)
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".jp-mod-active .noUi-handle")).to_have_count(0)
