"""What is on a page, as a person uses it."""

import re

from playwright.sync_api import expect

SETUP = """
import asyncio
import random

from jobqueue_lesson import History, JobQueue, Simulation, Worker
from jobqueue_lesson.handlers import HANDLERS
from jobqueue_lesson.show.replay import Replay, live
"""
"""What a cell with a replay begins with."""


ERRORS = (
    '[data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"],'
    ' .jp-RenderedText[data-mime-type*="error"], .jupyter-widgets-error'
)
"""Where a page shows that something went wrong."""


def expect_printed(cells, boxes):
    """Expect below each code cell what it printed when the page was saved."""
    expect(boxes).to_have_count(len(cells))
    for cell, box in zip(cells, boxes.all(), strict=True):
        printed = "".join("".join(o["text"]) for o in cell["outputs"] if o["output_type"] == "stream").strip()
        if printed and "nbval-ignore-output" not in cell["metadata"].get("tags", []):
            output = box.locator(".jp-OutputArea").first
            expect(output).to_contain_text(printed)  # waits for it, and takes a blank for a line's end
            assert printed in output.inner_text().replace("\xa0", " "), cell["id"]


class Exercise:
    """The cell of an exercise, as a person uses it."""

    def __init__(self, page, check):
        self.page = page
        self.check = check
        self.cell = page.locator(".jp-Notebook .jp-CodeCell", has_text=f"{check}(my_").first

    @property
    def said(self):
        """What the cell puts out."""
        return self.cell.locator(".jp-OutputArea-output")

    def type(self, *lines):
        """Replace what is in the cell, key by key, and run it to its end."""
        self._replace(lines, self.page.keyboard.type)

    def paste(self, *lines):
        """Replace what is in the cell at once, and run it to its end."""
        self._replace(lines, self.page.keyboard.insert_text)

    def _replace(self, lines, write):
        prompt = self.cell.locator(".jp-InputPrompt").first
        before = prompt.inner_text()
        self.cell.locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+a")
        for line in lines:
            write(line)
            self.page.keyboard.press("Enter")
        self.page.keyboard.press("Shift+Home")  # the editor has indented this line, perhaps
        write(f"{self.check}(my_answer)")
        self.cell = self.page.locator(".jp-Notebook .jp-CodeCell", has_text=f"{self.check}(my_answer)").first
        self.page.keyboard.press("Control+Enter")
        prompt = self.cell.locator(".jp-InputPrompt").first
        expect(prompt).to_have_text(re.compile(rf"^\[(?!{before.strip('[]: ')}\])\d+\]:$"))


class Stage:
    """One replay on a page, as a person sees it. What a test asserts of it, it waits for."""

    def __init__(self, page, number=0):
        self.page = page
        self.root = page.locator(".jq-replay").nth(number)
        self.canvas = self.root.locator("canvas.jq-stage")
        self.words = self.root.locator(".jq-words")
        self.source = self.root.locator(".jq-source")
        self.detail = self.root.locator(".jq-detail")
        expect(self.root).to_have_attribute("data-count", re.compile(r"\d"))
        self.root.scroll_into_view_if_needed()

    def button(self, name):
        return self.root.get_by_role("button", name=name, exact=True)

    def scrub(self, share):
        self.root.locator("input[type=range]").fill(str(round(10000 * share)))

    def choose_speed(self, which):
        """Choose one of the speeds that are offered, from the slowest (0) to the fastest (-1)."""
        menu = self.root.get_by_label("speed")
        menu.select_option(menu.locator("option").nth(which).get_attribute("value"))

    def expect_count(self, count):
        expect(self.root).to_have_attribute("data-count", str(count))

    def expect_time(self, time):
        self.wait_for(f"Math.abs(root.dataset.time - {time}) < 1e-3")

    def wait_for(self, condition):
        """Wait until a condition on `root`, in JavaScript, holds."""
        self.page.wait_for_function(f"root => {condition}", arg=self.root.element_handle())

    def rest(self):
        """Wait until nothing moves: four frames in a row that show and say the same."""
        seen = self.page.evaluate_handle("() => ({ last: '', same: 0 })")
        self.page.wait_for_function(
            """([root, seen]) => {
                const now = root.outerHTML + root.querySelector('canvas.jq-stage').toDataURL();
                seen.same = now === seen.last ? seen.same + 1 : 0;
                seen.last = now;
                return seen.same >= 3;
            }""",
            arg=[self.root.element_handle(), seen],
        )

    def picture(self):
        self.rest()
        return self.canvas.screenshot()
