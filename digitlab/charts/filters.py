"""Filters and what excites them: tiles to click, a kernel in numbers, edges, patches, digits."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.charts.click_overlay import frame_round, targets
from digitlab.charts.frame import (
    BLUE,
    GREY_BLUE,
    LABEL_SIZE,
    LEGEND_ROOM,
    VERMILLION,
    Chart,
    Trace,
    axis,
    bare,
    colours,
    figure,
    legend_below,
    margin,
    pixel_axes,
    strong,
    trace,
)
from digitlab.charts.grids import signed
from digitlab.charts.pixels import colour_bar, mosaic_columns, numbered_rows
from digitlab.config import DIGITS
from digitlab.messages import Translator
from digitlab.pictures import data_uri, enlarge, tile

Floats = npt.NDArray[np.floating[Any]]
Picture = npt.NDArray[np.uint8]
Box = tuple[int, int, int]

MOST_NUMBERS = 7  # rows and columns of a kernel whose weights can be written into it

_MAT = "rgba(128,128,128,0.75)"  # parts the tiles: weights near zero are as white as a light page
_MOSAIC_WIDTH, _WIDEST_TILE = 400, 110  # pixels
_TITLE_ROOM, _BAR_ROOM = 40, 78
_TILE_PIXELS = 112  # pixels of a picture before the browser scales it
_EDGE_ROOM = 30  # pixels under the edge chart's axis for the pictures of edges


@dataclass(frozen=True, eq=False)
class Exciting:
    """A digit (28, 28) uint8 that excites a filter: the words under it, and the square it sees.

    ``box`` is that square's top, left and side in pixels; None where it is the whole digit.
    """

    digit: Picture
    label: str
    small: str
    box: Box | None = None


def weight_tiles(
    pictures: Floats,
    limit: float,
    t: Translator,
    *,
    title: str,
    caption: str,
    names: Sequence[str],
    first: int = 0,
    chosen: int | None = None,
) -> Chart:
    """Weights (N, H, W) as tiles that answer a click, blue below zero, red above.

    Args:
        pictures: one filter each; NaN is left empty.
        limit: where blue and red are full, see ``colour_limit``.
        t: the reader's language.
        title: what they are, in the reader's language.
        caption: the words under them.
        names: what each is called under the pointer.
        first: the number of the first; a click tells ``first`` and upwards.
        chosen: the number of the one to frame.
    """
    count, height, width = pictures.shape
    columns = mosaic_columns(count)
    rows = math.ceil(count / columns)
    weights = tile(pictures.astype(np.float32), columns, fill=np.nan)
    room = min(_MOSAIC_WIDTH * rows / columns, rows * _WIDEST_TILE)
    places = [(number // columns, number % columns) for number in range(count)]
    return figure(
        title,
        [
            _cells(weights, limit, hoverinfo="skip"),
            targets(
                [column * (width + 1) + (width - 1) / 2 for _, column in places],
                [row * (height + 1) - 0.5 for row, _ in places],
                [first + number for number in range(count)],
                [_hover(name, picture, t) for name, picture in zip(names, pictures, strict=True)],
                width=width,
                height=height,
                chosen=0,
            ),
        ],
        uirevision="tiles",
        barmode="overlay",
        height=_TITLE_ROOM + _BAR_ROOM + round(room),
        margin=margin(top=_TITLE_ROOM, bottom=_BAR_ROOM),
        plot_bgcolor=_MAT,
        shapes=[
            shape
            for number, (row, column) in enumerate(places)
            if first + number == chosen
            for shape in _frame(row * (height + 1), column * (width + 1), height, width)
        ],
        **pixel_axes(
            bare(caption),
            numbered_rows(rows, columns, height, first),
            weights.shape[1],
            weights.shape[0],
        ),
    )


def class_templates(templates: Floats, limit: float, t: Translator, *, title: str) -> Chart:
    """One template a class, (10, 28, 28), its digit above each; scale as in ``weight_tiles``."""
    columns = 5
    spread = np.pad(templates.astype(np.float32), ((0, 0), (5, 0), (0, 0)), constant_values=np.nan)
    weights = tile(spread, columns, fill=np.nan)
    side = templates.shape[1]
    labels = [
        {
            "text": strong(f"<b>{digit}</b>"),
            "showarrow": False,
            "font": {"size": LABEL_SIZE + 1},
            "x": digit % columns * (side + 1) + (side - 1) / 2,
            "y": digit // columns * (side + 6) + 2,
        }
        for digit in range(len(templates))
    ]
    said = t("row") + " %{y}, " + t("column") + " %{x}: %{z:.3f}<extra></extra>"
    return figure(
        title,
        [_cells(weights, limit, hovertemplate=said)],
        uirevision="templates",
        height=_TITLE_ROOM + _BAR_ROOM + 230,
        margin=margin(top=_TITLE_ROOM, bottom=_BAR_ROOM),
        annotations=labels,
        **pixel_axes(
            bare(t("red pixels speak for the class, blue ones against it")),
            bare(),
            weights.shape[1],
            weights.shape[0],
        ),
    )


def kernel_numbers(kernel: Floats, limit: float, t: Translator, *, title: str) -> Chart:
    """One kernel (H, W) enlarged; its weights are written into it where there is room."""
    rows, columns = kernel.shape
    written = max(rows, columns) <= MOST_NUMBERS
    said = t("row") + " %{y}, " + t("column") + " %{x}: %{z:.4f}<extra></extra>"
    cells = _cells(
        kernel,
        limit,
        hovertemplate=said,
        xgap=1,
        ygap=1,
        texttemplate="%{z:+.2f}" if written else None,
        textfont={"size": LABEL_SIZE + 1},
    )
    return figure(
        title,
        [cells],
        uirevision="kernel",
        height=_TITLE_ROOM + _BAR_ROOM + 250,
        margin=margin(top=_TITLE_ROOM, bottom=_BAR_ROOM),
        **pixel_axes(
            bare(t("{rows}x{columns} weights", rows=rows, columns=columns)), bare(), columns, rows
        ),
    )


def edge_chart(
    angles: Sequence[float],
    responses: Mapping[str, npt.ArrayLike],
    edges: Mapping[int, Picture],
    t: Translator,
    *,
    title: str,
) -> Chart:
    """What filters make of an edge at each angle, a line each; the last stands out.

    Args:
        angles: degrees; an edge becomes bright towards its angle, 0 is right, 90 up.
        responses: by name in the reader's language, weighted sums (as many as angles). Two at
            most.
        edges: pictures of some of the edges by their angle, for the axis.
        t: the reader's language.
        title: what it shows.
    """
    height = 300 + _EDGE_ROOM
    styles = [(GREY_BLUE, "dash", "circle-open"), (VERMILLION, "solid", "circle")]
    lines = [
        _line(angles, values, name, style)
        for (name, values), style in zip(responses.items(), styles[-len(responses) :], strict=True)
    ]
    bottom = LEGEND_ROOM + _EDGE_ROOM
    return figure(
        title,
        lines,
        height=height,
        uirevision="edges",
        showlegend=True,
        legend=legend_below(),
        margin=margin(bottom=bottom),
        images=_edge_pictures(edges, height - _TITLE_ROOM - bottom),
        xaxis=axis(
            t("angle that the edge gets bright towards (degrees)"),
            standoff=_EDGE_ROOM + 4,
            range=[-14, max(angles) + 14],
            tickvals=list(edges),
            showgrid=False,
            automargin=False,
            ticktext=[f"{angle}°" for angle in edges],
        ),
        yaxis=axis(t("weighted sum"), zeroline=True, zerolinecolor=GREY_BLUE),
    )


def digit_responses(means: npt.ArrayLike, t: Translator, *, title: str) -> Chart:
    """The mean response to the images of each digit (10,), the largest in another colour."""
    values = np.asarray(means, np.float64)
    top = int(np.nanargmax(values)) if np.isfinite(values).any() else -1
    bars = trace(
        "bar",
        x=list(range(DIGITS)),
        y=values,
        marker={"color": [VERMILLION if digit == top else BLUE for digit in range(DIGITS)]},
        hovertemplate=t("digit") + " %{x}: %{y:.4f}<extra></extra>",
    )
    return figure(
        title,
        [bars],
        height=240,
        uirevision="digits",
        bargap=0.25,
        xaxis=axis(t("digit"), dtick=1, showgrid=False, range=[-0.6, DIGITS - 0.4]),
        yaxis=axis(t("mean response"), zeroline=True, zerolinecolor=GREY_BLUE),
    )


def exciting_digits(found: Sequence[Exciting]) -> str:
    """Digits in rows that wrap, as HTML; over each that has a box, what the box holds, enlarged."""
    style = "display:flex; flex-wrap:wrap; gap:10px; margin:0 0 8px;"
    return f'<div style="{style}">{"".join(_shown(one) for one in found)}</div>'


def _cells(weights: Floats, limit: float, **settings: Any) -> Trace:
    return trace(
        "heatmap",
        z=weights.astype(np.float32),
        zmin=-limit,
        zmax=limit,
        colorscale=colours("RdBu_r"),
        hoverongaps=False,
        colorbar=colour_bar(limit),
        **settings,
    )


def _hover(name: str, picture: Floats, t: Translator) -> str:
    return t(
        "{name}: weights {least} to {most}",
        name=name,
        least=signed(picture.min()),
        most=signed(picture.max()),
    )


def _frame(top: int, left: int, height: int, width: int) -> list[dict[str, Any]]:
    """A frame round a tile, whose upper left pixel is given."""
    return frame_round((left - 0.5, top - 0.5, left + width - 0.5, top + height - 0.5))


def _line(
    angles: Sequence[float], values: npt.ArrayLike, name: str, style: tuple[str, str, str]
) -> Trace:
    colour, dash, symbol = style
    return trace(
        "scatter",
        x=list(angles),
        y=np.asarray(values, np.float64),
        name=name,
        mode="lines+markers",
        line={"color": colour, "dash": dash, "width": 2},
        marker={"color": colour, "symbol": symbol, "size": 6},
        hovertemplate=f"%{{x}}°: %{{y:.3f}}<extra>{html.escape(name)}</extra>",
    )


def _edge_pictures(edges: Mapping[int, Picture], plot: int) -> list[dict[str, Any]]:
    """The edges between the axis's numbers and its title; ``plot`` is the plot's height."""
    return [
        {
            "source": data_uri(enlarge(_framed(picture), 2)),
            "sizing": "contain",
            "x": angle,
            "xref": "x",
            "xanchor": "center",
            "sizex": 40,
            "layer": "above",
            "y": -22 / plot,
            "yref": "paper",
            "yanchor": "top",
            "sizey": (_EDGE_ROOM - 4) / plot,
        }
        for angle, picture in edges.items()
    ]


def _framed(picture: Picture) -> Picture:
    """A grey edge round a picture: its white would run into a light page, its black into a dark."""
    return np.pad(picture, 1, constant_values=128)


def _shown(one: Exciting) -> str:
    label, small = html.escape(one.label), html.escape(one.small)
    pictures = [_boxed(one.digit, one.box)]
    if one.box is not None:
        top, left, side = one.box
        pictures.insert(0, _enlarged(one.digit[top : top + side, left : left + side]))
    style = (
        "display:block; width:64px; height:64px; margin:0 0 4px; image-rendering:pixelated; "
        f"outline:1px solid {GREY_BLUE};"  # a patch may be as white as the page
    )
    images = "".join(
        f'<img src="{data_uri(picture)}" alt="{label}, {small}" style="{style}">'
        for picture in pictures
    )
    return (
        f'<figure style="margin:0; width:64px; text-align:center;">{images}'
        f'<figcaption style="font-size:0.85rem; line-height:1.25;">{label}'
        f'<div style="font-size:0.75rem;">{small}</div></figcaption></figure>'
    )


def _enlarged(picture: Picture) -> Picture:
    return enlarge(picture, max(1, math.ceil(_TILE_PIXELS / len(picture))))


def _boxed(digit: Picture, box: Box | None) -> Picture:
    """A digit as RGB, four pixels for each, with the square's outline around its pixels."""
    factor = _TILE_PIXELS // len(digit)
    large = np.repeat(enlarge(digit, factor)[..., np.newaxis], 3, axis=2)
    if box is None:
        return large
    top, left, side = (factor * value for value in box)
    low, high = max(0, top - 2), min(len(large), top + side + 2)
    near, far = max(0, left - 2), min(len(large), left + side + 2)
    part = large[low:high, near:far]
    for line in (part[:2], part[-2:], part[:, :2], part[:, -2:]):
        line[:] = tuple(bytes.fromhex(VERMILLION[1:]))
    return large
