"""What runs report while they train, in the database: batch metrics and epoch metrics."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from digitlab.progress import BatchMetrics, EpochMetrics, Report, Untrained
from digitlab.store.rows import column
from digitlab.store.schema import open_lab


class Metrics:
    """The metrics of the runs under one folder.

    Raises:
        StorageError: the database is locked, damaged or of a newer lab, from each method.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = open_lab(folder)

    def report(self, run_id: str, report: Report) -> None:
        """Write one report of a run. One for a run deleted meanwhile is dropped."""
        with self.database.change() as database:
            if database.execute("SELECT 1 FROM runs WHERE id = ?", (run_id,)).fetchone() is None:
                return
            if isinstance(report, Untrained):
                database.execute(
                    "UPDATE runs SET untrained = ? WHERE id = ?", (column(report), run_id)
                )
            else:
                table = "batches" if isinstance(report, BatchMetrics) else "epochs"
                values = asdict(report)
                places = ", ".join("?" * (len(values) + 1))
                database.execute(
                    f"INSERT OR REPLACE INTO {table} (run, {', '.join(values)}) VALUES ({places})",
                    (run_id, *values.values()),
                )

    def batches(self, run_id: str) -> list[BatchMetrics]:
        """The batch metrics of a run, in order."""
        return [BatchMetrics(**row) for row in self._metrics("batches", run_id, "epoch, step")]

    def batch_counts(self, owner: str) -> dict[str, int]:
        """How many batch metrics each of a person's runs has; runs without any are not in it."""
        rows = self.database.all(
            "SELECT run, COUNT(*) AS count FROM batches JOIN runs ON runs.id = run"
            " WHERE owner = ? GROUP BY run",
            owner,
        )
        return {row["run"]: row["count"] for row in rows}

    def epochs(self, run_id: str) -> list[EpochMetrics]:
        """The epoch metrics of a run, in order."""
        rows = self._metrics("epochs", run_id, "epoch")
        return [epoch_of(row) for row in rows]

    def last_batch(self, run_id: str) -> BatchMetrics | None:
        """The newest batch metrics of a run."""
        rows = self._metrics("batches", run_id, "epoch DESC, step DESC LIMIT 1")
        return BatchMetrics(**rows[0]) if rows else None

    def _metrics(self, table: str, run_id: str, order: str) -> list[dict[str, Any]]:
        rows = self.database.all(f"SELECT * FROM {table} WHERE run = ? ORDER BY {order}", run_id)
        return [{key: row[key] for key in row.keys() if key != "run"} for row in rows]  # noqa: SIM118


def epoch_of(row: Mapping[str, Any]) -> EpochMetrics:
    """The epoch metrics in a row of the table ``epochs``, without its run."""
    return EpochMetrics(**dict(row) | {"complete": bool(row["complete"])})
