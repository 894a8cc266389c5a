"""The syntax tree of a cell."""

import ast


def tree_of(source):
    """Parse what is in a cell, where `await` may be at the top level."""
    return compile(source, "cell", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
