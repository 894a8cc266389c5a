"""Present a notebook live: JupyterLab with jupyterlab-deck, the notebooks' own slides, and widgets that work.

    python -m tools.present [--output build/present] [04_retries [--no-browser]]

It copies the notebooks, so that nothing done in front of a class changes the course: see `presenting` in
`jobqueue_lesson.course.editions` for what differs in the copies.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from jobqueue_lesson.course.editions import edition_of

from . import parser
from .paths import BUILD, DECK, TEMPLATES, notebooks

SETTINGS = {
    "@jupyterlab/notebook-extension:tracker": {
        "windowingMode": "none",
        "autoStartDefaultKernel": True,
        "codeCellConfig": {"lineWrap": True},
    },
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}
# JupyterLab's own arrows go from heading to heading, past most slides. A clicker sends PageDown and PageUp.
KEYS = [
    {
        "command": "apputils:run-all-enabled",  # the second, since the cell with the focus has just been hidden
        "args": {
            "commands": ["deck:go", "notebook:enter-command-mode"],
            "args": {"direction": first, "alternate": then},
        },
        "keys": [key],
        "selector": focused,
    }
    for first, then, keys in (("down", "forward", ("ArrowRight", "PageDown")), ("up", "back", ("ArrowLeft", "PageUp")))
    for key in keys
    # A button that has been pressed, and can be no more, leaves the focus to nothing.
    for focused in (".jp-Deck .jp-Notebook.jp-mod-commandMode .jp-Cell:focus", "body:not(:focus-within)")
]
HOW = """\
To begin, at the title or at any cell: click it, choose Run → Run All Above Selected Cell, and press the button
with the cards. In mid-page, begin a slide early: the first may lie off the screen until you go on.
→ and ← go on and back, from cell to cell, and so does a clicker. Ctrl+Enter runs the cell that has the frame.
Enter edits it, Esc ends that. A widget that was clicked keeps the keys until you click beside the slide.
The button with the cards, lower right, leads out of the slides.\
"""


def prepare(folder: Path) -> dict[str, str]:
    """Write the copies and JupyterLab's settings into a folder.

    Returns:
        What to add to the environment of JupyterLab.
    """
    shutil.rmtree(folder, ignore_errors=True)
    pages, settings, config = folder / "notebooks", folder / "settings", folder / "config"
    for path in (pages, settings, config / "custom"):
        path.mkdir(parents=True)
    for path in notebooks():
        (pages / path.name).write_bytes(edition_of(path.read_bytes(), "presenting"))
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
    """Return the command that starts JupyterLab over what `prepare` has written."""
    settings = (folder / "settings").resolve()
    lab = [sys.executable, "-m", "jupyterlab", f"--LabApp.app_settings_dir={settings}", "--LabApp.custom_css=True"]
    return [*lab, "--ip=127.0.0.1"]


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code. What it does not know itself goes to JupyterLab."""
    command_line = parser("present", __doc__)
    command_line.add_argument("page", nargs="?", default="00_start_here", help="what to open; default: 00_start_here")
    command_line.add_argument(
        "--output", type=Path, default=BUILD / "present", help="written anew each time; default: build/present"
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
