"""What Lighthouse says of the book, as on a phone, and how soon a replay moves.

    python -m benchmarks.lighthouse [--book build/book] [--rounds 3]

Lighthouse is not part of the course: `npm install --no-save lighthouse`, or LIGHTHOUSE=path/to/lighthouse/cli/index.js.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.support.lab import find_browser, open_browser
from tests.support.serving import Quiet, served
from tools.book import build
from tools.paths import ROOT

from .measure import Row

PAGES = ("index", "04_retries", "13_find_the_race")
TARGETS = {"performance": 0.95, "accessibility": 1.0, "best-practices": 0.95, "seo": 0.95}
ALONE = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
MISSING = "no Lighthouse here: npm install --no-save lighthouse, or LIGHTHOUSE=path/to/lighthouse/cli/index.js"
FIRST_MOVE = 1000
"""Milliseconds from the call for a page until its replay moves, at most."""

# Press Play as soon as it is there, unless the replay plays by itself, and wait until its clock shows another time.
MOVES = """() => new Promise(resolve => {
    let start;
    const look = () => {
        const replay = document.querySelector('.jq-replay');
        const time = replay?.querySelector('.jq-clock')?.textContent;
        if (time === undefined) document.querySelector('.jq-alive[data-kind="replay"]')?.scrollIntoView();
        else if (start === undefined) {
            start = time;
            const itself = 'autoplay' in replay.closest('.jq-alive').dataset;
            if (!itself) replay.querySelector('button[aria-label^="Play"], button[title^="Play"]').click();
        } else if (time !== start) return resolve(performance.now());
        requestAnimationFrame(look);
    };
    look();
})"""


class Compressed(Quiet):
    """Serves files as most hosts do: what is text, compressed."""

    def do_GET(self) -> None:  # noqa: N802 - http.server's name
        """Answer a request for a file."""
        path = Path(self.translate_path(self.path))
        kind = self.guess_type(path)
        if not path.is_file() or not any(text in kind for text in ("text", "json", "javascript", "svg")):
            super().do_GET()
            return
        content = gzip.compress(path.read_bytes())
        self.send_response(200)
        for name, value in {"Type": kind, "Encoding": "gzip", "Length": str(len(content))}.items():
            self.send_header(f"Content-{name}", value)
        self.end_headers()
        self.wfile.write(content)


def find_lighthouse() -> Path | None:
    """Return Lighthouse's command line, a script for Node; None if there is none."""
    named = os.environ.get("LIGHTHOUSE")
    path = Path(named) if named else ROOT / "node_modules" / "lighthouse" / "cli" / "index.js"
    return path if path.is_file() else None


def audit(lighthouse: Path, address: str, chromium: str) -> dict[str, float]:
    """Return the scores of a page, from 0 to 1, by category.

    Raises:
        subprocess.CalledProcessError: if Lighthouse fails.
    """
    node = shutil.which("node", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}") or "node"
    flags = f"--headless=new --no-sandbox --disable-gpu '{ALONE}'"
    only = f"--only-categories={','.join(TARGETS)}"
    command = [node, str(lighthouse), address, "--quiet", "--output=json", only, f"--chrome-flags={flags}"]
    environment = os.environ | {"CHROME_PATH": chromium}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    said: dict[str, Any] = json.loads(done.stdout)["categories"]
    return {name: float(said[name]["score"] or 0) for name in TARGETS}


def scores(lighthouse: Path, address: str, server: str, chromium: str, rounds: int) -> Iterator[Row]:
    """Audit the pages behind an address, and return a row for each category: the median of some rounds."""
    for page in PAGES:
        runs = [audit(lighthouse, f"{address}/{page}.html", chromium) for _ in range(rounds)]
        for name, target in TARGETS.items():
            found = [run[name] for run in runs]
            middle = statistics.median(found)
            said = f"{middle:.2f} ({min(found):.2f} to {max(found):.2f})"
            yield Row(f"{page}, {server}: {name}", said, "–", middle, target, at_least=True)


def first_move(browser: Browser, address: str) -> float:
    """Return the milliseconds from the call for a page until its first replay moves."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(address, wait_until="commit")
    moved: float = page.evaluate(MOVES)
    context.close()
    return moved


def rows(book: Path, rounds: int) -> Iterator[Row]:
    """Measure a built book."""
    with sync_playwright() as playwright, served(book) as plain, served(book, Compressed) as zipped:
        chromium = find_browser(playwright)
        if chromium is None:
            yield Row("the book", "–", "–", None, 0, note="no Chromium here")
            return
        browser = open_browser(playwright, chromium)
        for page in ("index", "04_retries"):
            moved = statistics.median(first_move(browser, f"{plain}/{page}.html") for _ in range(rounds))
            yield Row(f"{page}: until its replay moves", f"{moved:.0f} ms", "–", moved, FIRST_MOVE)
        browser.close()
        lighthouse = find_lighthouse()
        if lighthouse is None:
            yield Row("Lighthouse", "–", "–", None, 0, note=MISSING)
            return
        yield from scores(lighthouse, plain, "plain server", chromium, rounds)
        yield from scores(lighthouse, zipped, "gzip", chromium, rounds)


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    from .__main__ import HEADER, line

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--book", type=Path, help="a built book; otherwise one is made, without the panels' positions")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts; default: 3")
    options = parser.parse_args(arguments)
    print(HEADER, flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        book = options.book or Path(scratch, "book")
        if options.book is None:
            build(book, panels_move=False)
        for row in rows(book, options.rounds):
            print(line(row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
