"""A chart that answers a click: what lay under it, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from digitlab.messages import Translator
from digitlab.ui.run_panel import chart_config


def answer(
    figure: go.Figure, key: str, t: Translator, count: int, act: Callable[[int], None]
) -> None:
    """Draw a figure made with ``charts.targets``; a click calls ``act`` with its whole number.

    ``act`` runs before the page or fragment does, so the figure itself can show what was clicked,
    in one run. A click whose value is not from 0 to ``count`` - 1 is passed over.
    """

    def clicked() -> None:
        found = _first(st.session_state.get(key))
        if found is not None and _fits(found, count):
            act(int(found))

    st.plotly_chart(
        figure, key=key, on_select=clicked, selection_mode="points",
        config=chart_config(t, live=True),
    )  # fmt: skip


def chart(figure: go.Figure, key: str, t: Translator) -> Any | None:
    """Draw a figure made with ``charts.targets``; returns the value of the place clicked last.

    None before the first click. The value comes back from the browser: check it before use.
    """
    event: Any = st.plotly_chart(
        figure, key=key, on_select="rerun", selection_mode="points",
        config=chart_config(t, live=True),
    )  # fmt: skip
    return _first(event)


def place(figure: go.Figure, key: str, t: Translator, count: int) -> int | None:
    """The same where the values are whole numbers from 0 to ``count`` - 1."""
    found = chart(figure, key, t)
    return found if _fits(found, count) else None


def _first(event: Any) -> Any | None:
    try:
        return event["selection"]["points"][0]["customdata"][0]
    except (KeyError, IndexError, TypeError):
        return None


def _fits(found: Any, count: int) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and 0 <= found < count
