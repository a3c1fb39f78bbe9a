import dataclasses
import io
import itertools
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from digitlab.config import RunConfig
from digitlab.dataset import DigitSet, one_hot
from digitlab.layers import layers_of, parameter_count
from digitlab.network import as_pixels
from digitlab.presets import PRESETS
from digitlab.progress import (
    BatchMetrics,
    EpochMetrics,
    ExecutionSettings,
    Report,
    Untrained,
)
from digitlab.scores import score

keras = pytest.importorskip("keras")

from small_runs import DIGITS, Ran, run  # noqa: E402

from digitlab.store.run_files import npy  # noqa: E402
from digitlab.training import compiled, evaluation, kept_files, loop, trainer  # noqa: E402
from digitlab.training.kept_files import WEIGHTS_BUDGET, epochs_between_weights  # noqa: E402
from digitlab.training.keras_model import build, compile_model  # noqa: E402

MLP = RunConfig(units1=12, batch_size=16, epochs=2, validation_split=0.25, dropout=0.2)
CNN = RunConfig(
    network="cnn",
    blocks=1,
    filters1=3,
    kernel1=5,
    dense=8,
    dropout=0.0,
    batch_size=16,
    epochs=1,
    validation="test",
    loss="categorical_crossentropy",
)


def after(calls: int) -> Callable[[], bool]:
    """A wish to stop that comes at the so-manieth question."""
    asked = itertools.count(1)
    return lambda: next(asked) > calls


def numbers(epochs: list[EpochMetrics]) -> list[EpochMetrics]:
    return [replace(epoch, seconds=0) for epoch in epochs]


@pytest.fixture(scope="module")
def cnn() -> Ran:
    return run(CNN)


@pytest.fixture(scope="module")
def mlp() -> Ran:
    return run(MLP)


# One epoch on 64 images ---------------------------------------------------------------------


def test_one_epoch_leaves_a_history_of_length_1(cnn) -> None:
    kinds = [type(report) for report in cnn.reports]
    batches = [BatchMetrics] * (len(kinds) - 3)
    assert kinds == [ExecutionSettings, Untrained, *batches, EpochMetrics]
    assert batches
    (epoch,) = cnn.epochs
    assert (epoch.epoch, epoch.complete, epoch.images) == (1, True, 64)
    outcome = cnn.outcome
    assert (outcome.ending, outcome.epochs, outcome.kept_epoch) == ("finished", 1, 1)
    assert not outcome.stopped_early
    assert outcome.seconds >= epoch.seconds > 0
    assert outcome.images_per_second > 0


def test_the_untrained_network_is_examined_first(cnn) -> None:
    scores = score(CNN.loss, DIGITS.y_test, cnn.network(0).predict(DIGITS.x_test))
    assert cnn.untrained.loss == pytest.approx(scores.loss, abs=1e-5)
    assert cnn.untrained.accuracy == scores.accuracy
    assert cnn.untrained.loss == pytest.approx(-math.log(0.1), abs=0.5)


def test_every_file_is_there(cnn, mlp) -> None:
    for ran, kinds, epochs in (
        (cnn, ["kernels-{:03d}.npy", "reading-{:03d}.npz", "weights-{:03d}.npz"], 2),
        (mlp, ["reading-{:03d}.npz", "weights-{:03d}.npz"], 3),
    ):
        each_epoch = [kind.format(epoch) for kind in kinds for epoch in range(epochs)]
        assert sorted(ran.files) == sorted(["optimizer.npz", "probabilities.npy", *each_epoch])


@pytest.mark.parametrize("which", ["cnn", "mlp"])
def test_the_files_agree_with_the_numbers(which, request) -> None:
    ran = request.getfixturevalue(which)
    last = ran.epochs[-1]
    probabilities = ran.array("probabilities.npy")
    assert (probabilities.shape, probabilities.dtype) == ((20, 10), np.float32)
    scores = score((CNN if which == "cnn" else MLP).loss, DIGITS.y_test, probabilities)
    assert (last.test_loss, last.test_accuracy) == (scores.loss, scores.accuracy)
    np.testing.assert_allclose(
        ran.network(last.epoch).predict(DIGITS.x_test), probabilities, rtol=0, atol=1e-5
    )
    reading = ran.array(f"reading-{last.epoch:03d}.npz")
    assert (reading["digit"].dtype, reading["certainty"].dtype) == (np.uint8, np.float16)
    np.testing.assert_array_equal(reading["digit"], probabilities.argmax(axis=1))
    np.testing.assert_allclose(reading["certainty"], probabilities.max(axis=1), atol=1e-3)


def test_the_first_kernels_are_kept_with_every_epoch(cnn) -> None:
    for epoch in (0, 1):
        kernels = cnn.array(f"kernels-{epoch:03d}.npy")
        assert (kernels.shape, kernels.dtype) == ((5, 5, 1, 3), np.float32)
        np.testing.assert_array_equal(kernels, cnn.network(epoch).weights["conv1"][0])
    assert not np.array_equal(cnn.array("kernels-000.npy"), cnn.array("kernels-001.npy"))


def test_weights_say_where_they_come_from(mlp) -> None:
    for epoch in range(3):
        about = {"config": MLP.to_json(), "dataset": "mnist", "epoch": epoch}
        assert mlp.network(epoch).about == about


def test_files_are_kept_before_the_report_that_speaks_of_them() -> None:
    seen: list[str] = []
    kept: dict[str, bytes] = {}

    def report(one: Report) -> None:
        if isinstance(one, Untrained | EpochMetrics):
            epoch = getattr(one, "epoch", 0)
            assert {f"weights-{epoch:03d}.npz", f"reading-{epoch:03d}.npz"} <= set(kept)
            seen.append(type(one).__name__)

    run(MLP, files=kept, report=report)
    assert seen == ["Untrained", "EpochMetrics", "EpochMetrics"]
    assert list(kept)[-1] == "probabilities.npy"


# Against Keras ------------------------------------------------------------------------------


def test_losses_and_weights_are_those_of_keras_alone(mlp) -> None:
    keras.utils.set_random_seed(MLP.seed)
    model = build(layers_of(MLP))
    compile_model(model, MLP)
    (x, y), (held_x, held_y) = DIGITS.split(MLP).train, DIGITS.split(MLP).validation
    history = model.fit(
        as_pixels(x),
        y.astype(np.int32),
        batch_size=16,
        epochs=2,
        verbose=0,
        validation_data=(as_pixels(held_x), held_y.astype(np.int32)),
    ).history
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        found = [getattr(epoch, name) for epoch in mlp.epochs]
        assert found == pytest.approx(history[name], abs=1e-5)
    kept = [array for pair in mlp.network(2).weights.values() for array in pair]
    for array, expected in zip(kept, model.get_weights(), strict=True):
        np.testing.assert_allclose(array, expected, rtol=0, atol=1e-6)


@pytest.fixture
def one_step_a_chunk(monkeypatch) -> None:
    """Every step is a chunk: its end is reported, and may be the last."""
    monkeypatch.setattr(loop, "CHUNK_SECONDS", 0.0)
    compiled.forget()


@pytest.mark.usefixtures("one_step_a_chunk")
def test_the_batches_add_up_to_kerass_epoch(monkeypatch) -> None:
    monkeypatch.setattr(trainer, "REPORTS_PER_SECOND", 1e9)  # so that every chunk reports
    config = dataclasses.replace(MLP, validation="none", batch_size=10)  # 64 leaves a batch of 4
    ran = run(config)
    for epoch in ran.epochs:
        batches = [batch for batch in ran.batches if batch.epoch == epoch.epoch]
        assert [batch.step for batch in batches] == [1, 2, 3, 4, 5, 6, 7]
        assert {batch.steps for batch in batches} == {7}
        for name in ("loss", "accuracy"):
            mean = np.average([getattr(batch, name) for batch in batches], weights=[10] * 6 + [4])
            assert mean == pytest.approx(getattr(epoch, name), abs=1e-5)


def test_reports_come_at_most_ten_times_a_second() -> None:
    ran = run(dataclasses.replace(MLP, batch_size=1, epochs=3))
    # Each epoch's end reports as well.
    assert len(ran.batches) <= 10 * ran.outcome.seconds + 3
    assert [batch.position for batch in ran.batches if batch.step == batch.steps] == [1, 2, 3]


# Repeatable ---------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_numbers_and_another_others(mlp) -> None:
    again = run(MLP)
    assert numbers(again.epochs) == numbers(mlp.epochs)
    assert again.untrained == mlp.untrained
    assert again.files == mlp.files
    assert run(dataclasses.replace(MLP, seed=2)).untrained != mlp.untrained


@pytest.mark.usefixtures("one_step_a_chunk")
def test_the_length_of_a_chunk_changes_no_number(mlp) -> None:
    single = run(MLP)
    assert single.untrained == mlp.untrained
    assert numbers(single.epochs) == numbers(mlp.epochs)
    assert single.files == mlp.files


def test_bfloat16_is_trained_in_and_float32_examined_in() -> None:
    ran = run(CNN, format="mixed_bfloat16")
    for epoch in (0, 1):
        network = ran.network(epoch)
        assert {a.dtype for pair in network.weights.values() for a in pair} == {np.dtype("f4")}
        exact = network.predict(DIGITS.x_test)
        reading = ran.array(f"reading-{epoch:03d}.npz")
        np.testing.assert_array_equal(reading["digit"], exact.argmax(axis=1))
    np.testing.assert_allclose(ran.array("probabilities.npy"), exact, rtol=0, atol=1e-5)
    rough = build(layers_of(CNN), "mixed_bfloat16")
    for layer, pair in network.weights.items():
        rough.get_layer(layer).set_weights(pair)
    assert np.abs(np.asarray(rough(as_pixels(DIGITS.x_test))) - exact).max() > 1e-5


# Validation and losses ----------------------------------------------------------------------


def test_validation_may_be_on_nothing() -> None:
    (epoch,) = run(dataclasses.replace(MLP, validation="none", epochs=1)).epochs
    assert (epoch.val_loss, epoch.val_accuracy, epoch.images) == (None, None, 64)
    assert epoch.test_loss is not None


def test_validation_may_be_on_the_last_part(mlp) -> None:
    for epoch in mlp.epochs:
        probabilities = mlp.network(epoch.epoch).predict(DIGITS.x_train[48:])
        scores = score(MLP.loss, DIGITS.y_train[48:], probabilities)
        assert epoch.images == 48
        assert epoch.val_loss == pytest.approx(scores.loss, abs=1e-5)
        assert epoch.val_accuracy == pytest.approx(scores.accuracy)


def test_validation_may_be_on_the_test_set(cnn) -> None:
    (epoch,) = cnn.epochs
    assert (epoch.val_loss, epoch.val_accuracy) == (epoch.test_loss, epoch.test_accuracy)


def test_only_the_first_training_images_are_used() -> None:
    assert run(dataclasses.replace(MLP, train_images=20, epochs=1)).epochs[0].images == 15


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "mean_squared_error"])
def test_every_loss_is_trained_on_one_hot_vectors_as_keras_does(loss) -> None:
    config = dataclasses.replace(MLP, loss=loss, epochs=1, validation="none")
    (epoch,) = run(config).epochs
    keras.utils.set_random_seed(config.seed)
    model = build(layers_of(config))
    compile_model(model, config)
    images, labels = as_pixels(DIGITS.x_train), one_hot(DIGITS.y_train)
    history = model.fit(images, labels, batch_size=16, verbose=0).history
    tested = model.evaluate(as_pixels(DIGITS.x_test), one_hot(DIGITS.y_test), verbose=0)
    found = [epoch.loss, epoch.accuracy, epoch.test_loss, epoch.test_accuracy]
    assert found == pytest.approx([*history["loss"], *history["accuracy"], *tested], abs=1e-5)


def test_a_network_learns_the_squares() -> None:
    config = dataclasses.replace(MLP, units1=64, dropout=0.0, epochs=60, learning_rate=0.005)
    ran = run(config)
    assert ran.epochs[-1].test_accuracy >= 0.9
    assert ran.epochs[-1].test_loss < ran.untrained.loss / 3


# Stopping -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_step_a_chunk")
def test_a_stop_in_the_middle_of_an_epoch_keeps_what_was_trained() -> None:
    config = dataclasses.replace(MLP, batch_size=4, epochs=9)
    whole = run(dataclasses.replace(config, epochs=1))
    ran = run(config, stop=after(20))
    last = ran.epochs[-1]
    assert (ran.outcome.ending, ran.outcome.stopped_early) == ("stopped", False)
    assert not last.complete
    assert 0 < last.images < 48
    assert ran.outcome.kept_epoch == last.epoch == ran.outcome.epochs + 1
    assert numbers(ran.epochs[:1]) == numbers(whole.epochs)
    scores = score(MLP.loss, DIGITS.y_test, ran.network(last.epoch).predict(DIGITS.x_test))
    assert last.test_loss == pytest.approx(scores.loss, abs=1e-5)
    assert not np.array_equal(
        ran.network(last.epoch).weights["dense1"][0], ran.network(1).weights["dense1"][0]
    )
    assert ran.array("probabilities.npy").shape == (20, 10)


def test_a_stop_is_heeded_after_the_chunk_under_way() -> None:
    reports: list[Report] = []
    config = dataclasses.replace(MLP, batch_size=1, epochs=100)

    def stop() -> bool:  # as soon as the first batches are reported
        return any(isinstance(report, BatchMetrics) for report in reports)

    ran = run(config, report=reports.append, stop=stop)
    (seen,), (last,) = ran.batches, ran.epochs
    assert (last.epoch, last.images) == (1, seen.step)


def test_a_stop_before_the_start_trains_nothing() -> None:
    ran = run(MLP, stop=lambda: True)
    assert (ran.outcome.ending, ran.outcome.epochs, ran.outcome.kept_epoch) == ("stopped", 0, 0)
    assert ran.reports == [ExecutionSettings(), ran.untrained]
    assert sorted(ran.files) == ["probabilities.npy", "reading-000.npz", "weights-000.npz"]
    assert ran.outcome.images_per_second == 0


def test_a_stop_during_the_first_examination_leaves_the_untrained_weights(monkeypatch) -> None:
    monkeypatch.setattr(evaluation, "SECONDS_AFTER_STOP", -1.0)  # no time for any of it
    ran = run(MLP, stop=lambda: True)
    assert (ran.outcome.ending, ran.outcome.epochs) == ("stopped", 0)
    assert ran.reports == [ExecutionSettings()]
    assert list(ran.files) == ["weights-000.npz"]


@pytest.mark.usefixtures("one_step_a_chunk")
def test_a_stop_that_leaves_no_time_to_test_keeps_the_weights(monkeypatch) -> None:
    monkeypatch.setattr(evaluation, "SECONDS_AFTER_STOP", -1.0)
    ran = run(dataclasses.replace(MLP, batch_size=4), stop=after(4))
    (last,) = ran.epochs
    assert (last.complete, last.test_loss, last.val_loss) == (False, None, None)
    assert math.isfinite(last.loss)
    assert {"weights-000.npz", "weights-001.npz"} <= set(ran.files)
    assert "probabilities.npy" not in ran.files
    assert ran.network(1).about["epoch"] == 1


# Divergence ---------------------------------------------------------------------------------

WILD = RunConfig(
    hidden_layers=3,
    units1=1024,
    units2=1024,
    units3=1024,
    dropout=0.0,
    optimizer="sgd",
    learning_rate=2.0,
    batch_size=64,
    epochs=40,
    validation="none",
)


IMAGES = np.random.default_rng(0).integers(0, 256, (64, 28, 28), np.uint8)
LABELS = DIGITS.y_train
NOISE = DigitSet("mnist", IMAGES, LABELS, IMAGES[:20], LABELS[:20], Path("made"), "made")


def test_a_run_that_diverges_keeps_its_earlier_epochs() -> None:
    # One step an epoch: the step that breaks the weights is the last of its epoch, so Keras's
    # loss of that epoch is still finite.
    ran = run(WILD, NOISE)
    assert ran.outcome.ending == "diverged"
    assert 1 <= ran.outcome.epochs == ran.outcome.kept_epoch == len(ran.epochs) < 40
    assert all(math.isfinite(epoch.test_loss) for epoch in ran.epochs)
    assert all(math.isfinite(batch.loss) for batch in ran.batches)
    network = ran.network(ran.outcome.kept_epoch)  # opens only when every weight is finite
    assert network.about["epoch"] == ran.outcome.epochs
    assert np.isfinite(ran.array("probabilities.npy")).all()
    kept = sorted(name for name in ran.files if name.startswith("reading"))
    assert kept[-1] == f"reading-{ran.outcome.epochs:03d}.npz"


def test_a_run_that_diverges_within_an_epoch_ends_at_once() -> None:
    ran = run(dataclasses.replace(WILD, batch_size=2), NOISE)
    assert (ran.outcome.ending, ran.outcome.epochs, ran.outcome.kept_epoch) == ("diverged", 0, 0)
    assert ran.epochs == []
    assert all(math.isfinite(batch.loss) for batch in ran.batches)
    assert ran.network(0).about["epoch"] == 0


# On a part of the test set, and at the end on all of it -------------------------------------

RANDOM = np.random.default_rng(1)
MANY = 2_100  # test images; every second is read after an epoch
MANY_DIGITS = dataclasses.replace(
    NOISE,
    x_test=RANDOM.integers(0, 256, (MANY, 28, 28), np.uint8),
    y_test=RANDOM.integers(0, 10, MANY, np.uint8),
)


def exactly(
    ran: Ran, config: RunConfig, epoch: int, kept: slice = slice(None)
) -> tuple[float, float]:
    """The kept network's loss and accuracy, by the forward pass in NumPy."""
    probabilities = ran.network(epoch).predict(MANY_DIGITS.x_test[kept])
    scores = score(config.loss, MANY_DIGITS.y_test[kept], probabilities)
    return pytest.approx(scores.loss, rel=1e-4), pytest.approx(scores.accuracy, abs=1e-3)


def images_tested(ran: Ran) -> list[tuple[int, int]]:
    """The epoch and the number of test images of each report."""
    return [
        (report.epoch, report.test_images)
        for report in ran.reports
        if isinstance(report, EpochMetrics)
    ]


def test_only_the_last_epoch_is_tested_on_the_whole_set() -> None:
    config = dataclasses.replace(MLP, epochs=2)
    ran = run(config, MANY_DIGITS)
    first, last = ran.epochs
    half = slice(0, MANY, 2)

    assert ran.untrained.images == 1_050
    assert images_tested(ran) == [(1, 1_050), (2, MANY)]
    assert (ran.untrained.loss, ran.untrained.accuracy) == exactly(ran, config, 0, half)
    assert (first.test_loss, first.test_accuracy) == exactly(ran, config, 1, half)
    assert (last.test_loss, last.test_accuracy) == exactly(ran, config, 2)
    assert ran.array("probabilities.npy").shape == (MANY, 10)
    for epoch in range(3):
        assert ran.array(f"reading-{epoch:03d}.npz")["digit"].shape == (1_050,)


def test_where_it_validates_on_the_test_set_all_of_it_is_read() -> None:
    ran = run(dataclasses.replace(MLP, epochs=2, validation="test"), MANY_DIGITS)
    assert images_tested(ran) == [(1, MANY), (2, MANY)]
    assert [epoch.val_loss for epoch in ran.epochs] == [epoch.test_loss for epoch in ran.epochs]
    assert ran.untrained.images == 1_050
    for epoch in range(3):
        assert ran.array(f"reading-{epoch:03d}.npz")["digit"].shape == (1_050,)


@pytest.mark.usefixtures("one_step_a_chunk")
def test_a_run_that_is_stopped_is_tested_on_the_whole_set() -> None:
    config = dataclasses.replace(MLP, epochs=3)
    ran = run(config, MANY_DIGITS, stop=after(8))
    assert ran.outcome.ending == "stopped"
    end = ran.epochs[-1]
    assert images_tested(ran)[-2:] == [(end.epoch, 1_050), (end.epoch, MANY)]
    assert (end.test_loss, end.test_accuracy) == exactly(ran, config, end.epoch)


def test_a_run_that_is_stopped_early_is_tested_on_the_whole_set() -> None:
    config = dataclasses.replace(MLP, epochs=50, patience=1, learning_rate=0.05)
    ran = run(config, MANY_DIGITS)
    assert ran.outcome.stopped_early
    assert images_tested(ran)[-2:] == [(len(ran.epochs), 1_050), (len(ran.epochs), MANY)]
    end = ran.epochs[-1]
    assert (end.test_loss, end.test_accuracy) == exactly(ran, config, end.epoch)


def test_after_a_divergence_the_weights_before_it_are_tested_on_the_whole_set() -> None:
    ran = run(WILD, MANY_DIGITS)
    assert ran.outcome.ending == "diverged"
    end = ran.epochs[-1]
    assert images_tested(ran)[-2:] == [(end.epoch, 1_050), (end.epoch, MANY)]
    assert (end.test_loss, end.test_accuracy) == exactly(ran, WILD, ran.outcome.kept_epoch)
    assert np.isfinite(ran.array("probabilities.npy")).all()


# Early stopping -----------------------------------------------------------------------------

SEQUENCES = [
    [5, 4, 3, 2, 1, 1, 1, 1, 1, 1],
    [5, 4, 4.5, 4.4, 3.9, 4, 4, 4, 3, 3],
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    [3, 3, 3, 3, 3, 3, 3, 3, 3, 3],
    [5, math.inf, 4, 4, 3, math.nan, 2, 9, 9, 9],
]


@pytest.mark.parametrize("patience", [1, 2, 3, 5])
@pytest.mark.parametrize("losses", SEQUENCES, ids=str)
def test_patience_is_counted_as_keras_counts(losses, patience) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mean_squared_error")
    theirs = keras.callbacks.EarlyStopping("val_loss", patience=patience)
    theirs.set_model(model)
    theirs.on_train_begin()
    model.stop_training = False
    ours = trainer._Patience(patience)
    for epoch, loss in enumerate(losses):
        theirs.on_epoch_end(epoch, {"val_loss": loss})
        exhausted = ours.exhausted(loss)
        assert exhausted == model.stop_training
        if exhausted:
            return


def test_no_patience_never_ends_a_run() -> None:
    patience = trainer._Patience(0)
    assert not any(patience.exhausted(loss) for loss in (1, 2, 3, 4, 5))


PATIENT = dataclasses.replace(MLP, learning_rate=0.01, epochs=50, patience=3)


@pytest.fixture(scope="module")
def misleading() -> DigitSet:
    """Labels of the validation part say nothing of the pictures: its loss soon rises."""
    labels = DIGITS.y_train.copy()
    labels[48:] = (labels[48:] + 5) % 10
    return dataclasses.replace(DIGITS, y_train=labels)


def test_a_run_ends_early_by_its_patience_and_keeps_its_last_weights(misleading) -> None:
    ran = run(PATIENT, misleading)
    losses = [epoch.val_loss for epoch in ran.epochs]
    outcome, length = ran.outcome, len(losses)
    assert (outcome.ending, outcome.stopped_early) == ("finished", True)
    assert outcome.epochs == outcome.kept_epoch == length < 50
    assert int(np.argmin(losses)) == length - 1 - 3
    assert f"weights-{length:03d}.npz" in ran.files

    # Patience that ends with the last epoch did not end the run early.
    whole = run(dataclasses.replace(PATIENT, epochs=length), misleading)
    assert (len(whole.epochs), whole.outcome.stopped_early) == (length, False)


# The budget for weights ---------------------------------------------------------------------


def kept_epochs(parameters: int, epochs: int, ended: int) -> list[int]:
    every = epochs_between_weights(parameters, epochs)
    kept = [epoch for epoch in range(ended + 1) if epoch % every == 0]
    return kept if kept[-1] == ended else [*kept, ended]


@pytest.mark.parametrize("name", PRESETS)
def test_weights_of_every_epoch_are_kept_while_they_fit(name) -> None:
    parameters = parameter_count(layers_of(PRESETS[name]))
    epochs = PRESETS[name].epochs
    fits = 4 * parameters * (epochs + 1) <= WEIGHTS_BUDGET
    assert (epochs_between_weights(parameters, epochs) == 1) is fits


@pytest.mark.parametrize("parameters", [1, 101_770, 1_199_882, 4_738_826, 11_999_999])
def test_kept_weights_stay_in_their_budget_wherever_a_run_ends(parameters) -> None:
    for epochs in (1, 2, 3, 10, 50, 99, 100):
        for ended in range(epochs + 1):
            kept = kept_epochs(parameters, epochs, ended)
            assert {0, ended} <= set(kept)
            assert 4 * parameters * len(kept) <= WEIGHTS_BUDGET


def test_of_a_huge_network_the_first_and_the_last_weights_are_kept() -> None:
    assert kept_epochs(177_000_000, 100, 100) == [0, 100]
    assert kept_epochs(177_000_000, 100, 7) == [0, 7]


@pytest.fixture
def small_budget(monkeypatch) -> None:
    """Three files of the weights of ``MLP`` fit."""
    monkeypatch.setattr(kept_files, "WEIGHTS_BUDGET", 3 * 4 * parameter_count(layers_of(MLP)))


def test_a_run_past_its_budget_keeps_some_epochs_and_the_last(small_budget) -> None:
    ran = run(dataclasses.replace(MLP, epochs=5))
    weights = sorted(name for name in ran.files if name.startswith("weights"))
    assert weights == ["weights-000.npz", "weights-003.npz", "weights-005.npz"]
    assert ran.network(5).about["epoch"] == 5
    assert len([name for name in ran.files if name.startswith("reading")]) == 6


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, [*([0, epoch] for epoch in range(1, 6)), *([0, 5, epoch] for epoch in range(6, 10))]),
        # Epochs of a tenth of a second and 88 MB would only move weights.
        (3600.0, [[0]] * 4 + [[0, 5]] * 5),
    ],
)
def test_a_run_past_its_budget_has_its_newest_weights_at_times(
    small_budget, monkeypatch, seconds, expected
) -> None:
    monkeypatch.setattr(kept_files, "SECONDS_BETWEEN_NEWEST", seconds)
    files: dict[str, bytes] = {}
    seen = []

    def weights() -> list[int]:
        return [int(name[8:11]) for name in sorted(files) if name.startswith("weights")]

    def report(progress: Report) -> None:
        if isinstance(progress, EpochMetrics):
            seen.append(weights())

    run(dataclasses.replace(MLP, epochs=9), files=files, report=report, drop=files.__delitem__)
    assert seen == expected
    assert weights() == [0, 5, 9]


def test_npy_is_an_array_file_without_pickles() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(np.load(io.BytesIO(npy(array)), allow_pickle=False), array)
    with pytest.raises(ValueError, match="allow_pickle"):
        npy(np.array([object()]))
