import subprocess
import sys

import numpy as np
import pytest
from sklearn import metrics

from digitlab.mistakes import (
    Mistake,
    confusion,
    misread,
    misread_per_digit,
    mistakes,
    per_digit,
    sheet,
)

RNG = np.random.default_rng(3)
LABELS = RNG.integers(0, 10, 400).astype(np.uint8)
PROBABILITIES = RNG.dirichlet(np.ones(10), 400).astype(np.float32)
READ_AS = PROBABILITIES.argmax(axis=1)


def test_mistakes_are_found_most_certain_first() -> None:
    probabilities = np.full((4, 10), 0.01)
    for row, (digit, certainty) in enumerate([(3, 0.6), (5, 0.9), (7, 0.8), (1, 0.8)]):
        probabilities[row, digit] = certainty
    assert mistakes(np.array([3, 4, 4, 0], np.uint8), probabilities) == [
        Mistake(index=1, truth=4, read_as=5, certainty=0.9),
        Mistake(index=2, truth=4, read_as=7, certainty=0.8),
        Mistake(index=3, truth=0, read_as=1, certainty=0.8),
    ]


def test_probabilities_and_readings_give_the_same_mistakes() -> None:
    found = mistakes(LABELS, PROBABILITIES)
    assert found == misread(LABELS, READ_AS.astype(np.uint8), PROBABILITIES.max(axis=1))
    assert {m.index for m in found} == set(np.flatnonzero(LABELS != READ_AS))
    assert [m.certainty for m in found] == sorted((m.certainty for m in found), reverse=True)


def test_a_perfect_network_makes_no_mistakes() -> None:
    perfect = np.eye(10, dtype=np.float32)[LABELS]
    assert mistakes(LABELS, perfect) == []
    assert sheet([]) == ((),) * 10
    assert misread_per_digit(LABELS, LABELS).tolist() == [0] * 10


def test_confusion_has_the_truth_in_rows() -> None:
    matrix = confusion(np.array([4, 4, 9]), np.array([9, 9, 4]))
    assert matrix.shape == (10, 10)
    assert matrix.dtype == np.int64
    assert (matrix[4, 9], matrix[9, 4], matrix.sum()) == (2, 1, 3)


def test_the_misread_of_each_digit_are_what_is_off_the_diagonal() -> None:
    matrix = confusion(LABELS, READ_AS)
    expected = matrix.sum(axis=1) - matrix.diagonal()
    np.testing.assert_array_equal(misread_per_digit(LABELS, READ_AS), expected)


def test_shares_are_those_of_each_digit_against_the_rest() -> None:
    for scores in per_digit(LABELS, READ_AS):
        truth, read = scores.digit == LABELS, scores.digit == READ_AS
        assert scores.precision == pytest.approx(metrics.precision_score(truth, read))
        assert scores.recall == pytest.approx(metrics.recall_score(truth, read))
        assert scores.f1 == pytest.approx(metrics.f1_score(truth, read))
        assert scores.support == truth.sum()


def test_a_share_of_nothing_is_none() -> None:
    scores = per_digit(np.array([1, 1, 2]), np.array([1, 3, 1]))
    assert (scores[1].precision, scores[1].recall, scores[1].f1) == (0.5, 0.5, 0.5)
    assert (scores[2].precision, scores[2].recall, scores[2].support) == (None, 0.0, 1)
    assert (scores[3].precision, scores[3].recall, scores[3].support) == (0.0, None, 0)
    assert (scores[9].precision, scores[9].recall, scores[9].f1) == (None, None, None)


def test_a_sheet_has_a_column_a_digit_and_repeats_no_sample() -> None:
    found = mistakes(LABELS, PROBABILITIES)
    columns = sheet(found)
    assert len(columns) == 10
    for digit, column in enumerate(columns):
        assert {m.truth for m in column} == {digit}
        assert len({m.index for m in column}) == len(column) == 5
        assert set(column) <= set(found)


def test_places_without_a_mistake_stay_empty() -> None:
    few = [Mistake(i, 8, 3, 0.5) for i in range(3)] + [Mistake(9, 0, 6, 0.5)]
    assert [len(column) for column in sheet(few, rows=2)] == [1, 0, 0, 0, 0, 0, 0, 0, 2, 0]


def test_a_seed_draws_the_same_sheet_again_and_another_seed_another() -> None:
    found = mistakes(LABELS, PROBABILITIES)
    assert sheet(found, seed=1) == sheet(found, seed=1)
    assert sheet(found, seed=1) != sheet(found, seed=2)


def test_scikit_learn_is_loaded_only_when_it_is_needed() -> None:
    check = "import sys, digitlab.mistakes, digitlab.scores; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
