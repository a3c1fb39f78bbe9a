"""Small tables of numbers, as HTML: a window, a kernel, and their products, side by side.

Cells are tinted by their value, red above zero and blue below, so that a pattern is seen before a
number is read; the tint is faint enough for the page's own text on it, light or dark.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digitlab.charts.frame import GREY_BLUE, VERMILLION, Floats

DECIMALS = 4

_RED, _BLUE, _FAINTEST = "214,96,77", "67,147,195", 0.55
_LONGEST = 1e5  # beyond it decimals say nothing
_SIDE = 52  # pixels of a cell where there is room


@dataclass(frozen=True, eq=False)
class NumberTable:
    """Numbers (rows, columns) under a caption; ``marked`` is a (row, column) that gets a frame."""

    values: Floats
    caption: str
    marked: tuple[int, int] | None = None


def decimal_text(value: float) -> str:
    """A number as all sums here show it: ``DECIMALS`` decimals and a real minus sign."""
    form = "f" if abs(value) < _LONGEST else "g"
    text = f"{value:.{DECIMALS}{form}}"
    text = text.removeprefix("-") if float(text) == 0 else text
    return text.replace("-", "−")


def signed_text(value: float) -> str:
    """A weight or a response with its sign, a real minus, and two decimals."""
    return f"{value:+.2f}".replace("-", "−")


def number_tables(tables: Sequence[NumberTable], signs: Sequence[str] = ()) -> str:
    """Tables side by side, or below each other where the page is narrow, with signs between.

    Captions are escaped here. Each table's own largest value has the fullest tint.
    """
    style = "display:flex; flex-wrap:wrap; gap:0.5rem 0.75rem; align-items:center;"
    parts = [_table(tables[0])]
    for sign, table in zip(signs, tables[1:], strict=True):
        parts += [f'<div style="font-size:1.3rem;">{html.escape(sign)}</div>', _table(table)]
    return f'<div style="{style}">{"".join(parts)}</div>'


def _table(table: NumberTable) -> str:
    sizes = np.abs(table.values[np.isfinite(table.values)])
    limit = float(sizes.max(initial=0)) or 1.0
    style = (
        f"border-collapse:collapse; table-layout:fixed; width:{table.values.shape[1] * _SIDE}px; "
        "max-width:100%; font-size:0.72rem; font-variant-numeric:tabular-nums; margin:0;"
    )
    caption_style = "caption-side:top; text-align:left; font-size:0.85rem; padding:0 0 0.25rem;"
    caption = f'<caption style="{caption_style}">{html.escape(table.caption)}</caption>'
    rows = []
    for r, values in enumerate(table.values.tolist()):
        cells = [_cell(value, limit, table.marked == (r, c)) for c, value in enumerate(values)]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f'<table style="{style}">{caption}{"".join(rows)}</table>'


def _cell(value: float, limit: float, marked: bool) -> str:
    share = abs(value) / limit if math.isfinite(value) else 0.0
    tint = f"rgba({_RED if value > 0 else _BLUE},{_FAINTEST * share:.2f})"
    edge = f"outline:3px solid {VERMILLION}; outline-offset:-3px; " if marked else ""
    return (
        f'<td style="{edge}background:{tint}; border:1px solid {GREY_BLUE}; padding:0.3rem 0; '
        f'text-align:center;">{decimal_text(value)}</td>'
    )
