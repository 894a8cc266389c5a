"""Addresses that the site once had, and where they lead now: links and bookmarks go on working for good."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..render import render
from .addresses import LAB

OLD = {
    "lab/index.html": "{lite}" + LAB,  # before the book, JupyterLite was at the root
    "GLOSSARY.html": "glossary.html",
    "WHAT_NEXT.html": "what_next.html",
    "INSTRUCTORS.html": "instructors.html",
}
"""By old address: the new one, seen from the book's first page. What comes after ? and # is kept."""

OLD_PATHS = {"GLOSSARY.md": "glossary.html", "WHAT_NEXT.md": "what_next.html"}
"""What was opened in JupyterLite, as in `lab/index.html?path=GLOSSARY.md`, and is a page now."""


def write(output: Path, lite: str, old: Mapping[str, str] = OLD) -> list[str]:
    """Write a page at each old address that leads to the new one; return the old addresses."""
    for address, new in old.items():
        up = "../" * address.count("/")
        pages = {path: up + page for path, page in OLD_PATHS.items()}
        (output / address).parent.mkdir(parents=True, exist_ok=True)
        page = render("book/redirect.html.j2", to=up + new.format(lite=lite), pages=pages)
        (output / address).write_text(page, encoding="utf-8")
    return list(old)
