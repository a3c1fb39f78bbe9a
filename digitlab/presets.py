"""The lessons' models, by name, exactly as their authors describe them."""

from __future__ import annotations

import dataclasses
import functools
import operator

from digitlab.config import RunConfig

_MLP_128 = RunConfig()
_CNN_KERAS = RunConfig(
    network="cnn",
    blocks=2,
    filters1=32,
    pool1=False,
    filters2=64,
    pool2=True,
    conv_dropout=0.25,
    dense=128,
    dropout=0.5,
    loss="categorical_crossentropy",
    optimizer="adadelta",
    learning_rate=1.0,
    batch_size=128,
    epochs=12,
    validation="test",
)
_CNN_FILTERS = RunConfig(
    network="cnn",
    blocks=1,
    filters1=32,
    kernel1=5,
    pool1=True,
    dense=20,
    dropout=0.0,
    loss="categorical_crossentropy",
    epochs=10,
    validation_split=0.1,
)
_MLP_512 = RunConfig(
    hidden_layers=2,
    units1=512,
    units2=512,
    dropout=0.0,
    loss="categorical_crossentropy",
    optimizer="rmsprop",
    epochs=20,
    validation_split=0.1,
    patience=2,
)

PRESETS: dict[str, RunConfig] = {
    "mlp-128": _MLP_128,
    "mlp-64": dataclasses.replace(_MLP_128, units1=64, batch_size=16, epochs=5),
    "cnn-tutorial": RunConfig(
        network="cnn",
        blocks=2,
        filters1=32,
        pool1=False,
        filters2=64,
        pool2=False,
        dense=128,
        dropout=0.0,
        batch_size=32,
        epochs=3,
        validation="none",
    ),
    "cnn-keras": _CNN_KERAS,
    "cnn-keras-slow": dataclasses.replace(_CNN_KERAS, learning_rate=0.001),
    "cnn-filters": _CNN_FILTERS,
    "cnn-600": dataclasses.replace(_CNN_FILTERS, dense=128, train_images=600, epochs=50),
    "mlp-600": dataclasses.replace(
        _MLP_128,
        dropout=0.0,
        train_images=600,
        epochs=50,
        validation_split=0.1,
        loss="categorical_crossentropy",
    ),
    "mlp-512": _MLP_512,
    "mlp-512-dropout": dataclasses.replace(_MLP_512, dropout=0.3),
}

DEFAULT_PRESET = "mlp-128"
_VALUES = {name: tuple(preset.to_json().values()) for name, preset in PRESETS.items()}


@functools.lru_cache(4096)  # a list of runs asks for each at every click
def nearest(config: RunConfig) -> str:
    """The name of the lesson from which ``config`` differs in the fewest fields."""
    values = config.to_json().values()
    return min(PRESETS, key=lambda name: sum(map(operator.ne, values, _VALUES[name])))


def matching(config: RunConfig) -> str | None:
    """The name of the lesson that trains exactly as ``config`` does, if there is one."""
    wanted = config.relevant()
    return next((name for name, preset in PRESETS.items() if preset.relevant() == wanted), None)
