"""Progress as a learner sees it: a bar that moves while a cell runs, and the replay of a job that reported."""

import asyncio
import inspect
import re
import textwrap

import pytest
from playwright.sync_api import expect

from jobqueue_lesson.progress import current_job
from tests.support.page_objects import SETUP, Stage

pytestmark = pytest.mark.browser


# What a slow machine draws in one go with what follows is read along, too.
READ_ALONG = """
() => {
    window.read = [];
    const note = () => document.querySelectorAll('.widget-label').forEach(label => read.push(label.textContent));
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
}
"""


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
    with lab.open("bars") as page:
        page.evaluate(READ_ALONG)
        lab.run_all(page)
        page.get_by_text("100 % · completed").wait_for()
        read = page.evaluate("read")
        seen = [words for words in ("25 % · page 1 of 4", "75 % · page 3 of 4", "100 % · completed") if words in read]
        assert len(seen) == 3
        assert [read.index(words) for words in seen] == sorted(read.index(words) for words in seen)
        bar = page.locator(".progress-bar")
        expect(bar).to_have_attribute("style", re.compile(r"width: 100%"))
        expect(bar).to_have_class(re.compile("progress-bar-success"))

        stage = Stage(page)
        for count, words in enumerate(
            (
                "0 ms · job #1 big-report enqueued",
                "0 ms · job #1 big-report picked up by worker-1",
                "1 s · job #1 big-report is at 25 %, page 1 of 4",
                "2 s · job #1 big-report is at 50 %, page 2 of 4",
                "3 s · job #1 big-report is at 75 %, page 3 of 4",
                "4 s · job #1 big-report is at 100 %, page 4 of 4",
                "4 s · job #1 big-report completed",
            ),
            1,
        ):
            stage.button("Next event").click()
            stage.expect_count(count)
            expect(stage.words).to_have_text(words)
        stage.scrub(0.5)
        half = stage.picture()
        stage.scrub(0.7)  # time goes by, and the bar stays where the handler last said it was
        expect(stage.words).to_have_text("2 s · job #1 big-report is at 50 %, page 2 of 4")
        stage.scrub(0.8)
        assert stage.picture() != half
