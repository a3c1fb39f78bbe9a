"""A run's metrics as CSV files: one of its epochs, and one of its batches."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from msgspec.structs import asdict

from digitlab.progress import BatchMetrics, EpochMetrics


def epochs_csv(epochs: Sequence[EpochMetrics]) -> bytes:
    """A line per epoch with the fields of ``EpochMetrics``; what was not measured is empty."""
    return _table(EpochMetrics, epochs)


def batches_csv(batches: Sequence[BatchMetrics]) -> bytes:
    """A line per report with the fields of ``BatchMetrics``."""
    return _table(BatchMetrics, batches)


def _table(
    kind: type[EpochMetrics] | type[BatchMetrics], lines: Sequence[EpochMetrics | BatchMetrics]
) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, kind.__struct_fields__, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(line) for line in lines)
    return file.getvalue().encode("ascii")
