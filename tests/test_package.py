import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import jobqueue_lesson
from jobqueue_lesson import handlers

PACKAGE = Path(jobqueue_lesson.__file__).parent
MODULES = set(PACKAGE.rglob("*.py"))
ABOVE = {"world", "explore"}  # they run the system, and look at what it did
SYSTEM = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__", "history"} - ABOVE


@pytest.mark.parametrize("module", ["jobqueue_lesson", "jobqueue_lesson.__main__"])
def test_importing_it_needs_the_standard_library_alone(module):
    code = f"import sys; before = set(sys.modules); import {module}; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    own = {"jobqueue_lesson", "_missing_stdlib_info"}  # the latter is of Python 3.15, but not in its list
    foreign = {name.split(".")[0] for name in loaded} - sys.stdlib_module_names - own
    assert foreign == set()
    assert not [name for name in loaded if name.startswith("jobqueue_lesson.show")]


def test_the_public_names_are_at_the_top():
    assert jobqueue_lesson.__all__ == [
        "History",
        "Job",
        "JobQueue",
        "Simulation",
        "Status",
        "Worker",
        "plot_timeline",
        "text_timeline",
    ]
    for name in jobqueue_lesson.__all__:
        assert getattr(jobqueue_lesson, name)
    assert not hasattr(jobqueue_lesson, "plot_everything")


def imported(path):
    """Name the modules of the package that a module imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            names |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
    return names


def test_imports_run_one_way():
    for name in SYSTEM:
        assert not imported(PACKAGE / f"{name}.py") & {
            "history",
            "show",
            "judge",
            "labs",
            "exercises",
            "course",
            *ABOVE,
        }, name
    for name in ABOVE:
        assert not imported(PACKAGE / f"{name}.py") & {"labs", "exercises", "course"}, name
    for path in (PACKAGE / "course").glob("*.py"):  # it knows nothing of what the course teaches
        assert not imported(path) & {"history", "show", "judge", "labs", "exercises", *ABOVE, *SYSTEM} - {"postgres"}, (
            path.name
        )
    assert imported(PACKAGE / "history.py") <= {"arguments", "job", "contract", "lines"}
    assert imported(PACKAGE / "show" / "timeline.py") <= {"colours", "history", "job", "style"}
    above = ["show", "judge", "labs", "course", "exercises"]
    while len(above) > 1:
        folder = above.pop(0)
        for path in (PACKAGE / folder).glob("*.py"):
            assert not imported(path) & set(above), path.name


def needs(path):
    """Return the modules of the package that a module imports, at its top or later, each by its file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            place = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            names = [place / alias.name for alias in node.names] if place.is_dir() else [place]
            found |= {name.with_suffix(".py") for name in names} & MODULES
    return found


def test_no_imports_go_round_in_a_circle():
    TopologicalSorter({path: needs(path) for path in MODULES}).prepare()


def test_every_public_thing_is_documented():
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), path.name
        for node in ast.walk(tree):
            public = isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith(
                ("_", "my_")
            )  # a stub is not
            if public and node in tree.body:
                assert ast.get_docstring(node), f"{path.name}: {node.name}"


def test_the_handlers_have_a_handler_for_each_kind_of_job_of_the_product():
    assert list(handlers.HANDLERS) == ["send-email", "resize-image", "generate-report"]


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_sql_has_no_numbered_parameters(path):
    # Python 3.12.3, which Ubuntu 24.04 has, warns of "?1" with a tuple. There are "?", and ":name" with a dict.
    assert not re.search(r"\?[0-9]", path.read_text(encoding="utf-8"))
