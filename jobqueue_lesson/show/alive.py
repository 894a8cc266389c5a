"""Widgets on a page without a kernel: a book, slides, an exported page. A module of JavaScript brings them to life.

`element` makes a widget's saved output into HTML that can be read as it is. `script` finds all of them on a page, and
puts the widget in the place of each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from . import pictures
from .cards import WORDS as CARD_WORDS
from .javascript import join_modules
from .prose import to_html
from .replay import LIVE_WORDS
from .saved import ALIVE, WAKE

HERE = Path(__file__).parent
FETCHED = ("replay", "panel")
"""Kinds whose data are in a file of their own, where a page may have one. Those of the others are small."""

WORDS: dict[str, Any] = {
    "card": CARD_WORDS,
    "live": LIVE_WORDS
    | {"copy": "This is a copy in JavaScript of what the cell does. It runs in your browser, without Python."},
    "panel": {
        "alone": "One control moves at a time here, and the others go back to their start. To move them together,",
        "run": "run this page",
        "back": "“{control}” is back at {value}: here, one control moves at a time.",
        "saved": "This is what it shows where its controls start. To move them, run this page.",
        "reset": "Reset",
        "again": "Try again",
        "failed": "This position could not be loaded.",
    },
    "bars": "To see them move, run this page.",
    "again": "Try again",
    "failed": "What moves here could not be loaded.",
}
"""What the widgets say, besides what is in their data."""

COPIES = {("reports", "Order a report"): {"job": "generate-report", "seconds": 1.0}}
"""What a page has to know to do in JavaScript what a live stage's worker does, where the stage is made in a cell.

By the queue's name, and what the button says. `slow_api` says the same of its own.
"""


def element(
    output: Mapping[str, Any], *, inline: bool, address: str = "", picture: str = ""
) -> tuple[str, bytes | None]:
    """Return a saved widget as HTML.

    It is a `<div class="jq-alive">` around what can be read without JavaScript: a picture, or a text.

    Args:
        output: an output of a code cell that has the form `ALIVE`, as in a notebook's file.
        inline: whether the widget's data are in the page. Otherwise they are fetched when somebody comes near.
        address: where they will be fetched, seen from the page.
        picture: where the page finds the output's picture, if it is a PNG; "": it is in the page.

    Returns:
        The HTML, and what to write to the file at `address`: None if the data are in the page, or if they are not in
        the output and have to come from elsewhere (a panel's, see `tools.panels`).

    Raises:
        KeyError: if the output does not have the form `ALIVE`.
    """
    alive = dict(output["data"][ALIVE])
    kind = str(alive["kind"])
    image = _image(output, picture)
    within = f'<div class="jq-fallback">{_FALLBACKS.get(kind, _fallback)(alive, _text(output), image)}</div>'
    data = _data(alive, output)
    if data is None and not (address and kind in FETCHED):
        return _box(kind, within), None
    if data is None or (not inline and kind in FETCHED):
        return _box(kind, within, address), None if data is None else _to_json(data).encode()
    within += f'<script type="application/json">{_to_json(data)}</script>'
    return _box(kind, within), None


def script() -> str:
    """Return the ES module that brings all `.jq-alive` of a page to life: for a `<script type="module">`."""
    return f"{join_modules(HERE / 'js' / 'alive.js')}\nstart({_to_json(WORDS)});\n"


def styles() -> str:
    """Return the CSS of the widgets, and of pictures.

    They take the page's ink and ground from `--jq-ink` and `--jq-paper`, wherever the page sets them.
    """
    sheets = ("pictures.css", "replay.css", "alive.css")
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in sheets)


def _box(kind: str, within: str, address: str = "") -> str:
    source = f' data-src="{escape(address)}"' if address else ""
    return f'<div class="jq-alive" data-kind="{escape(kind)}"{source}>{within}</div>'


def _to_json(data: Any) -> str:
    """Return data as JSON that can be in a script of a page, whatever is in it."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _data(alive: dict[str, Any], output: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the widget needs, None if the output does not have it."""
    if alive["kind"] == "replay":
        drawn = output.get("metadata", {}).get("image/png", {})
        return alive | {"record": json.loads(alive["record"]), "timeline_words": drawn.get("alt", "")}
    if alive["kind"] == "panel":
        return alive if "controls" in alive else None
    if alive["kind"] == "live":
        copy = alive.get("copy") or COPIES.get((alive["queue"], *alive["buttons"]))
        return alive | {"record": json.loads(alive["record"]), "copy": copy} if copy else None
    return alive if alive["kind"] in ("card", "reason") else None


# --- what can be read without JavaScript ---


def _text(output: Mapping[str, Any]) -> str:
    """Return what is saved as text, without the line that says how to wake the widget up."""
    return "".join(output["data"].get("text/plain", "")).removesuffix(WAKE).rstrip("\n")


def _image(output: Mapping[str, Any], address: str) -> str:
    """Return the output's picture, or nothing."""
    png = "".join(output["data"].get("image/png", ""))
    if not png:
        return ""
    if svg := pictures.inline(output):
        return svg
    source = address or f"data:image/png;base64,{png.replace(chr(10), '')}"
    alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
    return f'<img class="jq-picture" src="{escape(source)}" alt="{escape(alt)}" loading="lazy">'


def _fallback(alive: Mapping[str, Any], text: str, image: str) -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in text.splitlines())
    return f"{image}{lines}"


def _options(alive: Mapping[str, Any], text: str, image: str) -> str:
    options = "".join(f"<li>{to_html(option['says'])}</li>" for option in alive["options"])
    return f'<p><b>{to_html(alive["asks"])}</b></p><ol type="A">{options}</ol>'


def _reasons(alive: Mapping[str, Any], text: str, image: str) -> str:
    reasons = "".join(
        f"<li>{to_html(option['says'])} {'✓' if option['right'] else '✗'} {to_html(option['reason'])}</li>"
        for option in alive["options"]
    )
    return f'<details><summary>{to_html(alive["asks"])}</summary><ol type="A">{reasons}</ol></details>'


def _panel(alive: Mapping[str, Any], text: str, image: str) -> str:
    """Return a panel's question, its picture, and what it says, with the controls where they start."""
    question, settings, *outcome = text.splitlines()
    if start := alive.get("start"):
        alt = escape(start["alt"])
        image = f'<div class="jq-picture" role="img" aria-label="{alt}">{start["picture"]}</div>'
    lines = "".join(f"<p>{to_html(line)}</p>" for line in (settings, *outcome))
    note = f'<p class="jq-note">{escape(WORDS["panel"]["saved"])}</p>'
    return f"<p><b>{to_html(question)}</b></p>{image}{lines}{note}"


def _bars(alive: Mapping[str, Any], text: str, image: str) -> str:
    if not alive["bars"]:
        return f'{_fallback(alive, text, image)}<p class="jq-note">{escape(WORDS["bars"])}</p>'
    rows = (
        f'<label>{escape(name)} <progress value="{value:g}"></progress></label> <span>{escape(words)}</span>'
        for name, value, words in alive["bars"]
    )
    return "".join(f'<div class="jq-bar">{row}</div>' for row in rows)


_FALLBACKS = {"card": _options, "reason": _reasons, "bars": _bars, "panel": _panel}
