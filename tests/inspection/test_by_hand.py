import dataclasses

import numpy as np
import pytest
from keras_outputs import keras_outputs
from test_network import SMALL, network_with_any_weights, pictures

from digitlab.config import RunConfig
from digitlab.inspection import by_hand
from digitlab.inspection.by_hand import WeightedSum
from digitlab.inspection.feature_maps import LayerMaps, layer_by_layer
from digitlab.network import Network
from digitlab.presets import PRESETS

CONFIGS = {
    "cnn-keras": PRESETS["cnn-keras"],
    "tanh": dataclasses.replace(SMALL, activation="tanh"),
    "sigmoid": dataclasses.replace(SMALL, activation="sigmoid"),
    "three blocks": RunConfig(network="cnn", blocks=3, filters1=5, kernel1=7, pool3=True),
    "mlp": RunConfig(hidden_layers=2, units1=30, units2=7, activation="tanh"),
    "linear": RunConfig(hidden_layers=0),
}
PICTURE = pictures(1)[0]


def looked_at(config: RunConfig) -> tuple[Network, tuple[LayerMaps, ...]]:
    network = network_with_any_weights(config)
    return network, layer_by_layer(network, PICTURE)


def worked_out(network: Network, found: LayerMaps, place: tuple[int, ...]) -> float:
    if found.layer.kind == "pool":
        return by_hand.pooled(found, *place).largest
    if found.layer.kind == "conv":
        return by_hand.convolved(network, found, *place).activated
    return by_hand.neuron(network, found, *place).activated


@pytest.mark.parametrize("name", CONFIGS)
def test_the_numbers_add_up_to_what_keras_and_the_network_compute(name: str) -> None:
    network, layers = looked_at(CONFIGS[name])
    checked = 0
    for found, output in zip(layers, keras_outputs(network, PICTURE), strict=True):
        if found.layer.kind not in by_hand.BY_HAND:
            continue
        for pick in np.linspace(0, output.size - 1, 7).astype(int):
            place = tuple(map(int, np.unravel_index(pick, output.shape)))
            value = worked_out(network, found, place)
            assert value == pytest.approx(float(output[place]), abs=3e-5)
            assert value == pytest.approx(float(found.output[place]), abs=3e-5)
            checked += 1
    assert checked >= 7


def test_a_convolution_reads_the_window_under_its_output() -> None:
    network, layers = looked_at(SMALL)
    made = by_hand.convolved(network, layers[0], 3, 5, 2)
    np.testing.assert_array_equal(made.inputs, layers[0].given[3:8, 5:10])
    assert made.corner == (3, 5)
    assert made.products.shape == (5, 5, 1)
    assert made.output == layers[0].output[3, 5, 2]
    assert made.total == pytest.approx(float((made.inputs * made.weights).sum()), abs=1e-5)
    assert made.z == pytest.approx(made.total + network.weights["conv1"][1][2])
    for place in ((26, 0, 0), (0, 26, 0), (0, 0, 3)):
        with pytest.raises(IndexError):
            by_hand.convolved(network, layers[0], *place)


def test_the_subtotals_of_a_deeper_convolution_add_up() -> None:
    network, layers = looked_at(SMALL)
    deeper = next(found for found in layers if found.layer.name == "conv2")
    made = by_hand.convolved(network, deeper, 0, 1, 3)
    assert made.subtotals.shape == (3,)
    assert made.subtotals.sum() == pytest.approx(made.total)
    assert made.subtotals[1] == pytest.approx(made.products[..., 1].sum())


def test_a_pool_takes_the_largest_of_four() -> None:
    _, layers = looked_at(SMALL)
    made = by_hand.pooled(layers[1], 2, 3, 1)
    assert made.corner == (4, 6)
    np.testing.assert_array_equal(made.window, layers[0].output[4:6, 6:8, 1])
    assert made.largest == made.output == made.window.max()


def test_softmax_comes_with_the_sums_of_all_ten() -> None:
    network, layers = looked_at(CONFIGS["mlp"])
    last = by_hand.neuron(network, layers[-1], 4)
    assert last.logits is not None
    assert last.logits[4] == pytest.approx(last.z)
    assert np.exp(last.z) / np.exp(last.logits).sum() == pytest.approx(last.output, abs=1e-6)
    assert by_hand.neuron(network, layers[1], 0).logits is None


@pytest.mark.parametrize(
    ("products", "count", "strongest"),
    [([0.5, -3, 0, 2, 0], 2, [1, 3]), ([0.5, -3, 0, 2, 0], 12, [1, 3, 0]), ([0, 0], 3, [])],
)
def test_the_strongest_products_come_by_size_and_zeros_never(products, count, strongest) -> None:
    inputs = np.array(products, np.float32)
    made = WeightedSum(inputs, np.ones_like(inputs), 0.0, "relu", 0.0)
    assert made.strongest(count) == strongest


def test_inputs_of_a_dense_layer_are_traced_back_to_the_maps() -> None:
    _, layers = looked_at(PRESETS["cnn-keras"])
    numbers = {found.layer.name: number for number, found in enumerate(layers)}
    shape = by_hand.input_shape(layers, numbers["dense1"])
    assert shape == (12, 12, 64)
    place = (5 * 12 + 7) * 64 + 33
    row, column, channel = by_hand.position(place, shape)
    assert (row, column, channel) == (5, 7, 33)
    pooled = layers[numbers["pool1"]]
    assert layers[numbers["dense1"]].given[place] == pooled.output[row, column, channel]

    shape = by_hand.input_shape(layers, numbers["dense2"])  # a dropout layer lies between
    assert shape == (128,)
    assert by_hand.position(17, shape) == (17,)
    assert by_hand.input_shape(looked_at(CONFIGS["linear"])[1], 1) == (28, 28, 1)


def test_rounded_parts_may_add_up_to_another_sum() -> None:
    parts = np.full(9, 0.00004)
    assert by_hand.rounded_total(parts, 4) == 0
    assert parts.sum() == pytest.approx(0.00036)
