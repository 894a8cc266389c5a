"""The course's pages: where they are, and which files an edition of them has."""

from __future__ import annotations

import json
from pathlib import Path

from .editions import Notebook, is_solution, is_speaker_note, make_edition

FIRST = "00_start_here.ipynb"


def folder() -> Path:
    """Return the folder with the course's notebooks: in the installed package or, in a checkout, beside it.

    Raises:
        FileNotFoundError: if there is none.
    """
    package = Path(__file__).parent.parent
    for place in (package / "notebooks", package.parent / "notebooks"):
        if (place / FIRST).is_file():
            return place
    raise FileNotFoundError(f"this copy of the course has no notebooks: {package / 'notebooks' / FIRST} is missing")


def title(notebook: Notebook) -> str:
    """Return the title of a page, such as "4 · Retries"."""
    return "".join(notebook["cells"][0]["source"]).splitlines()[0].removeprefix("# ")


def edition_files(name: str) -> dict[str, bytes]:
    """Return the files of an edition, by name: its pages, and the Markdown files beside them.

    Raises:
        ValueError: for the instructor's edition, if only the learner's is installed.
    """
    files: dict[str, bytes] = {}
    for_instructors = 0
    for path in sorted(folder().iterdir()):
        if path.suffix == ".ipynb":
            files[path.name] = make_edition(path.read_bytes(), name)
            cells = json.loads(path.read_bytes())["cells"]
            for_instructors += sum(is_solution(cell) or is_speaker_note(cell) for cell in cells)
        elif path.suffix == ".md":
            files[path.name] = path.read_bytes()
    if name == "instructor" and not for_instructors:
        raise ValueError("only the learner's edition is installed here: it has neither solutions nor notes")
    return files
