import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from digitlab import dataset, models
from digitlab.layers import layers_of
from digitlab.network import Network
from digitlab.presets import PRESETS
from digitlab.store import Store
from tools.bundled import mnist_only, reference

ROOT = Path(__file__).parents[3]

# TensorFlow's threads are set once a process, so the training gets one of its own.
_TRAINS = """
import dataclasses, sys
from pathlib import Path
from digitlab import dataset
from tools.bundled import mnist_only
digits = dataset.sample()
few = {name: getattr(digits, name)[:64] for name in ("x_train", "y_train", "x_test", "y_test")}
told = []
network = mnist_only.trained(dataclasses.replace(digits, **few), told.append, epochs=1)
assert [line.get("epoch") for line in told] == [None, 1], told
network.save(Path(sys.argv[1]), dtype="float16")
"""


def test_the_second_bundled_model_is_the_lesson():
    network = models.mnist_only()

    assert network is models.mnist_only()
    assert network.layers == layers_of(PRESETS["cnn-keras"])
    assert network.about["lesson"] == "cnn-keras"
    assert models.MNIST_ONLY.stat().st_size <= 3_000_000


def test_it_is_read_by_its_name(tmp_path):
    assert models.named("mnist-only", Store(tmp_path / "lab")) is models.mnist_only()


def test_it_reads_mnist_better_than_pen_digits(shared_data):
    digits = dataset.load(shared_data / "mnist.npz")
    pen = reference.read_pen_digits(shared_data / "pen_strokes.npz")
    unseen = pen.part(reference.PEN_HELD_OUT)
    pictures = reference.held_out_pictures(unseen.part(0, 200), seed=1)["strokes"]
    own = reference.right(models.mnist_only(), digits.x_test[::20], digits.y_test[::20])
    shifted = reference.right(models.mnist_only(), pictures, unseen.labels[:200])

    assert own["accuracy"] >= 0.98
    assert shifted["accuracy"] < own["accuracy"]


def test_the_samples_test_images_are_left_out(shared_data):
    digits = dataset.load(shared_data / "mnist.npz")
    left = mnist_only.without_the_samples_test(digits)
    kept_out = {image.tobytes() for image in dataset.sample().x_test}

    assert len(left.x_train) == len(left.y_train) == 59_000
    assert not any(image.tobytes() in kept_out for image in left.x_train)
    assert left.fingerprint != digits.fingerprint
    np.testing.assert_array_equal(left.x_test, digits.x_test)


@pytest.mark.worker
def test_a_short_training_gives_a_network_of_the_lesson(tmp_path):
    path = tmp_path / "short.npz"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2"}
    subprocess.run([sys.executable, "-c", _TRAINS, str(path)], check=True, env=environment)
    network = Network.load(path)

    assert network.layers == layers_of(PRESETS["cnn-keras"])
    assert network.about["epoch"] == 1
