"""What the book adds to Sphinx: links to cells, what previews say, and how the reference names things."""

from __future__ import annotations

import builtins
import html
import re
import sys
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.nodes import find_pending_xref_condition
from sphinx.util.typing import ExtensionMetadata

from ..paths import PACKAGE
from .addresses import PREVIEWS
from .media import keeps_lines
from .reference import modules, reference_of, with_links

LONGEST_VALUE = 72
"""Characters of a constant's value that the reference shows."""
NAME = "A course in notebooks: background jobs"
"""Of the site, in previews."""


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add it to a build. Sphinx calls this."""
    app.add_config_value("jq_cells", {}, "")  # by page: the anchors of its cells
    app.add_config_value("jq_said", {}, "")  # by page: what previews say of it
    app.add_config_value("jq_titles", {}, "")  # by number: name and title of a page
    app.connect("doctree-read", _know_cells)
    app.connect("doctree-read", _aim_at_what_is_meant)
    app.connect("doctree-read", _leave_out_what_says_nothing)
    app.connect("doctree-read", _break_lines)
    app.connect("autodoc-process-signature", _name_classes)
    app.connect("autodoc-skip-member", _skip_what_is_elsewhere)
    app.connect("html-page-context", _list_names, priority=600)  # after the theme, which finds no list
    app.connect("html-page-context", _name_parts, priority=600)  # of what the theme has made as well
    app.connect("html-page-context", _add_tags)
    app.connect("html-page-context", _wake_widgets)
    app.connect("autodoc-process-docstring", _prepare_docstring, priority=400)  # before napoleon
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _know_cells(app: Sphinx, doctree: nodes.document) -> None:
    """Tell MyST the anchors of a page's cells, so that it knows of each link whether it leads somewhere."""
    name = app.env.docname
    known = app.env.metadata[name].setdefault("myst_slugs", {})
    for anchor in app.config.jq_cells.get(name, ()):
        known[anchor] = (0, anchor, "")


def _break_lines(app: Sphinx, doctree: nodes.document) -> None:
    """Have printed lines that are too long for a screen be broken, if they are no drawing."""
    for block in doctree.findall(nodes.literal_block):
        printed = {"stream", "text_plain"} & set(block["classes"])
        if printed and not keeps_lines(block.astext()):
            block["classes"].append("jq-wraps")


# --- the reference ---


def _skip_what_is_elsewhere(app: Sphinx, what: str, name: str, thing: Any, skip: bool, options: Any) -> bool | None:
    """Leave out of a module's page what it only imports from a module that has a page of its own."""
    home = getattr(thing, "__module__", None)
    here = app.env.docname
    if what == "module" and isinstance(home, str) and home.startswith(f"{PACKAGE.name}."):
        return True if reference_of(home) != here and home.removeprefix(f"{PACKAGE.name}.") in modules() else None
    return True if home == "_thread" else None  # a lock is no function of the package's


def _aim_at_what_is_meant(app: Sphinx, doctree: nodes.document) -> None:
    """Have a name in a signature lead to what it is in its module: `Finding` is one thing there, another elsewhere."""
    for node in list(doctree.findall(addnodes.pending_xref)):
        if node.get("refdomain") == "py" and node.hasattr("refspecific"):  # of any value: Sphinx would look everywhere
            scope = vars(sys.modules.get(node.get("py:module") or "", builtins))
            thing = scope.get(node["reftarget"])
            home = getattr(thing, "__module__", "")
            if isinstance(home, str) and home.startswith(PACKAGE.name):
                node["reftarget"] = f"{home}.{getattr(thing, '__qualname__', node['reftarget'])}"
                del node["refspecific"]
            elif "." not in node["reftarget"]:
                shown = find_pending_xref_condition(node, "resolved")
                node.replace_self(node.children if shown is None else shown.children)


def _leave_out_what_says_nothing(app: Sphinx, doctree: nodes.document) -> None:
    """Leave out the base class of what has no other, and values that do not fit on a line."""
    for node in list(doctree.findall(nodes.paragraph)):
        if node.astext() in ("Bases: object", "Bases: NamedTuple", "Bases: Protocol"):
            node.parent.remove(node)
    for value in list(doctree.findall(addnodes.desc_annotation)):
        text = value.astext()
        if text.startswith(" = ") and (len(text) > LONGEST_VALUE or text.startswith(" = <")):
            value.parent.remove(value)


def _name_classes(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, signature: str | None, returned: str | None
) -> tuple[str | None, str | None] | None:
    """Write a class as in the source where it is a default, and not as its `repr`."""
    if signature is None:
        return None
    return re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", signature), returned


def _list_names(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """List what is on a page of the reference beside it: Sphinx would repeat it all in the navigation of each page."""
    if doctree is None or not name.startswith("reference/"):
        return
    signs = [sign for sign in doctree.findall(addnodes.desc_signature) if sign.get("ids") and not _is_member(sign)]
    items = "".join(_item(sign["ids"][0], f"<code>{html.escape(sign['fullname'])}</code>") for sign in signs)
    if items:
        context["toc"] = f"<ul>{_item('', name, f'<ul>{items}</ul>')}</ul>"
        context["furo_hide_toc"] = False


def _item(anchor: str, text: str, within: str = "") -> str:
    return f'<li><a class="reference internal" href="#{anchor}">{text}</a>{within}</li>'


def _is_member(sign: addnodes.desc_signature) -> bool:
    return bool(sign.get("class"))


# --- a page ---


def _name_parts(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Have what others make be read out as what it is.

    What unfolds a solution, as what it says; the parts of the navigation, as headings; the parameters of a signature on
    several lines, as text and not as a list without terms.
    """
    if "body" in context:
        body = context["body"].replace(' aria-label="Toggle hidden content"', "")
        context["body"] = re.sub(r'(?s)(?<=<dt class="sig).*?</dt>', lambda match: _without_list(match[0]), body)
    tree = context["furo_navigation_tree"]
    context["furo_navigation_tree"] = tree.replace('role="heading"', 'role="heading" aria-level="2"')


def _without_list(sign: str) -> str:
    sign = sign.replace("<dl>", '<span class="jq-parameters">').replace("</dl>", "</span>")
    return sign.replace("<dd>", '<span class="jq-parameter">').replace("</dd>", "</span>")


# --- what others say of it ---


def _add_tags(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Say what the page is about, for search engines and for those who show a preview of a link to it."""
    base = app.config.html_baseurl
    root = base or context["pathto"](app.config.root_doc).rpartition("/")[0].rstrip("/") + "/"
    root = root.removeprefix("/") if not base else root
    said = app.config.jq_said.get(name, "")
    preview = name if name in app.config.jq_cells else "index"  # a page of the course has a picture of its own
    tags = {
        "og:type": "website",
        "og:site_name": NAME,
        "og:title": context.get("title", ""),
        "og:description": said,
        "og:image": f"{root}{PREVIEWS}/{preview}.png",
        "og:image:alt": context.get("title", ""),
    }
    if base:
        tags["og:url"] = base + app.builder.get_target_uri(name)
    lines = [f'<meta property="{key}" content="{html.escape(text)}">' for key, text in tags.items() if text]
    lines.append('<meta name="twitter:card" content="summary_large_image">')
    if said:
        lines.append(f'<meta name="description" content="{html.escape(said)}">')
    context["metatags"] = context.get("metatags", "") + "\n".join(["", *lines])


def _wake_widgets(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Load the script that brings widgets to life on those pages that have one."""
    if 'class="jq-alive"' in context.get("body", ""):
        app.add_js_file("alive.js", type="module", fetchpriority="low")  # the page's look comes first


def _prepare_docstring(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Make links of the names of pages in docstrings."""
    lines[:] = with_links("\n".join(lines), app.config.jq_titles).split("\n")
    if what in ("attribute", "data", "property"):
        lines[:0] = ["..", ""]  # napoleon takes what is before a colon in the first line for the type: of a comment
