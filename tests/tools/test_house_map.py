"""The map of the house in CONTRIBUTING.md is that of the imports."""

from graphlib import CycleError

import pytest

from tools import house_map as tool


@pytest.fixture
def package(tmp_path):
    """A package of five parts, one of them a folder."""
    files = {
        "__init__": '"""What is on top."""\nfrom .queue import Queue',
        "job": '"""A job\nor two.\n\nMore."""\nimport asyncio\nfrom pathlib import Path',
        "queue": '"""A | B."""\nfrom . import job',
        "worker": "import house.job\nfrom house.queue import Queue",
        "show/__init__": '"""Pictures."""\nfrom .. import queue',
        "show/plot": "from . import colours\nfrom ..job import Job\n\n\ndef late():\n    from ..worker import Worker",
        "show/colours": "",
    }
    for name, source in files.items():
        path = tmp_path / "house" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    (tmp_path / "house" / "show" / "plot.js").touch()
    return tmp_path / "house"


def test_the_map_in_contributing_is_that_of_the_imports():
    text = tool.CONTRIBUTING.read_text(encoding="utf-8")
    drawn = tool.house_map(tool.PACKAGE, tool.TOOLS)
    assert text == tool.with_map(text, drawn), "the map is stale: run .venv/bin/python -m tools.house_map"


def test_imports_are_found_however_they_are_written(package):
    assert tool.imports(package) == {
        "__init__": {"queue"},
        "job": set(),
        "queue": {"job"},
        "show": {"job", "queue", "worker"},
        "worker": {"job", "queue"},
    }


def test_the_ground_comes_first_and_an_arrow_is_left_out_where_a_longer_way_leads_there(package):
    graph = tool.imports(package)
    assert tool.ground_first(graph) == ["job", "queue", "__init__", "worker", "show"]
    assert tool.direct(graph) == {
        "__init__": ["queue"],
        "job": [],
        "queue": ["job"],
        "show": ["worker"],
        "worker": ["queue"],
    }


def test_a_circle_is_refused_and_names_its_parts(package):
    (package / "job.py").write_text("from .worker import Worker")
    with pytest.raises(CycleError) as refused:
        tool.house_map(package, package)
    assert {"job", "worker"} <= set(refused.value.args[1])


def test_what_is_not_a_part_of_the_package_is_taken_from_its_top(package):
    (package / "show" / "plot.py").write_text("from .. import Queue")
    assert tool.imports(package)["show"] == {"__init__", "queue"}


def test_a_line_says_what_a_part_is_for_and_links_to_it(package):
    lines = tool.house_map(package, package / "show").splitlines()
    assert "| [`job`](house/job.py) | A job or two. | – |" in lines
    assert r"| [`queue`](house/queue.py) | A \| B. | `job` |" in lines
    assert "| [`show/`](house/show) | Pictures. | `job`, `queue`, `worker` |" in lines


def test_only_what_is_between_the_marks_changes():
    text = f"before\n\n{tool.BEGIN}\nold\n{tool.END}\n\nafter\n"
    assert tool.with_map(text, "new") == f"before\n\n{tool.BEGIN}\n\nnew\n\n{tool.END}\n\nafter\n"
