"""The lessons' models, by name, exactly as their authors describe them."""

from __future__ import annotations

import functools
import operator
from dataclasses import replace

from digitlab.config import RunConfig

_CNN_KERAS = RunConfig(
    network="cnn",
    blocks=2,
    pool1=False,
    conv_dropout=0.25,
    dropout=0.5,
    loss="categorical_crossentropy",
    optimizer="adadelta",
    learning_rate=1.0,
    epochs=12,
    validation="test",
)
_ONE_HOT = RunConfig(dropout=0.0, loss="categorical_crossentropy", validation_split=0.1)
_CNN_FILTERS = replace(_ONE_HOT, network="cnn", kernel1=5, dense=20)
_MLP_512 = replace(
    _ONE_HOT, hidden_layers=2, units1=512, units2=512, optimizer="rmsprop", epochs=20, patience=2
)

PRESETS: dict[str, RunConfig] = {
    "mlp-128": RunConfig(),
    "mlp-64": RunConfig(units1=64, batch_size=16, epochs=5),
    "cnn-tutorial": RunConfig(
        network="cnn",
        blocks=2,
        pool1=False,
        pool2=False,
        dropout=0.0,
        batch_size=32,
        epochs=3,
        validation="none",
    ),
    "cnn-keras": _CNN_KERAS,
    "cnn-keras-slow": replace(_CNN_KERAS, learning_rate=0.001),
    "cnn-filters": _CNN_FILTERS,
    "cnn-600": replace(_CNN_FILTERS, dense=128, train_images=600, epochs=50),
    "mlp-600": replace(_ONE_HOT, train_images=600, epochs=50),
    "mlp-512": _MLP_512,
    "mlp-512-dropout": replace(_MLP_512, dropout=0.3),
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
