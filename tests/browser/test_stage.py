"""The replay's stage on a page of its own: on a phone and on a wide screen, without JupyterLab around it."""

import json
import re

import pytest
from playwright.sync_api import expect

from jobqueue_lesson.show import alive
from jobqueue_lesson.show.replay import Replay
from tests.support.axe import violations
from tests.support.histories import flaky_history, record
from tests.support.lab import new_context
from tests.support.page_objects import Stage

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Replay</title>
<style>body {{ margin: 0; padding: 0 16px }} {style}</style>{body}<script type="module">{script}</script>"""
WIDTHS = (360, 390, 800, 1280, 1920)


def page_of(history):
    """Return a page with a replay, as it is saved: without a kernel."""
    bundle, metadata = Replay(history)._repr_mimebundle_()
    output = {"data": bundle | {"image/png": ""}, "metadata": metadata}
    body, _ = alive.element(json.loads(json.dumps(output)), inline=True)
    return PAGE.format(style=alive.styles(), body=body, script=alive.script())


@pytest.fixture(scope="module")
def contents():
    naps = [("nap", 0.2 + n % 3, {}) for n in range(40)]
    stubborn = record(("call", None, {"max_attempts": 20}), handlers={"call": refuse})
    return {
        "flaky": page_of(flaky_history()),
        "crowd": page_of(record(*naps, workers=6)),
        "stubborn": page_of(stubborn),
    }


async def refuse(data):
    raise ConnectionError("503 Service Unavailable")


@pytest.fixture(scope="module")
def offline(browser):
    context = new_context(browser, offline=True, reduced_motion="reduce")
    yield context.new_page()
    context.close()


PLACES = (
    "root => [...root.querySelectorAll('canvas.jq-stage, .jq-scrub, .jq-timeline')]"
    ".map((part) => [part.offsetTop, part.offsetHeight, part.offsetWidth])"
)


@pytest.mark.parametrize("name", ["flaky", "crowd"])
def test_it_fits_every_screen_and_nothing_moves_away_while_it_plays(offline, contents, name):
    for width in WIDTHS:
        offline.set_viewport_size({"width": width, "height": 900})
        offline.set_content(contents[name])
        stage = Stage(offline)
        stage.rest()
        assert offline.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        before = stage.root.evaluate(PLACES)
        for share in (0, 0.1, 0.3, 0.6, 0.9, 1):
            stage.scrub(share)
            stage.rest()
            assert stage.root.evaluate(PLACES) == before, (width, share)
        targets = stage.root.locator("button, select, input").evaluate_all(
            "all => all.map(e => e.getBoundingClientRect()).map(({ width, height }) => Math.min(width, height))"
        )
        assert min(targets) >= 32, width


@pytest.mark.parametrize(("name", "whole"), [("flaky", True), ("stubborn", False)])
def test_the_story_of_a_followed_job_is_seen_whole_or_from_its_end_and_moves_nothing(offline, contents, name, whole):
    hidden = "box => [box.scrollTop, box.scrollHeight - box.clientHeight]"
    offline.set_viewport_size({"width": 390, "height": 900})
    offline.set_content(contents[name])
    stage = Stage(offline)
    stage.rest()
    alone = stage.root.evaluate(PLACES)
    stage.root.get_by_label("job to follow").select_option(index=1)
    stage.rest()
    before = stage.root.evaluate(PLACES)
    for share in (0, 0.3, 0.6, 1):
        stage.scrub(share)
        stage.rest()
        above, more = stage.detail.evaluate(hidden)
        assert abs(above - more) < 1, share
        assert stage.root.evaluate(PLACES) == before, share
    assert (more == 0) == whole
    assert violations(offline, ".jq-replay") == []
    assert stage.detail.bounding_box()["height"] < 200
    stage.root.get_by_label("job to follow").select_option(index=0)
    stage.rest()
    assert stage.root.evaluate(PLACES) == alone


def test_the_timeline_is_drawn_for_the_width_there_is_and_says_what_it_shows(offline, contents):
    for width in (390, 1280):
        offline.set_viewport_size({"width": width, "height": 900})
        offline.set_content(contents["flaky"])
        stage = Stage(offline)
        stage.rest()
        timeline = stage.root.locator(".jq-timeline")
        expect(timeline.get_by_role("img")).to_have_attribute("aria-label", re.compile("^Timeline of 6 jobs"))
        bars = timeline.locator(".jq-chart rect:not(pattern *)")
        assert bars.count() == len(flaky_history().spans())
        words = timeline.locator("text").evaluate_all(
            "all => all.map(e => [e.getBoundingClientRect().left, e.getBoundingClientRect().right])"
        )
        assert all(left >= 0 and right <= width for left, right in words)
        assert timeline.locator("text").first.evaluate("e => parseFloat(getComputedStyle(e).fontSize)") == 12
        box = timeline.bounding_box()
        timeline.click(position={"x": box["width"] * 0.6, "y": box["height"] - 20})
        stage.wait_for("root.dataset.time > 3 && root.dataset.time < 6")
