"""The pages as Streamlit runs them, without a browser."""

from __future__ import annotations

import base64
import dataclasses
import json
import secrets
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from make_run import add_run, make_epoch
from screen import open_page, opened_lab, said
from streamlit.testing.v1 import AppTest

from digitlab.config import from_query
from digitlab.layers import layers_of, parameter_count
from digitlab.lessons import TEXTS
from digitlab.presets import PRESETS
from digitlab.progress import EpochMetrics, Outcome, Untrained
from digitlab.store import Status, Store
from digitlab.store.library import Library

TWO_EPOCHS = [
    make_epoch(n, val_loss=1.1 / n, test_loss=1.1 / n, test_accuracy=1 - 0.6 / n) for n in (1, 2)
]


@pytest.fixture
def me() -> str:
    """The token of somebody who has not been here before."""
    return secrets.token_urlsafe(16)


@pytest.fixture
def app(home: Path, me: str) -> AppTest:
    """The lab, opened in English by ``me``."""
    return opened_lab(me)


def stored_run(
    home: Path,
    owner: str,
    status: Status | None = Status.FINISHED,
    epochs: list[EpochMetrics] = TWO_EPOCHS,
) -> str:
    """A run in the store, as an engine would have left it; it trains where it has no status."""
    return add_run(
        Store(home),
        PRESETS["mlp-64"],
        owner=owner,
        preset="mlp-64",
        untrained=Untrained(2.31, 0.1),
        epochs=epochs,
        status=status,
        outcome=Outcome("finished", len(epochs), len(epochs), False, 3.0, 9000.0),
    ).id


def test_home_lists_my_runs_and_nobody_elses(app: AppTest, home: Path, me: str) -> None:
    named = stored_run(home, me)
    Library(Store(home)).rename(me, named, "Narrow net")
    stored_run(home, me)
    stored_run(home, secrets.token_urlsafe(16))

    app.run()

    assert not app.exception
    (table,) = app.dataframe
    assert list(table.value["Run"]) == ["mlp-64", "Narrow net"]
    assert list(table.value["Test accuracy"]) == ["70.00%", "70.00%"]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_lesson_shows_its_text_and_its_network(app: AppTest, preset: str) -> None:
    open_page(app, "train", preset=preset)

    parameters = parameter_count(layers_of(PRESETS[preset]))
    assert f"**{parameters:,}** parameters" in said(app)
    assert not app.error
    (about,) = (box for box in app.expander if box.label == "About this lesson")
    question, steps, look = (part.value for part in about.markdown)
    assert question == f"**The question**\n\n{TEXTS[preset].question}"
    for number, step in enumerate(TEXTS[preset].steps, 1):
        assert f"{number}. {step}" in steps.splitlines()
    assert look.endswith(TEXTS[preset].look)


def test_a_moved_slider_is_in_the_address_until_it_is_moved_back(app: AppTest) -> None:
    open_page(app, "train", preset="mlp-128")

    app.slider(key="field-units1").set_value(64).run()
    assert app.query_params["units1"] == "64"
    assert "**50,890** parameters" in said(app)
    assert "Changed: Units in layer 1 = 64." in said(app)

    app.slider(key="field-units1").set_value(128).run()
    assert "units1" not in app.query_params


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("units1", 512),
        ("learning_rate", 0.0007),
        ("epochs", 7),
        ("batch_size", 100),
        ("dropout", 0.33),
    ],
)
def test_a_number_can_be_typed_beside_each_slider(app: AppTest, name: str, typed: float) -> None:
    open_page(app, "train", preset="mlp-128")

    app.number_input(key=f"number-{name}").set_value(typed).run()

    assert not app.exception
    assert app.query_params[name] == str(typed)
    assert app.number_input(key=f"number-{name}").value == typed
    widgets = [*app.slider, *app.select_slider]
    assert [widget.value for widget in widgets if widget.key == f"field-{name}"] == [typed]


@pytest.mark.parametrize(
    ("key", "typed", "used", "said_of_it"),
    [
        ("number-units1", 5000, 1024, "Units in layer 1: 5000 is not allowed; 1024 is the nearest"),
        ("number-units1", 0, 1, "Units in layer 1: 0 is not allowed; 1 is the nearest"),
        ("number-learning_rate", 3.0, 2.0, "Learning rate: 3 is not allowed; 2.0 is the nearest"),
        ("field-train_images", 9999, 4000, "Training images: 9999 is not allowed; 4000 is"),
        ("field-seed", -1, 0, "Random seed: -1 is not allowed; 0 is the nearest"),
    ],
)
def test_a_number_out_of_its_bounds_becomes_the_nearest_with_a_word(
    app: AppTest, key: str, typed: float, used: float, said_of_it: str
) -> None:
    open_page(app, "train", preset="mlp-128")

    app.number_input(key=key).set_value(typed).run()

    assert not app.exception
    assert said_of_it in said(app)
    assert app.number_input(key=key).value == used


def test_a_setting_that_does_not_fit_is_refused_and_the_others_stay(app: AppTest) -> None:
    open_page(app, "train", preset="cnn-filters", blocks="3", kernel2="7", pool2="0", filters1="9")
    assert "field-kernel3" in {box.key for box in app.selectbox}

    app.selectbox(key="field-kernel3").set_value(7).run()

    assert "Convolution 3 has a 7x7 kernel" in said(app)
    assert app.selectbox(key="field-kernel3").value == 3
    assert app.slider(key="field-filters1").value == 9


def test_fields_of_a_cnn_are_hidden_for_an_mlp(app: AppTest) -> None:
    open_page(app, "train", preset="mlp-128")
    assert "field-filters1" not in {slider.key for slider in app.slider}

    app.selectbox(key="field-network").set_value("cnn").run()

    assert "field-filters1" in {slider.key for slider in app.slider}
    assert "field-units1" not in {slider.key for slider in app.slider}


def test_choosing_a_lesson_sets_every_slider(app: AppTest) -> None:
    open_page(app, "train", preset="mlp-128", units1="7", epochs="99")

    app.pills(key="lesson").set_value("mlp-512").run()

    assert app.slider(key="field-units1").value == 512
    assert app.slider(key="field-epochs").value == 20


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"epochs": "9999"}, "The link asked for Epochs = 9999; 100 is the nearest"),
        ({"learning_rate": "nan"}, "Learning rate must be a number"),
        ({"activation": "<script>"}, "Activation must be one of"),
        ({"preset": "x" * 500}, "There is no lesson called"),
        ({"run": "../../etc/passwd"}, "There is no such run here"),
        ({"colour": "red"}, "The link asks for colour, which is no setting here."),
        ({"<script>": "1"}, "which is no setting here."),
        (
            {"preset": "cnn-filters", "blocks": "3", "kernel1": "7", "kernel2": "7", "kernel3": "7"}
            | {"pool2": "true", "pool3": "true"},
            "Convolution 3 has a 7x7 kernel",
        ),
    ],
)
def test_bad_addresses_are_answered_in_a_sentence(
    app: AppTest, query: dict[str, str], sentence: str
) -> None:
    open_page(app, "train", **query)

    assert sentence in said(app)


def test_of_a_field_that_is_there_twice_the_last_one_counts(app: AppTest) -> None:
    app.query_params["epochs"] = ["3", "5"]
    open_page(app, "train", preset="mlp-128")

    assert "The link has epochs more than once: the last one counts, 5." in said(app)
    assert app.slider(key="field-epochs").value == 5
    assert app.query_params["epochs"] == "5"


def test_a_link_to_the_settings_opens_exactly_them(app: AppTest) -> None:
    changed = {"epochs": "7", "optimizer": "sgd", "train_images": "2000"}
    app.session_state["settings-link"] = True  # opened by a click
    open_page(app, "train", preset="cnn-filters", **changed)

    asked = {name: value for name, (value,) in parse_qs(urlparse(app.code[0].value).query).items()}
    assert asked == {"preset": "cnn-filters"} | changed
    config, notes = from_query(asked, PRESETS["cnn-filters"])
    assert not notes
    assert config == dataclasses.replace(
        PRESETS["cnn-filters"], epochs=7, optimizer="sgd", train_images=2000
    )
    assert app.number_input(key="field-train_images").value == 2000


def test_validation_on_the_test_set_comes_with_a_warning(app: AppTest) -> None:
    open_page(app, "train", preset="cnn-keras")

    assert "flatters" in said(app)


def test_a_network_too_large_is_refused_before_it_starts(app: AppTest) -> None:
    large = {"filters1": "256", "filters2": "256", "kernel2": "7", "dense": "1024"}
    open_page(app, "train", preset="cnn-tutorial", batch_size="1024", **large)

    assert "GB of memory to train" in said(app)
    (start,) = (button for button in app.button if button.label == "Start training")
    assert start.disabled


def test_my_finished_run_shows_what_it_came_to(app: AppTest, home: Path, me: str) -> None:
    open_page(app, "train", run=stored_run(home, me))

    metrics = {metric.label: metric for metric in app.metric}
    accuracy, loss = metrics["Accuracy, trained"], metrics["Loss, trained"]
    assert {label: metric.value for label, metric in metrics.items()} == {
        "Accuracy, untrained": "10.00%",
        "Accuracy, trained": "70.00%",
        "Loss, untrained": "2.310",
        "Loss, trained": "0.550",
    }
    assert (accuracy.delta, loss.delta) == ("+60.0 percentage points", "−1.760")
    assert accuracy.proto.color == loss.proto.color
    assert accuracy.proto.direction != loss.proto.direction
    assert "No sign of overfitting" in said(app)
    assert "Somebody else's run" not in said(app)


def test_a_run_that_learned_nothing_is_not_praised(app: AppTest, home: Path, me: str) -> None:
    bad = {"loss": 79.0, "accuracy": 0.1, "val_loss": 78.0, "val_accuracy": 0.1}
    epochs = [make_epoch(n, test_loss=78.0, test_accuracy=0.1, **bad) for n in (1, 2)]
    open_page(app, "train", run=stored_run(home, me, Status.FINISHED, epochs))

    assert "It has learned nothing: its accuracy, 10.0%, is that of chance (10.0%)." in said(app)
    assert "The loss exploded: 79.000 in epoch 1" in said(app)
    assert "overfitting" not in said(app)
    loss = next(metric for metric in app.metric if metric.label == "Loss, trained")
    assert loss.delta == "+75.690"


def test_results_of_other_settings_are_marked_and_lead_back_to_their_own(
    app: AppTest, home: Path, me: str
) -> None:
    run = stored_run(home, me)
    open_page(app, "train", run=run)
    assert "What follows belongs to the run" not in said(app)
    assert "The run's network" not in said(app)
    assert pictures(app) == 1

    app.slider(key="field-units1").set_value(32).run()

    assert (
        "What follows belongs to the run **mlp-64**. The sliders have other settings now: "
        "Units in layer 1 = 32."
    ) in said(app)
    assert {"The run's network", "The sliders' network"} <= {part.value for part in app.subheader}
    assert pictures(app) == 2

    app.button(key="take-settings").click().run()

    assert not app.exception
    assert app.slider(key="field-units1").value == 64
    assert "What follows belongs to the run" not in said(app)
    assert pictures(app) == 1
    assert app.query_params["run"] in (run, [run])


def test_where_only_the_training_differs_there_is_one_network(
    app: AppTest, home: Path, me: str
) -> None:
    open_page(app, "train", run=stored_run(home, me))

    app.slider(key="field-epochs").set_value(7).run()

    assert "The sliders have other settings now: Epochs = 7." in said(app)
    assert pictures(app) == 1


def test_more_images_than_there_are_is_no_other_setting(app: AppTest, home: Path, me: str) -> None:
    open_page(app, "train", run=stored_run(home, me))

    app.number_input(key="field-train_images").set_value(3900).run()
    assert "The sliders have other settings now: Training images = 3900." in said(app)
    app.number_input(key="field-train_images").set_value(4000).run()

    assert "The sliders have other settings" not in said(app)


def pictures(app: AppTest) -> int:
    """How many networks are drawn, each with its table."""
    return sum(box.label == "Layer by layer" for box in app.expander)


def test_a_run_that_ended_within_its_first_epoch_shows_its_beginning_alone(
    app: AppTest, home: Path, me: str
) -> None:
    open_page(app, "train", run=stored_run(home, me, Status.DIVERGED, []))

    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics == {"Accuracy, untrained": "10.00%", "Loss, untrained": "2.310"}
    assert "No epoch was trained to its end" in said(app)


def test_a_run_is_headed_by_the_name_it_was_given_and_others_do_not_see_it(
    app: AppTest, home: Path, me: str
) -> None:
    mine, theirs = stored_run(home, me), stored_run(home, other := secrets.token_urlsafe(16))
    for owner, run in ((me, mine), (other, theirs)):
        Library(Store(home)).rename(owner, run, "[a](b) *net*")

    def headings(run: str) -> str:
        return "\n".join(text.value for text in open_page(app, "train", run=run).markdown)

    assert r"### \[a\](b) \*net\* :green-badge" in headings(mine)
    assert "### mlp-64 :green-badge" in headings(theirs)


def test_a_run_opened_by_its_link_is_read_only_and_sets_the_sliders(
    app: AppTest, home: Path, me: str
) -> None:
    open_page(app, "train", run=stored_run(home, secrets.token_urlsafe(16), None))

    assert "Somebody else's run: you can look, not change it." in said(app)
    assert "Stop" not in {button.label for button in app.button}
    assert app.query_params["preset"] == "mlp-64"
    assert app.slider(key="field-units1").value == 64


@pytest.mark.parametrize("status", [Status.FAILED, Status.INTERRUPTED, Status.STOPPED])
def test_a_run_without_any_result_is_said_to_have_none(
    app: AppTest, home: Path, me: str, status: Status
) -> None:
    run = add_run(Store(home), owner=me, started=False, status=status).id
    open_page(app, "train", run=run)

    assert "Done." in said(app)
    assert not app.metric


def test_a_run_stopped_before_its_test_says_so_and_leads_on(
    app: AppTest, home: Path, me: str
) -> None:
    unread = {"val_loss": None, "val_accuracy": None, "test_loss": None, "test_accuracy": None}
    epochs = [TWO_EPOCHS[0], make_epoch(2, complete=False, images=640, **unread)]
    open_page(app, "train", run=stored_run(home, me, Status.STOPPED, epochs))

    assert "stopped before the test set could be read" in said(app)
    assert not app.metric


def test_an_epoch_cut_short_is_drawn_where_it_was_cut(app: AppTest, home: Path, me: str) -> None:
    epochs = [*TWO_EPOCHS, make_epoch(3, complete=False, images=800)]
    open_page(app, "train", run=stored_run(home, me, Status.STOPPED, epochs))

    curves = json.loads(app.get("plotly_chart")[0].proto.spec)
    (validation,) = (line for line in curves["data"] if line["name"] == "validation")
    assert np.frombuffer(base64.b64decode(validation["x"]["bdata"])).tolist() == [1, 2, 2.25]


def test_the_images_and_their_parts_are_shown_only_while_they_are_open(app: AppTest) -> None:
    open_page(app, "train", preset="mlp-128")
    assert not app.tabs

    app.session_state["images"] = True  # opened by a click
    app.run()
    assert app.tabs[0].label == "Samples"
    assert "Training: images 1 to 3,200 of the training images." in said(app)
    assert "Validation: images 3,201 to 4,000" in said(app)


def test_an_empty_canvas_asks_for_a_drawing(app: AppTest) -> None:
    open_page(app, "draw")

    assert "Draw a digit first" in said(app)


def test_inspect_counts_what_the_bundled_network_misreads(app: AppTest) -> None:
    open_page(app, "inspect", view="misread")

    assert "of 1,000 test samples are misread" in said(app)


def test_a_visitor_without_a_token_is_given_one(app: AppTest) -> None:
    del app.query_params["me"]

    app.run()

    assert len(app.query_params["me"]) >= 16


@pytest.mark.parametrize("page", ["train", "draw", "inspect"])
def test_every_page_speaks_japanese(app: AppTest, page: str) -> None:
    open_page(app, page, lang="ja")

    assert any("ぁ" <= letter <= "ん" or "一" <= letter <= "鿿" for letter in app.title[0].value)
