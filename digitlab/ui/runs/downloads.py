"""One run to take away: its weights, its metrics, its configuration, and the model for Keras."""

from __future__ import annotations

import json
from collections.abc import Callable

import streamlit as st

from digitlab import labels, models
from digitlab.export import metrics_table
from digitlab.export.keras_file import keras_file
from digitlab.messages import Translator
from digitlab.store import Run
from digitlab.ui import lab
from digitlab.ui.shell import save_button


def show(run: Run, t: Translator) -> None:
    """The downloads of ``run``; each file is made when its button is pressed."""
    files = contents(run)
    titles = {
        ".keras": t("Model for Keras"),
        ".npz": t("Weights"),
        "-epochs.csv": t("Metrics of the epochs"),
        "-batches.csv": t("Metrics of the batches"),
        ".json": t("Configuration"),
    }
    with st.container(horizontal=True):
        for ending, content in files.items():
            label = f"{titles[ending]} ({ending.rpartition('.')[2]})"
            name = f"{labels.lesson(run)}-{run.id[:6]}{ending}"
            save_button(label, content, name, key=f"downloads-{run.id}{ending}")
    if ".npz" in files:
        st.caption(
            t(
                "`keras.models.load_model` opens the model; it reads pictures (N, 28, 28, 1) from "
                "0 to 1. The weights, as NumPy arrays, are the file that Digit Lab reads."
            )
        )
    else:
        st.caption(t("This run has no weights here, so there is no model to save."))


def contents(run: Run) -> dict[str, Callable[[], bytes]]:
    """What each file of ``run`` holds, by the ending of its name, made when it is called."""
    store = lab.store()
    files: dict[str, Callable[[], bytes]] = {}
    if store.epochs_kept(run.id, "weights"):
        files[".keras"] = lambda: keras_file(models.of_run(store, run.id))
        files[".npz"] = lambda: models.weights_file(store, run.id).read_bytes()
    files["-epochs.csv"] = lambda: metrics_table.epochs_csv(store.epochs(run.id))
    files["-batches.csv"] = lambda: metrics_table.batches_csv(store.batches(run.id))
    files[".json"] = lambda: json.dumps(run.config.to_json(), indent=2).encode()
    return files
