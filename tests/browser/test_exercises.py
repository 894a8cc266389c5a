"""An exercise in a real JupyterLab: typed into its cell, checked, solved, and marked on the map."""

import pytest

from jobqueue_lesson.exercises import forget_solved

pytestmark = pytest.mark.browser


class Exercise:
    """The cell of an exercise, as a person uses it."""

    def __init__(self, page, check):
        self.page = page
        self.check = check
        self.cell = page.locator(".jp-Notebook .jp-CodeCell", has_text=f"{check}(my_").first

    def type(self, *lines):
        """Replace what is in the cell, key by key, and run it; return what it says then."""
        before = self.cell.locator(".jp-InputPrompt").first.inner_text()
        self.cell.locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+a")
        for line in lines:
            self.page.keyboard.type(line)
            self.page.keyboard.press("Enter")
        self.page.keyboard.press("Shift+Home")  # the editor has indented this line, perhaps
        self.page.keyboard.type(f"{self.check}(my_answer)")
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function(
            """([cell, before]) => {
                const now = cell.querySelector('.jp-InputPrompt').textContent.trim();
                return /^\\[\\d+\\]:$/.test(now) && now !== before.trim();
            }""",
            arg=[self.cell.element_handle(), before],
            timeout=30_000,
        )
        self.cell = self.page.locator(".jp-Notebook .jp-CodeCell", has_text=f"{self.check}(my_answer)").first
        return self.cell.locator(".jp-OutputArea-output").inner_text()


@pytest.fixture
def nothing_solved():
    forget_solved()
    yield
    forget_solved()


def test_an_exercise_is_solved_by_typing_and_the_map_shows_it(lab, nothing_solved):
    page = lab.open("04_retries")
    try:
        lab.run_all(page)
        assert page.get_by_text("Not yet: this is how it was.").count() == 3
        assert page.get_by_text("✓ This solution works.").count() == 3
        page.get_by_text("0 of 3 solved").wait_for()

        exercise = Exercise(page, "check_backoff")
        said = exercise.type("def my_answer(attempt, cap): return 2**attempt")
        assert "Not yet." in said
        assert "seen: my_answer(5, cap=30) gives 32" in said
        assert "expected: 30" in said
        assert "hint: Twice as long after each attempt" in said
        said = exercise.type("def my_answer(attempt, cap): return [][attempt]")
        assert "IndexError: list index out of range, at line 1: def my_answer(attempt, cap): return [][attempt]" in said
        said = exercise.type("def my_answer(attempt, cap):", "while True: pass")
        assert "my_answer does not end" in said
        assert "at line 2: while True: pass" in said
        said = exercise.type("def my_answer(attempt, cap): return min(cap, 2**attempt)")
        assert said == "✓ Solved."

        last = page.locator(".jp-Notebook .jp-CodeCell").last
        last.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        page.get_by_text("1 of 3 solved").wait_for()
        last.get_by_text("✓ backoff with a cap").wait_for()
        assert page.faults == []
    finally:
        page.context.close()

    page = lab.open("00_start_here")
    try:
        lab.run_all(page)
        page.get_by_text("1 of 27 solved").wait_for()
        page.get_by_role("link", name="04_retries").click()
        page.get_by_role("tab", name="04_retries.ipynb").wait_for()
        assert page.faults == []
    finally:
        page.context.close()
