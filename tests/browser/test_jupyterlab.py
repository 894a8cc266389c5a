"""Every notebook in a real JupyterLab in a real browser, as a learner runs it."""

import json

import pytest

from .lab import NOTEBOOKS

pytestmark = pytest.mark.browser

NAMES = [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
ERRORS = (
    '[data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"],'
    ' .jp-RenderedText[data-mime-type*="error"], .jupyter-widgets-error'
)


def saved(name):
    return json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]


@pytest.fixture(scope="module", params=NAMES)
def notebook(lab, request):
    """A notebook of the course, opened and run from top to bottom once. Nothing may go wrong in the page."""
    page = lab.open(request.param)
    lab.run_all(page)
    page.saved = saved(request.param)
    yield page
    assert page.locator(ERRORS).count() == 0
    assert page.faults == []
    page.context.close()


def test_what_the_cells_put_out_is_seen(notebook):
    code = [cell for cell in notebook.saved if cell["cell_type"] == "code"]
    assert notebook.locator(".jp-Notebook .jp-CodeCell").count() == len(code)
    assert notebook.locator(ERRORS).count() == 0
    pictures = sum("image/png" in output.get("data", {}) for cell in code for output in cell["outputs"])
    shown = notebook.locator('.jp-RenderedImage img[src^="data:image/png"], .jq-timeline img')
    assert shown.count() == pictures
    for place in range(pictures):
        assert shown.nth(place).bounding_box()["width"] > 400
    for cell, box in zip(code, notebook.locator(".jp-Notebook .jp-CodeCell").all(), strict=True):
        printed = "".join("".join(o["text"]) for o in cell["outputs"] if o["output_type"] == "stream").strip()
        if printed and "nbval-ignore-output" not in cell["metadata"].get("tags", []):
            assert printed in box.locator(".jp-OutputArea").inner_text().replace("\xa0", " "), cell["id"]


def test_a_labs_slider_is_moved_and_the_picture_and_the_words_follow(notebook):
    if "_lab()" not in json.dumps(notebook.saved):
        pytest.skip("this page has no lab")
    picture = notebook.locator("img.widget-image")
    panel = notebook.locator(".widget-vbox", has=picture)
    words = panel.locator(":scope > .widget-html").last
    before = (picture.get_attribute("src"), words.inner_text())
    handle = panel.locator(".noUi-handle").first
    handle.focus()
    for _ in range(8):
        handle.press("ArrowLeft")
    notebook.wait_for_function("([img, src]) => img.src !== src", arg=[picture.element_handle(), before[0]])
    notebook.wait_for_timeout(1000)  # a press on Reset would overtake what the slider has still to say
    panel.get_by_role("button", name="Reset").click()
    notebook.wait_for_function("([box, text]) => box.innerText === text", arg=[words.element_handle(), before[1]])


def test_every_card_is_answered_with_the_reason_for_that_answer(notebook):
    buttons = notebook.get_by_role("button", name="Commit")
    assert 1 <= buttons.count() <= 3
    reasons = notebook.get_by_text("You have not committed to an answer yet.")
    assert reasons.count() == buttons.count()
    for number in range(buttons.count()):
        card = notebook.locator(".widget-vbox", has=notebook.get_by_role("button", name="Commit")).nth(number)
        letter = "ABC"[number % 3]
        choice = card.get_by_label(f"{letter} · ")
        said = choice.evaluate("input => input.closest('label').textContent.trim()")
        choice.check()
        buttons.nth(number).click()
        card.get_by_text(f"You said {letter}.").wait_for()
        reason = notebook.get_by_text(f"You said: {said}")
        reason.wait_for()
        why = reason.locator("..").inner_text()
        assert f"{letter} is right." in why or f"Not {letter}." in why
    assert reasons.count() == 0


def test_every_replay_plays_to_its_end(notebook):
    replays = notebook.locator(".jq-replay:not(:has(.jq-live))")
    assert replays.count() >= 1
    for replay in replays.all():
        events = int(replay.locator(".jq-clock").inner_text().split()[-1])
        fastest = replay.get_by_label("speed").locator("option").last.get_attribute("value")
        replay.get_by_label("speed").select_option(fastest)
        replay.get_by_role("button", name="Play").click()
        end = f"replay => Number(replay.dataset.count) === {events}"
        notebook.wait_for_function(end, arg=replay.element_handle(), timeout=20_000)
        replay.get_by_role("button", name="Play").wait_for()


def test_01_begins_with_a_button_that_hurts_and_ends_with_one_that_does_not(lab):
    page = lab.open("01_why_background_jobs")
    try:
        lab.run_all(page)
        slow, queued = page.locator(".jq-replay:has(.jq-live)").all()
        send = slow.get_by_role("button", name="Send a request")
        send.evaluate("button => { for (let i = 0; i < 12; i++) button.click() }")
        page.wait_for_function(
            "stage => stage.querySelector('.jq-detail').textContent.includes('gave up: ')",
            arg=slow.element_handle(),
            timeout=20_000,
        )
        words, back = slow.locator(".jq-words"), slow.get_by_role("button", name="Previous event")
        for _ in range(60):  # which request gives up depends on the pace of the machine
            if "is not answered (DoNotRetry: gave up after 3 s at the door)" in words.inner_text():
                break
            back.click()
        else:
            pytest.fail("nobody gave up")
        for _ in range(3):
            queued.get_by_role("button", name="Order a report").click()
        page.wait_for_function("stage => stage.dataset.count === '3'", arg=queued.element_handle())
        queued.get_by_role("button", name="Start the worker").click()
        page.wait_for_function("stage => stage.dataset.count === '9'", arg=queued.element_handle(), timeout=20_000)
        queued.get_by_role("button", name="Stop the worker").click()
        queued.get_by_text("The worker has stopped.").wait_for()
        assert page.locator(ERRORS).count() == 0
        assert page.faults == []
    finally:
        page.context.close()
