"""Drawings that a visitor has kept: "it was a 7", and the list of them."""

from __future__ import annotations

import functools

import numpy as np
import streamlit as st

from digitlab import pictures
from digitlab.config import DIGITS, IMAGE_SIZE
from digitlab.drawing import Drawing
from digitlab.messages import Message, message
from digitlab.network import Prediction
from digitlab.store import saved_drawings
from digitlab.ui import lab
from digitlab.ui.selected_model import SelectedModel, clock
from digitlab.ui.session import SessionValue
from digitlab.ui.shell import Visit, guarded, save_button

_MEANT = SessionValue[int | None]("meant", None)
_KEPT_NOTE = SessionValue[Message | None]("kept-note", None)  # of a drawing that was just kept


def ask(drawing: Drawing, prediction: Prediction, model: SelectedModel, visit: Visit) -> None:
    """Ask which digit it was meant to be; an answer keeps the drawing."""
    _MEANT.set(None)
    st.pills(
        visit.t("Which digit did you mean? Your answer keeps the drawing."),
        range(DIGITS),
        key=_MEANT.key,
        on_change=guarded(_keep),
        args=(drawing, prediction, model, visit.me),
    )
    note = _KEPT_NOTE.take()
    if note is not None:
        st.toast(visit.t(note))


def _keep(drawing: Drawing, prediction: Prediction, model: SelectedModel, owner: str) -> None:
    """Keep the drawing; a callback may not draw, so what to say is left for the next run."""
    label = _MEANT.get()
    if label is None:
        return
    lab.drawings().keep(owner, label, drawing.digit, prediction, model.name)
    _KEPT_NOTE.set(message("Kept as a {label}.", label=label))


def show(visit: Visit) -> None:
    """The visitor's drawings: how many were read right, each of them, and what to do with them."""
    kept, t = lab.drawings().of(visit.me), visit.t
    if not kept:
        return
    right = sum(one.right for one in kept)
    title = t("My drawings: {right} of {count} read right", right=right, count=len(kept))
    with st.expander(title, icon=":material/collections_bookmark:"):
        picked = st.dataframe(
            {
                t("Drawing"): [_thumbnail(one.digit.tobytes()) for one in kept],
                t("Meant"): [one.label for one in kept],
                t("Read as"): [one.predicted for one in kept],
                t("Certainty"): [f"{one.confidence:.1%}" for one in kept],
                t("When"): [clock(one.created) for one in kept],
            },
            hide_index=True,
            on_select="rerun",
            selection_mode="multi-row",
            key=f"kept-drawings-{kept[0].id}-{len(kept)}",  # ticks are of rows
            column_config={t("Drawing"): st.column_config.ImageColumn(t("Drawing"))},
        )
        chosen = [kept[row].id for row in picked["selection"]["rows"] if row < len(kept)]
        with st.container(horizontal=True):
            save_button(
                t("Save all as a file"),
                lambda: saved_drawings.as_zip(kept),
                "drawings.zip",
                "application/zip",
            )
            st.button(
                t("Delete the ticked ones"),
                icon=":material/delete:",
                disabled=not chosen,
                on_click=guarded(lab.drawings().delete),
                args=(visit.me, chosen),
            )
        st.caption(t("The file holds a PNG of each drawing and a table of them as CSV."))


@functools.lru_cache(maxsize=2_000)
def _thumbnail(digit: bytes) -> str:
    picture = np.frombuffer(digit, np.uint8).reshape(IMAGE_SIZE, IMAGE_SIZE)
    return pictures.data_uri(pictures.enlarge(picture, 2))
