"""Arrays pixel by pixel: a digit enlarged, and what all mosaics of weights share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.charts.frame import (
    GREY_BLUE,
    SMALL_SIZE,
    Chart,
    axis,
    bare,
    figure,
    pixel_axes,
    trace,
)
from digitlab.messages import Translator

Floats = npt.NDArray[np.floating[Any]]


def digit(image: npt.NDArray[np.uint8], t: Translator, *, title: str, height: int = 360) -> Chart:
    """A picture (H, W) uint8 enlarged, white on black, each pixel's value under the pointer."""
    rows, columns = image.shape
    where = t("row {row}, column {column}: {value}", row="%{y}", column="%{x}", value="%{z}")
    pixels = trace(
        "heatmap",
        z=image,
        zmin=0,
        zmax=255,
        colorscale=[[0, "#000000"], [1, "#FFFFFF"]],
        showscale=False,
        hovertemplate=f"{where}<extra></extra>",
    )
    edge: dict[str, Any] = {
        "showline": True,
        "mirror": True,
        "linecolor": GREY_BLUE,
        "linewidth": 1,
        "showgrid": False,
        "dtick": 5,
        "tick0": 0,
    }
    x, y = axis(t("column (pixels)"), **edge), axis(t("row (pixels)"), **edge)
    return figure(
        title, [pixels], height=height, uirevision="digit", **pixel_axes(x, y, columns, rows)
    )


def colour_limit(*weights: npt.ArrayLike) -> float:
    """The largest finite size of all weights: scales that share it run from -limit to limit."""
    sizes = [np.abs(np.asarray(array, np.float64)).ravel() for array in weights]
    values = np.concatenate(sizes) if sizes else np.zeros(0)
    finite = values[np.isfinite(values)]
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def mosaic_columns(tiles: int) -> int:
    """The number of columns near a square that leaves the fewest places empty."""
    side = math.ceil(math.sqrt(tiles))
    return min(range(side, side + side // 2 + 1), key=lambda columns: -tiles % columns)


def numbered_rows(rows: int, columns: int, tall: int, first: int = 0) -> dict[str, Any]:
    """The y axis of a mosaic: at each row the number of its first tile, for fingers find no hover.

    Tiles are ``tall`` pixels high with one between; the mosaic's first has the number ``first``.
    """
    return bare(
        showticklabels=True,
        automargin=True,
        tickfont={"size": SMALL_SIZE},
        tickvals=[row * (tall + 1) + (tall - 1) / 2 for row in range(rows)],
        ticktext=[str(first + row * columns) for row in range(rows)],
    )


def colour_bar(limit: float) -> dict[str, Any]:
    """The scale of ``colour_limit`` along a figure's lower edge; a caption stands above it."""
    return {
        "orientation": "h",
        "thickness": 10,
        "lenmode": "pixels",
        "len": 280,
        "outlinewidth": 0,
        "x": 0.5,
        "xanchor": "center",
        "y": 0,
        "yanchor": "bottom",
        "yref": "container",
        "tickvals": [-limit, 0, limit],
        "tickfont": {"size": SMALL_SIZE},
        "ticktext": [f"−{limit:.2g}", "0", f"+{limit:.2g}"],
    }
