"""The layers of a configuration: their shapes, parameters and memory, without Keras."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from digitlab.config import DIGITS, IMAGE_SIZE, RunConfig

Kind = Literal["conv", "pool", "flatten", "dense", "dropout"]

# Variables that an optimizer keeps for each parameter, beside the parameter and its gradient.
_OPTIMIZER_SLOTS = {"adam": 2, "sgd": 1, "rmsprop": 1, "adadelta": 2}
_FLOAT_BYTES = 4
EVALUATION_CHUNK = 500  # images that an evaluation reads at once


@dataclass(frozen=True)
class Layer:
    """One layer of a network that reads 28x28 pictures.

    ``output`` is (height, width, channels) up to the flatten layer and (units,) after it.
    Convolutions are "valid" (no padding), stride 1; pooling takes the largest of 2x2, stride 2,
    and drops an odd last row and column.
    """

    kind: Kind
    name: str
    input: tuple[int, ...]
    output: tuple[int, ...]
    kernel: int = 0
    activation: str = "linear"
    rate: float = 0.0

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        """Shape of the weights: (k, k, channels in, filters), (units in, units out), or ()."""
        if self.kind == "conv":
            return (self.kernel, self.kernel, self.input[2], self.output[2])
        return (self.input[0], self.output[0]) if self.kind == "dense" else ()

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return math.prod(self.kernel_shape) + self.output[-1] if self.kernel_shape else 0

    @property
    def windows(self) -> int:
        """Values in all the windows that a convolution reads of one picture, 0 for the others."""
        if self.kind != "conv":
            return 0
        return self.output[0] * self.output[1] * self.kernel**2 * self.input[2]

    @property
    def multiplications(self) -> int:
        """Multiplications of weights and values for one picture."""
        if self.kind == "conv":
            return self.windows * self.output[2]
        return math.prod(self.kernel_shape) if self.kernel_shape else 0


class Stack:
    """Builds a list of layers, each taking the output shape of the one before."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.shape: tuple[int, ...] = (IMAGE_SIZE, IMAGE_SIZE, 1)
        self._names: dict[str, int] = {}

    def conv(self, filters: int, kernel: int, activation: str) -> None:
        """Add a convolution, "valid" and of stride 1."""
        height, width, _ = self.shape
        output = (height - kernel + 1, width - kernel + 1, filters)
        self._add("conv", output, kernel=kernel, activation=activation)

    def pool(self) -> None:
        """Add max pooling over 2x2."""
        height, width, channels = self.shape
        self._add("pool", (height // 2, width // 2, channels), kernel=2)

    def flatten(self) -> None:
        """Lay all values in a row."""
        self._add("flatten", (math.prod(self.shape),))

    def dense(self, units: int, activation: str) -> None:
        """Add a dense layer."""
        self._add("dense", (units,), activation=activation)

    def dropout(self, rate: float) -> None:
        """Add dropout, unless its rate is zero."""
        if rate:
            self._add("dropout", self.shape, rate=rate)

    def _add(self, kind: Kind, output: tuple[int, ...], **more: Any) -> None:
        number = self._names[kind] = self._names.get(kind, 0) + 1
        self.layers.append(Layer(kind, f"{kind}{number}", self.shape, output, **more))
        self.shape = output


def layers_of(config: RunConfig) -> tuple[Layer, ...]:
    """The layers that ``config`` trains, from the picture to softmax."""
    stack = Stack()
    if config.network == "mlp":
        stack.flatten()
        for units in config.units:
            stack.dense(units, config.activation)
            stack.dropout(config.dropout)
    else:
        for filters, kernel, pooled in config.conv_blocks:
            stack.conv(filters, kernel, config.activation)
            if pooled:
                stack.pool()
        stack.dropout(config.conv_dropout)
        stack.flatten()
        stack.dense(config.dense, config.activation)
        stack.dropout(config.dropout)
    stack.dense(DIGITS, "softmax")
    return tuple(stack.layers)


def parameter_count(layers: Sequence[Layer]) -> int:
    """Number of weights and biases of all layers."""
    return sum(layer.parameters for layer in layers)


def largest_layer(layers: Sequence[Layer]) -> int:
    """The most values that one layer computes for one picture; a RunConfig's at most 5 million."""
    return max(max(layer.windows, math.prod(layer.output)) for layer in layers)


def training_bytes(config: RunConfig) -> int:
    """A generous estimate of the memory that training ``config`` needs, in bytes.

    Parameters, their gradients and the optimizer's variables, a copy for the evaluation, and
    for each image of a batch every layer's output and its gradient, with the windows that a
    convolution unrolls.
    """
    layers = layers_of(config)
    parameters = parameter_count(layers) * (3 + _OPTIMIZER_SLOTS[config.optimizer])
    values = sum(2 * math.prod(layer.output) + layer.windows for layer in layers)
    return _FLOAT_BYTES * (parameters + max(config.batch_size, EVALUATION_CHUNK) * values)
