"""What a layer's filters respond to: their weights by epoch, edges, and the images they fire on."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab import broken, models
from digitlab.config import DIGITS, IMAGE_SIZE
from digitlab.inspection.explain import chunks, logits
from digitlab.layers import Layer
from digitlab.messages import message
from digitlab.network import Floats, Network, activate, as_pixels, convolve
from digitlab.store import Store, StoreError

Pictures = npt.NDArray[Any]
Doubles = npt.NDArray[np.float64]

ANGLES = tuple(range(0, 360, 15))  # degrees
_FEWEST_IMAGES, MOST_IMAGES = 50, 1_000
_MULTIPLICATIONS = 30_000_000_000  # for all images together: about two seconds of one core


@dataclass(frozen=True)
class Field:
    """The receptive field of a layer's output: the side of the square in the picture, in pixels.

    The next output's field is ``step`` pixels further.
    """

    size: int
    step: int

    def corner(self, row: int, column: int) -> tuple[int, int]:
        """Top and left pixel of the field of the output at ``row``, ``column``."""
        return row * self.step, column * self.step


@dataclass(frozen=True, eq=False)
class Excitement:
    """The response of each filter (or unit) of a layer to each image.

    ``peaks`` float32 (N, F) are the largest outputs over all places, ``places`` int (N, F) where
    they are (row * width + column of the feature map, 0 for a dense layer), ``means`` float32
    (N, F) the mean outputs. Outputs are after the activation; the places are found before it,
    where ReLU has not made values equal.
    """

    peaks: Floats
    places: npt.NDArray[np.int32]
    means: Floats

    def only(self, number: int) -> Excitement:
        """The same for one filter: its column alone."""
        chosen = slice(number, number + 1)
        return Excitement(self.peaks[:, chosen], self.places[:, chosen], self.means[:, chosen])


@dataclass(frozen=True)
class Movement:
    """The change of weights through training.

    ``distance`` is the norm of the difference, ``began`` and ``ended`` the norms before and after,
    ``cosine`` their cosine similarity: 1 is the same pattern, 0 an unrelated one.
    """

    distance: float
    began: float
    ended: float
    cosine: float


def looked_at(network: Network) -> list[Layer]:
    """The layers whose weights are pictures: all convolutions, or an MLP's first dense layer."""
    convolutions = [layer for layer in network.layers if layer.kind == "conv"]
    return convolutions or [next(layer for layer in network.layers if layer.kind == "dense")]


@functools.cache
def bundled_history() -> Mapping[int, Floats]:
    """The bundled network's first kernels (3, 3, 1, 24), untrained (0) and after each epoch."""
    with np.load(models.FOLDER / "reference-history.npz", allow_pickle=False) as arrays:
        return dict(enumerate(arrays["kernels"].astype(np.float32)))


def epochs_of_run(store: Store, run_id: str, *, first_convolution: bool) -> list[int]:
    """The epochs whose weights of a layer were kept, in order; 0 is the untrained network.

    A first convolution's are kept for every epoch, other layers' only with the whole network.
    """
    kinds = ("weights", "kernels") if first_convolution else ("weights",)
    return sorted({epoch for kind in kinds for epoch in store.epochs_kept(run_id, kind)})


def kernel_of_run(store: Store, run_id: str, layer: Layer, epoch: int) -> Floats:
    """A layer's weights after ``epoch``, float32 of ``layer.kernel_shape``; NaN may be in it.

    Raises:
        StoreError: they were not kept, or the file is not whole.
    """
    small = f"kernels-{epoch:03d}.npy"
    try:
        if layer.name == "conv1" and small in store.files(run_id):
            kernel = np.load(store.file(run_id, small), allow_pickle=False)
        else:
            path = store.file(run_id, f"weights-{epoch:03d}.npz")
            with np.load(path, allow_pickle=False) as arrays:
                kernel = arrays[f"{layer.name}.kernel"]
        if kernel.shape != layer.kernel_shape:
            raise ValueError(f"{layer.name} of shape {kernel.shape}")
        return np.asarray(kernel, np.float32)
    except StoreError:
        raise
    except Exception as error:  # zip, NumPy and the system each raise their own
        broken.note(error, "a run's weights")
        said = message("The weights of epoch {epoch} cannot be read.", epoch=epoch)
        raise StoreError(said) from error


def moved(before: npt.ArrayLike, after: npt.ArrayLike) -> Movement:
    """The change of one filter's weights, of any equal shapes."""
    first, last = (np.asarray(weights, np.float64).ravel() for weights in (before, after))
    distance, began, ended = (float(np.linalg.norm(each)) for each in (last - first, first, last))
    both = began * ended
    return Movement(distance, began, ended, float(first @ last / both) if both else 0.0)


def edge(angle: float, side: int, *, centre: tuple[float, float] | None = None) -> Doubles:
    """An ideal edge, float64 (side, side): 1 on one side of a straight line, 0 on the other.

    It becomes bright towards ``angle`` (degrees; 0 is right, 90 up). A pixel on the line has the
    share of its area that is bright. The line goes through ``centre`` (row and column, where whole
    numbers are the middles of pixels), by default that of the picture.
    """
    row, column = centre or ((side - 1) / 2, (side - 1) / 2)
    right, up = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    at = np.arange(side)
    distance = (at - column) * right - (at[:, np.newaxis] - row) * up
    long, short = max(abs(right), abs(up)), min(abs(right), abs(up))
    if short < 1e-6:  # the line runs along the pixels
        return np.clip(distance / long + 0.5, 0, 1)
    # A pixel's projection onto the line's normal is the convolution of two boxes, ``long`` and
    # ``short``: a trapezium. The share is its integral, a sum of twice integrated steps.
    outer, inner = (long + short) / 2, (long - short) / 2
    corners = ((outer, 1), (inner, -1), (-inner, -1), (-outer, 1))
    area = sum(sign * np.maximum(distance + shift, 0) ** 2 for shift, sign in corners)
    return np.asarray(area / (2 * long * short), np.float64)


def edge_responses(kernel: npt.ArrayLike) -> Doubles:
    """The response of one kernel (k, k) to an edge through its middle, at each of ``ANGLES``.

    float64 (24,): the sum of weight times brightness, without the bias.
    """
    weights = np.asarray(kernel, np.float64)
    return np.array([(weights * edge(angle, len(weights))).sum() for angle in ANGLES])


def deep_edge_responses(network: Network, name: str) -> Floats:
    """The responses of all filters of the convolution ``name`` to the same edges, float32 (24, F).

    The edge goes through the middle of the receptive field of the output in the middle of the
    feature map. The sums are without the layer's own bias.
    """
    layer, field = _up_to(network, name)[-1], field_of(network.layers, name)
    row, column = layer.output[0] // 2, layer.output[1] // 2
    top, left = field.corner(row, column)
    middle = (top + (field.size - 1) / 2, left + (field.size - 1) / 2)
    edges = np.stack([edge(angle, IMAGE_SIZE, centre=middle) for angle in ANGLES])
    given = _inputs(network, name, as_pixels(edges))
    window = given[:, row : row + layer.kernel, column : column + layer.kernel]
    return convolve(window, network.weights[name][0])[:, 0, 0]


def field_of(layers: Sequence[Layer], name: str) -> Field:
    """The receptive field of one output of the layer ``name``.

    Convolutions are "valid", so the fields lie within the picture. A dense layer's is all of it.
    """
    size, step = 1, 1
    for layer in layers:
        if layer.kind == "dense":
            return Field(IMAGE_SIZE, IMAGE_SIZE)
        if layer.kind in ("conv", "pool"):
            size += (layer.kernel - 1) * step
            step *= 2 if layer.kind == "pool" else 1
        if layer.name == name:
            break
    return Field(size, step)


def affordable_images(network: Network, name: str, count: int) -> int:
    """How many of ``count`` images the layers up to ``name`` can process in about two seconds.

    At most ``MOST_IMAGES``.
    """
    cost = sum(layer.multiplications for layer in _up_to(network, name))
    return min(count, MOST_IMAGES, max(_FEWEST_IMAGES, _MULTIPLICATIONS // max(1, cost)))


def excitement(
    network: Network, name: str, images: Pictures, *, only: int | None = None
) -> Excitement:
    """The responses of the filters of the layer ``name`` to pictures (N, 28, 28).

    With ``only`` that filter alone is computed, and the result has one column.
    """
    parts = chunks(_up_to(network, name), as_pixels(images))
    return joined([_excitement(network, name, part, only) for part in parts])


def joined(parts: Sequence[Excitement]) -> Excitement:
    """The responses of several sets of images, concatenated."""
    fields = zip(*((part.peaks, part.places, part.means) for part in parts), strict=True)
    return Excitement(*(np.concatenate(field) for field in fields))


def largest(values: npt.ArrayLike, count: int) -> npt.NDArray[np.intp]:
    """The indices of the ``count`` largest of values (N,), the largest first."""
    return np.argsort(-np.asarray(values), kind="stable")[:count]


def per_digit(values: npt.ArrayLike, labels: npt.ArrayLike) -> Doubles:
    """The mean of values (N,) over the images of each digit, float64 (10,); NaN without any."""
    truths = np.asarray(labels).astype(np.intp)
    counts = np.bincount(truths, minlength=DIGITS)
    sums = np.bincount(truths, weights=np.asarray(values, np.float64), minlength=DIGITS)
    return np.where(counts, sums / np.maximum(counts, 1), np.nan)


def _excitement(network: Network, name: str, pixels: Floats, only: int | None) -> Excitement:
    layer = _up_to(network, name)[-1]
    kernel, bias = network.weights[name]
    chosen = slice(None) if only is None else slice(only, only + 1)
    if layer.activation != "softmax":  # each of softmax's outputs depends on all sums
        kernel, bias, chosen = kernel[..., chosen], bias[chosen], slice(None)
    values = _inputs(network, name, pixels)
    sums = (convolve(values, kernel) if layer.kind == "conv" else values @ kernel) + bias
    flat = sums.reshape(len(pixels), -1, len(bias))
    outputs = activate(layer.activation, flat)[..., chosen]
    places = flat[..., chosen].argmax(axis=1)
    peaks = np.take_along_axis(outputs, places[:, np.newaxis], axis=1)[:, 0]
    return Excitement(peaks, places.astype(np.int32), outputs.mean(axis=1, dtype=np.float32))


def _inputs(network: Network, name: str, pixels: Floats) -> Floats:
    """The input of the layer ``name`` for pixels (N, 28, 28, 1)."""
    before = dataclasses.replace(network, layers=_up_to(network, name)[:-1])
    return before.activations(pixels)[-1] if before.layers else pixels


def _up_to(network: Network, name: str) -> tuple[Layer, ...]:
    names = [layer.name for layer in network.layers]
    return network.layers[: names.index(name) + 1]


def templates(network: Network) -> tuple[Floats, Floats]:
    """An MLP without its activations: weights float32 (784, 10) and biases (10,).

    Without them the product of the dense layers is one linear layer: a weight per pixel and class.
    That is an approximation of the MLP; for one without hidden layers it is exact.
    """
    dense = [network.weights[layer.name] for layer in network.layers if layer.kind == "dense"]
    whole, total = dense[0]
    for weights, bias in dense[1:]:
        whole, total = whole @ weights, total @ weights + bias
    return whole, total


def agreement(network: Network, images: Pictures, labels: npt.ArrayLike) -> tuple[float, float]:
    """The accuracies, 0 to 1, of an MLP's templates and of the MLP itself on pictures."""
    weights, bias = templates(network)
    alone = as_pixels(images).reshape(len(images), -1) @ weights + bias
    first, second = (
        float((sums.argmax(axis=1) == np.asarray(labels)).mean())
        for sums in (alone, logits(network, images))
    )
    return first, second
