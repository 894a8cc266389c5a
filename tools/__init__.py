"""The tools that make the course. Each is run as `python -m tools.NAME`, and `--help` says what it does."""

from __future__ import annotations

import argparse


def parser(name: str, doc: str | None) -> argparse.ArgumentParser:
    """Return the parser of a tool's arguments; its help is the module's docstring."""
    return argparse.ArgumentParser(
        prog=f"python -m tools.{name}",
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # unknown arguments may be meant for a program that the tool runs
    )
