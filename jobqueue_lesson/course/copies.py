"""A learner's copies of the pages: in a folder of their own, opened in JupyterLab.

A page that the learner has edited or run is never overwritten. To recognize it, a small file beside the copies keeps a
digest of each page's cells as they were copied. A page whose cells have changed since is the learner's. A comparison
with the course itself would not do: it cannot tell a learner's page from an older version of the course's.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from . import pages
from .editions import TO_WORK_THROUGH

FOLDER = "jobqueue-lesson"
RECORD = ".jobqueue_lesson_copied.json"
OF_JUPYTERLAB = ".jupyterlab"
"""Where JupyterLab's settings and its layout are, in the learner's folder."""

SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},  # it would ask
    "@jupyterlab/filebrowser-extension:browser": {"showLastModifiedColumn": False},  # it leaves no room for the names
    "@jupyterlab/notebook-extension:tracker": {"autoStartDefaultKernel": True},
}
LAYOUT = {
    "main": {"dock": None},
    "left": {"collapsed": True, "visible": True, "widgets": ["filebrowser"]},
    "right": {"collapsed": True, "visible": True, "widgets": []},
    "relativeSizes": [0.26, 0.74, 0],
}
"""What JupyterLab shows at first: the page, and nothing beside it. The list of files, once opened, is wide enough."""


class Copied(NamedTuple):
    """What `copy` did: names of files."""

    edition: str
    new: list[str]
    updated: list[str]
    """Not edited or run since they were copied, and the course has changed."""
    kept: list[str]
    """Edited or run by the learner: left as they were."""
    renamed: list[str]
    """The new names of the learner's pages that were replaced by a fresh copy."""


def copy(folder: Path, name: str | None = None, *, fresh: str | None = None) -> Copied:
    """Copy an edition to a folder. Pages that the learner has edited or run stay as they are.

    Args:
        folder: is created if it does not exist.
        name: the edition; by default the one that is already in the folder, or else the course's own.
        fresh: the start of a page's name, such as "04", or "all": the learner's page is renamed, and the course's is
            put in its place.

    Raises:
        ValueError: if no page's name starts with `fresh`, or if the edition is not installed.
        OSError: if the folder cannot be written.
    """
    last_edition, digests = _read_record(folder)
    name = name or last_edition or "course"
    if folder.is_dir() and folder.samefile(pages.folder()):
        if name != "course" or fresh:
            raise ValueError(f"{folder} is where the course keeps its own pages: choose another folder")
        return Copied(name, [], [], [], [])  # a checkout's own pages: nothing to copy
    wanted = pages.edition_files(name)
    if fresh not in (None, "all") and not any(page.startswith(str(fresh)) for page in wanted):
        known = ", ".join(page for page in wanted if not _is_result(page))
        raise ValueError(f"no page starts with {fresh!r}; there are: {known}")
    folder.mkdir(parents=True, exist_ok=True)
    copied, of_results = Copied(name, [], [], [], []), Copied(name, [], [], [], [])  # nobody needs to hear of results
    try:
        for page, content in wanted.items():
            path = folder / page
            told = of_results if _is_result(page) else copied
            present = _digest(path.read_bytes()) if path.exists() else None
            if present != _digest(content):
                if present is None:
                    told.new.append(page)
                elif present == digests.get(page):
                    told.updated.append(page)
                elif fresh is not None and (fresh == "all" or page.startswith(fresh)):
                    told.renamed.append(_rename(path))
                else:
                    told.kept.append(page)
                    continue
                path.parent.mkdir(exist_ok=True)
                _write(path, content)
            digests[page] = _digest(content)
    finally:
        _write(folder / RECORD, (json.dumps({"edition": name, "copied": digests}, indent=1) + "\n").encode())
    return copied


def run_lab(folder: Path, *, browser: bool = True, port: int = 0, more: Sequence[str] = ()) -> None:
    """Run JupyterLab in a folder, at the first page, until Ctrl-C. It listens on the loopback interface only.

    Args:
        folder: the folder with the pages.
        browser: whether to open a browser.
        port: 0 for any free port.
        more: further arguments for JupyterLab.

    Raises:
        ImportError: if JupyterLab is not installed, or is broken.
        OSError: if the folder cannot be written.
    """
    from jupyterlab.labapp import main

    own = prepare_lab(folder)
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    os.chdir(folder)
    sys.argv[0] = "jupyter-lab"
    ours = [
        *own,
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
    given = {argument.partition("=")[0] for argument in more}  # JupyterLab refuses an argument that it gets twice
    main([*(argument for argument in ours if argument.partition("=")[0] not in given), *more])


def prepare_lab(folder: Path) -> list[str]:
    """Write JupyterLab's settings and, if there is none yet, its layout; return the arguments that make it use them.

    They are the folder's own, so that nothing of the learner's other notebooks is changed, or gets in the way.

    Raises:
        OSError: if the folder cannot be written.
    """
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    settings, workspaces = folder / OF_JUPYTERLAB / "settings", folder / OF_JUPYTERLAB / "workspaces"
    settings.mkdir(parents=True, exist_ok=True)
    _write(settings / "overrides.json", (json.dumps(SETTINGS, indent=1) + "\n").encode())
    if not workspaces.exists():
        layout = {"data": {"layout-restorer:data": LAYOUT}, "metadata": {"id": "default"}}
        WorkspacesManager(str(workspaces)).save("default", json.dumps(layout))
    return [f"--LabApp.app_settings_dir={settings}", f"--LabApp.workspaces_dir={workspaces}"]


def _is_result(page: str) -> bool:
    """Whether a file is a page with its results, and not one to work through."""
    return page.startswith(f"{pages.RESULTS}/")


def _digest(content: bytes) -> str:
    """Return a digest of a page's cells or, if a file is not a page, of its content.

    Not of the whole page: JupyterLab writes the version of Python into it, and that is not an edit.
    """
    with suppress(ValueError, KeyError, TypeError):
        content = json.dumps(json.loads(content)["cells"], sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()


def _read_record(folder: Path) -> tuple[str, dict[str, str]]:
    """Read which edition was copied here, and the digests. Without a readable record, all pages are the learner's."""
    try:
        known = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        name, digests = known["edition"], {str(page): str(digest) for page, digest in known["copied"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "", {}
    return name if name in TO_WORK_THROUGH else "", digests


def _write(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    scratch = path.with_name(path.name + ".new")
    scratch.write_bytes(content)
    scratch.replace(path)


def _rename(path: Path) -> str:
    """Give a learner's page a new name that is free, and return it."""
    number = 1
    while (renamed := path.with_name(f"{path.stem}-mine{number if number > 1 else ''}{path.suffix}")).exists():
        number += 1
    path.rename(renamed)
    return renamed.name
