import numpy as np
import pytest

from digitlab.config import RunConfig
from digitlab.layers import layers_of
from digitlab.presets import PRESETS

keras = pytest.importorskip("keras")

from digitlab.training.keras_model import build, compile_model, network_of, untrained  # noqa: E402

SMALL = RunConfig(
    network="cnn",
    blocks=2,
    filters1=3,
    filters2=4,
    kernel2=5,
    dense=6,
    conv_dropout=0.25,
    dropout=0.5,
    activation="tanh",
)


def test_layers_are_kerass_own_with_our_settings() -> None:
    model = build(layers_of(SMALL))
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == [
        "Conv2D",
        "MaxPooling2D",
        "Conv2D",
        "MaxPooling2D",
        "Dropout",
        "Flatten",
        "Dense",
        "Dropout",
        "Dense",
    ]
    assert [layer.rate for layer in model.layers if "drop" in layer.name] == [0.25, 0.5]
    activations = [layer.activation.__name__ for layer in model.layers if layer.count_params()]
    assert activations == ["tanh", "tanh", "tanh", "softmax"]
    assert model.get_layer("conv2").kernel_size == (5, 5)
    assert model.input_shape == (None, 28, 28, 1)


def test_bfloat16_is_in_the_hidden_layers_and_in_no_weight() -> None:
    model = build(layers_of(SMALL), "mixed_bfloat16")
    assert {layer.compute_dtype for layer in model.layers[:-1]} == {"bfloat16"}
    assert model.layers[-1].compute_dtype == "float32"
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert model(np.zeros((1, 28, 28, 1), np.float32)).dtype == "float32"
    assert {layer.compute_dtype for layer in build(layers_of(SMALL)).layers} == {"float32"}


@pytest.mark.parametrize(
    ("config", "kind", "settings"),
    [
        (RunConfig(), "Adam", {}),
        (PRESETS["cnn-keras"], "Adadelta", {"learning_rate": 1.0}),
        (PRESETS["mlp-512"], "RMSprop", {}),
        (RunConfig(optimizer="sgd", learning_rate=0.5, momentum=0.9), "SGD", {"momentum": 0.9}),
        (RunConfig(optimizer="adam", momentum=0.9), "Adam", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_optimizer_is_the_configured_one_and_else_as_keras_has_it(
    config, kind, settings
) -> None:
    model = build(layers_of(RunConfig(hidden_layers=0)))
    compile_model(model, config)
    expected = getattr(keras.optimizers, kind)(
        **{"learning_rate": config.learning_rate} | settings
    ).get_config()
    found = model.optimizer.get_config()
    assert type(model.optimizer).__name__ == kind
    assert found.pop("learning_rate") == pytest.approx(expected.pop("learning_rate"))
    assert found == expected | {"name": found["name"]}
    assert model.loss == config.loss
    assert not model.jit_compile


def test_a_seed_gives_the_same_weights_again_and_another_seed_others() -> None:
    first, again = untrained(SMALL).get_weights(), untrained(SMALL).get_weights()
    other = untrained(RunConfig(**SMALL.to_json() | {"seed": 2})).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_the_network_of_a_model_has_copies_of_its_weights() -> None:
    model = untrained(SMALL)
    network = network_of(model, layers_of(SMALL), {"epoch": 0})
    kernel = network.weights["conv1"][0].copy()
    model.set_weights([weight + 1 for weight in model.get_weights()])
    np.testing.assert_array_equal(network.weights["conv1"][0], kernel)
    assert {array.dtype for pair in network.weights.values() for array in pair} == {
        np.dtype("float32")
    }
    assert set(network.weights) == {"conv1", "conv2", "dense1", "dense2"}
