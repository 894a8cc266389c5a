"""The judge from the command line: `python -m jobqueue_lesson judge my_queue.py:MyQueue` (page 14)."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from typing import Any

from ..arguments import shown
from ..guarded import Endless, guarded
from . import judge
from .apart import Apart
from .making import CannotJudge
from .words import error_in_words

LINES, SECONDS = 10_000_000, 60.0
"""How long a file may take to be imported: its lines, and seconds of real time."""


def run(target: str, *, stage: int | None, seed: int) -> int:
    """Judge the queue that `target` names; return the exit code.

    Args:
        target: a file and a class in it, such as "my_queue.py:MyQueue".
        stage: the last stage to try; None: all.
        seed: where the storm begins.

    Returns:
        0: it passed. 1: it breaks a promise. 2: it could not be judged.
    """
    again = f"python -m jobqueue_lesson judge {target} --seed {seed}" + (f" --stage {stage}" if stage else "")
    try:
        verdict = judge(load(target), stage=stage, seed=seed, progress=_say)
    except (CannotJudge, ValueError) as error:
        print(f"{target} could not be judged: {error}", file=sys.stderr)
        return 2
    verdict.again = again
    explained = f"{verdict.explanation}\n\n" if verdict.explanation else ""
    print(f"\n{explained}{verdict.report}")
    return 0 if verdict.passed else 1


def _say(line: str) -> None:
    print(line, flush=True)


def load(target: str) -> Any:
    """Return what a file and a name in it stand for.

    Raises:
        CannotJudge: if there is no such file, it cannot be imported, or has nothing of that name.
    """
    file, _, name = target.rpartition(":")
    if not file or not name.isidentifier():
        raise CannotJudge("it takes a file and a class in it, such as my_queue.py:MyQueue")
    path = Path(file).expanduser().absolute()
    if not path.is_file():
        near = ", ".join(sorted(other.name for other in path.parent.glob("*.py"))[:8])
        raise CannotJudge(f"there is no file {path}" + (f"; beside it: {near}" if near else ""))
    module = _imported(path)
    if not hasattr(module, name):
        own = [value.__name__ for value in vars(module).values() if inspect.isclass(value)]
        raise CannotJudge(f"{path.name} has no {name}; its classes: {', '.join(own) or 'none'}")
    return getattr(module, name)


def _imported(path: Path) -> Any:
    """Import a file as a module, with the files beside it; what it prints comes first."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise CannotJudge(f"{path.name} is no Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(path.parent))
    apart = Apart()
    try:
        with apart.listening(), guarded(lines=LINES, seconds=SECONDS):
            spec.loader.exec_module(module)
    except Endless as error:
        raise CannotJudge(f"importing {path.name} does not end: {error}") from None
    except (Exception, SystemExit) as error:
        places = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
        at = f", at line {places[-1].lineno}: {places[-1].line}" if places else ""
        raise CannotJudge(f"importing {path.name} raises {error_in_words(error)}{at}") from error
    finally:
        if apart.printed:
            print(f"{path.name} prints, when it is imported: {shown(apart.printed)}", flush=True)
    return module
