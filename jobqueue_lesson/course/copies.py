"""A learner's copies of the pages: in a folder of their own, opened in JupyterLab.

A page that somebody has edited or run is never written over. How that is known: beside the copies a small file keeps
the digest of each page's cells as they were copied. A page whose cells are no longer those is the learner's. Comparing
with the course alone would not do: it tells a learner's page from today's, but not from a page of last year's course.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from . import pages
from .editions import TO_WORK_THROUGH

FOLDER = "jobqueue-lesson"
RECORD = ".jobqueue_lesson_copied.json"


class Copied(NamedTuple):
    """What a copy has done: the names of files."""

    edition: str
    new: list[str]
    updated: list[str]
    """Nobody had edited or run them since they were copied, and the course has changed."""
    kept: list[str]
    """They differ from the course's, and are the learner's: untouched."""
    saved: list[str]
    """The learner's, under their new names, where a fresh copy was asked for."""


def copy(folder: Path, name: str | None = None, *, fresh: str | None = None) -> Copied:
    """Copy an edition to a folder. What the learner has edited or run stays as it is.

    Args:
        folder: is made if it is not there.
        name: the edition; by default the one that is there already, or else the course's own.
        fresh: the beginning of a page's name, such as "04", or "all": the learner's page gets a new name, and the
            course's is put in its place.

    Raises:
        ValueError: if no page has a name that begins with `fresh`, or for an edition that is not installed.
        OSError: if the folder cannot be written.
    """
    there_is, digests = _read_record(folder)
    name = name or there_is or "course"
    if folder.is_dir() and folder.samefile(pages.source()):
        if name != "course" or fresh:
            raise ValueError(f"{folder} is where the course keeps its own pages: name another folder")
        return Copied(name, [], [], [], [])  # a checkout's own: nothing to copy
    wanted = pages.edition(name)
    if fresh not in (None, "all") and not any(page.startswith(str(fresh)) for page in wanted):
        raise ValueError(f"no page begins with {fresh!r}; there are: {', '.join(wanted)}")
    folder.mkdir(parents=True, exist_ok=True)
    done = Copied(name, [], [], [], [])
    try:
        for page, content in wanted.items():
            path = folder / page
            there = _digest(path.read_bytes()) if path.exists() else None
            if there != _digest(content):
                if there is None:
                    done.new.append(page)
                elif there == digests.get(page):
                    done.updated.append(page)
                elif fresh is not None and (fresh == "all" or page.startswith(fresh)):
                    done.saved.append(_set_aside(path))
                else:
                    done.kept.append(page)
                    continue
                _write(path, content)
            digests[page] = _digest(content)
    finally:
        _write(folder / RECORD, (json.dumps({"edition": name, "copied": digests}, indent=1) + "\n").encode())
    return done


def run_lab(folder: Path, *, browser: bool = True, port: int = 0) -> None:
    """Run JupyterLab on a folder, at the first page, until Ctrl-C. It listens on this machine's own address only.

    Args:
        folder: with the pages.
        browser: whether to open one.
        port: 0 for any that is free.

    Raises:
        ImportError: if JupyterLab is not installed, or is broken.
    """
    from jupyterlab.labapp import main

    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    os.chdir(folder)
    sys.argv[0] = "jupyter-lab"
    main(
        [
            "--ServerApp.root_dir=.",
            f"--LabApp.default_url=/lab/tree/{pages.FIRST}",
            "--ip=127.0.0.1",
            f"--port={port}",
            "--ServerApp.port_retries=0",
            "--ServerApp.answer_yes=True",  # the first Ctrl-C stops it
            "--log-level=WARN",
            *([] if browser else ["--no-browser"]),
            *(["--allow-root"] if as_root else []),
        ]
    )


def _digest(content: bytes) -> str:
    """Return a digest of a page's cells, or of whatever else a file has in it.

    Not of the whole page: JupyterLab writes into it which Python has opened it, and that is no edit.
    """
    with suppress(ValueError, KeyError, TypeError):
        content = json.dumps(json.loads(content)["cells"], sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()


def _read_record(folder: Path) -> tuple[str, dict[str, str]]:
    """Read which edition was copied here, and the digests. With no record that can be read, all is the learner's."""
    try:
        known = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        name, digests = known["edition"], {str(page): str(digest) for page, digest in known["copied"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "", {}
    return name if name in TO_WORK_THROUGH else "", digests


def _write(path: Path, content: bytes) -> None:
    """Write a file all or nothing."""
    scratch = path.with_name(path.name + ".new")
    scratch.write_bytes(content)
    scratch.replace(path)


def _set_aside(path: Path) -> str:
    """Give a learner's page a new name that nothing has yet, and return it."""
    number = 1
    while (aside := path.with_name(f"{path.stem}-mine{number if number > 1 else ''}{path.suffix}")).exists():
        number += 1
    path.rename(aside)
    return aside.name
