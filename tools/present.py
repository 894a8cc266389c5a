"""Present a notebook live: in JupyterLab with jupyterlab-deck, with the notebook's own slides and working widgets.

    python -m tools.present [--output build/present] [04_retries [--no-browser]]

It works on copies of the notebooks, so that nothing done in front of a class changes the course. See `presenting` in
`jobqueue_lesson.course.editions` for how the copies differ.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from jobqueue_lesson.course import copies
from jobqueue_lesson.course.editions import make_edition

from . import parser
from .paths import BUILD, DECK, TEMPLATES, notebooks

SETTINGS = copies.SETTINGS | {
    "@jupyterlab/notebook-extension:tracker": {
        "windowingMode": "none",
        "autoStartDefaultKernel": True,
        "codeCellConfig": {"lineWrap": True},
    },
}
# JupyterLab's own arrow keys go from heading to heading, and skip most slides. A clicker sends PageDown and PageUp.
KEYS = [
    {
        "command": "apputils:run-all-enabled",  # the second command, because the first hides the cell with the focus
        "args": {
            "commands": ["deck:go", "notebook:enter-command-mode"],
            "args": {"direction": first, "alternate": then},
        },
        "keys": [key],
        "selector": focused,
    }
    for first, then, keys in (("down", "forward", ("ArrowRight", "PageDown")), ("up", "back", ("ArrowLeft", "PageUp")))
    for key in keys
    # A button that is disabled by being pressed leaves the focus to no element.
    for focused in (".jp-Deck .jp-Notebook.jp-mod-commandMode .jp-Cell:focus", "body:not(:focus-within)")
]
HOW = """\
To start, click the title or any other cell, choose Run → Run All Above Selected Cell, and press the button with
the cards. In the middle of a page, start one slide early: the first slide may be off the screen until you go on.
→ and ← go forward and back, from cell to cell, and so does a clicker. Ctrl+Enter runs the cell with the frame.
Enter edits it, Esc ends editing. A widget that you have clicked gets the keys until you click beside the slide.
The button with the cards, at the lower right, ends the slides.\
"""


def prepare(folder: Path) -> dict[str, str]:
    """Write the copies and JupyterLab's settings to a folder.

    Returns:
        Variables to add to JupyterLab's environment.
    """
    shutil.rmtree(folder, ignore_errors=True)
    pages, settings, config = folder / "notebooks", folder / "settings", folder / "config"
    for path in (pages, settings, config / "custom"):
        path.mkdir(parents=True)
    for path in notebooks():
        (pages / path.name).write_bytes(make_edition(path.read_bytes(), "presenting"))
    (settings / "overrides.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    keys = config / "lab" / "user-settings" / "@jupyterlab" / "shortcuts-extension" / "shortcuts.jupyterlab-settings"
    keys.parent.mkdir(parents=True)
    keys.write_text(json.dumps({"shortcuts": KEYS}), encoding="utf-8")
    shutil.copy(TEMPLATES / "present.css", config / "custom" / "custom.css")
    config = config.resolve()
    return {
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTERLAB_SETTINGS_DIR": str(config / "lab" / "user-settings"),
        "JUPYTER_PATH": str(DECK / "share" / "jupyter"),
    }


def command(folder: Path) -> list[str]:
    """Return the command that starts JupyterLab on what `prepare` has written."""
    settings = (folder / "settings").resolve()
    lab = [sys.executable, "-m", "jupyterlab", f"--LabApp.app_settings_dir={settings}", "--LabApp.custom_css=True"]
    return [*lab, "--ip=127.0.0.1"]


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code. Unknown arguments are passed to JupyterLab."""
    command_line = parser("present", __doc__)
    command_line.add_argument("page", nargs="?", default="00_start_here", help="page to open; default: 00_start_here")
    command_line.add_argument(
        "--output",
        type=Path,
        default=BUILD / "present",
        help="folder for the copies, replaced each time; default: build/present",
    )
    options, more = command_line.parse_known_args(arguments)
    environment = prepare(options.output)
    page = f"{options.page.removesuffix('.ipynb')}.ipynb"
    work = options.output / "notebooks"
    if not (work / page).is_file():
        there = ", ".join(sorted(path.stem for path in work.glob("*.ipynb")))
        command_line.error(f"no such notebook: {page}. There are: {there}")
    print(HOW)
    return subprocess.run([*command(options.output), page, *more], cwd=work, env=os.environ | environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
