"""Writes a network as a ``.keras`` file without importing Keras, as the web process must not.

The format is Keras 3's (https://keras.io/api/models/model_saving_apis/model_saving_and_loading/):
a zip with the layers as JSON, the version, and the weights as HDF5. Settings at their defaults are
left out, so that older and newer releases of Keras 3 read the file.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Sequence
from typing import Any

import h5py

from digitlab.config import IMAGE_SIZE
from digitlab.layers import Kind, Layer
from digitlab.network import Network

_KERAS = "3.0.0"  # the oldest version that reads the file
_INPUT = [None, IMAGE_SIZE, IMAGE_SIZE, 1]

# The Keras class of each kind of layer, and the HDF5 group of the first layer of that class.
_CLASSES: dict[Kind, tuple[str, str]] = {
    "conv": ("Conv2D", "conv2d"),
    "pool": ("MaxPooling2D", "max_pooling2d"),
    "flatten": ("Flatten", "flatten"),
    "dense": ("Dense", "dense"),
    "dropout": ("Dropout", "dropout"),
}


def keras_file(network: Network) -> bytes:
    """The bytes of a file that ``keras.models.load_model`` opens as an uncompiled ``Sequential``.

    The model takes float32 pictures (N, 28, 28, 1) from 0 to 1 and returns ten probabilities.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": _KERAS, "date_saved": ""}))
        archive.writestr("config.json", json.dumps(_model(network.layers)))
        archive.writestr("model.weights.h5", _weights(network))
    return buffer.getvalue()


def _model(layers: Sequence[Layer]) -> dict[str, Any]:
    entries: list[tuple[str, dict[str, Any]]] = [
        ("InputLayer", {"batch_shape": _INPUT, "dtype": "float32", "name": "pixels"})
    ]
    for layer in layers:
        kinds: dict[Kind, dict[str, Any]] = {
            "conv": {"filters": layer.output[-1], "kernel_size": [layer.kernel] * 2},
            "pool": {"pool_size": [layer.kernel] * 2},
            "flatten": {},
            "dense": {"units": layer.output[-1]},
            "dropout": {"rate": layer.rate},
        }
        settings = {"name": layer.name, **kinds[layer.kind]}
        if layer.kernel_shape:
            settings["activation"] = layer.activation
        entries.append((_CLASSES[layer.kind][0], settings))
    described = [_described("keras.layers", kind, settings) for kind, settings in entries]
    config = {"name": "sequential", "layers": described, "build_input_shape": _INPUT}
    return _described("keras", "Sequential", config) | {"build_config": {"input_shape": _INPUT}}


def _described(module: str, kind: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"module": module, "class_name": kind, "config": config, "registered_name": None}


def _weights(network: Network) -> bytes:
    """The arrays as HDF5: each under its layer's class, the second of a class as ``dense_1``."""
    buffer, seen = io.BytesIO(), Counter[str]()
    with h5py.File(buffer, "w") as file:
        file.create_group("vars")
        for layer in network.layers:
            place = _CLASSES[layer.kind][1]
            path = f"layers/{place}_{seen[place]}" if seen[place] else f"layers/{place}"
            seen[place] += 1
            variables = file.create_group(f"{path}/vars")
            variables.attrs["name"] = layer.name
            for number, array in enumerate(network.weights.get(layer.name, ())):
                variables.create_dataset(str(number), data=array)
    return buffer.getvalue()
