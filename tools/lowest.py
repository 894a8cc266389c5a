"""Print constraints that pin everything pyproject.toml asks for to the lowest version that it promises."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
for need in project["dependencies"] + [need for extra in project["optional-dependencies"].values() for need in extra]:
    print(re.sub(r"\[.*\]", "", need).replace(">=", "=="))  # pip takes no extras in constraints
