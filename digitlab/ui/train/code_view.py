"""The code of a run on the screen: read it, take it home, and train it without the lab."""

from __future__ import annotations

from typing import Any

import streamlit as st

from digitlab import dataset, export, labels
from digitlab.export import OptimizerState, StartFile
from digitlab.messages import LabError, Message, Translator, message
from digitlab.store import Run, Status, results
from digitlab.training import continuing
from digitlab.training.continuing import Beginning
from digitlab.ui import lab
from digitlab.ui.shell import plain, save_button


def show(run: Run, t: Translator) -> None:
    """Script and notebook of ``run``, each to read and to save, and the files beside them."""
    beginning = continuing.beginning(lab.store(), run)
    st.markdown(t(_promise(run, beginning)))
    parts = export.parts(**_settings(run, beginning), t=t)
    name, key = f"{labels.lesson(run)}-{run.id[:6]}", f"code-{run.id}"
    script, notebook = st.tabs([t("Script"), t("Notebook")], key=f"{key}-form")
    with script:
        code = export.script(parts)
        save_button(t("Save the script"), code, f"{name}.py", "text/x-python", key=f"{key}-script")
        st.code(code, "python", height=420)
    with notebook:
        save_button(
            t("Save the notebook"),
            lambda: export.notebook(parts),
            f"{name}.ipynb",
            "application/x-ipynb+json",
            key=f"{key}-notebook",
        )
        with st.container(height=420):
            for part in parts:
                st.markdown(f"**{plain(part.title)}**  \n" + "  \n".join(map(plain, part.remarks)))
                st.code(part.code, "python")
    if beginning is not None:
        _start(run, beginning, t)
    _images(run, t)


def _promise(run: Run, beginning: Beginning | None) -> Message:
    """What the code does, and how near it comes to the run."""
    if run.origin is not None and beginning is None:
        return message(
            "This code trains a new network with the run's settings in plain Keras, without Digit "
            "Lab. The run went on from another run, whose weights are not here any more: its "
            "figures are others."
        )
    if run.status is not Status.FINISHED and not run.status.live:
        return message(
            "This code trains the run again in plain Keras, without Digit Lab. The run was ended "
            "before its time; the code trains all {epochs} epochs.",
            epochs=run.config.epochs,
        )
    if beginning is None:
        return message(
            "This code trains the run again in plain Keras, without Digit Lab. Where the run was "
            "trained it gives the same loss and accuracy to four decimals; another processor, a "
            "graphics card or another version of TensorFlow rounds differently."
        )
    if beginning.exact:
        return message(
            "This code goes on as the run did, in plain Keras, without Digit Lab. Where the run "
            "was trained it gives the same loss and accuracy to four decimals; another processor, "
            "a graphics card or another version of TensorFlow rounds differently."
        )
    return message(
        "This code goes on from the weights that the run began with, in plain Keras, without "
        "Digit Lab. The optimizer's internal state of that time is not here any more: it begins "
        "afresh, so the figures differ from the run's."
    )


def _settings(run: Run, beginning: Beginning | None) -> dict[str, Any]:
    """What both forms of the code are made from."""
    start, same = None, run.origin is None
    if beginning is not None:
        same = beginning.exact
        state: OptimizerState = "nothing" if same else "lost"
        if beginning.optimizer is not None:
            state = "there"
        start = StartFile(export.start_name(run.id), run.frozen, state)
    whole = same and run.status is Status.FINISHED
    return {
        "config": run.config,
        "fingerprint": run.digits.fingerprint,
        "execution": run.execution,
        "reached": results.final_test(run, lab.store().epochs(run.id)) if whole else None,
        "start": start,
    }


def _start(run: Run, beginning: Beginning, t: Translator) -> None:
    st.caption(
        t(
            "Save the start into the same folder: the weights that the run began with, and the "
            "optimizer's internal state."
        )
        if beginning.optimizer
        else t("Save the start into the same folder: the weights that the run began with.")
    )

    def packed() -> bytes:
        start = beginning.read()
        return export.start_file(start.network, start.optimizer)

    name = export.start_name(run.id)
    save_button(t("Save the start"), packed, name, key=f"code-{run.id}-start")


def _images(run: Run, t: Translator) -> None:
    try:
        digits = dataset.find(run.digits.fingerprint)
    except LabError as error:
        st.caption(t(error.on_page))
        return
    st.caption(
        t(
            "Save the images into the same folder: {count} to train on and {test} to test on. "
            "Where Keras can download MNIST, only runs on full MNIST do without them.",
            count=f"{digits.split(run.config).count:,}",
            test=f"{len(digits.y_test):,}",
        )
    )
    save_button(
        t("Save the images"),
        lambda: export.images(run.config, digits),
        export.images_name(run.config, run.digits.fingerprint),
        key=f"code-{run.id}-images",
    )
