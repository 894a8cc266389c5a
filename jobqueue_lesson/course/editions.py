"""Editions of the course, all made from one master: for learners, for instructors, for slides, and for the web site.

A notebook is what `json.load` returns for an .ipynb file. An edition is a function from a notebook to a new notebook;
it does not change its argument.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

ALIVE = "application/vnd.jobqueue-lesson.widget+json"
"""The form of an output that has a widget's data: the same as `show.saved.ALIVE`, which this package may not import."""

Notebook = dict[str, Any]
Cell = dict[str, Any]


def source_of(cell: Cell) -> str:
    """Return what a cell says: its code, or its text."""
    return "".join(cell["source"])


def set_source(cell: Cell, source: str) -> None:
    """Have a cell say something else, in place."""
    cell["source"] = source.splitlines(keepends=True)  # as Jupyter saves it


# --- kinds of cells ---


def is_solution(cell: Cell) -> bool:
    """Whether a cell is the solution of an exercise or, with the tag `solution`, says where to find it."""
    return bool(cell["id"].endswith("-solution") or "solution" in cell["metadata"].get("tags", []))


def is_speaker_note(cell: Cell) -> bool:
    """Whether a cell is a speaker note, for the instructor."""
    return _slide_type(cell) == "notes"


def speaker_note(cell: Cell) -> str:
    """Return the text of a speaker note. In a page it is in a comment, `<!-- Notes … -->`, so learners don't see it."""
    return source_of(cell).removeprefix("<!-- Notes").removesuffix("-->").strip()


def _slide_type(cell: Cell) -> str:
    return str(cell["metadata"].get("slideshow", {}).get("slide_type", "-"))


def _clear(cell: Cell) -> None:
    """Remove what running a cell has left in it."""
    if cell["cell_type"] == "code":
        cell.update(outputs=[], execution_count=None)


def _open_details(cell: Cell) -> None:
    if cell["cell_type"] == "markdown":
        set_source(cell, source_of(cell).replace("<details>", "<details open>"))


# --- to work through ---


def course(notebook: Notebook) -> Notebook:
    """Return the course's own edition: with solutions folded, and without notes and outputs.

    A saved output would answer what a card asks before anybody has committed to an answer.
    """
    made = deepcopy(notebook)
    made["cells"] = [cell for cell in made["cells"] if not is_speaker_note(cell)]
    for cell in made["cells"]:
        _clear(cell)
    return made


def results(notebook: Notebook) -> Notebook:
    """Return a page to look things up in: the course's own edition with everything as it was saved."""
    made = deepcopy(notebook)
    made["cells"] = [cell for cell in made["cells"] if not is_speaker_note(cell)]
    for cell in made["cells"]:
        if cell["cell_type"] == "markdown":
            set_source(cell, re.sub(r"\]\((?=[A-Z_]+\.md)", "](../", source_of(cell)))
    return made


def learner(notebook: Notebook) -> Notebook:
    """Return the learner's edition: the course's own without solutions."""
    made = course(notebook)
    made["cells"] = [cell for cell in made["cells"] if not is_solution(cell)]
    return made


def instructor(notebook: Notebook) -> Notebook:
    """Return the instructor's edition: everything, with solutions unfolded, and notes visible and marked as notes."""
    made = deepcopy(notebook)
    for cell in made["cells"]:
        if is_solution(cell):
            jupyter = cell["metadata"].get("jupyter", {})
            jupyter.pop("source_hidden", None)
            if not jupyter:
                cell["metadata"].pop("jupyter", None)
        if is_speaker_note(cell):
            text = f"**Notes.** {speaker_note(cell)}"
            set_source(cell, "\n".join(f"> {line}".rstrip() for line in text.splitlines()))
    return made


# --- to present ---


def slides(notebook: Notebook) -> Notebook:
    """Return the static slides' edition: the instructor's, with links from deck to deck, and answers unfolded.

    Answers need not be folded: on a slide, they appear after their question anyway. Three things get a slide of their
    own, below the one before:

    - a solution: two steps after its exercise, so that nobody shows it by mistake;
    - a widget that needs the room: a replay, a panel, a live stage, the reasons for an answer. The code of such a cell
      is left out if it is one line and begins a slide;
    - the timeline of a replay with many jobs, after the replay.
    """
    made = instructor(notebook)
    for cell in made["cells"]:
        _open_details(cell)
        if cell["cell_type"] == "markdown":
            set_source(cell, _to_decks(source_of(cell)))
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/html" in data:
                data["text/html"] = _to_decks("".join(data["text/html"]))
            if "text/plain" in data:
                data["text/plain"] = _without_how_to_run("".join(data["text/plain"]))
    made["cells"] = _laid_out(made["cells"])
    return made


def _without_how_to_run(text: str) -> str:
    """Return a widget's text without its last line, which says how to get the widget: a slide has no cells to run."""
    return re.sub(r"\n\[A widget\. .*\]$", "", text)


ROOMY = ("replay", "panel", "live", "reason")
"""Kinds of widgets that have a slide of their own."""
FEW = 3
"""A replay of that many jobs has room for its timeline."""
CURTAIN = '<p class="curtain">When everybody has tried: the next step shows it.</p>'
"""What is on a solution's slide before the solution is."""


def _laid_out(cells: list[Cell]) -> list[Cell]:
    """Give solutions and roomy widgets slides of their own."""
    solutions = [cell["id"] for cell in cells if cell["cell_type"] == "code" and is_solution(cell)]
    made: list[Cell] = []
    after: list[Cell] = []  # what comes once the notes of a slide have come, too
    full = False  # whether the slide has no room for a line more
    for cell in cells:
        kind = _slide_type(cell)
        if kind == "notes":
            made.append(cell)
            continue
        made += after
        full = full and not after
        after = []
        if kind == "skip":
            made.append(cell)
            continue
        if full and kind in ("-", "fragment"):
            cell = _as_slide(cell, "subslide")
        full = False
        output = _roomy(cell)
        if cell["id"] in solutions:
            number = f" {solutions.index(cell['id']) + 1}" if len(solutions) > 1 else ""
            made += [_curtain(cell, f"### Exercise{number}: a solution"), _as_slide(cell, "fragment")]
        elif output is None:
            made.append(cell)
        else:
            made += _with_own_slide(cell, output)
            after = _still(cell, output)
            full = output["data"][ALIVE]["kind"] != "reason"
    return made + after


def _roomy(cell: Cell) -> dict[str, Any] | None:
    """Return the output of a cell that is a widget with a slide of its own, None if there is none."""
    found = (output for output in cell.get("outputs", []) if ALIVE in output.get("data", {}))
    return next((output for output in found if output["data"][ALIVE]["kind"] in ROOMY), None)


def _with_own_slide(cell: Cell, output: dict[str, Any]) -> Iterator[Cell]:
    """Yield a cell with what else it puts out, unless that is nothing to look at, and its widget on the next slide."""
    kind = _slide_type(cell)
    starts = kind in ("slide", "subslide")
    others = [other for other in cell["outputs"] if other is not output]
    hidden = "remove-input" in cell["metadata"].get("tags", []) or (starts and "\n" not in source_of(cell).strip())
    if others or not hidden:
        yield cell | {"outputs": others}
        starts = False
    yield _part(cell, "widget", kind if starts else "subslide", output)


def _still(cell: Cell, output: dict[str, Any]) -> list[Cell]:
    """Return the timeline of a replay as a picture on a slide, if the replay has no room for it."""
    alive = output["data"][ALIVE]
    if alive["kind"] != "replay" or "image/png" not in output["data"]:
        return []
    if len({job for _, _, job, *_ in json.loads(alive["record"])["events"]}) <= FEW:
        return []
    picture = {"output_type": "display_data", "data": {"image/png": output["data"].pop("image/png")}}
    return [_part(cell, "timeline", "subslide", picture | {"metadata": output["metadata"]})]


def _part(cell: Cell, name: str, kind: str, output: dict[str, Any]) -> Cell:
    """Return a cell that shows nothing but one of a cell's outputs."""
    part = _as_slide(cell, kind) | {"id": f"{cell['id']}-{name}", "outputs": [output]}
    part["metadata"]["tags"] = sorted({*part["metadata"].get("tags", []), "remove-input"})
    return part


def _curtain(cell: Cell, text: str) -> Cell:
    """Return the slide that comes before a solution, and does not give it away."""
    metadata = {"slideshow": {"slide_type": "subslide"}}
    made = {"cell_type": "markdown", "id": f"{cell['id']}-curtain", "metadata": metadata}
    set_source(made, f"{text}\n\n{CURTAIN}")
    return made


def _as_slide(cell: Cell, kind: str) -> Cell:
    return cell | {"metadata": cell["metadata"] | {"slideshow": {"slide_type": kind}}}


def _to_decks(text: str) -> str:
    return re.sub(r'\.ipynb(?=[)#"])', ".html", text)


def presenting(notebook: Notebook) -> Notebook:
    """Return the live slides' edition, for JupyterLab with jupyterlab-deck.

    It has the same slides as the static decks. Four things differ from the course's own edition:

    - a slide below another becomes the next one, because jupyterlab-deck 0.2 gets lost in a stack of more than two;
    - cells that are on no slide would leave the screen blank when one comes to them: imports move to the top, where
      "run all above" runs them, and the others are left out, as are the speaker notes;
    - folded answers are unfolded;
    - all outputs are cleared: a result that is already there gives the answer away.
    """
    made = deepcopy(notebook)
    imports, on_slides = [], []
    for cell in made["cells"]:
        kind = _slide_type(cell)
        if kind == "subslide":
            cell["metadata"]["slideshow"]["slide_type"] = "slide"
        _open_details(cell)
        _clear(cell)
        if kind == "skip" and cell["cell_type"] == "code" and cell["id"].startswith("imports"):
            imports.append(cell)
        elif kind not in ("skip", "notes"):
            on_slides.append(cell)
    made["cells"] = imports + on_slides
    return made


# --- the web site, whose Python runs in the browser ---

WHY = {
    "needs-sockets": "A page in a browser cannot open a socket, so no server can listen here.",
    "needs-processes": "A page in a browser cannot start a process, and cannot kill one.",
}
"""By tag: why a cell is not run on the site."""

READY = """import platform

import matplotlib

import jobqueue_lesson

print(f"Ready: Python {platform.python_version()} runs in this page, with all that the course needs.")"""

KERNEL = {
    "kernelspec": {"display_name": "Python (Pyodide)", "language": "python", "name": "python"},
    "language_info": {
        "codemirror_mode": {"name": "python", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
        "version": "3.8",
    },
}
"""What the site's kernel says of itself, to the letter: JupyterLab writes it into a page that has anything else.

So a page that a visitor only reads is not changed, and the browser keeps no copy of it.
"""


def site(notebook: Notebook) -> Notebook:
    """Return the site's edition: cells that a browser can run, the others as text with the reason, and no notes."""
    made = deepcopy(notebook)
    made["metadata"] |= deepcopy(KERNEL)
    cells, explained = [], set()
    for cell in made["cells"]:
        if is_speaker_note(cell):
            continue
        reason = _not_in_browser(cell)
        if reason:
            cell = _as_text(cell, "" if reason in explained else WHY[reason])
            explained.add(reason)
        else:
            _clear(cell)
            if cell["id"] == "ready":  # the page's own checks an installation, which a browser does not have
                set_source(cell, READY)
        cells.append(cell)
    made["cells"] = cells
    _, missing = runs_in_browser(notebook)
    if missing:
        words = "One cell of this page" if missing == 1 else f"{missing} cells of this page"
        text = f"> **In the browser:** {words} can only be read here, not run. Each says why. All others run."
        box = {"cell_type": "markdown", "id": "in-the-browser", "metadata": {}, "source": [text]}
        cells.insert(1, box)
    return made


def runs_in_browser(notebook: Notebook) -> tuple[int, int]:
    """Count the code cells that run in a browser, and those that do not."""
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    missing = sum(bool(_not_in_browser(cell)) for cell in code)
    return len(code) - missing, missing


def _not_in_browser(cell: Cell) -> str:
    """Return the tag that says why a cell cannot run in a browser; "" if it can, or is not code."""
    tags = cell["metadata"].get("tags", []) if cell["cell_type"] == "code" else []
    return next((tag for tag in tags if tag in WHY), "")


def _as_text(cell: Cell, why: str) -> Cell:
    """Turn a code cell into text: why it does not run here, its code, and its saved output."""
    how = " To run it on your own computer, install the course: the first page of this site says how." if why else ""
    parts = [f"> **Not run in the browser.** {why}{how}".rstrip(), _fenced(source_of(cell), "python")]
    if cell["outputs"]:
        parts.append("Its output:")
    pictures = {}
    for number, output in enumerate(cell["outputs"]):
        data = output.get("data", {})
        text = "".join(output.get("text", "") or data.get("text/plain", ""))
        if "text/markdown" in data:
            parts.append("".join(data["text/markdown"]))
        elif "image/png" in data:
            name = f"{cell['id']}-{number}.png"
            pictures[name] = {"image/png": "".join(data["image/png"]).strip()}
            words = "The plot that this cell drew" if text.startswith("<Figure") else text
            parts.append(f"![{words}](attachment:{name})")
        elif text:
            parts.append(_fenced(text.rstrip("\n"), "text"))
    made = {"cell_type": "markdown", "id": cell["id"], "metadata": {"tags": cell["metadata"]["tags"]}}
    if pictures:
        made["attachments"] = pictures
    set_source(made, "\n\n".join(parts))
    return made


def _fenced(text: str, language: str) -> str:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


# --- all of them ---

EDITIONS = {made.__name__: made for made in (course, results, learner, instructor, slides, presenting, site)}
"""The editions by name."""
TO_WORK_THROUGH = ("course", "learner", "instructor")
"""The editions that people work through; the others are for tools that show them."""


def make_edition(page: bytes, name: str) -> bytes:
    """Return an edition of a saved notebook, as Jupyter saves it.

    Args:
        page: the content of the .ipynb file.
        name: one of `EDITIONS`.

    Raises:
        KeyError: for an unknown edition.
    """
    notebook = json.loads(page)
    made = EDITIONS[name](notebook)
    if made == notebook:
        return page
    return to_bytes(made)


def to_bytes(notebook: Notebook) -> bytes:
    """Return a notebook as Jupyter saves it."""
    return (json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
