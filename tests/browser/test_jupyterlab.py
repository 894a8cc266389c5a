"""Every notebook in a real JupyterLab in a real browser, as a learner runs it."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.support.lab import frames
from tests.support.page_objects import ERRORS, expect_printed
from tools.paths import NOTEBOOKS

pytestmark = pytest.mark.browser

NAMES = [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))]


def saved(name):
    return json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]


@pytest.fixture(scope="module", params=NAMES)
def notebook(lab, request):
    """A notebook of the course, opened and run from top to bottom once. Nothing may go wrong in the page."""
    with lab.open(request.param) as page:
        lab.run_all(page)
        page.saved = saved(request.param)
        yield page
        expect(page.locator(ERRORS)).to_have_count(0)


def test_what_the_cells_put_out_is_seen(notebook):
    code = [cell for cell in notebook.saved if cell["cell_type"] == "code"]
    expect_printed(code, notebook.locator(".jp-Notebook .jp-CodeCell"))
    pictures = sum("image/png" in output.get("data", {}) for cell in code for output in cell["outputs"])
    shown = notebook.locator(
        '.jp-RenderedImage img[src^="data:image/"], .jq-timeline svg[role="img"], .jq-panel img.widget-image'
    )
    expect(shown).to_have_count(pictures)
    for picture in shown.all():
        wide = "picture => picture.getBoundingClientRect().width > 400"
        notebook.wait_for_function(wide, arg=picture.element_handle())
    expect(notebook.locator(ERRORS)).to_have_count(0)


def test_a_labs_slider_is_moved_and_the_picture_and_the_words_follow(notebook):
    if "_lab()" not in json.dumps(notebook.saved):
        pytest.skip("this page has no lab")
    picture = notebook.locator("img.widget-image")
    panel = notebook.locator(".widget-vbox", has=picture)
    words = panel.locator(":scope > .widget-html").last
    before, said = picture.get_attribute("src"), words.inner_text()
    assert before
    assert said
    handle = panel.locator(".noUi-handle").first
    handle.focus()
    for _ in range(8):
        handle.press("ArrowLeft")
    expect(picture).not_to_have_attribute("src", before)
    notebook.kernel.settle()  # a press on Reset would overtake what the slider has still to say
    panel.get_by_role("button", name="Reset").click()
    expect(words).to_have_text(said, use_inner_text=True)


def test_every_card_is_answered_with_the_reason_for_that_answer(notebook):
    buttons = notebook.get_by_role("button", name="Commit")
    expect(buttons.first).to_be_visible()
    about_earlier_pages = json.dumps(notebook.saved).count('"remember(')
    assert 1 <= buttons.count() - about_earlier_pages <= 3
    reasons = notebook.get_by_text("You have not committed to an answer yet.")
    expect(reasons).to_have_count(buttons.count() - about_earlier_pages)
    for number in range(buttons.count()):
        card = notebook.locator(".widget-vbox", has=notebook.get_by_role("button", name="Commit")).nth(number)
        letter = "ABC"[number % 3]
        choice = card.get_by_label(f"{letter} · ")
        said = choice.evaluate("input => input.closest('label').textContent.trim()")
        choice.check()
        buttons.nth(number).click()
        card.get_by_text(f"You said {letter}.").wait_for()  # on one about an earlier page, the reason stands there too
        reason = notebook.get_by_text(f"You said: {said}")
        reason.wait_for()
        expect(reason.locator("..")).to_have_text(re.compile(rf"{letter} is right\.|Not {letter}\."))
    expect(reasons).to_have_count(0)


def test_every_replay_plays_to_its_end(notebook):
    if "Replay(" not in json.dumps(notebook.saved):
        pytest.skip("this page has no replay")
    replays = notebook.locator(".jq-replay:not(:has(.jq-live))")
    expect(replays.first).to_be_visible()
    for replay in replays.all():
        events = replay.locator(".jq-clock").inner_text().split()[-1]
        fastest = replay.get_by_label("speed").locator("option").last.get_attribute("value")
        replay.get_by_label("speed").select_option(fastest)
        replay.get_by_role("button", name="Play").click()
        expect(replay).to_have_attribute("data-count", events)
        replay.get_by_role("button", name="Play").wait_for()


def test_a_panel_that_is_changed_and_reset_leaves_the_output_of_other_cells_alone(lab):
    """JupyterLab has the button handled in another thread than the slider that it moves back."""
    panel = "from jobqueue_lesson.labs.progress import reporting_lab\n\nreporting_lab()"
    lab.write("reset", panel, "print('still here')")
    with lab.open("reset") as page:
        lab.run_all(page)
        limit = page.locator(".widget-readout").first
        cell = page.locator(".jp-CodeCell").last
        for _ in range(3):
            before = limit.inner_text()
            limit.click()
            page.keyboard.press("Control+A")
            page.keyboard.type("1")
            page.keyboard.press("Enter")
            expect(limit).not_to_have_text(before)
            page.get_by_role("button", name="Reset").click()
            expect(limit).to_have_text(before)
            page.kernel.settle()
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        page.kernel.settle()
        expect(cell.locator(".jp-OutputArea-output")).to_have_text("still here")


def test_01_begins_with_a_button_that_hurts_and_ends_with_one_that_does_not(lab):
    with lab.open("01_why_background_jobs") as page:
        lab.run_all(page)
        stages = page.locator(".jq-replay:has(.jq-live)")
        expect(stages).to_have_count(2)
        slow, queued = stages.all()
        expect(slow.locator(".jq-detail")).to_be_empty()
        slow.get_by_role("button", name="Next event").click()  # there is none yet, so it goes on following
        send = slow.get_by_role("button", name="Send a request")
        send.evaluate("button => { for (let i = 0; i < 12; i++) button.click() }")
        expect(slow.locator(".jq-detail")).to_contain_text("gave up: ")
        words, back = slow.locator(".jq-words"), slow.get_by_role("button", name="Previous event")
        for _ in range(60):  # which request gives up depends on the pace of the machine
            if "is not answered (GaveUp: after 3 s at the door)" in words.inner_text():
                break
            back.click()
            frames(page)
        else:
            pytest.fail("nobody gave up")
        for _ in range(3):
            queued.get_by_role("button", name="Order a report").click()
        expect(queued).to_have_attribute("data-count", "3")
        queued.get_by_role("button", name="Start the worker").click()
        expect(queued).to_have_attribute("data-count", "9")
        queued.get_by_role("button", name="Stop the worker").click()
        queued.get_by_text("The worker has stopped.").wait_for()
        expect(page.locator(ERRORS)).to_have_count(0)
