"""A run, a sweep or a drawing that cannot be read is passed over, and stands in nobody's way."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from make_run import DIGITS, add_run

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.network import Prediction
from digitlab.presets import PRESETS
from digitlab.progress import ExecutionSettings, Outcome, Untrained
from digitlab.store import Run, Status, Store, StoreError
from digitlab.store.library import Library
from digitlab.store.saved_drawings import SavedDrawings
from digitlab.sweeps import Sweeps, planning
from digitlab.sweeps.planning import Axis

ME = "ada"
CONFIG = RunConfig().to_json()

DAMAGE = [
    ("config", json.dumps(CONFIG | {"epochs": 1_000_000})),
    ("config", json.dumps(CONFIG | {"activation": "swish"})),
    ("config", json.dumps(CONFIG | {"depth": 3})),
    ("config", "{"),
    ("config", "null"),
    ("config", "[" * 100_000),
    ("reason", "not JSON"),
    ("reason", json.dumps({"text": "no values"})),
    ("reason", json.dumps({"text": ["a list"], "values": {}})),
    ("reason", json.dumps({"text": "{epochs} epochs", "values": {"epoch": 1}})),
    ("pace", json.dumps({"format": "float32", "threads": "many", "steps": 1})),
    ("pace", json.dumps({"format": "float8", "threads": 1, "steps": 1})),
    ("outcome", json.dumps({"ending": "finished"})),
    ("outcome", "[]"),
    ("untrained", json.dumps({"loss": "high", "accuracy": 0.1})),
    ("digits", json.dumps({"name": "sample"})),
    ("digits", json.dumps(msgspec.to_builtins(DIGITS) | {"train": None})),
    ("created", "yesterday"),
    ("parameters", "many"),
    ("status", "paused"),
]


def add(store: Store) -> Run:
    reported = {"execution": ExecutionSettings(), "untrained": Untrained(2.3, 0.1)}
    return add_run(store, preset="mlp-128", started=False, **reported)


def spoil(store: Store, run: str, column: str, value: str | bytes) -> None:
    store.database.write(f"UPDATE runs SET {column} = ? WHERE id = ?", value, run)


@pytest.mark.parametrize(("column", "value"), DAMAGE)
def test_the_lists_pass_over_a_run_that_cannot_be_read(
    store: Store, caplog: pytest.LogCaptureFixture, column: str, value: str
) -> None:
    good, bad = add(store).id, add(store).id
    spoil(store, bad, column, value)
    library = Library(store)

    for _ in range(3):
        assert [run.id for run in store.runs_of(ME)] == [good]
        assert [summary.run.id for summary in library.summaries(ME)] == [good]
        assert library.listed(ME)[1] == [bad]
        with pytest.raises(StoreError, match="This run cannot be read"):
            store.run(bad)
    told = [record.levelno for record in caplog.records if bad in record.message]
    assert told == [logging.WARNING]

    library.delete(ME, [bad])
    assert library.listed(ME)[1] == []
    library.restore(ME, [bad])  # it was never lost
    assert library.listed(ME)[1] == [bad]
    assert library.delete_everything(ME) == 2


@pytest.mark.parametrize(("column", "value"), DAMAGE)
def test_the_queue_goes_on_past_a_run_that_cannot_be_read(
    store: Store, column: str, value: str
) -> None:
    bad, good = add(store), add(store)
    spoil(store, bad.id, column, value)

    assert [run.id for run in store.waiting("e")] == [good.id]

    if column != "status":  # of an unknown status it was no part of the queue
        row = store.database.one("SELECT * FROM runs WHERE id = ?", bad.id)
        assert row is not None
        assert row["status"] == Status.FAILED
        assert "cannot be read" in row["reason"]
        assert row[column] == value or column in ("reason", "outcome")  # these it is given
    assert store.place_in_queue(good) == 0
    assert store.start(good.id)
    assert [run.id for run in store.running("e")] == [good.id]


def test_a_run_that_a_dead_server_trained_and_that_cannot_be_read_is_settled(store: Store) -> None:
    run = add(store).id
    store.start(run)
    spoil(store, run, "config", "{")
    store.register("e", os.getpid(), 1.0)
    assert store.running("e") == []
    store.succeed("new", ["e"], adopt=True)
    (row,) = store.database.all("SELECT status FROM runs")
    assert row["status"] == Status.INTERRUPTED
    assert not Library(store).trains(ME)


def test_a_run_of_a_lesson_that_is_no_more_is_a_run_like_others(store: Store) -> None:
    run = add(store).id
    spoil(store, run, "preset", "mlp-9000")
    assert store.run(run).preset is None


def test_what_the_trainer_writes_is_read_as_it_was(store: Store) -> None:
    run = add(store)
    outcome = Outcome("diverged", 0, 0, False, 1.0, 0)  # a whole number where any is allowed
    store.start(run.id)
    store.end(run.id, Status.DIVERGED, run.reason, outcome)
    assert store.run(run.id).outcome == outcome


class Queue:
    """An engine without workers: runs are put into the store's queue, and stay there."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def submit(self, owner: str, config: RunConfig, digits: object) -> Run:
        return add_run(self.store, config, owner=owner, started=False)

    def stop(self, run: str) -> None:
        self.store.ask_to_stop(run)


def test_a_sweep_passes_over_a_run_and_is_passed_over_where_it_cannot_be_read(
    lab_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(lab_home)
    sweeps, queue = Sweeps(store), Queue(store)
    plan = planning.vary(PRESETS["mlp-128"], [Axis("dropout", (0.0, 0.4))], 1)
    sweep = sweeps.start(queue, ME, plan, dataset.sample())
    first, second = (trial.run for trial in sweeps.trials(sweep))
    assert first is not None
    assert second is not None
    spoil(store, first.id, "config", "{")
    store.waiting("e")
    store.end(second.id, Status.FINISHED, second.reason)
    found = [trial.run and trial.run.id for trial in sweeps.trials(sweep)]
    assert found == [None, second.id]
    assert sweeps.resume(queue, ME, sweep.id) == 1

    store.database.write("UPDATE sweeps SET plan = ?", "[" * 100_000)
    for _ in range(3):
        assert sweeps.sweeps_of(ME) == []
    assert sum(sweep.id in record.message for record in caplog.records) == 1


def test_a_drawing_that_cannot_be_read_is_passed_over_and_can_be_deleted(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    kept = SavedDrawings(store.folder)
    for label in (3, 7):
        reading = Prediction(np.eye(10, dtype=np.float32)[label])
        kept.keep(ME, label, np.zeros((28, 28), np.uint8), reading, "reference")
    store.database.write("UPDATE drawings SET digit = ? WHERE label = 3", b"short")
    for _ in range(3):
        assert [one.label for one in kept.of(ME)] == [7]
    assert sum("drawing" in record.message for record in caplog.records) == 1
    assert kept.delete_everything(ME) == 2


def test_the_folders_of_runs_outlive_a_database_that_was_moved_away(store: Store) -> None:
    run = add(store).id
    store.keep(run, "weights-001.npz", b"weights")
    folder = store.folder / "runs" / run
    os.utime(folder, (1, 1))
    for path in store.folder.glob("lab.sqlite3*"):
        path.unlink()

    again = Store(store.folder)
    newer = again.folder / "runs" / ("0" * 16)
    time.sleep(0.05)  # the disk's clock lags behind the system's by some milliseconds
    newer.mkdir()

    assert again.remove_orphans() == []
    assert again.remove_orphans(older_than=-1) == [newer.name]
    assert (folder / "weights-001.npz").read_bytes() == b"weights"
    assert again.sizes() == {}  # they take nothing of the new runs' room


def test_a_store_of_version_0_1_opens_with_all_that_is_in_it(tmp_path: Path) -> None:
    """The commit f6d0c78 wrote ``store-f6d0c78.sql``: ``iterdump`` of a lab that was used."""
    path = tmp_path / "lab.sqlite3"
    with sqlite3.connect(path) as old:
        dump = Path(__file__).parents[1] / "earlier" / "store-f6d0c78.sql"
        old.executescript(dump.read_text(encoding="utf-8"))
    old.close()
    (tmp_path / "runs" / "34566d0fb1aadc6d").mkdir(parents=True)
    orphan = tmp_path / "runs" / ("0" * 16)
    orphan.mkdir()

    store = Store(tmp_path)
    summaries, unreadable = Library(store).listed("ada")

    assert unreadable == []
    assert [summary.name for summary in summaries if summary.pinned] == ["first of all"]
    trained = store.run("34566d0fb1aadc6d")
    assert (trained.status, trained.config.units1, trained.config.epochs) == ("finished", 8, 2)
    assert trained.outcome is not None
    assert str(trained.reason) == "All 2 epochs were trained."
    assert [epoch.test_accuracy for epoch in store.epochs(trained.id)] == [0.108, 0.115]
    assert len(store.batches(trained.id)) == 2
    gone_on = store.run("752f136bd4cb99de")
    assert (gone_on.origin, gone_on.frozen) == (trained.id, True)
    assert Library(store).last_deleted("ada") == ["15e149a1bb820257"]
    (sweep,) = Sweeps(store).sweeps_of("ada")
    trials = Sweeps(store).trials(sweep)
    assert [trial.run and trial.run.status for trial in trials] == ["queued", "queued"]
    (drawing,) = SavedDrawings(tmp_path).of("ada")
    assert (drawing.label, drawing.predicted, int(drawing.digit[0, 5])) == (7, 1, 5)
    store.succeed("new", ["gone"], adopt=True)
    assert len(store.waiting("new")) == 4
    assert store.remove_orphans(older_than=-1) == [orphan.name]
