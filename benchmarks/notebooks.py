"""nbval over the course against as many trivial notebooks."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_output

from .measure import Row, seconds

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def nbval(folder: Path) -> float:
    """Return the seconds that strict nbval takes over a folder."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def rows() -> Iterator[Row]:
    """Measure everything of this module."""
    with tempfile.TemporaryDirectory() as name:
        trivial = Path(name)
        many = len(list(NOTEBOOKS.glob("*.ipynb")))
        for number in range(many):
            output = new_output("execute_result", {"text/plain": "2"}, execution_count=1)
            cell = new_code_cell("1 + 1", execution_count=1, outputs=[output])
            kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
            nbformat.write(new_notebook(cells=[cell], metadata=kernel), trivial / f"{number}.ipynb")
        mine, theirs = (min(nbval(folder) for _ in range(2)) for folder in (NOTEBOOKS, trivial))
    yield Row(f"nbval: the {many} notebooks / as many trivial ones", seconds(mine), seconds(theirs), mine / theirs, 2.0)
