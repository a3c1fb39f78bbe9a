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
    ends = [-_SPREAD / 2, 1 + _SPREAD / 2]
    thin = {"color": frame.faint(frame.GREY_BLUE, 0.7), "width": 1}
    traces = [
        frame.trace("scatter", x=[x, x], y=ends, mode="lines", hoverinfo="skip", line=thin)
        for x in xs
    ]
    *fields, result = (each.places for each in coordinates)
    for *places, name in zip(*(_fanned(f, result) for f in fields), result, names, strict=True):
        if None not in places:
            hover, colour = f"{name}<extra></extra>", shade(places[-1])
            mode = "lines+markers"
            traces.append(frame.line(xs, places, name, colour, hover=hover, mode=mode, size=5))
    # Each on a plate of its own, left of its axis: lines pass behind it.
    plate = {"bgcolor": _PLATE, "borderpad": 2, "xanchor": "right", "xshift": -5}
    font = {"size": frame.LABEL_SIZE, "color": "#FFFFFF"}
    tick_labels = [
        {"x": x, "y": height, "text": text, "showarrow": False, "font": font} | plate
        for x, each in enumerate(coordinates)
        for height, text in each.ticks
    ]
    axis_names = [wrapped(each.name) for each in coordinates]
    return frame.figure(
        title,
        traces,
        height=440,
        uirevision="sweep-parallel",
        margin=frame.margin(side=34, bottom=16),
        annotations=tick_labels,
        xaxis={
            "tickvals": xs,
            "ticktext": axis_names,
            "range": [-0.4, len(xs) - 0.9],
            "showgrid": False,
            "zeroline": False,
            "tickfont": {"size": frame.LABEL_SIZE},
            "automargin": True,
            "ticklabeloverflow": "allow",
        },
        yaxis={"visible": False, "range": [-_SPREAD, 1 + _SPREAD]},
    )


def _fanned(places: Sequence[float | None], results: Sequence[float | None]) -> list[float | None]:
    """The places on an axis; lines that share one lie side by side, in their results' order."""
    moved: list[float | None] = [None] * len(places)
    for place in {place for place in places if place is not None}:
        sharing = [
            (result, number)
            for number, (other, result) in enumerate(zip(places, results, strict=True))
            if other == place and result is not None
        ]
        for rank, (_, number) in enumerate(sorted(sharing)):
            moved[number] = place + _SPREAD * ((rank + 0.5) / len(sharing) - 0.5)
    return moved
