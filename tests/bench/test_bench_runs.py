"""The store that ``bench runs`` fills is one that the page can list and open."""

from __future__ import annotations

from pathlib import Path

from digitlab import models
from digitlab.bench import runs
from digitlab.store import Store
from digitlab.store.shelf import Shelf


def test_the_runs_have_names_metrics_and_weights(tmp_path: Path) -> None:
    store = Store(tmp_path)
    runs.fill(store, 4, owner="somebody")

    lines = Shelf(store).lines("somebody")
    assert [line.name for line in lines] == ["Run 0", "", "", "Run 3"]
    assert [line.pinned for line in lines] == [True, False, False, False]
    for line in lines:
        assert len(store.epochs(line.run.id)) == runs.EPOCHS
        assert len(store.batches(line.run.id)) == runs.EPOCHS * runs.REPORTS
    assert models.of_run(store, lines[0].run.id).layers
