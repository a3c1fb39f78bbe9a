"""Filters: tiles to click, templates of the classes, a kernel in numbers, edges at all angles."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.charts import frame
from digitlab.charts.frame import GREY_BLUE, LEGEND_ROOM, VERMILLION, Chart, Floats
from digitlab.charts.number_tables import signed_text
from digitlab.charts.pixels import (
    MOSAIC_WIDTH,
    Mosaic,
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
    mosaic = Mosaic(count, mosaic_columns(count), height, width)
    weights = tile(pictures.astype(np.float32), mosaic.columns, fill=np.nan)
    said = t("{name}: weights {least} to {most}")
    return mosaic_picture(
        title,
        signed_heatmap(weights, limit, f"{limit:.2g}", hoverongaps=False, hoverinfo="skip"),
        mosaic,
        [
            said.format(
                name=name, least=signed_text(weights.min()), most=signed_text(weights.max())
            )
            for name, weights in zip(names, pictures, strict=True)
        ],
        caption=caption,
        plot=round(min(MOSAIC_WIDTH * mosaic.rows / mosaic.columns, mosaic.rows * _WIDEST_TILE)),
        first=first,
        chosen=chosen,
        uirevision="tiles",
    )


def class_templates(templates: Floats, limit: float, t: Translator, *, title: str) -> Chart:
    """One template a class, (10, 28, 28), its digit above each; scale as in ``weight_tiles``."""
    columns = _TEMPLATE_COLUMNS
    spread = np.pad(templates.astype(np.float32), ((0, 0), (5, 0), (0, 0)), constant_values=np.nan)
    weights = tile(spread, columns, fill=np.nan)
    side = templates.shape[1]
    digits = [
        {
            "text": frame.strong(f"<b>{digit}</b>"),
            "showarrow": False,
            "font": {"size": frame.LABEL_SIZE + 1},
            "x": digit % columns * (side + 1) + (side - 1) / 2,
            "y": digit // columns * (side + 6) + 2,
        }
        for digit in range(len(templates))
    ]
    said = t("row") + " %{y}, " + t("column") + " %{x}: %{z:.3f}<extra></extra>"
    return picture(
        title,
        [signed_heatmap(weights, limit, f"{limit:.2g}", hoverongaps=False, hovertemplate=said)],
        (weights.shape[1], weights.shape[0]),
        caption=t("red pixels speak for the class, blue ones against it"),
        plot=230,
        uirevision="templates",
        annotations=digits,
    )


def kernel_numbers(kernel: Floats, limit: float, t: Translator, *, title: str) -> Chart:
    """One kernel (H, W) enlarged; its weights are written into it where there is room."""
    rows, columns = kernel.shape
    cells = signed_heatmap(
        kernel.astype(np.float32),
        limit,
        f"{limit:.2g}",
        hoverongaps=False,
        hovertemplate=t("row") + " %{y}, " + t("column") + " %{x}: %{z:.4f}<extra></extra>",
        xgap=1,
        ygap=1,
        text=[[signed_text(weight) for weight in row] for row in kernel.tolist()],
        texttemplate="%{text}" if max(rows, columns) <= MOST_NUMBERS else None,
        textfont={"size": frame.LABEL_SIZE + 1},
    )
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
        responses: by name in the reader's language, weighted sums (as many as angles). Two at
            most.
        edges: pictures (H, W) uint8 of some of the edges by their angle, for the axis.
        t: the reader's language.
        title: what it shows.
    """
    height, bottom = 300 + _EDGE_ROOM, LEGEND_ROOM + _EDGE_ROOM
    styles = [(GREY_BLUE, "dash", "circle-open"), (VERMILLION, "solid", "circle")]
    lines = [
        frame.line(
            list(angles),
            np.asarray(values, np.float64),
            name,
            colour,
            hover=f"%{{x}}°: %{{y:.3f}}<extra>{html.escape(name)}</extra>",
            mode="lines+markers",
            dash=dash,
            symbol=symbol,
            size=6,
        )
        for (name, values), (colour, dash, symbol) in zip(
            responses.items(), styles[-len(responses) :], strict=True
        )
    ]
    return frame.figure(
        title,
        lines,
        height=height,
        uirevision="edges",
        legend_room=bottom,
        images=_edge_images(edges, height - frame.TITLE_ROOM - bottom),
        xaxis=frame.axis(
            t("angle that the edge gets bright towards (degrees)"),
            standoff=_EDGE_ROOM + 4,
            range=[-14, max(angles) + 14],
            tickvals=list(edges),
            showgrid=False,
            automargin=False,
            ticktext=[f"{angle}°" for angle in edges],
        ),
        yaxis=frame.axis(t("weighted sum"), zeroline=True, zerolinecolor=GREY_BLUE),
    )


def _edge_images(edges: Mapping[int, npt.NDArray[np.uint8]], plot: int) -> list[dict[str, Any]]:
    """The edges between the axis's numbers and its title; ``plot`` is the plot's height.

    Each has a grey frame: its white would run into a light page, its black into a dark one.
    """
    return [
        {
            "source": data_uri(enlarge(np.pad(edge, 1, constant_values=128), 2)),
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
        for angle, edge in edges.items()
    ]
