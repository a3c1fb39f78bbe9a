"""Misclassified samples, the confusion matrix, and precision, recall and F1 of each digit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from digitlab.config import DIGITS

Integers = npt.NDArray[np.integer[Any]]
Counts = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.floating[Any]]
Order = Literal["certain", "unsure", "close"]
_ALL_DIGITS = np.arange(DIGITS)

Grid = tuple[tuple["SamplePrediction | None", ...], ...]


@dataclass(frozen=True)
class SamplePrediction:
    """A sample's index in its set, its digit, the predicted digit, and the probability of that."""

    index: int
    truth: int
    predicted: int
    confidence: float


@dataclass(frozen=True)
class Mistake(SamplePrediction):
    """A misclassified sample."""


@dataclass(frozen=True)
class Rates:
    """Precision, recall and F1, 0 to 1; None where they are undefined.

    Precision: the share of the samples predicted as a digit that are it. Recall: the share of the
    samples of a digit that are predicted as it. F1: their harmonic mean.
    """

    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class DigitScores(Rates):
    """The scores of one digit; ``support`` is its number of samples."""

    digit: int
    support: int


def mistakes(labels: Integers, probabilities: Probabilities) -> list[Mistake]:
    """The samples that probabilities (N, 10) misclassify, given their ``labels`` (N,).

    The most confident come first; among equals, the first in the set.
    """
    return misclassified(labels, probabilities.argmax(axis=1), probabilities.max(axis=1))


def misclassified(
    labels: Integers, predicted: Integers, confidence: Probabilities
) -> list[Mistake]:
    """The same from each sample's predicted digit, (N,), and confidence, 0 to 1 (N,)."""
    wrong = np.flatnonzero(labels != predicted)
    order = wrong[np.argsort(-confidence[wrong], kind="stable")]
    return [Mistake(int(i), int(labels[i]), int(predicted[i]), float(confidence[i])) for i in order]


def cell(
    labels: Integers, probabilities: Probabilities, truth: int, predicted: int
) -> list[SamplePrediction]:
    """The samples of one cell of the confusion matrix, from probabilities (N, 10).

    The most confident mistakes come first; of correct predictions, the least confident.
    """
    confidence = probabilities.max(axis=1)
    found = np.flatnonzero((labels == truth) & (probabilities.argmax(axis=1) == predicted))
    sign = 1 if truth == predicted else -1
    order = found[np.argsort(sign * confidence[found], kind="stable")]
    return [SamplePrediction(int(i), truth, predicted, float(confidence[i])) for i in order]


def margins(probabilities: Probabilities) -> Probabilities:
    """The best of ten probabilities (N, 10) minus the second best, (N,): 0 is a tie."""
    second, best = np.partition(probabilities, DIGITS - 2, axis=1)[:, -2:].T
    return np.asarray(best - second)


def wanted(
    found: Iterable[Mistake],
    *,
    truth: int | None = None,
    predicted: int | None = None,
    least: float = 0.0,
    most: float = 1.0,
) -> list[Mistake]:
    """Those of a true digit, a predicted digit (None: any) and a confidence from least to most."""
    return [
        m
        for m in found
        if truth in (None, m.truth)
        and predicted in (None, m.predicted)
        and least <= m.confidence <= most
    ]


def arranged(found: Iterable[Mistake], order: Order, probabilities: Probabilities) -> list[Mistake]:
    """Sorted by descending or ascending confidence, or by ascending margin ("close").

    ``probabilities`` (N, 10) are the set's. Among equals the first in the set comes first.
    """
    by_index = sorted(found, key=lambda m: m.index)
    if order == "close":
        keys = margins(probabilities[[m.index for m in by_index]])
    else:
        sign = -1 if order == "certain" else 1
        keys = np.array([sign * m.confidence for m in by_index])
    return [by_index[place] for place in np.argsort(keys, kind="stable")]


def about(found: Iterable[Mistake], digit: int) -> list[Mistake]:
    """Those whose true or predicted digit is ``digit``."""
    return [m for m in found if digit in (m.truth, m.predicted)]


def confusion(labels: Integers, predicted: Integers) -> Counts:
    """The confusion matrix, int64 (10, 10): rows are true digits, columns predicted ones."""
    from sklearn.metrics import confusion_matrix

    return np.asarray(confusion_matrix(labels, predicted, labels=_ALL_DIGITS), np.int64)


def worst(matrix: Counts) -> tuple[int, int] | None:
    """True and predicted digit of the first of the largest cells off the diagonal, or None."""
    wrong = matrix - np.diag(matrix.diagonal())
    truth, predicted = divmod(int(wrong.argmax()), DIGITS)
    return (truth, predicted) if wrong[truth, predicted] else None


def per_digit(labels: Integers, predicted: Integers) -> tuple[DigitScores, ...]:
    """Precision, recall and F1 of each of the ten digits."""
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(
        labels, predicted, labels=_ALL_DIGITS, zero_division=np.nan
    )
    return tuple(
        DigitScores(_share(precision), _share(recall), _share(f1), digit, int(support))
        for digit, (precision, recall, f1, support) in enumerate(zip(*columns, strict=True))
    )


def _share(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def macro(scores: Sequence[DigitScores]) -> Rates:
    """The macro average over the digits.

    A digit that has samples and is never predicted counts with a precision of 0, as in
    scikit-learn's average; one without samples is left out.
    """
    precisions = [0.0 if s.precision is None and s.support else s.precision for s in scores]
    columns = (precisions, [s.recall for s in scores], [s.f1 for s in scores])
    there = [[share for share in column if share is not None] for column in columns]
    return Rates(*(sum(shares) / len(shares) if shares else None for shares in there))


def sheet(
    found: Sequence[Mistake], rows: int = 5, seed: int = 0
) -> tuple[tuple[Mistake, ...], ...]:
    """The lesson's sheet: for each digit a column of up to ``rows`` of its mistakes, at random.

    No sample comes twice, and a column with fewer mistakes is shorter. The same ``seed`` gives the
    same sheet.
    """
    rng = np.random.default_rng(seed)
    columns = ([m for m in found if m.truth == digit] for digit in range(DIGITS))
    return tuple(
        tuple(column[i] for i in rng.permutation(len(column))[:rows]) for column in columns
    )


def drawn(found: Sequence[Mistake], count: int, seed: int = 0) -> list[Mistake]:
    """A random sample of up to ``count`` of them, in their own order."""
    places = np.random.default_rng(seed).permutation(len(found))[:count]
    return [found[i] for i in sorted(places)]


def in_rows(found: Sequence[SamplePrediction], columns: int, rows: int | None = None) -> Grid:
    """The places of a sheet, row by row; those after the last sample are None.

    There are as many ``rows`` as are needed by default; samples that do not fit are left out.
    """
    count = -(-len(found) // columns) if rows is None else rows
    places = [*found[: count * columns], *[None] * (count * columns - len(found))]
    return tuple(tuple(places[row * columns :][:columns]) for row in range(count))


def upright(columns: Iterable[Sequence[SamplePrediction]], rows: int = 5) -> Grid:
    """The same from a sheet's columns, each cut to ``rows``."""
    padded = [[*column[:rows], *[None] * (rows - len(column))] for column in columns]
    return tuple(zip(*padded, strict=True))
