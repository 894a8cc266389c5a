"""The wheel, where there is no repository: in an empty environment, with an empty home."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
import venv
import zipfile
from contextlib import contextmanager
from email import message_from_bytes
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.paths import ROOT

PAGES = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """An environment's Python in which the wheel is installed, and what it asks for, and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    (path,) = [*folder.glob("bin/python"), *folder.glob("Scripts/python.exe")]
    pip = [sys.executable, "-m", "pip", "--python", path, "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-deps", "--no-compile", wheel], check=True)
    link_what_it_asks_for(wheel, path)
    subprocess.run([*pip, "check"], check=True)
    return path


def link_what_it_asks_for(wheel, python):
    """Have the distributions that a wheel asks for in another environment as well, by links to the files of this one.

    What pip would do, in a tenth of its time, and with the versions that are tested here.
    """
    here, there = (Path(folder) for folder in (sys.prefix, python.parent.parent))
    asked = requirements(message_from_bytes(metadata_of(wheel)).get_all("Requires-Dist"))
    linked = set()
    while asked:
        needed = asked.pop()
        what = (canonicalize_name(needed.name), frozenset(needed.extras))
        if what not in linked:
            linked.add(what)
            distribution = metadata.distribution(needed.name)
            for file in distribution.files:
                link(file.locate().resolve(), here, there)
            asked += requirements(distribution.requires or (), needed.extras)


def requirements(lines, extras=()):
    """Return those requirements that hold here, with these extras."""
    asked = [Requirement(line) for line in lines]
    return [r for r in asked if not r.marker or any(r.marker.evaluate({"extra": extra}) for extra in extras or [""])]


def link(file, here, there):
    """Have a file of an environment in another one, too. A script names the Python that runs it."""
    place = there / file.relative_to(here.resolve())
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if file.parent.name == "bin" and file.read_bytes()[:2] == b"#!":
        place.write_text(f"#!{there}/bin/python\n{file.read_text().partition(chr(10))[2]}")
        place.chmod(0o755)
        return
    try:
        place.hardlink_to(file)
    except OSError:  # another disk
        shutil.copy2(file, place)


def metadata_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return archive.read(name)


@pytest.fixture
def home(tmp_path):
    """An empty home; it is where the commands run, too."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def environment(home):
    ours = ("JUPYTER", "PYTHON", "IPYTHON", "XDG", "VIRTUAL_ENV", "DATABASE_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {"HOME": str(home)}


def run(home, *command):
    return subprocess.run(command, cwd=home, env=environment(home), capture_output=True, text=True)


@contextmanager
def opened(python, home):
    """Run `open` until it answers, and give its URL; stop it as Ctrl-C does."""
    with (home.parent / "open.log").open("w") as log:
        command = [python, "-m", "jobqueue_lesson", "open", "--no-browser"]
        process = subprocess.Popen(command, cwd=home, env=environment(home), stdout=log, stderr=log)
    try:
        yield address(home, process)
    finally:
        process.send_signal(subprocess.signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert process.returncode == 0, (home.parent / "open.log").read_text()


def answers(server):
    with socket.socket() as connection:
        return connection.connect_ex((server["hostname"], server["port"])) == 0


def address(home, process):
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up and process.poll() is None:
        for path in home.rglob("jpserver-*.json"):
            server = json.loads(path.read_text() or "{}")
            if server and answers(server):  # it says where it is before it listens
                return server
        time.sleep(0.05)
    raise AssertionError((home.parent / "open.log").read_text())


def ask(server, path):
    request = urllib.request.Request(server["url"] + path, headers={"Authorization": f"token {server['token']}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
        return answer.read().decode()


def test_the_wheel_has_the_package_the_pages_its_front_end_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    rest = [name for name in names if not re.match(r"[^/]+\.(dist-info|data/data/share/jupyter/labextensions)/", name)]
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "jobqueue_lesson").rglob("*")}
    package = {name for name in package if name.endswith((".py", ".css", ".js", ".sql", ".j2", ".json", "/py.typed"))}
    beside = {path.name for path in (ROOT / "notebooks").glob("*.md")}
    assert set(rest) == package | {f"jobqueue_lesson/notebooks/{name}" for name in {*PAGES, *beside}}
    assert len(PAGES) == 15


def test_type_checkers_are_told_that_the_wheel_has_types(wheel):
    assert "jobqueue_lesson/py.typed" in zipfile.ZipFile(wheel).namelist()


def test_what_only_developers_need_is_not_in_the_wheels_metadata(wheel):
    assert message_from_bytes(metadata_of(wheel)).get_all("Provides-Extra") is None


@pytest.mark.slow
def test_the_sdist_builds_and_has_what_the_wheel_is_made_of(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)], cwd=ROOT, check=True
    )
    (made,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(made) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {f"notebooks/{name}" for name in PAGES} | {"pyproject.toml", "README.md", "LICENSE"} <= names
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "jobqueue_lesson").rglob("*.py")} <= names
    assert not [name for name in names if name.startswith((".venv", "node_modules", "build", "dist"))]


def test_where_it_is_installed_the_doctor_finds_nothing_wrong(python, home):
    ran = run(home, python, "-m", "jobqueue_lesson", "doctor")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("✓") == 7


def test_where_it_is_installed_open_brings_the_pages_and_a_page_runs(python, home):
    with opened(python, home) as server:
        assert server["hostname"] == "127.0.0.1"
        assert server["root_dir"] == str(home / "jobqueue-lesson")
        listed = {entry["name"] for entry in json.loads(ask(server, "api/contents"))["content"]}
        assert listed >= {*PAGES, "results"}
        assert "JupyterLab" in ask(server, "lab/tree/00_start_here.ipynb")
    for name in PAGES:
        page = json.loads((home / "jobqueue-lesson" / name).read_bytes())
        assert not any(cell.get("outputs") for cell in page["cells"])
        assert f"(results/{name})" in "".join(page["cells"][0]["source"])
        saved = json.loads((home / "jobqueue-lesson" / "results" / name).read_bytes())
        assert any(cell.get("outputs") for cell in saved["cells"])
    assert "/lab/tree/00_start_here.ipynb?token=" in (home.parent / "open.log").read_text()
    run_page = run(home, python.parent / "jupyter", "execute", "--inplace", "jobqueue-lesson/00_start_here.ipynb")
    assert run_page.returncode == 0, run_page.stderr
    page = (home / "jobqueue-lesson" / "00_start_here.ipynb").read_text()
    assert "Ready: this environment has everything the course needs." in page
    again = run(home, python, "-m", "jobqueue_lesson", "open", "--copy-only")
    assert "1 kept as you left them" in again.stdout
    assert (home / "jobqueue-lesson" / "00_start_here.ipynb").read_text() == page
    assert not (set(home.iterdir()) - {home / "jobqueue-lesson", *home.glob(".*")})
