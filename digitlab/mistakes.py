"""Where a network fails: the samples it misreads, and how it does digit by digit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.config import DIGITS

Integers = npt.NDArray[np.integer[Any]]
Counts = npt.NDArray[np.int64]

_ALL_DIGITS = np.arange(DIGITS)


@dataclass(frozen=True)
class Mistake:
    """A sample read as another digit than it is, and the probability that was given to that."""

    index: int
    truth: int
    read_as: int
    certainty: float


@dataclass(frozen=True)
class DigitScores:
    """How one digit is read; a share is None where there is nothing to take a share of.

    Precision: of what is read as this digit, how much is it. Recall: of what is this digit, how
    much is read so. F1: their harmonic mean. Support: how many samples are this digit.
    """

    digit: int
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


def mistakes(labels: Integers, probabilities: npt.NDArray[np.floating[Any]]) -> list[Mistake]:
    """The samples that probabilities (N, 10) read otherwise than ``labels`` (N,) says.

    The most certain come first; among equals, the first in the set.
    """
    return misread(labels, probabilities.argmax(axis=1), probabilities.max(axis=1))


def misread(
    labels: Integers, read_as: Integers, certainty: npt.NDArray[np.floating[Any]]
) -> list[Mistake]:
    """The same from what each sample is read as, (N,), and how surely, 0 to 1 (N,)."""
    wrong = np.flatnonzero(labels != read_as)
    order = wrong[np.argsort(-certainty[wrong], kind="stable")]
    return [Mistake(int(i), int(labels[i]), int(read_as[i]), float(certainty[i])) for i in order]


def misread_per_digit(labels: Integers, read_as: Integers) -> Counts:
    """How many samples of each digit are read as another one, int64 (10,)."""
    return np.bincount(labels[labels != read_as], minlength=DIGITS).astype(np.int64)


def confusion(labels: Integers, read_as: Integers) -> Counts:
    """How often each digit (row) is read as each digit (column), int64 (10, 10)."""
    from sklearn.metrics import confusion_matrix

    matrix = confusion_matrix(labels, read_as, labels=_ALL_DIGITS)
    return np.asarray(matrix, np.int64)


def per_digit(labels: Integers, read_as: Integers) -> tuple[DigitScores, ...]:
    """Precision, recall and F1 of each of the ten digits."""
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(
        labels, read_as, labels=_ALL_DIGITS, zero_division=np.nan
    )
    return tuple(
        DigitScores(digit, _share(precision), _share(recall), _share(f1), int(support))
        for digit, (precision, recall, f1, support) in enumerate(zip(*columns, strict=True))
    )


def _share(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def sheet(
    found: Sequence[Mistake], rows: int = 5, seed: int = 0
) -> tuple[tuple[Mistake, ...], ...]:
    """The lesson's sheet: a column a digit, up to ``rows`` of its mistakes in each, at random.

    No sample comes twice, and a column with fewer mistakes is shorter. The same ``seed`` draws
    the same sheet.
    """
    rng = np.random.default_rng(seed)
    columns = ([m for m in found if m.truth == digit] for digit in range(DIGITS))
    return tuple(
        tuple(column[i] for i in rng.permutation(len(column))[:rows]) for column in columns
    )
