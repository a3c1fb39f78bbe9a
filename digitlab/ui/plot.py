"""Every chart of the lab is drawn here: Plotly's settings, and words for who does not see it."""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from digitlab.charts.frame import Chart
from digitlab.messages import Translator

_PLOTLY_JA = {
    "Zoom": "拡大",
    "Pan": "移動",
    "Zoom in": "拡大",
    "Zoom out": "縮小",
    "Autoscale": "全体を表示",
    "Reset axes": "軸を元に戻す",
    "Download plot as a PNG": "PNGで保存",
    "Double-click to zoom back out": "ダブルクリックで元の範囲に戻る",
}

# Five tools are left, which leave the title free: what they did, zoom and reset do as well.
_LEFT_OUT = ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"]

# What Plotly.js calls the numbers of an array that is sent as its bytes.
_NUMBERS = {"f4", "f8", "i1", "i2", "i4", "u1", "u2", "u4"}


def draw(
    chart: Chart,
    t: Translator,
    *,
    key: str | None = None,
    tools: bool = False,
    on_select: Literal["ignore"] | Callable[[], None] = "ignore",
) -> None:
    """Draw a chart at this place of the page, under the widget's name ``key``.

    With ``tools``, Plotly's zoom and download appear over it: not over a chart that is redrawn
    while one looks, nor over a picture. ``on_select`` is called after a click on one of its points.
    """
    st.plotly_chart(
        as_it_is(chart),
        key=key,
        on_select=on_select,
        selection_mode="points",
        config={
            "displaylogo": False,
            "displayModeBar": "hover" if tools else False,
            "modeBarButtonsToRemove": _LEFT_OUT,
            "locale": t.language,
            "locales": {"ja": {"dictionary": _PLOTLY_JA, "format": {}}},
        },
        alt=chart.alt,
    )


def as_it_is(chart: Chart) -> go.Figure:
    """The figure that Streamlit is given: it is sent without being checked."""
    return _AsItIs(chart)


class _AsItIs(go.Figure):  # type: ignore[misc]
    """A chart that is sent as it is: Plotly would check and copy every value of it first.

    Streamlit asks a figure for nothing but its ``to_dict``.
    """

    def __init__(self, chart: Chart) -> None:
        self.__dict__["_chart"] = chart

    def to_dict(self) -> dict[str, Any]:
        """The figure's JSON, with Streamlit's template as any figure has it."""
        chart: Chart = self.__dict__["_chart"]
        return {
            "data": [
                {
                    name: _bytes(value) if isinstance(value, np.ndarray) else value
                    for name, value in trace.items()
                }
                for trace in chart.traces
            ],
            "layout": {"template": _template(), **chart.layout},
        }


@functools.cache
def _template() -> dict[str, Any]:
    template: dict[str, Any] = go.Figure().to_dict()["layout"].get("template", {})
    return template


def _bytes(array: np.ndarray[Any, Any]) -> Any:
    """An array as Plotly.js's typed array, or as a list where it knows no such numbers.

    Its bytes are a quarter of the length of its numbers as text.
    """
    small = array.astype(np.int32) if array.dtype.kind == "i" else array
    kind = f"{small.dtype.kind}{small.dtype.itemsize}"
    if kind not in _NUMBERS or not array.size:
        return array.tolist()
    data = base64.b64encode(small.tobytes()).decode("ascii")
    shape = {"shape": ", ".join(map(str, small.shape))} if small.ndim > 1 else {}
    return {"dtype": kind, "bdata": data, **shape}
