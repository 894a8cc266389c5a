"""The course's pages: where they are, what each is for, and which files an edition of them has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

from .editions import Notebook, is_solution, is_speaker_note, make_edition, to_bytes

FIRST = "00_start_here.ipynb"
RESULTS = "results"
"""The folder with the pages as they were saved."""
TRACKS = {"Build it": range(7), "Run it": range(7, 13), "Prove it": range(13, 15), "Share it": range(15, 20)}
"""The tracks, with the numbers of their pages. Nobody needs to take all of them."""


class Objective(NamedTuple):
    """Something that a learner can do after a page."""

    text: str
    """What, starting with a verb."""
    shown_by: tuple[str, ...]
    """The checks, panels and cards of the page with which the learner shows it."""


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


def track(page: str) -> str:
    """Return the track of a page, such as "Run it" for "07_dead_letters"."""
    return next(name for name, numbers in TRACKS.items() if int(page[:2]) in numbers)


def objectives(notebook: Notebook) -> list[Objective]:
    """Return what a learner can do after a page: the list in its first cell.

    An item is `- find out where a job was lost (`check_worker`)`: at its end, in brackets, the checks, panels and cards
    that show it, by the names they have on the page.
    """
    text = "".join(notebook["cells"][0]["source"])
    items = re.findall(r"^- (.+?) \(((?:`\w+`(?:, )?)+)\)[.,;]?$", text, re.MULTILINE)
    return [Objective(said, tuple(re.findall(r"`(\w+)`", names))) for said, names in items]


def edition_files(name: str) -> dict[str, bytes]:
    """Return the files of an edition, by path: its pages, and the Markdown files beside them.

    The course's own edition has its pages a second time, with their results, in a folder.

    Raises:
        ValueError: for the instructor's edition, if only the learner's is installed.
    """
    files: dict[str, bytes] = {}
    for_instructors = 0
    for path in sorted(folder().iterdir()):
        if path.suffix == ".ipynb":
            page = path.read_bytes()
            cells = json.loads(page)["cells"]
            files[path.name] = make_edition(page, name)
            if name == "course" and any(cell.get("outputs") for cell in cells):  # not in those of the learner's zip
                results = f"{RESULTS}/{path.name}"
                files[path.name] = _with_link(files[path.name], results)
                files[results] = make_edition(page, "results")
            for_instructors += sum(is_solution(cell) or is_speaker_note(cell) for cell in cells)
        elif path.suffix == ".md":
            files[path.name] = path.read_bytes()
    if name == "instructor" and not for_instructors:
        raise ValueError("only the learner's edition is installed here: it has neither solutions nor notes")
    return files


def _with_link(page: bytes, results: str) -> bytes:
    """Return a page whose first cell links to the page with its results."""
    notebook = json.loads(page)
    title = notebook["cells"][0]
    title["source"] = [*title["source"], f"\n\n[This page with all its results]({results}), to look things up"]
    return to_bytes(notebook)
