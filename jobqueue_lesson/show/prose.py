"""Sentences of cards, panels and checks as HTML. As in the pages' Markdown, what is in backticks is code."""

from __future__ import annotations

import re
from html import escape


def to_html(text: str) -> str:
    """Return a text as HTML. What is in backticks becomes a `<code>` element.

    Args:
        text: any text; it may have characters that mean something in HTML.
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
