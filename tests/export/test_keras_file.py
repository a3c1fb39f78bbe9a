"""The ``.keras`` file that is written without Keras opens in Keras, and predicts the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from make_network import make_network

from digitlab.config import RunConfig
from digitlab.export.keras_file import keras_file
from digitlab.network import Network

CONFIGS = {
    "mlp": RunConfig(hidden_layers=3, units1=16, units2=12, units3=8, activation="tanh"),
    "linear": RunConfig(hidden_layers=0),
    "cnn": RunConfig(
        network="cnn",
        blocks=3,
        filters1=4,
        filters2=5,
        kernel2=5,
        pool2=False,
        filters3=6,
        pool3=True,
        conv_dropout=0.25,
        dense=7,
        dropout=0.5,
        activation="sigmoid",
    ),
}

_OPENS = """
import json, sys, warnings
warnings.simplefilter("error", UserWarning)
import keras, numpy as np
told = {}
images = np.load(sys.argv[1])
for path in sys.argv[2:]:
    model = keras.models.load_model(path)
    told[path] = {
        "probabilities": model.predict(images, verbose=0).tolist(),
        "layers": [type(layer).__name__ for layer in model.layers],
        "names": [layer.name for layer in model.layers],
        "rates": [layer.rate for layer in model.layers if hasattr(layer, "rate")],
        "shape": model.input_shape,
    }
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert np.isfinite(model.evaluate(images, np.zeros(len(images)), verbose=0)).all()
print(json.dumps(told))
"""


def network(config: RunConfig) -> Network:
    return make_network(config, seed=4, spread=0.3)


def test_keras_opens_the_file_without_a_warning_and_predicts_as_we_do(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    images = np.random.default_rng(5).random((20, 28, 28), np.float32)
    np.save(tmp_path / "images.npy", images[..., np.newaxis])
    paths = {name: tmp_path / f"{name}.keras" for name in CONFIGS}
    for name, path in paths.items():
        path.write_bytes(keras_file(network(CONFIGS[name])))

    done = subprocess.run(
        [sys.executable, "-c", _OPENS, tmp_path / "images.npy", *paths.values()],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env=os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )

    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    for name, config in CONFIGS.items():
        found = told[str(paths[name])]
        ours = network(config)
        assert np.abs(np.array(found["probabilities"]) - ours.predict(images)).max() < 1e-5
        assert found["names"] == [layer.name for layer in ours.layers]
        assert found["shape"] == [None, 28, 28, 1]
    assert told[str(paths["cnn"])]["layers"] == [
        "Conv2D",
        "MaxPooling2D",
        "Conv2D",
        "Conv2D",
        "MaxPooling2D",
        "Dropout",
        "Flatten",
        "Dense",
        "Dropout",
        "Dense",
    ]
    assert told[str(paths["cnn"])]["rates"] == [0.25, 0.5]
    assert told[str(paths["mlp"])]["rates"] == [0.2, 0.2, 0.2]


def test_the_file_holds_what_keras_saves_and_nothing_else() -> None:
    with zipfile.ZipFile(BytesIO(keras_file(network(CONFIGS["mlp"])))) as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        model = json.loads(archive.read("config.json"))
    assert model["class_name"] == "Sequential"
    assert "compile_config" not in model
