"""Present a notebook live: JupyterLab with jupyterlab-deck, the notebooks' own slides, and widgets that work.

    python tools/present.py [build/present [04_retries [--no-browser]]]

It copies the notebooks, so that nothing done in front of a class changes the course. What is a slide is the same as in
the static decks. Four things differ in the copies:

- a slide below another becomes the next one, since jupyterlab-deck 0.2 loses the way in a stack of more than two;
- cells that are not on a slide would leave the screen blank when one runs into them: imports go to the top, where
  "run all above" comes by, and the others are left out, as are the speaker's notes;
- folded answers are open;
- nothing has run yet: a result that stands there already gives the answer away.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
DECK = Path(sys.prefix) / "deck"  # jupyterlab-deck, installed apart
BUILD = ROOT / "build" / "present"
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
# Read from the back of the room; a deck has no prompts, but their overlay would lie over a widget's left edge.
STYLE = """
.jp-Deck .jp-Notebook {
    --jp-content-font-size1: 24px; --jp-code-font-size: 20px; --jp-ui-font-size1: 20px; --jp-widgets-font-size: 20px;
}
.jp-Deck .jq-replay { zoom: 1.35; }
.jp-Deck .jp-OutputArea-promptOverlay, .jp-Deck .jp-InternalAnchorLink { display: none; }
.jp-Deck [data-jpf-cell-tags*=",remove-input,"] .jp-Cell-inputWrapper { display: none; }
"""


def for_a_deck(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook as jupyterlab-deck can present it; see above.

    Args:
        notebook: as JSON. It is not changed.
    """
    first, slides = [], []
    for cell in json.loads(json.dumps(notebook["cells"])):
        slideshow = cell["metadata"].get("slideshow", {})
        kind = slideshow.get("slide_type", "-")
        source = "".join(cell["source"])
        if kind == "subslide":
            slideshow["slide_type"] = "slide"
        if cell["cell_type"] == "markdown":
            cell["source"] = source.replace("<details>", "<details open>")
        else:
            cell.update(outputs=[], execution_count=None)
        if kind == "skip" and cell["cell_type"] == "code" and cell["id"].startswith("imports"):
            first.append(cell)
        elif kind not in ("skip", "notes"):
            slides.append(cell)
    return notebook | {"cells": first + slides}


def prepare(folder: Path) -> dict[str, str]:
    """Write the copies and JupyterLab's settings into a folder.

    Returns:
        What to add to the environment of JupyterLab.
    """
    shutil.rmtree(folder, ignore_errors=True)
    pages, settings, config = folder / "notebooks", folder / "settings", folder / "config"
    for path in (pages, settings, config / "custom"):
        path.mkdir(parents=True)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = for_a_deck(json.loads(path.read_text(encoding="utf-8")))
        (pages / path.name).write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")
    (settings / "overrides.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    keys = config / "lab" / "user-settings" / "@jupyterlab" / "shortcuts-extension" / "shortcuts.jupyterlab-settings"
    keys.parent.mkdir(parents=True)
    keys.write_text(json.dumps({"shortcuts": KEYS}), encoding="utf-8")
    (config / "custom" / "custom.css").write_text(STYLE, encoding="utf-8")
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


def main(arguments: list[str]) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "folder", nargs="?", type=Path, default=ROOT / "build" / "present", help="written anew each time"
    )
    parser.add_argument("page", nargs="?", default="00_start_here", help="which notebook to open, such as 04_retries")
    options, more = parser.parse_known_args(arguments)
    environment = prepare(options.folder)
    page = f"{options.page.removesuffix('.ipynb')}.ipynb"
    work = options.folder / "notebooks"
    if not (work / page).is_file():
        there = ", ".join(sorted(path.stem for path in work.glob("*.ipynb")))
        parser.error(f"no such notebook: {page}. There are: {there}")
    print(HOW)
    return subprocess.run([*command(options.folder), page, *more], cwd=work, env=os.environ | environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
