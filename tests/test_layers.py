import dataclasses
import math
import random

import pytest

from digitlab.config import FIELDS, ConfigError, RunConfig
from digitlab.layers import EVALUATION_CHUNK, Layer, layers_of, parameter_count, training_bytes
from digitlab.presets import PRESETS


def any_config(rng: random.Random) -> RunConfig:
    """A configuration that fits, drawn from the whole table but for very wide layers."""
    while True:
        values = {}
        for spec in FIELDS:
            if spec.choices:
                values[spec.name] = rng.choice(spec.choices)
            elif spec.kind is bool:
                values[spec.name] = rng.random() < 0.5
            elif spec.kind is int:
                values[spec.name] = rng.randint(int(spec.low), int(min(spec.high, 40)))
            else:
                values[spec.name] = rng.choice((spec.low, rng.uniform(spec.low, spec.high)))
        try:
            return RunConfig(**values)
        except ConfigError:
            continue


RANDOM = {f"random-{seed}": any_config(random.Random(seed)) for seed in range(16)}


def test_the_random_configurations_have_all_kinds() -> None:
    built = [(config.network, config.hidden_layers, config.blocks) for config in RANDOM.values()]
    assert {hidden for network, hidden, _ in built if network == "mlp"} == {0, 1, 2, 3}
    assert {blocks for network, _, blocks in built if network == "cnn"} == {1, 2, 3}


@pytest.mark.parametrize("name", [*PRESETS, *RANDOM])
def test_shapes_and_parameters_are_those_of_keras(name) -> None:
    pytest.importorskip("keras")
    from digitlab.training.keras_model import build

    layers = layers_of((PRESETS | RANDOM)[name])
    model = build(layers)
    assert [layer.name for layer in model.layers] == [layer.name for layer in layers]
    assert [layer.output.shape[1:] for layer in model.layers] == [layer.output for layer in layers]
    assert [layer.count_params() for layer in model.layers] == [lay.parameters for lay in layers]
    assert parameter_count(layers) == model.count_params()
    for layer in layers:
        if layer.kernel_shape:
            assert model.get_layer(layer.name).kernel.shape == layer.kernel_shape


def test_each_layer_takes_what_the_one_before_gives() -> None:
    for config in (*PRESETS.values(), *RANDOM.values()):
        layers = layers_of(config)
        assert layers[0].input == (28, 28, 1)
        assert [layer.input for layer in layers[1:]] == [layer.output for layer in layers[:-1]]
        assert (layers[-1].output, layers[-1].activation) == ((10,), "softmax")


def test_no_hidden_layer_is_a_linear_classifier() -> None:
    layers = layers_of(RunConfig(hidden_layers=0, dropout=0.5))
    assert [layer.kind for layer in layers] == ["flatten", "dense"]
    assert parameter_count(layers) == 7_850


def test_a_dropout_of_zero_is_no_layer() -> None:
    config = RunConfig(hidden_layers=3, dropout=0.0)
    assert "dropout" not in [layer.kind for layer in layers_of(config)]
    three = layers_of(dataclasses.replace(config, dropout=0.1))
    assert [layer.rate for layer in three if layer.kind == "dropout"] == [0.1] * 3


def test_the_activation_is_that_of_every_hidden_layer() -> None:
    layers = layers_of(RunConfig(network="cnn", blocks=2, activation="tanh"))
    weighted = [layer.activation for layer in layers if layer.kernel_shape]
    assert weighted == ["tanh", "tanh", "tanh", "softmax"]


def test_multiplications_are_counted_by_hand() -> None:
    conv, pool, _, dense, last = layers_of(PRESETS["cnn-filters"])
    assert conv.multiplications == 24 * 24 * 32 * 5 * 5
    assert conv.windows == 24 * 24 * 5 * 5
    assert (dense.multiplications, last.multiplications) == (12 * 12 * 32 * 20, 200)
    assert (pool.multiplications, pool.windows, pool.parameters) == (0, 0, 0)


def test_an_odd_side_loses_its_last_row_in_a_pooling() -> None:
    layers = layers_of(RunConfig(network="cnn", blocks=2, kernel2=3, pool2=True))
    assert layers[3] == Layer("pool", "pool2", (11, 11, 64), (5, 5, 64), kernel=2)


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop", "adadelta"])
def test_the_estimate_has_room_for_what_the_optimizer_keeps(optimizer) -> None:
    pytest.importorskip("keras")
    from digitlab.training.keras_model import build, compile_model

    config = RunConfig(hidden_layers=0, optimizer=optimizer, momentum=0.5, batch_size=1)
    model = build(layers_of(config))
    compile_model(model, config)
    model.optimizer.build(model.trainable_variables)
    kept = sum(math.prod(variable.shape) for variable in model.optimizer.variables)
    layers = layers_of(config)
    pictures = EVALUATION_CHUNK * sum(2 * math.prod(layer.output) for layer in layers)
    others = 3 * parameter_count(layers) + pictures
    assert training_bytes(config) >= 4 * (kept - 2 + others)  # two of Keras's are scalars


def test_a_larger_batch_and_a_larger_network_need_more() -> None:
    config = RunConfig(network="cnn", blocks=2, pool1=False, batch_size=512)
    needed = training_bytes(config)
    assert training_bytes(dataclasses.replace(config, batch_size=1024)) > 1.9 * needed
    assert training_bytes(dataclasses.replace(config, filters2=128)) > needed
    assert training_bytes(dataclasses.replace(config, filters1=256, filters2=256)) > 4 * needed


def test_the_evaluation_needs_memory_whatever_the_batch() -> None:
    config = PRESETS["cnn-tutorial"]
    assert training_bytes(config) == training_bytes(dataclasses.replace(config, batch_size=1))
