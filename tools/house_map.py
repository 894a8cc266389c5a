"""Draw the map of the code in CONTRIBUTING.md: what each module is for, and which others it imports.

    python -m tools.house_map

It is made from the imports and the docstrings, so it cannot be wrong. A test compares it with the file.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path

from . import parser
from .paths import CONTRIBUTING, PACKAGE, TOOLS

BEGIN, END = "<!-- map: made by tools/house_map.py -->", "<!-- end of map -->"


def parts(folder: Path) -> dict[str, Path]:
    """Return the modules, and folders of modules, that are directly in a folder, by name."""
    inside = sorted(path for path in folder.iterdir() if path.suffix == ".py" or any(path.glob("*.py")))
    return {path.stem: path for path in inside}


def purpose(path: Path) -> str:
    """Return the first paragraph of the docstring of a module, or of a folder's `__init__` or `__main__`."""
    candidates = [path / "__init__.py", path / "__main__.py"] if path.is_dir() else [path]
    source = next(file for file in candidates if file.is_file()).read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(source)) or ""
    return " ".join(docstring.partition("\n\n")[0].split())


def imported(path: Path, package: Path) -> Iterator[str]:
    """Yield the dotted name of everything that a module imports from its package, relative to the package."""
    within = list(path.relative_to(package).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            start = within[: len(within) + 1 - node.level] if node.level else []
            module = [*start, *(node.module or "").split(".")] if node.module else start
            names = [".".join([*module, alias.name]) for alias in node.names]
            yield from names if node.level else own(names, package)
        elif isinstance(node, ast.Import):
            yield from own([alias.name for alias in node.names], package)


def own(names: list[str], package: Path) -> Iterator[str]:
    """Yield those of the absolute names that belong to the package, relative to it."""
    for name in names:
        if name == package.name or name.startswith(f"{package.name}."):
            yield name.removeprefix(package.name).removeprefix(".")


def imports(package: Path) -> dict[str, set[str]]:
    """Return for each part of a package the other parts that it imports. Names of no part are those of `__init__`."""
    known = parts(package)
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        firsts = {dotted.partition(".")[0] for file in files for dotted in imported(file, package)}
        found[name] = {first if first in known else "__init__" for first in firsts} - {name}
    return found


def ground_first(graph: Mapping[str, set[str]]) -> list[str]:
    """Sort the parts of a package: each after everything that it imports; parts at the same depth by name.

    Raises:
        graphlib.CycleError: if imports form a circle. Its second argument names the parts.
    """
    depth: dict[str, int] = {}
    for name in TopologicalSorter(graph).static_order():
        depth[name] = 1 + max((depth[below] for below in graph[name]), default=0)
    return sorted(graph, key=lambda name: (depth[name], name))


def direct(graph: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """Leave out imports that are also made indirectly, by another import of the same part: a drawing needs no more."""
    below: dict[str, set[str]] = {}
    for name in ground_first(graph):
        below[name] = graph[name].union(*(below[other] for other in graph[name]))
    return {
        name: sorted(other for other in others if not any(other in below[between] for between in others))
        for name, others in graph.items()
    }


def row(path: Path, *more: str) -> str:
    """Return a row of a table: a link to a module or a folder, its purpose, and further columns."""
    link = f"[`{path.stem}{'/' if path.is_dir() else ''}`]({path.relative_to(path.parent.parent).as_posix()})"
    return "| " + " | ".join([link, purpose(path).replace("|", r"\|"), *more]) + " |"


def house_map(package: Path, tools: Path) -> str:
    """Return the map, in Markdown."""
    graph, known = imports(package), parts(package)
    order = ground_first(graph)
    arrows = direct(graph)
    lines = ["```mermaid", "flowchart TD"]
    for name in reversed(order):
        lines.append(f'    {name}["{name}{"/" if known[name].is_dir() else ""}"]')
        lines += [f"    {name} --> {other}" for other in arrows[name]]
    lines += ["```", "", "| module | what it is for | imports |", "| --- | --- | --- |"]
    for name in order:
        lines.append(row(known[name], ", ".join(f"`{other}`" for other in order if other in graph[name]) or "–"))
    lines += ["", "| tool | what it does |", "| --- | --- |"]
    lines += [row(path) for name, path in parts(tools).items() if name != "__init__"]
    return "\n".join(lines)


def with_map(text: str, drawn: str) -> str:
    """Return a text with the map between its two markers."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{drawn}\n\n{END}{after}"


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    parser("house_map", __doc__).parse_args(arguments)
    text = CONTRIBUTING.read_text(encoding="utf-8")
    CONTRIBUTING.write_text(with_map(text, house_map(PACKAGE, TOOLS)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
