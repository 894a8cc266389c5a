"""Presenting live, as an instructor does it: a deck in JupyterLab, with widgets that work on the slides."""

import json

import nbformat
import pytest

from tools import present

from .lab import Lab, serving

pytestmark = pytest.mark.browser

SHOWN = ".jp-deck-mod-visible"


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("present")
    environment = present.prepare(folder / "present")
    work = folder / "present" / "notebooks"
    with serving(present.command(folder / "present"), work, folder, environment) as (url, token):
        yield Lab(url, token, work, browser)


def test_a_page_is_presented_with_widgets_that_work(lab, tmp_path):
    page = lab.open("03_worker", width=1280, height=720)
    lab.run_all(page)
    page.get_by_role("heading", name="3 · The worker").click()  # a deck begins at the cell that was clicked last
    page.get_by_role("button", name="Toggle Deck").or_(page.get_by_title("Toggle Deck")).first.click()
    title = page.locator(SHOWN, has=page.get_by_role("heading", name="3 · The worker"))
    title.wait_for()
    go_on = page.get_by_title("Go to next slide/fragment in Deck").or_(page.locator(".jp-deck-mod-direction-forward"))

    def until(found):
        for _ in range(120):
            if found.count() and found.first.is_visible():
                return
            go_on.first.click()
            page.wait_for_timeout(100)
        pytest.fail(f"no slide with {found}")

    card = page.locator(SHOWN).get_by_role("button", name="Commit")
    until(card)
    page.locator(SHOWN).get_by_label("B · ").check()
    card.first.click()
    page.locator(SHOWN).get_by_text("You said B.").wait_for()
    assert page.locator(SHOWN).locator("p").first.evaluate("p => parseFloat(getComputedStyle(p).fontSize)") >= 20
    page.screenshot(path=tmp_path / "card.png")

    play = page.locator(SHOWN).get_by_role("button", name="Play")
    until(play)
    stage = page.locator(f"{SHOWN} .jq-replay").first
    assert stage.bounding_box()["width"] > 800
    before = stage.get_attribute("data-count")
    play.first.click()
    page.wait_for_function("([s, n]) => s.dataset.count !== n", arg=[stage.element_handle(), before])
    page.screenshot(path=tmp_path / "replay.png")

    slider = page.locator(SHOWN).locator(".noUi-handle")
    until(slider)
    picture = page.locator(SHOWN).locator("img.widget-image")
    src = picture.get_attribute("src")
    slider.first.press("ArrowLeft")
    page.wait_for_function("([img, src]) => img.src !== src", arg=[picture.element_handle(), src])
    page.screenshot(path=tmp_path / "lab.png")
    assert page.faults == []
    page.context.close()


@pytest.mark.parametrize("path", sorted((present.ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_what_is_presented_runs_and_leaves_no_blank_slide(path):
    master = json.loads(path.read_text(encoding="utf-8"))
    copy = nbformat.from_dict(present.for_a_deck(master))
    nbformat.validate(copy)
    kinds = [cell.metadata.get("slideshow", {}).get("slide_type", "-") for cell in copy.cells]
    imports = [cell["id"] for cell in master["cells"] if cell["id"].startswith("imports")]
    assert len(imports) >= 1
    assert set(kinds[len(imports) :]) <= {"-", "slide", "fragment"}
    assert [cell.id for cell in copy.cells[: len(imports)]] == imports
    assert kinds[len(imports)] == "slide"
