"""Compute every position of the panels beforehand, for pages that have no kernel: the book, slides.

    python -m tools.panels [--output build/panels] [notebooks/04_retries.ipynb …]

It takes a minute or two for all pages. What was computed is kept in build/panels, until the package changes.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib

from jobqueue_lesson.course.editions import source_of
from jobqueue_lesson.labs.panel import Lab
from jobqueue_lesson.labs.positions import lab_of, panel_data
from jobqueue_lesson.show.saved import ALIVE

from . import parser
from .paths import BUILD, PACKAGE, notebooks

KEPT = BUILD / "panels"


def fill(output: dict[str, Any], page: str, source: str, *, address: str = "", kept: Path = KEPT) -> dict[str, bytes]:
    """Give a panel's saved output its data, in place: then `alive.element` makes it a panel that can be moved.

    Args:
        output: an output with the form `ALIVE` and the kind `panel`.
        page: the name of the page, such as `04_retries`.
        source: the code of the output's cell.
        address: where the page will find the panel's data. "": they are in the page, with all positions.
        kept: the folder in which computed panels are kept.

    Returns:
        Files that have to be beside the one at `address`, by name: the positions of each control.

    Raises:
        ValueError: if the cell shows no panel of the page's.
    """
    make = lab_of(page, source)
    if make is None:
        raise ValueError(f"no panel of {page} in {source!r}")
    data = computed(make, kept)
    files = {}
    if address:
        stem = Path(address).stem
        positions = data["positions"]
        data["positions"] = {name: f"{stem}-{name}.json" for name in positions}
        files = {data["positions"][name]: _encoded(every) for name, every in positions.items()}
    output["data"][ALIVE] = {**output["data"][ALIVE], **data}
    return files


def computed(make: Callable[[], Lab], kept: Path = KEPT) -> dict[str, Any]:
    """Return a panel's data; they are computed only if they have not been since the package changed."""
    file = kept / f"{make.__name__}-{_version()}.json.gz"
    if not file.exists():
        data = panel_data(make())
        kept.mkdir(parents=True, exist_ok=True)
        for old in kept.glob(f"{make.__name__}-*.json.gz"):
            old.unlink()
        scratch = file.with_suffix(".new")
        scratch.write_bytes(gzip.compress(_encoded(data), mtime=0))
        scratch.replace(file)
    data = json.loads(gzip.decompress(file.read_bytes()))
    return dict(data)


@cache
def _version() -> str:
    """Return a name for what panels are computed with: the package, and matplotlib."""
    digest = hashlib.sha256(matplotlib.__version__.encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _encoded(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def panels(paths: Sequence[Path]) -> Mapping[str, Callable[[], Lab]]:
    """Return what makes the panels of these pages, by page and cell, such as `04_retries/play`."""
    found = {}
    for path in paths:
        for cell in json.loads(path.read_bytes())["cells"]:
            if cell["cell_type"] == "code" and (make := lab_of(path.stem, source_of(cell))):
                found[f"{path.stem}/{cell['id']}"] = make
    return found


def _compute(make: Callable[[], Lab], kept: Path) -> tuple[int, int, int, float]:
    """Compute a panel; return how many positions it has, its bytes, those of its largest control, and the seconds."""
    begun = time.perf_counter()
    data = computed(make, kept)
    sizes = [len(_encoded(every)) for every in data["positions"].values()]
    return sum(map(len, data["positions"].values())), sum(sizes), max(sizes), time.perf_counter() - begun


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    command_line = parser("panels", __doc__)
    command_line.add_argument("notebooks", nargs="*", type=Path, help="default: all of the course")
    command_line.add_argument("--output", type=Path, default=KEPT, help="where they are kept; default: build/panels")
    options = command_line.parse_args(arguments)
    if missing := [str(path) for path in options.notebooks if not path.is_file()]:
        command_line.error(f"no such notebook: {', '.join(missing)}")
    found = panels(options.notebooks or notebooks())
    begun = time.perf_counter()
    total = 0
    with ProcessPoolExecutor() as pool:
        counted = pool.map(_compute, found.values(), [options.output] * len(found))
        for name, (many, size, largest, took) in zip(found, counted, strict=True):
            total += size
            print(
                f"{name}: {many} positions, {size / 1e6:.1f} MB, a control at most {largest / 1e3:.0f} kB, {took:.1f} s"
            )
    print(f"{len(found)} panels: {total / 1e6:.1f} MB in {time.perf_counter() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
