"""What `make` installs besides Python packages, and what a test does where it is missing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

NODE = Path(sys.executable).with_name("node")


def need(place: Path, target: str) -> None:
    """Skip a test if something that `make` installs is not there; with REQUIRE_BROWSER=1, let it fail."""
    if not place.exists():
        how = f"{place.name} is not there: run `make .venv/{target}`"
        (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(how)
