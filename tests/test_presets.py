import dataclasses

import pytest

from digitlab.config import RunConfig, from_query
from digitlab.layers import layers_of, parameter_count
from digitlab.presets import DEFAULT_PRESET, PRESETS, matching

COUNTS = {
    "mlp-128": 101_770,
    "cnn-tutorial": 4_738_826,
    "cnn-keras": 1_199_882,
    "cnn-filters": 93_222,
    "mlp-512": 669_706,
}


def test_every_lesson_is_there() -> None:
    assert set(PRESETS) == {
        "mlp-128",
        "mlp-64",
        "cnn-tutorial",
        "cnn-keras",
        "cnn-keras-slow",
        "cnn-filters",
        "cnn-600",
        "mlp-600",
        "mlp-512",
        "mlp-512-dropout",
    }
    assert PRESETS[DEFAULT_PRESET] == RunConfig()


@pytest.mark.parametrize("name", COUNTS)
def test_a_lesson_has_its_authors_parameters(name) -> None:
    assert parameter_count(layers_of(PRESETS[name])) == COUNTS[name]


@pytest.mark.parametrize(
    ("name", "optimizer", "rate", "batch", "epochs", "validation", "split"),
    [
        ("mlp-128", "adam", 0.001, 128, 10, "split", 0.2),
        ("mlp-64", "adam", 0.001, 16, 5, "split", 0.2),
        ("cnn-tutorial", "adam", 0.001, 32, 3, "none", None),
        ("cnn-keras", "adadelta", 1.0, 128, 12, "test", None),
        ("cnn-keras-slow", "adadelta", 0.001, 128, 12, "test", None),
        ("cnn-filters", "adam", 0.001, 128, 10, "split", 0.1),
        ("cnn-600", "adam", 0.001, 128, 50, "split", 0.1),
        ("mlp-600", "adam", 0.001, 128, 50, "split", 0.1),
        ("mlp-512", "rmsprop", 0.001, 128, 20, "split", 0.1),
        ("mlp-512-dropout", "rmsprop", 0.001, 128, 20, "split", 0.1),
    ],
)
def test_a_lesson_trains_as_its_author_says(
    name, optimizer, rate, batch, epochs, validation, split
) -> None:
    config = PRESETS[name]
    assert (config.optimizer, config.learning_rate) == (optimizer, rate)
    assert (config.batch_size, config.epochs) == (batch, epochs)
    assert (config.validation, config.relevant().get("validation_split")) == (validation, split)
    assert config.train_images == (600 if name.endswith("-600") else 60_000)
    assert config.relevant().get("patience", 0) == (2 if name.startswith("mlp-512") else 0)


def test_dropouts_are_the_lessons() -> None:
    rates = {
        name: [layer.rate for layer in layers_of(config) if layer.kind == "dropout"]
        for name, config in PRESETS.items()
    }
    assert {name: found for name, found in rates.items() if found} == {
        "mlp-128": [0.2],
        "mlp-64": [0.2],
        "cnn-keras": [0.25, 0.5],
        "cnn-keras-slow": [0.25, 0.5],
        "mlp-512-dropout": [0.3, 0.3],
    }


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_recognised_from_its_settings(name) -> None:
    assert matching(PRESETS[name]) == name
    query = {field: str(value) for field, value in PRESETS[name].to_json().items()}
    assert from_query(query, RunConfig()) == (PRESETS[name], ())


def test_a_field_without_effect_does_not_hide_the_lesson_and_another_does() -> None:
    assert matching(dataclasses.replace(RunConfig(), units3=7, momentum=0.5)) == "mlp-128"
    assert matching(dataclasses.replace(RunConfig(), seed=2)) is None
