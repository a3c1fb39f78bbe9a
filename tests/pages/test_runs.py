"""The Runs page, run as a server runs it, on a store with runs in it."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from make_run import DIGITS, add_run, make_epoch
from screen import open_page, opened_lab, said
from streamlit.testing.v1 import AppTest

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.messages import Translator
from digitlab.presets import PRESETS, matching
from digitlab.progress import ExecutionSettings, Untrained
from digitlab.store import DataSetInfo, Run, Status
from digitlab.sweeps import planning
from digitlab.sweeps.planning import Axis
from digitlab.ui import lab, naming
from digitlab.ui.runs import compare
from digitlab.ui.shell import Visit

ME = "m" * 22


@pytest.fixture
def app(home: Path) -> AppTest:
    lab.library().delete_everything(ME)
    return opened_lab(ME)


def add(config: RunConfig, preset: str | None, epochs: int, **more: Any) -> Run:
    done = [make_epoch(number, test_accuracy=0.9123) for number in range(1, epochs + 1)]
    ended = {"status": Status.FINISHED, "epochs": done} | more
    return add_run(lab.store(), config, owner=ME, preset=preset, **ended)


def open_runs(app: AppTest) -> AppTest:
    return open_page(app, "runs")


def tick(app: AppTest, *rows: int) -> AppTest:
    """What ticking these rows of the table does; AppTest cannot click on one."""
    key = app.dataframe[0].proto.id.split("-", 2)[2]
    app.session_state[key] = {"selection": {"rows": list(rows)}}
    return app.run()


def test_without_runs_the_page_says_where_to_begin(app: AppTest) -> None:
    assert "There are no runs yet" in said(open_runs(app))


def test_each_run_has_a_row_with_its_lesson_changes_and_figures(app: AppTest) -> None:
    add(PRESETS["mlp-128"], "mlp-128", 2)
    add(RunConfig(epochs=3, dropout=0.5), None, 3)

    table = open_runs(app).dataframe[0].value

    assert list(table.columns)[:2] == ["Test accuracy", "Run"]  # what a phone shows
    assert list(table["Run"]) == ["dropout 0.5, 3 epochs · mlp-128", "mlp-128"]
    assert list(table["Settings"]) == ["mlp-128: dropout 0.5, 3 epochs", "mlp-128"]
    assert list(table["Epochs"]) == [3, 2]
    assert list(table["Test accuracy"]) == pytest.approx([91.23, 91.23])
    assert list(table["Status"]) == ["finished", "finished"]


def test_a_name_is_shown_as_text_and_pinned_runs_come_first(app: AppTest) -> None:
    first = add(PRESETS["mlp-128"], "mlp-128", 1)
    add(PRESETS["mlp-64"], "mlp-64", 1)
    lab.library().rename(ME, first.id, "<script>alert(1)</script> 🖊")
    lab.library().pin(ME, [first.id], True)

    table = open_runs(app).dataframe[0].value

    assert list(table["Run"]) == ["<script>alert(1)</script> 🖊", "mlp-64"]


@pytest.mark.parametrize("button", ["runs-again", "runs-open", "runs-inspect"])
def test_a_run_is_opened_with_its_own_settings_whatever_the_address_said_before(
    app: AppTest, button: str
) -> None:
    run = add(PRESETS["mlp-64"], "mlp-64", 1)
    for name, value in (("preset", "cnn-keras"), ("epochs", "3"), ("seed", "7"), ("run", "x")):
        app.query_params[name] = value
    tick(open_runs(app), 0)

    app.button(key=button).click().run()
    app.switch_page("pages/train.py").run()

    assert not app.exception
    assert app.slider(key="field-epochs").value == 5
    assert app.query_params["preset"] == "mlp-64"
    assert "epochs" not in app.query_params
    assert app.query_params.get("run") == (None if button == "runs-again" else run.id)


def test_the_filter_looks_at_names_lessons_and_settings(app: AppTest) -> None:
    named = add(PRESETS["mlp-128"], "mlp-128", 1)
    add(RunConfig(dropout=0.5), None, 1)
    lab.library().rename(ME, named.id, "Erster Versuch")
    open_runs(app)

    for words, count in (("erster", 1), ("dropout 0.5", 1), ("mlp-128", 2), ("nothing", 0)):
        app.text_input(key="runs-find").set_value(words).run()
        assert f"{count} of 2 runs" in said(app)


def test_two_hundred_runs_are_listed(app: AppTest) -> None:
    for _ in range(200):
        lab.store().add(ME, "engine", PRESETS["mlp-128"], "mlp-128", 101_770, DIGITS)

    assert len(open_runs(app).dataframe[0].value) == 200


def test_columns_of_numbers_sort_as_numbers(app: AppTest) -> None:
    run = add(PRESETS["mlp-128"], "mlp-128", 1)
    table = open_runs(app).dataframe[0].value
    assert list(table["Images"]) == [3200]
    assert list(table["Data set"]) == ["5,000 MNIST images"]
    ended = lab.store().run(run.id)
    assert ended.started is not None
    assert ended.ended is not None
    assert list(table["Time (s)"]) == pytest.approx([ended.ended - ended.started], abs=0.1)


def test_weights_are_gone_only_where_there_were_some(app: AppTest) -> None:
    add(PRESETS["mlp-128"], "mlp-128", 0)
    add(PRESETS["mlp-64"], "mlp-64", 1, untrained=Untrained(2.3, 0.1))
    table = open_runs(app).dataframe[0].value
    kept = dict(zip(table["Run"], table["Weights"], strict=True))
    assert kept == {"mlp-64": "gone", "mlp-128": "–"}


def test_what_was_deleted_comes_back_in_another_tab(app: AppTest) -> None:
    run = add(PRESETS["mlp-128"], "mlp-128", 1)
    lab.library().delete(ME, [run.id])  # in the first tab

    open_runs(app)
    assert "Runs deleted: 1. They can be taken back for an hour." in said(app)
    app.button(key="runs-undo").click().run()
    assert list(app.dataframe[0].value["Run"]) == ["mlp-128"]
    assert not any(button.key == "runs-undo" for button in app.button)


def test_what_differs_between_runs_is_more_than_their_sliders(app: AppTest) -> None:
    first = add(PRESETS["cnn-filters"], "cnn-filters", 1)
    lab.library().rename(ME, first.id, "The first")
    others = DataSetInfo("mnist", "abcd" * 16, 2000, 800, 1000)
    execution = ExecutionSettings("mixed_bfloat16", 2, 1)
    beginning = {"origin": first.id, "frozen": True, "digits": others}
    add(first.config, None, 0, execution=execution, **beginning)

    shown = tick(open_runs(app), 0, 1)

    table = shown.table[0].value.set_index("")
    results = compare.results(lab.library().summaries(ME), Translator("en"))
    assert {label: list(row) for label, row in table.iterrows() if label not in results} == {
        "Data set": ["other images (abcd)", "5,000 MNIST images"],
        "Images trained on": ["2,000", "3,200"],
        "Goes on from": ["The first", "nothing: untrained"],
        "Frozen convolutions": ["on", "off"],
        "Number format": ["mixed_bfloat16", "–"],
        "Threads": ["2", "–"],
    }


@pytest.mark.parametrize(
    ("loss", "told"), [("mean_squared_error", True), ("categorical_crossentropy", False)]
)
def test_losses_of_different_loss_functions_are_said_not_to_compare(
    app: AppTest, loss: str, told: bool
) -> None:
    for chosen in (PRESETS["mlp-128"].loss, loss):
        add(dataclasses.replace(PRESETS["mlp-128"], loss=chosen), None, 1)
    shown = tick(open_runs(app), 0, 1)
    assert ("different scales, and only their accuracies" in said(shown)) is told


def test_a_name_that_is_too_long_is_refused_in_a_sentence_and_not_cut(app: AppTest) -> None:
    run = add(PRESETS["mlp-128"], "mlp-128", 1)
    name = tick(open_runs(app), 0).text_input(key=f"runs-name-{run.id}")
    assert not name.max_chars, "the browser would drop a longer one without a word"
    name.set_value("x" * 81).run()
    assert [toast.value for toast in app.toast] == [
        "A name has at most 80 characters; this one has 81."
    ]


def test_a_run_that_goes_on_says_from_what_and_more_epochs_are_no_change(app: AppTest) -> None:
    first = add(PRESETS["cnn-filters"], "cnn-filters", 1)
    lab.library().rename(ME, first.id, "The first")
    for changes in ({}, {"epochs": 3}, {"epochs": 3, "dropout": 0.5}):
        config = dataclasses.replace(first.config, **changes)
        add(config, None, 0, origin=first.id, frozen="dropout" in changes)
    add(dataclasses.replace(first.config, epochs=4), None, 0, origin="0" * 16)

    table = open_runs(app).dataframe[0].value

    assert list(table["Run"]) == [
        "cnn-filters",
        "dropout 0.5 · cnn-filters",
        "cnn-filters",
        "cnn-filters",
        "The first",
    ]
    assert list(table["Settings"]) == [
        "cnn-filters: goes on from a run that is not here any more",
        "cnn-filters: goes on from The first, convolutions frozen, dropout 0.5",
        "cnn-filters: goes on from The first",
        "cnn-filters: goes on from The first",
        "cnn-filters",
    ]


def test_runs_of_one_name_are_told_apart(app: AppTest) -> None:
    runs = [add(PRESETS["mlp-128"], "mlp-128", 1).id for _ in range(4)]
    for run, name in zip(runs, ("Mine", "Mine", f"Mine ({runs[0][:4]})", ""), strict=True):
        lab.library().rename(ME, run, name)

    summaries = lab.library().summaries(ME)
    called = naming.told_apart(naming.names(summaries, Visit(Translator("en"), ME)))

    assert len(set(called.values())) == 4
    assert called[runs[1]] == f"Mine ({runs[1][:4]})"
    assert called[runs[3]] == "mlp-128"


class _Untrained:
    """Queues runs that nobody trains."""

    def submit(self, owner: str, config: RunConfig, digits: DigitSet) -> Run:
        return lab.store().add(owner, "nobody", config, matching(config), 1, DIGITS)

    def stop(self, run: str) -> None:
        lab.store().ask_to_stop(run)


def test_a_sweeps_runs_are_called_by_their_values_whichever_lesson_is_near(app: AppTest) -> None:
    plan = planning.vary(RunConfig(epochs=3), [Axis("dropout", (0.0, 0.2, 0.3))], 2)
    lab.sweeps().start(_Untrained(), ME, plan, dataset.current().digits)

    table = open_runs(app).dataframe[0].value

    assert list(table["Run"])[::-1] == [
        f"dropout {rate}, seed {seed}, 3 epochs · mlp-128"
        for seed in (1, 2)
        for rate in ("0", "0.2", "0.3")
    ]


def test_results_stand_beside_what_differs(app: AppTest) -> None:
    add(PRESETS["mlp-128"], "mlp-128", 2)
    add(RunConfig(dropout=0.5), None, 3)

    table = tick(open_runs(app), 0, 1).table[0].value.set_index("")

    assert list(table.columns) == [r"1\. dropout 0.5 · mlp-128", r"2\. mlp-128"]
    assert {label: list(row) for label, row in table.iterrows()} == {
        "Test accuracy": ["91.23%", "91.23%"],
        "Test loss": ["0.3000", "0.3000"],
        "Validation accuracy": ["90.00%", "90.00%"],
        "Validation loss": ["0.4000", "0.4000"],
        "Epochs trained": ["3", "2"],
        "Dropout after dense layers": ["0.5", "0.2"],
    }


def test_a_tick_survives_a_filter_that_hides_its_row(app: AppTest) -> None:
    add(PRESETS["mlp-128"], "mlp-128", 1)
    add(PRESETS["mlp-64"], "mlp-64", 1)
    tick(open_runs(app), 0, 1)

    app.text_input(key="runs-find").set_value("mlp-64").run()
    app.text_input(key="runs-find").set_value("").run()

    assert "**Results, and what differs**" in said(app)
