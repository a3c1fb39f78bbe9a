"""A trained network as NumPy arrays: the forward pass by hand, and a file that is safe to open.

The web process answers drawings with this; it is also the lesson "the forward pass by hand".
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from digitlab import broken, npz
from digitlab.config import DIGITS, IMAGE_SIZE
from digitlab.layers import Kind, Layer, Stack, largest_layer, parameter_count
from digitlab.messages import LabError, message

Floats = npt.NDArray[np.float32]

FORMAT = "digitlab-network-1"
MAX_PARAMETERS = 200_000_000
_MAX_HEADER_BYTES = 64 * 1024
_CHUNK_VALUES = 8_000_000  # values of the unrolled windows that a forward pass holds at once


class ModelFileError(LabError):
    """A model file that Digit Lab did not write, or that is not whole."""


@dataclass(frozen=True)
class Prediction:
    """The ten class probabilities of one picture, float32 (10,)."""

    probabilities: Floats

    @property
    def digit(self) -> int:
        """The predicted digit: the one with the highest probability."""
        return int(np.argmax(self.probabilities))

    @property
    def confidence(self) -> float:
        """The highest probability, 0 to 1."""
        return float(np.max(self.probabilities))


@dataclass(frozen=True)
class Network:
    """Layers with their weights. ``weights`` maps a layer's name to (kernel, bias), float32.

    ``about`` travels with the file: the run's configuration, its data set, its epoch.
    """

    layers: tuple[Layer, ...]
    weights: Mapping[str, tuple[Floats, Floats]]
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return parameter_count(self.layers)

    def predict(self, images: npt.NDArray[Any]) -> Floats:
        """Class probabilities, float32 (N, 10), of pictures (N, 28, 28).

        uint8 pictures are scaled from 0..255 to 0..1; float pictures are taken as 0..1.
        """
        pixels = as_pixels(images)
        out = np.empty((len(pixels), DIGITS), np.float32)
        chunk = max(1, _CHUNK_VALUES // largest_layer(self.layers))
        for start in range(0, len(pixels), chunk):
            out[start : start + chunk] = self.activations(pixels[start : start + chunk])[-1]
        return out

    def read(self, image: npt.NDArray[Any]) -> Prediction:
        """The prediction for one picture (28, 28)."""
        return Prediction(self.predict(image[np.newaxis])[0])

    def activations(self, images: npt.NDArray[Any]) -> list[Floats]:
        """Every layer's output for pictures (N, 28, 28), the softmax probabilities last."""
        values = as_pixels(images)
        outputs = []
        for layer in self.layers:
            values = self._forward(layer, values)
            outputs.append(values)
        return outputs

    def _forward(self, layer: Layer, values: Floats) -> Floats:
        match layer.kind:
            case "pool":
                return max_pool(values)
            case "flatten":
                return values.reshape(len(values), -1)
            case "dropout":  # switches nothing off once training is over
                return values
            case "conv" | "dense":
                kernel, bias = self.weights[layer.name]
                sums = convolve(values, kernel) if layer.kind == "conv" else values @ kernel
                return activate(layer.activation, sums + bias)

    def save(self, target: Path | BinaryIO, *, dtype: str = "float32") -> None:
        """Write the network as an ``.npz``; ``dtype`` "float16" halves its size."""
        header = {"format": FORMAT, "layers": specs(self.layers), "about": dict(self.about)}
        arrays = {"header": np.frombuffer(json.dumps(header).encode(), np.uint8)}
        for name, (kernel, bias) in self.weights.items():
            arrays[f"{name}.kernel"] = kernel.astype(dtype)
            arrays[f"{name}.bias"] = bias.astype(dtype)
        np.savez(target, **arrays)  # type: ignore[arg-type]

    def to_bytes(self) -> bytes:
        """The file that ``save`` writes, in memory."""
        buffer = io.BytesIO()
        self.save(buffer)
        return buffer.getvalue()

    @classmethod
    def load(cls, source: Path | bytes) -> Network:
        """Read a file that ``save`` wrote; anything else is refused before it is unpacked.

        Raises:
            ModelFileError: not a zip of ours, or a name, shape, size, dtype or value is wrong.
        """
        stream = io.BytesIO(source) if isinstance(source, bytes) else source
        try:
            length = len(source) if isinstance(source, bytes) else source.stat().st_size
            with zipfile.ZipFile(stream) as archive:
                return cls(*_read(archive, length))
        except ModelFileError:
            raise
        except Exception as error:  # zip, each compression, JSON and NumPy all raise their own
            broken.note(error, "a model file")
            raise ModelFileError(
                message("This is not a model file of Digit Lab, or it is not whole.")
            ) from error


def as_pixels(images: npt.NDArray[Any]) -> Floats:
    """Pictures (N, 28, 28) or (N, 28, 28, 1) as float32 (N, 28, 28, 1), 0..1.

    Raises:
        LabError: the pictures are not 28x28.
    """
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE, 1):
        size = "x".join(str(side) for side in images.shape[1:])
        raise LabError(message("This model reads 28x28 images; this one is {size}.", size=size))
    scale = np.float32(255) if images.dtype == np.uint8 else np.float32(1)
    return np.asarray(images, np.float32) / scale


def convolve(values: Floats, kernel: Floats) -> Floats:
    """ "Valid" cross-correlation of (N, H, W, C) with (k, k, C, F): (N, H-k+1, W-k+1, F)."""
    size, _, channels, filters = kernel.shape
    windows = np.lib.stride_tricks.sliding_window_view(values, (size, size), axis=(1, 2))
    count, height, width = windows.shape[:3]
    rows = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, size * size * channels)
    flat: Floats = rows @ kernel.reshape(-1, filters)
    return flat.reshape(count, height, width, filters)


def max_pool(values: Floats) -> Floats:
    """The largest of every 2x2 values, (N, H, W, C) to (N, H//2, W//2, C)."""
    count, height, width, channels = values.shape
    even = values[:, : height // 2 * 2, : width // 2 * 2]
    pooled: Floats = even.reshape(count, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))
    return pooled


def activate(name: str, sums: Floats) -> Floats:
    """The activation function ``name`` of a layer's sums, element by element or row by row."""
    match name:
        case "relu":
            return np.maximum(sums, np.float32(0))
        case "sigmoid":
            return sigmoid(sums)
        case "tanh":
            return np.tanh(sums)
        case "softmax":
            return softmax(sums)
        case _:
            return sums


def sigmoid(sums: Floats) -> Floats:
    """1 / (1 + exp(-x)), written with tanh so that no exponential overflows."""
    half = np.float32(0.5)
    result: Floats = half * (np.tanh(half * sums) + np.float32(1))
    return result


def softmax(logits: Floats) -> Floats:
    """exp(z) / sum(exp(z)) along the last axis.

    The largest logit is taken off first: the result is the same, and exp cannot overflow.
    """
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return result


def _read(
    archive: zipfile.ZipFile, length: int
) -> tuple[tuple[Layer, ...], dict[str, tuple[Floats, Floats]], dict[str, Any]]:
    """Validate an untrusted archive's header, then read the arrays of its layers and no others."""
    sizes = {info.filename: info.file_size for info in archive.infolist()}
    # ``save`` does not compress, so a file of ours never unpacks into more than its own length.
    packed = any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist())
    if packed or sum(sizes.values()) > length or sizes["header.npy"] > _MAX_HEADER_BYTES:
        raise ValueError("compressed, or larger than it may be")
    header = json.loads(_array(archive, "header", None, ("|u1",)).tobytes())
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ModelFileError(message("This model file is of another version of Digit Lab."))
    layers = _stack(header["layers"])
    if parameter_count(layers) > MAX_PARAMETERS or largest_layer(layers) > _CHUNK_VALUES:
        raise ModelFileError(message("The network in this file is too large."))
    weighted = [layer for layer in layers if layer.kernel_shape]
    expected = {f"{layer.name}.{part}.npy" for layer in weighted for part in ("kernel", "bias")}
    if set(sizes) != {"header.npy"} | expected:
        raise ModelFileError(message("This model file does not hold the arrays of its layers."))
    weights = {}
    for layer in weighted:
        shape, floats = layer.kernel_shape, ("<f4", "<f2")
        kernel = _array(archive, f"{layer.name}.kernel", shape, floats).astype(np.float32)
        bias = _array(archive, f"{layer.name}.bias", shape[-1:], floats).astype(np.float32)
        if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
            raise ModelFileError(message("This model file holds values that are not finite."))
        weights[layer.name] = kernel, bias
    about = header.get("about")
    return layers, weights, about if isinstance(about, dict) else {}


def _array(
    archive: zipfile.ZipFile, name: str, shape: tuple[int, ...] | None, dtypes: tuple[str, ...]
) -> npt.NDArray[Any]:
    """One member, its header checked against ``shape`` and ``dtypes`` before its data is read."""
    header = npz.header(archive, name)
    if header.dtype.str not in dtypes or header.fortran or shape not in (None, header.shape):
        raise ModelFileError(
            message("The array {name} of this model file has a wrong shape or type.", name=name)
        )
    return npz.read(archive, name)


def specs(layers: Sequence[Layer]) -> list[dict[str, Any]]:
    """The layers as a file's header describes them."""
    return [
        {
            "kind": layer.kind,
            "size": layer.output[-1],
            "kernel": layer.kernel,
            "activation": layer.activation,
            "rate": layer.rate,
        }
        for layer in layers
    ]


def _stack(told: Any) -> tuple[Layer, ...]:
    """The layers that a file's header describes, validated.

    Raises:
        ValueError, KeyError, TypeError: they are not a network of ours.
    """
    if not isinstance(told, list) or not 2 <= len(told) <= 40:
        raise ValueError("layers")
    stack = Stack()
    for spec in told:
        kind: Kind = spec["kind"]
        size, kernel = _whole(spec["size"], 10**7), _whole(spec["kernel"], IMAGE_SIZE)
        activation, rate = str(spec["activation"]), float(spec["rate"])
        match kind:
            case "conv" if kernel:
                stack.conv(size, kernel, activation)
            case "pool":
                stack.pool()
            case "flatten":
                stack.flatten()
            case "dense" if len(stack.shape) == 1:
                stack.dense(size, activation)
            case "dropout":
                stack.dropout(rate)
            case _:
                raise ValueError(f"layer {kind}")
        if min(stack.shape) < 1:
            raise ValueError("a layer with no output")
    last = stack.layers[-1]
    if last.output != (DIGITS,) or last.activation != "softmax":
        raise ValueError("the last layer does not give ten probabilities")
    return tuple(stack.layers)


def _whole(value: Any, high: int) -> int:
    if type(value) is not int or not 0 <= value <= high:
        raise ValueError("not a size")
    return value
