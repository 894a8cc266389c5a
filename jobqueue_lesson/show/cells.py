"""Widgets and the notebook cells that create them: when a cell runs again, its new widgets replace the old ones."""

from __future__ import annotations

from typing import Any

import ipywidgets

_made: dict[str, tuple[str, list[ipywidgets.Widget]]] = {}
"""By the id of a cell: the run that created its widgets, and the widgets."""


def belongs_to_cell(widget: ipywidgets.Widget) -> None:
    """Close the widgets of an earlier run of this cell: the kernel would keep them forever.

    Outside a notebook, and if the front end does not send the cell's id, it does nothing.
    """
    run, cell = _running_cell()
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


def _running_cell() -> tuple[str, str | None]:
    """Return the id of the running request, and that of its cell."""
    try:
        from IPython import get_ipython
    except ImportError:
        return "", None
    shell: Any = get_ipython()
    request = getattr(shell, "parent_header", None) or {}
    return request.get("header", {}).get("msg_id", ""), request.get("metadata", {}).get("cellId")
