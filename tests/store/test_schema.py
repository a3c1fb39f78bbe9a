"""The tables have a column for each field that is declared, and what is declared comes back."""

import math
from pathlib import Path

import pytest
from make_run import add_run
from msgspec import Struct

from digitlab.progress import BatchMetrics, EpochMetrics, Untrained
from digitlab.records import DrawingFields, Run
from digitlab.store import Store
from digitlab.store.sweeps import SweepRow


@pytest.mark.parametrize(
    ("table", "kind", "more"),
    [
        ("runs", Run, {"requeued"}),
        ("batches", BatchMetrics, {"run"}),
        ("epochs", EpochMetrics, {"run"}),
        ("drawings", DrawingFields, {"id", "owner", "digit"}),
        ("sweeps", SweepRow, {"removed"}),
    ],
)
def test_a_table_has_a_column_for_each_declared_field(
    tmp_path: Path, table: str, kind: type[Struct], more: set[str]
) -> None:
    rows = Store(tmp_path).database.all(f"PRAGMA table_info({table})")
    assert {row["name"] for row in rows} == set(kind.__struct_encode_fields__) | more


@pytest.mark.parametrize("loss", [math.inf, math.nan, 1e35])
def test_a_run_that_went_on_from_huge_weights_can_be_read(tmp_path: Path, loss: float) -> None:
    run = add_run(Store(tmp_path), untrained=Untrained(loss, 0.1))
    assert run.untrained is not None
    assert str(run.untrained.loss) == str(loss)
