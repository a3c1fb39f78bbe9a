"""What the first layer looks for: its weights before and after training, on one scale."""

from __future__ import annotations

import streamlit as st

from digitlab import charts
from digitlab.layers import Layer
from digitlab.messages import Translator
from digitlab.network import Floats, Network
from digitlab.ui.readers import Reader
from digitlab.ui.run_panel import chart_config
from digitlab.ui.shell import Visit


def show(reader: Reader, visit: Visit) -> None:
    """First-layer filters, or an MLP's first-layer weights, untrained and trained."""
    t = visit.t
    layer = _first_with_weights(reader.network)
    trained = reader.network.weights[layer.name][0]
    before = None if reader.untrained is None else reader.untrained.weights[layer.name][0]
    st.markdown(_explanation(layer, t))
    limit = charts.colour_limit(*(w for w in (before, trained) if w is not None))
    left, right = st.columns(2)
    with left:
        if before is None:
            st.info(t("The untrained weights of this network were not kept."))
        else:
            _mosaic(layer, before, limit, t("Untrained"), t)
    with right:
        _mosaic(layer, trained, limit, t("Trained"), t)


def _first_with_weights(network: Network) -> Layer:
    return next(layer for layer in network.layers if layer.kernel_shape)


def _explanation(layer: Layer, t: Translator) -> str:
    if layer.kind == "conv":
        return t(
            "Each square is one filter of the first convolution: where it is red it looks for "
            "light pixels, where it is blue for dark ones. Untrained filters are random."
        )
    return t(
        "Each square is one neuron of the first layer, its 784 weights laid out as the picture's "
        "pixels: red pixels excite it, blue ones hold it back."
    )


def _mosaic(layer: Layer, weights: Floats, limit: float, title: str, t: Translator) -> None:
    draw = charts.filter_mosaic if layer.kind == "conv" else charts.weight_mosaic
    figure = draw(weights, limit, t, title=title)
    st.plotly_chart(figure, key=f"mosaic-{title}", config=chart_config(t, live=True))
