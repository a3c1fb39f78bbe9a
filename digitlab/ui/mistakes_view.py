"""Which test samples a network misreads: how many, of which digits, and a sheet of them."""

from __future__ import annotations

import io

import numpy as np
import streamlit as st

from digitlab import charts, dataset, mistakes
from digitlab.dataset import DigitSet
from digitlab.messages import Translator
from digitlab.network import Floats, Network
from digitlab.ui import lab
from digitlab.ui.readers import Reader
from digitlab.ui.run_panel import chart_config


def show(reader: Reader, t: Translator) -> None:
    """The count of misread samples, the sheet of the lesson, and the count per digit."""
    st.subheader(t("Where does it fail?"))
    digits, probabilities = _read(reader, t)
    wrong = mistakes.mistakes(digits.y_test, probabilities)
    st.markdown(
        t(
            "**{wrong}** of {count} test samples are misread: {accuracy} are right.",
            wrong=f"{len(wrong):,}", count=f"{len(digits.y_test):,}",
            accuracy=f"{1 - len(wrong) / len(digits.y_test):.2%}",
        )
    )  # fmt: skip
    if reader.run is None:
        st.caption(_about_bundled(digits, t))
    draw = st.session_state.setdefault("sheet-draw", 0)
    figure = charts.mistake_sheet(digits.x_test, mistakes.sheet(wrong, seed=draw), t)
    st.plotly_chart(figure, key="sheet", config=chart_config(t, live=True))
    st.button(t("Show others"), icon=":material/casino:", on_click=_show_others)
    per_digit = mistakes.misread_per_digit(digits.y_test, probabilities.argmax(axis=1))
    bars = charts.counts(
        per_digit, t, title=t("Misread samples of each digit"), axis=t("test samples")
    )
    st.plotly_chart(bars, key="per-digit", config=chart_config(t))


def _show_others() -> None:
    st.session_state["sheet-draw"] += 1


def _about_bundled(digits: DigitSet, t: Translator) -> str:
    if digits.name == "sample":
        return t(
            "It has not been trained on any of these {count} samples.",
            count=f"{len(digits.y_test):,}",
        )
    return t("It has not been trained on any image of the test set.")


def _read(reader: Reader, t: Translator) -> tuple[DigitSet, Floats]:
    """The test set and the ten probabilities that the network gave each of its images."""
    run = reader.run
    digits = dataset.find(run.digits.fingerprint) if run else dataset.current().digits
    if run and "probabilities.npy" in lab.store().files(run.id):
        return digits, stored_probabilities(run.id)
    with st.spinner(t("The network reads the test set …")):
        epoch = reader.network.about.get("epoch", 0)
        return digits, read_test_set(reader.name, epoch, digits.fingerprint, reader.network)


def stored_probabilities(run: str) -> Floats:
    """What a run's last weights make of its test set, float32 (N, 10), as the worker stored it."""
    path = lab.store().file(run, "probabilities.npy")
    found: Floats = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    return found


@st.cache_data(show_spinner=False, max_entries=8)
def read_test_set(name: str, epoch: int, fingerprint: str, _network: Network) -> Floats:
    """The same, computed here once for all sessions: for bundled networks, and unfinished runs."""
    return _network.predict(dataset.find(fingerprint).x_test)
