import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import binomtest

from digitlab.scores import score, wilson

LOSSES = ("sparse_categorical_crossentropy", "categorical_crossentropy", "mean_squared_error")


def _softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("spread", [0.1, 3, 10], ids=["unsure", "trained", "sure of all"])
@pytest.mark.parametrize("loss", LOSSES)
def test_scores_are_those_that_keras_evaluates(loss: str, spread: float) -> None:
    keras = pytest.importorskip("keras")
    rng = np.random.default_rng(5)
    sums = rng.normal(0, spread, (500, 10)).astype(np.float32)
    labels = rng.integers(0, 10, 500).astype(np.uint8)
    targets = labels.astype(np.int32) if "sparse" in loss else np.eye(10, dtype="float32")[labels]
    model = keras.Sequential([keras.Input((10,)), keras.layers.Activation("softmax")])
    model.compile(loss=loss, metrics=["accuracy"], jit_compile=False)
    expected, accuracy = model.evaluate(sums, targets, verbose=0)

    ours = score(loss, labels, model.predict(sums, verbose=0))
    assert ours.loss == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert ours.accuracy == pytest.approx(accuracy, abs=1e-6)


@pytest.mark.parametrize(
    ("loss", "expected"), [*zip(LOSSES, (math.log(10), math.log(10), 0.09), strict=True)]
)
def test_an_untrained_network_scores_chance(loss: str, expected: float) -> None:
    labels = np.arange(10)
    scores = score(loss, labels, np.full((10, 10), 0.1, np.float32))
    assert scores.loss == pytest.approx(expected, abs=1e-6)
    assert scores.accuracy == 0.1  # argmax takes the first of equals


def test_certainty_in_the_wrong_digit_stays_finite() -> None:
    wrong = np.eye(10)[[1]]
    for loss in LOSSES[:2]:
        assert score(loss, np.array([0]), wrong).loss == pytest.approx(87.34, abs=0.01)
    assert score(LOSSES[2], np.array([0]), wrong).loss == pytest.approx(0.2)


def test_a_network_that_diverged_has_no_loss() -> None:
    diverged = np.full((3, 10), np.nan, np.float32)
    assert all(math.isnan(score(loss, np.array([1, 2, 3]), diverged).loss) for loss in LOSSES)


def test_many_images_lose_no_precision() -> None:
    probabilities = np.tile(_softmax(np.arange(10.0)[np.newaxis]), (60_000, 1))
    labels = np.full(60_000, 9)
    one = score("categorical_crossentropy", labels[:1], probabilities[:1])
    assert score("categorical_crossentropy", labels, probabilities).loss == pytest.approx(
        one.loss, rel=1e-12
    )


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="no loss is called hinge"):
        score("hinge", np.array([1]), np.full((1, 10), 0.1))
    for labels, shape in ((2, (1, 10)), (1, (1, 9)), (0, (0, 10))):
        with pytest.raises(ValueError, match="do not fit"):
            score(LOSSES[0], np.zeros(labels, int), np.full(shape, 0.1))


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(
    ("right", "count"), [(0, 1), (1, 1), (993, 1000), (1000, 1000), (0, 50), (9919, 10_000), (5, 9)]
)
def test_the_interval_is_that_of_scipy(right: int, count: int, confidence: float) -> None:
    expected = binomtest(right, count).proportion_ci(confidence, method="wilson")
    assert wilson(right, count, confidence) == pytest.approx((expected.low, expected.high))


def test_the_interval_never_leaves_the_shares_there_are() -> None:
    for right in (0, 3):
        low, high = wilson(right, 3)
        assert 0 <= low < high <= 1


@pytest.mark.parametrize(("right", "count"), [(1, 0), (0, 0), (-1, 5), (6, 5)])
def test_an_interval_of_no_share_is_refused(right: int, count: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(right, count)
