"""Keras models with their traced functions, which one run after the other uses.

Tracing takes 0.3 to 2 s, more than a short run trains; a run of the same shape as an earlier one in
this process finds it done. Nothing of the earlier run is left in it but the functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from digitlab.config import IMAGE_SIZE, RunConfig
from digitlab.dataset.digits import Bytes
from digitlab.layers import Layer, layers_of, parameter_count
from digitlab.network import Floats
from digitlab.presets import DEFAULT_PRESET, PRESETS
from digitlab.progress import NumberFormat
from digitlab.training.keras_model import build, compile_model, freeze_convolutions
from digitlab.training.loop import TrainingLoop, as_tensor

_MOST_KEPT = 4
# A larger network is not kept: its weights and the optimizer's take four times their bytes.
_MOST_PARAMETERS = 2_000_000


class Compiled:
    """A model in its number format, the loop that trains it, and its float32 forward pass."""

    def __init__(self, config: RunConfig, number_format: NumberFormat, *, frozen: bool) -> None:
        layers = layers_of(config)
        self.model = _model(config, layers, number_format, frozen)
        self.loop = TrainingLoop(self.model, one_hot=config.one_hot)
        self._exact = self.model if number_format == "float32" else build(layers)
        # Divided by an argument for the reason that ``TrainingLoop`` gives.
        self._forward = tf.function(
            lambda images, white: self._exact(tf.cast(images, tf.float32) / white, training=False),
            input_signature=(
                tf.TensorSpec((None, IMAGE_SIZE, IMAGE_SIZE, 1), tf.uint8),
                tf.TensorSpec(()),
            ),
        )

    def reset(self, config: RunConfig, number_format: NumberFormat) -> None:
        """Make the model, its dropout and its optimizer what they are at a run's beginning."""
        new = build(layers_of(config), number_format, config.seed)
        for variable, initial in zip(self.model.variables, new.variables, strict=True):
            variable.assign(initial)
        optimizer = self.model.optimizer
        for variable in optimizer.variables:
            variable.assign(tf.zeros_like(variable))
        optimizer.learning_rate = config.learning_rate

    def sync(self) -> None:
        """Let ``predict`` use the weights that the model has now."""
        if self._exact is not self.model:
            self._exact.set_weights(self.model.get_weights())

    def predict(self, images: Bytes) -> Floats:
        """Probabilities float32 (N, 10) of images uint8 (N, 28, 28), computed in float32."""
        return np.asarray(self._forward(images[..., None], 255.0), np.float32)


def _model(
    config: RunConfig, layers: tuple[Layer, ...], number_format: NumberFormat, frozen: bool
) -> Any:
    model = build(layers, number_format, config.seed)
    if frozen:
        freeze_convolutions(model)
    compile_model(model, config)
    return model


_kept: dict[tuple[Any, ...], Compiled] = {}  # the one used last comes last


def compiled(config: RunConfig, number_format: NumberFormat, *, frozen: bool = False) -> Compiled:
    """The untrained network of ``config``; built and traced by an earlier run where there was one.

    Only one run at a time may use it. ``frozen`` excludes the convolutions from training.
    """
    layers = layers_of(config)
    key = (layers, config.optimizer, config.momentum, config.loss, number_format, frozen)
    found = _kept.pop(key, None)
    if found is None:
        found = Compiled(config, number_format, frozen=frozen)
    else:
        found.reset(config, number_format)
    if parameter_count(layers) <= _MOST_PARAMETERS:
        _kept[key] = found
        for oldest in list(_kept)[:-_MOST_KEPT]:
            del _kept[oldest]
    return found


def warm_up() -> None:
    """Trace the default lesson, so that no run waits for Keras's first use in this process."""
    config = PRESETS[DEFAULT_PRESET]
    network = compiled(config, "float32")
    image = np.zeros((1, IMAGE_SIZE, IMAGE_SIZE, 1), np.uint8)
    data = as_tensor(image), as_tensor(np.zeros(1, np.int32)), as_tensor(np.zeros(1, np.int64))
    for _ in network.loop.epoch(*data, config.batch_size):
        network.predict(image[..., 0])


def forget() -> None:
    """Keep no network of an earlier run."""
    _kept.clear()
