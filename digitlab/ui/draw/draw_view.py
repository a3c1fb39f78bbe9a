"""Drawing and reading: the canvas or a picture on one side, the answer on the other."""

from __future__ import annotations

import numpy as np
import streamlit as st

from digitlab import drawing, labels, out_of_distribution
from digitlab.charts.bars import probability_bars
from digitlab.charts.picture_rows import network_input
from digitlab.config import DIGITS, IMAGE_SIZE
from digitlab.drawing import Drawing, examples
from digitlab.messages import LabError, Translator, message
from digitlab.network import Floats, Prediction
from digitlab.out_of_distribution import Judgement
from digitlab.ui import live_region, plot, shell
from digitlab.ui.draw import canvas, saved_drawings_view, why_view
from digitlab.ui.selected_model import SelectedModel
from digitlab.ui.session import LAST_DRAWING, SessionValue
from digitlab.ui.shell import Visit
from digitlab.ui.timing import timed

_SURE = 0.9
_MOST_UPLOADED = 25  # MB, and more than 2, so that it is our sentence that people read

_ANSWER = "answer"  # the container that is a live region
_SOURCE = SessionValue("how", "sheet")  # or "picture": a file, or the printed 6 in place of one
_PRINTED_SIX = SessionValue("borrowed", False)


@st.fragment
def show(model: SelectedModel, visit: Visit) -> None:
    """The sheet and what the network reads there; only this part runs again at pen-up."""
    t = visit.t
    with timed("draw"), shell.sentences(t):
        # Above the sheet, so that it is seen on a phone; of one height, so that nothing jumps.
        answer = st.container(height=84, border=False, key=_ANSWER)
        left, right = st.columns([2, 3], gap="large")
        found = None
        try:
            with left:
                found = _drawing(t)
        except LabError as error:
            hint = isinstance(error, drawing.NothingDrawnError)
            (answer.info if hint else answer.warning)(shell.plain(t(error.on_page)))
            with right:
                _pictures(
                    np.zeros(DIGITS, np.float32), np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8), t
                )
        else:
            LAST_DRAWING.set(found.digit)
            outputs = model.network.activations(found.digit[np.newaxis])
            prediction = Prediction(outputs[-1][0])
            judgement = out_of_distribution.judge(model.network, found.digit, outputs)
            answer.markdown(f"## {_sentence(prediction, judgement, t)}")
            with right:
                _pictures(prediction.probabilities, found.digit, t)
                saved_drawings_view.ask(found, prediction, model, visit)
        why_view.show(found, model, visit)
        saved_drawings_view.show(visit)
        live_region.make(_ANSWER)


def _drawing(t: Translator) -> Drawing:
    """The drawing on the sheet or in a picture file.

    Raises:
        DrawingError: there is none, or it cannot become a digit.
    """
    how = st.segmented_control(
        t("What to read"),
        ["sheet", "picture"],
        required=True,
        key=_SOURCE.begin(),
        format_func={"sheet": t("My drawing"), "picture": t("A picture file")}.__getitem__,
        label_visibility="collapsed",
    )
    if how == "picture":
        return _picture(t)
    try:
        strokes = canvas.show(t)
    finally:
        _try_these(t)
    return drawing.from_strokes(
        strokes, canvas=canvas.SIDE, canvas_pen=canvas.PEN_WIDTH.get(), steps=why_view.steps()
    )


def _try_these(t: Translator) -> None:
    """A row of digits that are hard to read, one press each."""
    st.caption(t("Try these:"))
    with st.container(horizontal=True, gap="small"):
        for name, example in examples.EXAMPLES.items():
            st.button(t(example.label), key=f"try-{name}", on_click=canvas.put, args=(example,))
        st.button(t("a printed 6"), key="try-six", on_click=_borrow_six)


def _borrow_six() -> None:
    _SOURCE.set("picture")
    _PRINTED_SIX.set(True)


def _picture(t: Translator) -> Drawing:
    """The digit in an uploaded file, or in the printed 6."""
    shell.word_uploader(
        t("Choose a picture"),
        t(
            "This file did not reach the lab: its name may be too long, or the connection broke. "
            "Take it away, and choose it again under a shorter name."
        ),
    )
    file = st.file_uploader(
        t("A PNG or JPEG picture of one digit, up to 2 MB"),
        key="picture",
        on_change=_PRINTED_SIX.set,
        args=(False,),
        max_upload_size=_MOST_UPLOADED,
    )
    st.caption(t("Dark on light or light on dark, by pen or by screen: all are read."))
    if _PRINTED_SIX.get():
        six = examples.typeset_six()
        st.image(six, width=160)
        st.markdown(
            t(
                "The author of the lesson cnn-keras ends with a printed 6, and his program answers "
                "6. But the ten probabilities that it prints say 5, with 0.713: an `argmax + 1` in "
                "his code hid it."
            )
        )
        return drawing.from_image(six, steps=why_view.steps())
    if file is None:
        raise drawing.NothingDrawnError(message("Choose a picture, and the network reads it."))
    return drawing.from_image(file.getvalue(), steps=why_view.steps())


def _pictures(probabilities: Floats, seen: drawing.Picture, t: Translator) -> None:
    """The ten bars, and what the network sees; both are there before the first stroke."""
    bars, picture = st.columns([3, 2])
    with bars:
        plot.draw(probability_bars(probabilities, t), t, key="probabilities")
    picture.html(network_input(seen, t))


def _sentence(prediction: Prediction, judgement: Judgement, t: Translator) -> str:
    digit, confidence = prediction.digit, prediction.confidence
    shown = labels.percentage(confidence)
    if judgement.out_of_distribution:
        return t("Unsure: this may be no digit. If it is one, then a {digit}.", digit=digit)
    if confidence >= _SURE:
        return t("It is a {digit} ({confidence}).", digit=digit, confidence=shown)
    return t("Probably a {digit} ({confidence}).", digit=digit, confidence=shown)
