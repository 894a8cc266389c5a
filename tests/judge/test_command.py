"""The judge from the command line: what it prints, and its exit codes."""

import inspect
import subprocess
import sys

import pytest

from jobqueue_lesson import JobQueue
from jobqueue_lesson.__main__ import main
from jobqueue_lesson.judge import judge
from jobqueue_lesson.judge.making import OPTIONS
from jobqueue_lesson.judge.skeleton import skeleton

GOOD = "from jobqueue_lesson import JobQueue\n\n\nclass MyQueue(JobQueue):\n    pass\n"
FORGETFUL = f"""{GOOD.removesuffix("    pass" + chr(10))}
    def complete(self, job_id, result=None, *, attempt=None):
        super().complete(job_id, result, attempt=attempt)
        print("done")
"""


def methods(kind):
    return {name for name, member in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Write a file of the learner's, and forget its module afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, "my_queue", None)

    def write(text):
        path = tmp_path / "my_queue.py"
        path.write_text(text)
        return path

    return write


def test_a_queue_that_passes_gives_0_and_a_report(file, capsys):
    target = f"{file(GOOD)}:MyQueue"
    assert main(["judge", target, "--stage", "2", "--seed", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "Stage 1 of 8, hands out once …",
        "✓ 1 hands out once",
        "Stage 2 of 8, order …",
        "✓ 2 order",
    ]
    assert lines[4:6] == ["", "MyQueue: passed 2 of 8 stages, 6 not tried"]
    assert lines[-1] == f"python -m jobqueue_lesson judge {target} --seed 3 --stage 2"


def test_a_broken_promise_gives_1_and_the_history_with_its_line(file, capsys):
    assert main(["judge", f"{file(FORGETFUL)}:MyQueue"]) == 1
    out = capsys.readouterr().out
    assert "\n\nStage 1, hands out once: a promise is broken after 3 calls.\n\n  1     0 s  queue.enqueue(" in out
    assert 'at my_queue.py, line 8: print("done")' in out
    assert "Your queue printed:\n  | done" in out
    assert "\nMyQueue: passed 0 of 8 stages, 7 not tried\n✗ 1 hands out once\n– 2 order" in out


@pytest.mark.parametrize(
    ("text", "name", "why"),
    [
        (GOOD, "Queue", "my_queue.py has no Queue; its classes: JobQueue, MyQueue"),
        (GOOD, "JobQueue.enqueue", "it takes a file and a class in it, such as my_queue.py:MyQueue"),
        ("import nowhere", "MyQueue", "importing my_queue.py raises ModuleNotFoundError: No module named 'nowhere', "
         "at line 1: import nowhere"),
        ("x = 1\nexit(3)", "MyQueue", "importing my_queue.py raises SystemExit: 3, at line 2: exit(3)"),
        ("def f(:", "MyQueue", "importing my_queue.py raises SyntaxError: "),
        ("class MyQueue:\n    pass", "MyQueue", "MyQueue must take clock=, a callable that returns seconds"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_gives_2_and_says_what_it_needs(file, capsys, text, name, why):
    assert main(["judge", f"{file(text)}:{name}"]) == 2
    said = capsys.readouterr()
    assert why in said.err
    assert said.out == ""


def test_a_file_that_is_not_there_gives_2_and_names_those_beside_it(file, capsys):
    path = file(GOOD)
    assert main(["judge", f"{path.with_name('my_quue.py')}:MyQueue"]) == 2
    assert capsys.readouterr().err.endswith(
        f"there is no file {path.with_name('my_quue.py')}; beside it: my_queue.py\n"
    )


@pytest.mark.parametrize("arguments", [[], ["x.py"], ["x.py:"], [":MyQueue"], ["--stage", "9", "x.py:Y"]])
def test_a_command_that_is_none_gives_2(arguments, capsys):
    assert main(["judge", *arguments]) == 2
    assert capsys.readouterr().err


def test_a_file_may_import_what_is_beside_it_and_what_it_prints_comes_first(file, capsys):
    path = file(f"from helpers import JobQueue\nprint('hello')\n{GOOD.partition(chr(10))[2]}")
    path.with_name("helpers.py").write_text("from jobqueue_lesson import JobQueue\n")
    assert main(["judge", f"{path}:MyQueue", "--stage", "1"]) == 0
    assert capsys.readouterr().out.startswith("my_queue.py prints, when it is imported: 'hello\\n'\nStage 1 of 8")


def test_importing_a_file_that_never_ends_is_stopped(file, capsys, monkeypatch):
    monkeypatch.setattr("jobqueue_lesson.judge.command.LINES", 1000)
    assert main(["judge", f"{file('while True:' + chr(10) + '    pass')}:MyQueue"]) == 2
    assert "importing my_queue.py does not end: after 1,000 lines it is still at line" in capsys.readouterr().err


def test_it_runs_in_a_process_of_its_own(file):
    command = [sys.executable, "-m", "jobqueue_lesson", "judge", f"{file(FORGETFUL)}:MyQueue"]
    ran = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "Contract  complete: “Mark a running job as done.”" in ran.stdout


def test_the_stages_are_listed_each_with_what_is_tried_in_it(capsys):
    assert main(["judge", "--stages"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8
    assert lines[0].startswith("1 hands out once: two workers claim and complete jobs")
    for word in ("listeners", "progress", "wait", "wake", "join"):
        assert word in lines[4].removeprefix("5 listeners: ")


# --- a class to start from ---


def test_the_skeleton_has_the_contracts_methods_and_does_nothing(capsys):
    assert main(["judge", "--skeleton"]) == 0
    text = capsys.readouterr().out
    assert text == skeleton()
    made = {}
    exec(compile(text, "my_queue.py", "exec"), made)
    queue = made["MyQueue"]
    assert methods(queue) == methods(JobQueue) - {"memory"}
    assert "A job is never lost" in queue.__doc__
    assert all(f"        {option}: " in queue.__init__.__doc__ for option in OPTIONS)
    assert queue.discard.__doc__ == "Delete a failed job. `stats` still counts it."
    assert max(map(len, text.splitlines())) <= 120


def test_the_judge_says_of_the_skeleton_what_to_write_first():
    made = {}
    exec(compile(skeleton(), "my_queue.py", "exec"), made)
    verdict = judge(made["MyQueue"], progress=None)
    assert verdict.explanation.startswith(
        "Stage 1, hands out once: something is missing.\n\n"
        "Promised  MyQueue has enqueue(type, data)\n"
        "Seen      its enqueue only raises NotImplementedError\n"
    )
