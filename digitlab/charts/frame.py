"""What all charts share: the figure, its axes, traces, legend, colour bar and colours, and clicks.

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
TEXT_SIZE, LABEL_SIZE = 14, 12  # pixels; axes are read from the back row
TITLE_LINE = 22  # pixels
TITLE_ROOM = 40  # pixels over a chart's plot
BAR_ROOM = 78  # pixels under a picture with a colour bar: its caption and the bar
LEGEND_ROOM = 100  # pixels under a chart with a legend: axis, its title, and the legend

Settings = dict[str, Any]  # a part of a figure, as Plotly's JSON has it
Trace = Settings
Floats = npt.NDArray[np.floating[Any]]

_LEFT = {"x": 0, "xanchor": "left", "yref": "container"}
_BELOW = {"y": 0, "yanchor": "bottom", "yref": "container"}  # along the figure's lower edge


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
    title_cells: int = 40,
    legend_room: int = 0,
    **layout: Any,
) -> Chart:
    """The figure that every chart is; ``layout`` adds to the common layout or replaces it.

    A title of more than ``title_cells`` half-width characters, by default a line on a phone, gets a
    second line, and the figure the room for it. ``height`` and ``legend_room``, that of the axis
    and a legend under the plot (0: no legend), are in pixels. ``alt`` is what the figure shows, for
    those who do not see it; without it the title is.
    """
    lines = title_lines(title, title_cells)
    more = TITLE_LINE * (len(lines) - 1)
    if legend_room:
        layout["legend"] = _LEFT | _BELOW | {"orientation": "h"} | layout.get("legend", {})
    room: dict[str, int] = layout.pop("margin", margin(bottom=legend_room or 8))
    top = {"font": {"size": 17}, "y": 1, "yanchor": "top", "pad": {"t": 8 + more // 2}}
    common: Settings = {
        "title": {"text": "<br>".join(lines)} | _LEFT | top,
        "height": height + more,
        "margin": room | {"t": room["t"] + more},
        # Plotly takes these from the paper, which is clear: white icons on a white page.
        "modebar": {"bgcolor": CLEAR, "color": GREY_BLUE, "activecolor": VERMILLION},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"size": TEXT_SIZE},
        "dragmode": False,
        "showlegend": legend_room > 0,
        "hovermode": "closest",
    }
    return Chart(traces, common | layout, alt or title)


def title_lines(title: str, most: int) -> list[str]:
    """``title`` in one line, or in two of about equal length if it has more than ``most`` cells.

    It is broken after a colon or comma, else at a space; Chinese and Japanese characters are two
    cells wide.
    """

    def cells(text: str) -> int:
        return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)

    places = [found.end() for found in re.finditer(r"[:,] |[：、]", title[:-1])]
    places = places or [found.end() for found in re.finditer(" ", title)]
    if cells(title) <= most or not places:
        return [title]
    place = min(places, key=lambda at: max(cells(title[:at]), cells(title[at:])))
    return [title[:place].rstrip(), title[place:]]


def margin(*, side: int = 8, top: int = TITLE_ROOM, bottom: int = 8) -> dict[str, int]:
    """The room round a chart's plot, in pixels."""
    return {"l": side, "r": side, "t": top, "b": bottom, "pad": 0}


def axis(title: str, **settings: Any) -> Settings:
    """An axis with a title, which makes its own room; ``standoff``, pixels, is the title's."""
    standoff = settings.pop("standoff", 6)
    return {
        "title": {"text": title, "standoff": standoff, "font": {"size": TEXT_SIZE}},
        "tickfont": {"size": TEXT_SIZE},  # Streamlit's own template has 12
        "automargin": True,
        "zeroline": False,
        "ticklabelstandoff": 4,
    } | settings


def bare(title: str = "", **settings: Any) -> Settings:
    """An axis of a picture: no ticks, no grid; its title serves as the caption."""
    hidden = {"showgrid": False, "showticklabels": False, "ticks": "", "showline": False}
    return axis(title, **(hidden | {"automargin": bool(title)} | settings))


def colour_bar(
    values: Sequence[float], labels: Sequence[str], *, length: int = 280, **settings: Any
) -> Settings:
    """A colour bar along the figure's lower edge, ``length`` pixels, with labels at ``values``."""
    ticks = {"tickvals": list(values), "ticktext": list(labels), "tickfont": {"size": LABEL_SIZE}}
    form = {"orientation": "h", "thickness": 10, "lenmode": "pixels", "len": length}
    return _BELOW | form | ticks | {"outlinewidth": 0, "x": 0.5, "xanchor": "center"} | settings


@functools.cache
def named_scale(name: str) -> list[list[Any]]:
    """The colour scale that Plotly's Python calls so: the browser knows only some of its names."""
    scale: list[list[Any]] = get_colorscale(name)
    return scale


def faint(colour: str, opacity: float) -> str:
    """``colour``, "#RRGGBB", with an opacity: 0 is transparent, 1 is full."""
    red, green, blue = bytes.fromhex(colour[1:])
    return f"rgba({red},{green},{blue},{opacity})"


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
    look = {"mode": mode, "line": style, "marker": marker, "hovertemplate": hover}
    return trace("scatter", x=x, y=y, name=name, **look, **settings)


def heatmap(
    z: Any, ends: tuple[float, float], colours: list[list[Any]], hover: str, **settings: Any
) -> Trace:
    """Cells of values ``z`` (H, W), None or NaN a gap, in ``colours`` from one end to the other.

    ``hover`` is Plotly's template for the words under the pointer, "" for none.
    """
    words = {"hovertemplate": f"{hover}<extra></extra>"} if hover else {"hoverinfo": "skip"}
    low, high = ends
    return trace("heatmap", z=z, zmin=low, zmax=high, colorscale=colours, **words, **settings)


def numbers(texts: list[list[str]], *, gap: int, size: int = LABEL_SIZE, **font: Any) -> Settings:
    """What makes a heatmap have these texts in its cells, ``gap`` pixels between them."""
    words = {"text": texts, "texttemplate": "%{text}", "textfont": {"size": size} | font}
    return words | {"xgap": gap, "ygap": gap, "hoverongaps": False}


def bar_labels(texts: Sequence[str] | None) -> Settings:
    """What makes a trace of bars have these texts over them, upright and in one size."""
    upright = {"textangle": 0, "cliponaxis": False, "constraintext": "none"}
    place = "outside" if texts else "none"
    return upright | {"text": texts, "textposition": place, "textfont": {"size": LABEL_SIZE}}


def error_bars(
    above: Sequence[float], below: Sequence[float], colour: str, *, width: int
) -> Settings:
    """Error bars (N,) up and down from a trace's values; ``width`` of their ends in pixels."""
    reach = {"type": "data", "symmetric": False, "array": above, "arrayminus": below}
    return reach | {"color": colour, "thickness": 2, "width": width}


def click_targets(
    columns: Sequence[float],
    rows: Sequence[float],
    values: Sequence[Any],
    hover: Sequence[str],
    *,
    width: float = 1.0,
    height: float = 1.0,
    chosen: float = 0,
) -> Trace:
    """Transparent bars over N places of a picture; a click on one of them tells its value.

    Streamlit hears of no click on a heatmap or picture, but of one on bars; they grow with the
    picture, as markers would not. A figure that holds them needs ``barmode="overlay"``.

    Args:
        columns: the middle of each place along x, in the axis's units.
        rows: the upper edge of each place along y, on an axis that counts downwards.
        values: what a click tells, one JSON value a place (``customdata``).
        hover: what the pointer finds at each place.
        width, height: of every place, in the axes' units.
        chosen: opacity, 0 to 1, of the colour over the place clicked last.
    """
    return trace(
        "bar",
        x=np.array(columns),
        width=width,
        base=np.array(rows),
        y=np.full(len(values), height),
        marker={"color": GREY_BLUE, "opacity": 0},
        selected={"marker": {"opacity": chosen, "color": VERMILLION}},
        unselected={"marker": {"opacity": 0}},
        customdata=[[value] for value in values],
        hovertext=list(hover),
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )


def box(
    left: float, top: float, right: float, bottom: float, *, layer: str, **settings: Any
) -> Settings:
    """A rectangle in the axes' units; ``layer`` is "above" or "below" the traces."""
    sides = {"x0": left, "x1": right, "y0": top, "y1": bottom}
    return {"type": "rect", "layer": layer, "line": {"width": 0}} | sides | settings


def outline(left: float, top: float, right: float, bottom: float) -> list[Settings]:
    """A dark line with a light edge, seen on every colour, round the open place (axes' units)."""
    lines = ({"color": "#FFFFFF", "width": 6}, {"color": "#000000", "width": 3})
    return [box(left, top, right, bottom, layer="above", line=line) for line in lines]


def note(text: str, x: float, y: float, size: int = LABEL_SIZE, **settings: Any) -> Settings:
    """Words at a point, ``size`` pixels, in the page's own colour: Streamlit's grey is fainter."""
    strong = f'<span style="color:currentColor">{text}</span>'
    return {"text": strong, "x": x, "y": y, "showarrow": False, "font": {"size": size}} | settings


def image(source: str, x: float, y: float, size: tuple[float, float], **settings: Any) -> Settings:
    """An image of ``size`` (width, height), its top left at a point; all in the axes' units."""
    place = {"xref": "x", "x": x, "yref": "y", "y": y, "sizex": size[0], "sizey": size[1]}
    return {"source": source, "sizing": "contain", "layer": "below"} | place | settings
