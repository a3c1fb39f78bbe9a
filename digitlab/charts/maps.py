"""What a layer makes of one picture: all its maps in a mosaic, or one of them enlarged.

A mosaic is one PNG, drawn as large as it is needed so that no browser blurs it; unseen targets
over it answer a click. Colours run from dark (0) to light where no value is below zero, and from
blue over white (0) to red where some are: both can be told apart by colour-blind people. Traces
are plain dicts: Plotly checks each when the figure is made, and need not check it twice.
"""

from __future__ import annotations

import base64
import functools
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from plotly.colors import sample_colorscale, unlabel_rgb

from digitlab import labels
from digitlab.charts.click_overlay import frame_round, targets
from digitlab.charts.frame import (
    GREY_BLUE,
    SMALL_SIZE,
    Chart,
    Trace,
    bare,
    colours,
    figure,
    pixel_axes,
)
from digitlab.charts.frame import margin as room
from digitlab.charts.pixels import mosaic_columns, numbered_rows
from digitlab.messages import Translator
from digitlab.pictures import enlarge, tile

Floats = npt.NDArray[np.floating[Any]]
Box = tuple[int, int, int, int]

MOST_MAPS = 64  # in one mosaic: more could not be told apart, nor hit with a finger

_MAT = "rgba(128,128,128,0.75)"
_WIDTH = 400  # pixels: fills half a wide page, and a phone with little left over
_PNG_WIDTH = 600  # pixels or so, before the browser scales it
_TITLE_ROOM, _BAR_ROOM = 40, 78
_LEVELS = 255  # colours of a palette; the one left over is clear
_CELL = 24  # pixels: a neuron's square
_UNIT = 6  # pixels of it in the mosaic, where one is the gap
_FEW_UNITS, _NARROW, _WIDE = 256, 16, 32


@dataclass(frozen=True)
class Scale:
    """The values at both ends of a colour scale, and its colours; 0 is always on it."""

    low: float
    high: float

    @property
    def name(self) -> str:
        """Plotly's name of the colour scale."""
        return "RdBu_r" if self.low < 0 else "Cividis"


def scale(values: npt.ArrayLike) -> Scale:
    """From 0 to the largest of ``values``; from -limit to limit where some are below zero.

    What is not finite is left out; where nothing is left, or all is zero, it ends at 1.
    """
    numbers = np.asarray(values, np.float64)
    finite = numbers[np.isfinite(numbers)]
    limit = float(np.abs(finite).max()) if finite.size and finite.any() else 1.0
    return Scale(-limit if (finite < 0).any() else 0.0, limit)


def layer_maps(
    maps: Floats,
    t: Translator,
    *,
    title: str,
    first: int = 0,
    chosen: int | None = None,
    shared: Scale | None = None,
) -> Chart:
    """All maps of one layer side by side on one colour scale; a click tells a map's number.

    Args:
        maps: feature maps (channels, H, W), or the values of a dense layer's neurons (units,),
            each then a square. Of maps hand over at most ``MOST_MAPS``; neurons are all shown.
        t: the reader's language.
        title: in the reader's language; names the layer.
        first: the number of the first map, where these are not all of the layer.
        chosen: the number of the map that gets a frame.
        shared: the colour scale; that of ``maps`` if nothing else is said.

    Draw it with ``clicks.place(figure, key, t, first + len(maps))``.
    """
    neurons = maps.ndim == 1
    stack = np.broadcast_to(maps[:, None, None], (len(maps), _UNIT, _UNIT)) if neurons else maps
    ends = shared or scale(maps)
    grid = _Grid(
        len(stack),
        _neuron_columns(len(stack)) if neurons else mosaic_columns(len(stack)),
        stack.shape[1],
        stack.shape[2],
    )
    frame = [] if chosen is None else _frame(grid.box(chosen - first))
    return figure(
        title,
        [_grid_targets(grid, maps, first, t), _bar(ends)],
        height=_TITLE_ROOM + _BAR_ROOM + _mosaic_height(grid, neurons),
        uirevision="maps",
        margin=room(top=_TITLE_ROOM, bottom=_BAR_ROOM),
        plot_bgcolor=_MAT,
        barmode="overlay",
        images=[_picture(tile(_levels(stack, ends), grid.columns, fill=_LEVELS), ends)],
        shapes=frame,
        **pixel_axes(
            bare(_caption(neurons, t)),
            numbered_rows(grid.rows, grid.columns, grid.tall, first),
            grid.width,
            grid.height,
        ),
    )


def feature_map(
    values: Floats,
    t: Translator,
    *,
    title: str,
    caption: str = "",
    box: Box | None = None,
    shared: Scale | None = None,
    clickable: bool = False,
    height: int = _TITLE_ROOM + _BAR_ROOM + _WIDTH,
) -> Chart:
    """One map (H, W) enlarged, each value under the pointer.

    Args:
        values: of the map, row by row from the top.
        t: the reader's language.
        title: in the reader's language; names layer and map.
        caption: under the map, in the reader's language.
        box: left, top, right and bottom (both exclusive), in its pixels, of what gets a frame.
        shared: the colour scale; that of ``values`` if nothing else is said.
        clickable: whether a click tells a pixel's number, ``row * W + column``.
        height: of the figure, in pixels.
    """
    rows, columns = values.shape
    ends = shared or scale(values)
    where = t("row {row}, column {column}: {value}", row="%{y}", column="%{x}", value="%{z:.4f}")
    cells = {
        "type": "heatmap",
        "z": values,
        "zmin": ends.low,
        "zmax": ends.high,
        "colorscale": colours(ends.name),
        "colorbar": _colour_bar(ends),
        "hovertemplate": f"{where}<extra></extra>",
    }
    over = [_pixel_targets(values, t)] if clickable else []
    return figure(
        title,
        [cells, *over],
        height=height,
        uirevision="map",
        barmode="overlay",
        margin=room(top=_TITLE_ROOM, bottom=_BAR_ROOM),
        plot_bgcolor=_MAT,
        shapes=[] if box is None else _frame(box),
        **pixel_axes(bare(caption), bare(), columns, rows),
    )


@dataclass(frozen=True)
class _Grid:
    """Where the maps of a mosaic are: ``count`` of ``tall`` x ``broad`` pixels, a gap between."""

    count: int
    columns: int
    tall: int
    broad: int

    @property
    def rows(self) -> int:
        return math.ceil(self.count / self.columns)

    @property
    def width(self) -> int:
        return self.columns * (self.broad + 1) - 1

    @property
    def height(self) -> int:
        return self.rows * (self.tall + 1) - 1

    def box(self, number: int) -> Box:
        """Left, top, right and bottom of one map."""
        row, column = divmod(number, self.columns)
        left, top = column * (self.broad + 1), row * (self.tall + 1)
        return left, top, left + self.broad, top + self.tall


def _neuron_columns(units: int) -> int:
    return min(units, _NARROW if units <= _FEW_UNITS else _WIDE)


def _mosaic_height(grid: _Grid, neurons: bool) -> int:
    tallest = round(_WIDTH * grid.height / grid.width)
    return min(tallest, _CELL * (grid.height + 1) // (_UNIT + 1)) if neurons else tallest


def _caption(neurons: bool, t: Translator) -> str:
    return t("a square is a unit") if neurons else t("one colour scale for all of these maps")


def _grid_targets(grid: _Grid, maps: Floats, first: int, t: Translator) -> Trace:
    boxes = [grid.box(number) for number in range(grid.count)]
    numbers = [first + number for number in range(grid.count)]
    if maps.ndim == 1:
        said, values = t("unit {number}: {value}"), maps
    else:
        said, values = t("map {number}<br>largest value: {value}"), maps.max(axis=(1, 2))
    hover = [
        said.format(number=number, value=labels.fixed(float(value), 4))
        for number, value in zip(numbers, values, strict=True)
    ]
    return targets(
        [(left + right - 1) / 2 for left, _, right, _ in boxes],
        [top - 0.5 for _, top, _, _ in boxes],
        numbers,
        hover,
        width=grid.broad,
        height=grid.tall,
        chosen=0,
    )


def _pixel_targets(values: Floats, t: Translator) -> Trace:
    rows, columns = (places.ravel().tolist() for places in np.indices(values.shape))
    said = t("row {row}, column {column}: {value}")
    hover = [
        said.format(row=r, column=c, value=labels.fixed(float(value), 4))
        for r, c, value in zip(rows, columns, values.ravel(), strict=True)
    ]
    return targets(columns, [r - 0.5 for r in rows], list(range(values.size)), hover, chosen=0)


def _frame(box: Box) -> list[dict[str, Any]]:
    """A frame round some pixels, given as the first and one after the last."""
    left, top, right, bottom = box
    return frame_round((left - 0.5, top - 0.5, right - 0.5, bottom - 0.5))


def _bar(ends: Scale) -> dict[str, Any]:
    """The colour scale of a PNG, which has none of its own."""
    return {
        "type": "scatter",
        "x": [None],
        "y": [None],
        "mode": "markers",
        "hoverinfo": "skip",
        "marker": {
            "color": [ends.low],
            "cmin": ends.low,
            "cmax": ends.high,
            "colorscale": colours(ends.name),
            "showscale": True,
            "colorbar": _colour_bar(ends),
        },
    }


def _colour_bar(ends: Scale) -> dict[str, Any]:
    ticks = sorted({ends.low, 0.0, ends.high})
    return {
        "orientation": "h",
        "thickness": 10,
        "lenmode": "pixels",
        "len": 280,
        "outlinewidth": 1,
        "outlinecolor": GREY_BLUE,
        "x": 0.5,
        "xanchor": "center",
        "y": 0,
        "yanchor": "bottom",
        "yref": "container",
        "tickvals": ticks,
        "ticktext": [_short(tick) for tick in ticks],
        "tickfont": {"size": SMALL_SIZE},
    }


def _short(number: float) -> str:
    return f"{number:+.3g}".replace("-", "−") if number else "0"


def _levels(values: Floats, ends: Scale) -> npt.NDArray[np.uint8]:
    """Values as the numbers of their colours; what is not finite is clear."""
    share = (np.asarray(values, np.float64) - ends.low) / (ends.high - ends.low)
    levels = np.round(np.clip(share, 0, 1) * (_LEVELS - 1))
    return np.where(np.isfinite(values), levels, _LEVELS).astype(np.uint8)


def _picture(mosaic: npt.NDArray[np.uint8], ends: Scale) -> dict[str, Any]:
    height, width = mosaic.shape
    large = enlarge(mosaic, max(1, round(_PNG_WIDTH / max(height, width))))
    return {
        "source": _png(large, ends.name),
        "sizing": "stretch",
        "layer": "below",
        "xref": "x",
        "x": -0.5,
        "sizex": width,
        "yref": "y",
        "y": -0.5,
        "sizey": height,
    }


def _png(levels: npt.NDArray[np.uint8], name: str) -> str:
    """A PNG with a palette, a quarter of the size of one without, as an address."""
    picture = Image.fromarray(levels)
    picture.putpalette(_palette(name))
    file = io.BytesIO()
    picture.save(file, "PNG", transparency=_LEVELS, compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


@functools.cache
def _palette(name: str) -> bytes:
    """RGB of every level, and of the one that is clear."""
    sampled: Sequence[str] = sample_colorscale(name, _LEVELS)
    channels = [round(float(part)) for text in sampled for part in unlabel_rgb(text)]
    return bytes([*channels, 0, 0, 0])
