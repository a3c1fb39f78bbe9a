"""Going on with a run that has ended: for more epochs, on other images, with layers frozen."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from digitlab import dataset, going_on, speed
from digitlab.config import BY_NAME
from digitlab.layers import Layer, layers_of
from digitlab.messages import LabError, Translator
from digitlab.store import Run, StoreError
from digitlab.ui import lab
from digitlab.ui.network_view import LAYER_KINDS
from digitlab.ui.run_panel import duration, name_of
from digitlab.ui.shell import Visit, plain


def show(run: Run, visit: Visit) -> None:
    """The way on from a run that has ended, if it is the visitor's own."""
    if run.owner != visit.me:
        st.caption(visit.t("Only the person whose run this is can go on with it."))
        return
    try:
        _form(run, visit)
    except LabError as error:  # its weights or its images are not here any more
        st.caption(plain(visit.t(error.message)))


def origin(run: Run, t: Translator) -> None:
    """Which run this one goes on from, if it does."""
    if run.origin is None:
        return
    told = t("Goes on from {name}.", name=plain(_name(run.origin, t)))
    frozen = t("Its convolutions are kept as they were there.")
    st.caption(f"{told} {frozen}" if run.frozen else told)


def _name(origin: str, t: Translator) -> str:
    try:
        run = lab.store().run(origin)
    except StoreError:
        return t("a run that is not here any more")
    return lab.shelf().name(origin) or name_of(run, t)


def _form(run: Run, visit: Visit) -> None:
    t, store = visit.t, lab.store()
    going_on.last_epoch(store, run)
    epochs, images = _numbers(run, t)
    layers = layers_of(run.config)
    convolutions = any(layer.kind == "conv" for layer in layers)
    frozen = convolutions and st.toggle(
        t("Keep the convolutions as they are"), key=f"go-on-{run.id}-frozen",
        help=t("Only the dense layers are trained: quick, and often enough for new images."),
    )  # fmt: skip
    _table(layers, frozen, t)
    _plan(run, epochs, images, t)
    if st.button(t("Go on"), type="primary", icon=":material/resume:", key=f"go-on-{run.id}-start"):
        wanted = _configured(run, images)
        started = lab.engine().go_on(visit.me, run, epochs, wanted, frozen=frozen)
        st.query_params["run"] = started.id
        st.rerun(scope="app")


def _numbers(run: Run, t: Translator) -> tuple[int, int]:
    """For how many epochs, and on how many of the set's training images."""
    there = len(dataset.find(run.digits.fingerprint).y_train)
    epochs, images = f"go-on-{run.id}-epochs", f"go-on-{run.id}-images"
    st.session_state.setdefault(epochs, run.config.epochs)
    st.session_state.setdefault(images, min(run.config.train_images, there))
    with st.container(horizontal=True):
        more = st.number_input(
            t("More epochs"), 1, int(BY_NAME["epochs"].high), key=epochs, width=180
        )
        many = st.number_input(
            t("Training images"), min(int(BY_NAME["train_images"].low), there), there, key=images,
            width=180, help=t("The first ones of the set, validation images included."),
        )  # fmt: skip
    return int(more), int(many)


def _configured(run: Run, images: int) -> int:
    """``images`` as a setting: all of the set stay all, however many the run's own speaks of."""
    there = len(dataset.find(run.digits.fingerprint).y_train)
    return max(images, run.config.train_images) if images == there else images


def _table(layers: Sequence[Layer], frozen: bool, t: Translator) -> None:
    """The layers with parameters, those that are trained and those that stay as they are."""
    shown = [layer for layer in layers if layer.parameters]
    fixed = [layer.parameters if frozen and layer.kind == "conv" else 0 for layer in shown]
    free = [layer.parameters - kept for layer, kept in zip(shown, fixed, strict=True)]
    st.dataframe(
        {
            t("Layer"): [*(t(LAYER_KINDS[layer.kind]) for layer in shown), t("Total")],
            t("Output shape"): [*("x".join(map(str, layer.output)) for layer in shown), ""],
            t("Trainable parameters"): [f"{count:,}" for count in (*free, sum(free))],
            t("Frozen parameters"): [f"{count:,}" for count in (*fixed, sum(fixed))],
        },
        hide_index=True,
    )


def _plan(run: Run, epochs: int, images: int, t: Translator) -> None:
    """How long it takes, and whether the optimizer remembers."""
    seconds = epochs * speed.seconds_per_epoch(run.config, images, speed.load())
    remembers = (
        t("The optimizer goes on with what it remembers.")
        if going_on.remembers(lab.store(), run)
        else t("What the optimizer remembered was not kept; it begins afresh.")
    )
    st.caption(
        t("About {time} on this machine. {optimizer}", time=duration(seconds, t),
          optimizer=remembers)
    )  # fmt: skip
