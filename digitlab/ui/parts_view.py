"""The parts of a digit that count: what erasing each does to the answer."""

from __future__ import annotations

import streamlit as st

from digitlab import labels
from digitlab.charts.occlusion import occlusion_map
from digitlab.config import DIGITS
from digitlab.drawing import Picture
from digitlab.inspection import explain
from digitlab.messages import Translator, mark
from digitlab.network import Floats
from digitlab.ui import plot
from digitlab.ui.selected_model import SelectedModel

_MEASURES: dict[explain.Measure, str] = {
    "probability": mark("Probability"),
    "logit": mark("Logit (before softmax)"),
}


def show(digit: Picture, model: SelectedModel, t: Translator, key: str) -> None:
    """The occlusion map of ``digit``, uint8 (28, 28), for a class and a measure of choice.

    The widgets' keys begin with ``key``.
    """
    found = explain.occlusion(model.network, digit)
    winner = int(found.whole.argmax())
    with st.container(horizontal=True):
        asked = st.selectbox(
            t("Evidence for which digit"),
            ["winner", *range(DIGITS)],
            key=f"{key}-digit",
            format_func=lambda name: (
                t("the answer: {digit}", digit=winner) if name == "winner" else str(name)
            ),
            width=230,
        )
        measure = st.segmented_control(
            t("Measured as"),
            list(_MEASURES),
            default="probability",
            required=True,
            key=f"{key}-measure",
            format_func=lambda name: t(_MEASURES[name]),
        )
    target = winner if asked == "winner" else int(asked)
    falls = found.falls(target, measure)
    title = t("What erasing does to the {digit}", digit=target)
    plot.draw(occlusion_map(digit, falls, t, title=title, measure=measure), t, key=key)
    st.markdown(_strongest(falls, target, measure, t))
    st.caption(
        t(
            "A square of {side}x{side} pixels slides over the digit and erases the ink under it; "
            "each field shows what that does to the {digit}. Red: without this ink it becomes "
            "less likely, so the ink speaks for it. Blue: the ink speaks against it. White: no "
            "change. The scale ends at the largest change in this map.",
            side=explain.PATCH,
            digit=target,
        )
    )


def _strongest(falls: Floats, target: int, measure: explain.Measure, t: Translator) -> str:
    """Where the strongest evidence lies, for those who do not see it."""
    row, column = divmod(int(falls.argmax()), falls.shape[1])
    fall = float(falls[row, column])
    if fall <= 0:
        return t("No part of it speaks for the {digit}.", digit=target)
    if measure == "probability":
        told = t("{points} percentage points", points=labels.fixed(100 * fall, 1))
    else:
        told = labels.fixed(fall, 2)
    return t(
        "Most speaks for the {digit} around row {row}, column {column}: without it, it falls by "
        "{fall}.",
        digit=target,
        row=row * explain.STEP,
        column=column * explain.STEP,
        fall=told,
    )
