"""What a training run reports while it goes: plain numbers, in the order they happen.

Each class is the one declaration of what is sent by a worker, kept in the database, packed into a
zip and written to a file of results. msgspec checks types and bounds where values are read; what
the lab makes itself is not checked. A field that is added later needs a default: what was written
before has none.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from msgspec import Meta, Struct

NumberFormat = Literal["float32", "mixed_bfloat16"]
Ending = Literal["finished", "stopped", "diverged"]

ROUNDING = 1e-3  # so far outside its bounds may a mean of rounded numbers be
LARGEST_LOSS = 1e30
_MANY = 10**9
# After each epoch a run is tested on at most so many images, and at its end on all of them.
_TESTED_AFTER_EPOCH = 2_000

Loss = Annotated[float, Meta(ge=-ROUNDING, le=LARGEST_LOSS)]
Share = Annotated[float, Meta(ge=-ROUNDING, le=1 + ROUNDING)]
Count = Annotated[int, Meta(ge=0, le=_MANY)]
FromOne = Annotated[int, Meta(ge=1, le=_MANY)]
NotNegative = Annotated[float, Meta(ge=0, le=_MANY)]
Threads = Annotated[int, Meta(ge=1, le=10_000)]


class ExecutionSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How the machine computes a run; it is part of what makes the run repeatable.

    ``steps``, how many batches Keras trained in one call, is of runs of earlier versions.
    """

    format: NumberFormat = "float32"
    threads: Threads = 1
    steps: FromOne = 1


class Untrained(Struct, frozen=True, forbid_unknown_fields=True):
    """Loss and accuracy (0..1) of the untrained network on ``images`` images of the test set.

    A run may go on from weights so large that ``loss`` is not finite; it has no bounds here.
    Earlier versions tested on the whole set, and have written no number of images.
    """

    loss: float
    accuracy: Share
    images: Count = 0


class BatchMetrics(Struct, frozen=True, forbid_unknown_fields=True):
    """Mean training loss and accuracy (0..1) since the last report; ``epoch`` counts from 1."""

    epoch: FromOne
    step: FromOne
    steps: FromOne
    loss: Loss
    accuracy: Share
    images_per_second: NotNegative

    @property
    def position(self) -> float:
        """Where in the run this is, in epochs."""
        return self.epoch - 1 + self.step / self.steps


class EpochMetrics(Struct, frozen=True, forbid_unknown_fields=True):
    """Loss and accuracy (0..1) at an epoch's end; ``complete`` is false for one cut short.

    ``loss`` and ``accuracy`` are Keras's own: means over the epoch, while it was trained.
    ``test_loss`` and ``test_accuracy`` are of ``test_images`` images of the test set: of all of
    them where they are the validation images, in the run's last epoch, which is reported again for
    it, and in earlier versions, which have written no number. ``seconds`` is the training time of
    this epoch, its evaluation not included.
    """

    epoch: FromOne
    complete: bool
    loss: Loss
    accuracy: Share
    val_loss: Loss | None
    val_accuracy: Share | None
    test_loss: Loss | None
    test_accuracy: Share | None
    seconds: NotNegative
    images: Count
    test_images: Count = 0

    def position(self, images: int) -> float:
        """Where in the run this is, in epochs of ``images`` images: 2.5 is halfway in the third."""
        if self.complete or not images:
            return float(self.epoch)
        return self.epoch - 1 + min(1.0, self.images / images)


class Outcome(Struct, frozen=True, forbid_unknown_fields=True):
    """How a run ended. ``epochs`` counts the whole ones; ``kept_epoch`` is the last weights'."""

    ending: Ending
    epochs: Count
    kept_epoch: Count
    stopped_early: bool
    seconds: NotNegative
    images_per_second: NotNegative


Report = ExecutionSettings | Untrained | BatchMetrics | EpochMetrics


def tested_after_epoch(images: int) -> slice:
    """Which of the ``images`` images of a test set are read after each epoch: evenly spread."""
    return slice(0, images, math.ceil(images / _TESTED_AFTER_EPOCH))
