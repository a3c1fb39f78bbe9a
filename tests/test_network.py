import dataclasses
import io
import json
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest

from digitlab.config import RunConfig
from digitlab.layers import layers_of, parameter_count
from digitlab.messages import LabError
from digitlab.network import (
    FORMAT,
    ModelFileError,
    Network,
    Prediction,
    activate,
    convolve,
    max_pool,
    sigmoid,
    softmax,
    specs,
)
from digitlab.presets import PRESETS

SMALL = RunConfig(network="cnn", blocks=2, filters1=3, kernel1=5, filters2=4, dense=6, dropout=0.5)
SHAPES = {
    "sigmoid": dataclasses.replace(SMALL, activation="sigmoid"),
    "tanh": dataclasses.replace(SMALL, activation="tanh", pool2=False),
    "sigmoid-mlp": RunConfig(hidden_layers=3, activation="sigmoid"),
    "tanh-mlp": RunConfig(hidden_layers=2, units1=30, units2=7, activation="tanh"),
    "three-blocks": RunConfig(network="cnn", blocks=3, filters1=5, kernel1=7, pool3=True),
    "linear": RunConfig(hidden_layers=0),
}
MEGABYTE = 1_000_000


def network_with_any_weights(config: RunConfig, seed: int = 0) -> Network:
    """Weights as large as Keras's own at the start, and biases that are not zero."""
    rng = np.random.default_rng(seed)
    layers = layers_of(config)
    weights = {}
    for layer in layers:
        if layer.kernel_shape:
            spread = np.sqrt(2 / np.prod(layer.kernel_shape[:-1]))
            kernel = rng.normal(0, spread, layer.kernel_shape).astype(np.float32)
            bias = rng.normal(0, 0.5, layer.kernel_shape[-1]).astype(np.float32)
            weights[layer.name] = kernel, bias
    return Network(layers, weights, {"epoch": 3, "config": config.to_json()})


def pictures(count: int, seed: int = 1):
    return np.random.default_rng(seed).integers(0, 256, (count, 28, 28), np.uint8)


@pytest.mark.parametrize("name", [*PRESETS, *SHAPES])
def test_the_forward_pass_is_that_of_keras(name) -> None:
    keras = pytest.importorskip("keras")
    from digitlab.training.keras_model import build

    network = network_with_any_weights((PRESETS | SHAPES)[name])
    model = build(network.layers)
    for layer, pair in network.weights.items():
        model.get_layer(layer).set_weights(pair)
    images = pictures(6)
    pixels = images[..., np.newaxis] / np.float32(255)
    every = keras.Model(model.inputs[0], [layer.output for layer in model.layers])
    theirs = [np.asarray(output) for output in every(pixels, training=False)]
    ours = network.activations(images)
    for layer, mine, expected in zip(network.layers, ours, theirs, strict=True):
        assert mine.dtype == np.float32
        assert mine.shape == (6, *layer.output)
        np.testing.assert_allclose(mine, expected, rtol=0, atol=2e-5, err_msg=layer.name)
    np.testing.assert_allclose(network.predict(images), theirs[-1], rtol=0, atol=1e-5)
    assert np.ptp(theirs[-1]) > 0.01  # or anything would agree


def test_weights_of_keras_are_our_network() -> None:
    pytest.importorskip("keras")
    from digitlab.training.keras_model import network_of, untrained

    model = untrained(SMALL)
    network = network_of(model, layers_of(SMALL), {"epoch": 0})
    images = pictures(3)
    expected = np.asarray(model(images[..., np.newaxis] / np.float32(255)))
    np.testing.assert_allclose(network.predict(images), expected, rtol=0, atol=1e-6)
    assert network.parameters == model.count_params()
    assert network.about == {"epoch": 0}


def test_many_pictures_are_read_in_pieces_with_the_same_result() -> None:
    network = network_with_any_weights(
        RunConfig(network="cnn", blocks=2, filters1=32, filters2=2, pool1=False, dense=4)
    )
    images = pictures(101)  # about 48 of them fill a piece
    together = network.predict(images)
    assert together.shape == (101, 10)
    np.testing.assert_allclose(together[60:62], network.predict(images[60:62]), atol=1e-6)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)
    assert network.predict(pictures(0)).shape == (0, 10)


def test_pictures_may_be_bytes_or_shares_with_or_without_a_channel() -> None:
    network = network_with_any_weights(SMALL)
    images = pictures(2)
    expected = network.predict(images)
    for same in (images / 255, (images / 255).astype(np.float32), images[..., np.newaxis]):
        np.testing.assert_allclose(network.predict(same), expected, atol=1e-6)


def test_one_picture_gives_a_prediction() -> None:
    network = network_with_any_weights(SMALL)
    image = pictures(1)[0]
    prediction = network.read(image)
    np.testing.assert_array_equal(prediction.probabilities, network.predict(image[None])[0])
    assert prediction.digit == int(prediction.probabilities.argmax())
    assert prediction.confidence == pytest.approx(float(prediction.probabilities.max()))
    assert Prediction(np.eye(10, dtype=np.float32)[7]).digit == 7


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((1, 32, 32), "32x32x1"),
        ((1, 28, 27), "28x27x1"),
        ((1, 28, 28, 3), "28x28x3"),
        ((28, 28), "28"),
        ((2, 784), "784"),
    ],
)
def test_pictures_of_another_size_are_refused_with_both_sizes(shape, size) -> None:
    with pytest.raises(LabError) as caught:
        network_with_any_weights(SMALL).predict(np.zeros(shape, np.uint8))
    assert str(caught.value) == f"This model reads 28x28 images; this one is {size}."


def test_a_convolution_is_the_sum_under_each_window() -> None:
    rng = np.random.default_rng(2)
    values, kernel = rng.normal(size=(2, 6, 7, 3)), rng.normal(size=(3, 3, 3, 4))
    expected = np.zeros((2, 4, 5, 4))
    for row in range(4):
        for column in range(5):
            window = values[:, row : row + 3, column : column + 3]
            expected[:, row, column] = np.einsum("nhwc,hwcf->nf", window, kernel)
    np.testing.assert_allclose(convolve(values, kernel), expected, atol=1e-12)


def test_a_pooling_drops_an_odd_row_and_column() -> None:
    values = np.arange(15, dtype=np.float32).reshape(1, 3, 5, 1)
    assert max_pool(values).ravel().tolist() == [6, 8]


def test_softmax_is_stable() -> None:
    large = np.array([[1000, 999, 0], [-1e30, 0, -1e30], [1e38, -1e38, 0]], np.float32)
    with np.errstate(over="raise", invalid="raise", divide="raise", under="ignore"):
        result = softmax(large)
    assert np.isfinite(result).all()
    np.testing.assert_allclose(result.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(result[0, :2], [1 / (1 + np.exp(-1)), 1 / (1 + np.e)], rtol=1e-5)
    np.testing.assert_allclose(softmax(large[:1] - 500), result[:1], rtol=1e-5)


def test_sigmoid_overflows_nowhere() -> None:
    sums = np.array([-1e38, -100, -1, 0, 1, 100, 1e38], np.float32)
    with np.errstate(over="raise", invalid="raise"):
        result = sigmoid(sums)
    np.testing.assert_allclose(result[2:5], 1 / (1 + np.exp(-sums[2:5].astype(float))), atol=1e-7)
    assert result[[0, 1, 5, 6]].tolist() == [0, 0, 1, 1]


def test_activations_have_their_names() -> None:
    sums = np.array([[-1.0, 2.0]], np.float32)
    assert activate("relu", sums).tolist() == [[0, 2]]
    np.testing.assert_allclose(activate("tanh", sums), np.tanh(sums))
    assert activate("linear", sums) is sums


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("config", [SMALL, RunConfig(units1=9)], ids=["cnn", "mlp"])
def test_a_file_gives_the_network_back(tmp_path, config, dtype) -> None:
    network = network_with_any_weights(config)
    network.save(tmp_path / "net.npz", dtype=dtype)
    loaded = Network.load(tmp_path / "net.npz")
    assert loaded.layers == network.layers
    assert loaded.about == network.about
    for name, pair in network.weights.items():
        for kept, original in zip(loaded.weights[name], pair, strict=True):
            assert kept.dtype == np.float32
            np.testing.assert_array_equal(kept, original.astype(dtype).astype(np.float32))
    images = pictures(4)
    tolerance = 0 if dtype == "float32" else 0.02
    np.testing.assert_allclose(loaded.predict(images), network.predict(images), atol=tolerance)


def test_a_file_may_be_bytes_is_the_same_each_time_and_half_as_long_in_float16() -> None:
    network, half = network_with_any_weights(RunConfig()), io.BytesIO()
    data = network.to_bytes()
    assert Network.load(data).to_bytes() == data
    network.save(half, dtype="float16")
    assert len(half.getvalue()) < 0.52 * len(data)


NOT_OURS = "This is not a model file of Digit Lab, or it is not whole."
OTHER_ARRAYS = "This model file does not hold the arrays of its layers."
WRONG_ARRAY = r"The array .* of this model file has a wrong shape or type\."


def npy(array) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array), version=(1, 0), allow_pickle=True)
    return stream.getvalue()


def npy_header(text: str) -> bytes:
    """The start of an ``.npy`` that says ``text`` of itself, with no data behind it."""
    padded = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode()


def json_member(header) -> bytes:
    text = header if isinstance(header, str) else json.dumps(header)
    return npy(np.frombuffer(text.encode(), np.uint8))


def members() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(network_with_any_weights(SMALL).to_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def header_of(parts: dict[str, bytes]) -> dict:
    return json.loads(np.load(io.BytesIO(parts["header.npy"])).tobytes())


def packed(parts: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return stream.getvalue()


def with_header(**changes) -> bytes:
    parts = members()
    return packed(parts | {"header.npy": json_member(header_of(parts) | changes)})


def with_layers(*told) -> bytes:
    plain = {"kind": "flatten", "size": 1, "kernel": 0, "activation": "linear", "rate": 0.0}
    header = header_of(members()) | {"layers": [plain | spec for spec in told]}
    return packed({"header.npy": json_member(header)})


def refused(data, sentence: str = NOT_OURS) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError, match=sentence) as caught:
            Network.load(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(caught.value, LabError)
    assert peak < 8 * MEGABYTE + 4 * (len(data) if isinstance(data, bytes) else 0)


class Traitor:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was opened",))


def test_the_file_that_is_altered_below_is_read_as_it_is() -> None:
    assert Network.load(packed(members())).layers == layers_of(SMALL)


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"not a zip" * 100, pickle.dumps(Traitor()), bytes(1000)],
    ids=["empty", "two bytes", "text", "pickle", "zeros"],
)
def test_what_is_no_zip_is_refused(data, tmp_path) -> None:
    refused(data)
    (tmp_path / "model.npz").write_bytes(data)
    for file in ("model.npz", "", "missing.npz"):
        refused(tmp_path / file)


def test_a_zip_of_something_else_is_refused() -> None:
    refused(packed({}))
    refused(packed({"readme.txt": b"hello"}))
    refused(packed({"header.npy": b"hello"}))
    refused(packed({"header.npy": npy(np.arange(3.0))}), WRONG_ARRAY)


def test_a_file_cut_short_is_refused() -> None:
    whole = network_with_any_weights(SMALL).to_bytes()
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        refused(whole[:length])


def test_an_altered_byte_is_refused_or_harmless() -> None:
    network = network_with_any_weights(SMALL)
    whole = network.to_bytes()
    expected = network.predict(pictures(2))
    rng = np.random.default_rng(4)
    refusals = 0
    for place in rng.integers(0, len(whole), 300):
        altered = bytearray(whole)
        altered[place] ^= 1 << int(rng.integers(8))
        try:
            read = Network.load(bytes(altered)).predict(pictures(2))
        except ModelFileError:
            refusals += 1
        else:
            np.testing.assert_array_equal(read, expected)
    assert refusals > 200


@pytest.mark.parametrize("member", ["header", "dense1.kernel", "dense2.bias"])
def test_pickled_objects_are_refused_unopened(member) -> None:
    refused(packed(members() | {f"{member}.npy": npy(np.array([Traitor()], object))}), WRONG_ARRAY)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((5, 5, 1, 4), np.float32),
        np.zeros((5, 5, 3, 1), np.float32),
        np.zeros((75,), np.float32),
        np.zeros((5, 5, 1, 3), np.float64),
        np.zeros((5, 5, 1, 3), np.int32),
        np.zeros((5, 5, 1, 3), ">f4"),
        np.zeros((5, 5, 1, 3), np.complex64),
        np.asfortranarray(np.zeros((5, 5, 1, 3), np.float32)),
        np.array("kernel"),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}{'F' if array.flags.fnc else ''}",
)
def test_an_array_of_another_shape_or_type_is_refused_by_name(array) -> None:
    refused(packed(members() | {"conv1.kernel.npy": npy(array)}), r"conv1\.kernel of this model")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(value) -> None:
    bias = np.array([0, value, 0], np.float32)
    refused(packed(members() | {"conv1.bias.npy": npy(bias)}), "values that are not finite")


def test_members_must_be_those_of_the_layers() -> None:
    parts = members()
    refused(packed(parts | {"more.npy": npy(np.zeros(3, np.float32))}), OTHER_ARRAYS)
    refused(packed(parts | {f"{n}.npy": b"" for n in range(10_000)}), OTHER_ARRAYS)
    refused(packed(parts | {"../conv1.bias.npy": parts["conv1.bias.npy"]}), OTHER_ARRAYS)
    refused(packed({n: d for n, d in parts.items() if n != "dense2.bias.npy"}), OTHER_ARRAYS)
    refused(packed({n: d for n, d in parts.items() if n != "header.npy"}))


@pytest.mark.parametrize(
    "said",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }",
        "{'descr': '|V1000000000000', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }",
    ],
)
@pytest.mark.parametrize("member", ["header", "conv1.kernel"])
def test_an_array_that_says_it_is_gigantic_or_odd_is_refused(said, member) -> None:
    refused(packed(members() | {f"{member}.npy": npy_header(said)}), "model file")


def test_an_array_must_be_as_long_as_it_says_and_of_our_version() -> None:
    bias, other = npy(np.zeros(3, np.float32)), io.BytesIO()
    np.lib.format.write_array(other, np.zeros(3, np.float32), version=(3, 0))
    for data in (bias[:-1], bias + b"\0", other.getvalue()):
        refused(packed(members() | {"conv1.bias.npy": data}))


def test_a_header_that_says_it_is_huge_is_not_read() -> None:
    refused(packed({"header.npy": json_member(" " * 100_000)}, zipfile.ZIP_DEFLATED))


CONV = {"kind": "conv", "size": 1, "kernel": 3, "activation": "relu"}
FLAT = {"kind": "flatten"}
LAST = {"kind": "dense", "size": 10, "activation": "softmax"}


@pytest.mark.parametrize(
    "layers",
    [
        [],
        [LAST],
        [FLAT, LAST | {"activation": "relu"}],
        [FLAT, LAST | {"size": 11}],
        [FLAT, LAST | {"size": -10}],
        [FLAT, LAST | {"size": 10.0}],
        [FLAT, LAST | {"size": True}],
        [FLAT, LAST, {"kind": "lambda"}],
        [FLAT, FLAT],
        [CONV | {"kernel": 29}, FLAT, LAST],
        [CONV | {"kernel": 28}, CONV, FLAT, LAST],
        [CONV | {"kernel": 0}, FLAT, LAST],
        [CONV | {"size": 0}, FLAT, LAST],
        [FLAT, {"kind": "pool"}, LAST],
        [FLAT, CONV, LAST],
        [{"kind": "pool"}] * 5 + [FLAT, LAST],
        [FLAT, {"kind": "dropout", "rate": "x"}, LAST],
        [FLAT, {"kind": "dropout", "rate": 10**400}, LAST],
        [FLAT] * 100 + [LAST],
        [FLAT, LAST | {"kind": ["dense"]}],
    ],
    ids=str,
)
def test_layers_that_we_do_not_build_are_refused(layers) -> None:
    refused(with_layers(*layers))


@pytest.mark.parametrize(
    "layers",
    [
        [FLAT, {"kind": "dense", "size": 10**7}, LAST],
        [CONV | {"size": 10**7}, FLAT, LAST],
        [CONV | {"size": 10**4}, CONV | {"size": 10**4}, FLAT, LAST],
        # Few weights, but 31 GB of feature maps for one picture.
        [CONV | {"size": 10**7, "kernel": 1}, CONV | {"kernel": 1}, FLAT, LAST],
    ],
    ids=str,
)
def test_a_network_that_would_fill_the_memory_is_refused(layers) -> None:
    refused(with_layers(*layers), "The network in this file is too large")


@pytest.mark.parametrize(
    "largest",
    [
        RunConfig(network="cnn", blocks=1, filters1=256, pool1=False, dense=1024),
        RunConfig(network="cnn", blocks=2, filters1=256, pool1=False, filters2=256, kernel2=7),
    ],
    ids=["weights", "windows"],
)
def test_the_largest_networks_of_the_sliders_are_not_too_large(largest) -> None:
    data = with_header(layers=specs(layers_of(largest)))
    with pytest.raises(ModelFileError, match="array"):  # the layers pass, the arrays do not fit
        Network.load(data)
    assert (
        parameter_count(layers_of(largest)) > 170_000_000
        or max(layer.windows for layer in layers_of(largest)) > 5_000_000
    )


@pytest.mark.parametrize(
    "header",
    ["", "{", "null", "[]", "5", "[" * 20_000, '{"format": "' + FORMAT + '"}', "9" * 5000],
    ids=lambda text: text[:12] or "empty",
)
def test_a_header_that_is_not_ours_is_refused(header) -> None:
    refused(packed(members() | {"header.npy": json_member(header)}), "model file")


@pytest.mark.parametrize("layers", [None, "dense", [1, 2]])
def test_layers_of_another_kind_are_refused(layers) -> None:
    refused(with_header(layers=layers))


@pytest.mark.parametrize("version", ["digitlab-network-2", None, 1])
def test_another_version_is_refused_as_such(version) -> None:
    refused(with_header(format=version), "This model file is of another version of Digit Lab")


def test_what_is_told_about_a_network_is_a_table_or_nothing() -> None:
    assert Network.load(with_header(about="text")).about == {}
    assert Network.load(with_header(about={"epoch": 9})).about == {"epoch": 9}


def test_a_small_file_that_unpacks_into_a_large_network_is_refused() -> None:
    wide = RunConfig(hidden_layers=3, units1=1024, units2=1024, units3=1024)
    zeros = {
        layer.name: tuple(np.zeros(s, np.float32) for s in (layer.kernel_shape, layer.output))
        for layer in layers_of(wide)
        if layer.kernel_shape
    }
    with zipfile.ZipFile(io.BytesIO(Network(layers_of(wide), zeros).to_bytes())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert Network.load(packed(parts)).parameters > 2_900_000
    for compression in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        bomb = packed(parts, compression)
        assert len(bomb) < MEGABYTE / 10
        refused(bomb)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_unpacks_into_more_than_it_says_is_not_unpacked(compression) -> None:
    parts = members()
    kernel = parts["dense1.kernel.npy"]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, data in parts.items():
            archive.writestr(name, data + bytes(20 * MEGABYTE) if data is kernel else data)
        archive.getinfo("dense1.kernel.npy").file_size = len(kernel)  # what the directory says
    assert len(stream.getvalue()) < MEGABYTE
    refused(stream.getvalue())


def test_members_that_say_they_are_longer_than_the_file_are_refused(tmp_path) -> None:
    largest = RunConfig(network="cnn", blocks=1, filters1=256, pool1=False, dense=1024)
    header = header_of(members()) | {"layers": specs(layers_of(largest))}
    path = tmp_path / "hollow.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.npy", json_member(header))
        for layer in layers_of(largest):
            for part, shape in (("kernel", layer.kernel_shape), ("bias", layer.kernel_shape[-1:])):
                if shape:
                    said = {"descr": "<f4", "fortran_order": False, "shape": shape}
                    name = f"{layer.name}.{part}.npy"
                    archive.writestr(name, npy_header(str(said)))
                    info = archive.getinfo(name)
                    info.file_size += 4 * int(np.prod(shape))
                    info.compress_size = info.file_size
    refused(path)
    refused(path.read_bytes())
