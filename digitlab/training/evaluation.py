"""Evaluates the network that a run is training, in float32 whatever format it is trained in."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.dataset.digits import Bytes
from digitlab.layers import EVALUATION_CHUNK
from digitlab.network import Floats
from digitlab.progress import tested_after_epoch
from digitlab.scores import Scores, score
from digitlab.training.compiled import Compiled

# How long a stopped run may still take to evaluate the test set.
SECONDS_AFTER_STOP = 1.0

ShouldStop = Callable[[], bool]


@dataclass(frozen=True, eq=False)
class Tested:
    """The probabilities, float32 (N, 10), and scores of test images; ``whole``: of all of them."""

    probabilities: Floats
    scores: Scores
    whole: bool


class Evaluator:
    """Evaluates the test and the validation images with the current weights of a network."""

    def __init__(
        self, network: Compiled, config: RunConfig, digits: DigitSet, should_stop: ShouldStop
    ) -> None:
        self._network, self._config, self._digits = network, config, digits
        self._should_stop, self._deadline = should_stop, math.inf
        self.part = tested_after_epoch(len(digits.y_test))

    def test(self, *, whole: bool) -> Tested | None:
        """Test on the whole set, or on ``part`` of it; None after a stop that left no time."""
        kept = slice(None) if whole else self.part
        labels = self._digits.y_test[kept]
        probabilities = self._probabilities(self._digits.x_test[kept])
        if probabilities is None:
            return None
        scores = score(self._config.loss, labels, probabilities)
        return Tested(probabilities, scores, len(labels) == len(self._digits.y_test))

    def validation(self, test: Tested | None) -> Scores | None:
        """Scores of the validation images, where there are any; they may be those of ``test``."""
        if self._config.validation == "test":
            return test.scores if test is not None else None
        if self._config.validation == "none":
            return None
        images, labels = self._digits.split(self._config).validation
        probabilities = self._probabilities(images)
        return None if probabilities is None else score(self._config.loss, labels, probabilities)

    def _probabilities(self, images: Bytes) -> Floats | None:
        self._network.sync()
        parts = []
        for start in range(0, len(images), EVALUATION_CHUNK):
            if self._deadline == math.inf and self._should_stop():
                self._deadline = time.perf_counter() + SECONDS_AFTER_STOP
            if time.perf_counter() > self._deadline:
                return None
            parts.append(self._network.predict(images[start : start + EVALUATION_CHUNK]))
        return np.concatenate(parts)
