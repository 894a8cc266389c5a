"""Figures as SVG for a web page: they take the page's ink and ground, are crisp at any size, and small.

What matplotlib writes is for files of their own: it has a fixed ground, a fixed font, and four times as many bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from xml.etree import ElementTree

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from .colours import INK, PAPER

SVG = "http://www.w3.org/2000/svg"
HREF = "{http://www.w3.org/1999/xlink}href"
GRID = "#dddddd"
THEMED = {
    INK: {"": "currentColor"},
    "#000000": {"": "currentColor"},
    PAPER: {"": "var(--jq-paper,#fff)"},
    GRID: {"": "currentColor", "-opacity": ".16"},
}
"""What of a colour becomes of the page's: by the colour, the attribute's end and its value."""
OURS_ALONE = {"font-family", "id", "xlink:href", "version"}  # the page has a font
PLACES = {"x", "y"}
HATCH = 24
"""Width and height of a hatch's pattern."""


def to_svg(figure: Figure, mark: str = "", *, tight: bool = False) -> str:
    """Return a figure as an SVG element that is to be a part of a page.

    Its ink is the page's `color`, and its ground shows through; white becomes `--jq-paper`. What is on a mark's own
    colour, such as a hatch or words in `ON_PALE`, stays as it is. It has no alternative text: the page puts that beside
    it.

    Args:
        figure: the figure.
        mark: what the ids in it start with: two pictures on a page must not share any.
        tight: whether it is cut to what is drawn, as in a notebook, and the figure is used on. Otherwise this is the
            last that is drawn of it.
    """
    grounds = [patch for patch in (figure.patch, *(axes.patch for axes in figure.axes)) if _is_paper(patch)]
    for ground in grounds:
        ground.set_visible(False)
    written = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "jobqueue_lesson"}):
        if tight:
            figure.savefig(written, format="svg", metadata={"Date": None}, bbox_inches="tight")
        else:  # savefig would draw everything twice
            if figure.get_layout_engine() is not None:
                figure.draw_without_rendering()
            FigureCanvasSVG(figure).print_svg(written, metadata={"Date": None})  # type: ignore[no-untyped-call]
    for ground in grounds:
        ground.set_visible(True)
    return _slim(written.getvalue(), mark)


def _is_paper(patch: Patch) -> bool:
    return bool(patch.get_visible() and to_hex(patch.get_facecolor()) == PAPER)


def _slim(written: str, mark: str) -> str:
    """Leave out what a page does not need of an SVG that matplotlib has written."""
    root = ElementTree.fromstring(written)
    names: dict[str, str] = {}  # by what matplotlib calls it
    for part in root.iter():
        for target in re.findall(r"#(\w+)", " ".join([part.get(HREF, ""), part.get("clip-path", ""), _fill(part)])):
            names.setdefault(target, f"{mark}{len(names)}")
    _, _, width, height = root.attrib["viewBox"].split()
    parts = "".join(_written(child, names) for child in root)
    return f'<svg viewBox="0 0 {width} {height}" fill="currentColor" stroke-linejoin="round">{parts}</svg>'


def _fill(part: ElementTree.Element) -> str:
    """Return a hatch that a part is filled with, as `url(#…)`, or nothing."""
    return "".join(re.findall(r"fill: (url\(#\w+\))", part.get("style", "")))


def _written(part: ElementTree.Element, names: dict[str, str], *, themed: bool = True) -> str:
    """Return a part as SVG, "" if nothing of it is seen. Only what is `themed` takes the page's colours."""
    tag = part.tag.removeprefix(f"{{{SVG}}}")
    if tag in ("metadata", "style"):
        return ""
    if tag == "pattern":
        ground = part.find(f"{{{SVG}}}rect")
        themed = ground is None or ground.get("fill") == "none"  # else the hatch is on a mark's own colour
        _cut_hatch(part)
    attributes = dict(_attributes(part, names, themed=themed))
    runs = (_run(list(run), names, themed=themed) for _, run in groupby(part, _look))
    within = "".join(runs) or _escaped(part.text or "")
    if tag in ("g", "defs") and not within:
        return ""
    if tag == "g" and not attributes:
        return within
    return _tag(tag, attributes, within)


def _cut_hatch(pattern: ElementTree.Element) -> None:
    """Make a hatch smaller: matplotlib draws it on a square of 72, and every hatch of it repeats itself after 24."""
    for part in pattern.iter():
        part.attrib.update(dict.fromkeys(part.attrib.keys() & {"width", "height"}, f"{HATCH}"))
        if "d" in part.attrib:
            part.set("d", "".join(shape for shape in re.findall(r"M[^M]*", part.get("d", "")) if _is_near(shape)))


def _is_near(shape: str) -> bool:
    """Whether something of a hatch's shape is in its smaller square."""
    numbers = [number for _, numbers in _commands(shape) for number in numbers]
    return all(min(numbers[axis::2]) <= HATCH + 2 and max(numbers[axis::2]) >= -2 for axis in (0, 1))


def _look(part: ElementTree.Element) -> str:
    """Return what neighbours have in common if they are the same marker in different places."""
    return f"{part.get(HREF)} {part.get('style')}" if part.tag.endswith("}use") else str(id(part))


def _run(run: list[ElementTree.Element], names: dict[str, str], *, themed: bool) -> str:
    """Return neighbours as SVG: of many markers that look the same, the look only once."""
    if len(run) < 3:
        return "".join(_written(part, names, themed=themed) for part in run)
    every = [dict(_attributes(part, names, themed=themed)) for part in run]
    own = {*PLACES, "href"}
    shared = {name: value for name, value in every[0].items() if name not in own}
    uses = (_tag("use", {name: value for name, value in one.items() if name in own}, "") for one in every)
    return _tag("g", shared, "".join(uses))


def _attributes(part: ElementTree.Element, names: dict[str, str], *, themed: bool) -> Iterator[tuple[str, str]]:
    fine = 2 if part.get("id") in names else 1  # a marker is small, and drawn many times
    for name, value in part.attrib.items():
        if name == "id" and value in names:
            yield "id", names[value]
        elif name == HREF:
            yield "href", f"#{names[value[1:]]}" if value[1:] in names else re.sub(r"\s", "", value)  # or an image
        elif name == "style":
            yield from _style(value, names, THEMED if themed else {})
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


def _style(style: str, names: dict[str, str], colours: Mapping[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield a style as attributes, which a page's style sheet may change."""
    for entry in filter(None, style.split(";")):
        name, value = (part.strip() for part in entry.split(":", 1))
        if name in OURS_ALONE or (name, value) == ("stroke-linecap", "butt"):
            continue
        if value in colours:
            yield from ((name + end, themed) for end, themed in colours[value].items())
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
    """Return a path's commands without spaces that mean nothing, and without points that no line needs."""
    made: list[tuple[str, list[float]]] = []
    for letter, numbers in _commands(d):
        at = [round(number, digits) + 0.0 for number in numbers]
        if letter == "L" and at == made[-1][1][-2:]:
            continue
        if letter == "L" and _goes_on(made, at):
            made.pop()
        made.append((letter, at))
    return "".join(letter + " ".join(f"{number:g}" for number in at) for letter, at in made)


def _commands(d: str) -> Iterator[tuple[str, list[float]]]:
    for letter, numbers in re.findall(r"([MLQCz])([^MLQCz]*)", d):
        yield letter, [float(number) for number in numbers.split()]


def _goes_on(made: list[tuple[str, list[float]]], to: list[float]) -> bool:
    """Whether a line goes on where the last one led, along an axis."""
    if len(made) < 2 or made[-1][0] != "L" or made[-2][0] not in "ML":
        return False
    before, last = made[-2][1], made[-1][1]
    return any(
        before[this] == last[this] == to[this] and (last[other] - before[other]) * (to[other] - last[other]) > 0
        for this, other in ((0, 1), (1, 0))
    )


def _tag(tag: str, attributes: dict[str, str], within: str) -> str:
    listed = "".join(f' {name}="{_escaped(value)}"' for name, value in attributes.items())
    return f"<{tag}{listed}>{within}</{tag}>" if within else f"<{tag}{listed}/>"


def _escaped(text: str) -> str:
    return text.strip().replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
