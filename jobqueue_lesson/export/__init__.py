"""A page as one HTML file in which the widgets are alive: replays play, cards ask, and nothing else is needed.

`python -m jobqueue_lesson export 04_retries.ipynb` writes it. nbconvert can, too, with its own options:
`jupyter nbconvert --to live_html 04_retries.ipynb`. Its `--to html` has blanks, or text, in the places of the widgets.
"""

from __future__ import annotations

import re
from collections.abc import Container
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from nbconvert.preprocessors import CellExecutionError, ExecutePreprocessor, Preprocessor
from nbformat.reader import NotJSONError
from traitlets import default

from ..course.editions import is_speaker_note

TEMPLATE = "live_html"
"""The folder with the page's template, beside this module."""


class Awakening(Preprocessor):
    """Puts HTML that the page's script brings to life into the place of each widget."""

    def preprocess(self, notebook: Any, resources: Any) -> tuple[Any, Any]:
        """Return the notebook, and with its resources what the template needs."""
        # Only now: JupyterLab's server imports this module when it lists what it can export to.
        from ..show import pictures
        from ..show.alive import element, script, styles
        from ..show.saved import ALIVE

        notebook.metadata.pop("widgets", None)  # their state in ipywidgets, which needs a script from elsewhere
        notebook.cells = [cell for cell in notebook.cells if not is_speaker_note(cell)]
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                if ALIVE in output.get("data", {}):
                    made, _ = element(output, inline=True)
                else:
                    made = pictures.inline(output)
                if made:
                    output.data, output.metadata = nbformat.from_dict({"text/html": made}), nbformat.from_dict({})
        return notebook, resources | {"alive_styles": styles(), "alive_script": script()}


class LiveHTMLExporter(HTMLExporter):
    """Exports a notebook as one HTML file, with the course's widgets alive."""

    export_from_notebook = "HTML, with widgets that are alive"

    @default("template_name")
    def _name_of_the_template(self) -> str:
        return TEMPLATE

    @default("extra_template_basedirs")
    def _folder_of_the_template(self) -> list[str]:
        return [str(Path(__file__).parent)]

    def _init_preprocessors(self) -> None:
        super()._init_preprocessors()  # type: ignore[no-untyped-call]
        # The last one: after the one that runs the notebook.
        self.register_preprocessor(Awakening, enabled=True)  # type: ignore[no-untyped-call]


def export(
    path: Path, folder: Path, *, execute: bool = False, panels: bool = False, among: Container[str] = ()
) -> Path:
    """Write a notebook as HTML.

    Args:
        path: the notebook.
        folder: where to write it.
        execute: whether to run it first, in its own folder. The notebook itself stays as it is.
        panels: whether to compute what the page's panels show for every position of each control. It takes seconds, and
            up to 2 MB.
        among: names of notebooks whose pages are in the folder as well, or will be: links to them lead there.

    Returns:
        The path of the page.

    Raises:
        ValueError: if it is not a notebook, or if one of its cells ends in an error.
        OSError: if it cannot be read, or the page cannot be written.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
    except (NotJSONError, nbformat.ValidationError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a notebook") from error
    if execute:
        try:
            ExecutePreprocessor(timeout=600).preprocess(notebook, {"metadata": {"path": str(path.parent)}})
        except CellExecutionError as error:
            raise ValueError(f"{path}: a cell ends in {error.ename}: {error.evalue}") from error
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _to_pages(cell.source, among)
        elif panels:
            _fill_panels(cell, path.stem)
    exporter = LiveHTMLExporter()  # type: ignore[no-untyped-call]
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": path.stem}})
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{path.stem}.html"
    made.write_text(page, encoding="utf-8")
    return made


def _fill_panels(cell: Any, page: str) -> None:
    """Give a cell's panel, if it shows one, what it needs to be moved without a kernel."""
    from ..labs.positions import lab_of, panel_data
    from ..show.saved import ALIVE

    for output in cell.get("outputs", []):
        if ALIVE in output.get("data", {}) and (make := lab_of(page, cell.source)):
            output.data[ALIVE] = panel_data(make())


def _to_pages(text: str, among: Container[str]) -> str:
    """Let links to notebooks that are exported as well lead to their pages."""

    def to_page(link: re.Match[str]) -> str:
        return f"]({link[1]}.html" if f"{link[1]}.ipynb" in among else link[0]

    return re.sub(r"\]\((\w+)\.ipynb(?=[)#])", to_page, text)
