"""Show the package's real source in a notebook, so that the page can never disagree with the code."""

from __future__ import annotations

import inspect
import textwrap
from typing import Any

from IPython.display import Markdown


def source(thing: Any) -> Markdown:
    """Return the source of a class, function or method, to be displayed.

    Args:
        thing: something defined in a module, such as `JobQueue.dequeue`.
    """
    code = textwrap.dedent(inspect.getsource(thing)).rstrip()
    return Markdown(f"`{thing.__module__}`\n\n```python\n{code}\n```")  # type: ignore[no-untyped-call]
