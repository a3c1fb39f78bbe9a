"""The number that each run gives, and its mean and spread over the seeds."""

import math
import statistics

import pytest

from digitlab.progress import EpochMetrics
from digitlab.sweeps.measures import MEASURES, spread


def epochs(*val_losses: float | None, test: float | None = 0.9) -> list[EpochMetrics]:
    return [
        EpochMetrics(
            number, True, 1.0 / number, 0.5 + number / 100, loss,
            None if loss is None else 1 - loss, 0.3, test, 1.0, 100,
        )
        for number, loss in enumerate(val_losses, start=1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("test_accuracy", 0.9), ("val_accuracy", 0.6), ("best_val_accuracy", 0.8),
        ("val_loss", 0.4), ("best_val_loss", 0.2), ("loss", 1 / 3), ("accuracy", 0.53),
    ],
)  # fmt: skip
def test_each_measure_is_read_off_the_epochs(name: str, value: float) -> None:
    assert MEASURES[name].of(epochs(0.5, 0.2, 0.4)) == pytest.approx(value)


@pytest.mark.parametrize("name", MEASURES)
def test_without_epochs_there_is_no_number(name: str) -> None:
    assert MEASURES[name].of([]) is None
    assert spread(MEASURES[name], [[], []]) is None


def test_what_was_not_validated_or_not_finite_has_no_number() -> None:
    assert MEASURES["val_loss"].of(epochs(None, None)) is None
    assert MEASURES["best_val_accuracy"].of(epochs(None)) is None
    assert MEASURES["val_loss"].of(epochs(0.3, math.nan)) is None
    assert MEASURES["best_val_loss"].of(epochs(0.3, math.inf)) == 0.3


def test_the_spread_is_over_the_seeds_that_have_the_number() -> None:
    values = [0.91, 0.95, 0.9]
    runs = [epochs(0.5, test=value) for value in values]

    found = spread(MEASURES["test_accuracy"], [*runs, []])

    assert found is not None
    assert found.values == tuple(values)
    assert found.mean == pytest.approx(statistics.fmean(values))
    assert (found.low, found.high) == (0.9, 0.95)
