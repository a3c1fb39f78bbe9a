"""The store that ``bench runs`` fills is one that the page can list and open."""

from __future__ import annotations

from pathlib import Path

from digitlab import models
from digitlab.store import Store
from digitlab.store.library import Library
from tools.bench import runs


def test_the_runs_have_names_metrics_and_weights(tmp_path: Path) -> None:
    store = Store(tmp_path)
    runs.fill(store, 4, owner="somebody")

    summaries = Library(store).summaries("somebody")
    assert [summary.name for summary in summaries] == ["Run 0", "", "", "Run 3"]
    assert [summary.pinned for summary in summaries] == [True, False, False, False]
    for summary in summaries:
        assert len(store.epochs(summary.run.id)) == runs.EPOCHS
        assert len(store.batches(summary.run.id)) == runs.EPOCHS * runs.REPORTS
    assert models.of_run(store, summaries[0].run.id).layers
