"""Run the tests: the package, the browser, and every output of every notebook, side by side in a few workers.

    python -m tools.run_tests [--quick | --search] [arguments for pytest …]

A file that is named is run alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from . import parser
from .paths import ROOT

COMMON = ["-p", "no:cacheprovider", "-n", "auto"]


def chosen(more: Sequence[str], *, quick: bool = False, search: bool = False) -> list[str]:
    """Return pytest's arguments: these, and what a run of this kind has besides."""
    if quick:
        side_by_side = ["-n", str(os.cpu_count() or 1)]
        choice = ["-m", "not browser and not slow", "--nbval"]
        return [*COMMON, *side_by_side, *choice, *more, "tests", *changed_notebooks(ROOT)]
    if search:
        return [*COMMON, "-m", "hypothesis", *more]
    return [*COMMON, "--nbval", *more]


def changed_notebooks(root: Path) -> list[str]:
    """Name the notebooks in which git sees a change: since the main branch, or not committed yet."""

    def git(*arguments: str) -> list[str]:
        command = ["git", "-c", "core.quotePath=false", *arguments]
        ran = subprocess.run(command, cwd=root, capture_output=True, text=True)
        return ran.stdout.splitlines() if ran.returncode == 0 else []

    since = [base for main in ("origin/main", "main") for base in git("merge-base", "HEAD", main)][:1] or ["HEAD"]
    names = {*git("diff", "--name-only", *since, "--", "notebooks"), *git("ls-files", "--others", "--", "notebooks")}
    return sorted(name for name in names if name.endswith(".ipynb") and (root / name).is_file())


def main(arguments: Sequence[str]) -> int:
    """Run the tests; return pytest's exit code. What is no argument of ours goes to pytest."""
    command_line = parser("run_tests", __doc__)
    kind = command_line.add_mutually_exclusive_group()
    kind.add_argument(
        "--quick",
        action="store_true",
        help="for the inner loop: what needs no browser and builds nothing, and the notebooks that have changed",
    )
    kind.add_argument(
        "--search",
        action="store_true",
        help="the generated tests alone, each with many new examples; what fails is printed with how to repeat it",
    )
    options, more = command_line.parse_known_args(arguments)
    if options.search:
        os.environ["HYPOTHESIS_PROFILE"] = "search"
    # Where no bytecode is kept, each of some hundred processes compiles the package, and each worker all tests.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    os.chdir(ROOT)
    return int(pytest.main(chosen(more, quick=options.quick, search=options.search)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
