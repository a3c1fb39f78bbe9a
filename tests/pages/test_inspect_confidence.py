"""Confidence, two networks and the journey on the Inspect page, as Streamlit runs them."""

from __future__ import annotations

import io
import re
import secrets
from pathlib import Path

import numpy as np
import pytest
from inspecting import SAMPLE, kept_run, network_of
from msgspec.structs import replace
from screen import open_page, opened_lab, said
from streamlit.testing.v1 import AppTest

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.messages import message
from digitlab.progress import EpochMetrics, Untrained
from digitlab.store import Status, Store
from digitlab.store.run_files import npy

MLP = RunConfig(units1=4)
CNN = RunConfig(network="cnn", blocks=1, filters1=2, kernel1=5, dense=4)
VIEWS = ("confidence", "runs", "journey")


@pytest.fixture
def app(home: Path, me: str) -> AppTest:
    return opened_lab(me)


def open_view(app: AppTest, view: str, **query: str) -> AppTest:
    return open_page(app, "inspect", view=view, **query)


def sound(app: AppTest) -> AppTest:
    assert not app.exception
    assert "Something went wrong" not in said(app)
    return app


def stored_run(
    home: Path,
    owner: str,
    config: RunConfig = MLP,
    *,
    epochs: int = 3,
    read: int | None = None,
    fingerprint: str = dataset.SAMPLE_FINGERPRINT,
    status: Status = Status.FINISHED,
) -> str:
    """A run as a worker leaves it; ``read`` is the last epoch whose test set was read."""
    labels, last_read = dataset.sample().y_test, epochs if read is None else read
    files, metrics = {}, []
    for epoch in range(last_read + 1):
        files[f"reading-{epoch:03d}.npz"] = npz(digit=readings(labels, epoch))
    if last_read == epochs:
        files["probabilities.npy"] = npy(probabilities(labels, epochs))
    for epoch in range(1, epochs + 1):
        test = (None, None) if epoch > last_read else (1 / epoch, 0.5)
        metrics.append(EpochMetrics(epoch, True, 1.0, 0.5, None, None, *test, 1.0, 3_200))
    run = kept_run(
        home,
        owner,
        config,
        {epoch: network_of(config, epoch) for epoch in range(epochs + 1)},
        digits=replace(SAMPLE, fingerprint=fingerprint),
        files=files,
        untrained=Untrained(2.3, 0.1) if last_read >= 0 else None,
        epochs=metrics,
    ).id
    if status is not Status.RUNNING:
        Store(home).end(run, status, message("Stopped after epoch {epoch}.", epoch=epochs))
    return run


def readings(labels: np.ndarray, epoch: int) -> np.ndarray:
    """More and more samples are right; those whose number ends in 05 are forgotten."""
    number = np.arange(len(labels))
    right = (number % 4 < epoch) & ~((epoch > 1) & (number % 100 == 5))
    return np.where(right, labels, (labels + 1) % 10).astype(np.uint8)


def probabilities(labels: np.ndarray, epoch: int) -> np.ndarray:
    """Certain to 92% or 60%, in turn."""
    confidence = np.where(np.arange(len(labels)) % 2, 0.92, 0.6)[:, None]
    sure = np.eye(10)[readings(labels, epoch)]
    return (sure * confidence + (1 - sure) * (1 - confidence) / 9).astype(np.float32)


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_the_sentence_is_counted_from_the_samples(app: AppTest, home: Path, me: str) -> None:
    open_view(app, "confidence", run=stored_run(home, me))
    labels = dataset.sample().y_test
    odd = np.arange(len(labels)) % 2 == 1
    right = int((readings(labels, 3) == labels)[odd].sum())

    assert f"When it says 90% to 95%, it is right in **{right} of {odd.sum()}**" in said(app)
    assert "On average it is **76.0%** certain, and it is right in **74.0%**" in said(app)
    assert "no more apart than chance allows" in said(app)


def test_another_bin_is_chosen_from_the_list(app: AppTest, home: Path, me: str) -> None:
    open_view(app, "confidence", run=stored_run(home, me))

    sound(app.selectbox(key="confidence-bin").set_value(2).run())
    assert "When it says 50% to 70%, it is right in" in said(app)

    sound(app.selectbox(key="confidence-bin").set_value(8).run())
    assert "It is never 99.9% to 100% certain" in said(app)


def test_the_bundled_networks_smoothed_labels_are_told(app: AppTest) -> None:
    open_view(app, "confidence")
    assert "smoothed labels" in said(app)
    assert "Expected calibration error (ECE): **" in said(app)


def test_what_the_second_mends_and_breaks_adds_up(app: AppTest, home: Path, me: str) -> None:
    first, second = stored_run(home, me, epochs=1), stored_run(home, me, epochs=2)
    open_view(app, "runs", model=first)

    sound(app.selectbox(key="runs-second").set_value(second).run())

    labels = dataset.sample().y_test
    was, now = (readings(labels, epoch) == labels for epoch in (1, 2))
    mended, broken = int((~was & now).sum()), int((was & ~now).sum())
    assert f"mends {mended} and breaks {broken}" in said(app)
    assert "**the second is clearly better**" in said(app)
    (table,) = app.dataframe
    assert list(table.value["Second right"]) == [f"{(was & now).sum()}", f"{mended} mended"]
    assert list(table.value["Second wrong"]) == [f"{broken} broken", f"{(~was & ~now).sum()}"]


def test_a_bundled_network_reads_the_runs_own_test_set(app: AppTest, home: Path, me: str) -> None:
    open_view(app, "runs", model=stored_run(home, me))
    assert app.selectbox(key="runs-second").value == "reference"
    assert "**the second is clearly better**" in said(app)


def test_runs_tested_on_other_images_are_not_compared(app: AppTest, home: Path, me: str) -> None:
    first, other = stored_run(home, me), stored_run(home, me, fingerprint="f" * 64)
    open_view(app, "runs", model=first)

    sound(app.selectbox(key="runs-second").set_value(other).run())

    assert "were tested on different images" in said(app)
    assert not app.dataframe


def test_the_second_may_become_the_first(app: AppTest, home: Path, me: str) -> None:
    first, second = stored_run(home, me, epochs=1), stored_run(home, me, epochs=2)
    open_view(app, "runs", model=first)
    sound(app.selectbox(key="runs-second").set_value(second).run())

    sound(app.selectbox(key="model").set_value(second).run())

    assert app.selectbox(key="runs-second").value == first


def test_runs_that_look_alike_are_told_apart(app: AppTest, home: Path, me: str) -> None:
    runs = [stored_run(home, me, epochs=epochs) for epochs in (1, 2, 3)]
    open_view(app, "journey")
    for run in runs:
        sound(app.selectbox(key="model").set_value(run).run())
        assert app.selectbox(key="model").value == run
        assert app.query_params["model"] in (run, [run])


def test_what_was_learned_and_forgotten_since_an_epoch(app: AppTest, home: Path, me: str) -> None:
    open_view(app, "journey", run=stored_run(home, me))
    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics == {
        "Accuracy, untrained": "10.00%",
        "Accuracy, trained": "50.00%",
        "Loss, untrained": "2.300",
        "Loss, trained": "0.333",
    }
    assert "From epoch 1 to epoch 3 it has learned **490** samples and forgotten **0**" in said(app)

    (slider,) = app.select_slider
    sound(slider.set_value(0).run())

    assert "From untrained to epoch 3 it has learned **740** samples" in said(app)


def test_the_bundled_networks_journey_says_what_was_not_kept(app: AppTest) -> None:
    open_view(app, "journey")
    assert "How it read between was not kept" in said(app)
    assert re.search(r"From untrained to epoch 14 it has learned \*\*\d{3}\*\*", said(app))


def test_of_the_other_bundled_network_only_the_end_was_kept(app: AppTest) -> None:
    open_view(app, "journey", model="mnist-only")
    assert "only the end was kept" in said(app)
    assert len(app.metric) == 2


def test_a_run_stopped_before_its_last_test_is_read_here(app: AppTest, home: Path, me: str) -> None:
    open_view(app, "journey", run=stored_run(home, me, read=2, status=Status.STOPPED))
    assert "Stopped after epoch 3." in said(app)
    assert "to epoch 2 it has learned" in said(app)
    assert len(app.metric) == 4


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("config", [MLP, CNN], ids=["mlp", "cnn"])
def test_one_epoch_is_enough(
    app: AppTest, home: Path, me: str, view: str, config: RunConfig
) -> None:
    open_view(app, view, run=stored_run(home, me, config, epochs=1))
    assert not app.error


@pytest.mark.parametrize("view", VIEWS)
def test_somebody_elses_run_is_shown(app: AppTest, home: Path, view: str) -> None:
    other = stored_run(home, secrets.token_urlsafe(16))
    open_view(app, view, run=other)
    assert not app.error
    assert app.selectbox(key="model").value == other


@pytest.mark.parametrize("view", VIEWS)
def test_a_run_stopped_at_once_is_answered_in_a_sentence(
    app: AppTest, home: Path, me: str, view: str
) -> None:
    """Only its untrained weights were kept: the network reads the test set here."""
    run = stored_run(home, me, epochs=0, read=-1, status=Status.STOPPED)

    open_view(app, view, run=run)

    if view == "journey":
        (error,) = app.error
        assert "there is no journey to follow" in error.value
    else:
        assert not app.error


def test_a_run_stopped_after_its_first_test_has_no_epochs(
    app: AppTest, home: Path, me: str
) -> None:
    open_view(app, "journey", run=stored_run(home, me, epochs=0, status=Status.STOPPED))
    assert "only the untrained network was tested" in said(app)
    assert [metric.value for metric in app.metric] == ["10.00%", "2.300"]


@pytest.mark.parametrize("view", VIEWS)
def test_weights_that_are_not_numbers_are_a_sentence(
    app: AppTest, home: Path, me: str, view: str
) -> None:
    run = stored_run(home, me, status=Status.DIVERGED)
    sick = network_of(MLP, 3)
    for kernel, _ in sick.weights.values():
        kernel[:] = np.nan
    Store(home).keep(run, "weights-003.npz", sick.to_bytes())

    open_view(app, view, run=run)

    (error,) = app.error
    assert "values that are not finite" in error.value
    assert app.selectbox(key="model").value == run, "another network can be chosen"


def test_weights_beyond_all_bounds_are_a_sentence(app: AppTest, home: Path, me: str) -> None:
    run = stored_run(home, me, status=Status.DIVERGED, read=2)
    huge = network_of(MLP, 3, scale=3e37)
    Store(home).keep(run, "weights-003.npz", huge.to_bytes())

    open_view(app, "confidence", run=run)

    (error,) = app.error
    assert "its training has diverged" in error.value


@pytest.mark.parametrize(("view", "name"), [*((view, "run") for view in VIEWS), ("runs", "model")])
def test_a_deleted_run_is_told_and_the_labs_own_network_reads(
    app: AppTest, home: Path, me: str, view: str, name: str
) -> None:
    run = stored_run(home, me)
    Store(home).delete(run)

    open_view(app, view, **{name: run})

    (warning,) = app.warning
    assert "it may have been deleted" in warning.value
    assert app.selectbox(key="model").value == "reference"
    assert not app.error


def test_a_run_that_waits_is_told_apart_from_a_deleted_one(
    app: AppTest, home: Path, me: str
) -> None:
    run = kept_run(home, me, MLP, {}, started=False).id

    open_view(app, "confidence", run=run)

    (warning,) = app.warning
    assert "has kept no weights yet" in warning.value

    Store(home).end(run, Status.STOPPED, message("Stopped before it began."))
    sound(app.run())
    (warning,) = app.warning
    assert "it ended too early" in warning.value


def test_an_address_that_asks_for_nothing_is_not_scolded(app: AppTest) -> None:
    open_view(app, "confidence", model="reference")
    assert not app.warning
