"""A run whose worker was lost before its first epoch goes back into the queue, once."""

from pathlib import Path

import pytest
from make_run import DIGITS, add_run

from digitlab.config import RunConfig
from digitlab.messages import message
from digitlab.progress import BatchMetrics, EpochMetrics, ExecutionSettings, Untrained
from digitlab.store import Run, Status, Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "lab")


@pytest.fixture
def running(store: Store) -> Run:
    """A run with a batch and no epoch."""
    return add_run(
        store,
        RunConfig(epochs=2),
        engine="e1",
        execution=ExecutionSettings("float32", 2, 5),
        untrained=Untrained(2.3, 0.1),
        batches=[BatchMetrics(1, 5, 25, 2.0, 0.5, 1000.0)],
    )


def test_it_waits_as_before_and_comes_before_those_after_it(store: Store, running: Run) -> None:
    later = store.add("ada", "e1", RunConfig(), None, 101_770, DIGITS)
    assert store.requeue(running.id)
    found = store.run(running.id)
    assert found.status is Status.QUEUED
    assert (found.started, found.execution, found.untrained) == (None, None, None)
    assert "was lost before the first epoch" in str(found.reason)
    assert store.batches(running.id) == []
    assert [run.id for run in store.waiting("e1")] == [running.id, later.id]


def test_it_does_so_once(store: Store, running: Run) -> None:
    assert store.requeue(running.id)
    assert not store.requeue(running.id)  # it waits
    assert store.start(running.id)
    assert not store.requeue(running.id)
    assert store.run(running.id).status is Status.RUNNING


def test_a_run_with_an_epoch_or_that_has_ended_stays_as_it_is(store: Store, running: Run) -> None:
    store.report(running.id, EpochMetrics(1, True, 0.5, 0.8, 0.6, 0.7, None, None, 1.0, 3200))
    assert not store.requeue(running.id)
    assert store.batches(running.id)
    other = store.add("ada", "e1", RunConfig(), None, 101_770, DIGITS)
    store.end(other.id, Status.STOPPED, message("Stopped before it began."))
    assert not store.requeue(other.id)
    assert store.run(other.id).status is Status.STOPPED


def test_a_file_that_is_no_longer_wanted_is_removed(store: Store, running: Run) -> None:
    store.keep(running.id, "weights-001.npz", b"old")
    store.drop_file(running.id, "weights-001.npz")
    store.drop_file(running.id, "weights-001.npz")
    assert store.files(running.id) == []
    with pytest.raises(ValueError, match="not a run's file"):
        store.drop_file(running.id, "../lab.sqlite3")
