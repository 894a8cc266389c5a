"""What an output shows, as HTML for the book: pictures as files of their own, widgets that a script brings to life."""

from __future__ import annotations

import base64
import html
import re
import struct
from copy import deepcopy
from typing import Any

from jobqueue_lesson.show import alive, pictures
from jobqueue_lesson.show.saved import ALIVE

from .. import panels
from .addresses import DATA, PICTURES

DRAWN = re.compile(r"[\u2500-\u259f]|[·~:]{3}|\S {20,}\S")
"""What only a drawing has: bars, waits, or a wide gap."""
COLUMNS = re.compile(r"\S {2,}\S.* {2,}\S")
"""A line of a table: three columns or more."""


def keeps_lines(text: str) -> bool:
    """Whether printed text is a drawing or a table, which would be nothing with its lines broken.

    Args:
        text: what a cell printed.
    """
    return bool(DRAWN.search(text)) or sum(bool(COLUMNS.search(line)) for line in text.splitlines()) > 1


def picture(output: dict[str, Any], name: str, files: dict[str, bytes]) -> str:
    """Return the HTML of an output that is a picture: drawn in the page, with its ink, or else a file of its own.

    It leads to the picture by itself: on a phone, that can be made larger.

    Args:
        output: it has `image/png`, and its alternative text in the metadata.
        name: what the file is called, without its ending.
        files: what is added to, by address.
    """
    address = _keep(output, name, files)
    known = output.get("metadata", {}).get("image/png", {})
    said = html.escape(pictures.alternative_text(output))
    shown = pictures.inline(output) or (
        f'<img class="jq-picture" src="{address}" alt="{said}" {_placed(files[address], known)}>'
    )
    return f'<a class="jq-large" href="{address}">{shown}</a>'


def in_browser(output: dict[str, Any], name: str, files: dict[str, bytes], source: str = "", run: str = "") -> str:
    """Return the HTML of a widget, and add what it plays, and its picture, to the files.

    Args:
        output: it has the form `ALIVE`.
        name: what the files are called, without their endings.
        files: what is added to, by address.
        source: the code of a panel's cell: its positions are computed. "": it stays a picture and a text.
        run: the address at which the page can be run, which a panel offers.
    """
    address = f"{DATA}/{name}.json"
    png = _keep(output, name, files) if "image/png" in output["data"] else ""
    if output["data"][ALIVE]["kind"] == "panel":
        if source:
            output = deepcopy(output)
            beside = panels.fill(output, name.partition("/")[0], source, address=address)
            files |= {f"{address.rpartition('/')[0]}/{file}": content for file, content in beside.items()}
        elif "controls" not in output["data"][ALIVE]:
            address = ""
    shown, data = alive.element(output, inline=False, address=address, picture=png)
    if data is not None:
        files[address] = data
    if png and f'src="{png}"' not in shown:
        del files[png]  # it is drawn in the page
    elif png:
        shown = re.sub(r'(<img\b[^>]*?) loading="lazy">', rf"\1 {_placed(files[png], {})}>", shown, count=1)
    return shown.replace(' data-kind="panel"', f' data-kind="panel" data-run="{html.escape(run)}"', 1)


def _keep(output: dict[str, Any], name: str, files: dict[str, bytes]) -> str:
    """Add an output's picture to the files, and return its address."""
    address = f"{PICTURES}/{name}.png"
    files[address] = base64.b64decode("".join(output["data"]["image/png"]))
    return address


def _placed(png: bytes, known: dict[str, Any]) -> str:
    """Return the attributes of a picture that is loaded late: nothing jumps when it arrives.

    Args:
        png: the picture.
        known: its metadata in the notebook. Of a picture for screens of high density, they say how wide it is shown.
    """
    width, height = struct.unpack(">II", png[16:24])
    size = f'width="{known.get("width", width)}" height="{known.get("height", height)}"'
    return f'{size} loading="lazy" decoding="async"'
