"""Write the zips to hand out, one for learners and one for instructors, from the course's notebooks.

    python -m tools.handouts [--output build/editions]

Each zip has the notebooks, a README.txt, and the course's package as a wheel: with Python and a network, or a folder of
wheels, that is all a laptop needs. The wheel in the learner's zip contains the learner's edition, without solutions.
The same notebooks and package always give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from jobqueue_lesson.course import pages
from jobqueue_lesson.course.editions import make_edition

from . import parser
from .paths import BUILD, INSTRUCTORS, ROOT
from .render import render

HANDED_OUT = ("learner", "instructor")


def build_wheel(folder: Path) -> Path:
    """Build the course's wheel into a folder."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)],
        check=True,
    )
    (wheel,) = folder.glob("jobqueue_lesson-*.whl")
    return wheel


def learners_wheel(wheel: bytes) -> bytes:
    """Return the wheel with the learner's edition in place of the course's own."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    (record,) = (name for name in files if name.endswith(".dist-info/RECORD"))
    for name in [name for name in files if name.endswith(".ipynb")]:
        files[name] = make_edition(files[name], "learner")
        line = f"{name},{digest(files[name])},{len(files[name])}"
        files[record] = re.sub(f"^{re.escape(name)},.*$", line, files[record].decode(), flags=re.MULTILINE).encode()
    return zipped(files)


def digest(content: bytes) -> str:
    """Return a digest in the format of a wheel's RECORD."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def zipped(files: dict[str, bytes]) -> bytes:
    """Return a zip of files. It is reproducible: it depends on no date, order or user."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, files[name], zipfile.ZIP_DEFLATED)
    return made.getvalue()


def contents(edition: str, wheel: Path) -> dict[str, bytes]:
    """Return the files of an edition's zip, by name."""
    files = pages.edition_files(edition)
    folder = "." if edition == "learner" else ". --edition instructor"
    readme = render("README.txt.j2", edition=edition, wheel=wheel.name, folder=folder)
    built = wheel.read_bytes()
    if edition == "learner":
        built = learners_wheel(built)
    else:
        files[INSTRUCTORS.name] = INSTRUCTORS.read_bytes()
    return files | {"README.txt": readme.encode(), wheel.name: built}


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    command_line = parser("handouts", __doc__)
    command_line.add_argument(
        "--output", type=Path, default=BUILD / "editions", help="output folder; default: build/editions"
    )
    target = command_line.parse_args(arguments).output
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_wheel(Path(folder))
        for edition in HANDED_OUT:
            name = f"jobqueue-lesson-{edition}"
            files = contents(edition, wheel)
            (target / f"{name}.zip").write_bytes(zipped({f"{name}/{file}": files[file] for file in files}))
            print(f"{target / name}.zip: {len(files)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
