"""The sheet of paper: drawing, undoing and clearing."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit_drawable_canvas import st_canvas

from digitlab import drawing
from digitlab.drawing import Strokes, examples
from digitlab.drawing.examples import Example
from digitlab.messages import Translator, mark

SIDE = 320  # fits a phone of 360 pixels
_THINNEST, _USUAL, _THICKEST = 6, 18, 36
# Ink and ground. Which is chosen changes nothing for the network: it is given the strokes.
_PAPERS = {
    "dark": (mark("white on black"), "#FFFFFF", "#000000"),
    "light": (mark("black on white"), "#000000", "#FFFFFF"),
}


def show(t: Translator) -> Strokes:
    """Draw the sheet and its tools; returns the strokes on it, (n, 2) in canvas pixels.

    Raises:
        DrawingError: the browser sent something that is no drawing.
    """
    paper, width = _paper(), pen_width()
    key = f"canvas-{st.session_state.setdefault('sheet', 0)}"
    if key not in st.session_state:  # a new sheet, or back from another page
        st.session_state["start"] = st.session_state.get("drawn")
    _, ink, ground = _PAPERS[paper]
    try:
        result = st_canvas(
            stroke_width=width, stroke_color=ink, background_color=ground, key=key,
            initial_drawing=st.session_state["start"], width=SIDE, height=SIDE,
        )  # fmt: skip
    except (AttributeError, TypeError, KeyError) as error:  # not what a canvas sends
        raise drawing.broken() from error
    st.session_state["drawn"] = result.json_data
    _tools(paper, t)
    return drawing.strokes_from_canvas(result.json_data)


def put(example: Example) -> None:
    """Take a new sheet with an example on it."""
    ink = _PAPERS[_paper()][1]
    _begin(examples.to_canvas(example.on_canvas(SIDE), ink, pen_width()))


def pen_width() -> int:
    """The pen chosen, in pixels of the canvas."""
    return int(st.session_state.get("pen-width", _USUAL))


def _tools(paper: str, t: Translator) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(t("Undo"), icon=":material/undo:", on_click=_undo, disabled=not _objects())
        st.button(t("Clear"), icon=":material/delete:", on_click=_begin, args=([],))
        with st.popover(t("Pen and paper"), icon=":material/brush:"):
            st.session_state.setdefault("pen-width", _USUAL)
            st.slider(t("Pen width (pixels)"), _THINNEST, _THICKEST, key="pen-width")
            st.session_state["paper"] = paper
            st.segmented_control(
                t("Paper"), list(_PAPERS), key="paper", required=True, on_change=_change_paper,
                format_func=lambda name: t(_PAPERS[name][0]),
            )  # fmt: skip
            st.caption(t("Neither changes what the network sees: it is given your strokes."))


def _paper() -> str:
    """The paper chosen, else the one that goes with the theme."""
    themed = "light" if st.context.theme.type == "light" else "dark"
    chosen = st.session_state.get("chosen-paper", themed)
    return chosen if chosen in _PAPERS else themed


def _change_paper() -> None:
    st.session_state["chosen-paper"] = chosen = st.session_state["paper"]
    ink = _PAPERS[chosen][1]
    _begin([thing | {"stroke": ink} for thing in _objects()])


def _objects() -> list[dict[str, Any]]:
    """What lies on the sheet, as the canvas names it; nothing where it sent no drawing."""
    drawn = st.session_state.get("drawn")
    objects = drawn.get("objects") if isinstance(drawn, dict) else None
    return [o for o in objects if isinstance(o, dict)] if isinstance(objects, list) else []


def _undo() -> None:
    _begin(_objects()[:-1])


def _begin(objects: list[dict[str, Any]]) -> None:
    """Take a new sheet with these things on it."""
    st.session_state["drawn"] = {"objects": objects}
    st.session_state["sheet"] = st.session_state.get("sheet", 0) + 1
