"""Measure, and print the table: python -m benchmarks [--write] [queue durable simulation timeline notebooks …]."""

from __future__ import annotations

import argparse
import datetime
import importlib
import os
import platform
import sys
from pathlib import Path

from .measure import Row

NAMES = ["queue", "durable", "simulation", "timeline", "notebooks", "browser"]
README = Path(__file__).parent / "README.md"
HEADER = "| what | ours | peer | figure | target | |\n| --- | --- | --- | --- | --- | --- |"
BEGIN, END = "<!-- table: written by `make bench` -->", "<!-- end of table -->"


def line(row: Row) -> str:
    """Write one line of the table."""
    figure = "–" if row.figure is None else f"{row.figure:.3g}"
    target = f"{'at least' if row.at_least else 'at most'} {row.target:.3g}"
    return f"| {row.name} | {row.ours} | {row.peer} | {figure} | {target} | {row.verdict} |"


def main(arguments: list[str]) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, help=f"of {', '.join(NAMES)}")
    parser.add_argument("--write", action="store_true", help="keep the table in README.md")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    lines = [HEADER]
    print(HEADER, flush=True)
    for name in options.names:
        for row in importlib.import_module(f"benchmarks.{name}").rows():
            lines.append(line(row))
            print(lines[-1], flush=True)
    if options.write:
        text = README.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        _, after = rest.split(END)
        today = datetime.datetime.now(tz=datetime.UTC).date()
        where = f"Python {platform.python_version()}, {os.cpu_count()} cores, {today}."
        table = "\n".join(lines)
        README.write_text(f"{before}{BEGIN}\n{where}\n\n{table}\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
