"""Every row of the lessons: what is trained, what its author reports, and what ours should be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from digitlab.config import ConfigError, RunConfig, Value
from digitlab.messages import mark, message
from digitlab.presets import PRESETS
from tools.lessons.record import LessonResult, Look

Verdict = Literal["holds", "above", "below"]

SEEDS = 3  # where a run takes under a minute on two cores; otherwise one
DROPOUT = "dropout"
DROPOUT_RATES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


@dataclass(frozen=True)
class Figure:
    """One number of a run: its name, how it is read off, and between what it should lie.

    ``low`` and ``high`` bound the mean over the seeds, ``each_low`` every single run. ``author``
    is what the lesson's author reports, empty for nothing. So many ``decimals`` are shown.
    """

    name: str
    of: Callable[[LessonResult], float | None]
    author: str = ""
    low: float | None = None
    high: float | None = None
    each_low: float | None = None
    decimals: int = 4


@dataclass(frozen=True)
class Row:
    """A lesson's configuration, trained with seeds 1 to ``seeds``, and its figures."""

    lesson: str
    name: str
    preset: str
    figures: tuple[Figure, ...]
    changes: Mapping[str, Value] = field(default_factory=dict)
    seeds: int = SEEDS
    looks: tuple[Look, ...] = ()

    @property
    def title(self) -> str:
        """The lesson, and which of its rows this is where it has several."""
        return self.lesson if self.name == self.lesson else f"{self.lesson}: {self.name}"

    @property
    def config(self) -> RunConfig:
        """What is trained; each seed takes the place of its own."""
        return dataclasses.replace(PRESETS[self.preset], **self.changes)  # type: ignore[arg-type]

    @property
    def configs(self) -> list[RunConfig]:
        """The row's runs."""
        return [dataclasses.replace(self.config, seed=seed) for seed in range(1, self.seeds + 1)]

    def at_most(self, images: int | None, epochs: int | None, seeds: int | None) -> Row:
        """The row with fewer images, epochs and seeds, for a trial; None leaves as it is."""
        changes = dict(self.changes)
        if images is not None:
            changes["train_images"] = min(images, self.config.train_images)
        if epochs is not None:
            changes["epochs"] = min(epochs, self.config.epochs)
        fewer = self.seeds if seeds is None else min(seeds, self.seeds)
        return dataclasses.replace(self, changes=changes, seeds=fewer)


def _untrained(name: str) -> Callable[[LessonResult], float | None]:
    return lambda result: getattr(result.untrained, name, None)


def _last(name: str) -> Callable[[LessonResult], float | None]:
    return lambda result: getattr(result.epochs[-1], name) if result.epochs else None


def _after(epoch: int, name: str) -> Callable[[LessonResult], float | None]:
    return lambda result: next((getattr(e, name) for e in result.epochs if e.epoch == epoch), None)


def _look(name: Look) -> Callable[[LessonResult], float | None]:
    return lambda result: result.looks.get(name)


_TEST = mark("test accuracy")
_UNTRAINED_LOSS = mark("test loss, untrained")


def _test(
    low: float | None = None,
    high: float | None = None,
    author: str = "",
    each_low: float | None = None,
) -> Figure:
    return Figure(_TEST, _last("test_accuracy"), author, low, high, each_low)


_BEFORE_AND_AFTER = (
    Figure(_UNTRAINED_LOSS, _untrained("loss")),
    Figure(mark("test accuracy, untrained"), _untrained("accuracy")),
    Figure(mark("test loss"), _last("test_loss")),
)
_SWEEP = (
    Figure(mark("training loss"), _last("loss")),
    Figure(mark("validation loss"), _last("val_loss")),
    Figure(mark("validation accuracy"), _last("val_accuracy")),
    _test(),
)


def _lesson(preset: str, *figures: Figure, **options: Any) -> Row:
    """A lesson of one row."""
    return Row(preset, preset, preset, figures, **options)


ROWS: tuple[Row, ...] = (
    _lesson(
        "mlp-128",
        Figure(
            mark("smallest mean probability of a class, untrained"),
            _look("least-class"),
            mark("near 0.1"),
        ),
        Figure(
            mark("largest mean probability of a class, untrained"),
            _look("most-class"),
            mark("near 0.1"),
        ),
        Figure(_UNTRAINED_LOSS, _untrained("loss"), mark("near 2.3 = -log 0.1"), 2.3, 2.5),
        _test(0.975, 0.980),
        looks=("least-class", "most-class"),
    ),
    _lesson("mlp-64", _test(0.960, 0.970)),
    _lesson(
        "cnn-tutorial",
        Figure(mark("training accuracy, epoch 1"), _after(1, "accuracy"), "0.9561", 0.956),
        Figure(mark("training accuracy, epoch 2"), _after(2, "accuracy"), "0.9807", 0.980),
        Figure(mark("training accuracy, epoch 3"), _after(3, "accuracy"), "0.9856", 0.985),
        _test(),
        seeds=1,
    ),
    _lesson(
        "cnn-keras",
        _test(0.99, author=mark("over 99%")),
        Figure(
            mark("a typeset 6 is read as"),
            _look("typeset-six"),
            mark("6, from probabilities that say 5"),
            decimals=0,
        ),
        seeds=1,
        looks=("typeset-six",),
    ),
    _lesson(
        "cnn-keras-slow",
        Figure(mark("test accuracy, epoch 1"), _after(1, "test_accuracy")),
        Figure(mark("test accuracy, epoch 2"), _after(2, "test_accuracy"), "", 0.40, 0.60),
        changes={"epochs": 2},
        seeds=1,
    ),
    Row("cnn-filters", "Adam", "cnn-filters", (*_BEFORE_AND_AFTER, _test(0.984, 0.988))),
    Row(
        "cnn-filters",
        "SGD",
        "cnn-filters",
        (*_BEFORE_AND_AFTER, _test()),
        {"optimizer": "sgd", "learning_rate": 0.01},
    ),
    Row("600-images", "CNN", "cnn-600", (_test(0.86, 0.90),)),
    Row("600-images", "MLP", "mlp-600", (_test(0.83, 0.87),)),
    _lesson("mlp-512", _test(0.976, 0.983, "0.9825", each_low=0.972)),
    *(
        Row(DROPOUT, f"p = {rate:g}", "mlp-512", _SWEEP, {"dropout": rate} if rate else {})
        for rate in DROPOUT_RATES
    ),
)

LESSON_NAMES: tuple[str, ...] = tuple(dict.fromkeys(row.lesson for row in ROWS))

# What differs from the author's, and why.
NOTES: Mapping[str, str] = {
    "mlp-128": mark(
        "An untrained network knows nothing, so each class should get a tenth and the loss should "
        "be -log 0.1 = 2.303. It is a little more, because random weights prefer some digits. "
        "These are means over test images. The author reports no accuracy."
    ),
    "mlp-64": mark(
        "The exercise: 64 units, batches of 16, 5 epochs, the rest as in mlp-128. Its author "
        "leaves the figure to the reader; single seeds lie from 96.8% to a little over 97%."
    ),
    "cnn-tutorial": mark(
        "The author measured on the training images: an epoch's accuracy is the mean over its "
        "batches, while the weights still change, and there is no validation. Ours is measured "
        "in the same way; the test accuracy is added."
    ),
    "cnn-keras": mark(
        "The learning rate is 1.0, as Keras had it for Adadelta when the lesson was written; "
        "today's default is 0.001, so the same script no longer comes to 99%. The lesson "
        "validates on the test set; nothing is chosen by it, so the figure is fair all the same. "
        "The author's program answers 6 for his typeset 6, but the largest of the ten "
        "probabilities that it prints is the 5's: it adds one to its place. Ours reads a typeset "
        "6 of the lab's own. Who has seen nothing but handwriting may well misread print."
    ),
    "cnn-keras-slow": mark(
        "The same network with today's default learning rate of Adadelta, 0.001. Two of its "
        "twelve epochs are enough to see what it costs."
    ),
    "cnn-filters": mark(
        "Loss and accuracy on the test set before and after training. The lesson leaves the "
        "choice between Adam and SGD; SGD has Keras's default learning rate, 0.01."
    ),
    "600-images": mark(
        "The first 600 training images: 540 are trained on, 60 validate. The CNN is cnn-filters "
        "with Dense 128; the MLP has one hidden layer of 128. After 50 epochs both know their "
        "training images by heart, and the CNN reads new ones better."
    ),
    "mlp-512": mark(
        "Early stopping keeps the last weights, as Keras does unless told otherwise, and not the "
        "best. The author's one run is compared with the mean of three seeds, because single runs "
        "differ by half a percentage point."
    ),
    DROPOUT: mark(
        "mlp-512 with dropout p after both hidden layers; p = 0 are the runs of mlp-512. The "
        "training loss is measured with dropout at work and the validation loss without it, so "
        "with much dropout the training loss is the higher one. Each run stops early."
    ),
}


def rows_of(lesson: str | None) -> tuple[Row, ...]:
    """The rows of one lesson, or of all.

    Raises:
        ConfigError: there is no lesson of this name.
    """
    if lesson is None:
        return ROWS
    rows = tuple(row for row in ROWS if row.lesson == lesson)
    if not rows:
        raise ConfigError(
            message(
                "There is no lesson called {name}; there are {names}.",
                name=lesson[:40],
                names=", ".join(LESSON_NAMES),
            )
        )
    return rows


def verdict(figure: Figure, values: Sequence[float]) -> Verdict | None:
    """Whether the values of a figure, one a seed, are what they should be; None: nothing said."""
    if figure.low is None or not values:
        return None
    mean = sum(values) / len(values)
    if mean < figure.low or (figure.each_low is not None and min(values) < figure.each_low):
        return "below"
    return "above" if figure.high is not None and mean > figure.high else "holds"
