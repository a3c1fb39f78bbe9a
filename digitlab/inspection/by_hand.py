"""One output of one layer, worked out by hand: every product, the sum, the bias, the activation.

The sums are made in float64 from the network's own float32 numbers, so they agree with what the
network computed to float32's precision.
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
    """One output of a convolution or of a dense layer: a weighted sum through an activation.

    ``inputs`` and ``weights`` have one shape: (k, k, channels) where a window at ``corner`` is
    read, (units,) where all is. ``output`` is what the network computed. ``logits`` (units,) are
    the sums of the whole layer, for softmax needs them all; None for other activations.
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
        """Input times weight, place by place."""
        with np.errstate(all="ignore"):
            return np.multiply(self.inputs, self.weights, dtype=np.float64)

    @functools.cached_property
    def subtotals(self) -> Doubles:
        """The products of each input channel added up, (channels,)."""
        totals: Doubles = self.products.sum(axis=(0, 1))
        return totals

    @functools.cached_property
    def total(self) -> float:
        """All products added up."""
        return float(self.products.sum())

    @property
    def z(self) -> float:
        """Their sum and the bias: what goes into the activation."""
        return self.total + self.bias

    @property
    def activated(self) -> float:
        """The activation of ``z``: the output as worked out here."""
        if self.logits is not None:
            return float(softmax(self.logits.astype(np.float32))[self.unit])
        return float(activate(self.activation, np.array([self.z], np.float32))[0])

    def strongest(self, count: int) -> list[int]:
        """The places of the ``count`` products farthest from zero, largest first.

        Places count through the products in a row; those that are zero are left out.
        """
        sizes = np.abs(self.products.ravel())
        order = np.argsort(-sizes, kind="stable")[:count]
        return [int(place) for place in order if sizes[place] > 0]


def pooled(found: LayerMaps, row: int, column: int, channel: int) -> Pooled:
    """The pixel (row, column) of map ``channel`` of a pooling layer.

    Raises:
        IndexError: there is no such pixel.
    """
    top, left = 2 * row, 2 * column
    window = found.given[top : top + 2, left : left + 2, channel]
    return Pooled((top, left), window, float(found.output[row, column, channel]))


def convolved(
    network: Network, found: LayerMaps, row: int, column: int, channel: int
) -> WeightedSum:
    """The pixel (row, column) of map ``channel`` of a convolution.

    Raises:
        IndexError: there is no such pixel.
    """
    kernel, bias = network.weights[found.layer.name]
    size = len(kernel)
    return WeightedSum(
        inputs=found.given[row : row + size, column : column + size],
        weights=kernel[..., channel],
        bias=float(bias[channel]),
        activation=found.layer.activation,
        output=float(found.output[row, column, channel]),
        corner=(row, column),
    )


def neuron(network: Network, found: LayerMaps, unit: int) -> WeightedSum:
    """One neuron of a dense layer; of the softmax layer with the sums of all ten.

    Raises:
        IndexError: there is no such neuron.
    """
    kernel, bias = network.weights[found.layer.name]
    return WeightedSum(
        inputs=found.given,
        weights=kernel[:, unit],
        bias=float(bias[unit]),
        activation=found.layer.activation,
        output=float(found.output[unit]),
        logits=_sums(found, kernel, bias) if found.layer.activation == "softmax" else None,
        unit=unit,
    )


def _sums(found: LayerMaps, kernel: Floats, bias: Floats) -> Doubles:
    with np.errstate(all="ignore"):
        sums: Doubles = found.given.astype(np.float64) @ kernel.astype(np.float64) + bias
    return sums


def input_shape(layers: Sequence[LayerMaps], number: int) -> tuple[int, ...]:
    """What the inputs of dense layer ``number`` were before a flatten layer put them in a row.

    (H, W, channels), or (units,) where another dense layer gives them.
    """
    for before in reversed(layers[:number]):
        if before.layer.kind == "flatten":
            return before.layer.input
        if before.layer.kind != "dropout":
            break
    return layers[number].layer.input


def position(place: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Where input ``place`` of a dense layer was in ``input_shape``."""
    return tuple(int(index) for index in np.unravel_index(place, shape))


def rounded_total(parts: npt.NDArray[Any], decimals: int) -> float:
    """What a person gets who adds the parts up as they are shown, each rounded."""
    return float(np.round(parts.astype(np.float64), decimals).sum())
