"""What a sweep came to: one number a run, and its mean and spread over the seeds of a cell."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from digitlab.config import RunConfig
from digitlab.messages import mark
from digitlab.progress import EpochMetrics

Kind = Literal["loss", "accuracy"]
Part = Literal["training", "validation", "test"]
Epochs = Mapping[str, Sequence[EpochMetrics]]  # of each run, by its id


@dataclass(frozen=True)
class Measure:
    """A number that tells how a run did; ``of`` reads it off its epochs, if it is there.

    ``part`` says on which images it is measured, where validation has images of its own.
    """

    label: str
    kind: Kind
    part: Part
    of: Callable[[Sequence[EpochMetrics]], float | None]


def _last(name: str) -> Callable[[Sequence[EpochMetrics]], float | None]:
    return lambda epochs: _finite(getattr(epochs[-1], name)) if epochs else None


def _extreme(
    name: str, pick: Callable[[Iterable[float]], float]
) -> Callable[[Sequence[EpochMetrics]], float | None]:
    def value(epochs: Sequence[EpochMetrics]) -> float | None:
        known = [found for epoch in epochs if (found := _finite(getattr(epoch, name))) is not None]
        return pick(known) if known else None

    return value


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


MEASURES: dict[str, Measure] = {
    "val_accuracy": Measure(
        mark("Validation accuracy, last epoch"), "accuracy", "validation", _last("val_accuracy")
    ),
    "best_val_accuracy": Measure(
        mark("Validation accuracy, best epoch"),
        "accuracy",
        "validation",
        _extreme("val_accuracy", max),
    ),
    "val_loss": Measure(
        mark("Validation loss, last epoch"), "loss", "validation", _last("val_loss")
    ),
    "best_val_loss": Measure(
        mark("Validation loss, best epoch"), "loss", "validation", _extreme("val_loss", min)
    ),
    "test_accuracy": Measure(mark("Test accuracy"), "accuracy", "test", _last("test_accuracy")),
    "loss": Measure(mark("Training loss, last epoch"), "loss", "training", _last("loss")),
    "accuracy": Measure(
        mark("Training accuracy, last epoch"), "accuracy", "training", _last("accuracy")
    ),
}


@dataclass(frozen=True)
class Spread:
    """The values of one cell, one a seed; at least one."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Their mean."""
        return math.fsum(self.values) / len(self.values)

    @property
    def low(self) -> float:
        """The smallest."""
        return min(self.values)

    @property
    def high(self) -> float:
        """The largest."""
        return max(self.values)


def spread(measure: Measure, runs: Iterable[Sequence[EpochMetrics]]) -> Spread | None:
    """How the runs of a cell did; None where none of them has this number."""
    values = [value for epochs in runs if (value := measure.of(epochs)) is not None]
    return Spread(tuple(values)) if values else None


Spreads = Sequence[Spread | None]  # one a cell of a plan


# The two cross-entropies are the same number of the same probabilities.
_SAME_LOSS = {"categorical_crossentropy": "sparse_categorical_crossentropy"}


def one_loss(configs: Iterable[RunConfig]) -> bool:
    """Whether the losses of these runs are on one scale, and can be compared."""
    return len({_SAME_LOSS.get(config.loss, config.loss) for config in configs}) < 2


@dataclass(frozen=True)
class Ranking:
    """The cells that have values and their spreads, by their means, the best first.

    ``rivals`` are the cells whose values are not all worse than those of the best.
    """

    cells: tuple[int, ...]
    spreads: tuple[Spread, ...]
    rivals: tuple[int, ...]

    @property
    def seeds(self) -> int:
        """How many values the cell with the fewest has."""
        return min(len(spread.values) for spread in self.spreads)


def ranking(kind: Kind, spreads: Spreads) -> Ranking | None:
    """Which cell did best, and whether its seeds all lie above those of the others.

    None where fewer than two cells have a value.
    """
    known = {number: spread for number, spread in enumerate(spreads) if spread}
    if len(known) < 2:
        return None
    ranked = sorted(known, key=lambda number: known[number].mean, reverse=kind == "accuracy")
    best = known[ranked[0]]
    rivals = tuple(number for number in ranked[1:] if _overlap(best, known[number]))
    return Ranking(tuple(ranked), tuple(known[number] for number in ranked), rivals)


def _overlap(one: Spread, other: Spread) -> bool:
    return one.low <= other.high and other.low <= one.high
