"""Cells of a sweep over three or more fields: each a line that crosses one axis a field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from digitlab.charts import frame
from digitlab.charts.sweep import shade, wrapped

_SPREAD = 0.14  # of an axis's height: how far apart lines lie that share a value
_PLATE = "rgba(60,68,80,0.85)"


@dataclass(frozen=True)
class Coordinate:
    """One upright axis of parallel coordinates: where each line crosses it, 0 to 1, and its ticks.

    A None is a line that has no value there; it is not drawn.
    """

    name: str
    places: Sequence[float | None]
    ticks: Sequence[tuple[float, str]]


def parallel_coordinates(
    title: str, coordinates: Sequence[Coordinate], names: Sequence[str]
) -> frame.Chart:
    """Each cell a line through its value on every axis, coloured by where it ends on the last.

    ``names`` tells the lines when pointed at. Axes are those of A. Inselberg, "The plane with
    parallel coordinates", 1985.
    """
    xs = list(range(len(coordinates)))
    drawn = [
        places for places in zip(*_apart(coordinates), names, strict=True) if None not in places
    ]
    uprights = [
        frame.trace(
            "scatter",
            x=[x, x],
            y=[-_SPREAD / 2, 1 + _SPREAD / 2],
            mode="lines",
            hoverinfo="skip",
            line={"color": frame.faint(frame.GREY_BLUE, 0.7), "width": 1},
        )
        for x in xs
    ]
    lines = [
        frame.line(
            xs,
            places,
            name,
            shade(places[-1]),
            hover=f"{name}<extra></extra>",
            mode="lines+markers",
            size=5,
        )
        for *places, name in drawn
    ]
    # Each on a plate of its own, left of its axis: lines pass behind it.
    tick_labels = [
        {
            "x": x,
            "y": height,
            "text": text,
            "xanchor": "right",
            "xshift": -5,
            "showarrow": False,
            "bgcolor": _PLATE,
            "borderpad": 2,
            "font": {"size": frame.LABEL_SIZE, "color": "#FFFFFF"},
        }
        for x, each in enumerate(coordinates)
        for height, text in each.ticks
    ]
    return frame.figure(
        title,
        [*uprights, *lines],
        height=440,
        uirevision="sweep-parallel",
        margin=frame.margin(side=34, bottom=16),
        annotations=tick_labels,
        xaxis={
            "tickvals": xs,
            "ticktext": [wrapped(each.name) for each in coordinates],
            "range": [-0.4, len(xs) - 0.9],
            "showgrid": False,
            "zeroline": False,
            "tickfont": {"size": frame.LABEL_SIZE},
            "automargin": True,
            "ticklabeloverflow": "allow",
        },
        yaxis={"visible": False, "range": [-_SPREAD, 1 + _SPREAD]},
    )


def _apart(coordinates: Sequence[Coordinate]) -> list[list[float | None]]:
    """The places on each axis; lines that share one lie side by side, in the last axis's order."""
    *fields, result = coordinates
    return [*(_fanned(each.places, result.places) for each in fields), list(result.places)]


def _fanned(places: Sequence[float | None], results: Sequence[float | None]) -> list[float | None]:
    moved: list[float | None] = [None] * len(places)
    for place in {place for place in places if place is not None}:
        lines = [number for number, other in enumerate(places) if other == place]
        lines = sorted(
            (n for n in lines if results[n] is not None), key=lambda n: results[n] or 0.0
        )
        for rank, number in enumerate(lines):
            moved[number] = place + _SPREAD * ((rank + 0.5) / len(lines) - 0.5)
    return moved
