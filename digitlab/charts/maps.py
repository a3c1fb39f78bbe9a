"""What a layer makes of one picture: all its maps in a mosaic, or one of them enlarged.

A mosaic is one PNG, drawn as large as it is needed so that no browser blurs it; transparent targets
over it answer a click. Colours run from dark (0) to light where no value is below zero, and from
blue over white (0) to red where some are: both can be told apart by colour-blind people.
"""

from __future__ import annotations

import base64
import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from plotly.colors import sample_colorscale, unlabel_rgb

from digitlab import labels
from digitlab.charts import frame, pixels
from digitlab.charts.frame import Chart, Floats
from digitlab.messages import Translator
from digitlab.pictures import enlarge, tile

MOST_MAPS = 64  # in one mosaic: more could not be told apart, nor hit with a finger

_PNG_WIDTH = 600  # pixels or so, before the browser scales it
_LEVELS = 255  # colours of a palette; the one left over is clear
_CELL = 24  # pixels: a neuron's square
_UNIT = 6  # pixels of it in the mosaic, where one is the gap


@dataclass(frozen=True)
class ColourScale:
    """The values at both ends of a colour scale, and its colours; 0 is always on it."""

    low: float
    high: float

    @property
    def name(self) -> str:
        """Plotly's name of the colour scale."""
        return "RdBu_r" if self.low < 0 else "Cividis"

    @property
    def bar(self) -> frame.Settings:
        """The colour bar of a chart with this scale."""
        ticks = sorted({self.low, 0.0, self.high})
        texts = [f"{tick:+.3g}".replace("-", "−") if tick else "0" for tick in ticks]
        return frame.colour_bar(ticks, texts, outlinewidth=1, outlinecolor=frame.GREY_BLUE)


def colour_scale(values: npt.ArrayLike) -> ColourScale:
    """From 0 to the largest of ``values``; from -limit to limit where some are below zero.

    What is not finite is left out; where nothing is left, or all is zero, it ends at 1.
    """
    numbers = np.asarray(values, np.float64)
    finite = numbers[np.isfinite(numbers)]
    limit = float(np.abs(finite).max(initial=0)) or 1.0
    return ColourScale(-limit if (finite < 0).any() else 0.0, limit)


def layer_maps(
    maps: Floats,
    t: Translator,
    *,
    title: str,
    first: int = 0,
    chosen: int | None = None,
    shared: ColourScale | None = None,
) -> Chart:
    """All maps of one layer side by side on one colour scale; a click tells a map's number.

    Args:
        maps: feature maps (channels, H, W), or the values of a dense layer's neurons (units,),
            each then a square. Of maps hand over at most ``MOST_MAPS``; neurons are all shown.
        first: the number of the first map, where these are not all of the layer.
        chosen: the number of the map that gets a frame.
        shared: the colour scale; that of ``maps`` if nothing else is said.

    Draw it with ``clicks.place(figure, key, t, first + len(maps))``.
    """
    ends = shared or colour_scale(maps)
    count = len(maps)
    if maps.ndim == 1:
        stack, largest = np.broadcast_to(maps[:, None, None], (count, _UNIT, _UNIT)), maps
        columns = min(count, 16 if count <= 256 else 32)
        caption, said = t("a square is a unit"), t("unit {number}: {value}")
    else:
        stack, largest, columns = maps, maps.max(axis=(1, 2)), pixels.mosaic_columns(count)
        caption = t("one colour scale for all of these maps")
        said = t("map {number}<br>largest value: {value}")
    levels = tile(_levels(stack, ends), columns, fill=_LEVELS)
    height, width = levels.shape
    plot = round(pixels.MOSAIC_WIDTH * height / width)
    if maps.ndim == 1:
        plot = min(plot, _CELL * (height + 1) // (_UNIT + 1))
    colours = {"colorscale": frame.named_scale(ends.name), "showscale": True, "colorbar": ends.bar}
    marker = {"color": [ends.low], "cmin": ends.low, "cmax": ends.high} | colours
    size = (width, height)
    return pixels.mosaic_picture(
        title,
        # Only for its colour bar: the PNG has none of its own.
        frame.trace("scatter", x=[None], y=[None], mode="markers", hoverinfo="skip", marker=marker),
        stack.shape,
        columns,
        [
            said.format(number=number, value=labels.fixed(float(value), 4))
            for number, value in enumerate(largest, first)
        ],
        first=first,
        chosen=chosen,
        caption=caption,
        plot=plot,
        uirevision="maps",
        images=[frame.image(_png(levels, ends.name), -0.5, -0.5, size, sizing="stretch")],
    )


def feature_map(
    values: Floats,
    t: Translator,
    *,
    title: str,
    caption: str = "",
    box: tuple[int, int, int, int] | None = None,
    shared: ColourScale | None = None,
    clickable: bool = False,
    height: int = frame.TITLE_ROOM + frame.BAR_ROOM + pixels.MOSAIC_WIDTH,
) -> Chart:
    """One map (H, W) enlarged, each value under the pointer.

    ``box`` is left, top, right and bottom (both exclusive), in its pixels, of what gets a frame.
    ``shared`` is the colour scale, by default that of ``values``. If ``clickable`` a click tells a
    pixel's number, ``row * W + column``. ``height``, of the figure, is in pixels.
    """
    ends = shared or colour_scale(values)
    said = t("row {row}, column {column}: {value}")
    hover = said.format(row="%{y}", column="%{x}", value="%{z:.4f}")
    scale = frame.named_scale(ends.name)
    traces = [frame.heatmap(values, (ends.low, ends.high), scale, hover, colorbar=ends.bar)]
    if clickable:
        rows, columns = (places.ravel().tolist() for places in np.indices(values.shape))
        words = [
            said.format(row=row, column=column, value=labels.fixed(float(value), 4))
            for row, column, value in zip(rows, columns, values.ravel(), strict=True)
        ]
        tops = [row - 0.5 for row in rows]
        traces.append(frame.click_targets(columns, tops, range(values.size), words))
    return pixels.picture(
        title,
        traces,
        (values.shape[1], values.shape[0]),
        caption=caption,
        plot=height - frame.TITLE_ROOM - frame.BAR_ROOM,
        uirevision="map",
        barmode="overlay",
        plot_bgcolor=pixels.GAP_COLOUR,
        shapes=[] if box is None else pixels.pixel_outline(box),
    )


def _levels(values: Floats, ends: ColourScale) -> npt.NDArray[np.uint8]:
    """Values as the numbers of their colours; what is not finite is clear."""
    share = (np.asarray(values, np.float64) - ends.low) / (ends.high - ends.low)
    levels = np.round(np.clip(share, 0, 1) * (_LEVELS - 1))
    return np.where(np.isfinite(values), levels, _LEVELS).astype(np.uint8)


def _png(levels: npt.NDArray[np.uint8], scale: str) -> str:
    """The address of levels (H, W) as a PNG with a palette, a quarter of one without."""
    image = Image.fromarray(enlarge(levels, max(1, round(_PNG_WIDTH / max(levels.shape)))))
    image.putpalette(_palette(scale))
    file = io.BytesIO()
    image.save(file, "PNG", transparency=_LEVELS, compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


@functools.cache
def _palette(scale: str) -> bytes:
    """RGB of every level, and of the one that is clear."""
    sampled: Sequence[str] = sample_colorscale(scale, _LEVELS)
    channels = [round(float(part)) for text in sampled for part in unlabel_rgb(text)]
    return bytes([*channels, 0, 0, 0])
