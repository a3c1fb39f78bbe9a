"""The compiled loop: what Keras's ``fit`` computes, to the last bit, in chunks of steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from digitlab.config import FIELDS, RunConfig
from digitlab.dataset import one_hot
from digitlab.layers import layers_of
from digitlab.network import as_pixels
from digitlab.presets import PRESETS
from digitlab.progress import NumberFormat

keras = pytest.importorskip("keras")

from digitlab.training import loop as training_loop  # noqa: E402
from digitlab.training.keras_model import (  # noqa: E402
    build,
    compile_model,
    freeze_convolutions,
)
from digitlab.training.loop import Sums, TrainingLoop, as_tensor, fit_order  # noqa: E402

EPOCHS = 2
LOSSES = next(field.choices for field in FIELDS if field.name == "loss")
MLP = RunConfig(units1=12, batch_size=16, dropout=0.3)
CNN = RunConfig(network="cnn", blocks=1, filters1=3, kernel1=5, dense=8, batch_size=16)


def samples(count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return (
        rng.integers(0, 256, (count, 28, 28), np.uint8),
        rng.integers(0, 10, count).astype(np.uint8),
    )


def model_of(config: RunConfig, number_format: NumberFormat, frozen: bool) -> Any:
    keras.utils.set_random_seed(config.seed)
    model = build(layers_of(config), number_format, config.seed)
    if frozen:
        freeze_convolutions(model)
    compile_model(model, config)
    return model


def state(model: Any) -> list[np.ndarray]:
    """Its weights and the optimizer's variables."""
    return [*model.get_weights(), *(np.asarray(each) for each in model.optimizer.variables)]


def targets_of(config: RunConfig, labels: np.ndarray) -> np.ndarray:
    return one_hot(labels) if config.one_hot else labels.astype(np.int32)


def fitted(
    config: RunConfig, count: int, number_format: NumberFormat = "float32", frozen: bool = False
) -> tuple[list[np.ndarray], dict[str, list[float]]]:
    """What Keras alone makes of ``count`` images: its state and its history."""
    images, labels = samples(count)
    model = model_of(config, number_format, frozen)
    history = model.fit(
        as_pixels(images),
        targets_of(config, labels),
        batch_size=config.batch_size,
        epochs=EPOCHS,
        verbose=0,
    )
    return state(model), history.history


def looped(
    config: RunConfig, count: int, number_format: NumberFormat = "float32", frozen: bool = False
) -> tuple[list[np.ndarray], list[list[Sums]]]:
    """What our loop makes of the same: the state, and the sums after each chunk of each epoch."""
    images, labels = samples(count)
    model = model_of(config, number_format, frozen)
    loop = TrainingLoop(model, one_hot=config.one_hot)
    data = as_tensor(images[..., None]), as_tensor(targets_of(config, labels)), fit_order(count)
    chunks = [list(loop.epoch(*data, config.batch_size)) for _ in range(EPOCHS)]
    return state(model), chunks


@pytest.mark.parametrize(
    ("config", "number_format", "frozen"),
    [
        *((replace(MLP, optimizer=name), "float32", False) for name in ("adam", "rmsprop")),
        (replace(MLP, optimizer="sgd", momentum=0.9), "float32", False),
        (replace(CNN, optimizer="adadelta", learning_rate=1.0), "float32", False),
        *((replace(MLP, loss=loss), "float32", False) for loss in LOSSES),
        (MLP, "mixed_bfloat16", False),
        (CNN, "mixed_bfloat16", False),
        (CNN, "float32", True),
        *((config, "float32", False) for config in PRESETS.values()),
    ],
)
def test_weights_and_optimizer_state_are_those_of_fit_to_the_last_bit(
    config: RunConfig, number_format: NumberFormat, frozen: bool
) -> None:
    count = 2 * config.batch_size + 5  # the last batch is a small one
    theirs, history = fitted(config, count, number_format, frozen)
    ours, epochs = looped(config, count, number_format, frozen)
    for expected, found in zip(theirs, ours, strict=True):
        np.testing.assert_array_equal(found, expected)
    for epoch, chunks in enumerate(epochs):
        whole = chunks[-1]
        assert whole.images == count
        assert whole.loss / count == pytest.approx(history["loss"][epoch], rel=1e-5)
        assert whole.correct / count == pytest.approx(history["accuracy"][epoch], abs=1e-6)


def test_the_length_of_a_chunk_follows_the_clock_and_changes_no_number(monkeypatch) -> None:
    config = replace(MLP, batch_size=4)
    expected, _ = looped(config, 200)
    monkeypatch.setattr(training_loop, "CHUNK_SECONDS", 0.0)  # every step is a chunk
    single, epochs = looped(config, 200)
    assert [len(chunks) for chunks in epochs] == [50, 50]
    last = epochs[1][-1]
    monkeypatch.setattr(training_loop, "CHUNK_SECONDS", 1e9)
    grown, epochs = looped(config, 200)
    # Longer and longer, but never more than a tenth of the epoch.
    assert [sums.images // 4 for sums in epochs[0]] == [1, 2, *range(6, 50, 5), 50]
    assert [sums.images // 4 for sums in epochs[1]] == [*range(5, 51, 5)]
    assert epochs[1][-1].loss == last.loss
    for states in (single, grown):
        for found, wanted in zip(states, expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_only_the_first_chunk_of_a_loop_is_traced() -> None:
    model = model_of(MLP, "float32", False)
    loop = TrainingLoop(model, one_hot=False)
    traced = []
    for count, batch_size in ((50, 16), (70, 16), (33, 7)):  # other images, another batch size
        images, labels = samples(count)
        data = as_tensor(images[..., None]), as_tensor(labels.astype(np.int32)), fit_order(count)
        traced += [sums.traced for sums in loop.epoch(*data, batch_size)]
    assert traced == [True] + [False] * (len(traced) - 1)
    assert loop._train.experimental_get_tracing_count() == 1


def test_an_epoch_that_is_left_has_trained_what_it_told() -> None:
    model = model_of(replace(MLP, dropout=0.0), "float32", False)
    images, labels = samples(64)
    data = as_tensor(images[..., None]), as_tensor(labels.astype(np.int32)), fit_order(64)
    for sums in TrainingLoop(model, one_hot=False).epoch(*data, 16):
        assert sums.images == 16
        break
    assert int(model.optimizer.iterations) == 1
