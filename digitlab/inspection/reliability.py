"""The calibration of a network: whether it is right as often as it is confident.

Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks",
ICML 2017, section 2: reliability diagram, expected (ECE) and maximum (MCE) calibration error.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# Nine bins for the chart: most samples of a trained network have a confidence above 99%, so the
# bins grow narrower towards 100%.
EDGES = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0)
# Fifteen of equal width, as in the paper, for an error that compares with published figures.
EQUAL_EDGES = tuple(np.linspace(0, 1, 16).tolist())


@dataclass(frozen=True)
class Bin:
    """The samples whose confidence is above ``low`` and at most ``high``.

    ``confidence`` is their mean, 0 to 1; None where there are no samples.
    """

    low: float
    high: float
    count: int
    right: int
    confidence: float | None

    @property
    def accuracy(self) -> float | None:
        """Their accuracy, 0 to 1; None where there are no samples."""
        return self.right / self.count if self.count else None

    @property
    def gap(self) -> float:
        """Mean confidence minus accuracy: above zero where the network is overconfident."""
        return 0.0 if self.confidence is None else self.confidence - self.right / self.count


@dataclass(frozen=True)
class Reliability:
    """Bins from the least to the most confident; each sample is in one."""

    bins: tuple[Bin, ...]

    @property
    def expected_error(self) -> float:
        """ECE: the mean absolute gap, each bin weighted by its samples, 0 to 1."""
        total = sum(each.count for each in self.bins)
        return sum(each.count * abs(each.gap) for each in self.bins) / total

    @property
    def widest(self) -> Bin:
        """The bin with the largest gap; the size of that gap is the MCE."""
        return max(self.bins, key=lambda each: abs(each.gap))


def reliability(
    labels: npt.NDArray[np.integer[Any]],
    probabilities: npt.NDArray[np.floating[Any]],
    edges: Sequence[float] = EDGES,
) -> Reliability:
    """The accuracy of probabilities (N, 10) on ``labels`` (N,), by bins of confidence.

    ``edges`` ascend from 0 to 1; a confidence on an edge belongs to the bin below it.

    Raises:
        ValueError: there are no samples.
    """
    if not len(labels):
        raise ValueError("no samples")
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    number = bin_numbers(probabilities, edges)
    bins = []
    for place, (low, high) in enumerate(itertools.pairwise(edges)):
        inside = number == place
        mean = float(confidence[inside].mean()) if inside.any() else None
        bins.append(Bin(low, high, int(inside.sum()), int(right[inside].sum()), mean))
    return Reliability(tuple(bins))


def bin_numbers(
    probabilities: npt.NDArray[np.floating[Any]], edges: Sequence[float] = EDGES
) -> npt.NDArray[np.intp]:
    """The bin that each of probabilities (N, 10) falls in, counted from 0, (N,)."""
    # In the probabilities' own precision: a float32 0.9 is on the edge 0.9, not above it.
    inner = np.asarray(edges[1:-1], probabilities.dtype)
    return np.asarray(np.searchsorted(inner, probabilities.max(axis=1)))
