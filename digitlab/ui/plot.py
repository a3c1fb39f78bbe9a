"""Every chart of the lab is drawn here: Plotly's settings, and words for who does not see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import plotly.graph_objects as go
import streamlit as st

from digitlab.messages import Translator

_PLOTLY_JA = {
    "Zoom": "拡大", "Pan": "移動", "Zoom in": "拡大", "Zoom out": "縮小", "Autoscale": "全体を表示",
    "Reset axes": "軸を元に戻す", "Download plot as a PNG": "PNGで保存",
    "Double-click to zoom back out": "ダブルクリックで元の範囲に戻る",
}  # fmt: skip


def draw(
    figure: go.Figure,
    t: Translator,
    *,
    key: str | None = None,
    tools: bool = False,
    on_select: Literal["ignore", "rerun"] | Callable[[], None] = "ignore",
) -> None:
    """Draw a figure of ``charts`` at this place of the page.

    Args:
        figure: the chart; its ``alt`` is read to those who do not see it.
        t: the reader's language.
        key: the widget's name.
        tools: whether Plotly's own, zoom and download, appear over it: not over a chart that is
            redrawn while one looks, nor over a picture.
        on_select: what a click on one of its points does, as ``st.plotly_chart`` has it.
    """
    st.plotly_chart(
        figure, key=key, on_select=on_select, selection_mode="points",
        config=_config(t, tools), alt=figure.layout.meta["alt"],
    )  # fmt: skip


def _config(t: Translator, tools: bool) -> dict[str, Any]:
    return {
        "displaylogo": False,
        "displayModeBar": "hover" if tools else False,
        "modeBarButtonsToRemove": ["select2d", "lasso2d"],
        "locale": t.language,
        "locales": {"ja": {"dictionary": _PLOTLY_JA, "format": {}}},
    }
