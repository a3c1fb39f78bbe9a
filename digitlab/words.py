"""Settings in words: what a value or an epoch is called, and what a configuration has changed."""

from __future__ import annotations

import functools

from digitlab.config import BY_NAME, RunConfig, Value
from digitlab.messages import Translator, mark

# What the choices of a field are called.
CHOICES: dict[Value, str] = {
    "mlp": mark("MLP"),
    "cnn": mark("CNN"),
    "relu": "ReLU",
    "sigmoid": mark("sigmoid"),
    "tanh": "tanh",
    "sparse_categorical_crossentropy": mark("cross-entropy (class numbers)"),
    "categorical_crossentropy": mark("cross-entropy (one-hot)"),
    "mean_squared_error": mark("mean squared error"),
    "adam": "Adam",
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "adadelta": "Adadelta",
    "none": mark("nothing"),
    "split": mark("the last training images"),
    "test": mark("the test set"),
    3: "3x3",
    5: "5x5",
    7: "7x7",
}


def epoch(number: int, t: Translator, *, went_on: bool = False) -> str:
    """An epoch by its number; 0 is the untrained network, or what a run went on from."""
    if number:
        return str(number)
    return t("taken over") if went_on else t("untrained")


_DATA_SETS = {"mnist": mark("full MNIST"), "sample": mark("5,000 MNIST images")}


def data_set(name: str, t: Translator) -> str:
    """What a set of images is called; one that came from elsewhere by the name it has."""
    return t(_DATA_SETS[name]) if name in _DATA_SETS else name


def shown(value: Value, t: Translator) -> str:
    """A setting's value as a person reads it."""
    if isinstance(value, bool):
        return t("on") if value else t("off")
    if isinstance(value, str):
        return t(CHOICES[value])
    return str(value) if isinstance(value, int) else f"{value:g}"  # a seed is not rounded


@functools.lru_cache(4096)  # a list of runs asks for each at every click
def changes(config: RunConfig, base: RunConfig, t: Translator) -> str:
    """What ``config`` has changed of ``base``, as far as it matters; "" for nothing."""
    changed = {
        name: value for name, value in config.differences(base).items()
        if BY_NAME[name].applies(config)
    }  # fmt: skip
    return ", ".join(f"{t(BY_NAME[name].label)} = {shown(v, t)}" for name, v in changed.items())
