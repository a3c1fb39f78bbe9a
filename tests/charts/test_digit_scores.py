import numpy as np
import pytest
from checked import T, checked

from digitlab.charts.digit_scores import digit_scores, scores_axis_start
from digitlab.inspection.metrics import DigitScores, per_digit

LABELS = np.repeat(np.arange(10), 50)


def test_each_digit_has_its_three_shares() -> None:
    predicted = LABELS.copy()
    predicted[::7] = 3
    scores = per_digit(LABELS, predicted)
    precision, recall, f1 = checked(digit_scores(scores, T)).data
    assert list(precision.y) == [s.precision for s in scores]
    assert list(recall.y) == [s.recall for s in scores]
    assert list(f1.y) == [s.f1 for s in scores]
    for dots in (precision, recall, f1):
        assert [round(x) for x in dots.x] == list(dots.customdata) == list(range(10))
    assert len({dots.marker.symbol for dots in (precision, recall, f1)}) == 3


def test_a_share_of_nothing_has_no_dot() -> None:
    scores = [DigitScores(None, 0.5, None, 0, 10), *per_digit(LABELS, LABELS)[1:]]
    precision, recall, _ = checked(digit_scores(scores, T)).data
    assert list(precision.customdata) == list(range(1, 10))
    assert list(recall.customdata) == list(range(10))


@pytest.mark.parametrize(
    ("lowest", "least"),
    [
        (1.0, 0.99),
        (0.991, 0.99),
        (0.985, 0.98),
        (0.96, 0.96),
        (0.93, 0.92),
        (0.78, 0.75),
        (0.51, 0.5),
        (0.3, 0.2),
        (0.0, 0.0),
    ],
)
def test_the_axis_begins_close_below_the_lowest_share_and_says_where(
    lowest: float, least: float
) -> None:
    scores = [DigitScores(1.0, lowest, 1.0, digit, 10) for digit in range(10)]
    assert scores_axis_start(scores) == pytest.approx(least)
    axis = checked(digit_scores(scores, T)).layout.yaxis
    assert axis.range[0] <= lowest <= 1 <= axis.range[1]
    assert axis.title.text == (f"share (from {least:.0%})" if least else "share")
