"""What is in a folder of HTML: links, and what they lead to."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit


class Tag(NamedTuple):
    """A tag with its attributes."""

    name: str
    attributes: dict[str, str]

    @property
    def address(self) -> str | None:
        """What the tag links to or loads."""
        found = (self.attributes.get(key) for key in ("href", "src", "data-src"))
        return next((address for address in found if address is not None), None)


class Html(HTMLParser):
    """The tags of a page, and its ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[Tag] = []
        self.feed(text)
        self.ids = [tag.attributes["id"] for tag in self.tags if tag.attributes.get("id")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append(Tag(tag, {name: value or "" for name, value in attrs}))

    def of(self, name: str, kind: str = "") -> list[dict[str, str]]:
        """Return the attributes of the tags of a name, and of a class."""
        return [
            tag.attributes
            for tag in self.tags
            if tag.name == name and (not kind or kind in tag.attributes.get("class", "").split())
        ]


def read_pages(folder: Path) -> dict[str, Html]:
    """Return all pages in a folder, by their address."""
    return {path.relative_to(folder).as_posix(): Html(path.read_text("utf-8")) for path in folder.rglob("*.html")}


def dead_links(folder: Path, pages: dict[str, Html], elsewhere: str) -> list[str]:
    """Name each link inside a folder that leads to no file, or to no anchor of a page.

    Args:
        folder: where the pages are.
        pages: see `read_pages`.
        elsewhere: a folder that is not there yet, such as `lite/`: links into it are not looked at.
    """
    dead = []
    for name, page in pages.items():
        for address in (tag.address for tag in page.tags):
            where = urlsplit(address or "")
            if address is None or where.scheme:
                continue
            place = (folder / name).parent / unquote(where.path) if where.path else folder / name
            place = place.resolve()
            if place.is_relative_to((folder / elsewhere).resolve()):
                continue
            if where.path.startswith("/") or not place.is_file():
                dead.append(f"{name}: {address}")
                continue
            known = pages.get(place.relative_to(folder.resolve()).as_posix())
            if where.fragment and known is not None and unquote(where.fragment) not in known.ids:
                dead.append(f"{name}: {address}")
    return dead
