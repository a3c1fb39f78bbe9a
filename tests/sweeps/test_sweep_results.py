"""The number that each run gives, and its mean and spread over the seeds."""

import math
import statistics

import pytest
from make_run import make_epoch

from digitlab.config import RunConfig
from digitlab.progress import EpochMetrics
from digitlab.sweeps.measures import MEASURES, Spread, one_loss, ranking, spread


def epochs(*val_losses: float | None, test: float | None = 0.9) -> list[EpochMetrics]:
    return [
        make_epoch(
            number,
            loss=1.0 / number,
            accuracy=0.5 + number / 100,
            val_loss=loss,
            val_accuracy=None if loss is None else 1 - loss,
            test_accuracy=test,
        )
        for number, loss in enumerate(val_losses, start=1)
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("test_accuracy", 0.9),
        ("val_accuracy", 0.6),
        ("best_val_accuracy", 0.8),
        ("val_loss", 0.4),
        ("best_val_loss", 0.2),
        ("loss", 1 / 3),
        ("accuracy", 0.53),
    ],
)
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


# Which is best ------------------------------------------------------------------------------


def test_the_best_comes_first_by_accuracy_and_by_loss() -> None:
    spreads = [Spread((0.5, 0.6)), None, Spread((0.8, 0.9)), Spread((0.1, 0.2))]
    by_accuracy, by_loss = ranking("accuracy", spreads), ranking("loss", spreads)
    assert by_accuracy is not None
    assert by_loss is not None
    assert by_accuracy.cells == (2, 0, 3)
    assert by_loss.cells == (3, 0, 2)
    assert by_accuracy.rivals == by_loss.rivals == ()
    assert by_accuracy.spreads[0].values == (0.8, 0.9)
    assert by_accuracy.seeds == 2


@pytest.mark.parametrize("kind", ["accuracy", "loss"])
def test_those_whose_seeds_reach_the_bests_are_its_rivals(kind) -> None:
    spreads = [Spread((0.4, 0.6)), Spread((0.5, 0.55, 0.7)), Spread((0.9, 0.95)), Spread((0.1,))]
    found = ranking(kind, spreads)
    assert found is not None
    assert found.rivals == ()
    assert found.seeds == 1

    found = ranking(kind, spreads[:2])

    assert found is not None
    assert len(found.rivals) == 1


def test_one_value_alone_is_not_ranked() -> None:
    assert ranking("loss", [None, Spread((0.5,)), None]) is None


def test_the_two_cross_entropies_are_one_loss_and_the_squared_error_another() -> None:
    one_hot = RunConfig(loss="categorical_crossentropy")
    sparse = RunConfig(loss="sparse_categorical_crossentropy")
    assert one_loss([sparse, one_hot])
    assert not one_loss([sparse, RunConfig(loss="mean_squared_error")])
