"""Make slides from the notebooks themselves: static reveal.js decks with the saved pictures, which need no network.

    python -m tools.slides [--output build/slides] [notebooks/04_retries.ipynb …]

Each cell's slideshow metadata, set in JupyterLab's property inspector, say where it is shown: on a new slide, on one
below that, as a fragment, in the speaker's notes, not at all, or ("-") on the slide of the cell before. A cell with the
tag `remove-input` is shown without its code, for pictures that leave no room for it. All other cells show their output
one step after their code, so that the audience can predict it first.

Replays, panels, cards and live stages work on the slides. Their data are in the deck, so a deck works from a file, too.
The first time, it takes a minute or two to compute what panels show: see `tools.panels`.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import SlidesExporter
from traitlets.config import Config

from jobqueue_lesson.course.editions import make_edition
from jobqueue_lesson.course.pages import title
from jobqueue_lesson.show import alive, pictures
from jobqueue_lesson.show.saved import ALIVE

from . import panels, parser
from .paths import BUILD, REVEAL, TEMPLATES, notebooks
from .render import render

DATA = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)
SMALL = 10_000
"""Data of fewer characters are not packed."""
ROOM = (1147, 510)
"""How wide and how tall a picture may be on a slide of 1280 × 720, in pixels."""


def title_of(path: Path) -> str:
    """Return the title of a notebook, which is also that of its deck."""
    return title(json.loads(path.read_bytes()))


def deck(path: Path) -> str:
    """Return a notebook's deck, as HTML.

    Args:
        path: the notebook, with its outputs.
    """
    exporter = SlidesExporter(
        extra_template_basedirs=[str(TEMPLATES)],
        template_name="deck",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        config=Config({"TagRemovePreprocessor": {"enabled": True, "remove_input_tags": {"remove-input"}}}),
    )
    notebook = nbformat.reads(make_edition(path.read_bytes(), "slides"), as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if ALIVE in output.get("data", {}):
                output.data = {"text/html": _widget(output, path.stem, cell.source)}
            elif picture := pictures.inline(output, ROOM):
                output.data = {"text/html": picture}
    resources = {"title": title_of(path), "alive": alive.script()}
    page, _ = exporter.from_notebook_node(notebook, resources=resources)
    return str(page)


def _widget(output: Any, page: str, source: str) -> str:
    """Return a widget as HTML, with its data. A replay without a picture is one whose timeline is on the next slide."""
    kind = output.data[ALIVE]["kind"]
    if kind == "panel":
        panels.fill(output, page, source)
    html, _ = alive.element(output, inline=True)
    html = DATA.sub(_packed, html)
    if kind == "replay" and "image/png" not in output.data:
        return f'<div class="without-timeline">{html}</div>'
    return html


def _packed(data: re.Match[str]) -> str:
    """Return a widget's data as a script that takes less room: a tenth of it, for a panel. See `deck.js`."""
    if len(data[1]) < SMALL:
        return data[0]
    packed = base64.b64encode(gzip.compress(data[1].encode(), mtime=0)).decode()
    return f'<script type="application/gzip">{packed}</script>'


def index(paths: list[Path]) -> str:
    """Return the page that lists the decks, as HTML."""
    return render("decks.html.j2", decks=[(path.stem, title_of(path)) for path in paths])


def build(out: Path, paths: list[Path]) -> None:
    """Write the decks, the page that lists them, and the parts of reveal.js that they need.

    Raises:
        FileNotFoundError: if reveal.js is not installed.
    """
    if not REVEAL.is_dir():
        raise FileNotFoundError(f"no reveal.js in {REVEAL.parent}: run `make slides`, which installs it")
    (out / "reveal").mkdir(parents=True, exist_ok=True)
    for name in ("LICENSE", "dist/reveal.css", "dist/reveal.js", "dist/plugin/notes.js"):
        shutil.copy(REVEAL / name, out / "reveal")
    for name in ("deck.css", "deck.js"):
        shutil.copy(TEMPLATES / name, out)
    (out / "alive.css").write_text(alive.styles(), encoding="utf-8")
    for path in paths:
        (out / f"{path.stem}.html").write_text(deck(path), encoding="utf-8")
    (out / "index.html").write_text(index(paths), encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    command_line = parser("slides", __doc__)
    command_line.add_argument("notebooks", nargs="*", type=Path, help="default: all of the course")
    command_line.add_argument(
        "--output", type=Path, default=BUILD / "slides", help="output folder; default: build/slides"
    )
    options = command_line.parse_args(arguments)
    paths = options.notebooks or notebooks()
    if missing := [str(path) for path in paths if not path.is_file()]:
        command_line.error(f"no such notebook: {', '.join(missing)}")
    build(options.output, paths)
    print(f"{len(paths)} decks: open {options.output / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
