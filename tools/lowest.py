"""Print pip constraints that pin every dependency in pyproject.toml to its lower bound.

    python -m tools.lowest

It needs only the standard library: its output is used to set up an environment.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Sequence

from . import parser
from .paths import PROJECT


def constraints() -> list[str]:
    """Return a constraint for each dependency of the course, and for each development tool."""
    read = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    needs = read["project"]["dependencies"] + [need for group in read["dependency-groups"].values() for need in group]
    return [re.sub(r"\[.*\]", "", need).replace(">=", "==") for need in needs]  # pip takes no extras in constraints


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    parser("lowest", __doc__).parse_args(arguments)
    print("\n".join(constraints()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
