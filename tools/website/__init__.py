"""Build the course as a web site: the book, and in it JupyterLite, where its pages run with nothing to install.

    python -m tools.website [--pyodide FOLDER] [--output FOLDER] [--url https://…] [--gzip]
    python -m tools.website --pyodide-version

The site is static files. The book is at its root, JupyterLite in its folder `lite`. There, Python runs in the browser:
the site has Python's packages as wheels, and a lock file that says which module is in which wheel; so `import` finds
them, and no page needs an install cell. Pyodide itself, and the wheels that only Pyodide has (matplotlib and its
dependencies), come from `--pyodide`, a folder with its full distribution; without it, browsers load them from Pyodide's
content network.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .. import book, parser
from ..book import redirects
from ..book.addresses import LITE
from ..handouts import build_wheel
from ..paths import BUILD
from . import lite
from .python import find_pyodide, right_version

READ = {name: f"../{page}" for name, page in redirects.OLD_PATHS.items()}
"""Where people read what pages link to, seen from JupyterLite's folder."""


def build(
    output: Path, folder: Path | None = None, wheel: Path | None = None, *, url: str = "", panels_move: bool = True
) -> lite.FirstStart:
    """Build the site; return what a visitor downloads who runs a page.

    Args:
        output: the folder to write to; its content is replaced.
        folder: Pyodide's full distribution, unpacked; None: browsers load it from its content network.
        wheel: the course's wheel; None: it is built.
        url: where the site will be, if that is known; it ends with a slash. See `book.build`.
        panels_move: whether the book's panels move; see `book.build`.

    Raises:
        SystemExit: if something is missing; the message says what, and what to do.
    """
    output = output.resolve()
    pyodide = find_pyodide(folder)
    with tempfile.TemporaryDirectory() as scratch:
        wheel = wheel or build_wheel(Path(scratch))
        made = Path(scratch, "lite")
        downloaded = lite.build(made, pyodide, wheel, READ)
        book.build(output, LITE, url=url, wheel=wheel, loads=downloaded.in_words(), panels_move=panels_move)
        shutil.move(made, output / LITE)
    return downloaded


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
    command_line.add_argument("--url", default="", help="where the site will be, for previews of links to it")
    command_line.add_argument(
        "--gzip", action="store_true", help="write a .gz beside each file, for servers that send those"
    )
    command_line.add_argument(
        "--pyodide-version", action="store_true", help="only print which version of Pyodide is right"
    )
    options = command_line.parse_args(arguments)
    if options.pyodide_version:
        print(right_version())
        return 0
    url = options.url and options.url.rstrip("/") + "/"
    downloaded = build(options.output, options.pyodide, url=url)
    if options.gzip:
        write_compressed(options.output)
    print(downloaded.in_words())
    print(f"The site is in {options.output}. To serve it: python -m http.server --directory {options.output}")
    return 0
