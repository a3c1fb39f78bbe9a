"""Loss and accuracy of probabilities, the same sums as Keras does, in NumPy alone.

And how far luck may have carried an accuracy.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.config import DIGITS

Doubles = npt.NDArray[np.float64]

# The smallest normal float32: no probability is taken as smaller, so no loss is infinite. Keras,
# which sees what goes into the softmax, has no such bound when it trains and evaluates.
LEAST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Scores:
    """Mean loss, and the share of images that are read right, 0 to 1."""

    loss: float
    accuracy: float


def score(
    loss_name: str,
    labels: npt.NDArray[np.integer[Any]],
    probabilities: npt.NDArray[np.floating[Any]],
) -> Scores:
    """What probabilities (N, 10) score for images with ``labels`` (N,), N at least 1.

    Sums are made in float64, so they do not depend on the order of the images.

    Raises:
        ValueError: a loss of another name, or shapes that do not fit.
    """
    if len(labels) == 0 or probabilities.shape != (len(labels), DIGITS):
        raise ValueError(f"{labels.shape} labels do not fit {probabilities.shape} probabilities")
    losses = _losses(loss_name, labels, probabilities.astype(np.float64))
    right = probabilities.argmax(axis=1) == labels
    return Scores(float(losses.mean()), float(right.mean()))


def wilson(right: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Between which shares the true one lies when ``right`` of ``count`` came out.

    The score interval of E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical
    Inference", 1927: unlike the plain one it never leaves 0 to 1, nor has no width at the ends.

    Raises:
        ValueError: the numbers fit no share.
    """
    if not 0 <= right <= count or count < 1:
        raise ValueError(f"{right} of {count} is no share")
    share = right / count
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    middle = share + z**2 / (2 * count)
    reach = z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    whole = 1 + z**2 / count
    return max(0.0, (middle - reach) / whole), min(1.0, (middle + reach) / whole)


def _losses(name: str, labels: npt.NDArray[np.integer[Any]], probabilities: Doubles) -> Doubles:
    """The loss of each image, float64 (N,)."""
    match name:
        case "sparse_categorical_crossentropy" | "categorical_crossentropy":
            return _cross_entropy(labels, probabilities)
        case "mean_squared_error":
            return _squared_error(labels, probabilities)
    raise ValueError(f"no loss is called {name}")


def _cross_entropy(labels: npt.NDArray[np.integer[Any]], probabilities: Doubles) -> Doubles:
    """-log of the truth's probability, at most 87.3; each row is made to sum to 1."""
    truths = probabilities[np.arange(len(labels)), labels] / probabilities.sum(axis=1)
    losses: Doubles = -np.log(np.maximum(truths, LEAST))
    return losses


def _squared_error(labels: npt.NDArray[np.integer[Any]], probabilities: Doubles) -> Doubles:
    """Mean over the ten classes of the squared distance from the one-hot vector."""
    errors: Doubles = ((probabilities - np.eye(DIGITS)[labels]) ** 2).mean(axis=1)
    return errors
