"""One run's settings: a frozen RunConfig, in which each field is declared with what it may be.

The declarations drive the widgets, the URL, the command line, JSON files and the validation.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from digitlab.messages import LabError, Message, mark, message

Value = bool | int | float | str
Group = Literal["network", "training", "data"]
V = TypeVar("V", bool, int, float, str)

IMAGE_SIZE = 28
DIGITS = 10
ALL_IMAGES = 60_000
KERNEL_SIZES = (3, 5, 7)


class ConfigError(LabError):
    """A setting that is refused; the sentence names the field and what it may be."""


@dataclass(frozen=True)
class Field:
    """The name, label, bounds and choices of one field of RunConfig.

    ``applies`` says whether the field has an effect in a configuration, ``sweep`` is what the Sweep
    page proposes for a number.
    """

    name: str
    kind: type
    group: Group
    label: str
    help: str
    low: float
    high: float
    choices: tuple[Value, ...]
    applies: Callable[[RunConfig], bool]
    sweep: str

    def check(self, value: Any) -> Value:
        """``value`` as this field's own type.

        Raises:
            ConfigError: it is of another type, not finite, out of bounds, or not a choice.
        """
        typed = self._typed(value)
        if self.choices:
            allowed = typed in self.choices
        elif isinstance(typed, bool | None):
            allowed = typed is not None
        else:
            allowed = self.low <= typed <= self.high
        if not allowed:
            label = message(self.label)
            raise ConfigError(self._refusal(value, self.name), on_page=self._refusal(value, label))
        return typed  # type: ignore[no-any-return]

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
        readers: tuple[Callable[[str], Value], ...] = (self.kind, float)
        for reader in readers:
            with contextlib.suppress(ValueError):
                return reader(text)
        return text

    def _typed(self, value: Any) -> Any:
        """``value`` as this field's own type, or None."""
        if type(value) is self.kind:
            return value
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            # An integer can be too large for a float; such a one is out of bounds anyway.
            return float(min(max(value, -(10**9)), 10**9))
        if self.kind is int and isinstance(value, float) and value.is_integer():
            return int(value)
        return None

    def _refusal(self, value: Any, field: str | Message) -> Message:
        """Why ``value`` is refused; ``field`` is the field's name or its label on a page."""
        # Python refuses to write the longest integers in decimal.
        shown = (hex(value) if type(value) is int and abs(value) > 2**64 else str(value))[:40]
        given = {"field": field, "value": shown}
        if self.kind is bool:
            return message("{field} must be true or false, not {value}.", **given)
        if self.choices:
            choices = ", ".join(map(str, self.choices))
            return message(
                "{field} must be one of {choices}, not {value}.", choices=choices, **given
            )
        return message(
            "{field} must be {kind} from {low} to {high}, not {value}.",
            kind=message("a whole number") if self.kind is int else message("a number"),
            low=f"{self.low:g}",
            high=f"{self.high:.10g}",
            **given,
        )


def _always(config: RunConfig) -> bool:
    return True


def _mlp(layers: int) -> Callable[[RunConfig], bool]:
    return lambda config: config.network == "mlp" and config.hidden_layers >= layers


def _cnn(blocks: int) -> Callable[[RunConfig], bool]:
    return lambda config: config.network == "cnn" and config.blocks >= blocks


def _hidden(config: RunConfig) -> bool:
    return config.network == "cnn" or config.hidden_layers > 0


def _setting(
    default: V,
    group: Group,
    label: str,
    help_: str,
    bounds: tuple[float, float] = (0, 0),
    *,
    choices: tuple[Value, ...] = (),
    applies: Callable[[RunConfig], bool] = _always,
    sweep: str = "",
) -> V:
    """A dataclass field with what ``Field`` says of it."""
    low, high = bounds
    about = (type(default), group, label, help_, low, high, choices, applies, sweep)
    return dataclasses.field(default=default, metadata={"about": about})


def _units(layer: int, label: str) -> int:
    told = mark("How many units this hidden layer has. More can learn more, and overfit more.")
    bounds, sweep = (1, 1024), "16, 64, 256"
    return _setting(128, "network", label, told, bounds, applies=_mlp(layer), sweep=sweep)


def _filters(block: int, default: int, label: str) -> int:
    told = mark("How many patterns this convolution looks for; each gives one feature map.")
    bounds, sweep = (1, 256), "4, 16, 64"
    return _setting(default, "network", label, told, bounds, applies=_cnn(block), sweep=sweep)


def _kernel(block: int, label: str) -> int:
    told = mark("Side of the window that slides over the picture, in pixels.")
    return _setting(3, "network", label, told, choices=KERNEL_SIZES, applies=_cnn(block))


def _pool(block: int, default: bool, label: str) -> bool:
    told = mark("Keep the largest of every 2x2 values: smaller maps, and small shifts matter less.")
    return _setting(default, "network", label, told, applies=_cnn(block))


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides a training run. The defaults are the lesson ``mlp-128``.

    Layers that ``hidden_layers`` or ``blocks`` leave out keep their values, so that a slider
    moved down and up again finds them; ``relevant`` lists the fields that matter.

    Raises:
        ConfigError: a field is of another type, out of its bounds, or does not fit the others.
    """

    network: str = _setting(
        "mlp",
        "network",
        mark("Network"),
        mark("MLP: every pixel to every unit. CNN: small filters slide over the picture."),
        choices=("mlp", "cnn"),
    )
    hidden_layers: int = _setting(
        1,
        "network",
        mark("Hidden layers"),
        mark("Layers between the pixels and the ten outputs. 0 leaves a linear classifier."),
        (0, 3),
        applies=_mlp(0),
        sweep="0:3:1",
    )
    units1: int = _units(1, mark("Units in layer 1"))
    units2: int = _units(2, mark("Units in layer 2"))
    units3: int = _units(3, mark("Units in layer 3"))
    blocks: int = _setting(
        1,
        "network",
        mark("Convolution blocks"),
        mark("Each block is one convolution and, if you like, one max pooling."),
        (1, 3),
        applies=_cnn(0),
        sweep="1:3:1",
    )
    filters1: int = _filters(1, 32, mark("Filters in block 1"))
    kernel1: int = _kernel(1, mark("Kernel in block 1"))
    pool1: bool = _pool(1, True, mark("Max pooling in block 1"))
    filters2: int = _filters(2, 64, mark("Filters in block 2"))
    kernel2: int = _kernel(2, mark("Kernel in block 2"))
    pool2: bool = _pool(2, True, mark("Max pooling in block 2"))
    filters3: int = _filters(3, 64, mark("Filters in block 3"))
    kernel3: int = _kernel(3, mark("Kernel in block 3"))
    pool3: bool = _pool(3, False, mark("Max pooling in block 3"))
    conv_dropout: float = _setting(
        0.0,
        "network",
        mark("Dropout after the convolutions"),
        mark("Share of the values switched off at random while training, against overfitting."),
        (0, 0.9),
        applies=_cnn(0),
        sweep="0:0.8:0.2",
    )
    dense: int = _setting(
        128,
        "network",
        mark("Units in the dense layer"),
        mark("The hidden layer between the feature maps and the ten outputs."),
        (1, 1024),
        applies=_cnn(0),
        sweep="16, 64, 256",
    )
    dropout: float = _setting(
        0.2,
        "network",
        mark("Dropout after dense layers"),
        mark("Share of the units switched off at random while training, against overfitting."),
        (0, 0.9),
        applies=_hidden,
        sweep="0:0.8:0.2",
    )
    activation: str = _setting(
        "relu",
        "network",
        mark("Activation"),
        mark("The curve that each hidden unit's sum goes through."),
        choices=("relu", "sigmoid", "tanh"),
        applies=_hidden,
    )
    loss: str = _setting(
        "sparse_categorical_crossentropy",
        "training",
        mark("Loss function"),
        mark(
            "What training minimises. The two cross-entropies give the same numbers; "
            "one takes class numbers, the other one-hot vectors."
        ),
        choices=(
            "sparse_categorical_crossentropy",
            "categorical_crossentropy",
            "mean_squared_error",
        ),
    )
    optimizer: str = _setting(
        "adam",
        "training",
        mark("Optimizer"),
        mark("The rule that turns gradients into steps."),
        choices=("adam", "sgd", "rmsprop", "adadelta"),
    )
    learning_rate: float = _setting(
        0.001,
        "training",
        mark("Learning rate"),
        mark(
            "How large a step is. Too small: nothing is learned. Too large: the loss jumps or diverges."
        ),
        (1e-5, 2),
        sweep="0.0001, 0.001, 0.01, 0.1",
    )
    momentum: float = _setting(
        0.0,
        "training",
        mark("Momentum"),
        mark("How much of the last step SGD keeps in the next one."),
        (0, 0.99),
        applies=lambda config: config.optimizer == "sgd",
        sweep="0, 0.5, 0.9",
    )
    batch_size: int = _setting(
        128,
        "training",
        mark("Batch size"),
        mark(
            "Images looked at before each step. Small batches: more and noisier steps, and a slower epoch."
        ),
        (1, 1024),
        sweep="16, 64, 256",
    )
    epochs: int = _setting(
        10,
        "training",
        mark("Epochs"),
        mark("How many times the network sees all training images."),
        (1, 100),
        sweep="1, 3, 10",
    )
    train_images: int = _setting(
        ALL_IMAGES,
        "data",
        mark("Training images"),
        mark(
            "How many training images are used, from the first, validation images included. "
            "More than the data set has means all of them."
        ),
        (10, ALL_IMAGES),
        sweep="600, 1200, 2400",
    )
    validation: str = _setting(
        "split",
        "data",
        mark("Validation on"),
        mark(
            "Which images show, after each epoch, how the network does on what it was not trained on."
        ),
        choices=("none", "split", "test"),
    )
    validation_split: float = _setting(
        0.2,
        "data",
        mark("Share for validation"),
        mark("This share of the training images, the last ones, is kept for validation."),
        (0.05, 0.5),
        applies=lambda config: config.validation == "split",
        sweep="0.1, 0.2, 0.3",
    )
    patience: int = _setting(
        0,
        "training",
        mark("Early stopping patience"),
        mark(
            "End when the validation loss has not improved for this many epochs. 0: never end early."
        ),
        (0, 20),
        applies=lambda config: config.validation != "none",
        sweep="0, 2, 5",
    )
    seed: int = _setting(
        1,
        "training",
        mark("Random seed"),
        mark(
            "Same seed, machine and settings, in the same number format with as many threads: same run."
        ),
        (0, 2**31 - 1),
    )

    def __post_init__(self) -> None:
        values = vars(self)  # a frozen dataclass refuses plain assignments
        for spec in FIELDS:
            values[spec.name] = spec.check(values[spec.name])
        if self.network == "cnn":
            self._check_blocks()

    def _check_blocks(self) -> None:
        """Refuse blocks that leave nothing of the picture."""
        side = IMAGE_SIZE
        for number, (_, kernel, pooled) in enumerate(self.conv_blocks, start=1):
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
        ours, theirs = self.to_json(), base.to_json()
        return {name: value for name, value in ours.items() if value != theirs[name]}

    def to_json(self) -> dict[str, Value]:
        """All fields as JSON values."""
        return dict(vars(self))


FIELDS = tuple(Field(f.name, *f.metadata["about"]) for f in dataclasses.fields(RunConfig))
BY_NAME: Mapping[str, Field] = {spec.name: spec for spec in FIELDS}


def _named(name: str) -> Field:
    if name not in BY_NAME:
        raise ConfigError(message("There is no setting called {field}.", field=name[:40]))
    return BY_NAME[name]


def from_json(data: Mapping[str, Any]) -> RunConfig:
    """The configuration in a JSON object; fields left out keep their defaults.

    Raises:
        ConfigError: a field is unknown or its value is refused.
    """
    for name in sorted(data):
        _named(name)
    return RunConfig(**data)


def apply_settings(base: RunConfig, settings: Mapping[str, str]) -> RunConfig:
    """``base`` with fields replaced by typed text (``FIELD=VALUE`` on the command line).

    Raises:
        ConfigError: a field is unknown, or a value is refused with the field's range.
    """
    changes: dict[str, Any] = {name: _named(name).parse(text) for name, text in settings.items()}
    return dataclasses.replace(base, **changes)


def from_query(query: Mapping[str, str], base: RunConfig) -> tuple[RunConfig, tuple[Message, ...]]:
    """The configuration that a URL asks for, and what had to be changed to allow it.

    Fields that the URL does not name come from ``base``. A number out of range is brought to the
    nearest bound; what is no number and no choice is left out; fields that do not fit each other
    leave ``base`` as it is.
    """
    notes: list[Message] = []
    changes: dict[str, Any] = {}
    for spec in (BY_NAME[name] for name in query if name in BY_NAME):
        text = query[spec.name]
        try:
            changes[spec.name] = spec.parse(text)
        except ConfigError as error:
            bounded = spec.nearest(text)
            if bounded is None:
                notes.append(error.on_page)
                continue
            changes[spec.name] = bounded
            notes.append(
                message(
                    "The link asked for {field} = {value}; {used} is the nearest that is allowed.",
                    field=message(spec.label),
                    value=text[:40],
                    used=bounded,
                )
            )
    try:
        return dataclasses.replace(base, **changes), tuple(notes)
    except ConfigError as error:
        return base, (*notes, error.message)
