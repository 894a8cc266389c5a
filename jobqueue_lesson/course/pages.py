"""The course's pages: where they are, and what an edition of them is made of."""

from __future__ import annotations

import json
from pathlib import Path

from .editions import Notebook, edition_of, is_note, is_solution

FIRST = "00_start_here.ipynb"


def source() -> Path:
    """Return the folder with the course's notebooks: in the installed package, or beside it in a checkout.

    Raises:
        FileNotFoundError: if there are none.
    """
    package = Path(__file__).parent.parent
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if (folder / FIRST).is_file():
            return folder
    raise FileNotFoundError(f"this copy of the course has no notebooks: {package / 'notebooks' / FIRST} is missing")


def title(notebook: Notebook) -> str:
    """Return the title of a page, such as "4 · Retries"."""
    return "".join(notebook["cells"][0]["source"]).splitlines()[0].removeprefix("# ")


def edition(name: str) -> dict[str, bytes]:
    """Return the pages of an edition, and what lies beside them: file names, and what is in the files.

    Raises:
        ValueError: for the instructor's edition, where only the learner's has been installed.
    """
    pages: dict[str, bytes] = {}
    seen_by_instructors = 0
    for path in sorted(source().iterdir()):
        if path.suffix == ".ipynb":
            pages[path.name] = edition_of(path.read_bytes(), name)
            cells = json.loads(path.read_bytes())["cells"]
            seen_by_instructors += sum(is_solution(cell) or is_note(cell) for cell in cells)
        elif path.suffix == ".md":
            pages[path.name] = path.read_bytes()
    if name == "instructor" and not seen_by_instructors:
        raise ValueError("only the learner's edition is installed here: it has neither solutions nor notes")
    return pages
