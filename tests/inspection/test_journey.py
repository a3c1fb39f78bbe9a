from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from make_run import DIGITS, add_run
from msgspec.structs import replace
from sklearn.metrics import recall_score

from digitlab.config import RunConfig
from digitlab.inspection import journey
from digitlab.inspection.journey import Journey
from digitlab.progress import Untrained
from digitlab.store import Run, Store, StoreError

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
def run(store: Store) -> Run:
    return add_run(store)


def test_accuracy_by_digit_is_scikit_learns_recall() -> None:
    predicted = RNG.integers(0, 10, (3, len(LABELS))).astype(np.uint8)
    shares = Journey((0, 1, 2), np.arange(300), predicted, LABELS).accuracy_by_digit()
    expected = [recall_score(LABELS, row, labels=range(10), average=None) for row in predicted]
    np.testing.assert_allclose(shares, expected)


def test_a_digit_without_samples_has_no_share() -> None:
    labels = np.array([0, 0, 1])
    shares = Journey(
        (0,), np.arange(3), np.array([[0, 1, 1]], np.uint8), labels
    ).accuracy_by_digit()
    assert shares[0, :2].tolist() == [0.5, 1.0]
    assert np.isnan(shares[0, 2:]).all()


def test_learned_and_forgotten_are_counted_against_the_end() -> None:
    labels = np.array([1, 2, 3, 4])
    predicted = np.array([[0, 0, 3, 4], [1, 0, 3, 0], [1, 2, 0, 4]], np.uint8)
    found = Journey((0, 2, 5), np.array([0, 5, 10, 15]), predicted, labels)

    changed = {
        epoch: (found.learned(epoch).tolist(), found.forgotten(epoch).tolist())
        for epoch in found.epochs
    }
    assert changed == {0: ([0, 5], [10]), 2: ([5, 15], [10]), 5: ([], [])}
    assert found.of_sample(10).tolist() == [3, 3, 0]


def test_a_runs_readings_come_in_order(store: Store, run: Run) -> None:
    rows = RNG.integers(0, 10, (3, len(LABELS)))
    for epoch, row in zip((0, 2, 1), rows, strict=True):
        store.keep(run.id, f"reading-{epoch:03d}.npz", reading(row))

    found = journey.of_run(store, run, LABELS)

    assert found.epochs == (0, 1, 2)
    assert (found.predicted == rows[[0, 2, 1]]).all()
    assert found.predicted.dtype == np.uint8
    with pytest.raises(ValueError, match="tuple"):
        found.at(3)


@pytest.mark.parametrize(
    ("validation", "images", "samples"),
    [
        ("split", 2_000, range(0, 6_000, 3)),  # evenly, at most 2,000 of them
        ("test", 2_000, range(0, 6_000, 3)),
        ("split", 0, range(6_000)),  # of an earlier version
    ],
)
def test_samples_are_those_that_were_tested(
    store: Store, validation: str, images: int, samples: range
) -> None:
    labels = np.arange(6_000) % 10
    run = add_run(
        store,
        RunConfig(validation=validation),
        digits=replace(DIGITS, test=6_000),
        untrained=Untrained(2.3, 0.1, images),
        files={"reading-000.npz": reading(labels[list(samples)])},
    )
    found = journey.of_run(store, run, labels)
    assert found.samples.tolist() == list(samples)
    assert found.accuracy_by_digit().min() == 1.0


def test_a_run_that_was_stopped_at_once_has_no_epochs(store: Store, run: Run) -> None:
    found = journey.of_run(store, run, LABELS)
    assert found.epochs == ()
    assert found.predicted.shape == (0, len(LABELS))


def test_a_deleted_run_is_a_sentence(store: Store, run: Run, monkeypatch) -> None:
    store.delete(run.id)
    monkeypatch.setattr(store, "epochs_kept", lambda *_: [0])  # deleted between two looks
    with pytest.raises(StoreError, match=r"kept no file reading-000\.npz"):
        journey.of_run(store, run, LABELS)


def test_the_bundled_networks_training_got_better() -> None:
    loss, accuracy = journey.of_bundled()
    assert len(loss) == len(accuracy) == 14
    assert loss[-1] < loss[0]
    assert accuracy[0] < accuracy[-1] <= 1
