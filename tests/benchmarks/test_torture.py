"""The kill tests as a program; test_processes.py calls the one on SQLite as a function."""

import re
import subprocess
import sys

import pytest

from benchmarks.torture import __main__ as torture
from benchmarks.torture import sqlite
from tools.paths import ROOT


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("start_method", sqlite.STARTS)
def test_it_passes_however_python_starts_the_workers(start_method):
    # Each worker imports the program again, as another module than __main__: nothing may run a second time for it.
    options = ["--jobs=2000", "--seconds=2", "--every=0.3", f"--start-method={start_method}"]
    command = [sys.executable, "-W", "error", "-m", "benchmarks.torture", "sqlite", *options]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    # A busy machine may keep a worker waiting until its lease has expired; the worker says so.
    unexpected = [line for line in ran.stderr.splitlines() if "has lost its lease" not in line]
    assert (ran.returncode, unexpected) == (0, [])
    completed, dead = re.fullmatch(r"Outcome\(completed=(\d+), dead=(\d+), .*\)\n", ran.stdout).groups()
    assert int(completed) + int(dead) == 2000


def test_a_trial_that_does_not_exist_is_refused_by_name(capsys):
    with pytest.raises(SystemExit, match="2"):
        torture.main(["engine", "strom"])
    assert "no such trial: strom; there are storm, frozen, quiet, crashes, keys" in capsys.readouterr().err
