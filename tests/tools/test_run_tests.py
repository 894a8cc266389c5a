"""How the tests are run: which of them, side by side, with which examples; and that a run leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from tools import run_tests as tool
from tools.paths import ROOT


@pytest.fixture
def git(tmp_path):
    def git(*arguments):
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    (tmp_path / "notebooks").mkdir()
    for name in ("01_kept.ipynb", "02_edited.ipynb", "03_gone.ipynb"):
        (tmp_path / "notebooks" / name).write_text("{}")
    git("add", "notebooks")
    git("commit", "-m", "a beginning")
    return git


def test_changed_notebooks_are_those_of_the_branch_and_of_the_working_tree(git, tmp_path):
    assert tool.changed_notebooks(tmp_path) == []
    git("switch", "-c", "branch")
    (tmp_path / "notebooks" / "02_edited.ipynb").write_text("{ }")
    (tmp_path / "notebooks" / "03_gone.ipynb").unlink()
    git("commit", "-am", "a change")
    assert tool.changed_notebooks(tmp_path) == ["notebooks/02_edited.ipynb"]
    (tmp_path / "notebooks" / "04_new.ipynb").write_text("{}")
    (tmp_path / "notebooks" / "04_new.md").write_text("")
    assert tool.changed_notebooks(tmp_path) == ["notebooks/02_edited.ipynb", "notebooks/04_new.ipynb"]


def test_where_there_is_no_git_no_notebook_has_changed(tmp_path):
    assert tool.changed_notebooks(tmp_path) == []


def test_all_are_run_if_nothing_else_is_said_and_a_file_that_is_named_alone():
    assert tool.pytest_arguments([]) == [*tool.COMMON, "--nbval"]
    assert tool.pytest_arguments(["tests/test_job.py"]) == [*tool.COMMON, "--nbval", "tests/test_job.py"]


# --- a run of its own in a folder, with the project's conftest.py ---


@contextmanager
def running(folder, *options, **environment):
    """Run pytest in a folder, as a process group of its own."""
    shutil.copy(ROOT / "conftest.py", folder)
    outside = {name: value for name, value in os.environ.items() if name != "JOBQUEUE_LESSON_TEST_RUN"}
    outside |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # for they take seconds to import
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "xdist.plugin", *options],
        cwd=folder,
        env=outside | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        yield process


def run(folder, *options, **environment):
    """Run pytest in a folder to its end; return its exit code, and what it says."""
    with running(folder, *options, **environment) as process:
        said, _ = process.communicate()
    return process.returncode, said


@pytest.mark.slow
def test_tests_of_one_name_are_all_run(tmp_path):
    (tmp_path / "thrice.py").write_text("def pytest_collection_modifyitems(items):\n    items *= 3\n")
    (tmp_path / "test_it.py").write_text("def test_it():\n    pass\n")
    code, said = run(tmp_path, "-n", "2", "-p", "thrice", "test_it.py", PYTHONPATH=str(tmp_path))
    assert "3 passed in" in said
    assert code == 0


FAILS_BY_LUCK = """
from hypothesis import given, strategies as st

@given(st.integers(), st.integers())
def test_luck(a, b):
    print("drawn:", a, b)
    assert a < 1000 or a % 7
"""


@pytest.mark.slow
def test_a_generated_test_draws_the_same_in_ci_each_time_and_says_how_to_repeat_what_fails(tmp_path):
    (tmp_path / "test_luck.py").write_text(FAILS_BY_LUCK)
    first, again, search = (run(tmp_path, HYPOTHESIS_PROFILE=name)[1] for name in ("", "ci", "search"))
    assert "@reproduce_failure(" in first
    assert "@reproduce_failure(" in search
    drawn = [[line for line in said.splitlines() if "drawn:" in line] for said in (first, again)]
    assert drawn[0] == drawn[1] != []


WAITS = """
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

@pytest.fixture
def started():
    with subprocess.Popen(["sleep", "63.5"]) as process:
        Path("part").write_text(str(process.pid))
        Path("part").rename("started")
        yield process
        process.kill()

def test_it(started):
    started.wait()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is no signal there")
def test_ctrl_c_ends_all_workers_and_what_they_have_started(tmp_path):
    (tmp_path / "test_it.py").write_text(WAITS)
    started = tmp_path / "started"
    with running(tmp_path, "-n", "2", "test_it.py") as process:
        while not started.exists():
            assert process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in said
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


LEAVES = """
import socket
import signal
import subprocess
import tempfile

def test_leaves_a_process():
    subprocess.Popen(["sleep", "61.5"])

def test_leaves_a_socket():
    socket.socket(socket.AF_UNIX).bind(tempfile.mkdtemp() + "/its.sock")
"""
looks_into_proc = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")


@pytest.mark.slow
@looks_into_proc
@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_a_run_leaves_is_an_error_that_names_it(tmp_path, workers):
    (tmp_path / "test_it.py").write_text(LEAVES)
    code, said = run(tmp_path, "-n", workers, "-W", "ignore::ResourceWarning", "test_it.py")
    # a set, for under CI pytest repeats it in its summary
    sleeping = {line for line in said.splitlines() if line.endswith(": sleep 61.5 ")}
    for line in sleeping:
        os.kill(int(line.split(":")[0]), signal.SIGKILL)
    assert len(sleeping) == 1, said
    assert "/its.sock\n" in said
    assert "2 passed, 1 error in" in said
    assert code == 1


@pytest.mark.slow
@looks_into_proc
def test_a_run_that_leaves_nothing_is_well_and_looks_at_no_other(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_it():\n    pass\n")
    with subprocess.Popen(["sleep", "62.5"]) as other:  # of this run, not of that
        code, said = run(tmp_path, "test_it.py")
        other.kill()
    assert "1 passed in" in said
    assert code == 0, said
