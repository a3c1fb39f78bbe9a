"""One run's settings: a frozen RunConfig, and the table of what each field may be.

The table drives the widgets, the URL, the command line, JSON files and the validation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from digitlab.messages import LabError, Message, mark, message

Value = bool | int | float | str
Group = Literal["network", "training", "data"]

IMAGE_SIZE = 28
DIGITS = 10
ALL_IMAGES = 60_000
KERNEL_SIZES = (3, 5, 7)


class ConfigError(LabError):
    """A setting that is refused; the sentence names the field and what it may be."""


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides a training run. The defaults are the lesson ``mlp-128``.

    Layers that ``hidden_layers`` or ``blocks`` leave out keep their values, so that a slider
    moved down and up again finds them; ``relevant`` lists the fields that matter.

    Raises:
        ConfigError: a field is of another type, out of its bounds, or does not fit the others.
    """

    network: str = "mlp"
    hidden_layers: int = 1
    units1: int = 128
    units2: int = 128
    units3: int = 128
    blocks: int = 1
    filters1: int = 32
    kernel1: int = 3
    pool1: bool = True
    filters2: int = 64
    kernel2: int = 3
    pool2: bool = True
    filters3: int = 64
    kernel3: int = 3
    pool3: bool = False
    conv_dropout: float = 0.0
    dense: int = 128
    dropout: float = 0.2
    activation: str = "relu"
    loss: str = "sparse_categorical_crossentropy"
    optimizer: str = "adam"
    learning_rate: float = 0.001
    momentum: float = 0.0
    batch_size: int = 128
    epochs: int = 10
    train_images: int = ALL_IMAGES
    validation: str = "split"
    validation_split: float = 0.2
    patience: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        values = vars(self)  # a frozen dataclass refuses plain assignments
        for spec in FIELDS:
            values[spec.name] = spec.check(values[spec.name])
        _check_together(self)

    @property
    def units(self) -> tuple[int, ...]:
        """Units of each hidden layer of an MLP."""
        return (self.units1, self.units2, self.units3)[: self.hidden_layers]

    @property
    def conv_blocks(self) -> tuple[tuple[int, int, bool], ...]:
        """(filters, kernel size, pooled) of each convolution block."""
        blocks = (
            (self.filters1, self.kernel1, self.pool1),
            (self.filters2, self.kernel2, self.pool2),
            (self.filters3, self.kernel3, self.pool3),
        )
        return blocks[: self.blocks]

    @property
    def one_hot(self) -> bool:
        """Whether the loss compares with one-hot vectors rather than class numbers."""
        return self.loss != "sparse_categorical_crossentropy"

    def relevant(self) -> dict[str, Value]:
        """The fields that have an effect in this configuration."""
        return {f.name: getattr(self, f.name) for f in FIELDS if f.applies(self)}

    def differences(self, base: RunConfig) -> dict[str, Value]:
        """The fields, all of them, whose values are not those of ``base``."""
        pairs = ((f.name, getattr(self, f.name), getattr(base, f.name)) for f in FIELDS)
        return {name: ours for name, ours, theirs in pairs if ours != theirs}

    def to_json(self) -> dict[str, Value]:
        """All fields as JSON values."""
        return {f.name: getattr(self, f.name) for f in FIELDS}


def _always(config: RunConfig) -> bool:
    return True


@dataclass(frozen=True)
class Field:
    """The name, label, bounds and choices of one field of RunConfig.

    ``applies`` says whether the field has an effect in a configuration.
    """

    name: str
    label: str
    help: str
    group: Group
    kind: type
    low: float = 0
    high: float = 0
    choices: tuple[Value, ...] = ()
    applies: Callable[[RunConfig], bool] = _always

    def check(self, value: Any) -> Value:
        """``value`` as this field's own type.

        Raises:
            ConfigError: it is of another type, not finite, out of bounds, or not a choice.
        """
        typed = self._typed(value)
        if typed is None or not self._allowed(typed):
            raise ConfigError(
                self._refusal(value, self.name), on_page=self._refusal(value, message(self.label))
            )
        return typed

    def parse(self, text: str) -> Value:
        """A value typed by a person, as ``check`` takes it."""
        return self.check(self._read(text))

    def nearest(self, text: str) -> Value | None:
        """The allowed number nearest to a typed value; None where there is no such number."""
        value = self._read(text)
        if isinstance(value, bool | str) or self.choices:
            return None
        bounded = min(max(value, self.low), self.high)
        if math.isnan(bounded):
            return None
        return round(bounded) if self.kind is int else float(bounded)

    def _read(self, text: str) -> Value:
        text = text.strip()
        if self.kind is bool:
            return {"1": True, "true": True, "0": False, "false": False}.get(text.lower(), text)
        if self.kind is str:
            return text
        try:
            return int(text) if self.kind is int else float(text)
        except ValueError:
            pass
        try:
            return float(text)
        except ValueError:
            return text

    def _typed(self, value: Any) -> Value | None:
        known: Value = value
        if type(value) is self.kind:
            return known
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            # An integer can be too large for a float; such a one is out of bounds anyway.
            return float(min(max(value, -(10**9)), 10**9))
        if self.kind is int and isinstance(value, float) and value.is_integer():
            return int(value)
        return None

    def _allowed(self, value: Value) -> bool:
        if self.choices:
            return value in self.choices
        return isinstance(value, bool) or self.low <= value <= self.high  # type: ignore[operator]

    def _refusal(self, value: Any, field: str | Message) -> Message:
        """Why ``value`` is refused; ``field`` is the field's name or its label on a page."""
        # Python refuses to write the longest integers in decimal.
        shown = (hex(value) if type(value) is int and abs(value) > 2**64 else str(value))[:40]
        if self.kind is bool:
            return message("{field} must be true or false, not {value}.", field=field, value=shown)
        if self.choices:
            choices = ", ".join(str(choice) for choice in self.choices)
            return message(
                "{field} must be one of {choices}, not {value}.",
                field=field,
                choices=choices,
                value=shown,
            )
        kind = message("a whole number") if self.kind is int else message("a number")
        return message(
            "{field} must be {kind} from {low} to {high}, not {value}.",
            field=field,
            kind=kind,
            low=f"{self.low:g}",
            high=f"{self.high:.10g}",
            value=shown,
        )


def _mlp(layer: int) -> Callable[[RunConfig], bool]:
    return lambda config: config.network == "mlp" and config.hidden_layers >= layer


def _cnn(block: int) -> Callable[[RunConfig], bool]:
    return lambda config: config.network == "cnn" and config.blocks >= block


def _units(layer: int) -> Field:
    return Field(
        f"units{layer}",
        (mark("Units in layer 1"), mark("Units in layer 2"), mark("Units in layer 3"))[layer - 1],
        mark("How many units this hidden layer has. More can learn more, and overfit more."),
        "network",
        int,
        1,
        1024,
        applies=_mlp(layer),
    )


def _block(block: int) -> tuple[Field, Field, Field]:
    which = block - 1
    return (
        Field(
            f"filters{block}",
            (mark("Filters in block 1"), mark("Filters in block 2"), mark("Filters in block 3"))[
                which
            ],
            mark("How many patterns this convolution looks for; each gives one feature map."),
            "network",
            int,
            1,
            256,
            applies=_cnn(block),
        ),
        Field(
            f"kernel{block}",
            (mark("Kernel in block 1"), mark("Kernel in block 2"), mark("Kernel in block 3"))[
                which
            ],
            mark("Side of the window that slides over the picture, in pixels."),
            "network",
            int,
            choices=KERNEL_SIZES,
            applies=_cnn(block),
        ),
        Field(
            f"pool{block}",
            (
                mark("Max pooling in block 1"),
                mark("Max pooling in block 2"),
                mark("Max pooling in block 3"),
            )[which],
            mark(
                "Keep the largest of every 2x2 values: smaller maps, and small shifts matter less."
            ),
            "network",
            bool,
            applies=_cnn(block),
        ),
    )


FIELDS: tuple[Field, ...] = (
    Field(
        "network",
        mark("Network"),
        mark("MLP: every pixel to every unit. CNN: small filters slide over the picture."),
        "network",
        str,
        choices=("mlp", "cnn"),
    ),
    Field(
        "hidden_layers",
        mark("Hidden layers"),
        mark("Layers between the pixels and the ten outputs. 0 leaves a linear classifier."),
        "network",
        int,
        0,
        3,
        applies=_mlp(0),
    ),
    _units(1),
    _units(2),
    _units(3),
    Field(
        "blocks",
        mark("Convolution blocks"),
        mark("Each block is one convolution and, if you like, one max pooling."),
        "network",
        int,
        1,
        3,
        applies=_cnn(0),
    ),
    *_block(1),
    *_block(2),
    *_block(3),
    Field(
        "conv_dropout",
        mark("Dropout after the convolutions"),
        mark("Share of the values switched off at random while training, against overfitting."),
        "network",
        float,
        0,
        0.9,
        applies=_cnn(0),
    ),
    Field(
        "dense",
        mark("Units in the dense layer"),
        mark("The hidden layer between the feature maps and the ten outputs."),
        "network",
        int,
        1,
        1024,
        applies=_cnn(0),
    ),
    Field(
        "dropout",
        mark("Dropout after dense layers"),
        mark("Share of the units switched off at random while training, against overfitting."),
        "network",
        float,
        0,
        0.9,
        applies=lambda c: c.network == "cnn" or c.hidden_layers > 0,
    ),
    Field(
        "activation",
        mark("Activation"),
        mark("The curve that each hidden unit's sum goes through."),
        "network",
        str,
        choices=("relu", "sigmoid", "tanh"),
        applies=lambda c: c.network == "cnn" or c.hidden_layers > 0,
    ),
    Field(
        "loss",
        mark("Loss function"),
        mark(
            "What training minimises. The two cross-entropies give the same numbers; "
            "one takes class numbers, the other one-hot vectors."
        ),
        "training",
        str,
        choices=(
            "sparse_categorical_crossentropy",
            "categorical_crossentropy",
            "mean_squared_error",
        ),
    ),
    Field(
        "optimizer",
        mark("Optimizer"),
        mark("The rule that turns gradients into steps."),
        "training",
        str,
        choices=("adam", "sgd", "rmsprop", "adadelta"),
    ),
    Field(
        "learning_rate",
        mark("Learning rate"),
        mark(
            "How large a step is. Too small: nothing is learned. Too large: the loss jumps or diverges."
        ),
        "training",
        float,
        1e-5,
        2,
    ),
    Field(
        "momentum",
        mark("Momentum"),
        mark("How much of the last step SGD keeps in the next one."),
        "training",
        float,
        0,
        0.99,
        applies=lambda c: c.optimizer == "sgd",
    ),
    Field(
        "batch_size",
        mark("Batch size"),
        mark(
            "Images looked at before each step. Small batches: more and noisier steps, and a slower epoch."
        ),
        "training",
        int,
        1,
        1024,
    ),
    Field(
        "epochs",
        mark("Epochs"),
        mark("How many times the network sees all training images."),
        "training",
        int,
        1,
        100,
    ),
    Field(
        "train_images",
        mark("Training images"),
        mark(
            "How many training images are used, from the first, validation images included. "
            "More than the data set has means all of them."
        ),
        "data",
        int,
        10,
        ALL_IMAGES,
    ),
    Field(
        "validation",
        mark("Validation on"),
        mark(
            "Which images show, after each epoch, how the network does on what it was not trained on."
        ),
        "data",
        str,
        choices=("none", "split", "test"),
    ),
    Field(
        "validation_split",
        mark("Share for validation"),
        mark("This share of the training images, the last ones, is kept for validation."),
        "data",
        float,
        0.05,
        0.5,
        applies=lambda c: c.validation == "split",
    ),
    Field(
        "patience",
        mark("Early stopping patience"),
        mark(
            "End when the validation loss has not improved for this many epochs. 0: never end early."
        ),
        "training",
        int,
        0,
        20,
        applies=lambda c: c.validation != "none",
    ),
    Field(
        "seed",
        mark("Random seed"),
        mark(
            "Same seed, machine and settings, in the same number format with as many threads: same run."
        ),
        "training",
        int,
        0,
        2**31 - 1,
    ),
)

BY_NAME: Mapping[str, Field] = {spec.name: spec for spec in FIELDS}


def _check_together(config: RunConfig) -> None:
    """Refuse fields that are each allowed but do not fit each other."""
    if config.network == "cnn":
        side = IMAGE_SIZE
        for number, (_, kernel, pooled) in enumerate(config.conv_blocks, start=1):
            if side < kernel:
                raise ConfigError(
                    message(
                        "Convolution {number} has a {kernel}x{kernel} kernel, but only {side}x{side} "
                        "values reach it. Use a smaller kernel, less pooling or fewer blocks.",
                        number=number,
                        kernel=kernel,
                        side=side,
                    )
                )
            side -= kernel - 1
            if pooled and side < 2:
                raise ConfigError(
                    message(
                        "The pooling of block {number} needs at least 2x2 values, but only "
                        "{side}x{side} reach it. Switch it off or use a smaller kernel.",
                        number=number,
                        side=side,
                    )
                )
            side //= 2 if pooled else 1


def from_json(data: Mapping[str, Any]) -> RunConfig:
    """The configuration in a JSON object; fields left out keep their defaults.

    Raises:
        ConfigError: a field is unknown or its value is refused.
    """
    unknown = sorted(set(data) - set(BY_NAME))
    if unknown:
        raise ConfigError(_unknown(unknown[0]))
    return RunConfig(**data)


def apply_settings(base: RunConfig, settings: Mapping[str, str]) -> RunConfig:
    """``base`` with fields replaced by typed text (``FIELD=VALUE`` on the command line).

    Raises:
        ConfigError: a field is unknown, or a value is refused with the field's range.
    """
    changes: dict[str, Value] = {}
    for name, text in settings.items():
        if name not in BY_NAME:
            raise ConfigError(_unknown(name))
        changes[name] = BY_NAME[name].parse(text)
    return RunConfig(**(base.to_json() | changes))  # type: ignore[arg-type]


def from_query(query: Mapping[str, str], base: RunConfig) -> tuple[RunConfig, tuple[Message, ...]]:
    """The configuration that a URL asks for, and what had to be changed to allow it.

    Fields that the URL does not name come from ``base``. A number out of range is brought to the
    nearest bound; what is no number and no choice is left out; fields that do not fit each other
    leave ``base`` as it is.
    """
    notes: list[Message] = []
    changes: dict[str, Value] = {}
    for name, text in query.items():
        spec = BY_NAME.get(name)
        if spec is None:
            continue
        try:
            changes[name] = spec.parse(text)
        except ConfigError as error:
            bounded = spec.nearest(text)
            notes.append(error.on_page)
            if bounded is not None:
                changes[name] = bounded
                notes[-1] = message(
                    "The link asked for {field} = {value}; {used} is the nearest that is allowed.",
                    field=message(spec.label),
                    value=text[:40],
                    used=bounded,
                )
    try:
        return RunConfig(**(base.to_json() | changes)), tuple(notes)  # type: ignore[arg-type]
    except ConfigError as error:
        return base, (*notes, error.message)


def _unknown(name: str) -> Message:
    return message("There is no setting called {field}.", field=name[:40])
