"""Make slides from the notebooks themselves: static reveal.js decks with the saved pictures, that need no network.

    python tools/slides build/slides [notebooks/04_retries.ipynb …]

What is on a slide is said in each cell's slideshow metadata, as JupyterLab's property inspector sets it: a new slide,
one below it, a fragment, notes for the speaker, skipped, or "-", on the slide of the cell before. Of a cell with the
tag `remove-input` the output alone is shown: a picture that leaves no room for the code that draws it. Of all others
the output comes a step after the code: going on is running the cell, and a room can bid before.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from html import escape
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter
from traitlets.config import Config

from jobqueue_lesson.course.editions import edition_of

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
NOTEBOOKS = ROOT / "notebooks"
REVEAL = ROOT / "node_modules" / "reveal.js"


def title_of(path: Path) -> str:
    """Return the title of a notebook, such as "4 · Retries"."""
    first = nbformat.read(path, as_version=4).cells[0].source
    return str(first).splitlines()[0].removeprefix("# ")


def deck(path: Path) -> str:
    """Return the page of a notebook's slides.

    Args:
        path: the notebook, with its outputs.
    """
    exporter = SlidesExporter(
        extra_template_basedirs=[str(HERE)],
        template_name="deck",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        config=Config({"TagRemovePreprocessor": {"enabled": True, "remove_input_tags": {"remove-input"}}}),
    )
    notebook = nbformat.reads(edition_of(path.read_bytes(), "instructor"), as_version=4)
    page, _ = exporter.from_notebook_node(notebook, resources={"title": title_of(path)})
    # Links lead from deck to deck. An answer comes after its question, so it need not be folded.
    return str(page).replace('.ipynb"', '.html"').replace(".ipynb#", ".html#").replace("<details>", "<details open>")


def index(paths: list[Path]) -> str:
    """Return the page that lists the decks."""
    rows = "\n".join(f'<li><a href="{path.stem}.html">{escape(title_of(path))}</a></li>' for path in paths)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Background jobs · slides</title>
<link rel="stylesheet" href="deck.css">
</head>
<body>
<main class="decks">
<h1>Background jobs · slides</h1>
<p>Space goes on, and Shift+Space back; a cell's output comes a step after its code. S opens the speaker's window with
the notes, F fills the screen, Esc or O shows all slides, ? lists all keys. To print a deck, add <code>?print-pdf</code>
to its address.</p>
<ul>
{rows}
</ul>
</main>
</body>
</html>
"""


def build(out: Path, paths: list[Path]) -> None:
    """Write the decks, the page that lists them, and the little of reveal.js that they need.

    Raises:
        FileNotFoundError: if reveal.js is not installed.
    """
    if not REVEAL.is_dir():
        raise FileNotFoundError(f"no reveal.js in {REVEAL.parent}: run `make slides`, which installs it")
    (out / "reveal").mkdir(parents=True, exist_ok=True)
    for name in ("LICENSE", "dist/reveal.css", "dist/reveal.js", "dist/plugin/notes.js"):
        shutil.copy(REVEAL / name, out / "reveal")
    shutil.copy(HERE / "deck.css", out)
    for path in paths:
        (out / f"{path.stem}.html").write_text(deck(path), encoding="utf-8")
    (out / "index.html").write_text(index(paths), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="tools/slides", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="the folder to write to")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all of the course")
    options = parser.parse_args(arguments)
    paths = options.notebooks or sorted(NOTEBOOKS.glob("*.ipynb"))
    if missing := [str(path) for path in paths if not path.is_file()]:
        parser.error(f"no such notebook: {', '.join(missing)}")
    build(options.out, paths)
    print(f"{len(paths)} decks: open {options.out / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
