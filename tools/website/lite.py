"""JupyterLite: JupyterLab as static files, with the course's pages and with Python in the browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

from jobqueue_lesson.course.copies import SETTINGS
from jobqueue_lesson.course.editions import Notebook, site, to_bytes

from ..paths import LITE, notebooks
from .python import KERNEL, KERNEL_EXTENSION, Pyodide, fetch_wheels, make_lock, served, without_pages

EXTENSIONS = "share/jupyter/labextensions"
LOCK = "static/wheels/pyodide-lock.json"
KERNEL_PLUGIN = "@jupyterlite/pyodide-kernel-extension:kernel"
TRACKER = "@jupyterlab/notebook-extension:tracker"
OURS = "jobqueueLesson"
"""What the course's labextension finds among JupyterLab's own settings of the site: see `labextension/site.js`."""
STAMP = "jobqueue_lesson"
"""What the metadata of a page on the site have: its name and its edition."""

APP = (8_100_000, 2_100_000)
"""Bytes of JupyterLite's own files that a browser loads to show a page: as they are, and compressed.

It loads about half of all its files; which ones, only a browser can tell. A test compares this with what it loads.
"""
COMPRESSIBLE = {".css", ".html", ".ipynb", ".js", ".json", ".mjs", ".svg", ".wasm"}


class FirstStart(NamedTuple):
    """What a browser downloads from this site when a visitor opens the first page in JupyterLite."""

    bytes: int
    """Of all files, as they are."""
    compressed: int
    """From a server that compresses."""
    host: str
    """The host that Python itself and matplotlib come from; their bytes are not counted. "" for this site."""

    def in_words(self) -> str:
        """Return it in words, such as "The first start downloads 46 MB (27 MB if the server compresses), …"."""
        sizes = f"{self.bytes / 1e6:.0f} MB ({self.compressed / 1e6:.0f} MB if the server compresses)"
        if not self.host:
            return f"The first start downloads {sizes}, which your browser keeps."
        return (
            f"The first start downloads {sizes} from this site, and Python itself and matplotlib from {self.host}, "
            "which your browser must be able to reach. It keeps all of it."
        )


def first_start(files: Iterable[Path], host: str) -> FirstStart:
    """Return what the first start downloads.

    Args:
        files: of Python and its packages; the kernel loads all of them before the first cell.
        host: from where browsers load the others; "" if there are none.
    """
    full, compressed = APP
    for file in files:
        content = file.read_bytes()
        full += len(content)
        compressed += len(zlib.compress(content)) if file.suffix in COMPRESSIBLE else len(content)
    return FirstStart(full, compressed, host)


def build(output: Path, pyodide: Pyodide, wheel: Path, read: Mapping[str, str]) -> FirstStart:
    """Build it, and return what a first start downloads.

    Args:
        output: the folder to write to; its content is replaced.
        pyodide: where browsers find Pyodide.
        wheel: the course's own wheel.
        read: by the name of a file that pages link to, such as "GLOSSARY.md": where it can be read, seen from `output`.

    Raises:
        SystemExit: if something is missing; the message says what, and what to do.
    """
    output = output.resolve()  # JupyterLite runs in another folder
    with tempfile.TemporaryDirectory() as scratch:
        lite, wheels = Path(scratch, "lite"), Path(scratch, "wheels")
        contents = lite / "contents"
        contents.mkdir(parents=True)
        wheels.mkdir()
        without_pages(wheel, wheels)
        fetch_wheels(pyodide, wheels)
        lock = make_lock(pyodide, wheels)
        files = served(pyodide, wheels, lock)
        downloaded = first_start(files.values(), pyodide.host)
        for path in notebooks():
            (contents / path.name).write_bytes(to_bytes(stamped(site(json.loads(path.read_bytes())), path.name)))
        (lite / "jupyter-lite.json").write_text(json.dumps(configuration(pyodide, read, downloaded)), encoding="utf-8")
        (lite / "jupyter_lite_config.json").write_text(json.dumps(_extensions(unpacked(wheel, lite))), encoding="utf-8")
        shutil.rmtree(output, ignore_errors=True)
        _run(lite, output)
        for place, file in files.items():
            (output / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, output / place)
        (output / LOCK).write_text(json.dumps(lock), encoding="utf-8")
    return downloaded


def stamped(notebook: Notebook, name: str) -> Notebook:
    """Return a page with its name and its edition in its metadata.

    In a browser that has kept a visitor's copy, `labextension/copies.js` reads from them that the site has a newer
    page, and what the visitor has changed.
    """
    stamp = {"page": name, "edition": edition(notebook)}
    return notebook | {"metadata": notebook["metadata"] | {STAMP: stamp}}


def edition(notebook: Notebook) -> str:
    """Return a checksum of what is in a page's cells, without outputs. `labextension/copies.js` has the same."""
    text = "".join(f"{cell['cell_type']}\0{''.join(cell['source'])}\0" for cell in notebook["cells"])
    return f"{zlib.crc32(text.encode()):08x}"


def _run(lite: Path, output: Path) -> None:
    command = [sys.executable, "-m", "jupyterlite_core", "build", f"--lite-dir={lite}", f"--output-dir={output}"]
    command += [f"--contents={lite / 'contents'}", "--apps=lab", "--no-sourcemaps", "--no-unused-shared-packages"]
    environment = os.environ | {"PYTHONPATH": str(LITE)}
    made = subprocess.run(
        command, cwd=lite, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if made.returncode:
        raise SystemExit(f"JupyterLite could not be built:\n{made.stdout[-3000:]}")


def unpacked(wheel: Path, to: Path) -> Path:
    """Unpack the course's own JupyterLab extension from its wheel to a folder; return where it is.

    What is installed may be older than the wheel.
    """
    with ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if f".data/data/{EXTENSIONS}/" in name]
        archive.extractall(to, names)
    return to / names[0].partition(EXTENSIONS)[0] / EXTENSIONS / "jobqueue-lesson"


def _extensions(own: Path) -> dict[str, Any]:
    """Return a configuration with only those JupyterLab extensions that the site needs, not all that are installed."""
    installed = Path(sys.prefix, EXTENSIONS)
    others = [installed / "@jupyter-widgets/jupyterlab-manager", installed / "anywidget", KERNEL_EXTENSION]
    wanted = [str(path) for path in [*others, own]]
    return {"LiteBuildConfig": {"ignore_sys_prefix": ["federated_extensions"], "federated_extensions": wanted}}


def configuration(pyodide: Pyodide, read: Mapping[str, str], downloaded: FirstStart) -> dict[str, Any]:
    """Return the content of `jupyter-lite.json`. For the arguments, see `build`."""
    kernel = {
        "pyodideUrl": f"{pyodide.address}pyodide.mjs",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {
            "lockFileURL": f"./{LOCK}",
            "packages": [*KERNEL, "jobqueue-lesson"],
        },
    }
    data = {
        "appName": "jobqueue_lesson",
        "faviconUrl": "./icon-120x120.png",  # the one by default has 300 KB
        # Pages that were open last time stay closed: each open page would start its own Python.
        "enableMemoryStorage": True,
        "workspacesStorageDrivers": ["memoryStorageDriver"],
        "litePluginSettings": {KERNEL_PLUGIN: kernel},
        # Keep all cells of a page in it: otherwise, a widget that is scrolled out of sight is removed.
        "settingsOverrides": SETTINGS | {TRACKER: SETTINGS[TRACKER] | {"windowingMode": "none"}},
        OURS: {"read": dict(read), "megabytes": round(downloaded.bytes / 1e6), "host": downloaded.host},
    }
    return {"jupyter-lite-schema-version": 0, "jupyter-config-data": data}
