"""The files that a run keeps: weights within a budget, and each epoch's kernels and predictions."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.layers import layers_of, parameter_count
from digitlab.network import Floats
from digitlab.store.run_files import npy, packed_predictions
from digitlab.training.keras_model import network_of

# A run keeps the weights of every epoch if they fit in this many bytes; otherwise those of the
# untrained network, of evenly spaced epochs, and of the last.
WEIGHTS_BUDGET = 96_000_000
# Between evenly spaced epochs the newest weights are kept as well and replace those before, so that
# a killed run leaves them. Not more often than this: 22 million parameters are 88 MB.
SECONDS_BETWEEN_NEWEST = 10.0

Keep = Callable[[str, bytes], None]
Drop = Callable[[str], None]


class KeptFiles:
    """Keeps a run's files: weights within their budget, each epoch's kernels and predictions."""

    def __init__(self, config: RunConfig, digits: DigitSet, keep: Keep, drop: Drop | None) -> None:
        self.keep, self.drop, self.layers = keep, drop, layers_of(config)
        self.about = {"config": config.to_json(), "dataset": digits.name}
        self.every = epochs_between_weights(parameter_count(self.layers), config.epochs)
        self.replaceable: str | None = None  # the weights to drop when there are newer ones
        self.kept, self.kept_at = False, -math.inf

    def epoch_end(self, epoch: int, model: Any, probabilities: Floats | None) -> None:
        """Keep what belongs to ``epoch``; 0 is the untrained network.

        ``probabilities``, float32 (N, 10), are those of the images it was tested on.
        """
        self.epoch = epoch
        self.network = network_of(model, self.layers, self.about | {"epoch": epoch})
        evenly = epoch % self.every == 0
        since = time.perf_counter() - self.kept_at
        self.kept = evenly or (self.drop is not None and since >= SECONDS_BETWEEN_NEWEST)
        if self.kept:
            self._keep_weights(replaceable=not evenly)
        if self.layers[0].kind == "conv":
            self.keep(f"kernels-{epoch:03d}.npy", npy(self.network.weights[self.layers[0].name][0]))
        if probabilities is not None:
            self.keep(f"reading-{epoch:03d}.npz", packed_predictions(probabilities))

    def finish(self, probabilities: Floats | None) -> None:
        """Keep the last weights, and their probabilities for the whole test set, (N, 10)."""
        if not self.kept:
            self._keep_weights(replaceable=False)
        if probabilities is not None:
            self.keep("probabilities.npy", npy(probabilities))

    def _keep_weights(self, *, replaceable: bool) -> None:
        name, before = f"weights-{self.epoch:03d}.npz", self.replaceable
        self.keep(name, self.network.to_bytes())
        if before is not None and self.drop is not None:
            self.drop(before)
        self.replaceable = name if replaceable else None
        self.kept_at = time.perf_counter()


def epochs_between_weights(parameters: int, epochs: int) -> int:
    """The interval, in epochs, at which all kept weights fit in ``WEIGHTS_BUDGET``."""
    affordable = max(2, WEIGHTS_BUDGET // (4 * parameters))
    return math.ceil(epochs / (affordable - 1))
