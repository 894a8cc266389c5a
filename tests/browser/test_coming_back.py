"""A page that is left and opened again, as on the next morning: its kernel is gone, and its widgets with it."""

import shutil
import sys

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from tests.support.lab import CLOSE, OPEN, new_context, serving
from tests.support.page_objects import SETUP, Stage

pytestmark = pytest.mark.browser

PREDICT = "from jobqueue_lesson.labs.worker import predict\n\nguess = predict('crash')\nguess"
RECORD = """
sim = Simulation()
queue = JobQueue("tasks", clock=sim.time)
history = History(queue)
queue.enqueue("send-email", {"to": "alice@example.com"})
sim.run(Worker(queue, HANDLERS).drain())
"""
PANEL = "from jobqueue_lesson.labs.retries import retry_storm_lab\n\nretry_storm_lab()"
MIDDLE = "len(history.events)"
WAKE = "To wake it up: Run → Run All Above Selected Cell, then run this cell."
GONE = "model not found"


@pytest.fixture
def page_of_widgets(lab, tmp_path_factory):
    lab.write("widgets", PREDICT, SETUP + RECORD, "guess.reason()", "Replay(history)", PANEL, MIDDLE)
    kept = lab.server.folder / ".jobqueue_lesson_solved.json"
    kept.unlink(missing_ok=True)
    yield "widgets"
    kept.unlink(missing_ok=True)


def next_morning(page, name):
    """Save a page, shut its kernel down, close it, and open it again."""
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    page.evaluate(CLOSE)
    page.kernel.forget()
    page.faults.clear()
    page.evaluate(OPEN, f"{name}.ipynb")


def forgive(page):
    """Check that nothing went wrong in a page but what the front end of ipywidgets says of widgets that are gone."""
    assert all(GONE in fault for fault in page.faults), page.faults
    page.faults.clear()


def test_a_page_can_be_read_the_next_morning_and_is_woken_up(lab, page_of_widgets):
    with lab.open(page_of_widgets) as page:
        lab.run_all(page)
        page.get_by_label("B · ").check()
        page.get_by_role("button", name="Commit").click()
        page.get_by_text("You said B.").wait_for()
        page.kernel.settle()

        next_morning(page, page_of_widgets)
        asleep = page.locator(".jq-asleep")
        expect(asleep).to_have_count(4)
        for saved in asleep.all():
            expect(saved).to_contain_text(WAKE)
        expect(asleep.nth(0)).to_contain_text("B · ")
        expect(asleep.nth(1)).to_contain_text("You had not committed to an answer when this was saved.")
        expect(asleep.nth(1)).not_to_contain_text("✓")
        expect(asleep.nth(2)).to_contain_text("1 job, 3 events")
        assert "Timeline of 1 job" in asleep.nth(2).locator("img").get_attribute("alt")
        expect(asleep.nth(3)).to_contain_text("clients")
        expect(page.get_by_text(GONE)).to_have_count(0)
        expect(page.get_by_text("[A widget.")).to_have_count(0)
        forgive(page)

        middle = page.locator(".jp-Notebook .jp-CodeCell").last
        middle.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        expect(middle.locator(".jq-advice")).to_have_text(
            "“history” is made in a cell further up, which has not run since the kernel started. "
            "Choose Run → Run All Above Selected Cell, then run this cell again."
        )

        page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-above')")
        expect(page.get_by_text("You said B earlier.")).to_be_visible()
        expect(page.get_by_text("You said: B · ")).to_be_visible()
        Stage(page).expect_count(0)
        expect(asleep).to_have_count(0)
        page.keyboard.press("Control+Enter")
        expect(middle.locator(".jp-OutputArea-output")).to_have_text("3")

        page.get_by_role("button", name="Ask me again").click()
        expect(page.get_by_text("You have not committed to an answer yet.")).to_be_visible()
        expect(page.get_by_role("button", name="Commit")).to_be_disabled()
        forgive(page)


def test_what_is_made_further_down_and_what_nobody_makes_get_their_own_advice_or_none(lab):
    lab.write("order", "print(later)", "later = 1", "print(nowhere)")
    with lab.open("order") as page:
        cells = page.locator(".jp-Notebook .jp-CodeCell")
        for number, said in ((0, "“later” is made in a cell further down."), (2, None)):
            cells.nth(number).locator(".cm-content").click()
            page.keyboard.press("Control+Enter")
            cells.nth(number).get_by_text("NameError").first.wait_for()
            page.kernel.settle()
            advice = cells.nth(number).locator(".jq-advice")
            expect(advice).to_contain_text(said) if said else expect(advice).to_have_count(0)


def test_a_saved_page_can_be_read_where_nothing_runs(lab, browser, page_of_widgets):
    with lab.open(page_of_widgets) as page:
        lab.run_all(page)
        page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
        saved = nbformat.read(lab.server.folder / f"{page_of_widgets}.ipynb", as_version=4)
    html, _ = HTMLExporter().from_notebook_node(saved)
    context = new_context(browser, offline=True, java_script_enabled=False)
    try:
        reader = context.new_page()
        reader.set_content(html, wait_until="domcontentloaded")
        expect(reader.get_by_text("[A widget. To use it, run this cell.]")).to_have_count(2)
        expect(reader.get_by_text("C · ").first).to_be_visible()
        expect(reader.locator('.jp-OutputArea img[src^="data:image/png"]')).to_have_count(2)
    finally:
        context.close()


def test_keys_of_a_replay_go_to_it_once_it_has_been_clicked_and_it_says_so(lab):
    lab.write("keys", SETUP + RECORD, "Replay(history)")
    with lab.open("keys") as page:
        lab.run_all(page)
        stage = Stage(page)
        how = page.get_by_text("Click here, then ← and → step, Space plays")
        expect(how).to_be_visible()
        how.click()
        expect(how).to_be_hidden()
        page.keyboard.press("ArrowRight")
        stage.expect_count(1)
        page.keyboard.press("End")
        stage.expect_count(3)
        page.keyboard.press("ArrowLeft")
        stage.expect_count(2)
        page.locator(".jp-Notebook .jp-CodeCell").first.locator(".cm-content").click()
        expect(how).to_be_visible()
        page.locator(".jq-timeline").click()
        expect(how).to_be_hidden()
        page.keyboard.press("Home")
        stage.expect_count(0)


def test_notebook_shows_saved_widgets_and_explains_names_as_jupyterlab_does(lab, browser, page_of_widgets, tmp_path):
    with lab.open(page_of_widgets) as page:
        lab.run_all(page)
        page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    shutil.copytree(lab.server.folder.parent / "data", tmp_path / "data")  # with the signature: else only text is shown
    command = [sys.executable, "-m", "notebook", "--ip=127.0.0.1"]
    with serving(command, lab.server.folder, tmp_path) as server:
        context = new_context(browser)
        try:
            page = context.new_page()
            page.goto(f"{server.url}/notebooks/{page_of_widgets}.ipynb?token={server.token}")
            asleep = page.locator(".jq-asleep")
            expect(asleep.first).to_contain_text(WAKE)
            expect(page.get_by_text(GONE)).to_have_count(0)
            page.locator(".jp-Notebook .jp-CodeCell").last.locator(".cm-content").click()
            page.keyboard.press("Control+Enter")
            expect(page.locator(".jq-advice")).to_contain_text("“history” is made in a cell further up")
        finally:
            context.close()
