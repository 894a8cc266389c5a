"""Figures as SVG for a page: nothing of the picture is lost. For its colours, see test_pictures.py."""

import io
import re
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib.figure import Figure

from jobqueue_lesson.show.colours import INK
from jobqueue_lesson.show.style import course_style
from jobqueue_lesson.show.svg import to_svg


@pytest.fixture
def figure():
    """A figure with a line, 50 markers, hatched bars, and words that need to be escaped."""
    with course_style():
        figure = Figure(figsize=(6, 3))
        axes = figure.subplots()
        axes.plot([0, 10], [0, 5], color="#0072b2", label="a < b & c")
        axes.plot(range(50), [n % 7 for n in range(50)], "X", color="#d55e00", label="marks")
        axes.bar([1, 2, 3], [4, 5, 6], color="#f0c36d", hatch="//", edgecolor="white")
        axes.axvline(4, color=INK)
        axes.set(xlabel="time in s", ylabel="calls")
        axes.legend()
        yield figure


def parsed(svg):
    return ElementTree.fromstring(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def names(root):
    return [part.tag.partition("}")[2] for part in root.iter()]


def as_matplotlib_writes_it(figure):
    written = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        figure.savefig(written, format="svg")
    return written.getvalue().decode()


def test_everything_that_matplotlib_draws_is_in_it(figure):
    svg = to_svg(figure)
    ours, theirs = parsed(svg), ElementTree.fromstring(as_matplotlib_writes_it(figure))
    for tag in ("use", "rect", "clipPath", "pattern", "text"):
        assert names(ours).count(tag) == names(theirs).count(tag), tag
    said = ["".join(text.itertext()) for text in ours.iter() if text.tag.endswith("}text")]
    assert {"a < b & c", "marks", "time in s", "calls", "20", "5"} <= set(said)


def test_marks_are_where_matplotlib_puts_them(figure):
    places = re.compile(r'<use [^>]*?x="([\d.]+)" y="([\d.]+)"')
    svg, theirs = to_svg(figure), as_matplotlib_writes_it(figure)
    exact = [(float(x), float(y)) for x, y in places.findall(theirs)]
    ours = [(float(x), float(y)) for x, y in places.findall(svg)]
    assert len(ours) == len(exact) > 50
    for one, other in zip(ours, exact, strict=True):
        assert one == pytest.approx(other, abs=0.051)


def test_every_reference_in_it_leads_to_an_id_of_its_own_mark(figure):
    svg = to_svg(figure, "panel")
    ids = re.findall(r' id="([^"]+)"', svg)
    assert set(re.findall(r"(?:href=\"|url\()#([^\")]+)", svg)) == set(ids)
    assert len(ids) == len(set(ids)) > 2
    assert all(name.startswith("panel") for name in ids)


def test_it_is_the_same_each_time_and_much_smaller(figure):
    theirs = as_matplotlib_writes_it(figure)
    assert to_svg(figure) == to_svg(figure)
    assert len(to_svg(figure)) < len(theirs) / 2
    assert "font-family" not in to_svg(figure)  # the page has one
