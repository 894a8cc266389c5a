"""Run the tests: the package, the browser, and every output of every notebook, side by side in a few workers.

    python -m tools.test [--quick | --search] [arguments for pytest …]

--quick: for the inner loop. What needs no browser and builds nothing, and the notebooks that have changed.
--search: the generated tests alone, each with many new examples. What fails is printed with how to repeat it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COMMON = ["-p", "no:cacheprovider", "-n", "auto"]


def chosen(arguments: list[str]) -> list[str]:
    """Return pytest's arguments for these arguments of ours."""
    kind, rest = (arguments[0], arguments[1:]) if arguments[:1] in (["--quick"], ["--search"]) else ("", arguments)
    if kind == "--quick":
        return [
            *COMMON,
            "-n",
            str(os.cpu_count() or 1),
            "-m",
            "not browser and not slow",
            "--nbval",
            *rest,
            "tests",
            *changed_notebooks(ROOT),
        ]
    if kind == "--search":
        return [*COMMON, "-m", "hypothesis", *rest]
    return [*COMMON, "--nbval", *rest]


def changed_notebooks(root: Path) -> list[str]:
    """Name the notebooks in which git sees a change: since the main branch, or not committed yet."""

    def git(*arguments: str) -> list[str]:
        command = ["git", "-c", "core.quotePath=false", *arguments]
        ran = subprocess.run(command, cwd=root, capture_output=True, text=True)
        return ran.stdout.splitlines() if ran.returncode == 0 else []

    since = [base for main in ("origin/main", "main") for base in git("merge-base", "HEAD", main)][:1] or ["HEAD"]
    names = {*git("diff", "--name-only", *since, "--", "notebooks"), *git("ls-files", "--others", "--", "notebooks")}
    return sorted(name for name in names if name.endswith(".ipynb") and (root / name).is_file())


def main(arguments: list[str]) -> int:
    """Run the tests; return pytest's exit code."""
    if arguments[:1] == ["--search"]:
        os.environ["HYPOTHESIS_PROFILE"] = "search"
    # Where no bytecode is kept, each of some hundred processes compiles the package, and each worker all tests.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    os.chdir(ROOT)
    return int(pytest.main(chosen(arguments)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
