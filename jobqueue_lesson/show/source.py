"""Showing the package's source in a notebook, so that a page and the code cannot disagree."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any

from IPython.display import Markdown


def source(thing: Any, part: str = "") -> Markdown:
    """Return the source of a class, function or method, for display.

    Args:
        thing: anything that is defined in a module, such as `JobQueue.dequeue`.
        part: the name of a function defined inside it, with its decorators; "": all of it.

    Raises:
        KeyError: if there is no such part.
    """
    code = textwrap.dedent(inspect.getsource(thing)).rstrip()
    if part:
        code = _part(code, part)
    return Markdown(f"`{thing.__module__}`\n\n```python\n{code}\n```")  # type: ignore[no-untyped-call]


def _part(code: str, name: str) -> str:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            return textwrap.dedent("\n".join(code.splitlines()[first - 1 : node.end_lineno]))
    raise KeyError(f"no function {name!r} in there")
