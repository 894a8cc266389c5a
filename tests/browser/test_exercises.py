"""An exercise in a real JupyterLab: typed into its cell, checked, solved, and marked on the map."""

import pytest
from playwright.sync_api import expect

from jobqueue_lesson.exercises import course_map, start_over
from jobqueue_lesson.exercises.check import EXERCISES
from tests.support.page_objects import Exercise

pytestmark = pytest.mark.browser
course_map()  # imports all exercises


@pytest.fixture
def nothing_solved():
    start_over()
    yield
    start_over()


def test_an_exercise_is_solved_by_typing_and_the_map_shows_it(lab, nothing_solved):
    with lab.open("04_retries") as page:
        lab.run_all(page)
        expect(page.get_by_text("Not yet: nothing has changed here.")).to_have_count(2)
        expect(page.get_by_text("✓ This solution works.")).to_have_count(2)
        page.get_by_text("0 of 2 solved").wait_for()

        exercise = Exercise(page, "check_backoff")
        exercise.type("def my_answer(attempt, cap): return 2**attempt")
        expect(exercise.said).to_contain_text("Not yet.")
        expect(exercise.said).to_contain_text("seen: my_answer(5, cap=30) gives 32")
        expect(exercise.said).to_contain_text("expected: 30")
        expect(exercise.said).to_contain_text("hint: That is longer than the cap")
        exercise.paste("def my_answer(attempt, cap): return [][attempt]")
        expect(exercise.said).to_contain_text(
            "IndexError: list index out of range, at line 1: def my_answer(attempt, cap): return [][attempt]"
        )
        exercise.type("def my_answer(attempt, cap):", "while True: pass")
        expect(exercise.said).to_contain_text("my_answer does not end")
        expect(exercise.said).to_contain_text("at line 2: while True: pass")
        exercise.paste("def my_answer(attempt, cap): return min(cap, 2**attempt)")
        expect(exercise.said).to_have_text("✓ Solved.")

        last = page.locator(".jp-Notebook .jp-CodeCell").last
        last.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        page.get_by_text("1 of 2 solved").wait_for()
        last.get_by_text("✓ backoff with a cap").wait_for()

    with lab.open("00_start_here") as page:
        lab.run_all(page)
        page.get_by_text(f"1 of {len(EXERCISES)} solved").wait_for()
        page.get_by_role("link", name="04_retries").click()
        page.get_by_role("tab", name="04_retries.ipynb").wait_for()
