"""The visitor's last drawing, which the Draw page leaves for the others."""

from __future__ import annotations

from digitlab.drawing import Picture
from digitlab.ui.session import SessionValue

_LAST = SessionValue[Picture | None]("last-drawing", None)


def put(digit: Picture) -> None:
    """Keep a drawing as the network saw it, uint8 (28, 28)."""
    _LAST.set(digit)


def last() -> Picture | None:
    """The drawing kept last in this session."""
    return _LAST.get()
