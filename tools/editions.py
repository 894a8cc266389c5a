"""Write the editions that are handed out, a zip each, from the course's notebooks.

    python tools/editions.py [build/editions]

Each zip has the notebooks, a README.txt, and the course's package as a wheel: with Python and a network, or a folder of
wheels, that is all a laptop needs. The wheel in the learner's zip carries the learner's edition: no solution is in it.
The same notebooks and package give the same bytes.
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
from pathlib import Path

from jobqueue_lesson.course import pages
from jobqueue_lesson.course.editions import edition_of

ROOT = Path(__file__).parent.parent
HANDED_OUT = ("learner", "instructor")
BESIDE_INSTRUCTORS = ["INSTRUCTORS.md"]

README = """\
jobqueue_lesson: a notebook course about background jobs

You need Python 3.11 or newer. Unpack this zip, open a terminal in its folder, and run these three lines once.

Linux and macOS:

    python3 -m venv .venv
    .venv/bin/python -m pip install ./{wheel}
    .venv/bin/python -m jobqueue_lesson open {folder}

Windows:

    py -m venv .venv
    .venv\\Scripts\\python -m pip install .\\{wheel}
    .venv\\Scripts\\python -m jobqueue_lesson open {folder}

With conda, on any system:

    conda create --name jobqueue-lesson --channel conda-forge python=3.13 pip
    conda activate jobqueue-lesson
    python -m pip install ./{wheel}
    python -m jobqueue_lesson open {folder}

The last line opens JupyterLab in your browser, at the first page. Ctrl-C in the terminal stops it. Next time, the
last line is enough. It never writes over a page that you have edited or run.

If something does not work, put "doctor" in the place of "open {folder}": it says what is missing, and how to mend it.
"""

FOR_INSTRUCTORS = """
This is the instructor's edition: it has the solutions, open, and the notes, marked "Notes". Give the other zip,
jobqueue-lesson-learner.zip, to the class.

Is the network slow? Collect all that is needed once, on a machine with the same system and Python as the laptops:

    python -m pip download --dest wheels {wheel}

and hand out the folder "wheels". There, the second line becomes:

    .venv/bin/python -m pip install --no-index --find-links wheels {wheel}
"""


def build_wheel(folder: Path) -> Path:
    """Build the course's wheel into a folder."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)],
        check=True,
    )
    (wheel,) = folder.glob("jobqueue_lesson-*.whl")
    return wheel


def learners_wheel(wheel: bytes) -> bytes:
    """Return the wheel with the learner's edition in it, in the place of the course's own."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    (record,) = (name for name in files if name.endswith(".dist-info/RECORD"))
    for name in [name for name in files if name.endswith(".ipynb")]:
        files[name] = edition_of(files[name], "learner")
        line = f"{name},{digest(files[name])},{len(files[name])}"
        files[record] = re.sub(f"^{re.escape(name)},.*$", line, files[record].decode(), flags=re.MULTILINE).encode()
    return zipped(files)


def digest(content: bytes) -> str:
    """Return a digest as a wheel's RECORD has it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def zipped(files: dict[str, bytes]) -> bytes:
    """Return a zip of files. It depends on nothing but them: no dates, no order, no user."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, files[name], zipfile.ZIP_DEFLATED)
    return made.getvalue()


def contents(edition: str, wheel: Path) -> dict[str, bytes]:
    """Return what goes into the zip of an edition: names, and what is in the files."""
    files = pages.edition(edition)
    words = README.format(wheel=wheel.name, folder="." if edition == "learner" else ". --edition instructor")
    built = wheel.read_bytes()
    if edition == "learner":
        built = learners_wheel(built)
    else:
        words += FOR_INSTRUCTORS.format(wheel=wheel.name)
        files |= {name: (ROOT / name).read_bytes() for name in BESIDE_INSTRUCTORS if (ROOT / name).exists()}
    return files | {"README.txt": words.encode(), wheel.name: built}


def main(arguments: list[str]) -> None:
    """Run the command line."""
    target = Path(arguments[0]) if arguments else ROOT / "build" / "editions"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_wheel(Path(folder))
        for edition in HANDED_OUT:
            name = f"jobqueue-lesson-{edition}"
            files = contents(edition, wheel)
            (target / f"{name}.zip").write_bytes(zipped({f"{name}/{file}": files[file] for file in files}))
            print(f"{target / name}.zip: {len(files)} files")


if __name__ == "__main__":
    main(sys.argv[1:])
