"""What each page promises at its top, and what on the page shows that it was reached."""

import json
import re

import pytest

from jobqueue_lesson.course import pages
from tools.objectives import in_instructors
from tools.paths import INSTRUCTORS, README, notebooks

NOTEBOOKS = notebooks()
PAGES = {path.stem: json.loads(path.read_bytes()) for path in NOTEBOOKS}


def shown_on(page):
    """Return the names of a page's checks, panels and cards."""
    code = "\n".join("".join(cell["source"]) for cell in PAGES[page]["cells"] if cell["cell_type"] == "code")
    checks = set(re.findall(r"^(check_\w+)\(my_", code, re.MULTILINE))
    panels = set(re.findall(r"^(\w+_lab|slow_api)\(\)", code, re.MULTILINE))
    cards = set(re.findall(r"^(\w+) = predict\(", code, re.MULTILINE))
    return checks, panels, cards


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_one_can_do_after_it(page):
    found = pages.objectives(PAGES[page])
    assert 2 <= len(found) <= 4
    listed = re.findall(r"^- ", "".join(PAGES[page]["cells"][0]["source"]), re.MULTILINE)
    assert len(listed) == len(found), "each item ends with the checks, panels or cards that show it, in brackets"
    for objective in found:
        assert objective.text[0].islower(), "starts with a verb, as in 'After this page you can: …'"


@pytest.mark.parametrize("page", PAGES)
def test_what_is_promised_is_shown_by_something_on_the_page_and_every_check_serves_a_promise(page):
    checks, panels, cards = shown_on(page)
    promised = {name for objective in pages.objectives(PAGES[page]) for name in objective.shown_by}
    assert promised <= checks | panels | cards
    assert checks <= promised


def test_the_guide_has_them_from_the_pages():
    text = INSTRUCTORS.read_text(encoding="utf-8")
    assert in_instructors(text) == text
    assert text.count("After it they can: ") == len(PAGES)


def test_every_page_is_on_one_track():
    assert [pages.track(page) for page in PAGES] == ["Build it"] * 7 + ["Run it"] * 6 + ["Prove it"] * 2
    numbers = [number for track in pages.TRACKS.values() for number in track]
    assert numbers == list(range(20))


@pytest.mark.parametrize("text", [README.read_text(encoding="utf-8"), json.dumps(PAGES["00_start_here"])])
def test_the_maps_show_the_tracks_above_their_pages(text):
    begin = {name: text.index(f"**{name}**") for name in pages.TRACKS if pages.TRACKS[name].start < len(PAGES)}
    for name, place in begin.items():
        first = re.search(rf"\| {pages.TRACKS[name].start} \| ", text[place:])
        assert first
        assert first.start() < 80, name
