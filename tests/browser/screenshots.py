"""Run notebooks in a real JupyterLab and take pictures of what a learner sees.

python -m tests.browser.screenshots OUT_DIR [names…] [--theme dark] [--width 1280] [--height 800]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.support.lab import Lab, find_browser, open_browser, running_lab
from tools.paths import NOTEBOOKS


def main(arguments: list[str]) -> int:
    """Save each notebook as a row of pages, as high as the window."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*", default=[path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))])
    parser.add_argument("--theme", choices=["light", "dark"], default="light")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=800)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        path = find_browser(playwright)
        if path is None:
            parser.error("no Chromium here")
        browser = open_browser(playwright, path)
        with running_lab(Path(folder), theme=f"JupyterLab {options.theme.title()}") as server:
            lab = Lab(server, browser)
            for name in options.names:
                with lab.open(name, width=options.width, height=options.height) as page:
                    page.keyboard.press("Control+b")  # the file browser takes room
                    lab.run_all(page)
                    page.wait_for_timeout(500)
                    scroller = page.locator(".jp-WindowedPanel-outer").first
                    height = scroller.evaluate("e => e.scrollHeight")
                    step = scroller.evaluate("e => e.clientHeight") - 20
                    for number, top in enumerate(range(0, height, step)):
                        scroller.evaluate("(e, top) => { e.scrollTop = top }", top)
                        page.wait_for_timeout(120)
                        page.screenshot(path=options.out / f"{name}-{options.theme}-{number:02}.png")
                print(name, height)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
