"""What panels of core widgets lack for people who cannot see them, or do not use a mouse.

The front end of ipywidgets gives a slider no accessible name, a picture no alternative text, and no control a visible
focus ring.
"""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

from .pictures import styles


class Access(anywidget.AnyWidget):
    """An invisible part of a panel: it names the panel's sliders, and gives its picture an alternative text."""

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css").read_text(encoding="utf-8") + styles()

    picture = traitlets.Unicode().tag(sync=True)
    """The alternative text of the panel's picture."""
