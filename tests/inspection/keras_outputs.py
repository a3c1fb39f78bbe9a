"""What Keras computes, to compare with."""

from __future__ import annotations

import numpy as np
import pytest

from digitlab.network import Network


def keras_outputs(network: Network, picture: np.ndarray) -> list[np.ndarray]:
    """Every layer's output for a picture (28, 28), of a Keras model with the network's weights."""
    keras = pytest.importorskip("keras")
    from digitlab.training.keras_model import build

    model = build(network.layers)
    for layer, pair in network.weights.items():
        model.get_layer(layer).set_weights(pair)
    every = keras.Model(model.inputs[0], [layer.output for layer in model.layers])
    pixels = picture[np.newaxis, ..., np.newaxis] / np.float32(255)
    return [np.asarray(output)[0] for output in every(pixels, training=False)]
