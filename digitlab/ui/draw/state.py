"""What the Draw page remembers in a session."""

from __future__ import annotations

from typing import Any

from digitlab.messages import Message
from digitlab.ui.session import SessionValue

ANSWER = "answer"  # the container that is a live region

# The canvas. A sheet is {"number": of how many, "objects": as the canvas names what lies on it}.
CANVAS = SessionValue[Any]("canvas", None)
SHEET = SessionValue[dict[str, Any]]("start", {"number": 0, "objects": []})  # put there by us
DRAWN = SessionValue[Any]("drawn", None)  # sent by the browser: untrusted
PEN_WIDTH = SessionValue("pen-width", 18)  # pixels of the canvas
PAPER = SessionValue[str | None]("paper", None)
CHOSEN_PAPER = SessionValue[str | None]("chosen-paper", None)  # None: the theme's

# What is read: "sheet" or "picture", a file, or the printed 6 in place of one.
SOURCE = SessionValue("how", "sheet")
PICTURE_FILE = "picture"
PRINTED_SIX = SessionValue("borrowed", False)

# Keeping a drawing: the digit that was meant, and what to say of one that has just been kept.
MEANT = SessionValue[int | None]("meant", None)
KEPT_NOTE = SessionValue[Message | None]("kept-note", None)

WHY = SessionValue[str | None]("why", None)  # the view that is open
READERS_RUN = "readers-run"


def step(name: str) -> SessionValue[bool]:
    """Whether a step from a drawing to a digit is switched on."""
    return SessionValue(f"step-{name}", True)
