"""The README's picture that moves: how it is made, and that what is saved is what the README says."""

import re

import pytest
from PIL import Image, ImageChops

from jobqueue_lesson import History, JobQueue, Simulation, Worker
from jobqueue_lesson.handlers import HANDLERS
from tools import moving_picture
from tools.paths import MOVING, README, ROOT, TIMELINE

GROUND = (255, 255, 255)


def length(picture):
    """How long a GIF's frames are shown, one after the other, in seconds."""
    shown = []
    for number in range(picture.n_frames):
        picture.seek(number)
        shown.append(picture.info["duration"])
    return sum(shown) / 1000


def test_the_picture_moves_for_a_while_and_is_small():
    assert MOVING.stat().st_size < 1_000_000
    with Image.open(MOVING) as picture:
        assert (picture.width, picture.info["loop"]) == (moving_picture.WIDTH, 0)
        assert picture.n_frames > 10
        assert 6 < length(picture) < 12
        picture.seek(picture.n_frames - 1)
        last = picture.convert("RGBA")
    assert last.getpixel((0, 0)) == (*GROUND, 255)  # opaque: it can be read on a dark page


def test_the_readme_shows_it_unless_somebody_wants_no_motion_and_says_what_it_shows():
    text = README.read_text(encoding="utf-8")
    source, shown = re.search(r"<picture>\s*(<source [^>]+>)\s*(<img [^>]+>)\s*</picture>", text).groups()
    assert 'media="(prefers-reduced-motion: reduce)"' in source
    assert f'srcset="{TIMELINE.relative_to(ROOT).as_posix()}"' in source
    assert f'src="{MOVING.relative_to(ROOT).as_posix()}"' in shown
    assert len(re.search(r'alt="([^"]+)"', shown)[1]) > 100


@pytest.mark.browser
def test_a_replay_is_played_from_its_start_to_its_end(browser, monkeypatch, tmp_path):
    monkeypatch.setattr(moving_picture, "STEP", 1000)
    sim = Simulation()
    queue = JobQueue("tasks", clock=sim.time)
    history = History(queue)
    queue.enqueue("send-email", {"to": "alice@example.com"})
    sim.run(Worker(queue, HANDLERS).drain())
    with moving_picture.opened(browser, moving_picture.page_of(history)) as page:
        taken = moving_picture.frames(page)
        assert page.locator(".jq-replay").get_attribute("data-count") == str(len(history.events))
    assert {picture.size for picture in taken} == {(moving_picture.WIDTH, taken[0].height)}
    assert ImageChops.difference(taken[0], taken[-1]).getbbox()
    assert not ImageChops.difference(taken[-2], taken[-1]).getbbox()  # all has come to where it goes
    moving_picture.save(taken, tmp_path / "made.gif")
    with Image.open(tmp_path / "made.gif") as made:
        assert made.convert("RGB").getpixel((0, 0)) == GROUND
        assert length(made) == pytest.approx((len(taken) - 1) * 0.08 + 2)
