"""Builds a configuration's Keras model, and converts its weights to and from our Network."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from digitlab.config import IMAGE_SIZE, RunConfig
from digitlab.layers import Layer, layers_of
from digitlab.network import Floats, Network
from digitlab.progress import NumberFormat

# The seed of a layer's initial weights or of its dropout; None leaves the choice to Keras.
Seed = int | None

_OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "adadelta": keras.optimizers.Adadelta,
}


def build(
    layers: Sequence[Layer], number_format: NumberFormat = "float32", seed: Seed = None
) -> Any:
    """An untrained ``keras.Sequential``; ``seed`` decides its initial weights and its dropout.

    The initial weights are those that Keras draws after ``keras.utils.set_random_seed(seed)``.
    Keras takes its layers' seeds, 1 to 10**9, from Python's global ``random``, which other threads
    of a worker use as well; with a ``seed`` they are drawn here from a generator of their own.

    Weights are float32 in either format; with ``mixed_bfloat16`` the hidden layers compute in
    bfloat16 and the softmax in float32.
    """
    drawn = random.Random(seed)

    def next_seed() -> Seed:
        return None if seed is None else drawn.randint(1, 10**9)

    model = keras.Sequential([keras.Input((IMAGE_SIZE, IMAGE_SIZE, 1))])
    for layer in layers:
        policy = "float32" if layer is layers[-1] else number_format
        model.add(_keras_layer(layer, policy, next_seed))
    return model


def _keras_layer(layer: Layer, policy: str, next_seed: Callable[[], Seed]) -> Any:
    options: dict[str, Any] = {"name": layer.name, "dtype": policy}
    if layer.kernel_shape:
        options["activation"] = layer.activation
        options["kernel_initializer"] = keras.initializers.GlorotUniform(next_seed())
    match layer.kind:
        case "conv":
            return keras.layers.Conv2D(layer.output[2], layer.kernel, **options)
        case "pool":
            return keras.layers.MaxPooling2D(2, **options)
        case "flatten":
            return keras.layers.Flatten(**options)
        case "dense":
            return keras.layers.Dense(layer.output[0], **options)
        case "dropout":
            return keras.layers.Dropout(layer.rate, seed=next_seed(), **options)


def compile_model(model: Any, config: RunConfig) -> None:
    """Compile ``model`` with the loss and optimizer of ``config``; no XLA, which is slower here."""
    options = {"momentum": config.momentum} if config.optimizer == "sgd" else {}
    model.compile(
        optimizer=_OPTIMIZERS[config.optimizer](config.learning_rate, **options),
        loss=config.loss,
        metrics=["accuracy"],
        jit_compile=False,
    )


def set_weights(model: Any, network: Network) -> None:
    """Set the weights of ``model`` to those of a network with the same layers."""
    for name, pair in network.weights.items():
        model.get_layer(name).set_weights(pair)


def freeze_convolutions(model: Any) -> None:
    """Exclude the convolutions from training; call it before compiling."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.trainable = False


def optimizer_state(model: Any) -> dict[str, Floats]:
    """The optimizer's state: its step count (``iteration``) and its slots of each kernel and bias.

    The names do not depend on the model's own, which Keras numbers.
    """
    return {
        _slot(variable.path): np.asarray(variable, np.float32)
        for variable in model.optimizer.variables
        if not variable.path.endswith("/learning_rate")
    }


def restore_optimizer(model: Any, state: Mapping[str, Floats]) -> None:
    """Load ``state`` into the optimizer, as far as it belongs to what ``model`` still trains."""
    model.optimizer.build(model.trainable_variables)
    for variable in model.optimizer.variables:
        found = state.get(_slot(variable.path))
        if found is not None and found.shape == tuple(variable.shape):
            variable.assign(found.astype(variable.dtype))


def _slot(path: str) -> str:
    # "adam/sequential_3_conv1_bias_velocity" is "conv1_bias_velocity".
    return re.sub(r"^sequential(_\d+)?_", "", path.rpartition("/")[2])


def network_of(model: Any, layers: tuple[Layer, ...], about: Mapping[str, Any]) -> Network:
    """The model's current weights as a Network, float32."""
    weights = {}
    for layer in layers:
        if layer.kernel_shape:
            kernel, bias = model.get_layer(layer.name).get_weights()
            weights[layer.name] = np.asarray(kernel, np.float32), np.asarray(bias, np.float32)
    return Network(layers, weights, about)


def untrained(config: RunConfig) -> Any:
    """The untrained model of ``config``, with all random generators seeded."""
    keras.utils.set_random_seed(config.seed)
    return build(layers_of(config), seed=config.seed)
