"""Drawing and reading: the canvas or a picture on one side, the answer on the other."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit_drawable_canvas import st_canvas

from digitlab import charts, drawing
from digitlab.drawing import Drawing
from digitlab.messages import LabError, Message, Translator, message
from digitlab.network import Network
from digitlab.ui import shell
from digitlab.ui.run_panel import chart_config

CANVAS_SIDE = 320
_PEN_WIDTH = 18


@st.fragment
def show(network: Network, t: Translator) -> None:
    """The canvas and what ``network`` reads there; only this part runs again at pen-up."""
    with shell.sentences(t):
        _show(network, t)


def _show(network: Network, t: Translator) -> None:
    left, right = st.columns([2, 3], gap="large")
    with left:
        how = st.segmented_control(
            t("What to read"), ["canvas", "picture"], default="canvas", required=True, key="how",
            format_func={"canvas": t("My drawing"), "picture": t("A picture file")}.__getitem__,
            label_visibility="collapsed",
        )  # fmt: skip
        found = _canvas(t) if how == "canvas" else _picture(t)
    with right:
        if isinstance(found, Message):
            st.info(t(found))
        else:
            _answer(found, network, t)


def _canvas(t: Translator) -> Drawing | Message:
    """The drawing on the canvas, or what to say instead."""
    sheet = st.session_state.setdefault("sheet", 0)
    result = st_canvas(
        stroke_width=_PEN_WIDTH, stroke_color="#FFFFFF", background_color="#000000",
        width=CANVAS_SIDE, height=CANVAS_SIDE, key=f"canvas-{sheet}",
    )  # fmt: skip
    if st.button(t("Clear"), icon=":material/delete:"):
        st.session_state["sheet"] += 1
        st.rerun(scope="fragment")
    return _read(lambda: drawing.from_strokes(drawing.strokes_from_canvas(result.json_data)), t)


def _picture(t: Translator) -> Drawing | Message:
    """The drawing in an uploaded file, or what to say instead."""
    file = st.file_uploader(t("A PNG or JPEG picture of one digit, up to 2 MB"), key="picture")
    st.caption(t("Dark on light or light on dark, by pen or by screen: both are read."))
    if file is None:
        return message("Choose a picture, and the network reads it.")
    return _read(lambda: drawing.from_image(file.getvalue()), t)


def _read(make: Any, t: Translator) -> Drawing | Message:
    try:
        made: Drawing = make()
    except drawing.NothingDrawnError as error:
        return error.message
    except LabError as error:
        return error.message
    return made


def _answer(found: Drawing, network: Network, t: Translator) -> None:
    prediction = network.read(found.digit)
    st.markdown(f"## {_sentence(prediction.digit, prediction.certainty, t)}")
    figure = charts.probabilities(prediction.probabilities, t)
    st.plotly_chart(figure, key="probabilities", config=chart_config(t, live=True))
    seen = charts.digit(found.digit, t, title=t("What the network sees: 28x28 pixels"), height=300)
    st.plotly_chart(seen, key="seen", config=chart_config(t, live=True))


def _sentence(digit: int, certainty: float, t: Translator) -> str:
    shown = f"{min(certainty, 0.999):.1%}" if certainty < 0.9995 else "> 99.9%"
    if certainty >= 0.9:
        return t("It is a {digit} ({certainty}).", digit=digit, certainty=shown)
    if certainty >= 0.5:
        return t("Probably a {digit} ({certainty}).", digit=digit, certainty=shown)
    return t("Hard to say; perhaps a {digit} ({certainty}).", digit=digit, certainty=shown)
