import io
from pathlib import Path

import numpy as np
import pytest
from make_run import add_run
from scipy.signal import correlate2d
from test_network import network_with_any_weights

from digitlab import dataset, models
from digitlab.config import RunConfig
from digitlab.inspection import filters
from digitlab.inspection.filters import ANGLES
from digitlab.layers import Layer
from digitlab.network import Network, as_pixels
from digitlab.store import Store, StoreError

TWO = {"network": "cnn", "blocks": 2}
CNN = network_with_any_weights(
    RunConfig(**TWO, filters1=3, kernel1=5, filters2=4, kernel2=3, dense=6, activation="tanh")
)
MLP = network_with_any_weights(RunConfig(hidden_layers=2, units1=12, units2=7))
LINEAR = network_with_any_weights(RunConfig(hidden_layers=0))
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (70, 28, 28), np.uint8)
SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def layer_of(network: Network, name: str) -> Layer:
    return next(layer for layer in network.layers if layer.name == name)


def outputs_of(network: Network, name: str, images: np.ndarray) -> np.ndarray:
    """What a layer makes of pictures: (N, H, W, F) or (N, units)."""
    return network.activations(images)[network.layers.index(layer_of(network, name))]


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


# Edges ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("angle", [0, 15, 37.5, 45, 90, 100, 210, 345])
@pytest.mark.parametrize("side", [3, 4, 7])
def test_a_pixel_on_an_edge_has_the_share_of_its_area_that_is_bright(
    angle: float, side: int
) -> None:
    fine = 200
    at = (np.arange(side * fine) + 0.5) / fine - side / 2
    beyond = at * np.cos(np.radians(angle)) - at[:, np.newaxis] * np.sin(np.radians(angle)) > 0
    shares = beyond.reshape(side, fine, side, fine).mean(axis=(1, 3))
    np.testing.assert_allclose(filters.edge(angle, side), shares, atol=5e-3)


def test_an_edge_may_go_through_another_place() -> None:
    np.testing.assert_allclose(filters.edge(0, 4, centre=(0, 2.25))[0], [0, 0, 0.25, 1])
    np.testing.assert_allclose(filters.edge(90, 3, centre=(0, 0))[:, 0], [0.5, 0, 0])


def test_sobel_answers_to_an_edge_as_it_is_known_to() -> None:
    answers = filters.edge_responses(SOBEL)
    known = {0: 4, 180: -4, 90: 0, 270: 0, 45: 3}  # 1 + 2 + 1; at 45, row by row, 1 - 1/2, 2, 1/2
    shown = [answers[ANGLES.index(angle)] for angle in known]
    np.testing.assert_allclose(shown, list(known.values()), atol=1e-9)
    assert answers.max() == pytest.approx(4)
    turned = filters.edge_responses(-SOBEL.T)  # by a quarter
    np.testing.assert_allclose(np.roll(answers, 6), turned, atol=1e-9)


def test_a_diagonal_kernel_answers_most_to_a_diagonal_edge_and_a_flat_one_to_none() -> None:
    kernel = np.array([[0, 1, 1], [-1, 0, 1], [-1, -1, 0]])
    assert ANGLES[filters.edge_responses(kernel).argmax()] == 45
    np.testing.assert_allclose(filters.edge_responses(np.ones((5, 5))), 12.5)


def test_through_no_layers_the_edges_are_the_kernels_own() -> None:
    kernels = np.moveaxis(CNN.weights["conv1"][0][:, :, 0], -1, 0)
    expected = np.transpose([filters.edge_responses(kernel) for kernel in kernels])
    found = filters.deep_edge_responses(CNN, "conv1")
    assert found.shape == (24, 3)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_deeper_edges_go_through_the_layers_before() -> None:
    bias = CNN.weights["conv2"][1]
    field = filters.field_of(CNN.layers, "conv2")
    row = layer_of(CNN, "conv2").output[0] // 2
    middle = row * field.step + (field.size - 1) / 2
    picture = filters.edge(60, 28, centre=(middle, middle))
    found = filters.deep_edge_responses(CNN, "conv2")
    assert found.shape == (24, 4)
    expected = outputs_of(CNN, "conv2", picture[np.newaxis])[0, row, row]
    np.testing.assert_allclose(np.tanh(found[ANGLES.index(60)] + bias), expected, atol=1e-5)


# What excites -----------------------------------------------------------------------------------


def test_what_one_output_sees() -> None:
    names = ("conv1", "conv2", "conv3", "conv4")
    seen = [filters.field_of(models.bundled().layers, name) for name in names]
    assert [field.size for field in seen] == [3, 5, 10, 14]
    assert [field.step for field in seen] == [1, 1, 2, 2]
    assert filters.field_of(MLP.layers, "dense1").size == 28


@pytest.mark.parametrize("name", ["conv1", "conv2"])
def test_only_the_field_of_an_output_moves_it(name: str) -> None:
    field, place = filters.field_of(CNN.layers, name), (2, 3)
    top, left = field.corner(*place)
    other = RNG.integers(0, 256, (28, 28), np.uint8)
    inside = (slice(top, top + field.size), slice(left, left + field.size))
    other[inside] = IMAGES[0][inside]
    before, after = outputs_of(CNN, name, np.stack([IMAGES[0], other]))
    np.testing.assert_allclose(before[place], after[place], atol=1e-5)
    assert not np.allclose(before[place[0], place[1] + 4], after[place[0], place[1] + 4])


def test_excitement_of_a_first_convolution_against_scipy() -> None:
    kernel, bias = CNN.weights["conv1"]
    found = filters.excitement(CNN, "conv1", IMAGES)
    for image in (0, 69):
        for number in range(3):
            sums = correlate2d(IMAGES[image] / 255, kernel[:, :, 0, number], "valid") + bias[number]
            assert found.places[image, number] == sums.argmax()
            assert found.peaks[image, number] == pytest.approx(np.tanh(sums.max()), abs=1e-5)
            assert found.means[image, number] == pytest.approx(np.tanh(sums).mean(), abs=1e-5)


@pytest.mark.parametrize(("network", "name"), [(CNN, "conv2"), (MLP, "dense1"), (LINEAR, "dense1")])
def test_excitement_of_other_layers_is_what_they_give(network: Network, name: str) -> None:
    outputs = outputs_of(network, name, IMAGES)
    outputs = outputs.reshape(70, -1, outputs.shape[-1])
    found = filters.excitement(network, name, IMAGES)
    np.testing.assert_allclose(found.peaks, outputs.max(axis=1), atol=1e-4)
    np.testing.assert_allclose(found.means, outputs.mean(axis=1), atol=1e-4)
    alone = filters.excitement(network, name, IMAGES, only=2)
    np.testing.assert_allclose(alone.peaks, found.only(2).peaks, atol=1e-4)
    np.testing.assert_array_equal(alone.places, found.only(2).places)
    parts = [filters.excitement(network, name, IMAGES[at : at + 30]) for at in (0, 30, 60)]
    joined = filters.joined(parts)
    np.testing.assert_allclose(joined.means, found.means, atol=1e-6)
    assert joined.peaks.shape == joined.places.shape == found.peaks.shape


def test_the_place_is_found_where_the_activation_cuts_everything_off() -> None:
    network = network_with_any_weights(
        RunConfig(network="cnn", blocks=1, filters1=1, kernel1=3, dense=4)
    )
    kernel = np.zeros((3, 3, 1, 1), np.float32)
    kernel[1, 1] = 1
    weights = dict(network.weights) | {"conv1": (kernel, np.array([-5], np.float32))}
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 10, 20] = 200
    found = filters.excitement(Network(network.layers, weights), "conv1", image)
    assert found.peaks[0, 0] == 0
    assert divmod(int(found.places[0, 0]), 26) == (9, 19)


def test_the_largest_come_first() -> None:
    assert filters.largest([3, 9, 1, 9], 3).tolist() == [1, 3, 0]


def test_the_mean_of_each_digit() -> None:
    found = filters.per_digit([1, 3, 5], np.array([2, 2, 9], np.uint8))
    assert (found[2], found[9]) == (2, 5)
    assert np.isnan(found[0])


def test_a_large_network_is_led_through_fewer_images() -> None:
    assert filters.affordable_images(CNN, "conv2", 10_000) == filters.MOST_IMAGES
    assert filters.affordable_images(CNN, "conv2", 64) == 64
    wide = {"filters1": 128, "kernel1": 7, "pool1": False, "filters2": 64, "kernel2": 7}
    large = network_with_any_weights(RunConfig(**TWO, **wide, dense=4))
    assert 50 <= filters.affordable_images(large, "conv2", 10_000) < 1_000


# Weights through the epochs ---------------------------------------------------------------------


def test_the_bundled_history_leads_from_the_untrained_to_the_trained_network() -> None:
    history = filters.bundled_history()
    assert list(history) == list(range(15))
    np.testing.assert_array_equal(history[0], models.bundled_untrained().weights["conv1"][0])
    np.testing.assert_array_equal(history[14], models.bundled().weights["conv1"][0])


def test_the_layers_that_can_be_looked_at() -> None:
    assert [layer.name for layer in filters.looked_at(CNN)] == [
        "conv1",
        "conv2",
    ]
    assert [layer.name for layer in filters.looked_at(MLP)] == ["dense1"]


def test_a_runs_weights_come_from_the_small_files_or_the_whole_network(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = CNN.weights["conv1"][0]
    files = {"weights-000.npz": CNN.to_bytes(), "kernels-001.npy": npy(2 * first)}
    run = add_run(store, files=files).id
    conv1, conv2 = layer_of(CNN, "conv1"), layer_of(CNN, "conv2")

    assert filters.epochs_of_run(store, run, first_convolution=True) == [0, 1]
    assert filters.epochs_of_run(store, run, first_convolution=False) == [0]
    np.testing.assert_array_equal(filters.kernel_of_run(store, run, conv1, 0), first)
    np.testing.assert_array_equal(filters.kernel_of_run(store, run, conv1, 1), 2 * first)
    deep = filters.kernel_of_run(store, run, conv2, 0)
    np.testing.assert_array_equal(deep, CNN.weights["conv2"][0])
    with pytest.raises(StoreError, match="kept no file"):
        filters.kernel_of_run(store, run, conv2, 1)


@pytest.mark.parametrize("content", [b"", b"no array", npy(np.ones((3, 3, 1, 3)))])
def test_a_broken_file_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    store, conv1 = Store(tmp_path), layer_of(CNN, "conv1")
    run = add_run(store, files={"kernels-001.npy": content, "weights-002.npz": content}).id
    for epoch in (1, 2):
        with pytest.raises(StoreError, match=f"epoch {epoch} cannot be read"):
            filters.kernel_of_run(store, run, conv1, epoch)


def test_how_far_weights_have_moved() -> None:
    found = filters.moved([[3, 0]], [[0, 4]])
    assert (found.began, found.ended, found.distance, found.cosine) == (3, 4, 5, 0)
    assert filters.moved([1, 2], [2, 4]).cosine == pytest.approx(1)
    assert filters.moved([0, 0], [2, 4]).cosine == 0


# Templates --------------------------------------------------------------------------------------


def test_templates_are_the_network_where_nothing_is_cut_off() -> None:
    weights, bias = filters.templates(MLP)
    layers = [MLP.weights[f"dense{number}"] for number in (1, 2, 3)]
    np.testing.assert_allclose(
        weights, np.linalg.multi_dot([kernel for kernel, _ in layers]), atol=1e-4
    )
    pixels = as_pixels(IMAGES).reshape(70, -1)
    step = pixels
    for kernel, add in layers:
        step = step @ kernel + add
    np.testing.assert_allclose(pixels @ weights + bias, step, atol=1e-3)


def test_without_a_hidden_layer_templates_read_as_the_network_does(lab_home: Path) -> None:
    digits = dataset.current().digits
    images, labels = digits.x_test[:200], digits.y_test[:200]
    alone, whole = filters.agreement(LINEAR, images, labels)
    right = LINEAR.predict(images).argmax(axis=1) == labels
    assert alone == whole == pytest.approx(right.mean())
