"""What a click falls on: Streamlit hears of no click on a heatmap or picture, but of one on bars.

Unseen bars lie over the places of a picture. They grow with it, as markers of fixed size would not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from digitlab.charts.frame import GREY_BLUE, VERMILLION, Trace, trace

_CHOSEN = 0.4  # opacity of the place clicked last

Box = tuple[float, float, float, float]


def targets(
    columns: Sequence[float],
    rows: Sequence[float],
    values: Sequence[Any],
    hover: Sequence[str],
    *,
    width: float = 1.0,
    height: float = 1.0,
    chosen: float = _CHOSEN,
) -> Trace:
    """Bars over places that a click on one of them is told by its value.

    Args:
        columns: the middle of each place along x, in the axis's units.
        rows: the upper edge of each place along y, on an axis that counts downwards.
        values: what a click tells, one JSON value a place (``customdata``).
        hover: what the pointer finds at each place, in the reader's language.
        width: of every place, in units of x.
        height: of every place, in units of y.
        chosen: opacity of the colour over the place clicked last; 0 shows nothing.

    A figure that holds them needs ``barmode="overlay"``.
    """
    return trace(
        "bar",
        x=np.array(columns),
        width=width,
        base=np.array(rows),
        y=np.full(len(values), height),
        marker={"color": GREY_BLUE, "opacity": 0},
        selected={"marker": {"opacity": chosen, "color": VERMILLION}},
        unselected={"marker": {"opacity": 0}},
        customdata=[[value] for value in values],
        hovertext=list(hover),
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )


def frame_round(box: Box) -> list[dict[str, Any]]:
    """A frame round the place that is open, with a light edge: it is seen on every colour.

    ``box`` is its left, top, right and bottom, in the axes' units.
    """
    left, top, right, bottom = box
    sides = {"x0": left, "x1": right, "y0": top, "y1": bottom}
    lines = ({"color": "#FFFFFF", "width": 6}, {"color": "#000000", "width": 3})
    return [{"type": "rect", "layer": "above", "line": line, **sides} for line in lines]
