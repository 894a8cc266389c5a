"""Editions of the course, made from one master: the course's own, the learner's and the instructor's.

A notebook is what `json.load` gives of an .ipynb file. An edition is a function from a notebook to a notebook.
"""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

Notebook = dict[str, Any]
Cell = dict[str, Any]


def is_solution(cell: Cell) -> bool:
    """Say whether a cell is the solution of an exercise, or, with the tag `solution`, words about where that is."""
    return bool(cell["id"].endswith("-solution") or "solution" in cell["metadata"].get("tags", []))


def is_note(cell: Cell) -> bool:
    """Say whether a cell is a note for whoever teaches: a speaker note, as slides know it."""
    return bool(cell["metadata"].get("slideshow", {}).get("slide_type") == "notes")


def note(cell: Cell) -> str:
    """Return what a note says. In a page it is hidden in a comment, `<!-- Notes … -->`, so that no learner sees it."""
    return "".join(cell["source"]).removeprefix("<!-- Notes").removesuffix("-->").strip()


def course(notebook: Notebook) -> Notebook:
    """Return the course's own edition: everything as it is saved. Solutions are folded, notes hidden."""
    return deepcopy(notebook)


def learner(notebook: Notebook) -> Notebook:
    """Return the learner's edition: no solutions, no notes, and nothing has been run yet."""
    made = deepcopy(notebook)
    made["cells"] = [cell for cell in made["cells"] if not is_solution(cell) and not is_note(cell)]
    for cell in made["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    return made


def instructor(notebook: Notebook) -> Notebook:
    """Return the instructor's edition: everything, with solutions unfolded, and notes to be seen and marked as such."""
    made = deepcopy(notebook)
    for cell in made["cells"]:
        if is_solution(cell):
            jupyter = cell["metadata"].get("jupyter", {})
            jupyter.pop("source_hidden", None)
            if not jupyter:
                cell["metadata"].pop("jupyter", None)
        if is_note(cell):
            quoted = "\n".join(f"> {line}".rstrip() for line in f"**Notes.** {note(cell)}".splitlines())
            cell["source"] = quoted.splitlines(keepends=True)
    return made


EDITIONS = {"course": course, "learner": learner, "instructor": instructor}
"""The editions by name."""


def edition_of(page: bytes, name: str) -> bytes:
    """Return an edition of a saved notebook, as Jupyter saves it.

    Args:
        page: what is in the .ipynb file.
        name: one of `EDITIONS`.

    Raises:
        KeyError: for an edition that there is none of.
    """
    notebook = json.loads(page)
    made = EDITIONS[name](notebook)
    if made == notebook:
        return page
    return (json.dumps(made, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
