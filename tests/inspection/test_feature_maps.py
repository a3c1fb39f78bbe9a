import dataclasses
import itertools

import numpy as np
import pytest
from test_layers import RANDOM
from test_network import SMALL, network_with_any_weights, pictures

from digitlab.config import RunConfig
from digitlab.inspection.feature_maps import PASS_ON, LayerMaps, layer_by_layer
from digitlab.layers import Layer
from digitlab.presets import PRESETS

CONFIGS = {
    "cnn-keras": PRESETS["cnn-keras"],
    "mlp-512": PRESETS["mlp-512"],
    "linear": RunConfig(hidden_layers=0),
    "three blocks": RunConfig(network="cnn", blocks=3, filters1=5, kernel1=7, pool3=True),
    "tanh": dataclasses.replace(SMALL, activation="tanh"),
    **dict(itertools.islice(RANDOM.items(), 8)),
}
CONV = Layer("conv", "conv1", (4, 5, 1), (2, 3, 2), 3, "relu")


def maps_of(output: np.ndarray) -> LayerMaps:
    return LayerMaps(CONV, np.zeros((4, 5, 1), np.float32), output.astype(np.float32))


@pytest.mark.parametrize("name", CONFIGS)
def test_every_layer_shows_what_keras_makes(name: str) -> None:
    keras = pytest.importorskip("keras")
    from digitlab.training.keras_model import build

    network, picture = network_with_any_weights(CONFIGS[name]), pictures(1)[0]
    model = build(network.layers)
    for layer, pair in network.weights.items():
        model.get_layer(layer).set_weights(pair)
    every = keras.Model(model.inputs[0], [layer.output for layer in model.layers])
    theirs = every(picture[np.newaxis, ..., np.newaxis] / np.float32(255), training=False)

    found = layer_by_layer(network, picture)

    assert [layer.layer for layer in found] == list(network.layers)
    for mine, output in zip(found, theirs, strict=True):
        expected = np.asarray(output)[0]
        if expected.ndim == 3:
            expected = expected.transpose(2, 0, 1)
        np.testing.assert_allclose(mine.maps, expected, rtol=0, atol=2e-5)


def test_each_layer_is_given_what_the_one_before_it_makes() -> None:
    picture = pictures(1)[0]
    found = layer_by_layer(network_with_any_weights(SMALL), picture)
    np.testing.assert_allclose(found[0].given[..., 0], picture / np.float32(255))
    for before, after in itertools.pairwise(found):
        np.testing.assert_array_equal(before.output, after.given)
    passed = [layer for layer in found if layer.layer.kind in PASS_ON]
    assert len(passed) == 2
    for layer in passed:
        np.testing.assert_array_equal(layer.output.ravel(), layer.given.ravel())


def test_what_a_layer_of_maps_says_of_itself() -> None:
    output = np.zeros((2, 3, 3))
    output[0, 1, 0], output[1, 2, 2] = 1.5, -2
    found = maps_of(output)
    assert (found.spatial, found.count, found.silent) == (True, 3, 1)
    assert (found.strongest, found.peak, found.extreme) == (2, (1, 2), -2)


def test_what_a_layer_of_neurons_says_of_itself() -> None:
    found = maps_of(np.array([0, 0.5, 3, 0]))
    assert (found.spatial, found.count, found.silent) == (False, 4, 2)
    assert (found.strongest, found.peak, found.extreme) == (2, (), 3)
    np.testing.assert_array_equal(found.maps, [0, 0.5, 3, 0])


def test_a_layer_that_is_zero_everywhere_has_a_strongest_map_too() -> None:
    found = maps_of(np.zeros((2, 3, 3)))
    assert (found.silent, found.strongest, found.peak, found.extreme) == (3, 0, (0, 0), 0)


def test_values_that_are_not_numbers_are_never_the_strongest() -> None:
    output = np.ones((2, 2, 3))
    output[0, 0, 0], output[0, 1, 1], output[1, 1, 2] = np.nan, np.inf, 2
    assert maps_of(output).strongest == 2


def test_a_network_whose_values_overflow_is_looked_at_all_the_same() -> None:
    network = network_with_any_weights(RunConfig(hidden_layers=2))
    for kernel, _ in network.weights.values():
        kernel *= np.float32(1e30)
    found = layer_by_layer(network, pictures(1)[0])
    assert not np.isfinite(found[-1].output).all()
    assert 0 <= found[-1].strongest < 10
