"""Progress as a learner sees it: a bar that moves while a cell runs, and the replay of a job that reported."""

import asyncio
import inspect
import textwrap

import pytest

from jobqueue_lesson.progress import current_job

from .test_replay import SETUP, Stage

pytestmark = pytest.mark.browser


async def four_pages(data):
    for page in range(1, 5):
        await asyncio.sleep(1)
        current_job().progress(page / 4, f"page {page} of 4")


RECORD = """
from jobqueue_lesson.progress import current_job
from jobqueue_lesson.show.progress import ProgressBars

sim = Simulation()
queue = JobQueue("reports", clock=sim.time)
history = History(queue)
queue.enqueue("big-report")
sim.run(Worker(queue, {"big-report": four_pages}).drain())
"""
LIVE = """
live_queue = JobQueue("live")
live_queue.enqueue("big-report")
ProgressBars(live_queue)
"""


def test_a_bar_moves_while_a_cell_runs_and_the_replay_draws_it(lab):
    handler = textwrap.dedent(inspect.getsource(four_pages))
    work = 'await Worker(live_queue, {"big-report": four_pages}).drain()'
    lab.write("bars", SETUP + RECORD.replace("sim =", handler + "\n\nsim =", 1), "Replay(history)", LIVE, work)
    page = lab.open("bars")
    try:
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()
        for words in ("25 % · page 1 of 4", "75 % · page 3 of 4", "100 % · completed"):
            page.get_by_text(words).wait_for()
        bar = page.locator(".progress-bar")
        assert bar.evaluate("bar => bar.style.width") == "100%"
        assert "progress-bar-success" in bar.get_attribute("class")

        stage = Stage(page)
        said = []
        for _ in range(7):
            stage.button("Next event").click()
            said.append(stage.words)
        assert said[2] == "1 s · job #1 big-report is at 25 %, page 1 of 4"
        assert said[5] == "4 s · job #1 big-report is at 100 %, page 4 of 4"
        assert said[6] == "4 s · job #1 big-report completed"
        stage.scrub(0.5)
        half = stage.picture()
        stage.scrub(0.7)  # time goes by, and the bar stays where the handler last said it was
        assert stage.words == "2 s · job #1 big-report is at 50 %, page 2 of 4"
        stage.scrub(0.8)
        assert stage.picture() != half
        assert page.faults == []
    finally:
        page.context.close()
