"""Where things are: in the repository, and in the environment that `make` sets up."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = ROOT / "pyproject.toml"
PACKAGE = ROOT / "jobqueue_lesson"
TOOLS = ROOT / "tools"
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
INSTRUCTORS = ROOT / "INSTRUCTORS.md"
NOTEBOOKS = ROOT / "notebooks"
GLOSSARY = NOTEBOOKS / "GLOSSARY.md"
TIMELINE = ROOT / "docs" / "timeline.png"
"""The picture in the README for readers who want no motion."""
MOVING = ROOT / "docs" / "replay.gif"
"""The picture in the README."""
LABEXTENSION = ROOT / "labextension"
TEMPLATES = TOOLS / "templates"
BUILD = ROOT / "build"

REVEAL = ROOT / "node_modules" / "reveal.js"
PYODIDE = ROOT / "node_modules" / "pyodide"
DECK = Path(sys.prefix) / "deck"
"""jupyterlab-deck, installed separately."""
BOOK = Path(sys.prefix) / "book"
"""Made once what makes the book is installed."""
LITE = Path(sys.prefix) / "lite"
"""JupyterLite, installed separately."""


def notebooks() -> list[Path]:
    """Return the course's notebooks, in order."""
    return sorted(NOTEBOOKS.glob("*.ipynb"))
