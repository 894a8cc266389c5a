"""Figures as SVG for a web page: they take the page's ink and ground, are crisp at any size, and small.

What matplotlib writes is for files of their own: it has a fixed ground, a fixed font, and four times as many bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import groupby
from xml.etree import ElementTree

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from .style import INK, PAPER

SVG = "http://www.w3.org/2000/svg"
HREF = "{http://www.w3.org/1999/xlink}href"
GRID = "#dddddd"
THEMED = {
    INK: {"": "currentColor"},
    PAPER: {"": "var(--jq-paper,#fff)"},
    GRID: {"": "currentColor", "-opacity": ".16"},
}
"""What of a colour becomes of the page's: by the colour, the attribute's end and its value."""
OURS_ALONE = {"font-family", "id", "xlink:href", "version"}  # the page has a font
PLACES = {"x", "y"}


def to_svg(figure: Figure, mark: str = "") -> str:
    """Return a figure as an SVG element that is to be a part of a page.

    Its ink is the page's `color`, and its ground shows through; white becomes `--jq-paper`. It has no alternative text:
    the page puts that beside it.

    Args:
        figure: the figure. Its ground is made invisible.
        mark: what the ids in it start with: two pictures on a page must not share any.
    """
    figure.patch.set_visible(False)
    for axes in figure.axes:
        axes.patch.set_visible(False)
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
    written = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "jobqueue_lesson"}):
        # savefig would draw everything twice
        FigureCanvasSVG(figure).print_svg(written, metadata={"Date": None})  # type: ignore[no-untyped-call]
    return _slim(written.getvalue(), mark)


def _slim(written: str, mark: str) -> str:
    """Leave out what a page does not need of an SVG that matplotlib has written."""
    root = ElementTree.fromstring(written)
    names: dict[str, str] = {}  # by what matplotlib calls it
    for part in root.iter():
        for target in re.findall(r"#(\w+)", " ".join([part.get(HREF, ""), part.get("clip-path", ""), _fill(part)])):
            names.setdefault(target, f"{mark}{len(names)}")
    _, _, width, height = root.attrib["viewBox"].split()
    parts = "".join(_written(child, names) for child in root)
    return f'<svg viewBox="0 0 {width} {height}" stroke-linejoin="round">{parts}</svg>'


def _fill(part: ElementTree.Element) -> str:
    """Return a hatch that a part is filled with, as `url(#…)`, or nothing."""
    return "".join(re.findall(r"fill: (url\(#\w+\))", part.get("style", "")))


def _written(part: ElementTree.Element, names: dict[str, str]) -> str:
    """Return a part as SVG, "" if nothing of it is seen."""
    tag = part.tag.removeprefix(f"{{{SVG}}}")
    if tag in ("metadata", "style"):
        return ""
    attributes = dict(_attributes(part, names))
    within = "".join(_run(list(run), names) for _, run in groupby(part, _look)) or _escaped(part.text or "")
    if tag in ("g", "defs") and not within:
        return ""
    if tag == "g" and not attributes:
        return within
    return _tag(tag, attributes, within)


def _look(part: ElementTree.Element) -> str:
    """Return what neighbours have in common if they are the same marker in different places."""
    return f"{part.get(HREF)} {part.get('style')}" if part.tag.endswith("}use") else str(id(part))


def _run(run: list[ElementTree.Element], names: dict[str, str]) -> str:
    """Return neighbours as SVG: of many markers that look the same, the look only once."""
    if len(run) < 3:
        return "".join(_written(part, names) for part in run)
    every = [dict(_attributes(part, names)) for part in run]
    own = {*PLACES, "href"}
    shared = {name: value for name, value in every[0].items() if name not in own}
    uses = (_tag("use", {name: value for name, value in one.items() if name in own}, "") for one in every)
    return _tag("g", shared, "".join(uses))


def _attributes(part: ElementTree.Element, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    fine = 2 if part.get("id") in names else 1  # a marker is small, and drawn many times
    for name, value in part.attrib.items():
        if name == "id" and value in names:
            yield "id", names[value]
        elif name == HREF:
            yield "href", f"#{names[value[1:]]}"
        elif name == "style":
            yield from _style(value, names)
        elif name == "d":
            yield "d", _path(value, fine)
        elif name == "clip-path" or name == "fill":
            yield name, _renamed(value, names)
        elif name == "transform":
            if not value.startswith("rotate(-0 "):
                yield name, _rounded(value, 2)
        elif name in PLACES | {"width", "height"}:
            yield name, _rounded(value, fine)
        elif name not in OURS_ALONE:
            yield name, value


def _style(style: str, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield a style as attributes, which a page's style sheet may change."""
    for entry in filter(None, style.split(";")):
        name, value = (part.strip() for part in entry.split(":", 1))
        if name in OURS_ALONE or (name, value) == ("stroke-linecap", "butt"):
            continue
        if value in THEMED:
            yield from ((name + end, themed) for end, themed in THEMED[value].items())
        elif name in ("fill", "stroke"):
            yield name, _renamed(value, names)
        else:
            yield name, _rounded(value.removesuffix("px"), 2)


def _renamed(value: str, names: dict[str, str]) -> str:
    return re.sub(r"url\(#(\w+)\)", lambda found: f"url(#{names[found[1]]})", value)


def _rounded(text: str, digits: int) -> str:
    """Round every number in a text."""
    return re.sub(r"-?\d+\.\d+(e-?\d+)?", lambda found: f"{round(float(found[0]), digits) + 0.0:g}", text)


def _path(d: str, digits: int) -> str:
    """Return a path's commands without spaces that mean nothing, and without lines that lead nowhere."""
    commands = re.findall(r"[A-Za-z][^A-Za-z]*", re.sub(r"\s+", " ", re.sub(r"e-\d+", "", d)))
    made: list[str] = []
    at = ""
    for command in commands:
        numbers = " ".join(_rounded(number, digits) for number in command[1:].split())
        if command[0] == "L" and numbers == at:
            continue
        at = " ".join(numbers.split()[-2:])
        made.append(command[0] + numbers)
    return "".join(made)


def _tag(tag: str, attributes: dict[str, str], within: str) -> str:
    listed = "".join(f' {name}="{_escaped(value)}"' for name, value in attributes.items())
    return f"<{tag}{listed}>{within}</{tag}>" if within else f"<{tag}{listed}/>"


def _escaped(text: str) -> str:
    return text.strip().replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
