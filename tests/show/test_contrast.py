"""Contrast of every colour that the course uses, as WCAG 2.2 defines it: text 4.5:1 (1.4.3), marks 3:1 (1.4.11)."""

import json
import re

import pytest
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection
from matplotlib.colors import CSS4_COLORS, to_hex, to_rgb, to_rgba
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from jobqueue_lesson import plot_timeline
from jobqueue_lesson.show.colours import INK, ON_DARK, ON_PALE, PAPER
from jobqueue_lesson.show.sequence import plot_sequence
from jobqueue_lesson.show.states import plot_states
from jobqueue_lesson.show.style import LOOKS, STYLE, course_style
from tests.support.contrast import contrast, hue, inverted
from tests.support.conversations import conversation
from tests.support.histories import nap, record
from tests.support.played import PANELS
from tools.paths import ROOT

PACKAGE = sorted(path for path in (ROOT / "jobqueue_lesson").rglob("*") if path.suffix in {".py", ".js", ".css"})
SCRIPT = (ROOT / "jobqueue_lesson/show/js/stage.js").read_text(encoding="utf-8")


def over(colour, ground, alpha):
    """Return what is seen of a colour that lets its ground shine through."""
    mixed = (alpha * c + (1 - alpha) * g for c, g in zip(to_rgb(colour), to_rgb(ground), strict=True))
    return to_hex(tuple(mixed))


# JupyterLab's own, in its two themes: --jp-layout-color0, and --jp-ui-font-color1 on it.
LIGHT, DARK = "#ffffff", "#111111"
THEMES = {LIGHT: over("#000000", LIGHT, 0.87), DARK: over("#ffffff", DARK, 0.87)}
BOTH = (LIGHT, DARK)

LOOK = {name: look.colour for name, look in LOOKS.items()}
CARD = "#5f6b76"  # a job, on the replay's stage
HATCHED = [name for name, look in LOOKS.items() if look.hatch]
CYCLE = STYLE["axes.prop_cycle"].by_key()["color"]

TEXT = [
    ("words of a picture", INK, [PAPER]),
    ("words of the replay", THEMES[LIGHT], [LIGHT]),
    ("words of the replay, in the dark", THEMES[DARK], [DARK]),
    ("a job's number on its card", "#ffffff", [CARD]),
    ("a live stage's first button", "#ffffff", ["#0072b2"]),
    ("words on a mark", ON_PALE, [LOOK["waiting"], LOOK["completed"]]),
    ("words on a dark mark", ON_DARK, [LOOK["processing"]]),
    ("a failed state's name in its box", PAPER, [LOOK["failed"]]),
]
MARKS = [
    ("look: failed", LOOK["failed"], [PAPER]),  # in ink
    *((f"look: {name}", LOOK[name], BOTH) for name in LOOK if name not in ("delayed", "backing off", "failed")),
    *((f"a bar's outline: {name}", ink, [paper]) for paper, ink in THEMES.items() for name in HATCHED),
    *((f"a hatch: {name}", INK, [LOOK[name]]) for name in HATCHED),
    *((f"a bar: {name}", LOOK[name], BOTH) for name in ("waiting", "processing", "completed", "released")),
    ("a job", CARD, BOTH),
    ("the tick on a card", INK, [LOOK["completed"]]),
    ("the cross on a card", LIGHT, [THEMES[LIGHT]]),
    ("the cross on a card, in the dark", DARK, [THEMES[DARK]]),
    *((f"curve {number}", colour, [PAPER] if colour == INK else BOTH) for number, colour in enumerate(CYCLE)),
    ("a corner for what has failed before, and its edge", LOOK["failed attempt"], [INK]),
    ("that edge, on a card", INK, [CARD]),
    ("the job of this instant", "#d55e00", BOTH),
    ("spines, thin lines, borders of buttons", "#767676", BOTH),
    ("the ring around what has the focus", "#0072b2", BOTH),
    ("right: the edge of a reason or a check", "#009e73", BOTH),
    ("wrong: the edge of a reason", "#d55e00", BOTH),
    ("not yet: the edge of a check", "#a86c00", BOTH),
]
NOT_ALONE = {
    "#e4e4e4": "delayed: always with an outline, see the pictures below",
    "#f0c36d": "backing off: always with an outline, see the pictures below",
    "#8fd0bb": "completed, as a band: with an outline, see the pictures below",
    "#56b4e9": "every other run in the lab of 08: with an outline, see the pictures below",
    "#000000": "black, in somebody's own plot: in a picture it becomes the page's ink",
    "#dddddd": "the grid: the numbers stand on the axis",
    "white": "lines of a hatch, on a bar of its own contrast",
}


@pytest.mark.parametrize(("what", "colour", "grounds"), TEXT, ids=[what for what, *_ in TEXT])
def test_text_can_be_read(what, colour, grounds):
    assert min(contrast(colour, ground) for ground in grounds) >= 4.5


@pytest.mark.parametrize(("what", "colour", "grounds"), MARKS, ids=[what for what, *_ in MARKS])
def test_a_mark_stands_out(what, colour, grounds):
    assert min(contrast(colour, ground) for ground in grounds) >= 3


def test_what_the_replay_draws_half_transparent_stands_out_in_both_themes():
    frames = [float(alpha) for alpha in re.findall(r"frame\(box, alpha = ([\d.]+)", SCRIPT)]
    frames += [float(a) for pair in re.findall(r"frame\(lane, .* \? ([\d.]+) : ([\d.]+)\);", SCRIPT) for a in pair]
    (track,) = [float(alpha) for alpha in re.findall(r"globalAlpha = (0[\d.]+);", SCRIPT)]
    assert len(frames) == 3
    for paper, ink in THEMES.items():
        assert min(contrast(over(ink, paper, alpha), paper) for alpha in frames) >= 3
        assert contrast(LOOK["processing"], over(ink, paper, track)) >= 3


def colours_in(source):
    """Find the colours in source code: #rrggbb, rgb(…), and names after a word such as color or edgecolor."""
    yield from (found.lower() for found in re.findall(r"#[0-9a-fA-F]{6}\b", source))
    yield from re.findall(r"(?:rgb|hsl)a?\([^)]+\)", source)
    for name in re.findall(r"(?:colou?r|background|fill|stroke|outline)s?\w*[\"']?\s*[=:]\s*[\"']?([a-z]+)\b", source):
        if name in CSS4_COLORS:
            yield name


def notebook_cells():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            yield f"{path.stem}/{cell['id']}", "".join(cell["source"])


def test_no_colour_is_used_that_is_not_tested():
    tested = {to_hex(colour) for _, colour, grounds in TEXT + MARKS for colour in (colour, *grounds)} | set(NOT_ALONE)
    sources = [(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in PACKAGE]
    found = {(place, colour) for place, source in [*sources, *notebook_cells()] for colour in colours_in(source)}
    assert len({colour for _, colour in found}) > 12
    assert sorted((place, colour) for place, colour in found if colour not in tested) == []


# --- a PNG in the dark, turned round by pictures.css ---

(INVERT,) = map(float, re.findall(r"invert\(([\d.]+)\)", (ROOT / "jobqueue_lesson/show/pictures.css").read_text()))


def turned(colour):
    return inverted(colour, INVERT)


@pytest.mark.parametrize(("what", "colour"), [(what, colour) for what, colour, grounds in MARKS if PAPER in grounds])
def test_a_mark_stands_out_in_the_dark_and_has_its_hue(what, colour):
    assert contrast(turned(colour), turned(PAPER)) >= 3
    if hue(colour) is None:
        assert hue(turned(colour)) is None
    else:
        assert abs(hue(turned(colour)) - hue(colour)) < 5


def test_a_png_in_the_dark_has_the_themes_ground_and_words_that_can_be_read():
    assert turned(PAPER) == DARK
    assert contrast(turned(INK), turned(PAPER)) >= 4.5


# --- the pictures as drawn ---


async def crash(_):
    raise OSError("x")


def every_look():
    jobs = [
        ("crash", None, {"max_attempts": 1}),
        ("crash", None, {"max_attempts": 3}),
        ("nap", 9, {}),
        ("nap", 1, {"delay": 5}),
        ("nap", 9, {}),
    ]
    return record(*jobs, handlers={"crash": crash, "nap": nap}, until=12)


@pytest.fixture
def drawn(monkeypatch):
    """Draws a lab's picture on an Axes of its own."""

    def draw(make):
        lab = make()
        with course_style():
            axes = plt.figure().subplots()
            lab.draw(lab.run(**lab.values), axes)
        return axes

    return draw


def seen(colour):
    """Return a colour as it is seen on paper; None if nothing is seen of it."""
    red, green, blue, alpha = to_rgba(colour)
    return over((red, green, blue), PAPER, alpha) if alpha else None


def faint(axes):
    """List marks that cannot be told from the paper, by their colour or their outline; and words too faint to read."""
    found = []
    for artist in [*axes.lines, *axes.collections, *axes.patches]:
        if isinstance(artist, FancyBboxPatch | FancyArrowPatch):
            continue
        if hasattr(artist, "get_color") and not isinstance(artist, LineCollection):
            colours = [artist.get_color()]
        else:
            faces, edges = artist.get_facecolor(), artist.get_edgecolor()
            colours = [*faces, *edges] if getattr(faces, "ndim", 1) == 2 else [faces, edges]
        if max(contrast(shown, PAPER) for colour in colours if (shown := seen(colour))) < 3:
            found.append((type(artist).__name__, artist.get_label(), colours))
    for text in axes.texts:
        box = text.get_bbox_patch()
        ground = PAPER if box is None else seen(box.get_facecolor())
        if text.get_text() and contrast(text.get_color(), ground) < 4.5:
            found.append((text.get_text(), text.get_color(), ground))
    return found


@pytest.mark.parametrize("make", PANELS.values(), ids=PANELS)
def test_nothing_in_a_labs_picture_is_faint(make, drawn):
    assert faint(drawn(make)) == []


def test_nothing_in_the_other_pictures_is_faint():
    history = every_look()
    pictures = [plot_timeline(history), plot_timeline(history, rows="workers"), plot_timeline(history, max_rows=1)]
    pictures += [plot_states(), plot_sequence(conversation())]
    assert {text.get_text() for text in pictures[0].get_legend().get_texts()} > {"delayed", "backing off", "failed"}
    assert [faint(axes) for axes in pictures] == [[]] * 5


def test_a_faint_mark_is_found():
    axes = plt.figure().subplots()
    axes.plot([1, 2], color="#f0c36d", label="pale")
    axes.text(0, 0, "grey", color="#9e9e9e")
    assert [what for what, *_ in faint(axes)] == ["Line2D", "grey"]
