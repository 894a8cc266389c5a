"""Run the tests: of the package, in the browser, and every output of every notebook, in several workers at once.

    python -m tools.run_tests [--quick | --search] [arguments for pytest …]

If you name a file, only that one is run.
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


def pytest_arguments(more: Sequence[str], *, quick: bool = False, search: bool = False) -> list[str]:
    """Return pytest's arguments: `more`, and those that a run of this kind adds."""
    if quick:
        workers = ["-n", str(os.cpu_count() or 1)]
        choice = ["-m", "not browser and not slow", "--nbval"]
        return [*COMMON, *workers, *choice, *more, "tests", *changed_notebooks(ROOT)]
    if search:
        return [*COMMON, "-m", "hypothesis", *more]
    return [*COMMON, "--nbval", *more]


def changed_notebooks(root: Path) -> list[str]:
    """Return the notebooks that have changed since the main branch, uncommitted changes included."""

    def git(*arguments: str) -> list[str]:
        command = ["git", "-c", "core.quotePath=false", *arguments]
        ran = subprocess.run(command, cwd=root, capture_output=True, text=True)
        return ran.stdout.splitlines() if ran.returncode == 0 else []

    since = [base for main in ("origin/main", "main") for base in git("merge-base", "HEAD", main)][:1] or ["HEAD"]
    names = {*git("diff", "--name-only", *since, "--", "notebooks"), *git("ls-files", "--others", "--", "notebooks")}
    return sorted(name for name in names if name.endswith(".ipynb") and (root / name).is_file())


def main(arguments: Sequence[str]) -> int:
    """Run the tests; return pytest's exit code. Unknown arguments are passed to pytest."""
    command_line = parser("run_tests", __doc__)
    kind = command_line.add_mutually_exclusive_group()
    kind.add_argument(
        "--quick",
        action="store_true",
        help="to use while you work: tests that need no browser and build nothing, and the notebooks that have changed",
    )
    kind.add_argument(
        "--search",
        action="store_true",
        help="only the generated tests, each with many new examples; a failure is printed with how to repeat it",
    )
    options, more = command_line.parse_known_args(arguments)
    if options.search:
        os.environ["HYPOTHESIS_PROFILE"] = "search"
    # Without cached bytecode, each of some hundred processes would compile the package, and each worker all tests.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    os.chdir(ROOT)
    return int(pytest.main(pytest_arguments(more, quick=options.quick, search=options.search)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
