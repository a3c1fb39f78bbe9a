"""The layers of a configuration as a Keras model, and its weights as our Network."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from digitlab.config import IMAGE_SIZE, RunConfig
from digitlab.layers import Layer, layers_of
from digitlab.network import Floats, Network
from digitlab.progress import NumberFormat

# What a layer draws its first weights or its dropout from; None leaves the choice to Keras.
Seed = int | None
_MOST_SEED = 10**9  # Keras draws the seed of a layer from 1 to this


def build(
    layers: Sequence[Layer], number_format: NumberFormat = "float32", seed: Seed = None
) -> Any:
    """An untrained ``keras.Sequential``; ``seed`` decides its initial weights and its dropout.

    They are those that Keras draws after ``keras.utils.set_random_seed(seed)``. Keras draws from
    Python's one ``random``, which other threads of a worker use as well; with a ``seed`` the draws
    are made here, out of their reach.

    Weights are float32 in either format; with ``mixed_bfloat16`` the hidden layers compute in
    bfloat16 and the softmax in float32.
    """
    seeds = _seeds(seed)
    model = keras.Sequential([keras.Input((IMAGE_SIZE, IMAGE_SIZE, 1))])
    for layer in layers:
        exact = layer is layers[-1]
        policy = "float32" if exact else number_format
        model.add(_keras_layer(layer, policy, seeds))
    return model


def _seeds(seed: Seed) -> Iterator[Seed]:
    """A seed for each layer that needs one, in their order; None leaves each to Keras."""
    drawn = random.Random(seed)
    while True:
        yield None if seed is None else drawn.randint(1, _MOST_SEED)


def _keras_layer(layer: Layer, policy: str, seeds: Iterator[Seed]) -> Any:
    match layer.kind:
        case "conv":
            return keras.layers.Conv2D(
                layer.output[2],
                layer.kernel,
                activation=layer.activation,
                name=layer.name,
                dtype=policy,
                kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
            )
        case "pool":
            return keras.layers.MaxPooling2D(2, name=layer.name, dtype=policy)
        case "flatten":
            return keras.layers.Flatten(name=layer.name, dtype=policy)
        case "dense":
            return keras.layers.Dense(
                layer.output[0],
                activation=layer.activation,
                name=layer.name,
                dtype=policy,
                kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
            )
        case "dropout":
            return keras.layers.Dropout(layer.rate, seed=next(seeds), name=layer.name, dtype=policy)


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


def set_weights(model: Any, network: Network) -> None:
    """Give ``model`` the weights of a network with the same layers."""
    for name, pair in network.weights.items():
        model.get_layer(name).set_weights(pair)


def freeze_convolutions(model: Any) -> None:
    """Have training leave the convolutions as they are; call it before compiling."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.trainable = False


def optimizer_state(model: Any) -> dict[str, Floats]:
    """What the optimizer remembers, by names that do not depend on the model's own.

    The steps made so far (``iteration``), and its arrays for each kernel and bias.
    """
    return {
        _slot(variable.path): np.asarray(variable, np.float32)
        for variable in model.optimizer.variables
        if not variable.path.endswith("/learning_rate")
    }


def restore_optimizer(model: Any, state: Mapping[str, Floats]) -> None:
    """Have the optimizer remember ``state``, as far as it is about what ``model`` still trains."""
    model.optimizer.build(model.trainable_variables)
    for variable in model.optimizer.variables:
        found = state.get(_slot(variable.path))
        if found is not None and found.shape == tuple(variable.shape):
            variable.assign(found.astype(variable.dtype))


def _slot(path: str) -> str:
    """ "adam/sequential_3_conv1_kernel_velocity" is "conv1_kernel_velocity"."""
    return re.sub(r"^sequential(_\d+)?_", "", path.rpartition("/")[2])


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
    return build(layers_of(config), seed=config.seed)
