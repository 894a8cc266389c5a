"""Run all tests, in two lanes side by side: the package and the notebooks, and beside them what needs a browser.

    python -m tools.test [arguments for pytest …]

The first lane is seen while it runs; what the other has to say comes at the end, in one piece.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
NO_TESTS = 5  # pytest's code for a run in which nothing was chosen, as happens with arguments that name one file


def main(arguments: list[str]) -> int:
    """Run the lanes; return the exit code: 0 if all tests passed."""
    here = [[*PYTEST, "-m", "not browser", *arguments], [*PYTEST, "--nbval", *arguments, "notebooks"]]
    beside = [*PYTEST, "-m", "browser", *arguments]
    with tempfile.TemporaryFile() as said, tempfile.TemporaryDirectory(prefix="lane") as scratch:
        # Folders of their own for temporary files: a test looks for what others have left behind, and finds no more.
        places = [Path(scratch, lane) for lane in ("a", "b")]
        for place in places:
            place.mkdir()
        first, second = (os.environ | {"TMPDIR": str(place)} for place in places)
        browser = subprocess.Popen(beside, cwd=ROOT, env=second, stdout=said, stderr=subprocess.STDOUT)
        try:
            codes = [subprocess.run(command, cwd=ROOT, env=first).returncode for command in here]
            print("\nThe tests in the browser:", flush=True)
            codes.append(browser.wait())
        finally:
            if browser.poll() is None:  # Ctrl-C
                browser.terminate()
                browser.wait()
            said.seek(0)
            sys.stdout.buffer.write(said.read())
            sys.stdout.flush()
    failed = [code for code in codes if code not in (0, NO_TESTS)]
    return failed[0] if failed else 0 if 0 in codes else NO_TESTS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
