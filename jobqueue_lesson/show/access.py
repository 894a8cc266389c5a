"""What panels of core widgets lack for those who do not see them, or use no mouse.

The front end of ipywidgets gives a slider no name that is read out, a picture no alternative text, and neither of them
nor a menu a ring when it has the focus.
"""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets


class Access(anywidget.AnyWidget):
    """A part of a panel that shows nothing: it names the panel's sliders, and says what its picture shows."""

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")

    picture = traitlets.Unicode().tag(sync=True)
    """What the panel's picture shows, in words."""
