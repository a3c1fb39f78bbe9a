"""Arrays pixel by pixel: a digit enlarged, and what all pictures with a colour bar share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.charts import frame
from digitlab.charts.click_targets import click_targets, outline
from digitlab.charts.frame import Chart, Trace
from digitlab.messages import Translator

# Between the tiles of a mosaic: values near zero are as white as a light page.
GAP_COLOUR = "rgba(128,128,128,0.75)"
MOSAIC_WIDTH = 400  # pixels: fills half a wide page, and a phone with little left over


def digit_image(
    image: npt.NDArray[np.uint8], t: Translator, *, title: str, height: int = 360
) -> Chart:
    """A picture (H, W) uint8 enlarged, white on black, each pixel's value under the pointer."""
    rows, columns = image.shape
    where = t("row {row}, column {column}: {value}", row="%{y}", column="%{x}", value="%{z}")
    pixels = frame.trace(
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
        "linecolor": frame.GREY_BLUE,
        "linewidth": 1,
        "showgrid": False,
        "dtick": 5,
        "tick0": 0,
    }
    x, y = frame.axis(t("column (pixels)"), **edge), frame.axis(t("row (pixels)"), **edge)
    axes = frame.pixel_axes(x, y, columns, rows)
    return frame.figure(title, [pixels], height=height, uirevision="digit", **axes)


def colour_limit(*weights: npt.ArrayLike) -> float:
    """The largest finite size of all weights: scales that share it run from -limit to limit."""
    sizes = [np.abs(np.asarray(array, np.float64)).ravel() for array in weights]
    values = np.concatenate(sizes) if sizes else np.zeros(0)
    finite = values[np.isfinite(values)]
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def signed_heatmap(values: frame.Floats, limit: float, label: str, **settings: Any) -> Trace:
    """``values`` (H, W) from blue at -``limit`` over white to red at ``limit``, with a colour bar.

    ``label`` is ``limit`` as the bar writes it; ``settings`` is added to the trace.
    """
    return frame.trace(
        "heatmap",
        z=values,
        zmin=-limit,
        zmax=limit,
        colorscale=frame.named_scale("RdBu_r"),
        colorbar=frame.colour_bar([-limit, 0, limit], [f"−{label}", "0", f"+{label}"]),
        **settings,
    )


def picture(
    title: str,
    traces: Sequence[Trace],
    size: tuple[int, int],
    *,
    caption: str,
    plot: int,
    rows: dict[str, Any] | None = None,
    **layout: Any,
) -> Chart:
    """A figure of square pixels, its caption under it and room for a colour bar.

    Args:
        title: in the reader's language.
        traces: of the figure.
        size: width and height in the picture's own pixels.
        caption: in the reader's language.
        plot: height of the plot, in pixels of the page.
        rows: the y axis, where it has numbers.
        layout: adds to the figure's.
    """
    return frame.figure(
        title,
        traces,
        height=frame.TITLE_ROOM + frame.BAR_ROOM + plot,
        margin=frame.margin(bottom=frame.BAR_ROOM),
        **frame.pixel_axes(frame.bare(caption), rows or frame.bare(), *size),
        **layout,
    )


@dataclass(frozen=True)
class Mosaic:
    """Where the tiles of a mosaic are, row by row: ``tall`` x ``broad`` pixels, one between."""

    count: int
    columns: int
    tall: int
    broad: int

    @property
    def rows(self) -> int:
        """Rows of tiles, the last one perhaps not full."""
        return math.ceil(self.count / self.columns)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.columns * (self.broad + 1) - 1, self.rows * (self.tall + 1) - 1

    def corner(self, number: int) -> tuple[int, int]:
        """Left and top pixel of a tile."""
        row, column = divmod(number, self.columns)
        return column * (self.broad + 1), row * (self.tall + 1)


def mosaic_columns(tiles: int) -> int:
    """The number of columns near a square that leaves the fewest places empty."""
    side = math.ceil(math.sqrt(tiles))
    return min(range(side, side + side // 2 + 1), key=lambda columns: -tiles % columns)


def mosaic_picture(
    title: str,
    drawn: Trace,
    mosaic: Mosaic,
    hover: Sequence[str],
    *,
    caption: str,
    plot: int,
    first: int,
    chosen: int | None,
    **layout: Any,
) -> Chart:
    """A mosaic whose tiles answer a click with their numbers, ``first`` and upwards.

    Args:
        title: in the reader's language.
        drawn: the tiles themselves, or the colour bar of an image in ``layout``.
        mosaic: where they are.
        hover: what the pointer finds at each tile, in the reader's language.
        caption: in the reader's language.
        plot: height of the plot, in pixels of the page.
        first: the number of the first tile.
        chosen: the number of the tile that gets a frame.
        layout: adds to the figure's.
    """
    corners = [mosaic.corner(number) for number in range(mosaic.count)]
    targets = click_targets(
        [left + (mosaic.broad - 1) / 2 for left, _ in corners],
        [top - 0.5 for _, top in corners],
        [first + number for number in range(mosaic.count)],
        hover,
        width=mosaic.broad,
        height=mosaic.tall,
    )
    framed = [corner for number, corner in enumerate(corners, first) if number == chosen]
    # At each row the number of its first tile, for fingers find no hover.
    rows = frame.bare(
        showticklabels=True,
        automargin=True,
        tickfont={"size": frame.SMALL_SIZE},
        tickvals=[row * (mosaic.tall + 1) + (mosaic.tall - 1) / 2 for row in range(mosaic.rows)],
        ticktext=[str(first + row * mosaic.columns) for row in range(mosaic.rows)],
    )
    return picture(
        title,
        [drawn, targets],
        mosaic.size,
        caption=caption,
        plot=plot,
        rows=rows,
        barmode="overlay",
        plot_bgcolor=GAP_COLOUR,
        shapes=[
            line
            for left, top in framed
            for line in pixel_outline((left, top, left + mosaic.broad, top + mosaic.tall))
        ],
        **layout,
    )


def pixel_outline(pixels: tuple[int, int, int, int]) -> list[dict[str, Any]]:
    """A frame round some pixels: left, top, right and bottom, the last two exclusive."""
    left, top, right, bottom = (side - 0.5 for side in pixels)
    return outline(left, top, right, bottom)
