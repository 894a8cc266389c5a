"""The queue of page 14: it keeps the promises of four stages, and breaks the fifth's as the page says."""

import sys

import nbformat
import pytest

from jobqueue_lesson.judge import judge
from jobqueue_lesson.labs.your_own_queue import MISTAKES, planted, say_shown
from jobqueue_lesson.list_queue import ListQueue
from jobqueue_lesson.retries import RetryPolicy
from tools.paths import NOTEBOOKS


def cell(name):
    page = nbformat.read(NOTEBOOKS / "14_your_own_queue.ipynb", as_version=4)
    (source,) = (cell.source for cell in page.cells if cell.id == name)
    return source


def test_it_passes_the_four_stages_that_the_exercises_are_about():
    assert judge(ListQueue, stage=4, progress=None).passed


def test_the_fifth_stage_is_the_readers():
    finding = judge(ListQueue, progress=None).finding
    assert finding.stage == "listeners"
    assert finding.steps == []


@pytest.mark.parametrize(("mistake", "calls"), [*zip(MISTAKES, (2, 3, 4, 4, 6), strict=True)])
def test_each_mistake_of_the_panel_needs_as_many_calls_as_the_answer_says(mistake, calls):
    assert planted(mistake, calls - 1).finding is None
    assert "All tests pass" in say_shown(planted(mistake, calls - 1))
    assert planted(mistake, calls).finding.length == calls
    number = {2: "two", 3: "three", 4: "four", 6: "six"}[calls]
    assert number in cell("play-answer").lower()


def test_the_panel_says_what_a_queue_does_and_names_the_five_for_any_other():
    assert say_shown(planted("a released job is in the list twice", 1)).startswith("`dequeue` passes over running jobs")
    said = say_shown(planted("retries without a backoff", 3))
    assert "Promised: job #1 has scheduled_for 4: 2 s after 2 s, says its RetryPolicy. Seen: scheduled_for 2." in said
    with pytest.raises(ValueError, match=r"must be one of 'completes any job', .*, got 'a retry'"):
        planted("a retry")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_stage_in_the_panels_table_is_the_one_that_finds_it(mistake):
    queue, stage = MISTAKES[mistake]
    states = [result.state for result in judge(queue, stage=stage, progress=None).stages]
    assert states[:stage] == ["passed"] * (stage - 1) + ["broken"]


def test_lenas_test_runs_every_line_of_her_class_and_makes_all_calls_but_the_last():
    source, ran = cell("wrong"), set()

    def trace(frame, event, _):
        if event == "line":
            ran.add(frame.f_lineno)
        return trace if frame.f_code.co_filename == "her cell" else None

    names = {"ListQueue": ListQueue}
    code = compile(source, "her cell", "exec")
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        exec(code, names)
    finally:
        sys.settrace(before)
    lines = [number for number, line in enumerate(source.splitlines(), start=1) if line.strip()]
    assert sorted(ran) == lines
    steps = judge(names["ToTheFront"], progress=None).finding.calls
    methods = [step.partition("(")[0].removeprefix("queue.") for step in steps]
    assert methods == ["enqueue", "dequeue", "release", "dequeue", "dequeue"]
    assert [source.count(f"queue.{method}(") for method in ("enqueue", "dequeue", "release")] == [1, 2, 1]


def test_a_released_job_is_older_than_those_that_came_after_it():
    queue = ListQueue(clock=lambda: 0.0, retry=RetryPolicy())
    first, second = queue.enqueue("send-email"), queue.enqueue("send-email")
    assert queue.dequeue() is first
    queue.release(first.id)
    assert [queue.dequeue(), queue.dequeue()] == [first, second]
