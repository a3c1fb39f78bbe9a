"""One output of one layer, computed step by step: the products, their sum, bias and activation.

The sums are float64, from the network's own float32 numbers, so they agree with the network's
output to float32's precision.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.inspection.feature_maps import LayerMaps
from digitlab.layers import Kind
from digitlab.network import Floats, Network, activate, softmax

BY_HAND: tuple[Kind, ...] = ("conv", "pool", "dense")  # layers that compute something

Doubles = npt.NDArray[np.float64]
Place = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Pooled:
    """One pixel of a pooled map: the largest of ``window`` (2, 2), whose top left is ``corner``.

    ``output`` is what the network computed.
    """

    corner: Place
    window: Floats
    output: float

    @property
    def largest(self) -> float:
        """The largest of the four."""
        return float(self.window.max())


@dataclass(frozen=True, eq=False)
class WeightedSum:
    """One output of a convolution or of a dense layer: the activation of a weighted sum.

    ``inputs`` and ``weights`` have one shape: (k, k, channels) for the window at ``corner`` of a
    convolution, (units,) for a dense layer. ``output`` is what the network computed. ``logits``
    (units,) are the sums of the whole layer, which softmax needs; None for other activations.
    """

    inputs: Floats
    weights: Floats
    bias: float
    activation: str
    output: float
    corner: Place = (0, 0)
    logits: Doubles | None = None
    unit: int = 0

    @functools.cached_property
    def products(self) -> Doubles:
        """Input times weight, element by element, in their shape."""
        with np.errstate(all="ignore"):
            return np.multiply(self.inputs, self.weights, dtype=np.float64)

    @property
    def subtotals(self) -> Doubles:
        """The sum of the products of each input channel, (channels,)."""
        return np.asarray(self.products.sum(axis=(0, 1)))

    @property
    def total(self) -> float:
        """The sum of all products."""
        return float(self.products.sum())

    @property
    def z(self) -> float:
        """The sum and the bias: the input of the activation."""
        return self.total + self.bias

    @property
    def activated(self) -> float:
        """The activation of ``z``: the output as computed here."""
        if self.logits is not None:
            return float(softmax(self.logits.astype(np.float32))[self.unit])
        return float(activate(self.activation, np.array([self.z], np.float32))[0])

    def strongest(self, count: int) -> list[int]:
        """The flat indices of the ``count`` products of largest size, largest first; no zeros."""
        sizes = np.abs(self.products.ravel())
        order = np.argsort(-sizes, kind="stable")[:count]
        return [int(place) for place in order if sizes[place] > 0]


def pooled(found: LayerMaps, row: int, column: int, channel: int) -> Pooled:
    """The pixel (row, column) of map ``channel`` of a pooling layer; IndexError without one."""
    top, left = 2 * row, 2 * column
    window = found.given[top : top + 2, left : left + 2, channel]
    return Pooled((top, left), window, float(found.output[row, column, channel]))


def convolved(
    network: Network, found: LayerMaps, row: int, column: int, channel: int
) -> WeightedSum:
    """The pixel (row, column) of map ``channel`` of a convolution; IndexError without one."""
    kernel, bias = network.weights[found.layer.name]
    return WeightedSum(
        found.given[row : row + len(kernel), column : column + len(kernel)],
        kernel[..., channel],
        float(bias[channel]),
        found.layer.activation,
        float(found.output[row, column, channel]),
        corner=(row, column),
    )


def neuron(network: Network, found: LayerMaps, unit: int) -> WeightedSum:
    """One neuron of a dense layer, of softmax with the sums of all ten; IndexError without one."""
    kernel, bias = network.weights[found.layer.name]
    logits: Doubles | None = None
    if found.layer.activation == "softmax":
        with np.errstate(all="ignore"):
            logits = found.given.astype(np.float64) @ kernel.astype(np.float64) + bias
    return WeightedSum(
        found.given,
        kernel[:, unit],
        float(bias[unit]),
        found.layer.activation,
        float(found.output[unit]),
        logits=logits,
        unit=unit,
    )


def input_shape(layers: Sequence[LayerMaps], number: int) -> tuple[int, ...]:
    """The shape of dense layer ``number``'s inputs before they were flattened.

    (H, W, channels), or (units,) where they come from another dense layer.
    """
    before = next(each.layer for each in reversed(layers[:number]) if each.layer.kind != "dropout")
    return before.input if before.kind == "flatten" else before.output


def position(place: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index of input ``place`` of a dense layer in its ``input_shape``."""
    return tuple(int(index) for index in np.unravel_index(place, shape))


def rounded_total(parts: npt.NDArray[Any], decimals: int) -> float:
    """The sum of the parts as a page shows them, each rounded to ``decimals``."""
    return float(np.round(parts.astype(np.float64), decimals).sum())
