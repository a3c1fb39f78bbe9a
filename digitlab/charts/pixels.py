"""Arrays pixel by pixel: a digit enlarged, and what all pictures with a colour bar share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.charts import frame
from digitlab.charts.frame import Chart, Settings, Trace
from digitlab.messages import Translator

# Between the tiles of a mosaic: values near zero are as white as a light page.
GAP_COLOUR = "rgba(128,128,128,0.75)"
MOSAIC_WIDTH = 400  # pixels: fills half a wide page, and a phone with little left over


def digit_image(
    image: npt.NDArray[np.uint8], t: Translator, *, title: str, height: int = 360
) -> Chart:
    """A picture (H, W) uint8 enlarged, white on black, each pixel's value under the pointer."""
    where = t("row {row}, column {column}: {value}", row="%{y}", column="%{x}", value="%{z}")
    shades = [[0, "#000000"], [1, "#FFFFFF"]]
    pixels = frame.heatmap(image, (0, 255), shades, where, showscale=False)
    line = {"showline": True, "mirror": True, "linecolor": frame.GREY_BLUE, "linewidth": 1}
    edge: Settings = line | {"showgrid": False, "dtick": 5, "tick0": 0}
    x, y = frame.axis(t("column (pixels)"), **edge), frame.axis(t("row (pixels)"), **edge)
    axes = _square_pixels(x, y, (image.shape[1], image.shape[0]))
    return frame.figure(title, [pixels], height=height, uirevision="digit", **axes)


def _square_pixels(x: Settings, y: Settings, size: tuple[int, int]) -> Settings:
    """Axes of ``size`` (width, height) in square pixels, mid in the figure, rows downwards."""
    across = {"range": [-0.5, size[0] - 0.5], "constraintoward": "center"}
    down = {"range": [size[1] - 0.5, -0.5], "constraintoward": "middle", "scaleanchor": "x"}
    whole = {"constrain": "domain"}
    return {"xaxis": x | across | whole, "yaxis": y | down | whole}


def colour_limit(*weights: npt.ArrayLike) -> float:
    """The largest finite size of all weights: scales that share it run from -limit to limit."""
    sizes = [np.abs(np.asarray(array, np.float64)).ravel() for array in weights]
    values = np.concatenate([[0.0], *sizes])
    return float(values[np.isfinite(values)].max()) or 1.0


def signed_heatmap(
    values: frame.Floats, limit: float, hover: str, *, label: str = "", **settings: Any
) -> Trace:
    """``values`` (H, W) from blue at -``limit`` over white to red at ``limit``, with a colour bar.

    ``label`` is ``limit`` as the bar writes it, by default with two digits; ``hover`` and
    ``settings`` are those of ``frame.heatmap``.
    """
    label = label or f"{limit:.2g}"
    bar = frame.colour_bar([-limit, 0, limit], [f"−{label}", "0", f"+{label}"])
    colours = frame.named_scale("RdBu_r")
    return frame.heatmap(values, (-limit, limit), colours, hover, colorbar=bar, **settings)


def picture(
    title: str,
    traces: Sequence[Trace],
    size: tuple[int, int],
    *,
    caption: str,
    plot: int,
    rows: Settings | None = None,
    **layout: Any,
) -> Chart:
    """A figure of square pixels, its caption under it and room for a colour bar.

    ``size`` is (width, height) in the picture's own pixels, ``plot`` the plot's height in the
    page's; ``rows`` is the y axis, where it has numbers; ``layout`` adds to the figure's.
    """
    return frame.figure(
        title,
        traces,
        height=frame.TITLE_ROOM + frame.BAR_ROOM + plot,
        margin=frame.margin(bottom=frame.BAR_ROOM),
        **_square_pixels(frame.bare(caption), rows or frame.bare(), size),
        **layout,
    )


def mosaic_columns(tiles: int) -> int:
    """The number of columns near a square that leaves the fewest places empty."""
    side = math.ceil(math.sqrt(tiles))
    return min(range(side, side + side // 2 + 1), key=lambda columns: -tiles % columns)


def mosaic_picture(
    title: str,
    drawn: Trace,
    tiles: tuple[int, ...],
    columns: int,
    hover: Sequence[str],
    *,
    first: int,
    chosen: int | None,
    **layout: Any,
) -> Chart:
    """A mosaic whose tiles answer a click with their numbers, ``first`` and upwards.

    Args:
        drawn: the tiles themselves, or the colour bar of an image in ``layout``.
        tiles: (N, H, W): how many there are, and their pixels; one is between them.
        columns: of tiles, which come row by row.
        hover: what the pointer finds at each tile.
        first: the number of the first tile.
        chosen: the number of the tile that gets a frame.
        layout: ``caption`` and ``plot`` of ``picture``, and what adds to the figure's.
    """
    count, tall, broad = tiles
    numbers, rows = range(first, first + count), math.ceil(count / columns)
    tops = [place // columns * (tall + 1) for place in range(count)]
    lefts = [place % columns * (broad + 1) for place in range(count)]
    middles = [left + (broad - 1) / 2 for left in lefts]
    edges = [top - 0.5 for top in tops]
    targets = frame.click_targets(middles, edges, numbers, hover, width=broad, height=tall)
    shapes = [
        line
        for number, left, top in zip(numbers, lefts, tops, strict=True)
        if number == chosen
        for line in pixel_outline((left, top, left + broad, top + tall))
    ]
    # At each row the number of its first tile, for fingers find no hover.
    row_numbers = frame.bare(
        showticklabels=True,
        automargin=True,
        tickfont={"size": frame.LABEL_SIZE},
        tickvals=[row * (tall + 1) + (tall - 1) / 2 for row in range(rows)],
        ticktext=[str(number) for number in numbers[::columns]],
    )
    return picture(
        title,
        [drawn, targets],
        (columns * (broad + 1) - 1, rows * (tall + 1) - 1),
        rows=row_numbers,
        barmode="overlay",
        plot_bgcolor=GAP_COLOUR,
        shapes=shapes,
        **layout,
    )


def pixel_outline(pixels: tuple[int, int, int, int]) -> list[Settings]:
    """A frame round some pixels: left, top, right and bottom, the last two exclusive."""
    left, top, right, bottom = (side - 0.5 for side in pixels)
    return frame.outline(left, top, right, bottom)
