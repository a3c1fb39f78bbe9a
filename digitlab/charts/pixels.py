"""Arrays as they are, pixel by pixel: a digit enlarged, a layer's weights in a mosaic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from digitlab.charts.frame import GREY_BLUE, SMALL_SIZE, axis, bare, figure, margin, pixel_axes
from digitlab.config import IMAGE_SIZE
from digitlab.messages import Translator
from digitlab.pictures import tile

Floats = npt.NDArray[np.floating[Any]]

MOST_UNITS = 64

_MAT = "rgba(128,128,128,0.75)"
_MOSAIC_WIDTH = 400  # pixels: fills half a wide page, and a phone with little left over
_TITLE_ROOM, _BAR_ROOM = 40, 78


def digit(
    image: npt.NDArray[np.uint8], t: Translator, *, title: str, height: int = 360
) -> go.Figure:
    """A picture (H, W) uint8 enlarged, white on black, each pixel's value under the pointer."""
    rows, columns = image.shape
    row, column = t("row"), t("column")
    pixels = go.Heatmap(
        z=image, zmin=0, zmax=255, colorscale=[[0, "#000000"], [1, "#FFFFFF"]], showscale=False,
        hovertemplate=f"{row} %{{y}}, {column} %{{x}}: %{{z}}<extra></extra>",
    )  # fmt: skip
    edge: dict[str, Any] = {
        "showline": True, "mirror": True, "linecolor": GREY_BLUE, "linewidth": 1,
        "showgrid": False, "dtick": 5, "tick0": 0,
    }  # fmt: skip
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


def filter_mosaic(kernels: Floats, limit: float, t: Translator, *, title: str) -> go.Figure:
    """A first convolution's kernels (k, k, 1, filters) side by side.

    Blue is negative, red positive, white zero; ``limit`` is where both are full, see
    ``colour_limit``: figures that share it can be compared. The pointer tells each weight with
    its filter, row and column, counted from 0 as NumPy does. The height follows the number of
    filters alone.
    """
    filters = np.moveaxis(kernels[:, :, 0, :], -1, 0)
    caption = t(
        "{count} filters of {size}x{size}, coloured by weight",
        count=len(filters), size=len(kernels),
    )  # fmt: skip
    return _mosaic(filters, limit, t, title, caption, t("filter"))


def weight_mosaic(kernel: Floats, limit: float, t: Translator, *, title: str) -> go.Figure:
    """The first dense layer's weights (784, units) as 28x28 pictures of at most ``MOST_UNITS``.

    Scale, counting and height are those of ``filter_mosaic``.
    """
    units = kernel.shape[1]
    shown = min(units, MOST_UNITS)
    pictures = kernel[:, :shown].T.reshape(shown, IMAGE_SIZE, IMAGE_SIZE)
    caption = (
        t("{count} neurons of 28x28, coloured by weight", count=units)
        if shown == units
        else t("{shown} of {count} neurons of 28x28, coloured by weight", shown=shown, count=units)
    )
    return _mosaic(pictures, limit, t, title, caption, t("neuron"))


def _mosaic(
    pictures: Floats, limit: float, t: Translator, title: str, caption: str, tile_name: str
) -> go.Figure:
    columns = mosaic_columns(len(pictures))
    rows = math.ceil(len(pictures) / columns)
    weights = tile(pictures.astype(np.float32), columns, fill=np.nan)
    row, column = t("row"), t("column")
    where = f"{tile_name} %{{customdata[0]}}, {row} %{{customdata[1]}}, "
    cells = go.Heatmap(
        z=weights, zmin=-limit, zmax=limit, colorscale="RdBu_r", hoverongaps=False,
        customdata=tile(_places(pictures.shape), columns), colorbar=colour_bar(limit),
        hovertemplate=f"{where}{column} %{{customdata[2]}}: %{{z:.4f}}<extra></extra>",
    )  # fmt: skip
    return figure(
        title, [cells], uirevision="mosaic",
        height=_TITLE_ROOM + _BAR_ROOM + round(_MOSAIC_WIDTH * rows / columns),
        # A mat parts the tiles: weights near zero are as white as a light page.
        margin=margin(top=_TITLE_ROOM, bottom=_BAR_ROOM), plot_bgcolor=_MAT,
        **pixel_axes(bare(caption), bare(), weights.shape[1], weights.shape[0]),
    )  # fmt: skip


def mosaic_columns(tiles: int) -> int:
    """The number of columns near a square that leaves the fewest places empty."""
    side = math.ceil(math.sqrt(tiles))
    return min(range(side, side + side // 2 + 1), key=lambda columns: -tiles % columns)


def _places(shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """(N, H, W, 3): number of the tile, row and column in it, in the smallest fitting dtype."""
    return np.moveaxis(np.indices(shape, np.min_scalar_type(max(shape))), 0, -1)


def colour_bar(limit: float) -> dict[str, Any]:
    """The scale of ``colour_limit`` along a figure's lower edge; a caption stands above it."""
    return {
        "orientation": "h", "thickness": 10, "lenmode": "pixels", "len": 280, "outlinewidth": 0,
        "x": 0.5, "xanchor": "center", "y": 0, "yanchor": "bottom", "yref": "container",
        "tickvals": [-limit, 0, limit], "tickfont": {"size": SMALL_SIZE},
        "ticktext": [f"−{limit:.2g}", "0", f"+{limit:.2g}"],
    }  # fmt: skip
