"""The checks, the other way round: right answers pass, and wrong ones are refused with words that name the fault."""

import ast
import asyncio
import inspect
import json
import random
import subprocess
import sys
import threading
import time
from importlib import import_module

import nbformat
import pytest

from jobqueue_lesson.course import pages
from jobqueue_lesson.exercises import check, course_map, solved_here, start_over
from jobqueue_lesson.show import kept
from tests.support.answers import RIGHT, WRONG
from tools.paths import NOTEBOOKS

course_map()  # imports every module of exercises
EXERCISES = check.EXERCISES
MODULES = {
    name: import_module(f"jobqueue_lesson.exercises.{exercise.page[3:]}") for name, exercise in EXERCISES.items()
}


@pytest.fixture(autouse=True)
def nothing_solved(tmp_path, monkeypatch):
    monkeypatch.setenv(kept.ELSEWHERE, str(tmp_path / "solved.json"))


def check_of(name):
    return getattr(MODULES[name], f"check_{name}")


def pairs(answers):
    return [
        pytest.param(
            name, answer, id=f"{name}-{getattr(a := answer[0] if isinstance(answer, tuple) else answer, '__name__', a)}"
        )
        for name, given in answers.items()
        for answer in given
    ]


def test_every_page_has_exercises():
    pages = [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
    assert sorted({exercise.page for exercise in EXERCISES.values()}) == pages


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_is_tested_with_right_and_wrong_answers(name):
    assert len(RIGHT[name]) >= 2
    assert len(WRONG[name]) >= 4
    assert len(EXERCISES[name].hints) >= 2
    assert check_of(name).__doc__


@pytest.mark.parametrize(("name", "answer"), pairs(RIGHT))
def test_a_right_answer_passes(name, answer):
    said = check_of(name)(answer)
    assert said.passed, said
    assert said.first.startswith("✓")
    assert kept.solved() == {name}


@pytest.mark.parametrize(("name", "case"), pairs(WRONG))
def test_a_wrong_answer_is_refused_and_the_fault_is_named(name, case):
    answer, words = case
    said = check_of(name)(answer)
    assert said.passed is False
    assert words in "\n".join(said.details[part] for part in ("seen", "expected", "hint"))
    assert said.details["hint"]
    assert kept.solved() == set()


@pytest.mark.parametrize("name", EXERCISES)
def test_the_stub_is_no_answer_yet(name):
    said = check_of(name)(EXERCISES[name].stub)
    assert said.passed is None
    assert "nothing has changed" in said.first


# --- the notebooks' cells ---


def cells_of(name):
    """Return the source of an exercise's cell, and of its solution."""
    notebook = nbformat.read(NOTEBOOKS / f"{EXERCISES[name].page}.ipynb", as_version=4)
    cells = {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}
    return cells[f"try-{name.replace('_', '-')}"], cells[f"try-{name.replace('_', '-')}-solution"]


def assigned(source, name):
    """Return the node of what a cell defines under a name."""
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            return node
        if isinstance(node, ast.Assign) and node.targets[0].id == name:
            return node.value
    raise AssertionError(f"{name} is not defined here:\n{source}")


@pytest.mark.parametrize("name", EXERCISES)
def test_the_stub_on_the_page_is_the_one_that_the_check_knows(name):
    stub, _ = cells_of(name)
    on_the_page = assigned(stub.source, f"my_{name}")
    known = assigned(inspect.getsource(MODULES[name]).replace(": dict[str, Any] = ", " = "), f"my_{name}")
    assert ast.dump(on_the_page) == ast.dump(known)


@pytest.mark.parametrize("name", EXERCISES)
def test_stub_and_solution_have_the_same_signature(name):
    stub, solution = (
        assigned(cell.source, called)
        for cell, called in zip(cells_of(name), (f"my_{name}", f"{name}_solution"), strict=True)
    )
    if isinstance(stub, (ast.FunctionDef, ast.AsyncFunctionDef)):
        assert type(stub) is type(solution)
        assert ast.dump(stub.args) == ast.dump(solution.args)
    else:
        assert type(ast.literal_eval(stub)) is type(eval(ast.unparse(solution)))


@pytest.mark.parametrize("name", EXERCISES)
def test_the_pages_outputs_say_not_yet_and_solved(name):
    stub, solution = cells_of(name)
    said = [cell.outputs[-1]["data"]["text/plain"] for cell in (stub, solution)]
    assert said[0].startswith("Not yet: ")
    assert said[1].startswith("✓")
    assert solution.metadata["jupyter"]["source_hidden"]


def test_the_page_says_what_the_check_of_the_questions_checks():
    page = nbformat.read(NOTEBOOKS / "06_api_pattern.ipynb", as_version=4)
    (text,) = (cell.source for cell in page.cells if cell.id == "try-two")
    numbers = MODULES["wait"]
    for words in (
        f"from {1000 * numbers.SHORTEST:.0f} ms to {numbers.LONGEST / 60:.0f} minutes",
        f"{numbers.QUESTIONS} questions",
        f"{1000 * numbers.LATE:.0f} ms",
    ):
        assert words in text


def test_the_page_says_what_the_check_of_the_policy_checks():
    page = nbformat.read(NOTEBOOKS / "07_dead_letters.ipynb", as_version=4)
    (text,) = (cell.source for cell in page.cells if cell.id == "try-two")
    numbers = MODULES["policy"]
    assert f"more than {numbers.FAILED} failed attempts" in text
    assert f"within {numbers.LONGEST_WAIT:.0f} seconds of arriving" in text


def test_a_client_that_passes_is_in_time_for_jobs_of_every_length():
    numbers, wait = MODULES["wait"], RIGHT["wait"][0]
    rng = random.Random(6)
    lengths = [numbers.SHORTEST, numbers.LONGEST, *(10 ** rng.uniform(-2, 2.778) for _ in range(2_000))]
    for takes in lengths:
        now = asked = 0
        while now < takes:
            asked += 1
            now += wait(asked)
        assert asked <= numbers.QUESTIONS
        assert now <= 2 * takes + numbers.LATE


# --- answers that go wrong ---


def test_an_endless_loop_is_stopped_and_its_line_named():
    def my_backoff(attempt, cap):
        while True:
            pass

    began = time.perf_counter()
    said = check_of("backoff")(my_backoff)
    assert "my_backoff does not end" in said.details["seen"]
    assert "while True:" in said.details["seen"] or "pass" in said.details["seen"]
    assert time.perf_counter() - began < 15


@pytest.mark.slow
def test_an_endless_loop_that_catches_everything_is_stopped_too():
    def my_backoff(attempt, cap):
        for _ in range(10**9):
            try:
                attempt += 1
            except BaseException:
                attempt -= 1
        return attempt

    def keeps_it_to_itself(attempt, cap):
        try:
            return my_backoff(attempt, cap)
        except BaseException:
            return min(cap, 2**attempt)

    assert "does not end" in check_of("backoff")(my_backoff).details["seen"]
    assert "does not end" in check_of("backoff")(keeps_it_to_itself).details["seen"]


def test_an_endless_loop_is_stopped_each_time_it_is_called_also_where_there_is_no_clock():
    # In a process of its own: if it is not stopped, nothing in that process can stop it.
    code = """if True:
        import signal
        vars(signal).pop("setitimer", None)  # as on Windows, and in a browser
        from jobqueue_lesson.exercises.why_background_jobs import check_handler
        async def my_handler(request, to_do):
            while True:
                len(to_do)
        print(check_handler(my_handler))
    """
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "my_handler does not end" in made.stdout, made.stderr


@pytest.mark.slow
@pytest.mark.parametrize("nap", [0, 0.001])
def test_an_endless_loop_in_simulated_time_is_stopped(nap):
    async def my_worker(queue, handlers):
        while True:
            await asyncio.sleep(nap)

    said = check_of("worker")(my_worker)
    assert "my_worker does not end" in said.details["seen"]
    assert "await asyncio.sleep(nap)" in said.details["seen"] or "while True" in said.details["seen"]


def test_a_wait_in_real_time_is_stopped(monkeypatch):
    monkeypatch.setattr(check, "SECONDS", 0.05)

    def my_backoff(attempt, cap):
        threading.Event().wait(100)

    said = check_of("backoff")(my_backoff)
    assert "after 0.05 s on a real clock it is still at line" in said.details["seen"]
    assert "threading.Event().wait(100)" in said.details["seen"]


def test_a_sleep_that_blocks_is_refused_and_not_slept():
    def my_backoff(attempt, cap):
        time.sleep(100)

    said = check_of("backoff")(my_backoff)
    assert said.details["seen"].startswith("time.sleep(100) at line ")
    assert time.sleep.__module__ == "time"


def test_an_exception_is_named_with_its_line():
    def my_backoff(attempt, cap):
        return {}[attempt]

    seen = check_of("backoff")(my_backoff).details["seen"]
    assert seen.startswith("KeyError: 1, at line ")
    assert seen.endswith(": return {}[attempt]")


def test_an_exception_in_a_task_is_named_too():
    async def my_import(rows, progress, clock, seconds=0.5):
        progress(1 / (rows - rows))

    assert check_of("import")(my_import).details["seen"].startswith("ZeroDivisionError: ")


def test_a_wait_that_nothing_ends_is_no_hang():
    async def my_worker(queue, handlers):
        await asyncio.get_running_loop().create_future()

    said = check_of("worker")(my_worker)
    assert said.passed is False
    assert "my_worker" in said.details["seen"]


def test_an_interrupt_goes_through():
    def my_backoff(attempt, cap):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_of("backoff")(my_backoff)


def test_what_traced_before_traces_after():
    before = sys.gettrace()
    check_of("backoff")(RIGHT["backoff"][0])
    assert sys.gettrace() is before


def test_what_is_no_function_is_told_so():
    said = check_of("backoff")(16)
    assert said.details["expected"] == "the function itself, without brackets: check_backoff(my_function)"


# --- hints ---


def test_a_reply_has_the_hint_for_the_fault_and_the_others_folded_each_in_the_one_before():
    first, second, third = EXERCISES["backoff"].hints
    stub = check_of("backoff")(EXERCISES["backoff"].stub)
    assert stub.hints == (first, second, third)
    assert "hint" not in stub.details
    wrong = check_of("backoff")(WRONG["backoff"][0][0])
    assert (wrong.details["hint"], wrong.hints) == (first, (second, third))
    folded = wrong._repr_html_().partition("<details>")[2]
    assert folded.index(second) < folded.index("<details>") < folded.index(third)


def test_a_fault_with_a_hint_of_its_own_gets_that_one_first_and_none_twice():
    @check.exercise("04_retries", "t", stub=None, hints=["general", "nearly the solution"])
    def check_it(answer):
        check.expect(False, "seen", "expected", answer)

    try:
        assert check_it("fits").details["hint"] == "fits"
        assert check_it("fits").hints == ("general", "nearly the solution")
        assert check_it("nearly the solution").hints == ("general",)
    finally:
        del EXERCISES["it"]


def test_a_solved_exercise_has_no_hints_any_more():
    assert "<details>" not in check_of("backoff")(RIGHT["backoff"][0])._repr_html_()


def test_what_is_in_backticks_is_code_on_the_page():
    page = check.Reply(False, "`f` is <b>.", ["Look at `seconds`.", "`a < b`"], hint="Try `g`.")._repr_html_()
    assert "<b><code>f</code> is &lt;b&gt;.</b>" in page
    for code in ("<code>seconds</code>", "<code>a &lt; b</code>", "<code>g</code>"):
        assert code in page
    assert "`" not in page


def test_a_reply_reads_the_same_in_text_and_on_the_page():
    said = check_of("backoff")(lambda attempt, cap: 2**attempt if cap < 31 else "<b>")
    page = said._repr_html_()
    for words in (said.first, "seen:", "expected:", "hint:"):
        assert words in page
    assert "<lambda>" not in page


# --- what is solved ---


def test_the_map_shows_what_is_solved_and_can_be_reset():
    assert f"0 of {len(EXERCISES)} solved" in repr(course_map())
    check_of("backoff")(RIGHT["backoff"][0])
    check_of("backoff")(WRONG["backoff"][0][0])
    assert "✓ backoff with a cap" in repr(course_map())
    assert repr(solved_here("04_retries")).endswith("1 of 2 solved")
    assert "04_retries.ipynb" in course_map()._repr_html_()
    start_over()
    start_over()
    assert f"0 of {len(EXERCISES)} solved" in repr(course_map())


def page_with(*objectives):
    """Return a saved page that has only a title and what one can do after it."""
    source = "# 4 · Retries\n\nAfter this page you can:\n\n" + "\n".join(f"- {text}" for text in objectives)
    return json.dumps({"cells": [{"cell_type": "markdown", "id": "title", "source": source.splitlines(True)}]})


def test_the_map_of_the_course_says_folded_what_one_can_do_after_each_page(monkeypatch, tmp_path):
    monkeypatch.setattr(pages, "folder", lambda: tmp_path)
    before = course_map()._repr_html_()
    assert "<details>" not in before
    saved = tmp_path / "04_retries.ipynb"
    saved.write_text(page_with("choose a < b (`check_backoff`)", "stop a herd (`herd`, `storm_lab`)"), encoding="utf-8")
    after = course_map()
    items = "<ul><li>choose a &lt; b</li><li>stop a herd</li></ul>"
    folded = f"<details><summary>After this page you can …</summary>{items}</details>"
    assert after._repr_html_().replace(folded, "") == before
    assert f'<a href="04_retries.ipynb">04_retries</a>{folded}' in after._repr_html_()
    assert "stop a herd" not in repr(after)
    assert "stop a herd" not in solved_here("04_retries")._repr_html_()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": []}', "\x00"])
def test_a_page_that_cannot_be_read_has_no_objectives_on_the_map(monkeypatch, tmp_path, text):
    monkeypatch.setattr(pages, "folder", lambda: tmp_path)
    before = course_map()._repr_html_()
    (tmp_path / "04_retries.ipynb").write_text(text, encoding="utf-8")
    assert course_map()._repr_html_() == before


def test_where_there_are_no_pages_the_map_has_the_exercises_alone(monkeypatch):
    def folder():
        raise FileNotFoundError("this copy of the course has no notebooks")

    monkeypatch.setattr(pages, "folder", folder)
    assert "<details>" not in course_map()._repr_html_()
    assert f"0 of {len(EXERCISES)} solved" in course_map()._repr_html_()


def test_the_courses_own_solution_is_accepted_but_is_not_the_learners():
    assert check_of("backoff")(RIGHT["backoff"][0], mine=False).passed
    assert kept.solved() == set()


def test_an_unknown_page_is_refused_by_name():
    with pytest.raises(KeyError, match=r"no page '13_more' with exercises; there are: 00_start_here, "):
        solved_here("13_more")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"solved": 3}', "\x00"])
def test_a_file_that_cannot_be_read_counts_as_none(text):
    kept.path().write_text(text, encoding="utf-8")
    assert kept.solved() == set()
    check_of("backoff")(RIGHT["backoff"][0])
    assert json.loads(kept.path().read_text(encoding="utf-8")) == {"solved": ["backoff"], "predictions": {}}


def test_where_nothing_can_be_written_a_right_answer_is_right_all_the_same(monkeypatch, tmp_path):
    monkeypatch.setenv(kept.ELSEWHERE, str(tmp_path / "no such folder" / "solved.json"))
    assert check_of("backoff")(RIGHT["backoff"][0]).passed
    assert kept.solved() == set()


def test_by_default_the_file_is_in_the_folder_of_the_notebook_and_git_ignores_it(monkeypatch, tmp_path):
    monkeypatch.delenv(kept.ELSEWHERE)
    monkeypatch.chdir(tmp_path)
    check_of("backoff")(RIGHT["backoff"][0])
    assert [path.name for path in tmp_path.iterdir()] == [kept.FILE]
    assert kept.FILE in (NOTEBOOKS.parent / ".gitignore").read_text().splitlines()
