"""Going on with a run that has ended: for more epochs, on other images, with layers frozen."""

from __future__ import annotations

import dataclasses

import streamlit as st

from digitlab import dataset, labels
from digitlab.config import BY_NAME
from digitlab.dataset import MNIST_FINGERPRINT, SAMPLE_FINGERPRINT, DigitSet
from digitlab.layers import layers_of
from digitlab.messages import LabError, Translator, mark
from digitlab.store import Run, StoreError
from digitlab.training import continuing, estimates
from digitlab.ui import lab
from digitlab.ui.naming import called
from digitlab.ui.session import SessionValue
from digitlab.ui.shell import Visit, plain

_SETS = {
    MNIST_FINGERPRINT: mark("full MNIST"),
    SAMPLE_FINGERPRINT: mark("a sample of 5,000 MNIST images"),
}


def show(run: Run, visit: Visit) -> None:
    """The way on from a run that has ended, if it is the visitor's own."""
    if run.owner != visit.me:
        st.caption(visit.t("Only the person whose run this is can go on with it."))
        return
    try:
        _form(run, visit)
    except LabError as error:  # its weights or its images are not here any more
        st.caption(plain(visit.t(error.on_page)))


def origin(run: Run, visit: Visit) -> None:
    """Which run this one goes on from, if it does."""
    if run.origin is None:
        return
    t = visit.t
    try:
        name = called(lab.store().run(run.origin), visit)
    except StoreError:
        name = t("a run that is not here any more")
    told = t("Goes on from {name}.", name=plain(name))
    frozen = t("Its convolutions were frozen: they are still those of that run.")
    st.caption(t.paragraph([told, frozen]) if run.frozen else told)


def _form(run: Run, visit: Visit) -> None:
    t, key = visit.t, f"go-on-{run.id}"
    continuing.last_epoch(lab.store(), run)
    digits = _chosen(run, t)
    most = min(len(digits.y_train), int(BY_NAME["train_images"].high))
    with st.container(horizontal=True):
        more_epochs = SessionValue(f"{key}-epochs", run.config.epochs)
        epochs = st.number_input(
            t("More epochs"), 1, int(BY_NAME["epochs"].high), key=more_epochs.begin(), width=180
        )
        of_set = SessionValue(
            f"{key}-images-{digits.fingerprint[:8]}", min(run.config.train_images, most)
        )
        images = st.number_input(
            t("Training images"),
            min(int(BY_NAME["train_images"].low), most),
            most,
            key=of_set.begin(),
            width=180,
            help=t("The first ones of the set, validation images included."),
        )
    layers = [layer for layer in layers_of(run.config) if layer.parameters]
    frozen = any(layer.kind == "conv" for layer in layers) and st.toggle(
        t("Freeze the convolutions: keep them as they are"),
        key=f"{key}-frozen",
        help=t("Only the dense layers are trained: quick, and often enough for new images."),
    )
    fixed = [layer.parameters if frozen and layer.kind == "conv" else 0 for layer in layers]
    free = [layer.parameters - kept for layer, kept in zip(layers, fixed, strict=True)]
    st.dataframe(
        {
            t("Layer"): [*(labels.layer(layer, t) for layer in layers), t("Total")],
            t("Output shape"): [*("x".join(map(str, layer.output)) for layer in layers), ""],
            t("Trainable parameters"): [f"{count:,}" for count in (*free, sum(free))],
            t("Frozen parameters"): [f"{count:,}" for count in (*fixed, sum(fixed))],
        },
        hide_index=True,
    )
    st.caption(_time_and_optimizer(run, epochs, images, t))
    if st.button(t("Go on"), type="primary", icon=":material/resume:", key=f"{key}-start"):
        # All of the set stay all, however many the run's own setting speaks of.
        wanted = max(images, run.config.train_images) if images == most else images
        started = lab.engine().continue_run(
            visit.me, run, epochs, wanted, frozen=frozen, digits=digits
        )
        st.query_params["run"] = started.id
        st.rerun(scope="app")


def _chosen(run: Run, t: Translator) -> DigitSet:
    """The images to go on with: the run's own, or those in use where they are others.

    Raises:
        LabError: the run's own are not here any more, and there are no others.
    """
    own, other = run.digits.fingerprint, dataset.current().digits
    if other.fingerprint == own:
        return other
    name = t(_SETS[other.fingerprint]) if other.fingerprint in _SETS else ""
    name = name or t("other images ({id})", id=other.fingerprint[:4])
    count = f"{len(other.y_train):,}"
    sets = {other.fingerprint: other}
    names = {other.fingerprint: t("{name}, now in use: {count} images", name=name, count=count)}
    try:
        digits = dataset.find(own)
        count = f"{len(digits.y_train):,}"
        sets = {own: digits} | sets
        names = {own: t("The run's own: {count} images", count=count)} | names
    except LabError as error:
        st.caption(plain(t(error.on_page)))
    held = SessionValue[str | None](f"go-on-{run.id}-set", None)
    if held.get() not in names:
        held.take()  # the lab has come by another set meanwhile
    asked = st.radio(t("Images"), list(names), format_func=names.__getitem__, key=held.key)
    if (own, asked) == (MNIST_FINGERPRINT, SAMPLE_FINGERPRINT):
        # The sample is cut from MNIST's training part, its test images as well.
        st.caption(
            t(
                "The sample's test images are training images of full MNIST: this run may have "
                "learned them already, so its test accuracy will look too good."
            )
        )
    return sets[asked]


def _time_and_optimizer(run: Run, epochs: int, images: int, t: Translator) -> str:
    """How long it takes, and whether the optimizer state was kept."""
    store, config = lab.store(), dataclasses.replace(run.config, epochs=epochs)
    seconds = estimates.seconds(
        config, images, estimates.read_after_epoch(run), estimates.known(store)
    )
    optimizer = (
        t("The optimizer goes on with its internal state.")
        if continuing.has_optimizer_state(store, run)
        else t("The optimizer's internal state was not kept; it begins afresh.")
    )
    time = labels.duration(seconds, t)
    return t("About {time} on this machine. {optimizer}", time=time, optimizer=optimizer)
