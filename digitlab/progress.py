"""What a training run reports while it goes: plain numbers, in the order they happen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NumberFormat = Literal["float32", "mixed_bfloat16"]
Ending = Literal["finished", "stopped", "diverged"]


@dataclass(frozen=True)
class ExecutionSettings:
    """How the machine computes a run; it is part of what makes the run repeatable.

    ``steps`` is how many batches Keras trains before it calls back.
    """

    format: NumberFormat = "float32"
    threads: int = 1
    steps: int = 1


@dataclass(frozen=True)
class Untrained:
    """Loss and accuracy (0..1) of the untrained network on the test set."""

    loss: float
    accuracy: float


@dataclass(frozen=True)
class BatchMetrics:
    """Mean training loss and accuracy (0..1) since the last report; ``epoch`` counts from 1."""

    epoch: int
    step: int
    steps: int
    loss: float
    accuracy: float
    images_per_second: float

    @property
    def position(self) -> float:
        """Where in the run this is, in epochs."""
        return self.epoch - 1 + self.step / self.steps


@dataclass(frozen=True)
class EpochMetrics:
    """Loss and accuracy (0..1) at an epoch's end; ``complete`` is false for one cut short.

    ``loss`` and ``accuracy`` are Keras's own: means over the epoch, while it was trained.
    ``seconds`` is the training time of this epoch, its evaluation not included.
    """

    epoch: int
    complete: bool
    loss: float
    accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None
    seconds: float
    images: int

    def position(self, images: int) -> float:
        """Where in the run this is, in epochs of ``images`` images: 2.5 is halfway in the third."""
        if self.complete or not images:
            return float(self.epoch)
        return self.epoch - 1 + min(1.0, self.images / images)


@dataclass(frozen=True)
class Outcome:
    """How a run ended. ``epochs`` counts the whole ones; ``kept_epoch`` is the last weights'."""

    ending: Ending
    epochs: int
    kept_epoch: int
    stopped_early: bool
    seconds: float
    images_per_second: float


Report = Untrained | BatchMetrics | EpochMetrics
