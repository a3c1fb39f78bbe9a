import dataclasses

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import softmax as scipy_softmax
from test_network import network_with_any_weights, pictures

from digitlab import models
from digitlab.config import RunConfig
from digitlab.inspection import explain
from digitlab.layers import layers_of
from digitlab.network import Network

LINEAR = RunConfig(hidden_layers=0)
CNN = RunConfig(network="cnn", blocks=2, filters1=3, kernel1=5, filters2=4, dense=6)
NETWORKS = {
    "mlp": network_with_any_weights(RunConfig(hidden_layers=2, units1=12, units2=7, dropout=0.3)),
    "linear": network_with_any_weights(LINEAR),
    "cnn": network_with_any_weights(CNN),
}
RNG = np.random.default_rng(0)
BAR = np.zeros((28, 28), np.uint8)
BAR[4:24, 12:16] = 255
BAR.flags.writeable = False  # a drawing is not changed by being looked at

every_network = pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)


def linear(pixels: dict[tuple[int, int, int], float]) -> Network:
    """A network whose logits are sums of pixels: weights by row, column and digit."""
    kernel = np.zeros((28, 28, 10), np.float32)
    for place, weight in pixels.items():
        kernel[place] = weight
    weights = {"dense1": (kernel.reshape(784, 10), np.zeros(10, np.float32))}
    return Network(layers_of(LINEAR), weights)


@every_network
def test_features_are_what_the_last_layer_is_given(network: Network) -> None:
    images = pictures(150)
    found = explain.features(network, images)
    np.testing.assert_allclose(found, network.activations(images)[-2], rtol=1e-5, atol=1e-6)
    assert found.dtype == np.float32
    assert explain.features(network, images[:0]).shape == (0, found.shape[1])


@every_network
def test_softmax_of_the_logits_is_the_prediction(network: Network) -> None:
    logits = explain.logits(network, pictures(5)).astype(float)
    predicted = network.predict(pictures(5))
    np.testing.assert_allclose(scipy_softmax(logits, axis=1), predicted, atol=1e-6)


def test_a_fingerprint_is_of_weights_and_layers_alone() -> None:
    network = NETWORKS["cnn"]
    own = explain.fingerprint(network)
    kernel, bias = network.weights["dense2"]
    changed = kernel.copy()
    changed[0, 0] += 1

    assert explain.fingerprint(Network.load(network.to_bytes())) == own
    assert explain.fingerprint(dataclasses.replace(network, about={"epoch": 4})) == own
    other = dataclasses.replace(network, weights={**network.weights, "dense2": (changed, bias)})
    assert explain.fingerprint(other) != own


def test_the_map_finds_the_pixels_that_count() -> None:
    found = explain.occlusion(linear({(10, 13, 3): 5.0, (20, 14, 3): -2.0}), BAR)
    # Squares of 4 pixels around fields of 2: each pixel lies in those of two rows and columns.
    expected = np.zeros((14, 14))
    expected[4:6, 6:8], expected[9:11, 6:8] = 5.0, -2.0
    for at, fields in ((10, (4, 5)), (13, (6, 7)), (20, (9, 10)), (14, (6, 7))):
        assert all(2 * field - 1 <= at <= 2 * field + 2 for field in fields)
    np.testing.assert_allclose(found.falls(3, "logit"), expected, atol=1e-5)


@every_network
def test_the_map_is_what_reading_erased_pictures_one_by_one_gives(network: Network) -> None:
    found = explain.occlusion(network, BAR)
    for row, column in [(0, 0), (2, 6), (5, 7), (11, 8), (13, 13), (7, 0)]:
        erased = BAR.copy()
        top, left = max(2 * row - 1, 0), max(2 * column - 1, 0)
        erased[top : 2 * row + 3, left : 2 * column + 3] = 0
        whole, without = network.predict(np.stack([BAR, erased]))
        falls = [found.falls(digit)[row, column] for digit in range(10)]
        np.testing.assert_allclose(falls, whole - without, atol=1e-5)


@pytest.mark.parametrize("measure", ["probability", "logit"])
def test_where_there_is_no_ink_nothing_changes(measure: explain.Measure) -> None:
    falls = explain.occlusion(NETWORKS["cnn"], BAR).falls(4, measure)
    assert not falls[:, :5].any()
    assert not falls[:, 9:].any()
    assert falls[2:12, 6:8].all()
    assert not explain.occlusion(NETWORKS["mlp"], BAR * 0).falls(0, measure).any()


def test_nearest_are_those_that_scipy_finds() -> None:
    known, one = RNG.normal(size=(300, 20)), RNG.normal(size=20)
    distances = cdist(known, one[np.newaxis])[:, 0]

    found = explain.nearest(known.astype(np.float32), one.astype(np.float32), count=9)

    np.testing.assert_array_equal(found.indices, np.argsort(distances)[:9])
    np.testing.assert_allclose(found.distances, np.sort(distances)[:9], rtol=1e-5)
    assert found.median == pytest.approx(np.median(distances), rel=1e-5)


def test_a_training_image_is_nearest_to_itself() -> None:
    images = pictures(5)
    images[:, :6] = 0
    known = explain.features(models.bundled(), images)
    found = explain.nearest(known, known[3], count=8)
    assert found.indices[0] == 3
    assert len(found.indices) == 5, "fewer than asked for"
    assert found.distances[0] == pytest.approx(0, abs=1e-4)


def test_layers_in_numbers_add_up_to_what_the_network_computed() -> None:
    network = NETWORKS["cnn"]
    picture, *layers = explain.layer_values(network, BAR)

    assert (picture.layer, picture.smallest, picture.largest) == (None, 0, 1)
    assert picture.zeros == pytest.approx(1 - 80 / 784)
    assert [row.layer for row in layers] == list(network.layers)
    assert [row.shape for row in layers] == [layer.output for layer in network.layers]
    for row, output in zip(layers, network.activations(BAR[np.newaxis]), strict=True):
        assert (row.smallest, row.largest) == (output.min(), output.max())
        assert row.mean == pytest.approx(output.astype(float).mean(), abs=1e-6)
        assert row.zeros == np.count_nonzero(output == 0) / output.size
    assert layers[-1].mean == pytest.approx(0.1)
    assert layers[-1].largest == network.read(BAR).confidence


@every_network
def test_the_steps_of_softmax_end_at_the_networks_own_probabilities(network: Network) -> None:
    digit = pictures(1)[0]
    found = explain.softmax_steps(network, digit)

    np.testing.assert_allclose(found.shifted, found.logits - found.logits.max())
    np.testing.assert_allclose(found.powers, np.exp(found.shifted))
    np.testing.assert_allclose(found.powers / found.total, found.probabilities, rtol=1e-6)
    own = network.read(digit).probabilities
    np.testing.assert_allclose(found.probabilities, own, rtol=1e-5, atol=1e-7)
    theirs = scipy_softmax(found.logits.astype(float))
    np.testing.assert_allclose(found.probabilities, theirs, rtol=1e-5)


def test_the_stable_form_takes_logits_that_plain_exp_cannot() -> None:
    found = explain.softmax_steps(linear({(14, 14, 6): 5_000.0}), BAR)
    assert found.logits[6] == 5_000
    assert found.probabilities.tolist() == [0] * 6 + [1] + [0] * 3
    assert found.total == 1


def test_each_reader_reads_for_itself_in_the_order_given() -> None:
    found = explain.predictions(NETWORKS, BAR)
    assert list(found) == list(NETWORKS)
    for name, network in NETWORKS.items():
        np.testing.assert_array_equal(
            found[name].probabilities, network.predict(BAR[np.newaxis])[0]
        )
