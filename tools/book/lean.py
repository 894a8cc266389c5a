"""What a page waits for before it is shown, made small: one style sheet without what no page has, and late scripts.

Furo's, MyST-NB's and Pygments' style sheets are for any book. Half of what they have is for things that are not in this
one, and a phone on a slow network waits for all of it, and once more for each file.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import tinycss2

OWN = ("alive.css", "book.css")
"""Style sheets that keep all their rules: scripts put together the names of what they make."""
NOT_LATE = "search.html"
"""Its scripts need each other at once."""

CLASSES = re.compile(r'\bclass="([^"]*)"')
WORDS = re.compile(r"[\w-]+")
STYLE_SHEET = re.compile(r'<link rel="stylesheet"[^>]*href="[^"]*_static/([^"?]+\.css)[^>]*>\s*')
SCRIPT = re.compile(r'<script (?=src="[^"]*_static/)')


def lean(book: Path) -> None:
    """Give each page of a built book one style sheet, in which is what pages need, and scripts that can wait.

    The name of a style sheet has its content in it: browsers keep the files of an older book.

    Args:
        book: the folder with the built book, which is changed.
    """
    static = book / "_static"
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(book.rglob("*.html"))}
    known = {name for text in pages.values() for classes in CLASSES.findall(text) for name in classes.split()}
    for script in static.rglob("*.js"):
        known.update(WORDS.findall(script.read_text(encoding="utf-8")))
    sheets = {}
    for sheet in sorted(static.rglob("*.css")):
        css = sheet.read_text(encoding="utf-8")
        sheets[sheet.relative_to(static).as_posix()] = without_unused(css, None if sheet.name in OWN else known)
        sheet.unlink()
    for path, text in pages.items():
        joined = "\n".join(sheets[name] for name in STYLE_SHEET.findall(text))
        sheet = static / f"style-{zlib.crc32(joined.encode()):08x}.css"
        if not sheet.exists():
            sheet.write_text(joined, encoding="utf-8")
        changed = _with_style_sheet(text, Path(os.path.relpath(sheet, path.parent)).as_posix())
        if path.name != NOT_LATE:
            changed = SCRIPT.sub("<script defer ", changed)
        path.write_text(changed, encoding="utf-8")


def _with_style_sheet(page: str, address: str) -> str:
    """Put a link to one style sheet where a page's first one is, and take out the others."""
    first, _, rest = STYLE_SHEET.sub("\0", page).partition("\0")
    return f'{first}<link rel="stylesheet" href="{address}">{rest}'.replace("\0", "")


def without_unused(css: str, known: set[str] | None) -> str:
    """Return a style sheet without comments, and without rules for elements that there are not.

    Args:
        css: the style sheet.
        known: the names of all classes that elements have, or may be given by a script; None: all rules stay.
    """
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return "\n".join(_serialized(rules, known))


def _serialized(rules: Iterable[Any], known: set[str] | None) -> Iterator[str]:
    for rule in rules:
        if rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            within = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            if text := "\n".join(_serialized(within, known)):
                yield f"@{rule.lower_at_keyword} {_text(rule.prelude)}{{{text}}}"
        elif rule.type == "qualified-rule":
            selectors = [one for one in _selectors(rule.prelude) if known is None or _required(one) <= known]
            if selectors:
                yield f"{','.join(_text(one) for one in selectors)}{{{_text(rule.content)}}}"
        else:
            yield rule.serialize()


def _selectors(prelude: Iterable[Any]) -> list[list[Any]]:
    """Split a rule's selectors at their commas."""
    selectors: list[list[Any]] = [[]]
    for token in prelude:
        if token == ",":
            selectors.append([])
        else:
            selectors[-1].append(token)
    return selectors


def _required(selector: list[Any]) -> set[str]:
    """Return the classes without which a selector selects nothing. Those in `:not(…)` and `:is(…)` are none."""
    return {name.value for dot, name in pairwise(selector) if dot == "." and name.type == "ident"}


def _text(tokens: Iterable[Any]) -> str:
    """Write tokens in one line, without comments."""
    written: str = tinycss2.serialize(list(_tight(tokens)))
    return written.strip()


def _tight(tokens: Iterable[Any]) -> Iterator[Any]:
    for token in tokens:
        if token.type == "comment":
            continue
        if token.type == "whitespace":
            token.value = " "
        elif hasattr(token, "content"):
            token.content = list(_tight(token.content))
        elif token.type == "function":
            token.arguments = list(_tight(token.arguments))
        yield token
