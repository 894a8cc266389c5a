"""How the book looks, and how Sphinx reads it: Furo, in the course's palette, light and dark."""

from __future__ import annotations

from typing import Any

from ..paths import TEMPLATES

LIGHT = {
    "color-brand-primary": "#0b5c92",
    "color-brand-content": "#0b5c92",
    "color-brand-visited": "#6d3a8c",
    "color-foreground-primary": "#1a1a1a",
}
DARK = {
    "color-brand-primary": "#6cbdf0",
    "color-brand-content": "#6cbdf0",
    "color-brand-visited": "#d3a6e8",
    "color-foreground-primary": "#dcdcdc",
}
"""Furo's variables. Blues and violets are those of Okabe and Ito's palette, as dark or light as text needs."""

THEME: dict[str, Any] = {
    "extensions": [
        "myst_nb",
        "sphinx.ext.autodoc",
        "sphinx.ext.napoleon",
        "sphinx.ext.viewcode",
        "tools.book.extension",
    ],
    "source_suffix": {".md": "myst-nb", ".ipynb": "myst-nb", ".rst": "restructuredtext"},
    # reading
    "nb_execution_mode": "off",
    "nb_merge_streams": True,
    "nb_ipywidgets_js": {},  # widgets are brought to life by alive.js, and nothing is asked of another host
    "myst_enable_extensions": ["attrs_block"],
    "myst_heading_anchors": 3,
    # the reference
    "default_role": "py:obj",  # docstrings name things in single backticks
    "add_module_names": False,
    "toc_object_entries": False,  # hundreds in each page's navigation: see extension.py
    "autodoc_member_order": "bysource",
    "autodoc_default_options": {"members": True, "show-inheritance": True},
    "autodoc_preserve_defaults": True,
    "autodoc_typehints_format": "short",
    "python_use_unqualified_type_names": True,
    "maximum_signature_line_length": 72,
    "napoleon_numpy_docstring": False,
    # the pages
    "html_theme": "furo",
    "html_title": "Background jobs",
    "html_css_files": ["alive.css", "book.css"],
    "html_js_files": [("book.js", {"type": "module", "fetchpriority": "low"})],
    "html_copy_source": False,
    "html_search_scorer": str(TEMPLATES / "search_scorer.js"),
    "html_domain_indices": False,  # modules are in the reference
    "html_show_copyright": False,
    "html_theme_options": {
        "light_css_variables": LIGHT,
        "dark_css_variables": DARK,
        "top_of_page_buttons": [],
    },
}
"""Sphinx's configuration."""
