"""Which exercises have been solved here: kept in a small file beside the notebooks, and nowhere else."""

from __future__ import annotations

import json
import os
import pkgutil
from html import escape
from importlib import import_module
from pathlib import Path

FILE = ".jobqueue_lesson_solved.json"
ELSEWHERE = "JOBQUEUE_LESSON_SOLVED"
"""Names the environment variable that says where else the file shall be."""


def path() -> Path:
    """Return where the file is, or will be: in the folder that the notebook runs in."""
    return Path(os.environ.get(ELSEWHERE) or FILE)


def names() -> set[str]:
    """Name the exercises that have been solved. A file that cannot be read counts as none."""
    try:
        known = json.loads(path().read_text(encoding="utf-8"))
        return {str(name) for name in known["solved"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def note(name: str) -> None:
    """Note that an exercise is solved. Where nothing can be written, nothing is noted."""
    known = names()
    if name in known:
        return
    text = json.dumps({"solved": sorted({*known, name})}, indent=1)
    scratch = path().with_suffix(".new")
    try:
        scratch.write_text(text + "\n", encoding="utf-8")
        scratch.replace(path())  # all or nothing, should the kernel be killed meanwhile
    except OSError:
        return


def forget_solved() -> None:
    """Forget all that has been solved here: the map is empty again."""
    path().unlink(missing_ok=True)


class Map:
    """Exercises by page, with a mark for each that is solved."""

    def __init__(self, *pages: str) -> None:
        from .check import EXERCISES

        for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
            import_module(f"{__package__}.{module.name}")
        done = names()
        exercises = sorted(EXERCISES.values(), key=lambda exercise: exercise.page)  # a stable sort: in their order
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
        """Show the map as a table, with a link to each page."""
        left = 'style="text-align: left"'
        rows = [f"<tr><th {left}>page</th><th {left}>exercises</th></tr>"]
        for page, exercises in self.pages.items():
            marked = "<br>".join(f"{'✓' if is_done else '○'} {escape(title)}" for title, is_done in exercises)
            rows.append(f'<tr><td {left}><a href="{page}.ipynb">{page}</a></td><td {left}>{marked}</td></tr>')
        return f"<table>{''.join(rows)}</table><p>{self._count()}</p>"

    def _count(self) -> str:
        marks = [is_done for exercises in self.pages.values() for _, is_done in exercises]
        return f"{sum(marks)} of {len(marks)} solved"


def course_map() -> Map:
    """Show all pages with their exercises, and which of them are solved."""
    return Map()


def solved_here(page: str) -> Map:
    """Show what is solved of one page, such as "04_retries".

    Raises:
        KeyError: for a page without exercises; it lists those that are.
    """
    return Map(page)
