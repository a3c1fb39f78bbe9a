"""Which network reads, and what is said of it, without a browser."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from inspecting import kept_run
from streamlit.testing.v1 import AppTest

from digitlab import models
from digitlab.messages import message
from digitlab.network import Network
from digitlab.presets import PRESETS
from digitlab.progress import EpochMetrics, Untrained
from digitlab.store import Status, Store
from digitlab.store.library import Library


def _page() -> None:
    import streamlit as st

    from digitlab.messages import Translator
    from digitlab.ui import selected_model
    from digitlab.ui.shell import Visit

    model = selected_model.choose(Visit(Translator("en"), st.query_params["me"]))
    st.title(f"{model.name} {model.epoch}")


@pytest.fixture
def app(home: Path, me: str) -> AppTest:
    at = AppTest.from_function(_page, default_timeout=120)
    at.query_params["me"] = me
    return at


def trained_run(
    home: Path, owner: str, epochs: tuple[int, ...], status: Status | None = Status.FINISHED
) -> str:
    """A run as the trainer leaves it: weights, scores and metrics of whole, finite epochs."""
    store = Store(home)
    run = kept_run(home, owner, PRESETS["cnn-keras"], {}, preset="cnn-keras")
    for epoch in epochs:
        keep(store, run.id, epoch)
    if status is not None:
        store.end(run.id, status, message("The loss is not a number any more."))
    return run.id


def keep(store: Store, run: str, epoch: int) -> None:
    network = models.mnist_only()
    weights = Network(network.layers, network.weights, {"epoch": epoch})
    store.keep(run, f"weights-{epoch:03d}.npz", weights.to_bytes())
    if epoch == 0:
        store.report(run, Untrained(2.3, 0.1))
    else:
        store.report(run, EpochMetrics(epoch, True, 0.5, 0.8, 0.4, 0.85, 0.4, 0.86, 1.0, 3200))


def said(app: AppTest) -> str:
    assert not app.exception
    return "\n".join(one.value for group in (app.caption, app.warning, app.error) for one in group)


def test_of_a_finished_run_of_ones_own_nothing_has_to_be_said(
    app: AppTest, home: Path, me: str
) -> None:
    app.query_params["run"] = trained_run(home, me, (0, 1))
    assert said(app.run()) == ""


def test_a_run_is_called_by_the_name_that_it_was_given(app: AppTest, home: Path, me: str) -> None:
    run = trained_run(home, me, (0, 1))
    Library(Store(home)).rename(me, run, "Half the neurons")
    app.run()
    assert any("Half the neurons" in label for label in app.selectbox(key="model").options)
    assert any("86.00%" in label for label in app.selectbox(key="model").options)


def test_a_run_that_diverged_is_shown_as_it_was_before(app: AppTest, home: Path, me: str) -> None:
    app.query_params["run"] = trained_run(home, me, (0, 1), Status.DIVERGED)
    told = said(app.run())
    assert "The loss is not a number any more." in told
    assert "Here are its weights after epoch 1." in told


def test_a_run_that_was_stopped_at_once_is_untrained(app: AppTest, home: Path, me: str) -> None:
    app.query_params["run"] = trained_run(home, me, (0,), Status.STOPPED)
    assert "Its weights are untrained." in said(app.run())


def test_a_run_that_was_stopped_within_an_epoch_says_so(app: AppTest, home: Path, me: str) -> None:
    run, store = trained_run(home, me, (0, 1), None), Store(home)
    cut = EpochMetrics(2, False, 0.5, 0.8, None, None, 0.4, 0.86, 0.1, 320)
    weights = Network(models.mnist_only().layers, models.mnist_only().weights, {"epoch": 2})
    store.keep(run, "weights-002.npz", weights.to_bytes())
    store.report(run, cut)
    store.end(run, Status.STOPPED, message("The run waits for its turn."))
    app.query_params["run"] = run
    assert "Here are its weights from within epoch 2, where it ended." in said(app.run())


def test_a_run_that_still_trains_before_its_first_epoch_is_as_it_began(
    app: AppTest, home: Path, me: str
) -> None:
    app.query_params["run"] = trained_run(home, me, (0,), None)
    assert "Here are the weights that it began with." in said(app.run())


def test_somebody_elses_run_is_said_to_be_so_and_keeps_its_name_to_itself(
    app: AppTest, home: Path
) -> None:
    other = secrets.token_urlsafe(16)
    run = trained_run(home, other, (0, 1))
    Library(Store(home)).rename(other, run, "Secret")
    app.query_params["run"] = run
    assert "Somebody else's run: you can look, not change it." in said(app.run())
    assert not any("Secret" in label for label in app.selectbox(key="model").options)


def test_weights_that_went_for_room_on_the_disk_are_missed_by_their_reason(
    app: AppTest, home: Path, me: str
) -> None:
    run = trained_run(home, me, (0, 1))
    Store(home).drop_weights(run)
    app.query_params["run"] = run
    told = said(app.run())
    assert "are gone: the disk was full" in told
    assert app.title[0].value.startswith("reference")


def test_a_run_that_still_trains_offers_its_newer_weights(
    app: AppTest, home: Path, me: str
) -> None:
    run = trained_run(home, me, (0, 1), None)
    app.query_params["run"] = run
    assert "It still trains. Here are its weights after epoch 1." in said(app.run())
    assert not app.button

    # The page is not drawn anew under the reader's eyes: its fragment finds the newer weights.
    keep(Store(home), run, 2)
    app.run()
    assert app.title[0].value == f"{run} 2"
    Store(home).end(run, Status.FINISHED, message("The loss is not a number any more."))
    assert said(app.run()) == ""
