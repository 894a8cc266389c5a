"""The tools are all called in one way, wherever somebody is told to, and none has the name of a module of Python's."""

import pkgutil
import re
import sys
from importlib import import_module

import pytest

import tools
from tools.paths import ROOT

NAMES = {module.name for module in pkgutil.iter_modules(tools.__path__)}
TOOLS = sorted(NAMES - {"paths", "render"})
TOLD = [
    *ROOT.glob("*.md"),
    *(ROOT / ".github").rglob("*.yml"),
    *(ROOT / name for name in ("Makefile", ".ci/run", ".ci/site", ".pre-commit-config.yaml", ".binder/postBuild")),
    ROOT / ".devcontainer" / "devcontainer.json",
]


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_says_how_it_is_called(name, capsys):
    tool = import_module(f"tools.{name}")
    with pytest.raises(SystemExit, match="0"):
        tool.main(["--help"])
    assert capsys.readouterr().out.startswith(f"usage: python -m tools.{name} ")
    assert f"    python -m tools.{name}" in tool.__doc__


def test_none_has_the_name_of_a_module_of_pythons_own():
    assert not NAMES & sys.stdlib_module_names


@pytest.mark.parametrize("path", TOLD, ids=lambda path: path.name)
def test_wherever_a_tool_is_called_it_is_called_as_a_module_that_exists(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"python\S* \S*tools/", text)
    assert set(re.findall(r"-m tools\.(\w+)", text)) <= set(TOOLS)
