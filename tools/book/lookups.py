"""The pages that people look things up in: the glossary, what to read next, and the instructors' guide."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from jobqueue_lesson.course.editions import is_speaker_note, source_of

from ..glossary import Term, modules, terms
from ..paths import INSTRUCTORS, NOTEBOOKS, PACKAGE, notebooks
from .addresses import cell_id
from .pages import links
from .reference import reference_of

GLOSSARY_HEAD = """# Glossary

Each term in the sentence that defines it, with the page that introduces it, the module that implements it, and the
other pages that use it.
"""


def glossary() -> str:
    """Return the glossary, as MyST: each term with where it is introduced, and the pages that use it."""
    found = sorted((term for path in notebooks() for term in terms(path)), key=lambda term: term.name.lower())
    texts = {path.stem: list(_prose(path)) for path in notebooks()}
    letters = [(letter.upper(), list(group)) for letter, group in groupby(found, lambda term: term.name[0].lower())]
    jump = " · ".join(f"[{letter}](#{letter.lower()})" for letter, _ in letters)
    lines = [GLOSSARY_HEAD, f"{{.jq-letters}}\n{jump}"]
    for letter, group in letters:
        lines += ["", f"## {letter}", "", "```{glossary}"]
        for term in group:
            lines += [term.name, f"  {term.sentence}", "", f"  {' · '.join(_where(term, texts))}", ""]
        lines += ["```"]
    return "\n".join(lines) + "\n"


def _where(term: Term, texts: dict[str, list[tuple[str, str]]]) -> Iterator[str]:
    """Yield links to where a term is introduced, to what implements it, and to other pages that use it."""
    where = f"{term.title}" + (f" › {term.heading}" if term.heading != term.title else "")
    yield f"[{where}]({term.notebook}.ipynb#{cell_id(term.cell)})"
    implemented = re.findall(r"`(\w+)`", modules()[term.notebook])
    for name in implemented:
        yield f"[`{name}`]({reference_of(f'{PACKAGE.name}.{name}')}.rst)"
    named = re.compile(rf"(?<![\w-]){re.escape(term.name)}s?(?![\w-])", re.IGNORECASE)
    others = []
    for page, cells in texts.items():
        cell = next((cell for cell, text in cells if named.search(text)), None)
        if cell is not None and page != term.notebook:
            others.append(f"[{int(page[:2])}]({page}.ipynb#{cell_id(cell)})")
    if others:
        yield f"also on {'page' if len(others) == 1 else 'pages'} {', '.join(others)}"


def _prose(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the id and the prose of each text cell, without code and the addresses of links."""
    for cell in json.loads(path.read_bytes())["cells"]:
        if cell["cell_type"] == "markdown" and not is_speaker_note(cell):
            text = re.sub(r"(?s)```.*?```|`[^`]*`|(?<=\])\([^)]*\)", " ", source_of(cell))
            yield cell["id"], text


def what_next() -> str:
    """Return the list of what to read next, as MyST."""
    return links((NOTEBOOKS / "WHAT_NEXT.md").read_text(encoding="utf-8"))


def instructors() -> str:
    """Return the instructors' guide, as MyST: its links lead to cells of the book."""
    text = INSTRUCTORS.read_text(encoding="utf-8")
    return links(re.sub(r"\]\(notebooks/", "](", text))
