"""What all charts share: the figure, its axes, lines, legend and colour bar, and the colours.

A chart is transparent, so that it stands on the page's own background, light or dark; it takes its
text colour from the page's theme, has a fixed height, and cannot be dragged, so that a finger
scrolls the page. Colours are those of Okabe and Ito, "Color Universal Design" (2008), chosen among
them to keep a contrast of 3:1 on white and on Streamlit's dark page.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from plotly.colors import get_colorscale

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
GREY_BLUE = "#7B8EA3"
CLEAR = "rgba(0,0,0,0)"
TEXT_SIZE, LABEL_SIZE, SMALL_SIZE = 14, 12, 12  # pixels; axes are read from the back row
TITLE_CELLS = 40  # half-width characters of a title's line on a phone
TITLE_LINE = 22  # pixels
TITLE_ROOM = 40  # pixels over a chart's plot
BAR_ROOM = 78  # pixels under a picture with a colour bar: its caption and the bar
LEGEND_ROOM = 100  # pixels under a chart with a legend: axis, its title, and the legend

Trace = dict[str, Any]  # a trace of a figure, as Plotly's JSON has it
Floats = npt.NDArray[np.floating[Any]]

_TITLE = {
    "font": {"size": 17},
    "x": 0,
    "xanchor": "left",
    "y": 1,
    "yanchor": "top",
    "yref": "container",
}
_LEGEND = {  # in rows along the figure's lower edge
    "orientation": "h",
    "x": 0,
    "xanchor": "left",
    "y": 0,
    "yanchor": "bottom",
    "yref": "container",
}


@dataclass(frozen=True, eq=False)
class Chart:
    """A figure as Plotly's JSON has it: its traces, its layout, and what it shows in words.

    It is sent to the browser unchecked: that Plotly checks every value takes longer than all else
    about a chart. The tests check it.
    """

    traces: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]
    alt: str


def figure(
    title: str,
    traces: Sequence[Trace],
    *,
    height: int,
    alt: str = "",
    title_cells: int = TITLE_CELLS,
    legend_room: int = 0,
    **layout: Any,
) -> Chart:
    """The figure that every chart is; ``layout`` adds to the common layout or replaces it.

    Args:
        title: in the reader's language. With more than ``title_cells`` half-width characters, too
            long for a phone, it gets a second line, and the figure the room for it.
        traces: as ``trace`` makes them.
        height: pixels.
        alt: what it shows, for those who do not see it; without it the title does.
        title_cells: half-width characters that one line holds.
        legend_room: pixels under the plot for its axis and a legend; without it there is none.
        layout: as in Plotly's JSON.
    """
    lines = title_lines(title, title_cells)
    more = TITLE_LINE * (len(lines) - 1)
    if legend_room:
        layout["legend"] = _LEGEND | layout.get("legend", {})
    room: dict[str, int] = layout.pop("margin", margin(bottom=legend_room or 8))
    common: dict[str, Any] = {
        "title": {"text": "<br>".join(lines), **_TITLE, "pad": {"t": 8 + more // 2}},
        "height": height + more,
        "margin": room | {"t": room["t"] + more},
        # Plotly takes these from the paper, which is clear: white icons on a white page.
        "modebar": {"bgcolor": CLEAR, "color": GREY_BLUE, "activecolor": VERMILLION},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"size": TEXT_SIZE},
        "dragmode": False,
        "uirevision": "digitlab",
        "showlegend": legend_room > 0,
        "hovermode": "closest",
    }
    return Chart(traces, common | layout, alt or title)


def title_lines(title: str, most: int) -> list[str]:
    """``title`` in one line, or in two of about equal length if it has more than ``most`` cells.

    It is broken after a colon or comma, else at a space; Chinese and Japanese characters are two
    cells wide.
    """
    if _cells(title) <= most:
        return [title]
    places = [found.end() for found in re.finditer(r"[:,] |[：、]", title[:-1])]
    places = places or [found.end() for found in re.finditer(" ", title)]
    if not places:
        return [title]
    place = min(places, key=lambda at: max(_cells(title[:at]), _cells(title[at:])))
    return [title[:place].rstrip(), title[place:]]


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def trace(kind: str, **settings: Any) -> Trace:
    """A trace, "bar" or "scatter" say, as Plotly's JSON has it; what is None is left out."""
    return {"type": kind} | {name: value for name, value in settings.items() if value is not None}


def line(
    x: Any,
    y: Any,
    name: str,
    colour: str,
    *,
    hover: str,
    mode: str = "lines",
    width: float = 2,
    dash: str | None = None,
    symbol: str | None = None,
    size: int = 7,
    **settings: Any,
) -> Trace:
    """A line, its points marked or not; ``x`` and ``y`` are sequences (N,), None a gap.

    ``hover`` is Plotly's template for the words under the pointer, ``width`` and ``size`` (of the
    markers) are in pixels, ``settings`` is added to the trace.
    """
    style = {"color": colour, "width": width} | ({"dash": dash} if dash else {})
    marker = {"color": colour, "size": size} | ({"symbol": symbol} if symbol else {})
    return trace(
        "scatter",
        x=x,
        y=y,
        name=name,
        mode=mode,
        line=style,
        marker=marker,
        hovertemplate=hover,
        **settings,
    )


def error_bars(
    above: Sequence[float], below: Sequence[float], colour: str, *, width: int
) -> dict[str, Any]:
    """Error bars (N,) up and down from a trace's values; ``width`` of their ends in pixels."""
    return {
        "type": "data",
        "symmetric": False,
        "array": list(above),
        "arrayminus": list(below),
        "color": colour,
        "thickness": 2,
        "width": width,
    }


def margin(*, side: int = 8, top: int = TITLE_ROOM, bottom: int = 8) -> dict[str, int]:
    """The room round a chart's plot, in pixels."""
    return {"l": side, "r": side, "t": top, "b": bottom, "pad": 0}


def colour_bar(
    values: Sequence[float], labels: Sequence[str], *, length: int = 280, **settings: Any
) -> dict[str, Any]:
    """A colour bar along the figure's lower edge, ``length`` pixels, with labels at ``values``."""
    return {
        "orientation": "h",
        "thickness": 10,
        "lenmode": "pixels",
        "len": length,
        "outlinewidth": 0,
        "x": 0.5,
        "xanchor": "center",
        "y": 0,
        "yanchor": "bottom",
        "yref": "container",
        "tickvals": list(values),
        "ticktext": list(labels),
        "tickfont": {"size": SMALL_SIZE},
    } | settings


@functools.cache
def named_scale(name: str) -> list[list[Any]]:
    """The colour scale that Plotly's Python calls so: the browser knows only some of its names."""
    scale: list[list[Any]] = get_colorscale(name)
    return scale


def axis(title: str, *, standoff: int = 6, **settings: Any) -> dict[str, Any]:
    """An axis with a title, which makes its own room."""
    return {
        "title": {"text": title, "standoff": standoff, "font": {"size": TEXT_SIZE}},
        "tickfont": {"size": TEXT_SIZE},  # Streamlit's own template has 12
        "automargin": True,
        "zeroline": False,
        "ticklabelstandoff": 4,
    } | settings


def bare(title: str = "", **settings: Any) -> dict[str, Any]:
    """An axis of a picture: no ticks, no grid; its title serves as the caption."""
    hidden: dict[str, Any] = {
        "showgrid": False,
        "showticklabels": False,
        "ticks": "",
        "showline": False,
    }
    return axis(title, **(hidden | {"automargin": bool(title)} | settings))


def pixel_axes(
    x: Mapping[str, Any], y: Mapping[str, Any], width: int, height: int
) -> dict[str, Any]:
    """Axes of ``width`` x ``height`` square pixels in the middle of the figure, rows downwards."""
    across = {"range": [-0.5, width - 0.5], "constrain": "domain", "constraintoward": "center"}
    down = {"range": [height - 0.5, -0.5], "constrain": "domain", "constraintoward": "middle"}
    return {"xaxis": {**x, **across}, "yaxis": {**y, **down, "scaleanchor": "x"}}


def strong(text: str) -> str:
    """``text`` of an annotation in the page's own colour: Streamlit's is a fainter grey."""
    return f'<span style="color:currentColor">{text}</span>'


def faint(colour: str, opacity: float) -> str:
    """``colour``, "#RRGGBB", with an opacity: 0 is transparent, 1 is full."""
    red, green, blue = bytes.fromhex(colour[1:])
    return f"rgba({red},{green},{blue},{opacity})"


def box(
    left: float, top: float, right: float, bottom: float, *, layer: str, **settings: Any
) -> dict[str, Any]:
    """A rectangle in the axes' units; ``layer`` is "above" or "below" the traces."""
    sides = {"x0": left, "x1": right, "y0": top, "y1": bottom}
    return {"type": "rect", "layer": layer, "line": {"width": 0}} | sides | settings
