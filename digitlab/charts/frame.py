"""What all charts share: the figure they stand in, its axes and its colours.

All stand on the page's own background, light or dark, take their text colour from the page's
theme, keep one height, and leave the finger to the page: nothing drags. Colours are those of Okabe
and Ito, "Color Universal Design" (2008), chosen among them to keep a contrast of 3:1 on white and
on Streamlit's dark page.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plotly.colors import get_colorscale

if TYPE_CHECKING:
    import plotly.graph_objects as go

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
GREY_BLUE = "#7B8EA3"
CLEAR = "rgba(0,0,0,0)"
TEXT_SIZE, LABEL_SIZE, SMALL_SIZE = 14, 12, 12  # pixels; axes are read from the back row
TITLE_CELLS = 40  # half-width characters of a title's line on a phone
TITLE_LINE = 22  # pixels
LEGEND_ROOM = 100  # pixels under a chart with a legend: axis, its title, and the legend

Trace = dict[str, Any]  # of a figure, as Plotly's JSON has it

_TITLE = {
    "font": {"size": 17},
    "x": 0,
    "xanchor": "left",
    "y": 1,
    "yanchor": "top",
    "yref": "container",
}


@dataclass(frozen=True, eq=False)
class Chart:
    """A figure as Plotly's JSON has it: its traces, its layout, and what it shows in words.

    To the browser it goes as it is. ``figure`` is the same checked by Plotly, value for value,
    which takes longer than all else about a chart: the tests look at that one.
    """

    traces: Sequence[Mapping[str, Any]]
    settings: Mapping[str, Any]
    alt: str

    @functools.cached_property
    def figure(self) -> go.Figure:
        """The checked figure.

        Raises:
            ValueError: Plotly knows no such property, or it may not have this value.
        """
        import plotly.graph_objects as go

        return go.Figure(data=list(self.traces), layout=dict(self.settings))

    @property
    def data(self) -> Any:
        """The checked traces."""
        return self.figure.data

    @property
    def layout(self) -> Any:
        """The checked layout."""
        return self.figure.layout


def figure(
    title: str,
    traces: Sequence[Any],
    *,
    height: int,
    alt: str = "",
    title_cells: int = TITLE_CELLS,
    **layout: Any,
) -> Chart:
    """A figure as all charts here are; ``layout`` adds to it or replaces.

    ``alt`` tells those who do not see it what it shows, in the reader's language; without it the
    title does. A title of more than ``title_cells`` half-width characters, too long for a phone,
    gets a second line, and the figure the room for it.
    """
    lines = title_lines(title, title_cells)
    more = TITLE_LINE * (len(lines) - 1)
    room: dict[str, int] = layout.pop("margin", margin())
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
        "showlegend": False,
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


@functools.cache
def colours(name: str) -> list[list[Any]]:
    """The colour scale that Plotly's Python calls so: the browser knows only some of its names."""
    scale: list[list[Any]] = get_colorscale(name)
    return scale


def margin(*, side: int = 8, top: int = 40, bottom: int = 8) -> dict[str, int]:
    """The room round a chart's plot, in pixels; its title needs 40 above."""
    return {"l": side, "r": side, "t": top, "b": bottom, "pad": 0}


def legend_below(**settings: Any) -> dict[str, Any]:
    """A legend in rows along the figure's lower edge; it takes ``LEGEND_ROOM``."""
    return {
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "y": 0,
        "yanchor": "bottom",
        "yref": "container",
    } | settings


def axis(title: str, *, standoff: int = 6, **settings: Any) -> dict[str, Any]:
    """An axis with a title, which makes its own room."""
    words = {"text": title, "standoff": standoff, "font": {"size": TEXT_SIZE}}
    return {
        "title": words,
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
    """Axes that keep pixels square, in the middle of the figure; rows count downwards."""
    across = {"range": [-0.5, width - 0.5], "constrain": "domain", "constraintoward": "center"}
    down = {"range": [height - 0.5, -0.5], "constrain": "domain", "constraintoward": "middle"}
    return {"xaxis": {**x, **across}, "yaxis": {**y, **down, "scaleanchor": "x"}}


def strong(text: str) -> str:
    """``text`` of a note in the page's own colour: Streamlit writes notes in a fainter grey."""
    return f'<span style="color:currentColor">{text}</span>'


def faint(colour: str, opacity: float) -> str:
    """``colour``, "#RRGGBB", seen through: 0 is clear, 1 is full."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
