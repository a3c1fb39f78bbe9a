"""The layers of a configuration as a Keras model, and its weights as our Network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from digitlab.config import IMAGE_SIZE, RunConfig
from digitlab.layers import Layer, layers_of
from digitlab.network import Floats, Network
from digitlab.progress import NumberFormat


def build(layers: Sequence[Layer], number_format: NumberFormat = "float32") -> Any:
    """An untrained ``keras.Sequential``; its initial weights come from Keras's random seed.

    Weights are float32 in either format; with ``mixed_bfloat16`` the hidden layers compute in
    bfloat16 and the softmax in float32.
    """
    model = keras.Sequential([keras.Input((IMAGE_SIZE, IMAGE_SIZE, 1))])
    for layer in layers:
        exact = layer is layers[-1]
        model.add(_keras_layer(layer, "float32" if exact else number_format))
    return model


def _keras_layer(layer: Layer, policy: str) -> Any:
    match layer.kind:
        case "conv":
            return keras.layers.Conv2D(
                layer.output[2], layer.kernel,
                activation=layer.activation, name=layer.name, dtype=policy,
            )  # fmt: skip
        case "pool":
            return keras.layers.MaxPooling2D(2, name=layer.name, dtype=policy)
        case "flatten":
            return keras.layers.Flatten(name=layer.name, dtype=policy)
        case "dense":
            return keras.layers.Dense(
                layer.output[0], activation=layer.activation, name=layer.name, dtype=policy
            )
        case "dropout":
            return keras.layers.Dropout(layer.rate, name=layer.name, dtype=policy)


def compile_model(model: Any, config: RunConfig, steps: int) -> None:
    """Compile ``model`` with the loss and optimizer of ``config``; no XLA, which is slower here."""
    model.compile(
        optimizer=_optimizer(config),
        loss=config.loss,
        metrics=["accuracy"],
        steps_per_execution=steps,
        jit_compile=False,
    )


def _optimizer(config: RunConfig) -> Any:
    rate = config.learning_rate
    match config.optimizer:
        case "sgd":
            return keras.optimizers.SGD(rate, momentum=config.momentum)
        case "rmsprop":
            return keras.optimizers.RMSprop(rate)
        case "adadelta":
            return keras.optimizers.Adadelta(rate)
        case _:
            return keras.optimizers.Adam(rate)


def network_of(model: Any, layers: tuple[Layer, ...], about: Mapping[str, Any]) -> Network:
    """The model's present weights as a Network, float32."""
    weights = {
        layer.name: _pair(model.get_layer(layer.name).get_weights())
        for layer in layers
        if layer.kernel_shape
    }
    return Network(layers, weights, about)


def _pair(arrays: Iterable[Any]) -> tuple[Floats, Floats]:
    kernel, bias = (np.asarray(array, np.float32) for array in arrays)
    return kernel, bias


def untrained(config: RunConfig) -> Any:
    """The model of ``config`` as it is before training, every random seed fixed."""
    keras.utils.set_random_seed(config.seed)
    return build(layers_of(config))
