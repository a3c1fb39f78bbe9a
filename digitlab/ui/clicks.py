"""A chart that answers a click: what lay under it, or nothing."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from digitlab.messages import Translator
from digitlab.ui.run_panel import chart_config


def chart(figure: go.Figure, key: str, t: Translator) -> Any | None:
    """Draw a figure made with ``charts.targets``; returns the value of the place clicked last.

    None before the first click. The value comes back from the browser: check it before use.
    """
    event: Any = st.plotly_chart(
        figure, key=key, on_select="rerun", selection_mode="points",
        config=chart_config(t, live=True),
    )  # fmt: skip
    try:
        return event["selection"]["points"][0]["customdata"][0]
    except (KeyError, IndexError, TypeError):
        return None


def place(figure: go.Figure, key: str, t: Translator, count: int) -> int | None:
    """The same where the values are whole numbers from 0 to ``count`` - 1."""
    found = chart(figure, key, t)
    fits = isinstance(found, int) and not isinstance(found, bool) and 0 <= found < count
    return found if fits else None
