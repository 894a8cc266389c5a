"""The first page: a replay that plays, the two ways in, and the contents by tracks."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from jobqueue_lesson import History
from jobqueue_lesson.course.editions import runs_in_browser
from jobqueue_lesson.show.replay import Replay

from ..render import render
from .addresses import GLOSSARY, INSTRUCTORS, LAB, REFERENCE, WHAT_NEXT
from .media import in_browser
from .pages import Page

TRACKS = {
    "Build it": "You end with a working queue: jobs, workers, retries, priorities, and an API in front.",
    "Run it": "What keeps it running when things break: on disk, in production, with enough workers.",
    "Prove it": "That it keeps its promises, whatever happens.",
    "Share it": "With others.",
}
"""What each track is for."""


class Entry(NamedTuple):
    """A page in the contents. Texts are HTML."""

    name: str
    number: str
    title: str
    minutes: int
    objectives: list[str]
    runs: str
    """How much of it runs in a browser."""


def first_page(pages: Sequence[Page], history: History, files: dict[str, bytes], **values: Any) -> str:
    """Return the first page, as MyST.

    Args:
        pages: the course's pages, in order.
        history: what the replay plays.
        files: what the replay plays is added to it, by address.
        values: what else the template needs: `lite`, `wheel` and `loads`; see `build`.
    """
    tracks = [(track, TRACKS[track], list(_entries(found))) for track, found in _by_track(pages)]
    looked_up = {"Look it up": [GLOSSARY, WHAT_NEXT, "genindex"], "Teach it": [INSTRUCTORS], "Reference": [REFERENCE]}
    return render(
        "book/first.md.j2",
        tracks=tracks,
        minutes=sum(page.minutes for page in pages),
        toctrees={track: [page.name for page in found] for track, found in _by_track(pages)} | looked_up,
        replay=_replay(history, files),
        lab=values["lite"] + LAB,
        first=pages[0].name,
        page_count=len(pages),
        **values,
    )


def _by_track(pages: Sequence[Page]) -> Iterator[tuple[str, list[Page]]]:
    for track, found in groupby(pages, lambda page: page.track):
        yield track, list(found)


def _entries(pages: Sequence[Page]) -> Iterator[Entry]:
    from markdown_it import MarkdownIt  # comes with Sphinx's parser

    markdown = MarkdownIt()
    for page in pages:
        number, title = page.title.split(" · ", 1)
        running, missing = runs_in_browser(json.loads(page.files[f"{page.name}.ipynb"]))
        runs = "" if not missing else f"{running} of {running + missing} cells run in a browser"
        objectives = [str(markdown.renderInline(text)) for text in page.objectives]
        yield Entry(page.name, number, title, page.minutes, objectives, runs)


def _replay(history: History, files: dict[str, bytes]) -> str:
    """Return a replay of a history as HTML. It starts to play by itself, unless somebody wants less motion."""
    bundle, metadata = Replay(history)._repr_mimebundle_()
    output: Mapping[str, Any] = {"data": bundle | {"image/png": _encoded(bundle["image/png"])}, "metadata": metadata}
    shown = in_browser(dict(output), "first", files)
    return shown.replace('<div class="jq-alive"', '<div class="jq-alive" data-autoplay', 1).replace(
        ' loading="lazy"', ' fetchpriority="low"'
    )


def _encoded(png: bytes) -> str:
    return base64.b64encode(png).decode()
