"""Compares two networks on one test set; McNemar's test says whether the difference is chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.messages import Message, mark, message

Integers = npt.NDArray[np.integer[Any]]

CLEAR = 0.05  # the significance level: below it a difference is called clear


@dataclass(frozen=True, eq=False)
class Comparison:
    """The samples of one test set, by which of two networks predicts them correctly.

    ``mended`` and ``broken`` are ascending indices into the set: of samples that are wrong first
    and right second, and the reverse. The others are only counted.
    """

    mended: npt.NDArray[np.intp]
    broken: npt.NDArray[np.intp]
    both_right: int
    both_wrong: int

    @property
    def count(self) -> int:
        """How many samples there are."""
        return len(self.mended) + len(self.broken) + self.both_right + self.both_wrong

    @property
    def p_value(self) -> float:
        """``mcnemar`` of what is mended and broken."""
        return mcnemar(len(self.mended), len(self.broken))


def compare(labels: Integers, first: Integers, second: Integers) -> Comparison:
    """Compare the digits (N,) that two networks predict for samples with ``labels`` (N,).

    Raises:
        ValueError: the three are not of one length.
    """
    if not labels.shape == first.shape == second.shape:
        raise ValueError(f"{labels.shape} labels, {first.shape} and {second.shape} readings")
    was, now = first == labels, second == labels
    return Comparison(
        mended=np.flatnonzero(~was & now),
        broken=np.flatnonzero(was & ~now),
        both_right=int((was & now).sum()),
        both_wrong=int((~was & ~now).sum()),
    )


def mcnemar(mended: int, broken: int) -> float:
    """The p-value of McNemar's exact, two-sided test, 0 to 1.

    If neither network were better, each sample that only one of them predicts correctly would be a
    toss of a coin; the p-value is how often that gives a difference this large or larger.
    Sources: Q. McNemar, "Note on the sampling error of the difference between correlated
    proportions or percentages", Psychometrika 12 (1947); for comparing classifiers, T. G.
    Dietterich, "Approximate statistical tests for comparing supervised classification learning
    algorithms", Neural Computation 10 (1998).

    The sum is made in integers, so it is exact; SciPy's ``binomtest`` is ten times slower, and
    takes a second to load.
    """
    tosses = mended + broken
    ways = fewer = 1  # to toss 0 heads, then 1, 2 ... up to the smaller of the two counts
    for heads in range(1, min(mended, broken) + 1):
        ways = ways * (tosses - heads + 1) // heads
        fewer += ways
    return min(1.0, 2 * fewer / (1 << tosses))


def verdict(found: Comparison) -> Message:
    """The test's result in a sentence, with the counts it comes from."""
    mended, broken = len(found.mended), len(found.broken)
    if not mended + broken:
        return message(
            "Both networks are right on the same samples: on this test set there is no difference."
        )
    if found.p_value >= CLEAR:
        said = mark(
            "The second network mends {mended} and breaks {broken}. If neither were better, chance "
            "alone would make a difference this large or larger in {share} of such comparisons: "
            "**no clear difference**."
        )
    elif mended > broken:
        said = mark(
            "The second network mends {mended} and breaks {broken}. If neither were better, chance "
            "alone would make a difference this large or larger in {share} of such comparisons: "
            "**the second is clearly better**."
        )
    else:
        said = mark(
            "The second network mends {mended} and breaks {broken}. If neither were better, chance "
            "alone would make a difference this large or larger in {share} of such comparisons: "
            "**the first is clearly better**."
        )
    counts = {"mended": f"{mended:,}", "broken": f"{broken:,}"}
    return message(said, **counts, share=percent(found.p_value))


def percent(share: float) -> Message | str:
    """A p-value in percent with two significant digits, and never 0%."""
    if share < 0.0001:
        return message("less than 0.01%")
    return f"{100 * share:.2g}%" if share < 0.995 else "100%"
