import dataclasses

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import softmax as scipy_softmax

from digitlab import models
from digitlab.config import RunConfig
from digitlab.inspection import explain
from digitlab.layers import Stack, layers_of
from digitlab.network import Network

CONFIGS = {
    "mlp": RunConfig(hidden_layers=2, units1=12, units2=7, dropout=0.3),
    "linear": RunConfig(hidden_layers=0),
    "cnn": RunConfig(network="cnn", blocks=2, filters1=3, kernel1=5, filters2=4, dense=6),
}
RNG = np.random.default_rng(0)


def network_of(config: RunConfig, seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    weights = {}
    for layer in layers_of(config):
        if layer.kernel_shape:
            spread = np.sqrt(2 / np.prod(layer.kernel_shape[:-1]))
            kernel = rng.normal(0, spread, layer.kernel_shape).astype(np.float32)
            weights[layer.name] = kernel, rng.normal(0, 0.5, kernel.shape[-1]).astype(np.float32)
    return Network(layers_of(config), weights)


def linear(kernel, bias=0.0) -> Network:
    """A network whose logits are sums of pixels: (784, 10) weights, and no hidden layer."""
    stack = Stack()
    stack.flatten()
    stack.dense(10, "softmax")
    biases = np.full(10, bias, np.float32)
    return Network(tuple(stack.layers), {"dense1": (kernel.astype(np.float32), biases)})


def pictures(count: int):
    return RNG.integers(0, 256, (count, 28, 28), np.uint8)


def bar():
    """A bar of full ink: rows 4 to 23, columns 12 to 15."""
    digit = np.zeros((28, 28), np.uint8)
    digit[4:24, 12:16] = 255
    return digit


# Features and logits ------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONFIGS)
def test_features_are_what_the_last_layer_is_given(name: str) -> None:
    network, images = network_of(CONFIGS[name]), pictures(150)

    found = explain.features(network, images)

    np.testing.assert_allclose(found, network.activations(images)[-2], rtol=1e-5, atol=1e-6)
    assert found.dtype == np.float32


@pytest.mark.parametrize("name", CONFIGS)
def test_softmax_of_the_logits_is_the_prediction(name: str) -> None:
    network, images = network_of(CONFIGS[name]), pictures(5)

    found = scipy_softmax(explain.logits(network, images).astype(float), axis=1)

    np.testing.assert_allclose(found, network.predict(images), atol=1e-6)


def test_no_pictures_have_no_features() -> None:
    assert explain.features(network_of(CONFIGS["mlp"]), pictures(0)).shape == (0, 7)


def test_a_fingerprint_is_of_weights_and_layers_alone() -> None:
    network = network_of(CONFIGS["cnn"])
    own = explain.fingerprint(network)
    kernel, bias = network.weights["dense2"]
    changed = kernel.copy()
    changed[0, 0] += 1

    assert explain.fingerprint(Network.load(network.to_bytes())) == own
    assert explain.fingerprint(dataclasses.replace(network, about={"epoch": 3})) == own
    other = dataclasses.replace(network, weights={**network.weights, "dense2": (changed, bias)})
    assert explain.fingerprint(other) != own


# Occlusion ----------------------------------------------------------------------------------


def test_the_map_finds_the_one_pixel_that_counts() -> None:
    kernel = np.zeros((784, 10))
    kernel[10 * 28 + 13, 3] = 5.0  # logit 3 is five times the pixel in row 10, column 13
    kernel[20 * 28 + 14, 3] = -2.0
    falls = explain.occlusion(linear(kernel), bar()).falls(3, "logit")

    # A square of 4 pixels around fields of 2: rows 10 lies in the squares of fields 4, 5 ...
    expected = np.zeros((14, 14))
    rows = [field for field in range(14) if 2 * field - 1 <= 10 <= 2 * field + 2]
    columns = [field for field in range(14) if 2 * field - 1 <= 13 <= 2 * field + 2]
    expected[np.ix_(rows, columns)] = 5.0
    rows = [field for field in range(14) if 2 * field - 1 <= 20 <= 2 * field + 2]
    columns = [field for field in range(14) if 2 * field - 1 <= 14 <= 2 * field + 2]
    expected[np.ix_(rows, columns)] = -2.0
    np.testing.assert_allclose(falls, expected, atol=1e-5)
    assert len(rows) == len(columns) == 2


@pytest.mark.parametrize("name", CONFIGS)
def test_the_map_is_what_reading_erased_pictures_one_by_one_gives(name: str) -> None:
    network, digit = network_of(CONFIGS[name]), bar()
    found = explain.occlusion(network, digit)
    whole = network.predict(digit[np.newaxis])[0]

    for row, column in [(0, 0), (2, 6), (5, 7), (11, 8), (13, 13), (7, 0)]:
        erased = digit.copy()
        top, left = max(2 * row - 1, 0), max(2 * column - 1, 0)
        erased[top : 2 * row + 3, left : 2 * column + 3] = 0
        expected = whole - network.predict(erased[np.newaxis])[0]
        falls = [found.falls(digit)[row, column] for digit in range(10)]
        np.testing.assert_allclose(falls, expected, atol=1e-5)


def test_where_there_is_no_ink_nothing_changes() -> None:
    found = explain.occlusion(network_of(CONFIGS["cnn"]), bar())

    for measure in ("probability", "logit"):
        falls = found.falls(4, measure)
        assert not falls[:, :5].any()
        assert not falls[:, 9:].any()
        assert falls[2:12, 6:8].all()
    assert not explain.occlusion(network_of(CONFIGS["mlp"]), bar() * 0).falls(0).any()


def test_a_drawing_is_not_changed_by_being_looked_at() -> None:
    digit = bar()
    digit.flags.writeable = False
    explain.occlusion(network_of(CONFIGS["mlp"]), digit)
    np.testing.assert_array_equal(digit, bar())


# Nearest digits -----------------------------------------------------------------------------


def test_nearest_are_those_that_scipy_finds() -> None:
    known, one = RNG.normal(size=(300, 20)), RNG.normal(size=20)
    distances = cdist(known, one[np.newaxis])[:, 0]

    found = explain.nearest(known.astype(np.float32), one.astype(np.float32), count=9)

    np.testing.assert_array_equal(found.indices, np.argsort(distances)[:9])
    np.testing.assert_allclose(found.distances, np.sort(distances)[:9], rtol=1e-5)
    assert found.median == pytest.approx(np.median(distances), rel=1e-5)


def test_a_training_image_is_nearest_to_itself() -> None:
    network, images = models.bundled(), pictures(70)
    images[:, :6] = 0

    found = explain.nearest(
        explain.features(network, images), explain.features(network, images[66:67])[0]
    )

    assert found.indices[0] == 66
    assert found.distances[0] == pytest.approx(0, abs=1e-4)


def test_fewer_images_than_asked_for_are_all_nearest() -> None:
    known = np.array([[3, 4], [0, 1]], np.float32)
    found = explain.nearest(known, np.zeros(2, np.float32), count=8)
    assert found.indices.tolist() == [1, 0]
    assert found.distances.tolist() == [1, 5]


# In numbers ---------------------------------------------------------------------------------


def test_layers_in_numbers_add_up_to_what_the_network_computed() -> None:
    network, digit = network_of(CONFIGS["cnn"]), bar()
    rows = explain.layer_values(network, digit)
    picture, layers = rows[0], rows[1:]

    assert (picture.layer, picture.smallest, picture.largest) == (None, 0, 1)
    assert picture.zeros == pytest.approx(1 - 80 / 784)
    assert [row.layer for row in layers] == list(network.layers)
    assert [row.shape for row in layers] == [layer.output for layer in network.layers]
    for row, output in zip(layers, network.activations(digit[np.newaxis]), strict=True):
        assert row.smallest == output.min()
        assert row.largest == output.max()
        assert row.mean == pytest.approx(output.astype(float).mean(), abs=1e-6)
        assert row.zeros == np.count_nonzero(output == 0) / output.size
    assert layers[-1].mean == pytest.approx(0.1)
    assert layers[-1].largest == network.read(digit).confidence


@pytest.mark.parametrize("name", CONFIGS)
def test_the_steps_of_softmax_end_at_the_networks_own_probabilities(name: str) -> None:
    network, digit = network_of(CONFIGS[name]), pictures(1)[0]
    found = explain.softmax_steps(network, digit)

    np.testing.assert_allclose(found.shifted, found.logits - found.logits.max())
    np.testing.assert_allclose(found.powers, np.exp(found.shifted))
    np.testing.assert_allclose(found.powers / found.total, found.probabilities, rtol=1e-6)
    np.testing.assert_allclose(
        found.probabilities, network.read(digit).probabilities, rtol=1e-5, atol=1e-7
    )
    np.testing.assert_allclose(
        found.probabilities, scipy_softmax(found.logits.astype(float)), rtol=1e-5
    )


def test_the_stable_form_takes_logits_that_plain_exp_cannot() -> None:
    kernel = np.zeros((784, 10))
    kernel[14 * 28 + 14, 6] = 5_000.0
    found = explain.softmax_steps(linear(kernel), bar())

    assert found.logits[6] == 5_000
    assert found.probabilities.tolist() == [0] * 6 + [1] + [0] * 3
    assert found.total == 1


# Many readers -------------------------------------------------------------------------------


def test_each_reader_reads_for_itself_in_the_order_given() -> None:
    networks = {name: network_of(config) for name, config in CONFIGS.items()}
    digit = pictures(1)[0]

    found = explain.predictions(networks, digit)

    assert list(found) == list(CONFIGS)
    for name, network in networks.items():
        np.testing.assert_array_equal(
            found[name].probabilities, network.predict(digit[np.newaxis])[0]
        )
