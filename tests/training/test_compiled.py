"""A network that an earlier run has built and traced: nothing of that run is left in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.progress import EpochMetrics, ExecutionSettings, NumberFormat
from digitlab.training.continuing import InitialState

keras = pytest.importorskip("keras")

from digitlab.network import Network  # noqa: E402
from digitlab.training import compiled  # noqa: E402
from digitlab.training.trainer import train  # noqa: E402

MLP = RunConfig(units1=12, batch_size=16, epochs=1, dropout=0.3, validation="none")
CNN = RunConfig(network="cnn", blocks=1, filters1=3, dense=8, batch_size=16, epochs=1)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    compiled.forget()
    yield
    compiled.forget()


def digits() -> DigitSet:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (80, 28, 28), np.uint8)
    labels = rng.integers(0, 10, 80).astype(np.uint8)
    return DigitSet("mnist", images, labels, images[:30], labels[:30], Path("made"), "made")


DIGITS = digits()


def run(
    config: RunConfig, number_format: NumberFormat = "float32", start: InitialState | None = None
) -> tuple[dict[str, bytes], list[tuple[float | None, ...]]]:
    """The files and the scores of a run."""
    files: dict[str, bytes] = {}
    scores: list[tuple[float | None, ...]] = []

    def report(metrics: Any) -> None:
        if isinstance(metrics, EpochMetrics):
            scores.append((metrics.loss, metrics.accuracy, metrics.val_loss, metrics.test_loss))

    execution = ExecutionSettings(number_format)
    train(config, DIGITS, report, files.__setitem__, lambda: False, execution, start)
    return files, scores


@pytest.mark.parametrize("number_format", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(
    ("config", "other"),
    [
        (MLP, replace(MLP, seed=9, learning_rate=0.1, epochs=2, batch_size=5, train_images=40)),
        (replace(MLP, optimizer="rmsprop"), replace(MLP, optimizer="rmsprop", seed=3)),
        (CNN, replace(CNN, validation="test", seed=4)),
    ],
)
def test_a_run_in_a_used_network_is_the_run_in_a_new_one(config, other, number_format) -> None:
    expected = run(config, number_format)
    used = compiled.compiled(config, number_format)
    run(other, number_format)
    assert compiled.compiled(other, number_format) is used
    assert run(config, number_format) == expected


def test_after_a_run_that_diverged_a_network_trains_as_a_new_one() -> None:
    config = replace(MLP, optimizer="sgd", dropout=0.0)
    expected = run(config)
    wild = replace(config, learning_rate=2.0, momentum=0.0, epochs=3)
    network = compiled.compiled(wild, "float32")
    for variable in network.model.variables:
        variable.assign(np.full(variable.shape, np.nan).astype(variable.dtype))
    assert run(config) == expected


def test_a_continued_run_leaves_its_weights_to_nobody() -> None:
    expected = run(CNN)
    weights = Network.load(expected[0]["weights-001.npz"])
    run(CNN, start=InitialState(weights, {}, frozen=True))
    run(CNN, start=InitialState(weights, {}))
    assert run(CNN) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"units1": 13},
        {"dropout": 0.4},
        {"optimizer": "sgd"},
        {"loss": "categorical_crossentropy"},
    ],
)
def test_another_network_or_another_step_is_traced_for_itself(change) -> None:
    first = compiled.compiled(MLP, "float32")
    assert compiled.compiled(replace(MLP, **change), "float32") is not first
    assert compiled.compiled(MLP, "mixed_bfloat16") is not first
    assert compiled.compiled(MLP, "float32", frozen=True) is not first
    assert compiled.compiled(MLP, "float32") is first


def test_few_and_only_small_networks_are_kept() -> None:
    first = compiled.compiled(MLP, "float32")
    for units in (20, 21, 22, 23):
        compiled.compiled(replace(MLP, units1=units), "float32")
    assert compiled.compiled(MLP, "float32") is not first
    large = RunConfig(hidden_layers=2, units1=1024, units2=1024, dropout=0.0)
    large = replace(large, hidden_layers=3, units3=1024)
    assert compiled.compiled(large, "float32") is not compiled.compiled(large, "float32")
