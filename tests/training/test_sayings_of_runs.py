"""What is said of real runs that learned nothing, exploded, or were trained with dropout."""

import dataclasses
from pathlib import Path

import pytest
from make_run import make_run

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.progress import EpochMetrics, ExecutionSettings, Report, Untrained
from digitlab.store import DataSetInfo, Run, results

pytest.importorskip("keras")

from digitlab.training.trainer import train

PLAIN = RunConfig(epochs=2, dropout=0.0)


def trained(config: RunConfig) -> tuple[Run, list[EpochMetrics]]:
    """The run and its epochs, trained on the sample."""
    digits, reports = dataset.sample(), list[Report]()
    train(config, digits, reports.append, lambda *file: None, lambda: False, ExecutionSettings())
    split = digits.split(config)
    parts = DataSetInfo(
        "sample", digits.fingerprint, split.train_count, split.validation_count, 1000
    )
    (untrained,) = [report for report in reports if isinstance(report, Untrained)]
    run = make_run(config=config, digits=parts, untrained=untrained)
    return run, [report for report in reports if isinstance(report, EpochMetrics)]


def said(config: RunConfig) -> str:
    run, epochs = trained(config)
    return " ".join(map(str, results.verdict(run, epochs, dataset.sample().chance)))


def test_a_learning_rate_far_too_small_learns_nothing(lab_home: Path) -> None:
    told = said(dataclasses.replace(PLAIN, optimizer="sgd", learning_rate=1e-5, epochs=1))
    assert told.startswith("It has learned n")
    assert "chance" in told
    assert "usually a larger one" in told
    assert "overfit" not in told


def test_adam_at_a_learning_rate_of_two_explodes_and_stays_a_number(lab_home: Path) -> None:
    config = dataclasses.replace(PLAIN, learning_rate=2.0)
    run, epochs = trained(config)
    assert epochs[0].loss > 100

    told = " ".join(map(str, results.verdict(run, epochs, dataset.sample().chance)))

    assert "The loss exploded: " in told
    assert "a smaller learning rate may help" in told
    assert "overfit" not in told
    assert "More epochs" not in told


def test_with_dropout_training_lies_below_validation_and_it_is_said_why(lab_home: Path) -> None:
    told = said(dataclasses.replace(PLAIN, dropout=0.5))
    assert "with dropout on" in told
    assert "learned n" not in told


def test_a_run_without_dropout_that_learns_is_told_nothing_of_it(lab_home: Path) -> None:
    told = said(dataclasses.replace(PLAIN, epochs=6))
    assert "dropout" not in told
    assert "explod" not in told
    assert "learned n" not in told
