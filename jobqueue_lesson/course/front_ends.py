"""Front ends: which program shows the pages here, and what the course's widgets need there.

A widget has two halves: one in the kernel, and one in the program that shows the page, its front end. JupyterLab and
Notebook 7 load that half from where the course is installed. Elsewhere it comes from the network, or has to be allowed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

SOURCES = '"jupyter.widgetScriptSources": ["jsdelivr.com", "unpkg.com"]'
ENABLE = "from google.colab import output; output.enable_custom_widget_manager()"


class Signs(NamedTuple):
    """What a program can be recognised by."""

    environment: Mapping[str, str]
    names: Mapping[str, Any]
    """What is defined in the page, if this is its kernel."""
    modules: Mapping[str, Any]
    """What has been imported."""
    platform: str


def signs() -> Signs:
    """Return what is to be seen here."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return Signs(os.environ, shell.user_ns if shell else {}, sys.modules, sys.platform)


class FrontEnd(NamedTuple):
    """A program that shows pages."""

    name: str
    matches: Callable[[Signs], bool]
    advise: Callable[[Signs], str]
    """Says what is needed there, and does what can be done."""
    asks: bool
    """Whether something has to be done or allowed there: then a page says it, too."""


def _in_colab(seen: Signs) -> bool:
    return "google.colab" in seen.modules or "COLAB_RELEASE_TAG" in seen.environment


def _in_code(seen: Signs) -> bool:
    """Whether this is a kernel that VS Code has started: with these variables, and without a Jupyter server."""
    started = {"VSCODE_PID", "VSCODE_CWD"} & set(seen.environment) and "JPY_SESSION_NAME" not in seen.environment
    return "__vsc_ipynb_file__" in seen.names or bool(started)


def _advise_in_colab(seen: Signs) -> str:
    """Switch on what Colab needs. This works only in a page's kernel, which has Colab's module imported."""
    output = getattr(seen.modules.get("google.colab"), "output", None)
    if output is None:
        return f"widgets need Colab's custom widget manager. In a cell of the page, run: {ENABLE}"
    try:
        output.enable_custom_widget_manager()
    except Exception as error:
        return f"widgets need Colab's custom widget manager, which cannot be enabled: {error}"
    return "widgets need Colab's custom widget manager, which is now enabled. It loads their front ends from a network."


def _advise_in_code(_: Signs) -> str:
    return (
        "its Jupyter extension loads widgets from a network: allow it when it asks, or put "
        f"{SOURCES} in the settings. Without a network, widgets may be missing; all else runs."
    )


FRONT_ENDS = (
    FrontEnd(
        "JupyterLite",
        lambda seen: seen.platform == "emscripten",
        lambda _: "Python runs in this browser. A cell that needs sockets or processes says that it cannot run here.",
        asks=False,
    ),
    FrontEnd("Google Colab (not tried by us)", _in_colab, _advise_in_colab, asks=True),
    FrontEnd("VS Code (not tried by us)", _in_code, _advise_in_code, asks=True),
    FrontEnd(
        "JupyterLab or Notebook",
        lambda seen: "JPY_SESSION_NAME" in seen.environment,
        lambda _: "widgets need nothing more. Of Notebook, it has to be version 7 or newer.",
        asks=False,
    ),
    FrontEnd(
        "a terminal in VS Code",
        lambda seen: seen.environment.get("TERM_PROGRAM") == "vscode",
        lambda seen: (
            f"pages opened in JupyterLab need nothing more. In VS Code itself (not tried by us), "
            f"{_advise_in_code(seen)}"
        ),
        asks=False,
    ),
)
"""In the order in which they are looked for: some have the signs of another one, too."""


def advice(seen: Signs | None = None, *, always: bool = True) -> str:
    """Return a line that says which program shows the pages, and what widgets need there; "" if it is not known.

    In Colab, it does what is needed.

    Args:
        seen: what to recognise it by; without it, what is to be seen here.
        always: say it also of a front end that needs nothing.
    """
    seen = seen or signs()
    for front_end in FRONT_ENDS:
        if front_end.matches(seen):
            return f"front end: {front_end.name}: {front_end.advise(seen)}" if always or front_end.asks else ""
    return ""
