"""How the tests are run: what `make test-quick` runs, and what generated tests do in CI and in the weekly search."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import test as tool

ROOT = Path(__file__).parent.parent


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
    assert tool.chosen([]) == [*tool.COMMON, "--nbval"]
    assert tool.chosen(["tests/test_job.py"]) == [*tool.COMMON, "--nbval", "tests/test_job.py"]


FAILS_BY_LUCK = """
from hypothesis import given, strategies as st

@given(st.integers(), st.integers())
def test_luck(a, b):
    print("drawn:", a, b)
    assert a < 1000 or a % 7
"""


def run(folder, profile):
    shutil.copy(ROOT / "conftest.py", folder)
    (folder / "test_luck.py").write_text(FAILS_BY_LUCK)
    outside = {name: value for name, value in os.environ.items() if name != "JOBQUEUE_LESSON_TEST_RUN"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:nbval", "test_luck.py"]
    ran = subprocess.run(
        command, cwd=folder, env=outside | {"HYPOTHESIS_PROFILE": profile}, capture_output=True, text=True
    )
    return ran.stdout


@pytest.mark.slow
def test_a_generated_test_draws_the_same_in_ci_each_time_and_says_how_to_repeat_what_fails(tmp_path):
    first, second = run(tmp_path, ""), run(tmp_path, "ci")
    assert "@reproduce_failure(" in first
    assert (
        first.partition("Falsifying")[2].partition("=====")[0]
        == second.partition("Falsifying")[2].partition("=====")[0]
    )
    assert "@reproduce_failure(" in run(tmp_path, "search")
