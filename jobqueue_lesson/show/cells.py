"""Widgets and the notebook cells that make them: a cell that runs again replaces what it made before."""

from __future__ import annotations

from typing import Any

import ipywidgets

_made: dict[str, tuple[str, list[ipywidgets.Widget]]] = {}
"""By the id of a cell: the run that made them, and the widgets."""


def belongs_to_cell(widget: ipywidgets.Widget) -> None:
    """Close what an earlier run of this cell made; the kernel would keep it for ever.

    Outside a notebook, and where the page does not tell which cell runs, it does nothing.
    """
    run, cell = _running()
    if cell is None:
        return
    before, widgets = _made.get(cell, (run, []))
    if before != run:
        for old in widgets:
            _close(old)
        widgets = []
    _made[cell] = (run, [*widgets, widget])


def _close(widget: Any) -> None:
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()


def _running() -> tuple[str, str | None]:
    """Return the id of the request that runs, and of its cell."""
    try:
        from IPython import get_ipython
    except ImportError:
        return "", None
    shell: Any = get_ipython()
    request = getattr(shell, "parent_header", None) or {}
    return request.get("header", {}).get("msg_id", ""), request.get("metadata", {}).get("cellId")
