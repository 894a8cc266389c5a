"""The course's look, and what stands for units."""

import matplotlib
import pytest

from jobqueue_lesson.show.colours import PAPER
from jobqueue_lesson.show.style import LOOKS, STYLE, course_style, format_duration, use_course_style


def test_no_two_looks_have_the_same_character_and_none_is_told_by_colour_alone():
    assert len({look.character for look in LOOKS.values()}) == len(LOOKS)
    shapes = [(look.hatch, look.marker, look.height) for look in LOOKS.values()]
    assert len(set(shapes)) == len(LOOKS)


def test_text_reads_from_the_back_of_the_room():
    sizes = [value for key, value in STYLE.items() if key.endswith("size") and "major" not in key and "fig" not in key]
    assert min(sizes) >= 11


def test_the_style_can_be_used_for_a_while_or_for_good():
    before = matplotlib.rcParams["figure.figsize"]
    with course_style():
        assert matplotlib.rcParams["figure.figsize"] == [9.0, 3.2]
    assert matplotlib.rcParams["figure.figsize"] == before
    with matplotlib.rc_context():
        use_course_style()
        assert matplotlib.rcParams["figure.facecolor"] == PAPER


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 ms"), (0.0004, "0.4 ms"), (0.01, "10 ms"), (1, "1 s"), (2.5, "2.5 s"), (3600, "3600 s")],
)
def test_times_are_said_in_the_unit_that_reads_best(seconds, words):
    assert format_duration(seconds) == words
