"""A run that goes on from another: against Keras's own second ``fit``, and with layers frozen."""

import dataclasses

import numpy as np
import pytest

from digitlab.config import RunConfig
from digitlab.layers import layers_of
from digitlab.network import as_pixels
from digitlab.training.continuing import STATE_FILE, InitialState

keras = pytest.importorskip("keras")

from small_runs import DIGITS, Ran, run  # noqa: E402

from digitlab.training.keras_model import build, compile_model  # noqa: E402

# One batch holds all images: their order changes nothing, and there is no dropout.
WHOLE = RunConfig(
    units1=12, dropout=0.0, batch_size=64, epochs=3, validation="none", learning_rate=0.01
)
OPTIMIZERS = {
    "adam": {},
    "rmsprop": {},
    "sgd": {"momentum": 0.9},
    "adadelta": {"learning_rate": 1.0},
}
CNN = RunConfig(
    network="cnn",
    blocks=2,
    filters1=3,
    filters2=4,
    dense=8,
    dropout=0.2,
    batch_size=16,
    epochs=1,
    validation="none",
)


def kerass_own(config: RunConfig) -> list[float]:
    """The losses of two calls of ``fit``, as Keras trains without us from the same seed."""
    keras.utils.set_random_seed(config.seed)
    model = build(layers_of(config))
    compile_model(model, config)
    (x, y), losses = DIGITS.split(config).train, []
    for _ in range(2):
        history = model.fit(
            as_pixels(x), y.astype(np.int32), batch_size=64, epochs=config.epochs, verbose=0
        )
        losses += history.history["loss"]
    return losses


@pytest.fixture(scope="module")
def first() -> Ran:
    return run(CNN)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_going_on_is_kerass_second_fit_and_a_fresh_optimizer_is_not(name: str) -> None:
    config = dataclasses.replace(WHOLE, optimizer=name, **OPTIMIZERS[name])
    begun = run(config)
    gone_on = run(config, start=begun.start())
    np.testing.assert_allclose(begun.losses + gone_on.losses, kerass_own(config), atol=1e-5)

    afresh = run(config, start=begun.start(optimizer={}))
    assert afresh.losses[0] == pytest.approx(gone_on.losses[0], abs=1e-5)  # the same weights
    assert np.abs(np.subtract(afresh.losses, gone_on.losses)).max() > 1e-3


def test_it_begins_where_the_other_ended(first: Ran) -> None:
    gone_on = run(CNN, start=first.start())
    right = (first.array("probabilities.npy").argmax(axis=1) == DIGITS.y_test).mean()
    assert gone_on.untrained.accuracy == pytest.approx(right)
    np.testing.assert_equal(gone_on.network(0).weights, first.network().weights)
    for name in ("conv1", "conv2"):
        before, after = first.network().weights[name][0], gone_on.network().weights[name][0]
        assert not np.array_equal(before, after)


def test_the_state_counts_every_step_of_both_runs(first: Ran) -> None:
    assert first.state["iteration"] == 4
    gone_on = run(dataclasses.replace(CNN, epochs=2), start=first.start())
    assert gone_on.state["iteration"] == 4 + 8
    assert set(gone_on.state) == set(first.state)
    assert {"conv1_kernel_momentum", "dense2_bias_velocity"} <= set(first.state)


@pytest.mark.parametrize("number_format", ["float32", "mixed_bfloat16"])
def test_frozen_convolutions_stay_and_dense_layers_change(first: Ran, number_format) -> None:
    gone_on = run(CNN, start=first.start(frozen=True), format=number_format)
    before, after = first.network().weights, gone_on.network().weights
    for name in ("conv1", "conv2"):
        np.testing.assert_equal(before[name], after[name])
    for name in ("dense1", "dense2"):
        assert np.abs(before[name][0] - after[name][0]).max() > 1e-4


def test_what_is_remembered_of_frozen_layers_outlives_their_run(first: Ran) -> None:
    frozen = run(CNN, start=first.start(frozen=True))
    assert set(frozen.state) == set(first.state)
    kept, moved = "conv1_kernel_velocity", "dense1_kernel_velocity"
    np.testing.assert_array_equal(frozen.state[kept], first.state[kept])
    assert (frozen.state[moved] != first.state[moved]).any()


def test_it_goes_on_with_more_images() -> None:
    few = run(dataclasses.replace(WHOLE, train_images=16, batch_size=16, epochs=1))
    more = dataclasses.replace(WHOLE, train_images=48, batch_size=16, epochs=1)
    gone_on = run(more, start=few.start())
    assert [epoch.images for epoch in gone_on.epochs] == [48]
    assert gone_on.state["iteration"] == 1 + 3


def test_a_state_of_another_network_is_left_alone(first: Ran) -> None:
    wider = dataclasses.replace(WHOLE, units1=9, batch_size=16, epochs=1)
    gone_on = run(wider, start=InitialState(run(wider).network(), first.state))
    assert gone_on.state["iteration"] == 4 + 4  # "iteration" alone fits
    assert gone_on.state["dense1_kernel_velocity"].shape == (784, 9)


def test_a_run_that_diverged_keeps_no_state() -> None:
    start = run(dataclasses.replace(WHOLE, epochs=1)).start()
    huge = {name: (kernel * 1e30, bias) for name, (kernel, bias) in start.network.weights.items()}
    network = dataclasses.replace(start.network, weights=huge)
    ran = run(WHOLE, start=InitialState(network, {}))
    assert ran.outcome.ending == "diverged"
    assert STATE_FILE not in ran.files
