"""Going on with a run that has ended, and saving its report."""

from __future__ import annotations

import dataclasses
import secrets
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from make_run import add_run
from screen import said
from streamlit.testing.v1 import AppTest

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.layers import layers_of, parameter_count
from digitlab.network import Network
from digitlab.progress import Outcome
from digitlab.store import DataSetInfo, Run, Status, Store
from digitlab.training.continuing import STATE_FILE, pack_state
from digitlab.ui import lab

CNN = RunConfig(network="cnn", filters1=2, dense=4, epochs=3, train_images=64, batch_size=16)
MLP = RunConfig(units1=8, epochs=3)


@pytest.fixture
def me() -> str:
    return secrets.token_urlsafe(16)


def add(
    home: Path,
    owner: str,
    config: RunConfig = MLP,
    *,
    kept: int | None = 3,
    state: bool = True,
    ended: bool = True,
    fingerprint: str = dataset.SAMPLE_FINGERPRINT,
    **start: Any,
) -> Run:
    """A run in the store that nobody has trained."""
    layers, files = layers_of(config), {}
    if kept is not None:
        weights = {
            layer.name: (np.zeros(layer.kernel_shape, np.float32), np.zeros(layer.output[-1], "f4"))
            for layer in layers
            if layer.kernel_shape
        }
        files[f"weights-{kept:03d}.npz"] = Network(layers, weights).to_bytes()
    if state:
        files[STATE_FILE] = pack_state({"iteration": np.ones((), np.float32)}) or b""
    return add_run(
        Store(home),
        config,
        owner=owner,
        parameters=parameter_count(layers),
        digits=DataSetInfo("sample", fingerprint, 3200, 800, 1000),
        started=False,
        files=files,
        status=Status.FINISHED if ended else None,
        outcome=Outcome("finished", 3, 3, False, 1.0, 1.0),
        **start,
    )


# A worker process runs the script of the page again, under another name.
SCRIPT = """
import streamlit as st
from digitlab.messages import Translator
from digitlab.ui.shell import Visit
from digitlab.ui.train import after_run

if __name__ == "__main__":
    after_run.show(Visit(Translator("en"), st.query_params["me"]), st.query_params["run"])
"""


def opened(run: Run, me: str, way: str = "on") -> AppTest:
    app = AppTest.from_string(SCRIPT, default_timeout=60)
    app.query_params["run"], app.query_params["me"] = run.id, me
    app.session_state["after-way"] = way
    app.run()
    assert not app.exception
    return app


def started(run: Run, app: AppTest) -> Run:
    """The run that a press on the button starts; it is stopped before it trains."""
    app.button(key=f"go-on-{run.id}-start").click().run()
    assert not app.exception
    asked = app.query_params["run"]
    new = asked if isinstance(asked, str) else asked[0]
    assert new != run.id
    lab.engine().stop(new)
    assert "Goes on from" in said(app)
    return lab.store().run(new)


def table(app: AppTest) -> dict[str, list[str]]:
    (shown,) = app.dataframe
    return {name: list(column) for name, column in shown.value.items()}


def test_the_table_says_what_is_trained_and_what_is_frozen(home: Path, me: str) -> None:
    run = add(home, me, CNN)
    app = opened(run, me)
    before = table(app)
    assert before["Layer"] == ["Convolution 1", "Dense layer 1", "Output layer", "Total"]
    assert before["Trainable parameters"] == ["20", "1,356", "50", "1,426"]
    assert before["Frozen parameters"] == ["0", "0", "0", "0"]

    (switch,) = app.toggle
    after = table(switch.set_value(True).run())
    assert after["Trainable parameters"] == ["0", "1,356", "50", "1,406"]
    assert after["Frozen parameters"] == ["20", "0", "0", "20"]


def test_an_mlp_has_nothing_to_freeze(home: Path, me: str) -> None:
    app = opened(add(home, me), me)
    assert not app.toggle
    assert [number.value for number in app.number_input] == [3, 4000]
    assert "The optimizer goes on with its internal state." in said(app)


def test_what_the_optimizer_has_forgotten_is_said(home: Path, me: str) -> None:
    app = opened(add(home, me, state=False), me)
    assert "The optimizer's internal state was not kept; it begins afresh." in said(app)


@pytest.mark.worker
def test_the_button_starts_a_run_and_opens_it(home: Path, me: str) -> None:
    run = add(home, me, CNN)
    app = opened(run, me)
    app.number_input(key=f"go-on-{run.id}-epochs").set_value(2)
    images = f"go-on-{run.id}-images-{dataset.SAMPLE_FINGERPRINT[:8]}"
    app.number_input(key=images).set_value(128)
    app.toggle(key=f"go-on-{run.id}-frozen").set_value(True)
    new = started(run, app)
    assert (new.owner, new.origin, new.frozen) == (me, run.id, True)
    assert (new.config.epochs, new.config.train_images) == (2, 128)
    assert set(new.config.differences(run.config)) == {"epochs", "train_images"}


@pytest.mark.worker
def test_all_images_stay_all_images(home: Path, me: str) -> None:
    run = add(home, me)
    assert started(run, opened(run, me)).config == run.config


def test_a_run_says_which_one_it_goes_on_from(home: Path, me: str) -> None:
    origin = add(home, me)
    run = add(home, me, CNN, origin=origin.id, frozen=True)
    told = said(opened(run, me))
    assert "Goes on from 8 units, 3 epochs · mlp-128. Its convolutions were frozen" in told
    lab.library().rename(me, origin.id, "*first* try")
    assert r"Goes on from \*first\* try." in opened(run, me).caption[0].value
    lab.library().delete(me, [origin.id])
    assert "Goes on from a run that is not here any more." in said(opened(run, me))


def test_somebody_elses_run_and_one_that_trains_offer_nothing(home: Path, me: str) -> None:
    for app in (opened(add(home, "somebody"), me), opened(add(home, me, ended=False), me)):
        assert not app.button
        assert not app.number_input


def test_without_weights_nothing_is_offered(home: Path, me: str) -> None:
    app = opened(add(home, me, kept=None), me)
    assert "This run has kept no weights to go on from." in said(app)
    assert not app.button
    assert not app.error


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DigitSet:
    """Another set than the sample, larger than it, that the lab is on."""
    rng, path = np.random.default_rng(0), tmp_path / "_ours_.npz"
    arrays = {
        f"{kind}_{part}": rng.integers(0, high, (count, *shape), np.uint8)
        for part, count in (("train", 4500), ("test", 30))
        for kind, high, shape in (("x", 256, (28, 28)), ("y", 10, ()))
    }
    np.savez(path, **arrays)  # type: ignore[arg-type]
    monkeypatch.setenv("DIGITLAB_MNIST", str(path))
    return dataset.current().digits


def test_there_is_no_choice_while_the_run_s_own_images_are_in_use(home: Path, me: str) -> None:
    assert not opened(add(home, me), me).radio


def test_the_set_in_use_is_offered_when_it_is_another_one(
    home: Path, me: str, other: DigitSet
) -> None:
    app = opened(add(home, me), me)
    (choice,) = app.radio
    own, new = dataset.SAMPLE_FINGERPRINT, other.fingerprint
    assert choice.options == [
        "The run's own: 4,000 images",
        f"other images ({new[:4]}), now in use: 4,500 images",
    ]
    assert choice.value == own
    assert app.number_input[1].value == 4000
    choice.set_value(new).run()
    assert app.number_input[1].value == 4500
    assert not app.exception


@pytest.mark.worker
def test_it_goes_on_with_the_set_that_was_chosen(home: Path, me: str, other: DigitSet) -> None:
    run = add(home, me)
    app = opened(run, me)
    app.radio(key=f"go-on-{run.id}-set").set_value(other.fingerprint).run()
    new = started(run, app)
    assert new.digits == DataSetInfo("mnist", other.fingerprint, 3600, 900, 30)
    assert new.origin == run.id


def test_images_that_are_gone_leave_the_set_in_use(home: Path, me: str) -> None:
    app = opened(add(home, me, fingerprint="f" * 64), me)
    assert "The images of this run are not here any more." in said(app)
    (choice,) = app.radio
    assert choice.options == ["a sample of 5,000 MNIST images, now in use: 4,000 images"]
    assert app.button
    assert not app.error


def test_a_set_that_is_not_here_any_more_is_no_choice(
    home: Path, me: str, other: DigitSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = add(home, me)
    app = opened(run, me)
    app.radio(key=f"go-on-{run.id}-set").set_value(other.fingerprint).run()
    monkeypatch.setenv("DIGITLAB_MNIST", "sample")
    app.run()
    assert not app.exception
    assert not app.radio
    assert app.number_input[1].value == 4000


def test_images_that_the_run_may_have_learned_are_spoken_of(
    home: Path, me: str, monkeypatch: pytest.MonkeyPatch, other: DigitSet
) -> None:
    full = dataclasses.replace(other, fingerprint=dataset.MNIST_FINGERPRINT)
    monkeypatch.setenv("DIGITLAB_MNIST", "sample")
    monkeypatch.setattr(dataset, "find", lambda wanted: full)
    app = opened(add(home, me, fingerprint=dataset.MNIST_FINGERPRINT), me)
    assert "its test accuracy will look too good" not in said(app)
    app.radio[0].set_value(dataset.SAMPLE_FINGERPRINT).run()
    assert "its test accuracy will look too good" in said(app)


def test_the_report_is_offered_once_the_run_has_ended(home: Path, me: str) -> None:
    ended, live = add(home, "somebody"), add(home, me, ended=False)
    (button,) = opened(ended, me, "report").get("download_button")
    assert button.proto.label == "Save the report"
    assert not opened(live, me, "report").get("download_button")
