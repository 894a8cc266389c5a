"""Fill in the templates in `tools/templates`."""

from __future__ import annotations

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from .paths import TEMPLATES

_environment = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=select_autoescape(["html.j2"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def render(template: str, **values: object) -> str:
    """Return a template filled in with these values. In HTML they are escaped.

    Raises:
        jinja2.UndefinedError: if the template needs a value that is missing.
    """
    return _environment.get_template(template).render(values)
