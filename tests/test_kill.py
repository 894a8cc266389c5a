"""The kill test as a program; test_durable.py calls it as a function."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from . import kill

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("start_method", kill.STARTS)
def test_it_passes_however_python_starts_the_workers(start_method):
    # Each worker imports the program again, as another module than __main__: nothing may run a second time for it.
    options = ["--jobs=2000", "--seconds=2", "--every=0.3", f"--start-method={start_method}"]
    command = [sys.executable, "-W", "error", "-m", "tests.kill", *options]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    # A busy machine may keep a worker waiting until its lease has expired; the worker says so.
    unexpected = [line for line in ran.stderr.splitlines() if "has lost its lease" not in line]
    assert (ran.returncode, unexpected) == (0, [])
    completed, dead = re.fullmatch(r"Outcome\(completed=(\d+), dead=(\d+), .*\)\n", ran.stdout).groups()
    assert int(completed) + int(dead) == 2000
