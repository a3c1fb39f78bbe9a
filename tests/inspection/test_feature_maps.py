import dataclasses
import itertools

import numpy as np
import pytest
from keras_outputs import keras_outputs
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
PICTURE = pictures(1)[0]


@pytest.mark.parametrize("name", CONFIGS)
def test_every_layer_shows_what_keras_makes(name: str) -> None:
    network = network_with_any_weights(CONFIGS[name])
    found = layer_by_layer(network, PICTURE)

    assert [layer.layer for layer in found] == list(network.layers)
    for mine, expected in zip(found, keras_outputs(network, PICTURE), strict=True):
        theirs = np.moveaxis(expected, -1, 0)
        np.testing.assert_allclose(mine.maps, theirs, rtol=0, atol=2e-5)


def test_each_layer_is_given_what_the_one_before_it_makes() -> None:
    found = layer_by_layer(network_with_any_weights(SMALL), PICTURE)
    np.testing.assert_allclose(found[0].given[..., 0], PICTURE / np.float32(255))
    for before, after in itertools.pairwise(found):
        np.testing.assert_array_equal(before.output, after.given)
    passed = [layer for layer in found if layer.layer.kind in PASS_ON]
    assert len(passed) == 2
    for layer in passed:
        np.testing.assert_array_equal(layer.output.ravel(), layer.given.ravel())


MAPS = np.zeros((2, 3, 3))
MAPS[0, 1, 0], MAPS[1, 2, 2] = 1.5, -2
NOT_FINITE = np.ones((2, 2, 3))
NOT_FINITE[0, 0, 0], NOT_FINITE[0, 1, 1], NOT_FINITE[1, 1, 2] = np.nan, np.inf, 2


@pytest.mark.parametrize(
    ("output", "spatial", "silent", "strongest", "peak", "extreme"),
    [
        (MAPS, True, 1, 2, (1, 2), -2),
        ([0, 0.5, 3, 0], False, 2, 2, (), 3),
        (0 * MAPS, True, 3, 0, (0, 0), 0),
        (NOT_FINITE, True, 0, 2, (1, 1), 2),
    ],
)
def test_what_a_layer_says_of_itself(output, spatial, silent, strongest, peak, extreme) -> None:
    values = np.asarray(output, np.float32)
    found = LayerMaps(CONV, np.zeros((4, 5, 1), np.float32), values)
    assert (found.spatial, found.count, found.silent) == (spatial, values.shape[-1], silent)
    assert (found.strongest, found.peak, found.extreme) == (strongest, peak, extreme)
    np.testing.assert_array_equal(found.maps, np.moveaxis(values, -1, 0))


def test_a_network_whose_values_overflow_is_looked_at_all_the_same() -> None:
    network = network_with_any_weights(RunConfig(hidden_layers=2))
    for kernel, _ in network.weights.values():
        kernel *= np.float32(1e30)
    found = layer_by_layer(network, PICTURE)
    assert not np.isfinite(found[-1].output).all()
    assert 0 <= found[-1].strongest < 10
