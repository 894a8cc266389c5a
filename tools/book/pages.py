"""A page of the book, made from a saved notebook: what Sphinx reads of it, and the files that lie beside it.

Nothing is run. The outputs are the saved ones; what a reader has no use for without a kernel is left out.
"""

from __future__ import annotations

import html
import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

from jobqueue_lesson.course import pages
from jobqueue_lesson.course.editions import (
    Cell,
    Notebook,
    is_solution,
    is_speaker_note,
    make_edition,
    set_source,
    source_of,
    to_bytes,
)
from jobqueue_lesson.show.saved import ALIVE

from ..paths import PACKAGE
from .addresses import LAB, cell_id
from .media import in_browser, picture
from .reference import modules, reference_of

FOLDED = {"solution": "the solution", "compare": "the runs behind the answer", "imports": "what this page imports"}
"""What is folded, and what the line that unfolds it calls it."""

INSTEAD = {
    "solution-intro": "Below each exercise is a solution, folded. Try it yourself first: the hints come one by one.",
    "ready-head": "## Is this environment complete?\n\nWhere you run the pages, at home or in JupyterLite, "
    "the next cell looks for everything the course needs, and says how to fix what is missing. Here, in the book, "
    "nothing has to be installed: read on.",
}
"""By cell id: what the book says instead, where a page tells people how to use JupyterLab."""

NEW_HERE = f'New here? <a href="#{cell_id("question")}">Go on to this page\'s question</a>.'
"""What follows questions about earlier pages, for those who come by a link."""

NOT_YET = "Not yet: nothing has changed here. Edit this cell, then run it again."
"""What a check has replied in a saved notebook: see `exercises.check`."""


class Page(NamedTuple):
    """A page of the book."""

    name: str
    """Such as "04_retries"; its address is `04_retries.html`."""
    title: str
    """Such as "4 · Retries"."""
    track: str
    minutes: int
    objectives: list[str]
    """In Markdown."""
    question: str
    """The page's question, in Markdown: what a preview says of the page."""
    cells: list[str]
    """The ids of its cells."""
    notebook: bytes
    """What Sphinx reads."""
    files: dict[str, bytes]
    """What lies beside it, by address."""


def page(path: Path, lite: str, *, panels_move: bool = True, loads: str = "") -> Page:
    """Return a page of the book, and the files beside it.

    Args:
        path: the saved notebook.
        lite: the address of JupyterLite, seen from the page; it ends with a slash.
        panels_move: whether the positions of its panels are computed, which takes some seconds the first time.
        loads: what a browser downloads when JupyterLite is opened for the first time, in a sentence.
    """
    saved = json.loads(path.read_bytes())
    files: dict[str, bytes] = {f"{path.stem}.ipynb": make_edition(path.read_bytes(), "course")}
    return Page(
        path.stem,
        pages.title(saved),
        pages.track(path.stem),
        minutes(saved),
        [objective.text for objective in pages.objectives(saved)],
        _question(saved),
        [cell["id"] for cell in saved["cells"]],
        to_bytes(edition(saved, path.stem, lite, files, panels_move=panels_move, loads=loads)),
        files,
    )


def minutes(notebook: Notebook) -> int:
    """Return how long a page takes, as its first cell says."""
    found = re.search(r"About (\d+) minutes", source_of(notebook["cells"][0]))
    if found is None:
        raise ValueError(f"the first cell of {pages.title(notebook)!r} does not say how many minutes the page takes")
    return int(found[1])


def _question(notebook: Notebook) -> str:
    """Return the page's question; of a page without one, what its first cell says of it."""
    for cell in notebook["cells"]:
        if cell["id"] == "question":
            return source_of(cell).partition("\n\n")[2].split("\n\n")[0]
    return re.sub(r"^About .*?\. ", "", source_of(notebook["cells"][0]).split("\n\n")[1])


# --- the edition ---


def edition(
    saved: Notebook, name: str, lite: str, files: dict[str, bytes], *, panels_move: bool = True, loads: str = ""
) -> Notebook:
    """Return the book's edition of a notebook.

    It has no notes. Solutions are folded, and each cell can be linked to by its id. Widgets have become HTML that a
    script brings to life, and pictures are files beside the page.

    Args:
        saved: the notebook, with its outputs.
        name: of the page, such as "04_retries".
        lite: the address of JupyterLite, seen from the page.
        files: the files beside the page are added to it, by address.
        panels_move: whether the positions of its panels are computed.
        loads: what a browser downloads when JupyterLite is opened for the first time, in a sentence.
    """
    made = deepcopy(saved)
    cells = []
    for cell in made["cells"]:
        if is_speaker_note(cell) or _only_counts(cell, name):
            continue
        if cell is made["cells"][0]:
            cells += _opening(cell, name, lite, loads)
            continue
        if cell["cell_type"] == "markdown":
            set_source(cell, f"{_anchor(cell)}\n\n{_terms(_prose(cell))}")
        else:
            cells.append(_markdown(f"to-{cell['id']}"[:64], _anchor(cell)))
            _fold(cell)
            for number, output in enumerate(cell["outputs"]):
                source = source_of(cell) if panels_move else ""
                _show(output, f"{name}/{cell['id']}-{number}", source, _run(name, lite), files)
        cells.append(cell)
    made["cells"] = cells
    kept = ("kernelspec", "language_info")  # Sphinx would print the others
    made["metadata"] = {key: made["metadata"][key] for key in kept if key in made["metadata"]}
    return made


def _only_counts(cell: Cell, name: str) -> bool:
    """Whether a cell only counts what has been solved: nothing is, in a book. Page 0's map says what there is."""
    return bool(cell["id"] == "solved" and not name.startswith("00"))


def _run(name: str, lite: str) -> str:
    return f"{lite}{LAB}?path={name}.ipynb"


def _opening(cell: Cell, name: str, lite: str, loads: str) -> list[Cell]:
    """Return the first cell: the title, the ways to run the page, and what is to be learned."""
    title, _, rest = source_of(cell).partition("\n")
    rest = re.sub(r"^(- .+?) \((?:`\w+`(?:, )?)+\)(?=[.,;]?$)", r"\1", rest, flags=re.MULTILINE)
    doors = (
        f'<div class="jq-doors"><a class="jq-door" href="{html.escape(_run(name, lite))}">Run this page</a> '
        f'<a class="jq-door jq-quiet" href="{name}.ipynb" download>Download</a>'
        f'<span>This is page {int(name[:2])} of <a href="index.html">a course on background job queues</a>. All of it '
        "can be read here, and replays and cards work. Run this page to edit and run its cells in your browser: "
        f"best on a computer. {html.escape(loads)}</span></div>"
    )
    return [_markdown("title", f"{title}\n\n{_anchor(cell)}\n\n{doors}\n\n{links(rest.strip())}")]


def _prose(cell: Cell) -> str:
    after = f" {NEW_HERE}" if cell["id"] == "remember-head" else ""
    return links(INSTEAD.get(cell["id"], source_of(cell)) + after)


def links(text: str) -> str:
    """Have links to the Markdown files beside the notebooks lead to pages of the book."""
    return re.sub(r"\]\(([A-Z_]+\.md)", lambda match: f"]({match[1].lower()}", text)


def _terms(text: str) -> str:
    """Link each term to the glossary, where it is defined, and enter that paragraph in the index."""
    return "\n\n".join(_with_entries(paragraph) for paragraph in text.split("\n\n"))


def _with_entries(paragraph: str) -> str:
    found = re.findall(r"<dfn>(.+?)</dfn>", paragraph)
    for term in found:
        link = f'<dfn id="{term_id(term)}"><a href="glossary.html#{term_id(term)}">{term}</a></dfn>'
        paragraph = paragraph.replace(f"<dfn>{term}</dfn>", link)
    if not found:
        return paragraph
    # "!": a main entry. The search lists the others last, and shows of each what its one place says.
    return f"```{{index}} {', '.join(f'!{term}' for term in found)}\n```\n\n{paragraph}"


def term_id(term: str) -> str:
    """Return the anchor of a term, on the page that defines it and in the glossary, as Sphinx makes it."""
    return f"term-{re.sub('[^a-zA-Z0-9._]+', '-', term).strip('-')}"


def plain(text: str) -> str:
    """Return a line of Markdown without its marks."""
    return re.sub(r"\*\*|`|</?\w+>|(?<=\])\([^)]*\)|[\[\]]", "", text).replace("\n", " ")


def _fold(cell: Cell) -> None:
    """Fold a solution, the runs from which a folded answer has its numbers, and a long list of imports."""
    name, kind = cell["id"], ""
    if is_solution(cell):
        kind = "solution"
    elif name == "play-compare":  # it follows the answer: who scrolls on would read the numbers first
        kind = "compare"
    elif name.startswith("imports"):
        kind = "imports"
    if kind:
        tags = cell["metadata"].setdefault("tags", [])
        tags.append("hide-input" if kind == "imports" else "hide-cell")
        cell["metadata"]["mystnb"] = {
            "code_prompt_show": f"Show {FOLDED[kind]}",
            "code_prompt_hide": f"Hide {FOLDED[kind]}",
        }


def _show(output: dict[str, Any], name: str, source: str, run: str, files: dict[str, bytes]) -> None:
    """Have an output be shown by a browser alone.

    Args:
        output: of a cell; it is changed.
        name: what files are called that are made of it, without their endings.
        source: the code of the output's cell; "": a panel does not move.
        run: the address at which the page can be run.
        files: what is added to.
    """
    data = output.get("data", {})
    if ALIVE in data:
        output["data"] = {"text/html": in_browser(output, name, files, source, run)}
    elif "image/png" in data:
        output["data"] = {"text/html": picture(output, name, files)}
    elif "text/html" in data:
        shown = re.sub(r'(?<=href=")(\w+)\.ipynb', r"\1.html", "".join(data["text/html"]))
        your_turn = f'Your turn: <a href="{html.escape(run)}">run this page</a>, and the check answers you.'
        shown = shown.replace(NOT_YET, your_turn).replace("#a86c00", "var(--jq-turn)")
        shown = re.sub(r"(?s)(<table.*?</table>)", r'<div class="table-wrapper">\1</div>', shown)
        output["data"] = {"text/html": shown.replace("#009e73", "var(--jq-right)")}
    elif "text/markdown" in data:  # the package's source, below the name of its module
        output["data"] = {"text/markdown": re.sub(r"^`([\w.]+)`", _to_reference, "".join(data["text/markdown"]))}
    if "metadata" in output:
        output["metadata"] = {}


def _to_reference(module: re.Match[str]) -> str:
    known = module[1].removeprefix(f"{PACKAGE.name}.") in modules()
    return f"[`{module[1]}`]({reference_of(module[1])}.html)" if known else module[0]


def _markdown(name: str, text: str) -> Cell:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text.splitlines(keepends=True)}


def _anchor(cell: Cell) -> str:
    """Return what a link to a cell leads to."""
    return f'<div class="jq-cell" id="{cell_id(cell["id"])}"></div>'
