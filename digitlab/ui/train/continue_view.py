"""Going on with a run that has ended: for more epochs, on other images, with layers frozen."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import streamlit as st

from digitlab import dataset, labels
from digitlab.config import BY_NAME
from digitlab.dataset import MNIST_FINGERPRINT, SAMPLE_FINGERPRINT, DigitSet
from digitlab.layers import Layer, layers_of
from digitlab.messages import LabError, Translator, mark
from digitlab.store import Run, StoreError
from digitlab.training import continuing, estimates
from digitlab.ui import lab
from digitlab.ui.naming import called
from digitlab.ui.shell import Visit, plain
from digitlab.ui.train import state

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
    told = t("Goes on from {name}.", name=plain(_name(run.origin, visit)))
    frozen = t("Its convolutions were frozen: they are still those of that run.")
    st.caption(t.paragraph([told, frozen]) if run.frozen else told)


def _name(origin: str, visit: Visit) -> str:
    try:
        run = lab.store().run(origin)
    except StoreError:
        return visit.t("a run that is not here any more")
    return called(run, visit)


def _form(run: Run, visit: Visit) -> None:
    t, store = visit.t, lab.store()
    continuing.last_epoch(store, run)
    digits = _chosen(run, t)
    epochs, images = _numbers(run, digits, t)
    layers = layers_of(run.config)
    convolutions = any(layer.kind == "conv" for layer in layers)
    frozen = convolutions and st.toggle(
        t("Freeze the convolutions: keep them as they are"),
        key=f"go-on-{run.id}-frozen",
        help=t("Only the dense layers are trained: quick, and often enough for new images."),
    )
    _table(layers, frozen, t)
    _plan(run, epochs, images, t)
    if st.button(t("Go on"), type="primary", icon=":material/resume:", key=f"go-on-{run.id}-start"):
        wanted = _configured(run, images, digits)
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
    try:
        sets = {own: dataset.find(own), other.fingerprint: other}
    except LabError as error:
        st.caption(plain(t(error.on_page)))
        sets = {other.fingerprint: other}
    set_names = {which: _label(digits, run, t) for which, digits in sets.items()}
    held = state.image_set(run.id)
    if held.get() not in set_names:
        held.take()  # the lab has come by another set meanwhile
    asked = st.radio(t("Images"), list(set_names), format_func=set_names.__getitem__, key=held.key)
    _warn_of_known_images(run, sets[asked], t)
    return sets[asked]


def _label(digits: DigitSet, run: Run, t: Translator) -> str:
    count = f"{len(digits.y_train):,}"
    if digits.fingerprint == run.digits.fingerprint:
        return t("The run's own: {count} images", count=count)
    name = _SETS.get(digits.fingerprint)
    shown = t("other images ({id})", id=digits.fingerprint[:4]) if name is None else t(name)
    return t("{name}, now in use: {count} images", name=shown, count=count)


def _warn_of_known_images(run: Run, digits: DigitSet, t: Translator) -> None:
    """The sample is cut from MNIST's training part, its test images as well."""
    if (run.digits.fingerprint, digits.fingerprint) == (MNIST_FINGERPRINT, SAMPLE_FINGERPRINT):
        st.caption(
            t(
                "The sample's test images are training images of full MNIST: this run may have "
                "learned them already, so its test accuracy will look too good."
            )
        )


def _numbers(run: Run, digits: DigitSet, t: Translator) -> tuple[int, int]:
    """For how many epochs, and on how many of the set's training images."""
    there = _most(digits)
    epochs = state.more_epochs(run.id, run.config.epochs)
    images = state.images(run.id, digits.fingerprint, min(run.config.train_images, there))
    with st.container(horizontal=True):
        more = st.number_input(
            t("More epochs"), 1, int(BY_NAME["epochs"].high), key=epochs.begin(), width=180
        )
        many = st.number_input(
            t("Training images"),
            min(int(BY_NAME["train_images"].low), there),
            there,
            key=images.begin(),
            width=180,
            help=t("The first ones of the set, validation images included."),
        )
    return int(more), int(many)


def _configured(run: Run, images: int, digits: DigitSet) -> int:
    """``images`` as a setting: all of the set stay all, however many the run's own speaks of."""
    whole = images == _most(digits)
    return max(images, run.config.train_images) if whole else images


def _most(digits: DigitSet) -> int:
    """How many images of a set a run can train on."""
    return min(len(digits.y_train), int(BY_NAME["train_images"].high))


def _table(layers: Sequence[Layer], frozen: bool, t: Translator) -> None:
    """The layers with parameters, those that are trained and those that stay as they are."""
    shown = [layer for layer in layers if layer.parameters]
    fixed = [layer.parameters if frozen and layer.kind == "conv" else 0 for layer in shown]
    free = [layer.parameters - kept for layer, kept in zip(shown, fixed, strict=True)]
    st.dataframe(
        {
            t("Layer"): [*(labels.layer(layer, t) for layer in shown), t("Total")],
            t("Output shape"): [*("x".join(map(str, layer.output)) for layer in shown), ""],
            t("Trainable parameters"): [f"{count:,}" for count in (*free, sum(free))],
            t("Frozen parameters"): [f"{count:,}" for count in (*fixed, sum(fixed))],
        },
        hide_index=True,
    )


def _plan(run: Run, epochs: int, images: int, t: Translator) -> None:
    """How long it takes, and whether the optimizer state was kept."""
    config = dataclasses.replace(run.config, epochs=epochs)
    known, read = estimates.known(lab.store()), estimates.read_after_epoch(run)
    seconds = estimates.seconds(config, images, read, known)
    optimizer = (
        t("The optimizer goes on with its internal state.")
        if continuing.has_optimizer_state(lab.store(), run)
        else t("The optimizer's internal state was not kept; it begins afresh.")
    )
    st.caption(
        t(
            "About {time} on this machine. {optimizer}",
            time=labels.duration(seconds, t),
            optimizer=optimizer,
        )
    )
