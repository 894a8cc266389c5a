"""A queue to start from: the contract's methods and what each promises, and nothing that does it (page 14)."""

from __future__ import annotations

import ast
import inspect
from textwrap import indent

from .. import contract
from .making import OPTIONS

HEAD = '''"""A queue of my own. To judge it: python -m jobqueue_lesson judge my_queue.py:MyQueue"""


class MyQueue:
    """{promises}
    """

    lease = None

    def __init__(self, *, clock, name="mine", retry=None):
        """A judge gives a queue those of these arguments that it takes:

        {options}
        """
        self.clock = clock
        self.name = name
        self.retry = retry
'''


def skeleton() -> str:
    """Return the source of a class with the contract's methods; each raises NotImplementedError."""
    tree = ast.parse(inspect.getsource(contract))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    promises = ast.get_docstring(classes["Producer"]) or ""
    options = indent("\n".join(f"{name}: {means}" for name, means in OPTIONS.items()), "        ").strip()
    parts = [HEAD.format(promises=indent(promises, "    ").strip(), options=options)]
    for name in ("Producer", "Queue"):
        for node in classes[name].body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.decorator_list:
                parts.append(indent(_method(node), "    "))
    return "\n".join(parts)


def _method(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Return a method of the contract without types and without a body."""
    for argument in (*node.args.args, *node.args.kwonlyargs):
        argument.annotation = None
    start = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    text = indent(ast.get_docstring(node) or "", "    ").strip()
    end = "\n    " if "\n" in text else ""
    return f'{start} {node.name}({ast.unparse(node.args)}):\n    """{text}{end}"""\n    raise NotImplementedError\n'
