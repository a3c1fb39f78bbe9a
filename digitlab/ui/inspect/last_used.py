"""Two ways to choose one thing, a picture to click and a widget: what was used last holds."""

from __future__ import annotations

import streamlit as st

from digitlab.charts.frame import Chart
from digitlab.messages import Translator
from digitlab.ui import clicks


def place(
    figure: Chart, key: str, t: Translator, count: int, *, shows: str = "opened-sample"
) -> int | None:
    """The place of ``figure`` clicked since ``forget(key)``, from 0 to ``count`` - 1.

    ``shows`` is the key of what answers the click, which a phone scrolls to.
    """
    return clicks.place(figure, f"{key}-{_turn(key)}", t, count, shows=shows)


def forget(key: str) -> None:
    """A widget was used: what was clicked before does not hold any more, nor is it marked."""
    st.session_state[_name(key)] = _turn(key) + 1


def _turn(key: str) -> int:
    turn: int = st.session_state.get(_name(key), 0)
    return turn


def _name(key: str) -> str:
    return f"{key}-turn"
