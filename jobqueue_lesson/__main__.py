"""The course from the command line: `python -m jobqueue_lesson doctor`, `open`, `export`, and `judge`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .course import copies, doctor
from .course.editions import TO_WORK_THROUGH


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code.

    Returns:
        0: success. 1: a problem; for `judge`, a promise is broken. 2: an unknown command; for `judge`, a queue that
        could not be judged.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console that cannot print ✓ must not crash it
    arguments, more = _split(arguments)
    options = _parser().parse_args(arguments)
    if options.command == "judge":
        return _judge(options)
    if options.command == "export":
        return _export(options)
    folder = options.folder.expanduser().absolute()
    if options.command == "doctor":
        return 0 if doctor.examine(folder) else 1
    try:
        copied = copies.copy(folder, options.edition, fresh=options.fresh)
    except ValueError as error:
        return _failed(str(error))
    except OSError as error:
        return _failed(f"{folder}: {error.strerror or error}. Choose another folder: open FOLDER")
    print(report(folder, copied), flush=True)
    if options.copy_only:
        return 0
    print("JupyterLab runs until you press Ctrl-C here.", flush=True)
    try:
        copies.run_lab(folder, browser=not options.no_browser, port=options.port, more=more)
    except ImportError as error:
        why = doctor.command("-m", "jobqueue_lesson", "doctor")
        return _failed(f"JupyterLab cannot run here: {error}. To find out why: {why}")
    return 0


def _judge(options: argparse.Namespace) -> int:
    """Judge a queue; or print one to start from, or the stages."""
    if options.skeleton:
        from .judge.skeleton import skeleton

        print(skeleton(), end="")
        return 0
    if options.stages:
        from .judge import stages

        print(stages())
        return 0
    from .judge import command

    if options.queue is None:
        return _failed("judge needs a file and a class in it, such as my_queue.py:MyQueue", 2)
    return command.run(options.queue, stage=options.stage, seed=options.seed)


def _export(options: argparse.Namespace) -> int:
    """Write pages as HTML."""
    try:
        from .export import export
    except ImportError as error:
        return _failed(f"nbconvert, which comes with JupyterLab, cannot be used here: {error}")
    names = {page.name for page in options.pages}
    for page in options.pages:
        folder = options.to or page.parent
        try:
            print(export(page, folder, execute=options.execute, panels=options.panels, among=names), flush=True)
        except ValueError as error:
            return _failed(str(error))
        except OSError as error:
            return _failed(f"{error.filename or page}: {error.strerror or error}")
    return 0


def _failed(why: str, code: int = 1) -> int:
    """Say why a command cannot go on; return its exit code."""
    print(why, file=sys.stderr)
    return code


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Split a command line at `--`: what comes after it is for JupyterLab."""
    if "--" not in arguments:
        return arguments, []
    place = arguments.index("--")
    return arguments[:place], arguments[place + 1 :]


def report(folder: Path, copied: copies.Copied) -> str:
    """Return a few lines that say what was copied and what was not."""
    lines = [f"The course is in {folder}"]
    for names, words in (
        (copied.new, "copied"),
        (copied.updated, "updated, because you had not changed or run them"),
        (copied.renamed, "your own pages, renamed"),
        (copied.kept, "kept as you left them; for a fresh copy beside yours: open --fresh PAGE (or all)"),
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
    commands = parser.add_subparsers(dest="command", required=True, metavar="doctor | open | export | judge")
    check = commands.add_parser("doctor", help="check that this machine has what the course needs")
    check.add_argument(
        "folder", nargs="?", type=Path, default=Path(), help="where you save pages; default: this folder"
    )
    open_ = commands.add_parser(
        "open",
        help="copy the notebooks to a folder of your own, and open them in JupyterLab",
        description="Copy the notebooks to a folder of your own, and open them in JupyterLab. "
        "A page that you have edited or run is never overwritten. Arguments after -- are for JupyterLab.",
    )
    open_.add_argument(
        "folder", nargs="?", type=Path, default=Path(copies.FOLDER), help=f"default: {copies.FOLDER}, in this folder"
    )
    open_.add_argument(
        "--edition",
        choices=TO_WORK_THROUGH,
        help="default: the one already in the folder, or course, which has everything",
    )
    open_.add_argument(
        "--fresh", metavar="PAGE", help="rename your page, and put a fresh copy in its place: 04, or all"
    )
    open_.add_argument("--copy-only", action="store_true", help="do not start JupyterLab")
    open_.add_argument("--no-browser", action="store_true", help="start JupyterLab without opening a browser")
    open_.add_argument("--port", type=int, default=0, help="default: any free port")
    export = commands.add_parser(
        "export",
        help="write pages as HTML, with widgets that are alive without a kernel",
        description="Write pages as HTML: one file each, that needs nothing else. Replays play, cards ask, and panels "
        "show what was saved. Links between pages that are exported together lead from one to the other.",
    )
    export.add_argument("pages", nargs="+", type=Path, metavar="PAGE", help="such as my-course/04_retries.ipynb")
    export.add_argument("--to", type=Path, metavar="FOLDER", help="default: beside each page")
    export.add_argument("--execute", action="store_true", help="run the pages first; they stay as they are")
    export.add_argument(
        "--panels",
        action="store_true",
        help="let the controls of panels be moved, one at a time; takes some seconds a page, and up to 2 MB",
    )
    judge = commands.add_parser(
        "judge",
        help="judge a queue of your own: does it keep the contract?",
        description="Judge a queue of your own. It answers with the shortest history that breaks a promise. "
        "Exit code 0: passed; 1: a promise is broken; 2: it could not be judged.",
    )
    judge.add_argument("queue", nargs="?", metavar="FILE:CLASS", help="such as my_queue.py:MyQueue")
    judge.add_argument("--stage", type=int, metavar="N", help="stop after this stage; default: try all 8")
    judge.add_argument("--seed", type=int, default=0, metavar="N", help="where the storm begins; default: 0")
    judge.add_argument("--stages", action="store_true", help="list the stages, and judge nothing")
    judge.add_argument("--skeleton", action="store_true", help="print a class to start from, and judge nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
