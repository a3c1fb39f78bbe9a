"""Why a network reads a drawing as it does: occlusion, nearest neighbours, and layer values."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from digitlab.config import IMAGE_SIZE
from digitlab.layers import Layer, largest_layer
from digitlab.network import Floats, Network, Prediction, as_pixels, softmax

Measure = Literal["probability", "logit"]
Pictures = npt.NDArray[Any]

STEP = 2  # pixels from one square to the next
PATCH = 4  # pixels: covers the width of a stroke, 2.5, and little more
_CHUNK_IMAGES = 64  # more at once is no faster: their windows leave the processor's cache
_CHUNK_VALUES = 8_000_000  # values of the unrolled windows held at once


@dataclass(frozen=True, eq=False)
class Occlusion:
    """A network's logits for a digit, ``whole`` float32 (10,), and for it with a square erased.

    ``logits`` float32 (14, 14, 10) are those with the ink erased around each field of
    ``STEP`` x ``STEP`` pixels.
    """

    logits: Floats
    whole: Floats

    def falls(self, digit: int, measure: Measure = "probability") -> Floats:
        """By how much the probability, or the logit, of ``digit`` falls at each field (14, 14)."""
        whole, each = self.whole, self.logits
        if measure == "probability":
            whole, each = softmax(whole), softmax(each)
        return np.asarray(whole[digit] - each[..., digit])


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The images nearest to a drawing, nearest first: their indices and float32 distances (count,).

    ``median`` is the distance of all images.
    """

    indices: npt.NDArray[np.intp]
    distances: Floats
    median: float


@dataclass(frozen=True)
class LayerValues:
    """Statistics of a layer's output for one picture; ``zeros`` is the share that is 0.

    ``layer`` is None for the picture itself.
    """

    layer: Layer | None
    shape: tuple[int, ...]
    smallest: float
    mean: float
    largest: float
    zeros: float


@dataclass(frozen=True, eq=False)
class SoftmaxSteps:
    """From ten logits to ten probabilities, step by step; each float32 (10,).

    ``shifted`` are the logits minus their largest, ``powers`` their exponentials.
    """

    logits: Floats
    shifted: Floats
    powers: Floats
    probabilities: Floats

    @property
    def total(self) -> float:
        """The sum of ``powers``, which each is divided by."""
        return float(self.powers.sum())


def features(network: Network, images: Pictures) -> Floats:
    """The last hidden layer's output, float32 (N, units), of pictures (N, 28, 28).

    A network without a hidden layer gives the 784 pixels.
    """
    before = dataclasses.replace(network, layers=network.layers[:-1])
    none = np.empty((0, *before.layers[-1].output), np.float32)
    parts = (before.activations(part)[-1] for part in chunks(network.layers, as_pixels(images)))
    return np.concatenate([none, *parts])


def chunks(layers: Sequence[Layer], pixels: Floats) -> Iterator[Floats]:
    """Pixels (N, 28, 28, 1) in as large parts as a forward pass through ``layers`` should take."""
    size = max(1, min(_CHUNK_IMAGES, _CHUNK_VALUES // largest_layer(layers)))
    for start in range(0, len(pixels), size):
        yield pixels[start : start + size]


def logits(network: Network, images: Pictures) -> Floats:
    """The ten sums before softmax, float32 (N, 10), of pictures (N, 28, 28)."""
    kernel, bias = network.weights[network.layers[-1].name]
    return np.asarray(features(network, images) @ kernel + bias)


def fingerprint(network: Network) -> str:
    """SHA-256, as hex digits, over a network's layers and weights; ``about`` does not count."""
    digest = hashlib.sha256(repr(network.layers).encode())
    for layer in network.layers:
        for array in network.weights.get(layer.name, ()):
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def occlusion(network: Network, digit: Pictures) -> Occlusion:
    """The occlusion sensitivity of ``network`` to each part of a digit (28, 28).

    A square of ``PATCH`` pixels a side slides over the digit in steps of ``STEP`` and is filled
    with the background's 0: M. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional
    Networks", 2014, section 4.2. Squares without ink change nothing, and are not computed.
    """
    squares = _squares()
    changed = squares[:, digit > 0].any(axis=1)
    erased = np.where(squares[changed], 0, digit).astype(digit.dtype)
    found = logits(network, np.concatenate([digit[np.newaxis], erased]))
    each = np.repeat(found[:1], len(squares), axis=0)
    each[changed] = found[1:]
    side = IMAGE_SIZE // STEP
    return Occlusion(each.reshape(side, side, -1), found[0])


def nearest(known: Floats, one: Floats, *, count: int = 8) -> Neighbours:
    """The ``count`` rows of ``known`` (N, units) nearest to ``one`` (units,).

    Distances are Euclidean, in the last hidden layer's own units.
    """
    distances: Floats = np.sqrt(np.square(known - one).sum(axis=1))
    first = np.argsort(distances, kind="stable")[:count]
    return Neighbours(first, distances[first], float(np.median(distances)))


def layer_values(network: Network, digit: Pictures) -> list[LayerValues]:
    """Statistics of the picture (28, 28) and of every layer's output, the probabilities last."""
    picture = as_pixels(digit[np.newaxis])
    outputs = [picture, *network.activations(picture)]
    return [
        LayerValues(
            layer,
            values.shape[1:],
            float(values.min()),
            float(values.mean()),
            float(values.max()),
            float((values == 0).mean()),
        )
        for layer, values in zip([None, *network.layers], outputs, strict=True)
    ]


def softmax_steps(network: Network, digit: Pictures) -> SoftmaxSteps:
    """The steps of the softmax for a digit (28, 28), from the last layer's sums."""
    sums = logits(network, digit[np.newaxis])[0]
    shifted = sums - sums.max()
    powers = np.exp(shifted)
    return SoftmaxSteps(sums, shifted, powers, powers / powers.sum())


def predictions(networks: Mapping[str, Network], digit: Pictures) -> dict[str, Prediction]:
    """The prediction of each network, by its name, for one digit (28, 28)."""
    return {name: network.read(digit) for name, network in networks.items()}


@functools.cache
def _squares() -> npt.NDArray[np.bool_]:
    """For each field a mask (196, 28, 28) of the square with the same middle, cut at the edges."""
    middles = np.arange(IMAGE_SIZE // STEP) * STEP + (STEP - 1) / 2
    near = np.abs(middles[:, np.newaxis] - np.arange(IMAGE_SIZE)) <= (PATCH - 1) / 2
    both = near[:, np.newaxis, :, np.newaxis] & near[np.newaxis, :, np.newaxis, :]
    return np.asarray(both).reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
