"""The course from the command line: `python -m jobqueue_lesson doctor`, and `python -m jobqueue_lesson open`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .course import copies, doctor
from .course.editions import TO_WORK_THROUGH


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code: 0 if all is well, 1 if not, 2 for a command that is none."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console that has no ✓ shall not end it
    options = _parser().parse_args(arguments)
    folder = options.folder.expanduser().absolute()
    if options.command == "doctor":
        return 0 if doctor.examine(folder) else 1
    try:
        copied = copies.copy(folder, options.edition, fresh=options.fresh)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{folder}: {error.strerror or error}. Name another folder: open FOLDER", file=sys.stderr)
        return 1
    print(report(folder, copied), flush=True)
    if options.copy_only:
        return 0
    print("JupyterLab runs until you press Ctrl-C here.", flush=True)
    try:
        copies.run_lab(folder, browser=not options.no_browser, port=options.port)
    except ImportError as error:
        why = doctor.command("-m", "jobqueue_lesson", "doctor")
        print(f"JupyterLab cannot run here: {error}. Find out why: {why}", file=sys.stderr)
        return 1
    return 0


def report(folder: Path, copied: copies.Copied) -> str:
    """Say in a few lines what was copied, and what was not."""
    lines = [f"The course is in {folder}"]
    for names, words in (
        (copied.new, "copied"),
        (copied.updated, "updated, since you had not touched them"),
        (copied.saved, "these are your own pages, under new names"),
        (copied.kept, "kept as you left them; a fresh copy beside yours: open --fresh PAGE (or all)"),
    ):
        if names:
            lines.append(
                f"  {len(names):2} {words}: {', '.join(names) if len(names) < 4 else f'{names[0]} … {names[-1]}'}"
            )
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m jobqueue_lesson", description="A notebook course: build a background job queue."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="doctor | open")
    check = commands.add_parser("doctor", help="check that this machine has what the course needs")
    check.add_argument("folder", nargs="?", type=Path, default=Path(), help="where you will save pages; default: here")
    open_ = commands.add_parser(
        "open",
        help="copy the notebooks to a folder of yours, and open them in JupyterLab",
        description="Copy the notebooks to a folder of yours, and open them in JupyterLab. "
        "A page that you have edited or run is never written over.",
    )
    open_.add_argument(
        "folder", nargs="?", type=Path, default=Path(copies.FOLDER), help=f"default: {copies.FOLDER}, made here"
    )
    open_.add_argument(
        "--edition", choices=TO_WORK_THROUGH, help="default: what is in the folder already, or else course: everything"
    )
    open_.add_argument(
        "--fresh", metavar="PAGE", help="give your page a new name, and put a fresh one in its place: 04, or all"
    )
    open_.add_argument("--copy-only", action="store_true", help="do not start JupyterLab")
    open_.add_argument("--no-browser", action="store_true", help="start JupyterLab, but open no browser")
    open_.add_argument("--port", type=int, default=0, help="default: any that is free")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
