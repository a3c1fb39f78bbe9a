"""What a sweep came to: one number a run, and its mean and spread over the seeds of a cell."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
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
    """A number that tells how a run did: a ``field`` of its last epoch, or of its best.

    ``part`` says on which images it is measured, where validation has images of its own.
    """

    label: str
    kind: Kind
    part: Part
    field: str
    best: bool = False

    def of(self, epochs: Sequence[EpochMetrics]) -> float | None:
        """The number of a run with these epochs; None where it is not there, or not finite."""
        values = [getattr(epoch, self.field) for epoch in (epochs if self.best else epochs[-1:])]
        known = [value for value in values if value is not None and math.isfinite(value)]
        return (max if self.kind == "accuracy" else min)(known, default=None)


MEASURES: dict[str, Measure] = {
    "val_accuracy": Measure(
        mark("Validation accuracy, last epoch"), "accuracy", "validation", "val_accuracy"
    ),
    "best_val_accuracy": Measure(
        mark("Validation accuracy, best epoch"), "accuracy", "validation", "val_accuracy", best=True
    ),
    "val_loss": Measure(mark("Validation loss, last epoch"), "loss", "validation", "val_loss"),
    "best_val_loss": Measure(
        mark("Validation loss, best epoch"), "loss", "validation", "val_loss", best=True
    ),
    "test_accuracy": Measure(mark("Test accuracy"), "accuracy", "test", "test_accuracy"),
    "loss": Measure(mark("Training loss, last epoch"), "loss", "training", "loss"),
    "accuracy": Measure(mark("Training accuracy, last epoch"), "accuracy", "training", "accuracy"),
}


@dataclass(frozen=True)
class Spread:
    """The values of one cell, one a seed; at least one."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Their mean."""
        return statistics.fmean(self.values)

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
    rivals = tuple(
        number
        for number in ranked[1:]
        if best.low <= known[number].high and known[number].low <= best.high
    )
    return Ranking(tuple(ranked), tuple(known[number] for number in ranked), rivals)
