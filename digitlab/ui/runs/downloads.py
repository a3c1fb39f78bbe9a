"""One run to take away: its weights, its metrics, its configuration, and the model for Keras."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable

import streamlit as st

from digitlab import labels, models
from digitlab.export import metrics_table
from digitlab.export.keras_file import keras_file
from digitlab.messages import Translator
from digitlab.store import Run
from digitlab.ui import lab


def show(run: Run, t: Translator) -> None:
    """The downloads of ``run``; each file is made when its button is pressed."""
    weights = bool(lab.store().epochs_kept(run.id, "weights"))
    with st.container(horizontal=True):
        if weights:
            _button(run, t("Model for Keras"), ".keras", functools.partial(_keras, run.id))
            _button(run, t("Weights"), ".npz", functools.partial(_weights, run.id))
        _button(run, t("Metrics of the epochs"), "-epochs.csv", functools.partial(_epochs, run.id))
        _button(
            run, t("Metrics of the batches"), "-batches.csv", functools.partial(_batches, run.id)
        )
        _button(run, t("Configuration"), ".json", functools.partial(_config, run))
    if weights:
        st.caption(
            t(
                "`keras.models.load_model` opens the model; it reads pictures (N, 28, 28, 1) from "
                "0 to 1. The weights, as NumPy arrays, are the file that Digit Lab reads."
            )
        )
    else:
        st.caption(t("This run has no weights here, so there is no model to save."))


def _button(run: Run, label: str, ending: str, data: Callable[[], bytes]) -> None:
    name = f"{labels.lesson(run)}-{run.id[:6]}{ending}"
    st.download_button(
        f"{label} ({ending.rpartition('.')[2]})",
        data,
        name,
        "application/octet-stream",
        icon=":material/download:",
        on_click="ignore",
        key=f"downloads-{run.id}{ending}",
    )


def _keras(run: str) -> bytes:
    return keras_file(models.of_run(lab.store(), run))


def _weights(run: str) -> bytes:
    last = max(lab.store().epochs_kept(run, "weights"))
    return lab.store().file(run, f"weights-{last:03d}.npz").read_bytes()


def _epochs(run: str) -> bytes:
    return metrics_table.epochs_csv(lab.store().epochs(run))


def _batches(run: str) -> bytes:
    return metrics_table.batches_csv(lab.store().batches(run))


def _config(run: Run) -> bytes:
    return json.dumps(run.config.to_json(), indent=2).encode()
