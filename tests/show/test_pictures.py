"""Pictures as SVG, which take the ink and the ground of their page."""

import io
import re
from xml.etree import ElementTree

import numpy
import pytest
from matplotlib import pyplot as plt

from jobqueue_lesson.show.colours import INK, ON_DARK, ON_PALE
from jobqueue_lesson.show.pictures import alternative_text, inline, kept_with
from jobqueue_lesson.show.states import plot_states
from jobqueue_lesson.show.style import course_style
from jobqueue_lesson.show.svg import to_svg
from jobqueue_lesson.show.timeline import plot_timeline
from tests.support.histories import flaky_history


def png_of(figure):
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=200, bbox_inches="tight")
    return png.getvalue()


def draw(plot):
    with course_style():
        figure, axes = plt.subplots()
        plot(axes)
    return figure


def parts(svg):
    """Return the parts of an SVG that are drawn, and those of its hatches."""
    root = ElementTree.fromstring(svg)
    hatches = [part for pattern in root.iter("pattern") for part in pattern.iter()]
    return [part for part in root.iter() if part not in hatches], hatches


def test_a_picture_takes_its_ink_from_the_page_and_lets_its_ground_shine_through():
    svg = to_svg(plot_timeline(flaky_history()).figure, tight=True)
    drawn, hatches = parts(svg)
    colours = {part.get(name) for part in drawn for name in ("fill", "stroke")}
    assert colours > {"currentColor", "var(--jq-paper,#fff)", "#0072b2", "#009e73"}
    assert not colours & {INK, "#ffffff", "#000000", "#dddddd"}
    assert not [part for part in drawn if part.get("fill") == "var(--jq-paper,#fff)" and part.tag == "path"]
    assert {INK, "#f0c36d", "#d55e00", "#e4e4e4"} <= {part.get(name) for part in hatches for name in ("fill", "stroke")}


def test_words_on_a_marks_own_colour_stay_as_they_are():
    drawn, _ = parts(to_svg(plot_states().figure))
    words = {part.text: part.get("fill") for part in drawn if part.tag == "text"}
    assert words["pending"] == words["completed"] == ON_PALE
    assert words["processing"] == ON_DARK
    assert words["failed"] == "var(--jq-paper,#fff)"  # on ink
    assert words["enqueue"] == "currentColor"


def test_a_picture_is_the_same_again_and_the_figure_is_as_it_was():
    figure = plot_states().figure
    before = png_of(figure)
    first = kept_with(figure, before)
    assert numpy.abs(plt.imread(io.BytesIO(png_of(figure))) - plt.imread(io.BytesIO(before))).max() < 0.01
    assert kept_with(figure, before) == first
    assert len(first["svg"]) < len(before) / 4


def test_two_pictures_on_a_page_share_no_id_and_each_finds_its_own():
    made = [kept_with(axes.figure, b"x" * 100_000)["svg"] for axes in (plot_states(), plot_timeline(flaky_history()))]
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in made]
    assert ids[1]
    assert not ids[0] & ids[1]
    for svg, own in zip(made, ids, strict=True):
        assert set(re.findall(r"#(jq[\w-]+)", svg)) == own


ODD = {
    "a photo": lambda axes: axes.imshow(numpy.arange(4800.0).reshape(60, 80) % 7),
    "formulas and signs": lambda axes: axes.set(title=r"$\frac{1}{2}$ & <b>", xscale="log", xlim=(1, 1000)),
    "pixels within": lambda axes: axes.plot(numpy.arange(100) % 9, rasterized=True),
    "a hatch on nothing": lambda axes: axes.fill_between([1, 2], [1, 2], hatch="/", facecolor="none", edgecolor="k"),
    "arrows in black": lambda axes: axes.quiver([1], [1], [1], [1]),
}


@pytest.mark.parametrize("plot", ODD.values(), ids=ODD)
def test_a_learners_own_plot_is_kept_as_well(plot):
    drawn, hatches = parts(to_svg(draw(plot), tight=True))
    images = [part for part in drawn if part.tag == "image"]
    assert bool(images) == (plot in (ODD["a photo"], ODD["pixels within"]))
    assert all(part.get("href").startswith("data:image/png;base64,") for part in images)
    if hatches:
        assert {part.get("stroke") for part in hatches if part.get("d")} == {"currentColor"}


def test_a_picture_that_would_be_large_is_kept_as_png_alone():
    figure = draw(lambda axes: axes.scatter(*numpy.random.default_rng(1).random((2, 3000)), c=range(3000)))
    assert set(kept_with(figure, b"x" * 1000)) <= {"alt"}


def test_a_page_gets_the_picture_with_its_words_and_its_size():
    figure = plot_states().figure
    kept = kept_with(figure, png_of(figure)) | {"width": 880, "height": 320}
    output = {"data": {"image/png": "iVBOR…"}, "metadata": {"image/png": kept}}
    box = ElementTree.fromstring(inline(output))
    (root,) = box
    assert box.get("tabindex") == "0"  # on a phone, it is moved with the keys as well
    assert (root.get("class"), root.get("role"), root.get("width")) == ("jq-picture", "img", "880")
    assert root.get("aria-label").startswith("A job's 4 states as boxes")
    assert inline(output | {"metadata": {}}) == ""


def test_a_picture_is_no_wider_and_no_taller_than_its_room_and_never_enlarged():
    kept = {"svg": '<svg viewBox="0 0 660 220"></svg>', "width": 900, "height": 300}
    output = {"data": {"image/png": "iVBOR…"}, "metadata": {"image/png": kept}}
    for room, width in (((600, 900), 600), ((900, 150), 450), ((2000, 2000), 900)):
        (root,) = ElementTree.fromstring(inline(output, room))
        assert root.get("style") == f"width: {width}px"
    (root,) = ElementTree.fromstring(inline(output))
    assert root.get("style") == "min-width: min(900px, 36rem)"
    (root,) = ElementTree.fromstring(inline(output | {"metadata": {"image/png": kept | {"width": 550}}}))
    assert root.get("style") == "min-width: min(550px, 22rem)"  # its words are as large as the wider one's


def test_a_picture_is_told_by_its_words_or_else_by_what_is_printed_of_it():
    output = {"data": {"text/plain": ["<Figure ", "size 640x480>"]}, "metadata": {"image/png": {"alt": "Two bars"}}}
    assert alternative_text(output) == "Two bars"
    assert alternative_text({"data": output["data"]}) == "<Figure size 640x480>"
    assert alternative_text({"data": {}}) == "A picture"
