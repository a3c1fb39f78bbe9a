"""The code of a run on the screen: read it, take it home, and train it without the lab."""

from __future__ import annotations

import functools
from typing import Any

import streamlit as st

from digitlab import dataset, export, labels
from digitlab.dataset import DigitSet
from digitlab.export import OptimizerState, StartFile
from digitlab.messages import LabError, Message, Translator, message
from digitlab.store import Run, Status, results
from digitlab.training import continuing
from digitlab.training.continuing import Beginning
from digitlab.ui import lab
from digitlab.ui.shell import plain


def show(run: Run, t: Translator) -> None:
    """Script and notebook of ``run``, each to read and to save, and the files beside them."""
    beginning = continuing.beginning(lab.store(), run)
    st.markdown(t(_promise(run, beginning)))
    settings = _settings(run, beginning)
    script, notebook = st.tabs([t("Script"), t("Notebook")], key=f"code-{run.id}-form")
    with script:
        _script(run, settings, t)
    with notebook:
        _notebook(run, settings, t)
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
    if beginning is not None:
        return _about_continuing(beginning)
    return message(
        "This code trains the run again in plain Keras, without Digit Lab. Where the run was "
        "trained it gives the same loss and accuracy to four decimals; another processor, a "
        "graphics card or another version of TensorFlow rounds differently."
    )


def _about_continuing(beginning: Beginning) -> Message:
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
    same = beginning.exact if beginning is not None else run.origin is None
    whole = run.status is Status.FINISHED and same
    reached = results.final_test(run, lab.store().epochs(run.id)) if whole else None
    return {
        "config": run.config,
        "fingerprint": run.digits.fingerprint,
        "execution": run.execution,
        "reached": reached,
        "start": _starting(run, beginning),
    }


def _starting(run: Run, beginning: Beginning | None) -> StartFile | None:
    if beginning is None:
        return None
    return StartFile(export.start_name(run.id), run.frozen, _memory(beginning))


def _memory(beginning: Beginning) -> OptimizerState:
    if beginning.optimizer is not None:
        return "there"
    return "nothing" if beginning.exact else "lost"


def _script(run: Run, settings: dict[str, Any], t: Translator) -> None:
    code = export.script(**settings, t=t)
    st.download_button(
        t("Save the script"),
        code,
        f"{_name(run)}.py",
        "text/x-python",
        icon=":material/download:",
        on_click="ignore",
        key=f"code-{run.id}-script",
    )
    st.code(code, "python", height=420)


def _notebook(run: Run, settings: dict[str, Any], t: Translator) -> None:
    st.download_button(
        t("Save the notebook"),
        functools.partial(export.notebook, **settings, t=t),
        f"{_name(run)}.ipynb",
        "application/x-ipynb+json",
        icon=":material/download:",
        on_click="ignore",
        key=f"code-{run.id}-notebook",
    )
    with st.container(height=420):
        for part in export.parts(**settings, t=t):
            st.markdown(f"**{plain(part.title)}**  \n" + "  \n".join(map(plain, part.remarks)))
            st.code(part.code, "python")


def _name(run: Run) -> str:
    return f"{labels.lesson(run)}-{run.id[:6]}"


def _start(run: Run, beginning: Beginning, t: Translator) -> None:
    st.caption(
        t(
            "Save the start into the same folder: the weights that the run began with, and the "
            "optimizer's internal state."
        )
        if beginning.optimizer
        else t("Save the start into the same folder: the weights that the run began with.")
    )
    st.download_button(
        t("Save the start"),
        functools.partial(_start_file, beginning),
        export.start_name(run.id),
        "application/octet-stream",
        icon=":material/download:",
        on_click="ignore",
        key=f"code-{run.id}-start",
    )


def _start_file(beginning: Beginning) -> bytes:
    start = beginning.read()
    return export.start_file(start.network, start.optimizer)


def _images(run: Run, t: Translator) -> None:
    try:
        digits = dataset.find(run.digits.fingerprint)
    except LabError as error:
        st.caption(t(error.on_page))
        return
    name = export.images_name(run.config, run.digits.fingerprint)
    st.caption(
        t(
            "Save the images into the same folder: {count} to train on and {test} to test on. "
            "Where Keras can download MNIST, only runs on full MNIST do without them.",
            count=f"{digits.split(run.config).count:,}",
            test=f"{len(digits.y_test):,}",
        )
    )
    st.download_button(
        t("Save the images"),
        functools.partial(_packed, run, digits),
        name,
        "application/octet-stream",
        icon=":material/download:",
        on_click="ignore",
        key=f"code-{run.id}-images",
    )


def _packed(run: Run, digits: DigitSet) -> bytes:
    return export.images(run.config, digits)
