"""The network that the sliders build: in a sentence, as a picture and as a table."""

from __future__ import annotations

import streamlit as st

from digitlab import labels
from digitlab.charts.architecture import network_picture
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.jobs.memory import refuse_too_large
from digitlab.layers import Layer, layers_of, parameter_count
from digitlab.messages import LabError, Translator
from digitlab.sweeps.planning import run_seconds
from digitlab.training import estimates
from digitlab.ui import folded, lab, plot


def plan(config: RunConfig, digits: DigitSet, t: Translator) -> bool:
    """What will be trained, on how many images, and how long it takes; False if it cannot be."""
    split, known = digits.split(config), estimates.known(lab.store())
    st.markdown(
        t(
            "**{parameters}** parameters, trained on **{images}** images for **{epochs}** epochs: "
            "about **{time}** on this machine.",
            parameters=f"{parameter_count(layers_of(config)):,}",
            images=f"{split.train_count:,}",
            epochs=config.epochs,
            time=labels.duration(run_seconds(config, digits, known), t),
        )
    )
    if not known.ended:
        st.caption(t("The first run also waits some seconds for TensorFlow to start."))
    st.caption(_validation(config, digits, t))
    if config.validation == "test":
        st.warning(
            t(
                "Validation on the test set flatters: whoever chooses settings or the moment to "
                "stop by these images has used them, and they no longer show how the network "
                "does on what it has never seen."
            )
        )
    try:
        refuse_too_large(config)
    except LabError as error:
        st.error(t(error.on_page))
        return False
    return True


def _validation(config: RunConfig, digits: DigitSet, t: Translator) -> str:
    test = f"{len(digits.x_test):,}"
    if config.validation == "none":
        return t("No validation. At the end, tested on {test} other images.", test=test)
    if config.validation == "test":
        return t("Validated and tested on the same {test} images.", test=test)
    count = f"{digits.split(config).validation_count:,}"
    return t(
        "Validated after each epoch on {count} images held back from training; at the end, "
        "tested on {test} others.",
        count=count,
        test=test,
    )


def show(config: RunConfig, run: RunConfig | None, t: Translator) -> None:
    """The network that the sliders build, and the run's own where there is one and it is another.

    Two configurations that differ in their training alone have one network, and one picture.
    """
    if run is None or layers_of(run) == layers_of(config):
        _network(config, "network", t)
        return
    st.subheader(t("The run's network"))
    _network(run, "network-of-run", t)
    st.subheader(t("The sliders' network"))
    st.caption(t("What is trained next; the run above has another network."))
    _network(config, "network", t)


def _network(config: RunConfig, key: str, t: Translator) -> None:
    """The picture of a network, and its layers in a table."""
    layers = layers_of(config)
    plot.draw(network_picture(layers, t), t, key=key)

    def table() -> None:
        st.dataframe(
            {
                t("Layer"): [labels.layer(layer, t) for layer in layers],
                t("Output shape"): ["x".join(map(str, layer.output)) for layer in layers],
                t("Settings"): [_settings(layer, t) for layer in layers],
                t("Parameters"): [f"{layer.parameters:,}" for layer in layers],
            },
            hide_index=True,
        )
        st.caption(t("Total: {count} parameters", count=f"{parameter_count(layers):,}"))

    folded.show(t("Layer by layer"), f"{key}-layers", t, table)


def _settings(layer: Layer, t: Translator) -> str:
    match layer.kind:
        case "conv":
            return t(
                "{kernel}x{kernel}, {activation}", kernel=layer.kernel, activation=layer.activation
            )
        case "dense":
            return layer.activation
        case "dropout":
            return t("{rate} switched off", rate=f"{layer.rate:.0%}")
        case _:
            return ""
