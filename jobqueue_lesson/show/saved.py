"""What a page keeps of a widget: text that can be read, and data that can be played, without a kernel.

The book, the slides and exported pages bring a widget to life from its data: see `js/alive.js`.

In JupyterLab and Notebook, the course's own extension (`labextension/asleep.js`) shows it for a widget whose kernel is
gone, and says how to wake it up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ALIVE = "application/vnd.jobqueue-lesson.widget+json"
"""The form of an output that has a widget's data. Its `kind` says which widget it is."""
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WAKE = "[A widget. To use it, run this cell.]"
"""The last line of every widget's text. Slides, and the extension, leave it out: see `course.editions`."""


def with_text(
    shown: Any, text: str, *, asleep: str | None = None, alive: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a widget's `_repr_mimebundle_` returns, with a text that stands in for the widget.

    Args:
        shown: what the widget itself returns: a bundle, or a bundle and its metadata, or None.
        text: what stands in for it in a saved page.
        asleep: what the extension shows instead of `text`, if that would give away too much.
        alive: the widget's data, with its `kind`, from which a page without a kernel shows it.
    """
    bundle, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
    if asleep is not None:
        metadata = metadata | {WIDGET_VIEW: {"asleep": asleep}}
    data = {ALIVE: dict(alive)} if alive is not None else {}
    return {**bundle, **data, "text/plain": f"{text}\n{WAKE}"}, dict(metadata)
