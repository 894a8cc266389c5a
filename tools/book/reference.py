"""The API reference: a page for each module that people import from, made by Sphinx from its docstrings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..house_map import purpose
from ..paths import PACKAGE
from .addresses import REFERENCE

PARTS = {
    "Jobs, queues and workers": (
        "job",
        "contract",
        "queue",
        "list_queue",
        "worker",
        "handlers",
        "retries",
        "api",
        "dead_letters",
        "scheduler",
        "progress",
        "capacity",
    ),
    "On disk and in production": ("durable", "processes", "engine", "postgres"),
    "Simulated time, and what happened in it": ("simulation", "history", "moves", "arguments"),
    "Prove it": ("explore", "faults", "world", "judge", "judge.skeleton"),
    "Pictures, replays and cards": (
        "show.timeline",
        "show.replay",
        "show.sequence",
        "show.states",
        "show.pattern",
        "show.progress",
        "show.cards",
        "show.source",
        "show.style",
    ),
}
"""The modules that have a page, by heading."""

HEAD = """Reference
=========

Every module that people import from, with links to its source and to the page that teaches it. The names that you need
most can be imported from the package itself: ``from jobqueue_lesson import History, Job, JobQueue, Simulation, Status,
Worker, plot_timeline, text_timeline``. Times are in seconds.
"""


def reference_of(module: str) -> str:
    """Return where a module is described, such as "reference/worker" for "jobqueue_lesson.worker"."""
    return f"{REFERENCE.rpartition('/')[0]}/{module.removeprefix(f'{PACKAGE.name}.')}"


def modules() -> list[str]:
    """Return the modules that have a page, such as "show.timeline"."""
    return [name for part in PARTS.values() for name in part]


def sources(titles: Mapping[int, tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the name of each page of the reference and its content, in reStructuredText.

    Args:
        titles: name and title of the course's pages, by number.
    """
    yield REFERENCE, _index()
    for name in modules():
        yield reference_of(name), _module(name, titles)


def _index() -> str:
    lines = [HEAD]
    for heading, names in PARTS.items():
        lines += [heading, "-" * len(heading), "", ".. toctree::", "   :hidden:", ""]
        lines += [f"   {name}" for name in names]
        lines += ["", ".. list-table::", "   :widths: 30 70", "   :class: jq-modules", ""]
        for name in names:
            lines += [f"   * - :doc:`{name}`", f"     - {said(name)}"]
        lines += [""]
    return "\n".join(lines) + "\n"


def said(name: str) -> str:
    """Return what a module is for: the first sentence or two of its docstring."""
    return purpose(_path(name))


def _path(name: str) -> Path:
    path = PACKAGE.joinpath(*name.split("."))
    return path if path.is_dir() else path.with_suffix(".py")


def _module(name: str, titles: Mapping[int, tuple[str, str]]) -> str:
    """Return a module's page."""
    full = f"{PACKAGE.name}.{name}"
    taught = [f":doc:`{title} </{page}>`" for number in taught_on(said(name)) for page, title in [titles[number]]]
    where = [f"``{full}``", *([f"taught on {', '.join(taught)}"] if taught else [])]
    lines = [name, "=" * len(name), "", ".. rst-class:: jq-taught", "", " · ".join(where), ""]
    return "\n".join([*lines, f".. automodule:: {full}", ""])


PAGES = re.compile(r"\b([Pp]ages? )(\d+(?:(?:, | and )\d+)*)\b")


def taught_on(text: str) -> list[int]:
    """Return the numbers of the pages that a docstring names, as in "(page 4)" or "(pages 2, 4 and 7)"."""
    return [int(number) for found in PAGES.finditer(text) for number in re.findall(r"\d+", found[2])]


def with_links(docstring: str, titles: Mapping[int, tuple[str, str]]) -> str:
    """Return a docstring in which the names of pages, such as "page 4", are links to them."""

    def link(match: re.Match[str]) -> str:
        return match[1] + re.sub(r"\d+", lambda number: _link(int(number[0]), titles), match[2])

    return PAGES.sub(link, docstring)


def _link(number: int, titles: Mapping[int, tuple[str, str]]) -> str:
    return f":doc:`{number} </{titles[number][0]}>`" if number in titles else str(number)
