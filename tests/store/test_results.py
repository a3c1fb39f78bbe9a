import dataclasses
from typing import Any

import pytest

from digitlab.config import RunConfig
from digitlab.messages import message
from digitlab.progress import EpochMetrics, Untrained
from digitlab.scores import Scores
from digitlab.store import Digits, Run, Status
from digitlab.store.results import final_test, fit_verdict, untrained_test

SPLIT = RunConfig(validation="split")


def epoch(number: int, loss: float, val_loss: float | None, **values: Any) -> EpochMetrics:
    made = EpochMetrics(
        epoch=number, complete=True, loss=loss, accuracy=0.9, val_loss=val_loss,
        val_accuracy=None if val_loss is None else 0.9, test_loss=0.5, test_accuracy=0.8,
        seconds=1.0, images=100,
    )  # fmt: skip
    return dataclasses.replace(made, **values)


def history(*losses: tuple[float, float | None], **last: Any) -> list[EpochMetrics]:
    epochs = [epoch(number, *pair) for number, pair in enumerate(losses, start=1)]
    return [*epochs[:-1], dataclasses.replace(epochs[-1], **last)]


def run(untrained: Untrained | None) -> Run:
    return Run(
        id="0" * 16, owner="me", engine="e", status=Status.FINISHED, reason=message("Done."),
        stop=False, config=RunConfig(), preset=None, parameters=1,
        digits=Digits("sample", "f", 1, 1, 1), pace=None, untrained=untrained, outcome=None,
        created=0.0, started=None, ended=None,
    )  # fmt: skip


# The test set -------------------------------------------------------------------------------


def test_the_last_epochs_test_is_the_runs() -> None:
    epochs = history((1, 1), (1, 1), test_loss=0.25, test_accuracy=0.9)
    assert final_test(run(Untrained(2.3, 0.1)), epochs) == Scores(0.25, 0.9)


def test_a_test_that_was_not_waited_for_is_not_an_earlier_epochs() -> None:
    epochs = history((1, 1), (1, None), test_loss=None, test_accuracy=None)
    assert final_test(run(Untrained(2.3, 0.1)), epochs) is None


def test_a_run_without_epochs_ends_as_it_began() -> None:
    assert final_test(run(Untrained(2.3, 0.1)), []) == Scores(2.3, 0.1)
    assert final_test(run(None), []) is None
    assert untrained_test(None) is None


# The verdict --------------------------------------------------------------------------------


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
        (
            history((0.9, 0.5)),
            "Whether it overfits cannot be said after fewer than two epochs.",
        ),
        ([], "Whether it overfits cannot be said after fewer than two epochs."),
    ],
    ids=["overfits", "begins", "no sign", "no clear", "unsteady", "one epoch", "none"],
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


@pytest.mark.parametrize(("last", "begins"), [(0.919, False), (0.921, True)])
def test_two_points_between_the_accuracies_are_no_gap_yet(last, begins) -> None:
    epochs = history((0.9, 0.40), (0.3, 0.41), accuracy=last, val_accuracy=0.9)
    assert str(fit_verdict(SPLIT, epochs)).startswith("It begins to overfit") is begins


def test_a_gap_is_no_overfitting_while_the_validation_loss_still_falls() -> None:
    epochs = history((0.9, 0.5), (0.3, 0.4), accuracy=0.96, val_accuracy=0.9)
    assert str(fit_verdict(SPLIT, epochs)).startswith("No sign of overfitting")


@pytest.mark.parametrize(("last", "overfits"), [(0.4199, False), (0.4201, True)])
def test_a_rise_of_a_twentieth_is_noise(last, overfits) -> None:
    epochs = history((0.9, 0.4), (0.3, last))
    assert str(fit_verdict(SPLIT, epochs)).startswith("It overfits") is overfits
