"""Pictures that are as crisp as the page, and have its ink and its ground, be it light or dark.

A figure in a notebook is a PNG, which every program can show. Beside it, in the output's metadata, is the same figure
as SVG: `metadata["image/png"]["svg"]`. JupyterLab, the book and slides show that instead. Of a picture that is only
there as PNG, `pictures.css` turns the lightness round in a dark page.

A page says what its ink and its ground are, in CSS: see `pictures.css`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from .describe import describe
from .svg import to_svg

PNG = "image/png"
LEAST = 0.04
"""How wide a figure has to be on a phone for its words to be read: rem for each pixel of its full width."""
MARK = "jq-picture-"
"""Stands for what the ids in an SVG begin with: no two pictures on a page have the same."""
MOST = 2
"""A figure is kept as SVG as well if that takes less than this many times the PNG."""


def kept_with(figure: Figure, png: str | bytes) -> dict[str, str]:
    """Return what is kept of a figure beside its PNG: its description, `alt`, and the figure as SVG, `svg`.

    Args:
        figure: the figure.
        png: the PNG, or its base64.
    """
    alt = describe(figure)
    size = len(png) if isinstance(png, bytes) else len(base64.b64decode(png))
    svg = to_svg(figure, MARK, tight=True)
    svg = svg.replace(MARK, f"jq{hashlib.sha256(svg.encode()).hexdigest()[:6]}-")
    return ({"alt": alt} if alt else {}) | ({"svg": svg} if len(svg) < MOST * size else {})


def alternative_text(output: Mapping[str, Any]) -> str:
    """Return what is said of a saved picture to those who do not see it.

    Args:
        output: an output of a code cell, as in a notebook's file.
    """
    kept = output.get("metadata", {}).get(PNG, {})
    return str(kept.get("alt") or "".join(output["data"].get("text/plain", "")) or "A picture")


def inline(output: Mapping[str, Any], room: tuple[float, float] | None = None) -> str:
    """Return the SVG of a saved picture as HTML, to be a part of a page; "" if it has none.

    Without a `room`, it is as wide as in a notebook. On a narrow screen it is only made as small as can be read, and
    can be moved sideways in its box.

    Args:
        output: an output of a code cell, as in a notebook's file.
        room: how wide and how tall it may be, in pixels, where the page has a fixed size: it is made to fit.
    """
    kept = output.get("metadata", {}).get(PNG, {})
    svg = str(kept.get("svg", ""))
    if not svg:
        return ""
    width, height = kept.get("width"), kept.get("height")
    style = f"min-width: min({width}px, {LEAST * width:.4g}rem)" if width else ""
    if width and room:
        widest, tallest = room
        style = f"width: {min(widest, tallest * width / height, width):.0f}px"
    size = f'width="{width}" height="{height}" style="{style}"' if width else ""
    begins = f'<svg class="jq-picture" role="img" aria-label="{escape(alternative_text(output))}" {size} '
    svg = begins + svg.removeprefix("<svg ").removeprefix('aria-hidden="true" ')
    return f'<div class="jq-picture-box" tabindex="0">{svg}</div>'


def styles() -> str:
    """Return the CSS of pictures."""
    return Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
