"""A chart that answers a click: what lay under it, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from digitlab.charts.frame import Chart
from digitlab.messages import Translator
from digitlab.ui import browser, plot
from digitlab.ui.session import SessionValue


def answer(
    figure: Chart,
    key: str,
    t: Translator,
    count: int,
    act: Callable[[int], None],
    *,
    shows: str = "",
) -> None:
    """Draw a figure made with ``click_targets``; a click calls ``act`` with its whole number.

    ``act`` runs before the page or fragment does, so the figure itself can show what was clicked,
    in one run. A click whose value is not from 0 to ``count`` - 1 is passed over. ``shows`` is the
    key of what answers, which a phone scrolls to.
    """

    clicks = SessionValue(f"{key}-clicks", 0)

    def clicked() -> None:
        clicks.set(clicks.get() + 1)
        found = _number(st.session_state.get(key), count)
        if found is not None:
            act(found)

    plot.draw(figure, t, key=key, on_select=clicked)
    if shows:
        browser.reveal(shows, key, clicks.get())


def place(figure: Chart, key: str, t: Translator, count: int, *, shows: str = "") -> int | None:
    """Draw a figure as ``answer`` does; returns the whole number of the last click.

    None before the first click, and where the number is not from 0 to ``count`` - 1: it comes back
    from the browser.
    """
    answer(figure, key, t, count, lambda _: None, shows=shows)
    return _number(st.session_state.get(key), count)


def _number(event: Any, count: int) -> int | None:
    try:
        found = event["selection"]["points"][0]["customdata"][0]
    except (KeyError, IndexError, TypeError):
        return None
    whole = isinstance(found, int) and not isinstance(found, bool)
    return found if whole and 0 <= found < count else None
