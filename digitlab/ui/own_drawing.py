"""The visitor's last drawing, which the Draw page leaves for the others."""

from __future__ import annotations

import streamlit as st

from digitlab.drawing import Picture

_KEY = "last-drawing"


def put(digit: Picture) -> None:
    """Keep a drawing as the network saw it, uint8 (28, 28)."""
    st.session_state[_KEY] = digit


def last() -> Picture | None:
    """The drawing kept last in this session."""
    found: Picture | None = st.session_state.get(_KEY)
    return found
