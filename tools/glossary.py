"""Make the glossary from the notebooks: each term, the sentence that defines it, where it is taught, and the module.

    python -m tools.glossary

A term is marked where it is taught: `A **<dfn>handler</dfn>** does one type of job.` The module is the one that
README's map of the course names for that notebook.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

import nbformat

from jobqueue_lesson.course.editions import is_speaker_note

from . import parser
from .paths import GLOSSARY, README, ROOT, notebooks

HEAD = """# Glossary

Each term, in the sentence that defines it, with the page that teaches it and the module that implements it.
(This list is made from the pages themselves, by `make notebooks`.)
"""


class Term(NamedTuple):
    """A term, as a page defines it."""

    name: str
    sentence: str
    """In Markdown, without the `<dfn>`."""
    notebook: str
    """Such as "03_worker"."""
    title: str
    """Of the notebook, such as "3 · The worker"."""
    heading: str
    """The nearest one above."""
    cell: str
    """The id of its cell: JupyterLab, and pages made by nbconvert, can link to it."""


def sentences(text: str) -> list[str]:
    """Split the text of a Markdown cell into sentences; list items and table rows are separate."""
    found = []
    for block in re.split(r"\n\s*\n|\n(?=[-|#] ?)", text):
        found += re.split(r"(?:(?<=[.!?])|(?<=[.!?]\)))\s+", re.sub(r"^\s*- ", "", block.strip()))
    return found


def terms(path: Path) -> Iterator[Term]:
    """Yield the terms that a notebook marks, in order."""
    title = heading = ""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "markdown" or is_speaker_note(cell):
            continue
        for sentence in sentences(cell.source):
            if match := re.match(r"(#+) (.+)", sentence):
                heading = match[2].strip()
                title = title or heading
            for name in re.findall(r"<dfn>(.+?)</dfn>", sentence):
                plain = re.sub(r"</?dfn>", "", sentence)
                plain = plain[1:-1] if plain.startswith("(") and plain.endswith(")") else plain
                yield Term(name, plain, path.stem, title, heading, cell.id)


def modules() -> dict[str, str]:
    """Return the package's chapter for each notebook, in Markdown, from README's map of the course."""
    found = {}
    for line in README.read_text(encoding="utf-8").splitlines():
        if match := re.search(r"\]\(notebooks/(\w+)\.ipynb\)", line):
            found[match[1]] = line.rstrip(" |").rpartition("|")[2].strip()
    return found


def glossary() -> str:
    """Return the glossary's text.

    Raises:
        ValueError: if a term is defined twice.
    """
    found = [term for path in notebooks() for term in terms(path)]
    found.sort(key=lambda term: (term.name.lower(), term.notebook))
    for one, two in pairwise(found):
        if one.name.lower() == two.name.lower():
            raise ValueError(f"{one.name!r} is defined twice: in {one.notebook} and in {two.notebook}")
    chapters = modules()
    letters = [(letter, list(group)) for letter, group in groupby(found, key=lambda term: term.name[0].lower())]
    lines = [HEAD, " · ".join(f"[{letter.upper()}](#{letter})" for letter, _ in letters)]
    for letter, group in letters:
        lines += ["", f"## {letter}", ""]
        for term in group:
            where = f"{term.title}" + (f" › {term.heading}" if term.heading != term.title else "")
            link = f"[{where}]({term.notebook}.ipynb#cell-id={term.cell})"
            chapter = chapters[term.notebook]
            lines.append(f"- **{term.name}**: {term.sentence}  ")
            lines.append(f"  {link}" + (f" · {chapter}" if chapter != "–" else ""))
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    parser("glossary", __doc__).parse_args(arguments)
    GLOSSARY.write_text(glossary(), encoding="utf-8")
    print(f"{GLOSSARY.relative_to(ROOT)}: {glossary().count(chr(10) + '- ')} terms")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
