"""The Filters view, as Streamlit runs it, without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspecting import SAMPLE, kept_run, network_of
from msgspec.structs import replace
from screen import open_page, opened_lab, said
from streamlit.testing.v1 import AppTest

from digitlab import dataset
from digitlab.charts.number_tables import signed_text
from digitlab.config import RunConfig
from digitlab.inspection import filters
from digitlab.messages import Translator
from digitlab.store import Status, Store
from digitlab.store.run_files import npy
from digitlab.ui import lab
from digitlab.ui.inspect import one_filter

CNN = RunConfig(network="cnn", blocks=2, filters1=4, kernel1=5, filters2=6, kernel2=3, dense=8)
MLP = RunConfig(hidden_layers=2, units1=70, units2=12)


@pytest.fixture
def app(home: Path, me: str) -> AppTest:
    return opened_lab(me)


def open_view(app: AppTest, **query: str) -> AppTest:
    return open_page(app, "inspect", view="filters", **query)


def filters_run(
    home: Path, owner: str, config: RunConfig, epochs: tuple[int, ...] = (0, 1, 2), **about: Any
) -> str:
    """A run that kept its weights after these epochs; it has ended, if ``status`` is not None."""
    networks = {epoch: network_of(config, epoch) for epoch in epochs}
    return kept_run(home, owner, config, networks, **{"status": Status.FINISHED} | about).id


def keep_kernels(home: Path, run: str, epoch: int, kernels: np.ndarray) -> None:
    Store(home).keep(run, f"kernels-{epoch:03d}.npy", npy(kernels))


def slider(app: AppTest, key: str):  # type: ignore[no-untyped-def]
    return app.select_slider(key=f"filters-epoch-{key}")


def choose_layer(app: AppTest, name: str) -> AppTest:
    app.segmented_control(key="filters-layer").set_value(name).run()
    assert not app.exception
    assert not app.error
    return app


def test_the_bundled_filters_go_from_untrained_to_the_last_epoch(app: AppTest) -> None:
    open_view(app)
    epochs = slider(app, "reference-conv1")
    assert epochs.options == ["untrained", *(str(epoch) for epoch in range(1, 15))]
    assert epochs.value == 14
    assert "One scale for all epochs of this layer" in said(app)
    limit = max(np.abs(kernels).max() for kernels in filters.bundled_history().values())
    assert f"from −{limit:.2g} (blue)" in said(app)
    after = said(app)

    epochs.set_value(0).run()

    assert said(app) != after
    assert "has moved farthest" not in said(app)
    assert not app.exception


def test_an_opened_filter_tells_what_excites_it_and_why(app: AppTest) -> None:
    open_view(app)
    assert "Why did it become like this?" not in said(app)

    app.selectbox(key="filters-open-reference-conv1-None").set_value(12).run()

    assert not app.exception
    told = said(app)
    assert "Filter 12" in told
    kernel = filters.bundled_history()[14][:, :, 0, 12]
    answers = filters.edge_responses(kernel)
    assert f"Largest: {signed_text(answers.max())} at {filters.ANGLES[answers.argmax()]}°" in told
    moved = filters.moved(filters.bundled_history()[0][:, :, 0, 12], kernel)
    assert f"moved by {moved.distance:.2f}" in told
    assert "over 1,000 test images" in told
    assert "Nobody drew it" in told


def test_an_opened_filter_is_looked_at_in_the_epoch_that_is_shown(
    app: AppTest, home: Path, me: str
) -> None:
    run = filters_run(home, me, CNN)
    open_view(app, run=run)
    app.selectbox(key=f"filters-open-{run}-conv1-None").set_value(2).run()
    slider(app, f"{run}-conv1").set_value(0).run()

    digits = dataset.current().digits
    found = filters.excitement(network_of(CNN, 0), "conv1", digits.x_test, only=2)
    means = filters.per_digit(found.means[:, 0], digits.y_test)
    told = said(app)
    assert f"activation (untrained), over 1,000 test images. Largest: {means.max():.3f}" in told
    assert "It is **random**: no training step has moved it yet." in told
    assert "Nobody drew it" not in told


def test_what_is_shown_of_a_deep_filter_says_of_which_epoch_it_is(
    app: AppTest, home: Path, me: str
) -> None:
    run = filters_run(home, me, CNN)
    open_view(app, run=run)
    choose_layer(app, "conv2")
    assert "is so after epoch" not in said(app)
    slider(app, f"{run}-conv2").set_value(1).run()
    assert "What is said here of edges, patches and digits is so after epoch 2." in said(app)


def test_a_run_that_went_on_did_not_begin_untrained(app: AppTest, home: Path, me: str) -> None:
    run = filters_run(home, me, CNN, origin="0" * 16)
    open_view(app, run=run)
    app.selectbox(key=f"filters-open-{run}-conv1-None").set_value(2).run()
    assert slider(app, f"{run}-conv1").options == ["taken over", "1", "2"]
    told = said(app).lower()
    assert "to the one it took over" in told
    assert "random" not in told
    assert "untrained" not in told

    slider(app, f"{run}-conv1").set_value(0).run()
    assert "It is as another run has left it." in said(app)


def test_frozen_filters_are_said_to_be_frozen(app: AppTest, home: Path, me: str) -> None:
    run = filters_run(home, me, CNN, origin="0" * 16, frozen=True)
    open_view(app, run=run)
    app.selectbox(key=f"filters-open-{run}-conv1-None").set_value(2).run()
    assert "This run's convolutions are frozen: they are as it took them over." in said(app)
    assert "The convolutions of this run are frozen: it has not moved." in said(app)


def test_a_deeper_layer_shows_one_filters_kernels(app: AppTest, home: Path, me: str) -> None:
    run = filters_run(home, me, CNN)
    open_view(app, run=run)
    choose_layer(app, "conv2")
    told = said(app)
    assert "one kernel for each of its 4 input channels" in told
    assert "one output sees 10x10 pixels" in told
    assert "Filter 0" in told
    assert "None was chosen: this one has the largest weights" in told

    app.selectbox(key=f"filters-open-{run}-conv2-0").set_value(1).run()
    assert "None was chosen" not in said(app)

    app.selectbox(key=f"filters-channel-{run}-conv2").set_value(5).run()

    assert not app.exception
    assert "Filter 5" in said(app)


def test_an_mlp_has_pages_of_neurons_and_class_templates(app: AppTest, home: Path, me: str) -> None:
    run = filters_run(home, me, MLP)
    open_view(app, run=run)
    app.selectbox(key=f"filters-page-{run}-dense1").set_value(64).run()
    app.selectbox(key=f"filters-open-{run}-dense1-None").set_value(69).run()
    assert not app.exception
    assert "Unit 69" in said(app)

    choose_layer(app, "templates")

    told = said(app)
    assert "linear approximation" in told
    assert "With these ten templates alone" in told
    assert right(MLP, 2) in told
    slider(app, f"{run}-templates").set_value(1).run()
    assert not app.exception
    assert "The template of the" in said(app)
    assert right(MLP, 1) in said(app)  # of the epoch that is shown
    assert right(MLP, 2) not in said(app)


def right(config: RunConfig, epoch: int) -> str:
    """How much of the test images a kept network reads right, as the page says it."""
    digits = dataset.current().digits
    read = network_of(config, epoch).predict(digits.x_test).argmax(axis=1)
    return f"reads {(read == digits.y_test).mean():.1%} right"


def test_without_a_hidden_layer_the_templates_are_all_of_it(
    app: AppTest, home: Path, me: str
) -> None:
    open_view(app, run=filters_run(home, me, RunConfig(hidden_layers=0)))
    choose_layer(app, "templates")

    told = said(app)
    assert "the templates are the whole of it, exactly" in told
    assert "that is the whole network" in told
    assert "linear approximation" not in told
    assert "activations" not in told


def test_kernels_are_shown_of_epochs_whose_weights_were_not_kept(
    app: AppTest, home: Path, me: str
) -> None:
    run = filters_run(home, me, CNN, (0, 3))
    for epoch in range(4):
        keep_kernels(home, run, epoch, np.full((5, 5, 1, 4), 1 + epoch, np.float32))
    open_view(app, run=run)
    assert slider(app, f"{run}-conv1").options == ["untrained", "1", "2", "3"]
    assert "+4.00" in said(app)
    choose_layer(app, "conv2")
    assert slider(app, f"{run}-conv2").options == ["untrained", "3"]


def test_weights_that_are_no_numbers_are_said_to_be_so(app: AppTest, home: Path, me: str) -> None:
    run = filters_run(home, me, CNN, (0, 1))
    keep_kernels(home, run, 0, np.ones((5, 5, 1, 4), np.float32))
    keep_kernels(home, run, 1, np.full((5, 5, 1, 4), np.nan, np.float32))
    open_view(app, run=run)
    assert "After epoch 1 these weights are not numbers" in said(app)
    slider(app, f"{run}-conv1").set_value(0).run()
    assert "The weight farthest from 0 is +1.00" in said(app)


@pytest.mark.parametrize("config", [CNN, MLP])
def test_a_run_that_was_stopped_at_once_shows_its_beginning(
    app: AppTest, home: Path, me: str, config: RunConfig
) -> None:
    open_view(app, run=filters_run(home, me, config, (0,), status=Status.STOPPED))
    assert "Only the untrained weights of this network were kept." in said(app)
    assert not app.error
    assert not app.select_slider


def test_a_live_run_brings_its_next_epoch_and_the_slider_follows(
    app: AppTest, home: Path, me: str
) -> None:
    run = filters_run(home, me, CNN, (0, 1), status=None)
    open_view(app, run=run)
    assert slider(app, f"{run}-conv1").value == 1
    keep_kernels(home, run, 2, np.ones((5, 5, 1, 4), np.float32))
    app.run()
    assert slider(app, f"{run}-conv1").value == 2
    lab.store().end(run, Status.STOPPED, lab.store().run(run).reason)
    app.run()
    assert not app.exception


def test_an_unknown_data_set_leaves_the_filters_and_says_what_is_missing(
    app: AppTest, home: Path
) -> None:
    run = filters_run(
        home, "somebody-else-entirely", CNN, digits=replace(SAMPLE, fingerprint="0" * 64)
    )
    open_view(app, run=run)
    app.selectbox(key=f"filters-open-{run}-conv1-None").set_value(1).run()
    assert not app.exception
    assert "The images of this run are not here any more" in said(app)
    assert "Why did it become like this?" in said(app)


def test_play_begins_at_the_untrained_filters_and_can_be_stopped(app: AppTest) -> None:
    open_view(app)
    app.button(key="filters-play").click().run()
    assert app.button(key="filters-play").label == "Stop"
    # A busy machine may take longer for this run than until the next tick, which is the first.
    assert slider(app, "reference-conv1").value <= 1
    app.button(key="filters-play").click().run()
    assert app.button(key="filters-play").label == "Play"
    assert not app.exception


@pytest.mark.parametrize(
    ("cosine", "english", "japanese"),
    [
        (0.95, "still nearly the random one", "ほとんどそのまま"),
        (0.62, "can still be seen", "まだ残っています"),
        (0.40, "has faded a good deal", "かなり薄れました"),
        (0.12, "Little of its random beginning is left", "ほとんど残っていません"),
    ],
)
def test_how_much_of_the_beginning_is_left_is_said_by_degrees(
    cosine: float, english: str, japanese: str
) -> None:
    assert english in one_filter.likeness(cosine, False, Translator("en"))
    assert japanese in one_filter.likeness(cosine, False, Translator("ja"))
