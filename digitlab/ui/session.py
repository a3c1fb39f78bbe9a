"""What a page remembers between two runs of its script, typed: Streamlit's session state.

A page whose files share values names them in its ``state.py``; the others, and the keys of widgets
that nothing reads or sets from elsewhere, stand where they are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st

from digitlab.drawing import Picture

T = TypeVar("T")


@dataclass(frozen=True)
class SessionValue(Generic[T]):
    """A value that a browser session keeps under ``key``; a widget with this key shows and sets it.

    ``default`` is what it is until something is set. Streamlit forgets the value of a widget that
    a run does not draw.
    """

    key: str
    default: T

    def get(self) -> T:
        """The value in this session."""
        value: T = st.session_state.get(self.key, self.default)
        return value

    def set(self, value: T) -> None:
        """Set it; of a widget, only before it is drawn or in a callback."""
        st.session_state[self.key] = value

    def begin(self) -> str:
        """Set the default where nothing is set; returns the key, for the widget to be drawn."""
        st.session_state.setdefault(self.key, self.default)
        return self.key

    def take(self) -> T:
        """The value, which is the default again after this."""
        value: T = st.session_state.pop(self.key, self.default)
        return value

    @property
    def known(self) -> bool:
        """Whether something is set, the default or another value."""
        return self.key in st.session_state


# The last drawing as the network saw it, uint8 (28, 28): of the Draw page, for the others.
LAST_DRAWING = SessionValue[Picture | None]("last-drawing", None)
