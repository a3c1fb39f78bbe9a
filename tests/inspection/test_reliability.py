from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.calibration import calibration_curve

from digitlab.inspection.reliability import EDGES, EQUAL_EDGES, bin_numbers, reliability

RNG = np.random.default_rng(4)


LABELS = RNG.integers(0, 10, 2_000)
LOGITS = RNG.normal(size=(2_000, 10)) + 3 * np.eye(10)[LABELS] * RNG.random((2_000, 1))
PROBABILITIES = softmax(2 * LOGITS, axis=1).astype(np.float32)


@pytest.mark.parametrize("edges", [EDGES, EQUAL_EDGES])
def test_the_bins_hold_the_samples_between_their_edges(edges: tuple[float, ...]) -> None:
    measured = reliability(LABELS, PROBABILITIES, edges)
    bins = measured.bins
    error, widest = 0.0, 0.0
    for low, high, found in zip(edges[:-1], edges[1:], bins, strict=True):
        confidence = PROBABILITIES.max(axis=1)
        inside = (np.float32(low) < confidence) & (confidence <= np.float32(high))
        sure = confidence[inside].astype(float)
        right = int((PROBABILITIES.argmax(axis=1) == LABELS)[inside].sum())
        assert (found.low, found.high) == (low, high)
        assert (found.count, found.right) == (len(sure), right)
        if len(sure):
            assert found.confidence == pytest.approx(np.mean(sure))
            assert found.accuracy == right / len(sure)
            gap = abs(right / len(sure) - np.mean(sure))
            error += len(sure) / len(LABELS) * gap
            widest = max(widest, gap)

    assert measured.expected_error == pytest.approx(error)
    assert abs(measured.widest.gap) == pytest.approx(widest)
    assert sum(each.count for each in bins) == len(LABELS)


def test_the_curve_is_that_of_scikit_learn_for_was_it_right() -> None:
    right = PROBABILITIES.argmax(axis=1) == LABELS
    shares, confidences = calibration_curve(right, PROBABILITIES.max(axis=1), n_bins=15)

    filled = [each for each in reliability(LABELS, PROBABILITIES, EQUAL_EDGES).bins if each.count]

    np.testing.assert_allclose([each.accuracy for each in filled], shares)
    np.testing.assert_allclose([each.confidence for each in filled], confidences, rtol=1e-6)


def test_a_certainty_on_an_edge_belongs_below_it() -> None:
    rows = np.zeros((4, 10), np.float32)
    rows[:, 3] = [0.9, np.nextafter(np.float32(0.9), np.float32(1)), 0.95, 1.0]

    assert [EDGES[place] for place in bin_numbers(rows)] == [0.8, 0.9, 0.9, 0.999]


def test_a_network_as_right_as_it_is_certain_has_no_error_and_a_boaster_much() -> None:
    rows = np.full((100, 10), 0.25 / 9)
    rows[:, 0] = 0.75
    labels = np.array([0] * 75 + [1] * 25)

    honest, boasting = reliability(labels, rows), reliability(np.ones(100, int), rows)

    assert honest.expected_error == pytest.approx(0)
    assert boasting.expected_error == pytest.approx(0.75)
    assert boasting.widest.gap == pytest.approx(0.75)


def test_an_empty_bin_has_no_shares_and_no_gap() -> None:
    first = reliability(LABELS[:1], np.eye(10)[:1]).bins[0]
    assert (first.count, first.confidence, first.accuracy, first.gap) == (0, None, None, 0.0)
    with pytest.raises(ValueError, match="no samples"):
        reliability(LABELS[:0], PROBABILITIES[:0])
