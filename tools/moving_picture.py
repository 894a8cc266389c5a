"""Draw docs/replay.gif: the replay of what docs/timeline.png shows, played once from its start to its end.

    python -m tools.moving_picture

It needs Chromium, whose clock it moves on by hand: so each frame shows the same instant on every machine.
"""

from __future__ import annotations

import base64
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from jobqueue_lesson import History
from jobqueue_lesson.show import alive
from jobqueue_lesson.show.replay import Replay
from tests.support.lab import find_browser, new_context, open_browser

from . import parser
from .paths import MOVING
from .picture import five_jobs
from .render import render

WIDTH = 800
"""Of the picture, in pixels: the README's column is little wider."""
FRAME = 80
"""How long a frame is shown, in milliseconds. A GIF counts in hundredths of a second."""
STEP = 120
"""How far the replay has moved on in the next frame, in milliseconds: a little faster than it plays on a page."""
SETTLED = 8
"""So many frames after the last event, the last job has come to where it goes."""
AFTER = 2000
"""How long the last frame is shown, in milliseconds. Then the picture starts again."""
LONGEST = 300
"""A replay that has not ended after so many frames never will."""
COLOURS = 64
"""More are not needed: a replay has a dozen, and their edges."""
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
"""The font of the course's other pictures, so that this one too is the same on every machine."""


def page_of(history: History) -> str:
    """Return a page with nothing on it but the replay of a history."""
    bundle, metadata = Replay(history)._repr_mimebundle_()
    element, _ = alive.element({"data": bundle | {"image/png": ""}, "metadata": metadata}, inline=True)
    files = {"400": "DejaVuSans.ttf", "600 700": "DejaVuSans-Bold.ttf"}
    fonts = {weight: _encoded(FONTS / name) for weight, name in files.items()}
    return render("moving.html.j2", fonts=fonts, styles=alive.styles(), script=alive.script(), element=element)


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def frames(page: Page) -> list[Image.Image]:
    """Play the replay of a page, and return what it shows, every `STEP` milliseconds.

    Raises:
        RuntimeError: if it does not end.
    """
    replay = page.locator(".jq-replay")
    for _ in range(2):  # it is drawn, and then fitted to the width that there is
        replay.screenshot()
        page.clock.run_for(STEP)
    replay.get_by_role("button", name="Play", include_hidden=True).dispatch_event("click")
    playing = replay.get_by_role("button", name="Pause", include_hidden=True)
    taken: list[Image.Image] = []
    left = SETTLED
    while left:
        taken.append(Image.open(io.BytesIO(replay.screenshot())).convert("RGB"))
        if len(taken) > LONGEST:
            raise RuntimeError(f"the replay has not ended after {LONGEST} frames")
        left -= not playing.count()
        page.clock.run_for(STEP)
    return taken


def save(pictures: Sequence[Image.Image], path: Path) -> None:
    """Write pictures as a GIF that starts again and again, all with the colours of the one that has most of them.

    Args:
        pictures: of one size, each shown for `FRAME` milliseconds, the last for `AFTER`.
        path: the file.
    """
    richest = max(pictures, key=lambda picture: len(picture.getcolors(picture.width * picture.height) or ()))
    palette = richest.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE)
    first, *others = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    durations = [FRAME] * len(others) + [AFTER]
    first.save(path, save_all=True, append_images=others, duration=durations, loop=0, optimize=True)


@contextmanager
def opened(browser: Browser, html: str) -> Iterator[Page]:
    """Open a page whose clock stands still."""
    look = {"viewport": {"width": WIDTH, "height": 900}, "color_scheme": "light", "reduced_motion": "no-preference"}
    context = new_context(browser, offline=True, **look)
    try:
        page = context.new_page()
        page.clock.install(time=0)
        page.clock.pause_at(1)
        page.set_content(html)
        page.evaluate("() => document.fonts.ready")
        yield page
    finally:
        context.close()


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    parser("moving_picture", __doc__).parse_args(arguments)
    with sync_playwright() as playwright:
        path = find_browser(playwright)
        if path is None:
            print("no Chromium here: install one with `.venv/bin/playwright install chromium`", file=sys.stderr)
            return 1
        browser = open_browser(playwright, path)
        with opened(browser, page_of(five_jobs())) as page:
            save(frames(page), MOVING)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
