"""What a click falls on: Streamlit hears of no click on a heatmap or picture, but of one on bars.

Transparent bars lie over the places of a picture. They grow with it, as markers of fixed size would
not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from digitlab.charts import frame


def click_targets(
    columns: Sequence[float],
    rows: Sequence[float],
    values: Sequence[Any],
    hover: Sequence[str],
    *,
    width: float = 1.0,
    height: float = 1.0,
    chosen: float = 0,
) -> frame.Trace:
    """Bars over N places; a click on one of them tells its value.

    Args:
        columns: the middle of each place along x, in the axis's units.
        rows: the upper edge of each place along y, on an axis that counts downwards.
        values: what a click tells, one JSON value a place (``customdata``).
        hover: what the pointer finds at each place, in the reader's language.
        width: of every place, in units of x.
        height: of every place, in units of y.
        chosen: opacity, 0 to 1, of the colour over the place clicked last.

    A figure that holds them needs ``barmode="overlay"``.
    """
    return frame.trace(
        "bar",
        x=np.array(columns),
        width=width,
        base=np.array(rows),
        y=np.full(len(values), height),
        marker={"color": frame.GREY_BLUE, "opacity": 0},
        selected={"marker": {"opacity": chosen, "color": frame.VERMILLION}},
        unselected={"marker": {"opacity": 0}},
        customdata=[[value] for value in values],
        hovertext=list(hover),
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )


def outline(left: float, top: float, right: float, bottom: float) -> list[dict[str, Any]]:
    """A dark line with a light edge round the open place, in the axes' units.

    It is seen on every colour.
    """
    lines = ({"color": "#FFFFFF", "width": 6}, {"color": "#000000", "width": 3})
    return [frame.box(left, top, right, bottom, layer="above", line=line) for line in lines]
