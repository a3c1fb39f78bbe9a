"""Drawing and reading: the canvas or a picture on one side, the answer on the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st
from streamlit_drawable_canvas import st_canvas

from digitlab import charts, drawing
from digitlab.config import DIGITS, IMAGE_SIZE
from digitlab.drawing import Drawing
from digitlab.messages import LabError, Translator, message
from digitlab.network import Floats, Network, Prediction
from digitlab.ui import shell
from digitlab.ui.run_panel import chart_config

CANVAS_SIDE = 320
_PEN_WIDTH = 18
_SURE, _PROBABLE = 0.9, 0.5
_NO_PROBABILITIES = np.zeros(DIGITS, np.float32)
_NO_PICTURE = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)


@st.fragment
def show(network: Network, t: Translator) -> None:
    """The canvas and what ``network`` reads there; only this part runs again at pen-up."""
    with shell.sentences(t):
        _show(network, t)


def _show(network: Network, t: Translator) -> None:
    answer = st.container(height=76, border=False)  # above the canvas: seen on a phone too
    left, right = st.columns([2, 3], gap="large")
    with left:
        how = st.segmented_control(
            t("What to read"), ["canvas", "picture"], default="canvas", required=True, key="how",
            format_func={"canvas": t("My drawing"), "picture": t("A picture file")}.__getitem__,
            label_visibility="collapsed",
        )  # fmt: skip
        make = _canvas(t) if how == "canvas" else _picture(t)
    with right:
        try:
            found = make()
        except LabError as error:
            hint = isinstance(error, drawing.NothingDrawnError)
            (answer.info if hint else answer.warning)(t(error.message))
            _pictures(_NO_PROBABILITIES, _NO_PICTURE, t)
            return
        prediction = network.read(found.digit)
        answer.markdown(f"## {_sentence(prediction, t)}")
        _pictures(prediction.probabilities, found.digit, t)


def _canvas(t: Translator) -> Callable[[], Drawing]:
    """The canvas and its button; what is drawn there is made into a digit when asked for."""
    sheet = st.session_state.setdefault("sheet", 0)
    result = st_canvas(
        stroke_width=_PEN_WIDTH, stroke_color="#FFFFFF", background_color="#000000",
        width=CANVAS_SIDE, height=CANVAS_SIDE, key=f"canvas-{sheet}",
    )  # fmt: skip
    if st.button(t("Clear"), icon=":material/delete:"):
        st.session_state["sheet"] += 1
        st.rerun(scope="fragment")
    return lambda: drawing.from_strokes(drawing.strokes_from_canvas(result.json_data))


def _picture(t: Translator) -> Callable[[], Drawing]:
    """The upload; its picture is made into a digit when asked for."""
    file = st.file_uploader(t("A PNG or JPEG picture of one digit, up to 2 MB"), key="picture")
    st.caption(t("Dark on light or light on dark, by pen or by screen: all are read."))
    data = file.getvalue() if file else None
    return lambda: _from_file(data)


def _from_file(data: bytes | None) -> Drawing:
    if data is None:
        raise drawing.NothingDrawnError(message("Choose a picture, and the network reads it."))
    return drawing.from_image(data)


def _pictures(probabilities: Floats, seen: drawing.Picture, t: Translator) -> None:
    """The ten bars, and what the network sees; both are there before the first stroke."""
    bars, picture = st.columns([3, 2])
    bars.plotly_chart(
        charts.probabilities(probabilities, t), key="probabilities",
        config=chart_config(t, live=True),
    )  # fmt: skip
    title = t("What the network sees")
    picture.plotly_chart(
        charts.digit(seen, t, title=title), key="seen",
        config=chart_config(t, live=True),
    )  # fmt: skip


def _sentence(prediction: Prediction, t: Translator) -> str:
    digit, certainty = prediction.digit, prediction.certainty
    shown = f"{certainty:.1%}" if certainty < 0.9995 else "> 99.9%"
    if certainty >= _SURE:
        return t("It is a {digit} ({certainty}).", digit=digit, certainty=shown)
    if certainty >= _PROBABLE:
        return t("Probably a {digit} ({certainty}).", digit=digit, certainty=shown)
    return t("Hard to say; perhaps a {digit} ({certainty}).", digit=digit, certainty=shown)
