"""Cells of a sweep over three or more fields: each a line that crosses one axis a field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from digitlab.charts.frame import GREY_BLUE, LABEL_SIZE, Chart, Trace, faint, figure, margin, trace
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
) -> Chart:
    """Each cell a line through its value on every axis, coloured by where it ends on the last.

    ``names`` tells the lines when pointed at. Axes are those of A. Inselberg, "The plane with
    parallel coordinates", 1985.
    """
    xs = list(range(len(coordinates)))
    drawn = [line for line in zip(*_apart(coordinates), names, strict=True) if None not in line]
    return figure(
        title,
        [*_uprights(coordinates), *(_line(xs, line[:-1], line[-1]) for line in drawn)],
        height=440,
        uirevision="sweep-parallel",
        margin=margin(side=34, bottom=16),
        annotations=_tick_labels(coordinates),
        xaxis={
            "tickvals": xs,
            "ticktext": [wrapped(each.name) for each in coordinates],
            "range": [-0.4, len(xs) - 0.9],
            "showgrid": False,
            "zeroline": False,
            "tickfont": {"size": LABEL_SIZE},
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


def _line(xs: Sequence[int], places: Sequence[float], name: str) -> Trace:
    return trace(
        "scatter",
        x=list(xs),
        y=list(places),
        mode="lines+markers",
        name=name,
        line={"color": shade(places[-1]), "width": 2},
        marker={"size": 5},
        hovertemplate=f"{name}<extra></extra>",
    )


def _uprights(coordinates: Sequence[Coordinate]) -> list[Trace]:
    return [
        trace(
            "scatter",
            x=[place, place],
            y=[-_SPREAD / 2, 1 + _SPREAD / 2],
            mode="lines",
            hoverinfo="skip",
            line={"color": faint(GREY_BLUE, 0.7), "width": 1},
        )
        for place in range(len(coordinates))
    ]


def _tick_labels(coordinates: Sequence[Coordinate]) -> list[dict[str, Any]]:
    """Each on a plate of its own, left of its axis: lines pass behind it."""
    return [
        {
            "x": place,
            "y": height,
            "text": text,
            "xanchor": "right",
            "xshift": -5,
            "showarrow": False,
            "bgcolor": _PLATE,
            "borderpad": 2,
            "font": {"size": LABEL_SIZE, "color": "#FFFFFF"},
        }
        for place, each in enumerate(coordinates)
        for height, text in each.ticks
    ]
