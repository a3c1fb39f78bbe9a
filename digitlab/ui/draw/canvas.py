"""The sheet of paper: streamlit-drawable-canvas, with an undo and a clear of our own.

The package's toolbar cannot be switched off, and takes strokes and taps at the sheet's upper right
even where it is not seen. So its component is defined again: its own script and style sheet, in
``sheet.html`` and driven by ``sheet.js``. Undo and Clear act there, in the browser; the server
puts a drawing on the sheet and is told what lies on it.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import streamlit as st
import streamlit_drawable_canvas
from streamlit_drawable_canvas import st_canvas

from digitlab import drawing
from digitlab.drawing import Strokes, examples
from digitlab.drawing.examples import Example
from digitlab.messages import Translator, mark
from digitlab.ui.session import SessionValue

SIDE = 320  # the sheet's own pixels; on a narrow page it is shown smaller
_THINNEST, _THICKEST = 6, 36  # pixels of the canvas
# Ink and ground. Which is chosen changes nothing for the network: it is given the strokes.
_PAPERS = {
    "dark": (mark("white on black"), "#FFFFFF", "#000000"),
    "light": (mark("black on white"), "#000000", "#FFFFFF"),
}

PEN_WIDTH = SessionValue("pen-width", 18)  # pixels of the canvas
_PAPER = SessionValue[str | None]("paper", None)
_CHOSEN_PAPER = SessionValue[str | None]("chosen-paper", None)  # None: the theme's
_CANVAS = SessionValue[Any]("canvas", None)
# A sheet is {"number": of how many, "objects": as the canvas names what lies on it}.
_SHEET = SessionValue[dict[str, Any]]("start", {"number": 0, "objects": []})  # put there by us
_DRAWN = SessionValue[Any]("drawn", None)  # sent by the browser: untrusted

_PACKAGE = "streamlit-drawable-canvas.streamlit_drawable_canvas"
_HERE = Path(__file__).parent
(_MODULE,) = Path(streamlit_drawable_canvas.__file__).parent.glob("frontend/build/index-*.js")

# Streamlit warns of a component that is defined twice; this one is so on purpose.
logging.getLogger("streamlit.components.v2.component_registry").addFilter(
    lambda record: _PACKAGE not in (record.args or ())
)
_component = st.components.v2.component(
    _PACKAGE,
    html=(_HERE / "sheet.html").read_text(encoding="utf-8"),
    css="index-*.css",
    js=(_HERE / "sheet.js").read_text(encoding="utf-8"),
)
streamlit_drawable_canvas.out = lambda **settings: _component(**settings | {"width": "stretch"})


def show(t: Translator) -> Strokes:
    """Draw the sheet and its tools; returns the strokes on it, (n, 2) in canvas pixels.

    Raises:
        DrawingError: the browser sent something that is no drawing.
    """
    paper = _paper()
    _, ink, ground = _PAPERS[paper]
    words = {  # by the names that ``sheet.js`` knows
        "undo": t("Undo"),
        "clear": t("Clear"),
        "sheet": t("The sheet: draw a digit here with a mouse, a pen or a finger."),
        "empty": t("It is empty."),
        "strokes": t("Strokes on it: {count}.", count="#"),
    }
    start = _SHEET.get()
    if not _CANVAS.known:  # back from another page, or from a picture file
        start = start | {"objects": _objects()}
        _SHEET.set(start)
    try:
        result = st_canvas(
            stroke_width=PEN_WIDTH.get(),
            stroke_color=ink,
            background_color=ground,
            key=_CANVAS.key,
            initial_drawing=start | {"module": _MODULE.name, "words": words},
            width=SIDE,
            height=SIDE,
        )
    except (AttributeError, TypeError, KeyError) as error:  # not what a canvas sends
        raise drawing.broken() from error
    drawn = result.json_data
    if isinstance(drawn, dict) and drawn.get("number", start["number"]) != start["number"]:
        drawn = start  # the browser has not taken the new drawing yet
    _DRAWN.set(drawn)
    _pen_and_paper(paper, t)
    return drawing.strokes_from_canvas(drawn)


def put(example: Example) -> None:
    """Take a new sheet with an example on it; Undo brings back what was on the one before."""
    ink = _PAPERS[_paper()][1]
    objects = examples.to_canvas(example.on_canvas(SIDE), ink, PEN_WIDTH.get())
    sheet = {"number": _SHEET.get()["number"] + 1, "objects": objects}
    _SHEET.set(sheet)
    _DRAWN.set(sheet)


def _pen_and_paper(paper: str, t: Translator) -> None:
    with st.popover(t("Pen and paper"), icon=":material/brush:"):
        st.slider(t("Pen width (pixels)"), _THINNEST, _THICKEST, key=PEN_WIDTH.begin())
        _PAPER.set(paper)
        st.segmented_control(
            t("Paper"),
            list(_PAPERS),
            key=_PAPER.key,
            required=True,
            on_change=lambda: _CHOSEN_PAPER.set(_PAPER.get()),
            format_func=lambda name: t(_PAPERS[name][0]),
        )
        st.caption(t("Neither changes what the network sees: it is given your strokes."))


def _paper() -> str:
    """The paper chosen, else the one that goes with the theme."""
    themed = "light" if st.context.theme.type == "light" else "dark"
    chosen = _CHOSEN_PAPER.get()
    return chosen if chosen in _PAPERS else themed


def _objects() -> list[Any]:
    """What lies on the sheet, as the canvas names it; nothing where it sent no drawing."""
    drawn = _DRAWN.get()
    objects = drawn.get("objects") if isinstance(drawn, dict) else None
    return [o for o in objects if isinstance(o, dict)] if isinstance(objects, list) else []
