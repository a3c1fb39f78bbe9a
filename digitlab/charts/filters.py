"""Filters: tiles to click, templates of the classes, a kernel in numbers, edges at all angles."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from digitlab.charts import frame
from digitlab.charts.frame import GREY_BLUE, LEGEND_ROOM, VERMILLION, Chart, Floats
from digitlab.charts.number_tables import signed_text
from digitlab.charts.pixels import (
    MOSAIC_WIDTH,
    mosaic_columns,
    mosaic_picture,
    picture,
    signed_heatmap,
)
from digitlab.messages import Translator
from digitlab.pictures import data_uri, enlarge, tile

MOST_NUMBERS = 7  # rows and columns of a kernel whose weights can be written into it

_WIDEST_TILE = 110  # pixels
_TEMPLATE_COLUMNS = 5
_EDGE_ROOM = 30  # pixels under the edge chart's axis for the pictures of edges


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
    """Weights (N, H, W) as tiles that answer a click, blue below zero, red above; NaN is empty.

    Blue and red are full at ``limit``, see ``colour_limit``. A click tells a tile's number,
    ``first`` and upwards; the tile ``chosen`` gets a frame, ``names`` are under the pointer.
    """
    columns = mosaic_columns(len(pictures))
    rows = -(-len(pictures) // columns)
    weights = tile(pictures.astype(np.float32), columns, fill=np.nan)
    said = t("{name}: weights {least} to {most}")
    hovers = [
        said.format(name=name, least=signed_text(kernel.min()), most=signed_text(kernel.max()))
        for name, kernel in zip(names, pictures, strict=True)
    ]
    return mosaic_picture(
        title,
        signed_heatmap(weights, limit, "", hoverongaps=False),
        pictures.shape,
        columns,
        hovers,
        first=first,
        chosen=chosen,
        caption=caption,
        plot=round(min(MOSAIC_WIDTH * rows / columns, rows * _WIDEST_TILE)),
        uirevision="tiles",
    )


def class_templates(templates: Floats, limit: float, t: Translator, *, title: str) -> Chart:
    """One template a class, (10, 28, 28), its digit above each; scale as in ``weight_tiles``."""
    spread = np.pad(templates.astype(np.float32), ((0, 0), (5, 0), (0, 0)), constant_values=np.nan)
    weights = tile(spread, _TEMPLATE_COLUMNS, fill=np.nan)
    side = templates.shape[1]
    digits = []
    for digit in range(len(templates)):
        row, column = divmod(digit, _TEMPLATE_COLUMNS)
        middle = column * (side + 1) + (side - 1) / 2
        digits.append(frame.note(f"<b>{digit}</b>", middle, row * (side + 6) + 2, 13))
    said = t("row") + " %{y}, " + t("column") + " %{x}: %{z:.3f}"
    return picture(
        title,
        [signed_heatmap(weights, limit, said, hoverongaps=False)],
        (weights.shape[1], weights.shape[0]),
        caption=t("red pixels speak for the class, blue ones against it"),
        plot=230,
        uirevision="templates",
        annotations=digits,
    )


def kernel_numbers(kernel: Floats, limit: float, t: Translator, *, title: str) -> Chart:
    """One kernel (H, W) enlarged; its weights are written into it where there is room."""
    rows, columns = kernel.shape
    texts = [[signed_text(weight) for weight in row] for row in kernel.tolist()]
    written = frame.numbers(texts, gap=1, size=13)
    if max(rows, columns) > MOST_NUMBERS:
        del written["texttemplate"]
    said = t("row") + " %{y}, " + t("column") + " %{x}: %{z:.4f}"
    cells = signed_heatmap(kernel.astype(np.float32), limit, said, **written)
    caption = t("{rows}x{columns} weights", rows=rows, columns=columns)
    return picture(title, [cells], (columns, rows), caption=caption, plot=250, uirevision="kernel")


def edge_chart(
    angles: Sequence[float],
    responses: Mapping[str, npt.ArrayLike],
    edges: Mapping[int, npt.NDArray[np.uint8]],
    t: Translator,
    *,
    title: str,
) -> Chart:
    """What filters make of an edge at each angle, a line each; the last stands out.

    Args:
        angles: degrees; an edge becomes bright towards its angle, 0 is right, 90 up.
        responses: by name, weighted sums (as many as angles). Two at most.
        edges: pictures (H, W) uint8 of some of the edges by their angle, for the axis.
    """
    height, bottom = 300 + _EDGE_ROOM, LEGEND_ROOM + _EDGE_ROOM
    styles = [(GREY_BLUE, "dash", "circle-open"), (VERMILLION, "solid", "circle")]
    lines = []
    for (name, values), (colour, dash, symbol) in zip(
        responses.items(), styles[-len(responses) :], strict=True
    ):
        hover = f"%{{x}}°: %{{y:.3f}}<extra>{html.escape(name)}</extra>"
        look: frame.Settings = {"mode": "lines+markers", "dash": dash, "symbol": symbol}
        sums = np.asarray(values, np.float64)
        lines.append(frame.line(list(angles), sums, name, colour, hover=hover, size=6, **look))
    plot = height - frame.TITLE_ROOM - bottom
    images = []
    for angle, edge in edges.items():
        # A grey frame: its white would run into a light page, its black into a dark one.
        source = data_uri(enlarge(np.pad(edge, 1, constant_values=128), 2))
        # Between the axis's numbers and its title.
        place = {"xanchor": "center", "yref": "paper", "yanchor": "top", "layer": "above"}
        images.append(
            frame.image(source, angle, -22 / plot, (40, (_EDGE_ROOM - 4) / plot), **place)
        )
    ticks = {"tickvals": list(edges), "ticktext": [f"{angle}°" for angle in edges]}
    return frame.figure(
        title,
        lines,
        height=height,
        uirevision="edges",
        legend_room=bottom,
        images=images,
        xaxis=frame.axis(
            t("angle that the edge gets bright towards (degrees)"),
            standoff=_EDGE_ROOM + 4,
            range=[-14, max(angles) + 14],
            showgrid=False,
            automargin=False,
            **ticks,
        ),
        yaxis=frame.axis(t("weighted sum"), zeroline=True, zerolinecolor=GREY_BLUE),
    )
