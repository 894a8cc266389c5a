"""Showing the package's source in a notebook, so that a page and the code cannot disagree."""

from __future__ import annotations

import inspect
import textwrap
from typing import Any

from IPython.display import Markdown


def source(thing: Any) -> Markdown:
    """Return the source of a class, function or method, for display.

    Args:
        thing: anything that is defined in a module, such as `JobQueue.dequeue`.
    """
    code = textwrap.dedent(inspect.getsource(thing)).rstrip()
    return Markdown(f"`{thing.__module__}`\n\n```python\n{code}\n```")  # type: ignore[no-untyped-call]
