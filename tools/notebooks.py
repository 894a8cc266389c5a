"""Re-run the course's notebooks and save their outputs, or check that they are saved clean.

    python -m tools.notebooks run [notebooks/04_retries.ipynb …]
    python -m tools.notebooks check [notebooks/04_retries.ipynb …]

Clean means that nothing in a notebook depends on where or when it was run: see `faults`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from . import parser
from .paths import NOTEBOOKS, notebooks

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = {"tags", "jupyter", "slideshow", "editable"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def clean(notebook: Any) -> None:
    """Remove what depends on the machine or the moment: widget state, timings, versions."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({key: cell.metadata[key] for key in cell.metadata if key in CELL_METADATA})
        if cell.cell_type == "code":
            cell.outputs = _merged(cell.outputs)
            for output in cell.outputs:
                # Without a kernel, a saved widget view has no widget, and would hide the text that is saved with it.
                output.get("data", {}).pop(WIDGET_VIEW, None)
                output.get("metadata", {}).pop(WIDGET_VIEW, None)
                if output.output_type == "error":
                    output.traceback = []  # it has paths of this machine; nbval does not compare it


def _merged(outputs: list[Any]) -> list[Any]:
    """Join what a cell printed in several pieces: where they are split is chance."""
    merged: list[Any] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def faults(path: Path) -> list[str]:
    """Return what is not clean in a saved notebook, a line for each fault."""
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    found = []
    if (notebook.nbformat, notebook.nbformat_minor) != (4, 5):
        found.append(f"is in format {notebook.nbformat}.{notebook.nbformat_minor}, not 4.5")
    if notebook.metadata != METADATA:
        found.append(f"has metadata other than kernelspec and language_info: {sorted(notebook.metadata)}")
    ids = [cell.get("id") for cell in notebook.cells]
    if None in ids or len(set(ids)) != len(ids):
        found.append("has cells without an id, or with the same id")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in code]
    if counts != list(range(1, len(code) + 1)):
        found.append(f"was not run from top to bottom in one go: execution counts are {counts}")
    for cell in notebook.cells:
        where = f"cell {cell.get('id')}"
        if not cell.source.strip():
            found.append(f"{where} is empty")
        if any(line != line.rstrip() for line in cell.source.splitlines()):
            found.append(f"{where} has spaces at the end of a line")
        if not set(cell.metadata) <= CELL_METADATA:
            found.append(f"{where} has metadata {sorted(set(cell.metadata) - CELL_METADATA)}")
        if cell.cell_type == "markdown":
            found += [f"{where} links to {target}, which does not exist" for target in broken_links(cell.source, path)]
        for output in cell.get("outputs", []):
            if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", []):
                found.append(f"{where} ended in an error: {output.ename}: {output.evalue}")
            if WIDGET_VIEW in output.get("data", {}) or WIDGET_VIEW in output.get("metadata", {}):
                found.append(f"{where} has the view of a widget saved, with no widget behind it")
    if not found and text != _written(notebook):
        found.append("is not formatted as `run` saves it")
    return found


def broken_links(text: str, path: Path) -> list[str]:
    """Return the files that a page's text links to and that do not exist. Links to the web are not checked."""
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    inside = [target for target in targets if not re.match(r"[a-z]+:|#", target)]
    return [target for target in inside if not (path.parent / target.partition("#")[0]).is_file()]


def _written(notebook: Any) -> str:
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def run(path: Path) -> None:
    """Run a notebook in a fresh kernel, and save it clean.

    Raises:
        nbclient.exceptions.CellExecutionError: if a cell ends in an error. Nothing is saved then.
    """
    notebook = nbformat.read(path, as_version=4)
    os.environ["JOBQUEUE_LESSON_SOLVED"] = str(path.parent / ".nothing_is_solved")
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    clean(notebook)
    path.write_text(_written(notebook), encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    command_line = parser("notebooks", __doc__)
    command_line.add_argument("command", choices=["run", "check"])
    command_line.add_argument("notebooks", nargs="*", type=Path, help="default: all of the course")
    options = command_line.parse_args(arguments)
    paths = options.notebooks or notebooks()
    missing = [str(path) for path in paths if not path.is_file()]
    if missing or not paths:
        command_line.error(f"no such notebook: {', '.join(missing) or NOTEBOOKS}")
    if options.command == "run":
        for path in paths:
            print(f"running {path.name}", flush=True)
            run(path)
        return 0
    found = [f"{path.name} {fault}" for path in paths for fault in faults(path)]
    print("\n".join(found) or f"{len(paths)} notebooks are clean")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
