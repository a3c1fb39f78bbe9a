"""What a sweep came to: one number a run, and its mean and spread over the seeds of a cell."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from digitlab.messages import mark
from digitlab.progress import EpochMetrics

Kind = Literal["loss", "accuracy"]
Epochs = Mapping[str, Sequence[EpochMetrics]]  # of each run, by its id


@dataclass(frozen=True)
class Measure:
    """A number that tells how a run did; ``of`` reads it off its epochs, if it is there."""

    label: str
    kind: Kind
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
    "test_accuracy": Measure(mark("Test accuracy"), "accuracy", _last("test_accuracy")),
    "val_accuracy": Measure(
        mark("Validation accuracy, last epoch"), "accuracy", _last("val_accuracy")
    ),
    "best_val_accuracy": Measure(
        mark("Validation accuracy, best epoch"), "accuracy", _extreme("val_accuracy", max)
    ),
    "val_loss": Measure(mark("Validation loss, last epoch"), "loss", _last("val_loss")),
    "best_val_loss": Measure(
        mark("Validation loss, best epoch"), "loss", _extreme("val_loss", min)
    ),
    "loss": Measure(mark("Training loss, last epoch"), "loss", _last("loss")),
    "accuracy": Measure(mark("Training accuracy, last epoch"), "accuracy", _last("accuracy")),
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
