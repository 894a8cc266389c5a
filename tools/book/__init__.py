"""Make the book: the course's pages to read anywhere, their replays and cards alive without a kernel, and a reference.

    python -m tools.book [--output build/book] [--lite lite/] [--url https://…] [--still]

The book is static files, made by Sphinx, MyST-NB and Furo. Any file server can serve them, and they ask no other host
for anything. No notebook is run: the saved outputs are shown.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobqueue_lesson.show import alive

from .. import parser
from ..paths import BUILD, TEMPLATES, notebooks
from ..picture import five_jobs
from . import lookups, redirects, reference
from .addresses import GLOSSARY, INSTRUCTORS, LITE, PREVIEWS, REFERENCE, WHAT_NEXT, cell_id
from .front import first_page
from .lean import lean
from .pages import Page, page, plain
from .previews import drawer
from .theme import THEME

TITLE = "Background jobs"
SAID = {
    "index": "Build a background job queue, run it, break it on purpose, and watch every job in replays that play "
    "right on the page.",
    GLOSSARY: "Every term of the course, in the sentence that defines it, with the page that introduces it.",
    WHAT_NEXT: "For each page of the course, the primary source or the best text on it.",
    INSTRUCTORS: "How to teach the course: plans for an hour, half a day and six weeks, and a section for each page.",
    REFERENCE: "The package that the course builds: every module, class and function, with links to its source.",
}
"""What previews say of pages that are no notebooks."""


def build(
    output: Path,
    lite: str = LITE,
    *,
    url: str = "",
    wheel: Path | None = None,
    loads: str = "",
    panels_move: bool = True,
) -> None:
    """Make the book.

    Args:
        output: the folder to write to; its content is replaced.
        lite: the address of JupyterLite, seen from the book's first page; it ends with a slash.
        url: where the book will be, if that is known: previews then have full addresses, as networks want them.
        wheel: the course's wheel, for those who install it; None: the first page offers none.
        loads: what a browser downloads when JupyterLite is opened for the first time, in a sentence.
        panels_move: whether the positions of the panels are computed, which takes minutes, once: see `tools.panels`.
            Otherwise a panel is a picture and a text.

    Raises:
        SystemExit: if Sphinx warns of anything, such as a link that leads nowhere; the message has the warnings.
    """
    pages = [page(path, lite, panels_move=panels_move, loads=loads) for path in notebooks()]
    files: dict[str, bytes] = {}
    for made in pages:
        files |= made.files
    if wheel is not None:
        files[wheel.name] = wheel.read_bytes()
    history = five_jobs()
    texts = {
        "index.md": first_page(pages, history, files, lite=lite, wheel=wheel.name if wheel else "", loads=loads),
        f"{GLOSSARY}.md": lookups.glossary(),
        f"{WHAT_NEXT}.md": lookups.what_next(),
        f"{INSTRUCTORS}.md": lookups.instructors(),
    }
    titles = {int(made.name[:2]): (made.name, made.title) for made in pages}
    texts |= {f"{name}.rst": text for name, text in reference.sources(titles)}
    sources = {name: text.encode() for name, text in texts.items()} | {
        f"{made.name}.ipynb": made.notebook for made in pages
    }
    draw = drawer(history)
    files[f"{PREVIEWS}/index.png"] = draw("A course in notebooks", "Build a background job queue")
    files |= {f"{PREVIEWS}/{made.name}.png": draw(made.track, made.title) for made in pages}
    shutil.rmtree(output, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        _write(Path(scratch, "source"), sources)
        _write(Path(scratch, "static"), _static())
        _sphinx(Path(scratch), output, _configuration(pages, titles, url))
    _write(output, files)
    lean(output)
    redirects.write(output, lite)
    for mapped in output.rglob("*.map"):  # of the theme's scripts and styles, for those who change the theme
        mapped.unlink()


def _static() -> dict[str, bytes]:
    """Return the files that all pages share."""
    from rjsmin import jsmin  # tests that build no book have none of what it takes

    own = {
        path.name: path.read_bytes()
        for path in (TEMPLATES / "book").iterdir()
        if path.suffix in (".css", ".js", ".svg")
    }
    return own | {"alive.js": jsmin(alive.script()).encode(), "alive.css": alive.styles().encode()}


def _configuration(pages: Sequence[Page], titles: dict[int, tuple[str, str]], url: str) -> dict[str, Any]:
    """Return Sphinx's configuration."""
    said = {made.name: plain(made.question) for made in pages} | SAID
    said |= {reference.reference_of(name): plain(reference.said(name)) for name in reference.modules()}
    return THEME | {
        "project": TITLE,
        "html_baseurl": url,
        "jq_cells": {made.name: [cell_id(name) for name in made.cells] for made in pages},
        "jq_said": said,
        "jq_titles": titles,
    }


def _sphinx(scratch: Path, output: Path, configuration: dict[str, Any]) -> None:
    """Run Sphinx on the sources.

    Raises:
        SystemExit: if it warns of anything.
    """
    from sphinx.application import Sphinx  # only here: those who run the quick tests may not have it

    warnings = io.StringIO()
    app = Sphinx(
        scratch / "source",
        None,
        output,
        scratch / "doctrees",
        "html",
        configuration
        | {"html_static_path": [str(scratch / "static")], "html_favicon": str(scratch / "static" / "icon.svg")},
        status=None,
        warning=warnings,
    )
    app.build()
    if warnings.getvalue():
        raise SystemExit(f"Sphinx warns:\n{warnings.getvalue()}")


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def size(folder: Path) -> int:
    """Return how many bytes the files in a folder have."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _folder(text: str) -> str:
    """Return the address of a folder: it ends with a slash."""
    return text if text.endswith("/") or not text else f"{text}/"


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    command_line: argparse.ArgumentParser = parser("book", __doc__)
    command_line.add_argument("--output", type=Path, default=BUILD / "book", help="output folder; default: build/book")
    command_line.add_argument("--lite", type=_folder, default=LITE, help=f"where JupyterLite is; default: {LITE}")
    command_line.add_argument(
        "--url", type=_folder, default="", help="where the book will be, for previews of links to it"
    )
    command_line.add_argument("--still", action="store_true", help="do not compute the positions of the panels")
    options = command_line.parse_args(arguments)
    build(options.output, options.lite, url=options.url, panels_move=not options.still)
    print(f"{size(options.output) / 1e6:.1f} MB: open {options.output / 'index.html'}")
    if options.lite == LITE:
        print(f'"Run this page" leads to {LITE}, which is not built here: make site builds the book and JupyterLite.')
    return 0
