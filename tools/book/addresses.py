"""Where things are in the book. What has an address once keeps it: other people link to it."""

from __future__ import annotations

LITE = "lite/"
"""Where JupyterLite is, seen from the book's first page."""
LAB = "lab/index.html"
"""JupyterLab, seen from there."""
DATA = "data"
"""The folder with what widgets play."""
PICTURES = "pictures"
PREVIEWS = "previews"
"""The folder with the pictures that others show with a link to a page."""
GLOSSARY, WHAT_NEXT, INSTRUCTORS, REFERENCE = "glossary", "what_next", "instructors", "reference/index"
"""Pages beside those of the notebooks, which have the notebooks' names."""


def cell_id(name: str) -> str:
    """Return the anchor of a cell: the same as in JupyterLab, where a link is `04_retries.ipynb#cell-id=herd`."""
    return f"cell-id={name}"
