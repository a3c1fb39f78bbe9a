"""The report's Jinja2 templates; every value that they print is escaped."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup


def _data_uri(png: bytes) -> str:
    """The ``data:`` address of a PNG file's bytes."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["data_uri"] = _data_uri


def render(template: str, **values: Any) -> Markup:
    """The template of this name in this folder with its values, as HTML or SVG."""
    return Markup(_environment.get_template(template).render(values))
