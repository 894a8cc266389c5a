"""How the course is made. Each tool is called as `python -m tools.NAME`, and says with `--help` what it does."""

from __future__ import annotations

import argparse


def parser(name: str, doc: str | None) -> argparse.ArgumentParser:
    """Return the parser of a tool's arguments; its help is the module's docstring."""
    return argparse.ArgumentParser(
        prog=f"python -m tools.{name}",
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # what a tool does not know may go to a program that it runs
    )
