from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import recall_score

from digitlab.config import RunConfig
from digitlab.inspection import journey
from digitlab.inspection.journey import Journey
from digitlab.store import DataSetInfo, Store, StoreError

RNG = np.random.default_rng(7)
LABELS = RNG.integers(0, 10, 300).astype(np.uint8)


def reading(digits: np.ndarray) -> bytes:
    """A file as the trainer writes it."""
    buffer = io.BytesIO()
    np.savez(buffer, digit=digits.astype(np.uint8), certainty=np.ones(len(digits), np.float16))
    return buffer.getvalue()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def run(store: Store) -> str:
    digits = DataSetInfo("sample", "0" * 64, 10, 0, len(LABELS))
    return store.add("ada", "engine", RunConfig(), None, 1, digits).id


def test_accuracy_by_digit_is_scikit_learns_recall() -> None:
    predicted = RNG.integers(0, 10, (3, len(LABELS))).astype(np.uint8)
    found = Journey((0, 1, 2), predicted, LABELS)

    expected = [recall_score(LABELS, row, labels=range(10), average=None) for row in predicted]

    np.testing.assert_allclose(found.accuracy_by_digit(), expected)
    np.testing.assert_allclose(found.accuracy(), (predicted == LABELS).mean(axis=1))


def test_a_digit_without_samples_has_no_share() -> None:
    labels = np.array([0, 0, 1])
    shares = Journey((0,), np.array([[0, 1, 1]], np.uint8), labels).accuracy_by_digit()
    assert shares[0, :2].tolist() == [0.5, 1.0]
    assert np.isnan(shares[0, 2:]).all()


def test_learned_and_forgotten_are_counted_against_the_end() -> None:
    labels = np.array([1, 2, 3, 4])
    predicted = np.array([[0, 0, 3, 4], [1, 0, 3, 0], [1, 2, 0, 4]], np.uint8)
    found = Journey((0, 2, 5), predicted, labels)

    assert (found.learned(0).tolist(), found.forgotten(0).tolist()) == ([0, 1], [2])
    assert (found.learned(2).tolist(), found.forgotten(2).tolist()) == ([1, 3], [2])
    assert (found.learned(5).tolist(), found.forgotten(5).tolist()) == ([], [])


def test_learned_less_forgotten_is_the_gain() -> None:
    predicted = RNG.integers(0, 10, (2, len(LABELS))).astype(np.uint8)
    found = Journey((0, 1), predicted, LABELS)
    gain = (found.end == LABELS).sum() - (found.at(0) == LABELS).sum()
    assert len(found.learned(0)) - len(found.forgotten(0)) == gain


def test_a_runs_readings_come_in_order(store: Store, run: str) -> None:
    rows = RNG.integers(0, 10, (3, len(LABELS)))
    for epoch, row in zip((0, 2, 1), rows, strict=True):
        store.keep(run, f"reading-{epoch:03d}.npz", reading(row))

    found = journey.of_run(store, run, LABELS)

    assert found.epochs == (0, 1, 2)
    assert (found.predicted == rows[[0, 2, 1]]).all()
    assert found.predicted.dtype == np.uint8


def test_a_run_that_was_stopped_at_once_has_no_epochs(store: Store, run: str) -> None:
    found = journey.of_run(store, run, LABELS)
    assert found.epochs == ()
    assert found.predicted.shape == (0, len(LABELS))


def test_an_epoch_that_was_not_kept_is_an_error(store: Store, run: str) -> None:
    store.keep(run, "reading-000.npz", reading(LABELS))
    with pytest.raises(ValueError, match="tuple"):
        journey.of_run(store, run, LABELS).at(3)


def test_a_deleted_run_is_a_sentence(store: Store, run: str, monkeypatch) -> None:
    store.keep(run, "reading-000.npz", reading(LABELS))
    kept = store.epochs_kept(run, "reading")
    store.delete(run)
    monkeypatch.setattr(store, "epochs_kept", lambda *_: kept)  # deleted between two looks
    with pytest.raises(StoreError, match=r"kept no file reading-000\.npz"):
        journey.of_run(store, run, LABELS)


def test_the_bundled_networks_training_got_better() -> None:
    loss, accuracy = journey.of_bundled()
    assert len(loss) == len(accuracy) == 14
    assert loss[-1] < loss[0]
    assert accuracy[0] < accuracy[-1] <= 1
