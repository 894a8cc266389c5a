"""Build the course as a web site, whose pages run with no installation: in JupyterLite, with Python in the browser.

    python -m tools.website [--pyodide FOLDER] [--output FOLDER] [--gzip]

The site is static files. JupyterLite is in its folder `lite`. It has Python's packages as wheels, and a lock file that
says which module is in which wheel; so `import` finds them, and no page needs an install cell. Pyodide itself, and the
wheels that only Pyodide has (matplotlib and its dependencies), come from `--pyodide`, a folder with its full
distribution; without it, browsers load them from Pyodide's content network.
"""

from __future__ import annotations

import base64
import gzip
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from jobqueue_lesson.course.editions import runs_in_browser
from jobqueue_lesson.course.pages import title

from .. import parser
from ..handouts import build_wheel
from ..paths import BUILD, TIMELINE, notebooks
from ..render import render
from . import lite
from .python import find_pyodide

FOLDER = "lite"
"""Where JupyterLite is, seen from the site's first page."""
LAB = f"{FOLDER}/lab/index.html"
READ = {"GLOSSARY.md": "../glossary.html", "WHAT_NEXT.md": "../what_next.html"}
"""Where people read what pages link to, seen from JupyterLite's folder."""


def build(output: Path, folder: Path | None = None, wheel: Path | None = None) -> None:
    """Build the site.

    Args:
        output: the folder to write to; its content is replaced.
        folder: Pyodide's full distribution, unpacked; None: browsers load it from its content network.
        wheel: the course's wheel; None: it is built.

    Raises:
        SystemExit: if something is missing; the message says what, and what to do.
    """
    pyodide = find_pyodide(folder)
    with tempfile.TemporaryDirectory() as scratch:
        wheel = wheel or build_wheel(Path(scratch))
        downloaded = lite.build(Path(scratch, FOLDER), pyodide, wheel, READ)
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir(parents=True)
        _write_root(output, downloaded, wheel)
        shutil.move(Path(scratch, FOLDER), output)


def _write_root(output: Path, downloaded: lite.FirstStart, wheel: Path) -> None:
    """Write what is not JupyterLite: the first page, the course's wheel, and a page where JupyterLab once was."""
    shutil.copy(wheel, output)
    (output / "index.html").write_text(landing_page(downloaded, wheel.name), encoding="utf-8")
    (output / "lab").mkdir()
    (output / "lab/index.html").write_text(render("moved.html.j2", to=f"../{LAB}"), encoding="utf-8")


def landing_page(downloaded: lite.FirstStart, wheel: str) -> str:
    """Return the first page, as HTML: the pages, how much of each runs, and what is downloaded from where.

    Args:
        downloaded: what a first start downloads.
        wheel: the file name of the course's own wheel.
    """
    rows = []
    for path in notebooks():
        notebook = json.loads(path.read_bytes())
        running, missing = runs_in_browser(notebook)
        what = "runs" if not missing else f"{running} of {running + missing} cells run, the others can be read"
        rows.append((path.name, title(notebook), what))
    picture = base64.b64encode(TIMELINE.read_bytes()).decode()
    return render(
        "landing.html.j2", lab=LAB, pages=rows, first_start=downloaded.in_words(), picture=picture, wheel=wheel
    )


def write_compressed(folder: Path) -> None:
    """Write a .gz beside each file of a site that becomes smaller by it, for servers that look for one."""
    for path in [path for path in folder.rglob("*") if path.suffix in lite.COMPRESSIBLE]:
        content = path.read_bytes()
        small = gzip.compress(content, mtime=0)
        if len(small) < 0.9 * len(content):
            path.with_name(f"{path.name}.gz").write_bytes(small)


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    command_line = parser("website", __doc__)
    command_line.add_argument("--pyodide", type=Path, help="a folder with Pyodide's full distribution, unpacked")
    command_line.add_argument("--output", type=Path, default=BUILD / "site", help="output folder; default: build/site")
    command_line.add_argument(
        "--gzip", action="store_true", help="write a .gz beside each file, for servers that send those"
    )
    options = command_line.parse_args(arguments)
    build(options.output, options.pyodide)
    if options.gzip:
        write_compressed(options.output)
    print(f"The site is in {options.output}. To serve it: python -m http.server --directory {options.output}")
    return 0
