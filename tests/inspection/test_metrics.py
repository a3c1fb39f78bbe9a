import subprocess
import sys

import numpy as np
import pytest
from sklearn import metrics as sklearn

from digitlab.inspection import metrics
from digitlab.inspection.metrics import Mistake, in_rows, mistakes, per_digit, sheet, wanted

RNG = np.random.default_rng(3)
LABELS = RNG.integers(0, 10, 400).astype(np.uint8)
PROBABILITIES = RNG.dirichlet(np.ones(10), 400).astype(np.float32)
READ_AS = PROBABILITIES.argmax(axis=1)
FOUND = mistakes(LABELS, PROBABILITIES)
FOUR = [*(Mistake(i, 8, 3, 0.5) for i in range(3)), Mistake(9, 0, 6, 0.5)]


def test_mistakes_are_found_most_certain_first() -> None:
    probabilities = np.full((4, 10), 0.01)
    for row, (digit, confidence) in enumerate([(3, 0.6), (5, 0.9), (7, 0.8), (1, 0.8)]):
        probabilities[row, digit] = confidence
    assert mistakes(np.array([3, 4, 4, 0], np.uint8), probabilities) == [
        Mistake(index=1, truth=4, predicted=5, confidence=0.9),
        Mistake(index=2, truth=4, predicted=7, confidence=0.8),
        Mistake(index=3, truth=0, predicted=1, confidence=0.8),
    ]


def test_probabilities_and_readings_give_the_same_mistakes() -> None:
    confidence = PROBABILITIES.max(axis=1)
    assert metrics.misclassified(LABELS, READ_AS.astype(np.uint8), confidence) == FOUND
    assert {m.index for m in FOUND} == set(np.flatnonzero(LABELS != READ_AS))


def test_a_perfect_network_makes_no_mistakes() -> None:
    assert mistakes(LABELS, np.eye(10, dtype=np.float32)[LABELS]) == []
    assert sheet([]) == ((),) * 10


@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_confusion_is_that_of_scikit_learn_with_the_truth_in_rows(dtype: type) -> None:
    matrix = metrics.confusion(LABELS, READ_AS.astype(dtype))
    assert matrix.dtype == np.int64
    expected = sklearn.confusion_matrix(LABELS, READ_AS, labels=range(10))
    np.testing.assert_array_equal(matrix, expected)


def test_the_worst_field_is_off_the_diagonal() -> None:
    matrix = metrics.confusion(np.array([4, 4, 4, 9, 9, 1]), np.array([4, 4, 4, 4, 4, 2]))
    assert metrics.worst(matrix) == (9, 4)
    assert metrics.worst(np.diag(np.arange(10))) is None


@pytest.mark.parametrize("digits", [10, 7], ids=["all digits", "some never there"])
def test_shares_and_their_means_are_those_of_scikit_learn(digits: int) -> None:
    labels, predicted = LABELS % digits, READ_AS % (digits + 1)
    scores = per_digit(labels, predicted)
    asked = {"labels": range(10), "zero_division": np.nan}
    expected = sklearn.precision_recall_fscore_support(labels, predicted, **asked)
    ours = [[s.precision, s.recall, s.f1, s.support] for s in scores]
    np.testing.assert_allclose(np.array(ours, float), np.array(expected).T)
    assert [s.digit for s in scores] == list(range(10))
    means = sklearn.precision_recall_fscore_support(labels, predicted, average="macro", **asked)
    mean = metrics.macro(scores)
    np.testing.assert_allclose([mean.precision, mean.recall, mean.f1], means[:3])


def test_a_digit_that_is_never_read_counts_in_the_mean_as_scikit_learn_counts_it() -> None:
    labels, always_one = np.arange(10), np.ones(10, int)
    mean = metrics.macro(per_digit(labels, always_one))
    expected = sklearn.precision_score(labels, always_one, average="macro", zero_division=0)
    assert mean.precision == pytest.approx(expected)


def test_a_share_of_nothing_is_none() -> None:
    scores = per_digit(np.array([1, 1, 2]), np.array([1, 3, 1]))
    assert (scores[1].precision, scores[1].recall, scores[1].f1) == (0.5, 0.5, 0.5)
    assert (scores[2].precision, scores[2].recall, scores[2].support) == (None, 0.0, 1)
    assert (scores[3].precision, scores[3].recall, scores[3].support) == (0.0, None, 0)
    assert (scores[9].precision, scores[9].recall, scores[9].f1) == (None, None, None)


def test_a_sheet_has_a_column_a_digit_and_repeats_no_sample() -> None:
    columns = sheet(FOUND, seed=1)
    assert len(columns) == 10
    for digit, column in enumerate(columns):
        assert {m.truth for m in column} == {digit}
        assert len({m.index for m in column}) == len(column) == 5
        assert set(column) <= set(FOUND)
    assert [len(column) for column in sheet(FOUR, rows=2)] == [1, 0, 0, 0, 0, 0, 0, 0, 2, 0]
    assert columns == sheet(FOUND, seed=1) != sheet(FOUND, seed=2)


@pytest.mark.parametrize(("truth", "predicted"), [(3, 5), (6, 6)])
def test_a_field_holds_its_samples_the_telling_ones_first(truth: int, predicted: int) -> None:
    found = metrics.cell(LABELS, PROBABILITIES, truth, predicted)
    expected = np.flatnonzero((truth == LABELS) & (predicted == READ_AS))
    assert {m.index for m in found} == set(expected)
    confidences = [m.confidence for m in found]
    assert confidences == sorted(confidences, reverse=truth != predicted)
    assert len(found) > 1


def test_what_is_wanted_is_kept_in_its_order() -> None:
    assert wanted(FOUND) == FOUND
    assert wanted(FOUND, truth=0) == [m for m in FOUND if m.truth == 0]  # 0 is a digit, not "any"
    both = wanted(FOUND, truth=4, predicted=9)
    assert {(m.truth, m.predicted) for m in both} == {(4, 9)}
    some = wanted(FOUND, least=0.3, most=0.5)
    assert 0 < len(some) < len(FOUND)
    assert all(0.3 <= m.confidence <= 0.5 for m in some)
    assert wanted(FOUND, least=FOUND[0].confidence, most=1) == FOUND[:1]


def test_mistakes_are_arranged_by_certainty_or_by_the_boundary() -> None:
    assert metrics.arranged(FOUND[::-1], "certain", PROBABILITIES) == FOUND
    confidences = [m.confidence for m in metrics.arranged(FOUND, "unsure", PROBABILITIES)]
    assert confidences == sorted(confidences)
    near = metrics.arranged(FOUND, "close", PROBABILITIES)
    assert set(near) == set(FOUND)
    ahead = metrics.margins(PROBABILITIES)[[m.index for m in near]]
    assert ahead.tolist() == sorted(ahead.tolist())
    for order in ("certain", "unsure", "close"):
        assert metrics.arranged([], order, PROBABILITIES) == []


def test_a_margin_is_the_best_less_the_second() -> None:
    ordered = np.sort(PROBABILITIES, axis=1)
    np.testing.assert_array_equal(metrics.margins(PROBABILITIES), ordered[:, -1] - ordered[:, -2])
    assert metrics.margins(np.full((1, 10), 0.1)) == [0]


def test_the_misread_8s_are_8s_and_what_is_taken_for_one() -> None:
    eights = metrics.about(FOUND, 8)
    assert eights == [m for m in FOUND if m.truth == 8 or m.predicted == 8]
    some = metrics.drawn(eights, 32, seed=3)
    assert len({m.index for m in some}) == len(some) == 32
    assert some == [m for m in eights if m in some]
    assert metrics.drawn(eights, 32, seed=3) == some != metrics.drawn(eights, 32, seed=4)
    assert metrics.drawn(eights[:5], 32) == eights[:5]


def test_a_sheet_in_rows_ends_with_empty_places() -> None:
    places = in_rows(FOUND[:11], 8, 4)
    assert [len(row) for row in places] == [8] * 4
    assert [sample for row in places for sample in row] == [*FOUND[:11], *[None] * 21]
    assert in_rows(FOUND[:40], 8, 4) == in_rows(FOUND[:32], 8)
    assert [len(row) for row in in_rows(FOUND[:21], 10)] == [10, 10, 10]
    assert in_rows([], 10) == ()


def test_columns_turned_upright_keep_their_columns() -> None:
    columns = sheet(FOUR)
    places = metrics.upright(columns)
    assert [len(row) for row in places] == [10] * 5
    for row, samples in enumerate(places):
        for digit, sample in enumerate(samples):
            assert sample == (columns[digit][row] if row < len(columns[digit]) else None)


def test_scikit_learn_is_loaded_at_the_first_need_and_not_before() -> None:
    """It takes a second, which no page's first view has."""
    check = "import sys, digitlab.inspection.metrics; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
