from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from digitlab.inspection.comparison import compare, mcnemar, percent, verdict

COUNTS = [(1, 0), (6, 0), (0, 6), (5, 5), (34, 21), (21, 34), (2, 88), (400, 401), (900, 700)]


@pytest.mark.parametrize(("mended", "broken"), COUNTS)
def test_mcnemar_is_the_exact_binomial_test(mended: int, broken: int) -> None:
    expected = binomtest(mended, mended + broken, 0.5).pvalue
    assert mcnemar(mended, broken) == pytest.approx(expected, rel=1e-9)


def test_six_heads_in_a_row_come_by_chance_once_in_32_and_thousands_are_no_harder() -> None:
    assert mcnemar(0, 0) == 1
    assert mcnemar(6, 0) == 2 / 64
    assert mcnemar(9_000, 1_000) == pytest.approx(0, abs=1e-300)
    assert mcnemar(5_000, 5_000) == 1.0


def test_every_sample_is_in_one_of_the_four_places() -> None:
    labels = np.array([1, 2, 3, 4, 5, 6])
    found = compare(labels, np.array([1, 0, 3, 0, 5, 0]), np.array([1, 2, 0, 4, 5, 7]))
    assert found.mended.tolist() == [1, 3]
    assert found.broken.tolist() == [2]
    assert (found.both_right, found.both_wrong, found.count) == (2, 1, 6)
    with pytest.raises(ValueError, match="readings"):
        compare(labels, labels, labels[:5])


@pytest.mark.parametrize(
    ("mended", "broken", "said"),
    [
        (34, 21, "mends 34 and breaks 21"),
        (34, 21, "in 10% of such comparisons: **no clear difference**"),
        (40, 10, "**the second is clearly better**"),
        (10, 40, "**the first is clearly better**"),
        (0, 0, "right on the same samples"),
        (5, 5, "in 100% of such comparisons: **no clear difference**"),
    ],
)
def test_the_result_is_a_sentence(mended: int, broken: int, said: str) -> None:
    labels = np.ones(100, int)
    first, second = labels.copy(), labels.copy()
    first[:mended] = 0
    second[mended : mended + broken] = 0
    assert said in str(verdict(compare(labels, first, second)))


def test_a_chance_is_never_said_to_be_none() -> None:
    said = [str(percent(share)) for share in (1e-9, 0.0123, 0.1, 0.99999)]
    assert said == ["less than 0.01%", "1.2%", "10%", "100%"]
