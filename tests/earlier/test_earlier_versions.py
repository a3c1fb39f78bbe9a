"""A store and a zip that the commit a131408 wrote, of a lab that was used, open with all in them.

``store-a131408.sql`` is SQLite's ``iterdump`` of its database, ``zip-a131408.zip`` what its Runs
page gave to take home.
"""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from pathlib import Path

import numpy as np
import pytest

from digitlab import archive, models
from digitlab.config import RunConfig
from digitlab.store import Run, Status, Store
from digitlab.store.library import Library
from digitlab.store.saved_drawings import SavedDrawings
from digitlab.sweeps import Sweeps

HERE = Path(__file__).parent
THEN = "m" * 22  # whose runs they were
NOW = "y" * 22


def stored(folder: Path) -> Store:
    with sqlite3.connect(folder / "lab.sqlite3") as database:
        database.executescript((HERE / "store-a131408.sql").read_text(encoding="utf-8"))
    database.close()
    return Store(folder)


def unpacked(folder: Path) -> Store:
    store = Store(folder)
    data = io.BytesIO((HERE / "zip-a131408.zip").read_bytes())
    found = archive.unpack(
        data, Library(store), SavedDrawings(folder), Sweeps(store), NOW, lambda part: None
    )
    assert (len(found.runs), found.drawings, found.sweeps) == (6, 1, 1)
    return store


@pytest.fixture(params=[(stored, THEN), (unpacked, NOW)], ids=["store", "zip"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Store, str]:
    opened, owner = request.param
    return opened(tmp_path), owner


def runs_by_units(store: Store, owner: str) -> dict[int, Run]:
    """The runs that began untrained, by the units of their hidden layer."""
    return {run.config.units1: run for run in store.runs_of(owner) if run.origin is None}


def test_its_runs_are_as_they_were(lab: tuple[Store, str]) -> None:
    store, owner = lab
    summaries, unreadable = Library(store).listed(owner)

    assert (len(summaries), unreadable) == (6, [])
    (named,) = [summary for summary in summaries if summary.name]
    assert (named.name, named.pinned) == ("first of all", True)
    run = named.run
    assert (run.status, run.config.units1, run.config.epochs) == (Status.FINISHED, 4, 2)
    assert str(run.reason) == "All 2 epochs were trained."
    assert [epoch.test_accuracy for epoch in store.epochs(run.id)] == [0.11, 0.12]
    assert len(store.batches(run.id)) == 4
    assert run.untrained is not None
    assert run.outcome is not None
    assert (run.outcome.ending, run.outcome.epochs) == ("finished", 2)
    assert run.execution is not None
    assert (run.execution.format, run.execution.threads) == ("float32", 2)
    assert (run.digits.name, run.digits.train, run.digits.test) == ("sample", 80, 1000)
    stopped = runs_by_units(store, owner)[5]
    assert (stopped.status, store.epochs(stopped.id)) == (Status.STOPPED, [])


def test_a_run_that_went_on_knows_where_from(lab: tuple[Store, str]) -> None:
    store, owner = lab
    (gone_on,) = [run for run in store.runs_of(owner) if run.origin is not None]

    assert gone_on.origin == runs_by_units(store, owner)[4].id


def test_its_sweep_has_its_runs(lab: tuple[Store, str]) -> None:
    store, owner = lab
    sweeps = Sweeps(store)
    (sweep,) = sweeps.sweeps_of(owner)

    trials = sweeps.trials(sweep)
    assert [trial.run and trial.run.config.units1 for trial in trials] == [2, 3]
    assert [trial.run and trial.run.status for trial in trials] == [Status.FINISHED] * 2


def test_its_drawing_is_there(lab: tuple[Store, str]) -> None:
    store, owner = lab
    (drawing,) = SavedDrawings(store.folder).of(owner)

    assert (drawing.label, drawing.predicted, drawing.model) == (1, 1, "reference")
    assert drawing.confidence == pytest.approx(0.9723, abs=1e-3)
    assert int(drawing.digit[10, 13]) == 255


def test_the_weights_in_the_zip_read(tmp_path: Path) -> None:
    store = unpacked(tmp_path)
    run = runs_by_units(store, NOW)[4]

    assert store.epochs_kept(run.id, "weights") == [0, 1, 2]
    probabilities = models.of_run(store, run.id).predict(np.zeros((1, 28, 28), np.uint8))
    assert probabilities.sum() == pytest.approx(1.0, abs=1e-5)


def test_a_zip_from_before_a_setting_gives_the_setting_its_default(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(HERE / "zip-a131408.zip") as old,
        zipfile.ZipFile(packed, "w") as older,
    ):
        for member in old.infolist():
            data = old.read(member)
            if member.filename.endswith("run.json"):
                run = json.loads(data)
                del run["config"]["patience"]
                data = json.dumps(run).encode()
            elif member.filename.startswith("sweeps/"):
                sweep = json.loads(data)
                del sweep["base"]["patience"]
                data = json.dumps(sweep).encode()
            older.writestr(zipfile.ZipInfo(member.filename), data)
    store = Store(tmp_path)
    found = archive.unpack(
        packed, Library(store), SavedDrawings(tmp_path), Sweeps(store), NOW, lambda part: None
    )

    assert (len(found.runs), found.sweeps, found.refused) == (6, 1, [])
    assert {run.config.patience for run in store.runs_of(NOW)} == {RunConfig().patience}
