from typing import Any

import numpy as np
import pytest
from make_run import make_epoch, make_run
from msgspec.structs import replace

from digitlab.config import RunConfig
from digitlab.progress import EpochMetrics, Untrained
from digitlab.scores import Scores, score
from digitlab.store import DataSetInfo, Run, Status
from digitlab.store.results import (
    explosion,
    final_test,
    fit_verdict,
    guessing_loss,
    training_below_validation,
    verdict,
)

SPLIT = RunConfig(validation="split")
UNTESTED = {"test_accuracy": None, "test_loss": None}


def epoch(number: int, loss: float, val_loss: float | None, **values: Any) -> EpochMetrics:
    measured: dict[str, Any] = {
        "loss": loss,
        "accuracy": 0.9,
        "val_loss": val_loss,
        "val_accuracy": None if val_loss is None else 0.9,
        "test_loss": 0.5,
        "test_accuracy": 0.8,
        "images": 100,
    }
    return make_epoch(number, **measured | values)


def history(*losses: tuple[float, float | None], **last: Any) -> list[EpochMetrics]:
    epochs = [epoch(number, *pair) for number, pair in enumerate(losses, start=1)]
    return [*epochs[:-1], replace(epochs[-1], **last)]


@pytest.mark.parametrize(
    ("untrained", "epochs", "scores"),
    [
        (Untrained(2.3, 0.1), [make_epoch(1), make_epoch(2, test_loss=0.25)], Scores(0.25, 0.91)),
        # A test that was not waited for is not an earlier epoch's.
        (Untrained(2.3, 0.1), [make_epoch(1), make_epoch(2, **UNTESTED)], None),
        (Untrained(2.3, 0.1), [], Scores(2.3, 0.1)),
        (None, [], None),
    ],
)
def test_the_last_epochs_test_is_the_runs_else_the_untrained(untrained, epochs, scores) -> None:
    assert final_test(make_run(untrained=untrained), epochs) == scores


@pytest.mark.parametrize(
    ("epochs", "said"),
    [
        (
            history((0.9, 0.50), (0.5, 0.40), (0.2, 0.43), (0.1, 0.60)),
            "It overfits: the validation loss was lowest after epoch 2 (0.400) and has risen to "
            "0.600 since, while the training loss kept falling.",
        ),
        (
            history((0.9, 0.40), (0.3, 0.41), accuracy=0.99, val_accuracy=0.95),
            "It begins to overfit: the accuracy is 4.0 percentage points higher on the training "
            "images than on the validation images.",
        ),
        (
            history((0.9, 0.5), (0.3, 0.41), (0.25, 0.4)),
            "No sign of overfitting: the validation loss (0.400) was lowest after the last epoch. "
            "More epochs may still help.",
        ),
        (
            history((0.9, 0.5), (0.3, 0.400), (0.25, 0.419)),
            "No clear overfitting: the validation loss was lowest after epoch 2 (0.400) and is "
            "0.419 at the end, about the same.",
        ),
        (
            history((0.9, 0.5), (0.3, 0.4), (2.25, 5.0)),
            "Not overfitting but unsteady: the validation loss was lowest after epoch 2 (0.400) "
            "and is 5.000 at the end, and the training loss rose as well. A smaller learning rate "
            "may help.",
        ),
        (history((0.9, 0.5)), "Whether it overfits cannot be said after fewer than two epochs."),
        ([], "Whether it overfits cannot be said after fewer than two epochs."),
    ],
)
def test_the_verdict_follows_from_the_numbers(epochs, said) -> None:
    assert str(fit_verdict(SPLIT, epochs)) == said


def test_without_validation_nothing_is_said_of_overfitting() -> None:
    epochs = history((0.9, None), (0.1, None), accuracy=1.0)
    said = str(fit_verdict(RunConfig(validation="none"), epochs))
    assert said.startswith("Whether it overfits cannot be said: there were no validation images")


def test_an_epoch_whose_validation_was_not_waited_for_does_not_count() -> None:
    whole = history((0.9, 0.5), (0.3, 0.4))
    stopped = epoch(3, 0.01, None, accuracy=1.0, complete=False)
    assert fit_verdict(SPLIT, [*whole, stopped]) == fit_verdict(SPLIT, whole)


@pytest.mark.parametrize(
    ("val_losses", "accuracy", "begins"),
    [
        ((0.40, 0.41), 0.919, "No clear overfitting"),
        ((0.40, 0.41), 0.921, "It begins to overfit"),
        ((0.50, 0.40), 0.96, "No sign of overfitting"),  # its validation loss still falls
        ((0.40, 0.4199), 0.9, "No clear overfitting"),
        ((0.40, 0.4201), 0.9, "It overfits"),
    ],
)
def test_two_points_of_accuracy_and_a_twentieth_of_loss_are_noise(
    val_losses, accuracy, begins
) -> None:
    losses = zip((0.9, 0.3), val_losses, strict=True)
    epochs = history(*losses, accuracy=accuracy, val_accuracy=0.9)
    assert str(fit_verdict(SPLIT, epochs)).startswith(begins)


def ended(status: Status = Status.FINISHED, *, test: int = 1000, **settings: Any) -> Run:
    return make_run(
        status=status,
        config=RunConfig(**settings),
        digits=DataSetInfo("sample", "f" * 64, 3200, 800, test),
        untrained=Untrained(2.35, 0.1),
    )


def said(run: Run, epochs: list[EpochMetrics], chance: float = 0.1) -> str:
    return " ".join(map(str, verdict(run, epochs, chance)))


@pytest.mark.parametrize(
    ("accuracy", "test", "chance", "begins"),
    [
        (0.1, 1000, 0.1, "It has learned nothing: its accuracy, 10.0%, is that of chance (10.0%)."),
        (0.1135, 10_000, 0.1135, "It has learned nothing: its accuracy, 11.3%"),
        (0.117, 1000, 0.1, "It has learned nothing"),
        (0.128, 1000, 0.1, "It has learned next to nothing: its accuracy, 12.8%, is hardly above"),
        (0.189, 1000, 0.1, "It has learned next to nothing"),
        (0.191, 1000, 0.1, "No sign of overfitting"),
        (0.63, 10_000, 0.6, "It has learned next to nothing"),
        (0.65, 10_000, 0.6, "No sign of overfitting"),
        (0.5, 1000, 0.5, "It has learned nothing: its accuracy, 50.0%, is that of chance (50.0%)."),
        (0.2, 20, 0.1, "It has learned nothing"),
        (0.1, 0, 0.1, "It has learned nothing"),  # a set whose size is not known
        (0.9, 1000, 0.1, "No sign of overfitting"),
    ],
)
def test_a_run_that_stayed_at_chance_is_not_praised(accuracy, test, chance, begins) -> None:
    epochs = history((2.31, 2.3), (2.30, 2.29), test_accuracy=accuracy)
    told = said(ended(test=test), epochs, chance)
    assert told.startswith(begins)
    assert ("More epochs" in told) is begins.startswith("No sign")


@pytest.mark.parametrize(
    ("epochs", "nothing"),
    [
        (history((2.31, None), test_accuracy=0.1), True),  # after one epoch, without validation
        (history((2.3, 2.3), val_accuracy=0.1, **UNTESTED), True),
        (history((2.3, None), accuracy=0.1, **UNTESTED), True),
        (history((0.3, None), accuracy=0.9, **UNTESTED), False),
    ],
)
def test_accuracy_is_the_tests_else_validations_else_trainings(epochs, nothing) -> None:
    assert said(ended(), epochs).startswith("It has learned nothing") is nothing


@pytest.mark.parametrize(
    ("losses", "exploded"),
    [
        (((1106.0, 2.9), (2.3, 2.2)), "The loss exploded: 1,106 in epoch 1, where guessing evenly"),
        (((2.2, 2.2), (78.0, 78.3)), "The loss exploded: 78.000 in epoch 2"),
        (((4.71, 1.0), (0.5, 0.5)), "The loss exploded: 4.710 in epoch 1"),
        (((4.69, 1.0), (0.5, 0.5)), ""),
        (((0.2, 9.0), (0.1, 12.0)), ""),  # overfitting, not steps that are too large
    ],
)
def test_a_loss_that_explodes_and_stays_a_number_is_said(losses, exploded) -> None:
    epochs = history(*losses)
    assert str(explosion(ended(), epochs) or "").startswith(exploded)
    told = said(ended(), epochs)
    assert ("exploded" in told) is bool(exploded)
    assert ("verfit" in told) is not bool(exploded)


def test_what_exploded_and_learned_nothing_is_told_both() -> None:
    told = said(ended(), history((90.0, 78.0), (79.0, 78.3), test_accuracy=0.1))
    assert told.startswith("It has learned nothing")
    assert "The loss exploded: 90.000 in epoch 1, where guessing evenly has 2.303." in told


def test_the_loss_of_guessing_evenly_is_what_a_network_of_zeros_has() -> None:
    even, labels = np.full((20, 10), 0.1), np.arange(20) % 10
    for name in ("sparse_categorical_crossentropy", "mean_squared_error"):
        assert guessing_loss(name) == pytest.approx(score(name, labels, even).loss)


@pytest.mark.parametrize(
    ("settings", "last", "said_of"),
    [
        ({"dropout": 0.5}, {"accuracy": 0.85}, "with dropout on"),
        ({"network": "cnn", "dropout": 0.0, "conv_dropout": 0.3}, {"loss": 0.6}, "with dropout on"),
        ({"dropout": 0.0}, {"accuracy": 0.85}, "the mean over an epoch"),
        ({"hidden_layers": 0, "dropout": 0.5}, {"accuracy": 0.85}, "the mean over an epoch"),
        ({"dropout": 0.5}, {}, None),
        ({"dropout": 0.5}, {"val_accuracy": None, "val_loss": None, "accuracy": 0.1}, None),
    ],
)
def test_why_training_lies_below_validation(settings, last, said_of) -> None:
    epochs = history((0.9, 0.5), (0.3, 0.4), **last)
    told = training_below_validation(RunConfig(**settings), epochs)
    assert (told is None) is (said_of is None)
    if told is not None:
        assert said_of in str(told)
        assert ("dropout" in str(told)) is ("dropout" in said_of)


@pytest.mark.parametrize(
    ("status", "epochs"),
    [
        (Status.STOPPED, []),
        (Status.DIVERGED, []),
        (Status.DIVERGED, history((2.3, 2.3), test_accuracy=0.1)),  # its reason says all
    ],
)
def test_a_run_that_diverged_or_has_no_epoch_has_no_verdict(status, epochs) -> None:
    assert verdict(ended(status), epochs) == ()
