"""A run that leaves a process or a socket behind says so, and fails; see conftest.py at the top."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LEAVES = """
import socket
import subprocess
import tempfile

def test_leaves_a_process():
    subprocess.Popen(["sleep", "61.5"])

def test_leaves_a_socket():
    socket.socket(socket.AF_UNIX).bind(tempfile.mkdtemp() + "/its.sock")
"""
TIDY = "def test_nothing():\n    pass\n"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
]


def run(folder, test, *options):
    shutil.copy(Path(__file__).parent.parent / "conftest.py", folder)
    (folder / "test_it.py").write_text(test)
    outside = {name: value for name, value in os.environ.items() if name != "JOBQUEUE_LESSON_TEST_RUN"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:nbval", *options, "test_it.py"]
    return subprocess.run(command, cwd=folder, env=outside, capture_output=True, text=True)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_a_run_leaves_is_an_error_that_names_it(tmp_path, workers):
    ran = run(tmp_path, LEAVES, "-n", workers)
    sleeping = [line for line in ran.stdout.splitlines() if line.endswith(": sleep 61.5 ")]
    for line in sleeping:
        os.kill(int(line.split(":")[0]), 9)
    assert len(sleeping) == 1, ran.stdout + ran.stderr
    assert "/its.sock\n" in ran.stdout
    assert ran.returncode == 1
    assert "2 passed, 1 error in" in ran.stdout


def test_a_run_that_leaves_nothing_is_well_and_looks_at_no_other(tmp_path):
    with subprocess.Popen(["sleep", "62.5"]) as other:  # of this run, not of that
        ran = run(tmp_path, TIDY)
        other.kill()
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed in" in ran.stdout
