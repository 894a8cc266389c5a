"""The map of the exercises: all of them, page by page, with those that are solved."""

from __future__ import annotations

import json
import pkgutil
from html import escape
from importlib import import_module
from pathlib import Path

from ..course import pages as course_pages
from ..show import kept
from .check import EXERCISES


class Map:
    """Exercises by page, each with a mark that says whether it is solved.

    Args:
        pages: which pages; none: all of them.
    """

    def __init__(self, *pages: str) -> None:
        for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
            import_module(f"{__package__}.{module.name}")
        self.objectives: dict[str, list[str]] = {}
        """By page, what a learner can do after it. They are shown folded, and only in HTML."""
        done = kept.solved()
        exercises = sorted(EXERCISES.values(), key=lambda exercise: exercise.page)  # stable: a page keeps its order
        self.pages: dict[str, list[tuple[str, bool]]] = {}
        for exercise in exercises:
            if not pages or exercise.page in pages:
                self.pages.setdefault(exercise.page, []).append((exercise.title, exercise.name in done))
        if unknown := sorted(set(pages) - set(self.pages)):
            known = ", ".join(sorted({exercise.page for exercise in exercises}))
            raise KeyError(f"no page {unknown[0]!r} with exercises; there are: {known}")

    def __repr__(self) -> str:
        wide = max(len(page) for page in self.pages)
        rows = [
            f"{page:{wide}}  " + "  ".join(f"{'✓' if is_done else '○'} {title}" for title, is_done in exercises)
            for page, exercises in self.pages.items()
        ]
        return "\n".join([*rows, self._count()])

    def _repr_html_(self) -> str:
        """Show the map as a table, with a link to each page and, folded, what one can do after it."""
        left = 'style="text-align: left"'
        rows = [f"<tr><th {left}>page</th><th {left}>exercises</th></tr>"]
        for page, exercises in self.pages.items():
            marked = "<br>".join(f"{'✓' if is_done else '○'} {escape(title)}" for title, is_done in exercises)
            link = f'<a href="{page}.ipynb">{page}</a>{self._folded(page)}'
            rows.append(f"<tr><td {left}>{link}</td><td {left}>{marked}</td></tr>")
        return f"<table>{''.join(rows)}</table><p>{self._count()}</p>"

    def _folded(self, page: str) -> str:
        items = "".join(f"<li>{escape(text)}</li>" for text in self.objectives.get(page, ()))
        return f"<details><summary>After this page you can …</summary><ul>{items}</ul></details>" if items else ""

    def _count(self) -> str:
        marks = [is_done for exercises in self.pages.values() for _, is_done in exercises]
        return f"{sum(marks)} of {len(marks)} solved"


def course_map() -> Map:
    """Return all pages with their exercises, and which of them are solved."""
    course = Map()
    course.objectives = {page: _objectives(page) for page in course.pages}
    return course


def _objectives(page: str) -> list[str]:
    """Return what a learner can do after a page: nothing where the page is not there or cannot be read."""
    try:
        saved = json.loads((course_pages.folder() / f"{page}.ipynb").read_bytes())
        return [objective.text for objective in course_pages.objectives(saved)]
    except (OSError, ValueError, LookupError, TypeError):
        return []


def solved_here(page: str) -> Map:
    """Return one page's exercises, such as those of "04_retries", and which of them are solved.

    Raises:
        KeyError: for a page without exercises; the message lists the pages that have some.
    """
    return Map(page)
