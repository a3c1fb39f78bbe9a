"""The CSV files of a run's metrics, read back as anybody would."""

import csv
import io

from digitlab.export.metrics_table import batches_csv, epochs_csv
from digitlab.progress import BatchMetrics, EpochMetrics


def test_a_line_for_each_epoch_with_nothing_where_nothing_was_measured() -> None:
    epochs = [
        EpochMetrics(1, True, 0.5, 0.25, None, None, 0.125, 0.9, 1.5, 3200),
        EpochMetrics(2, False, 1 / 3, 0.5, 0.1, 0.2, None, None, 0.5, 64),
    ]
    first, second = csv.DictReader(io.StringIO(epochs_csv(epochs).decode()))
    assert (first["epoch"], first["val_loss"], first["test_accuracy"]) == ("1", "", "0.9")
    assert float(second["loss"]) == 1 / 3
    assert (second["complete"], second["images"]) == ("False", "64")


def test_a_line_for_each_report_of_batches() -> None:
    reports = [BatchMetrics(1, step, 3, 0.5, 0.5, 100.0) for step in (1, 2, 3)]
    lines = list(csv.DictReader(io.StringIO(batches_csv(reports).decode())))
    assert [line["step"] for line in lines] == ["1", "2", "3"]


def test_a_run_without_metrics_has_the_heads_alone() -> None:
    assert epochs_csv([]).decode().splitlines() == [
        "epoch,complete,loss,accuracy,val_loss,val_accuracy,test_loss,test_accuracy,seconds,images,test_images"
    ]
    assert batches_csv([]).decode().splitlines() == [
        "epoch,step,steps,loss,accuracy,images_per_second"
    ]
