"""Which picture is looked into: a test sample, a misread one, or the visitor's own drawing."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import streamlit as st

from digitlab.inspection.feature_maps import LayerMaps, layer_by_layer
from digitlab.messages import Translator, mark
from digitlab.network import Network
from digitlab.pictures import data_uri, enlarge
from digitlab.ui import shell
from digitlab.ui.inspect import state
from digitlab.ui.inspect.test_predictions import Predictions, predictions_of
from digitlab.ui.selected_model import SelectedModel
from digitlab.ui.session import LAST_DRAWING, SessionValue
from digitlab.ui.shell import Visit

T = TypeVar("T")
Picture = npt.NDArray[np.uint8]

SHARED = "picture"  # the key of the views that show one and the same picture

_SOURCES = {
    "sample": mark("Test sample"),
    "misread": mark("Misread sample"),
    "mine": mark("My last drawing"),
}
_THUMBNAIL = 112  # pixels: four for each of a digit's


@dataclass(frozen=True, eq=False)
class Chosen:
    """A picture uint8 (28, 28), what it is called in the reader's language, and what it is.

    ``truth`` is None for a drawing: nobody said which digit it is.
    """

    picture: Picture
    name: str
    truth: int | None = None


def choose(model: SelectedModel, visit: Visit, *, key: str = SHARED) -> Chosen | None:
    """The choice of a picture, and what is chosen; None, and why, where there is nothing yet.

    What was chosen under ``key`` is chosen again in every view that hands over the same key.

    Raises:
        LabError: as ``predictions_of``, where a sample is asked for.
    """
    t = visit.t
    source = _keep(state.source(key))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            t("Which picture"),
            list(_SOURCES),
            key=source.key,
            required=True,
            format_func=lambda name: t(_SOURCES[name]),
        )
        asked = _kept(source)
        if asked == "sample":
            return _sample(predictions_of(model, t), key, t)
        if asked == "misread":
            return _misclassified(predictions_of(model, t), key, t)
    return _mine(t)


def layers_of(model: SelectedModel, picture: Picture) -> tuple[LayerMaps, ...]:
    """Every layer of a network at work on ``picture``; the last few are kept for all sessions."""
    network = model.network
    key = f"{model.name}-{network.about.get('epoch', 0)}"
    return _layers(key, picture.tobytes(), network, picture)


def thumbnail(chosen: Chosen, said: str) -> None:
    """The picture, small, with its name and a line of words beside it."""
    image = data_uri(enlarge(chosen.picture, _THUMBNAIL // len(chosen.picture)))
    name = html.escape(chosen.name)
    st.html(
        '<div style="display:flex; gap:0.75rem; align-items:center;">'
        f'<img src="{image}" alt="{name}" width="{_THUMBNAIL}" height="{_THUMBNAIL}">'
        f"<div><strong>{name}</strong><br>{html.escape(said)}</div></div>"
    )


@st.cache_resource(show_spinner=False, max_entries=8)
def _layers(
    network: str, picture: bytes, _network: Network, _picture: Picture
) -> tuple[LayerMaps, ...]:
    """A large network's layers are some megabytes."""
    return layer_by_layer(_network, _picture)


def _mine(t: Translator) -> Chosen | None:
    found = LAST_DRAWING.get()
    if found is not None:
        return Chosen(found, t("My last drawing"))
    st.info(t("You have not drawn a digit yet. Draw one first, then come back."))
    shell.page_link("draw", t("Draw a digit"))
    return None


def _sample(test: Predictions, key: str, t: Translator) -> Chosen:
    held, last = _keep(state.sample_number(key)), len(test.labels) - 1
    held.set(min(int(held.get()), last))
    number = st.number_input(
        t("Number, 0 to {last}", last=last), 0, last, step=1, key=held.key, width=180
    )
    _kept(held)
    return _chosen(test, int(number), t)


def _misclassified(test: Predictions, key: str, t: Translator) -> Chosen | None:
    count = len(test.mistakes)
    if not count:
        st.info(t("No test sample is misread."))
        return None
    held = _keep(state.misread_number(key))
    held.set(min(int(held.get()), count))
    place = int(
        st.number_input(
            t("Misread sample, 1 to {count}", count=count),
            1,
            count,
            step=1,
            key=held.key,
            width=180,
        )
    )
    _kept(held)
    for label, icon, step, off in (
        (t("Previous"), ":material/chevron_left:", -1, place == 1),
        (t("Next"), ":material/chevron_right:", 1, place == count),
    ):
        st.button(
            label,
            icon=icon,
            disabled=off,
            key=f"{held.key}-{step}",
            on_click=_go,
            args=(held, step),
        )
    return _chosen(test, test.mistakes[place - 1].index, t)


def _go(held: SessionValue[int], step: int) -> None:
    held.set(held.get() + step)


def _chosen(test: Predictions, number: int, t: Translator) -> Chosen:
    truth, predicted = int(test.labels[number]), int(test.predicted[number])
    name = t(
        "Test sample {number}: {truth} → {predicted}",
        number=number,
        truth=truth,
        predicted=predicted,
    )
    return Chosen(test.images[number], name, truth)


def _keep(widget: SessionValue[T]) -> SessionValue[T]:
    """``widget`` with the value it had when it was drawn last: Streamlit forgets that."""
    if not widget.known:
        widget.set(_copy(widget).get())
    return widget


def _kept(widget: SessionValue[T]) -> T:
    """The value of a widget that has been drawn, which is its value the next time."""
    _copy(widget).set(widget.get())
    return widget.get()


def _copy(widget: SessionValue[T]) -> SessionValue[T]:
    return SessionValue(f"{widget.key}-kept", widget.default)
