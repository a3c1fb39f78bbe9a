"""Names for runs, settings, values and epochs, as pages, charts, reports and commands show them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Collection

from digitlab.config import BY_NAME, RunConfig, Value
from digitlab.dataset import MNIST_FINGERPRINT
from digitlab.layers import Kind, Layer
from digitlab.messages import Translator, mark
from digitlab.presets import PRESETS, nearest
from digitlab.store import DataSetInfo, Run, Status

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

_STATUS: dict[Status, str] = {
    Status.QUEUED: mark("queued"),
    Status.RUNNING: mark("running"),
    Status.FINISHED: mark("finished"),
    Status.STOPPED: mark("stopped"),
    Status.DIVERGED: mark("diverged"),
    Status.FAILED: mark("failed"),
    Status.INTERRUPTED: mark("interrupted"),
}

# A network has one flatten layer; dropout counts for nothing of its own. The others are numbered.
_LAYERS: dict[Kind, str] = {
    "conv": mark("Convolution {number}"),
    "pool": mark("Max pooling {number}"),
    "flatten": mark("Flatten"),
    "dense": mark("Dense layer {number}"),
    "dropout": mark("Dropout"),
}

_NAMED = 3  # changes in a run's name; further ones are counted

# How a run's name shows a setting, the most important first. Fields that belong together share a
# line: the units of all layers are one change.
_BRIEF: tuple[tuple[tuple[str, ...], Callable[[RunConfig, Translator], str]], ...] = (
    (("network",), lambda c, t: shown(c.network, t)),
    (("hidden_layers", "units1", "units2", "units3"), lambda c, t: _units(c, t)),
    (
        ("blocks", "filters1", "filters2", "filters3"),
        lambda c, t: t("{filters} filters", filters="+".join(str(f) for f, _, _ in c.conv_blocks)),
    ),
    (
        ("kernel1", "kernel2", "kernel3"),
        lambda c, t: t("kernels {sizes}", sizes="+".join(f"{k}x{k}" for _, k, _ in c.conv_blocks)),
    ),
    (("pool1", "pool2", "pool3"), lambda c, t: _pooling(c, t)),
    (("dense",), lambda c, t: t("{units} dense units", units=c.dense)),
    (("dropout",), lambda c, t: t("dropout {rate}", rate=shown(c.dropout, t))),
    (
        ("conv_dropout",),
        lambda c, t: t("dropout {rate} after convolutions", rate=shown(c.conv_dropout, t)),
    ),
    (("activation",), lambda c, t: shown(c.activation, t)),
    (("optimizer",), lambda c, t: shown(c.optimizer, t)),
    (("learning_rate",), lambda c, t: t("learning rate {rate}", rate=shown(c.learning_rate, t))),
    (("momentum",), lambda c, t: t("momentum {value}", value=shown(c.momentum, t))),
    (("batch_size",), lambda c, t: t("batches of {count}", count=c.batch_size)),
    (
        ("epochs",),
        lambda c, t: t("1 epoch") if c.epochs == 1 else t("{count} epochs", count=c.epochs),
    ),
    (("train_images",), lambda c, t: t("{count} images", count=f"{c.train_images:,}")),
    (("loss",), lambda c, t: shown(c.loss, t)),
    (("validation",), lambda c, t: t("validation on {images}", images=shown(c.validation, t))),
    (
        ("validation_split",),
        lambda c, t: t("{share} for validation", share=f"{c.validation_split:.0%}"),
    ),
    (("patience",), lambda c, t: t("patience {epochs}", epochs=c.patience)),
    (("seed",), lambda c, t: t("seed {number}", number=c.seed)),
)


def run_name(run: Run, t: Translator, varied: Collection[str] = ()) -> str:
    """The name of a run that was given none: its changes from its lesson, then the lesson.

    ``varied`` are the fields that its sweep varies: their values come first, changed or not.
    """
    named = list(_changes(run, t, varied))
    if (rest := len(named) - _NAMED) > 0:
        named[_NAMED:] = [t("+1 change") if rest == 1 else t("+{count} changes", count=rest)]
    return f"{', '.join(named)} · {lesson(run)}" if named else lesson(run)


def lesson(run: Run) -> str:
    """The lesson that a run is, or the one it was made from."""
    return run.preset or nearest(run.config)


def run_changes(run: Run, t: Translator) -> str:
    """All of a run's changes from its lesson, worded as in its name; "" for none."""
    return ", ".join(_changes(run, t, ()))


def _changes(run: Run, t: Translator, varied: Collection[str]) -> tuple[str, ...]:
    # More epochs are no change of their own in a run that continues another's training.
    but = ("epochs",) if run.continued else ()
    return _briefly(run.config, PRESETS[lesson(run)], t, tuple(varied), but)


@functools.lru_cache(4096)  # a list of runs asks for each at every click
def _briefly(
    config: RunConfig, base: RunConfig, t: Translator, varied: tuple[str, ...], but: tuple[str, ...]
) -> tuple[str, ...]:
    """The changes of ``config`` from ``base``, the most important first.

    Those of the fields ``varied`` come before all others; those of ``but`` are left out.
    """
    changed = set(_relevant_changes(config, base)).difference(but)
    named = [
        tell(config, t)
        for wanted in (set(varied), changed)
        for names, tell in _BRIEF
        if not wanted.isdisjoint(names)
    ]
    return tuple(dict.fromkeys(named))


def _relevant_changes(config: RunConfig, base: RunConfig) -> dict[str, Value]:
    changed = config.differences(base).items()
    return {name: value for name, value in changed if BY_NAME[name].applies(config)}


def _units(config: RunConfig, t: Translator) -> str:
    if not config.hidden_layers:
        return t("no hidden layer")
    return t("{units} units", units="+".join(map(str, config.units)))


def _pooling(config: RunConfig, t: Translator) -> str:
    pooled = [str(block) for block, (_, _, pool) in enumerate(config.conv_blocks, 1) if pool]
    if not pooled:
        return t("no pooling")
    return t("pooling in block {blocks}", blocks="+".join(pooled))


def status(status: Status, t: Translator) -> str:
    """A run's status in a word."""
    return t(_STATUS[status])


def duration(seconds: float, t: Translator) -> str:
    """A length of time in seconds, rounded: seconds are shown below ten minutes only."""
    whole = math.ceil(seconds)
    if whole < 60:
        return t("{seconds} s", seconds=whole)
    minutes, rest = divmod(whole, 60)
    if whole < 600 and rest:
        return t("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
    minutes = round(whole / 60)
    if minutes < 60:
        return t("{minutes} min", minutes=minutes)
    hours, minutes = divmod(minutes, 60)
    if minutes:
        return t("{hours} h {minutes} min", hours=hours, minutes=minutes)
    return t("{hours} h", hours=hours)


def layer(of: Layer, t: Translator) -> str:
    """A layer's name: its kind, and its number among those of its kind."""
    if of.kind == "dense" and of.activation == "softmax":
        return t("Output layer")
    return t(_LAYERS[of.kind], number=of.name.removeprefix(of.kind))


def counts(t: Translator, *, runs: int = 0, sweeps: int = 0, drawings: int = 0) -> str:
    """How many runs, sweeps and drawings there are; a count of 0 is left out."""
    kinds = [
        (runs, mark("1 run"), mark("{count} runs")),
        (sweeps, mark("1 sweep"), mark("{count} sweeps")),
        (drawings, mark("1 drawing"), mark("{count} drawings")),
    ]
    named = [t(one if count == 1 else more, count=count) for count, one, more in kinds if count]
    return t.listed(named) or t("nothing")


def epoch(number: int, t: Translator, *, continued: bool = False) -> str:
    """An epoch's number; 0 is the untrained network, or the weights a run was continued from."""
    if number:
        return str(number)
    return t("taken over") if continued else t("untrained")


def data_set(info: DataSetInfo, t: Translator) -> str:
    """The name of a run's images. Any file of one's own is stored under the name "mnist"."""
    if info.name == "sample":
        return t("5,000 MNIST images")
    if info.fingerprint == MNIST_FINGERPRINT:
        return t("full MNIST")
    return t("other images ({id})", id=info.fingerprint[:4])


def tested_after_epoch(run: Run, t: Translator) -> str:
    """Which part of its test set a run is tested on before its end; nothing where that is all."""
    if run.tested_count == run.digits.test:
        return ""
    return t(
        "At the end it is tested on all of them; before that on {part} of them, evenly chosen, so "
        "that training goes on sooner.",
        part=f"{run.tested_count:,}",
    )


def percentage(share: float) -> str:
    """A probability, 0 to 1, in percent with one decimal; never rounded to 0% or 100%."""
    if share < 0.0005:
        return "< 0.1%"
    return f"{share:.1%}" if share < 0.9995 else "> 99.9%"


def fixed(value: float, decimals: int) -> str:
    """A number with so many decimals, and a real minus in place of Python's hyphen."""
    return f"{value:.{decimals}f}".replace("-", "−")


def setting(name: str, value: Value, t: Translator) -> str:
    """The value of the field ``name`` as a person reads it: a kernel of 5 is "5x5"."""
    return t(CHOICES[value]) if BY_NAME[name].choices else shown(value, t)


def shown(value: Value, t: Translator) -> str:
    """A value as a person reads it, whatever it is the value of."""
    if isinstance(value, bool):
        return t("on") if value else t("off")
    if isinstance(value, str):
        return t(CHOICES[value])
    return str(value) if isinstance(value, int) else f"{value:g}"  # a seed is not rounded


@functools.lru_cache(4096)  # a list of runs asks for each at every click
def changes(config: RunConfig, base: RunConfig, t: Translator) -> str:
    """The relevant changes of ``config`` from ``base``, as "label = value"; "" for none."""
    return t.listed(
        f"{t(BY_NAME[name].label)} = {setting(name, value, t)}"
        for name, value in _relevant_changes(config, base).items()
    )
