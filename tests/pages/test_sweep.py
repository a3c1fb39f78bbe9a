"""The Sweep page, run as a server runs it, on a store with sweeps in it."""

import dataclasses
import io
from pathlib import Path

import pytest
from make_run import DIGITS, add_run, make_epoch
from msgspec.structs import replace
from screen import open_page, opened_lab, said
from streamlit.testing.v1 import AppTest

from digitlab import archive, dataset
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.presets import PRESETS
from digitlab.store import Run, Status
from digitlab.sweeps import Sweep, planning
from digitlab.sweeps.planning import SWEEP_LESSONS, Axis, Plan
from digitlab.ui import lab

ME, SOMEBODY = "m" * 22, "s" * 22
ONE_FIELD = planning.vary(PRESETS["mlp-128"], [Axis("dropout", (0.0, 0.5))], 2)


class Trained:
    """Stands for an engine whose runs are over at once, with figures that follow the dropout."""

    def submit(self, owner: str, config: RunConfig, digits: DigitSet) -> Run:
        value = 0.9 + config.dropout / 10 + config.seed / 1000
        figures = {"accuracy": value - 0.1, "test_accuracy": value, "val_loss": None}
        figures["val_accuracy"] = None
        if config.validation != "none":
            figures |= {"val_loss": value, "val_accuracy": value}
        epochs = [make_epoch(number, **figures) for number in (1, 2)]
        parts = replace(DIGITS, fingerprint=digits.fingerprint)
        return add_run(
            lab.store(), config, owner=owner, digits=parts, epochs=epochs, status=Status.FINISHED
        )

    def stop(self, run: str) -> None:
        lab.store().ask_to_stop(run)


class Waiting(Trained):
    """Stands for an engine whose workers are busy with others."""

    def submit(self, owner: str, config: RunConfig, digits: DigitSet) -> Run:
        parts = replace(DIGITS, fingerprint=digits.fingerprint)
        return add_run(lab.store(), config, owner=owner, digits=parts, started=False)


class AllButOne(Trained):
    """The same, but its last run waits."""

    def submit(self, owner: str, config: RunConfig, digits: DigitSet) -> Run:
        last = (config.seed, config.dropout) == (2, 0.5)
        return (Waiting() if last else Trained()).submit(owner, config, digits)


@pytest.fixture
def app(home: Path) -> AppTest:
    for owner in (ME, SOMEBODY):
        lab.sweeps().remove_everything(owner)
        lab.library().delete_everything(owner)
    return opened_lab(ME)


def swept(plan: Plan = ONE_FIELD, owner: str = ME, trainer: Trained | None = None) -> Sweep:
    return lab.sweeps().start(trainer or Trained(), owner, plan, dataset.sample())


def open_sweep(app: AppTest, sweep: Sweep | None = None) -> AppTest:
    return open_page(app, "sweep", **({"sweep": sweep.id} if sweep else {}))


def end(sweep: Sweep, status: Status, most: int = 60) -> None:
    """The runs of a sweep that wait come to an end, ``most`` of them."""
    for trial in lab.sweeps().trials(sweep)[:most]:
        if trial.run is not None and trial.live:
            lab.store().end(trial.run.id, status, trial.run.reason)


def charts_of(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


def test_both_lessons_are_one_click_and_say_how_much_they_are(app: AppTest) -> None:
    open_sweep(app)

    shown = said(app)
    assert "Runs: **9** (combinations: 9, seeds for each: 1), at most about" in shown
    assert "Runs: **6** (combinations: 2, seeds for each: 3), at most about" in shown
    for lesson in SWEEP_LESSONS:
        assert not app.button(key=f"sweep-start-{lesson}").disabled
    assert charts_of(app) == 0


def test_the_base_is_what_the_sliders_of_the_train_page_say(app: AppTest) -> None:
    app.query_params["preset"] = "mlp-512"
    app.query_params["epochs"] = "3"
    open_sweep(app)
    assert "Everything else as in **mlp-512**, with Epochs = 3." in said(app)


def test_a_foreign_link_is_brought_to_what_is_allowed(app: AppTest) -> None:
    app.query_params["preset"] = "<script>"
    app.query_params["epochs"] = "9999"
    app.query_params["dropout"] = "nan"
    app.query_params["sweep"] = "' OR 1 = 1 --"
    open_sweep(app)
    assert "Everything else as in **mlp-128**, with Epochs = 100." in said(app)
    assert "no such sweep" in said(app)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ("0:0.9:0.00009", "10,001 runs"),
        ("0, 0.95", "Dropout after dense layers must be a number from 0 to 0.9"),
        ("", "needs at least one value"),
        ("<script>", "Dropout after dense layers must be a number"),
        ("0.1, " * 250, "The list of values has 1,250 characters; at most 1,000 are read."),
    ],
)
def test_values_that_cannot_be_swept_are_a_sentence_and_no_button(
    app: AppTest, values: str, sentence: str
) -> None:
    open_sweep(app)
    box = app.text_input(key="sweep-values-dropout")
    assert not box.max_chars, "the browser would drop a longer one without a word"
    box.set_value(values).run()
    assert sentence in said(app)
    assert "sweep-start-own" not in {button.key for button in app.button}


def test_two_fields_and_seeds_are_counted(app: AppTest) -> None:
    open_sweep(app)
    app.multiselect(key="sweep-fields").set_value(["dropout", "optimizer"]).run()
    app.text_input(key="sweep-values-dropout").set_value("0, 0.5").run()
    assert "Runs: **8** (combinations: 8, seeds for each: 1)" in said(app)
    app.multiselect(key="sweep-values-optimizer").set_value(["adam"]).run()
    assert "Runs: **2** (combinations: 2, seeds for each: 1)" in said(app)


def test_without_a_field_the_page_asks_for_one(app: AppTest) -> None:
    open_sweep(app)
    app.multiselect(key="sweep-fields").set_value([]).run()
    assert "Choose at least one setting to vary." in said(app)


def test_a_sweep_of_many_hours_can_be_started_all_the_same(app: AppTest) -> None:
    app.query_params["preset"] = "cnn-tutorial"
    for name, value in (("epochs", "100"), ("filters1", "128"), ("filters2", "128")):
        app.query_params[name] = value
    open_sweep(app)
    assert app.button(key="sweep-start-own").disabled
    assert "This sweep may take very long." in said(app)
    assert not app.error

    app.checkbox(key="sweep-start-own-long").check().run()

    assert not app.button(key="sweep-start-own").disabled


def test_a_finished_sweep_tells_the_best_value_with_the_spread(app: AppTest) -> None:
    open_sweep(app, swept())

    shown = said(app)
    assert "Runs finished: 4 of 4." in shown
    assert (
        "Highest: Dropout after dense layers = 0.5, 95.15% (seeds: 95.10% to 95.20%). "
        "Lowest: Dropout after dense layers = 0, 90.15% (seeds: 90.10% to 90.20%). "
        "**Best: Dropout after dense layers = 0.5.** Its seeds all did better"
    ) in shown
    assert charts_of(app) == 4
    assert "test set" not in shown.partition("Everything else")[0]
    numbers = app.dataframe[0].value
    assert list(numbers["Mean over seeds"]) == ["90.15%", "95.15%"]
    assert list(numbers["Finished runs"]) == [2, 2]


def test_where_nothing_differs_none_is_called_the_best(app: AppTest) -> None:
    # What ``Trained`` answers depends on the dropout and the seed alone.
    open_sweep(app, swept(planning.vary(PRESETS["mlp-128"], [Axis("units1", (32, 64))], 1)))
    assert "All came to the same: 92.10%." in said(app)
    assert "Best:" not in said(app)


@pytest.mark.parametrize(
    ("validation", "chosen", "warned"),
    [
        (("split",), "val_accuracy", False),
        (("none",), "test_accuracy", True),
        (("test",), "test_accuracy", True),
        (("split", "none"), "test_accuracy", True),
        (("split", "test"), "test_accuracy", True),
    ],
)
def test_values_are_compared_by_validation_and_by_the_test_set_with_a_warning(
    app: AppTest, validation: tuple[str, ...], chosen: str, warned: bool
) -> None:
    base = dataclasses.replace(PRESETS["mlp-128"], validation=validation[0])
    axes = [
        Axis("dropout", (0.0, 0.5)),
        *([Axis("validation", validation)] * (len(validation) > 1)),
    ]
    sweep = swept(planning.vary(base, axes, 2))
    open_sweep(app, sweep)
    choice = app.selectbox(key=f"sweep-measure-{sweep.id}")
    assert choice.value == chosen
    assert ("This compares by the test set." in said(app)) is warned
    assert ("have no validation images" in said(app)) is ("none" in validation)

    choice.set_value("test_accuracy").run()

    assert "This compares by the test set." in said(app)


def test_nothing_is_best_by_figures_of_training(app: AppTest) -> None:
    sweep = swept()
    open_sweep(app, sweep)
    choice = app.selectbox(key=f"sweep-measure-{sweep.id}")
    for measure, shown in (("accuracy", "85.15%"), ("loss", "0.5000")):
        choice.set_value(measure).run()
        assert not app.exception
        assert shown in said(app)
        assert "Best: " not in said(app)
        assert "nothing is called best by them" in said(app)


def test_nothing_is_best_before_the_sweep_has_ended(app: AppTest) -> None:
    sweep = swept(trainer=AllButOne())
    open_sweep(app, sweep)
    assert "Runs still missing: 1. Nothing is called best before all have ended." in said(app)
    assert "Best: " not in said(app)
    assert "Highest: " not in said(app)

    end(sweep, Status.STOPPED)
    app.run()

    assert "Runs still missing: 1. Nothing is called best" in said(app)


@pytest.mark.parametrize(
    ("rates", "verdict"),
    [
        ((0.0, 0.01, 0.5), "**Best: Dropout after dense layers = 0.5.**"),
        (
            (0.0, 0.49, 0.5),
            "None is clearly best: within the spread of the seeds of Dropout after dense layers = "
            "0.5 are Dropout after dense layers = 0.49.",
        ),
        ((0.0, 0.01), "All values are within the spread of the seeds: none is clearly best."),
    ],
)
def test_seeds_that_overlap_leave_none_the_best(
    app: AppTest, rates: tuple[float, ...], verdict: str
) -> None:
    open_sweep(app, swept(planning.vary(PRESETS["mlp-128"], [Axis("dropout", rates)], 3)))
    assert verdict in said(app)


def test_losses_of_different_loss_functions_are_not_ranked(app: AppTest) -> None:
    losses = Axis("loss", ("sparse_categorical_crossentropy", "mean_squared_error"))
    sweep = swept(planning.vary(PRESETS["mlp-128"], [Axis("dropout", (0.0, 0.5)), losses], 1))
    open_sweep(app, sweep)
    assert "One seed cannot tell" in said(app)
    assert charts_of(app) == 3, "no curves of losses on one axis"

    app.selectbox(key=f"sweep-measure-{sweep.id}").set_value("val_loss").run()

    assert "different scales: they are not ranked" in said(app)
    assert "Highest: " not in said(app)
    assert charts_of(app) == 2


def test_equal_runs_are_said_before_the_start(app: AppTest) -> None:
    app.query_params["preset"] = "mlp-128"
    open_sweep(app)
    app.multiselect(key="sweep-fields").set_value(["train_images"]).run()
    app.text_input(key="sweep-values-train_images").set_value("600, 4000, 60000").run()
    assert "4,000 and 60,000 would both train on all of them" in said(app)
    assert app.button(key="sweep-start-own").disabled

    app.text_input(key="sweep-values-train_images").set_value("600, 60000").run()
    assert "There are 4,000 training images: more than that means all of them." in said(app)
    assert not app.button(key="sweep-start-own").disabled

    app.text_input(key="sweep-values-train_images").set_value("600, 4000").run()
    assert "more than that means" not in said(app)


def test_a_removed_sweep_can_be_taken_back(app: AppTest) -> None:
    sweep = swept()
    open_sweep(app, sweep)
    app.button(key=f"sweep-remove-{sweep.id}").click().run()
    assert "Sweep removed: Dropout after dense layers of mlp-128." in said(app)

    app.button(key="sweep-undo").click().run()

    assert not app.exception
    assert lab.sweeps().sweeps_of(ME) == [sweep]
    assert app.query_params["sweep"] in (sweep.id, [sweep.id])
    assert "Runs finished: 4 of 4." in said(app)
    assert "sweep-undo" not in {button.key for button in app.button}


@pytest.mark.parametrize(
    "axes",
    [
        [Axis("optimizer", ("adam", "sgd"))],
        [Axis("dropout", (0.0, 0.5)), Axis("units1", (8, 16, 32))],
        [Axis("dropout", (0.0, 0.5)), Axis("units1", (8, 16)), Axis("epochs", (1, 2))],
    ],
)
def test_every_number_of_fields_has_its_picture(app: AppTest, axes: list[Axis]) -> None:
    open_sweep(app, swept(planning.vary(PRESETS["mlp-128"], axes, 1)))
    assert charts_of(app) == 4
    assert "Best: " not in said(app)
    # ``Trained`` asks for the dropout alone: all optimizers come to the same.
    assert ("One seed cannot tell" in said(app)) is (axes[0].field == "dropout")
    assert ("How to read it: " in said(app)) is (len(axes) > 2)
    order = ", ".join(str(value) for value in axes[1].values) if len(axes) > 1 else "nothing"
    assert (f"in this order: {order}." in said(app)) is (len(axes) > 1)


def test_the_600_image_lesson_shows_what_differs(app: AppTest) -> None:
    open_sweep(app, swept(SWEEP_LESSONS["600-images"].plan(1)))
    (differences,) = [d.value for d in app.dataframe if "Setting" in d.value]
    assert "Network" in list(differences["Setting"])
    assert {"CNN on 600 images", "MLP on 600 images"} <= set(differences.columns)


def test_without_validation_there_are_the_curves_of_training(app: AppTest) -> None:
    base = dataclasses.replace(PRESETS["mlp-128"], validation="none")
    sweep = swept(planning.vary(base, [Axis("dropout", (0.0, 0.5))], 1))
    open_sweep(app, sweep)
    assert charts_of(app) == 3
    assert len(app.selectbox(key=f"sweep-measure-{sweep.id}").options) == 3


def test_a_live_sweep_shows_its_progress_and_can_be_stopped(app: AppTest) -> None:
    sweep = swept(trainer=Waiting())
    open_sweep(app, sweep)
    assert "Results appear here as runs end." in said(app)

    app.button(key=f"sweep-next-{sweep.id}").click().run()

    assert not app.exception
    assert all(trial.run.stop for trial in lab.sweeps().trials(sweep) if trial.run)
    assert app.button(key=f"sweep-next-{sweep.id}").disabled


def test_a_second_sweep_under_way_is_refused_with_a_sentence(app: AppTest) -> None:
    swept(trainer=Waiting())
    open_sweep(app)
    app.button(key="sweep-start-dropout").click().run()
    assert "You have a sweep under way" in said(app)
    assert len(lab.sweeps().sweeps_of(ME)) == 1


def test_somebody_elses_sweep_can_be_looked_at(app: AppTest) -> None:
    sweep = swept(owner=SOMEBODY)
    open_sweep(app, sweep)
    assert "Somebody else's sweep" in said(app)
    assert "Best: " in said(app)
    assert "sweep-undo" not in {button.key for button in app.button}
    assert not [button for button in app.button if button.key and sweep.id in button.key]


def test_what_was_stopped_can_be_trained_and_a_sweep_removed(app: AppTest) -> None:
    sweep = swept(trainer=Waiting())
    end(sweep, Status.STOPPED)
    open_sweep(app, sweep)
    assert "Runs finished: 0 of 4." in said(app)
    assert not app.button(key=f"sweep-next-{sweep.id}").disabled

    app.button(key=f"sweep-remove-{sweep.id}").click().run()

    assert lab.sweeps().sweeps_of(ME) == []
    assert "sweep" not in app.query_params
    assert "Runs finished:" not in said(app)
    assert not app.warning
    assert not app.error


@pytest.mark.parametrize("name", ["stop", "resume", "remove"])
def test_a_press_for_a_sweep_that_is_gone_is_a_sentence(app: AppTest, name: str) -> None:
    sweep = swept(trainer=Waiting())
    if name != "stop":
        end(sweep, Status.STOPPED)
    key = f"sweep-{'remove' if name == 'remove' else 'next'}-{sweep.id}"
    button = open_sweep(app, sweep).button(key=key)
    lab.sweeps().remove(ME, sweep.id)

    button.click().run()

    assert not app.exception
    assert "no such sweep" in said(app)


def test_a_run_that_was_deleted_is_missing_and_the_page_stands(app: AppTest) -> None:
    sweep = swept()
    gone = lab.sweeps().trials(sweep)[0].run
    assert gone is not None
    lab.store().delete(gone.id)
    open_sweep(app, sweep)
    assert "Runs finished: 3 of 4." in said(app)


def test_a_sweep_from_a_zip_shows_its_result_again(app: AppTest) -> None:
    swept(owner=SOMEBODY)
    work, file = (lab.library(), lab.drawings(), lab.sweeps()), io.BytesIO()
    archive.pack(*work, SOMEBODY, file, lambda part: None)
    archive.unpack(file, *work, ME, lambda part: None)

    (mine,) = lab.sweeps().sweeps_of(ME)
    open_sweep(app, mine)

    assert "Runs finished: 4 of 4." in said(app)
    assert charts_of(app) > 1
    assert "somebody else's" not in said(app)


def test_my_sweeps_are_listed_with_how_far_they_are(app: AppTest) -> None:
    swept()
    swept(SWEEP_LESSONS["600-images"].plan(1))
    swept(owner=SOMEBODY)
    table = open_sweep(app).dataframe[-1].value
    assert list(table["Sweep"]) == [
        "600 images: CNN against MLP",
        "Dropout after dense layers of mlp-128",
    ]
    assert list(table["Runs finished"]) == ["2 / 2", "4 / 4"]
    assert list(table["Status"]) == ["finished", "finished"]


def test_the_list_follows_a_sweep_that_goes_on(app: AppTest) -> None:
    sweep = swept(trainer=Waiting())
    table = open_sweep(app).dataframe[-1].value
    assert list(table["Runs finished"]) == ["0 / 4"]
    assert list(table["Status"]) == ["running"]
    end(sweep, Status.FINISHED, 3)

    table = app.run().dataframe[-1].value

    assert list(table["Runs finished"]) == ["3 / 4"]


def test_sweeps_older_than_the_newest_ten_are_one_click_away(app: AppTest) -> None:
    oldest, *_ = [swept(SWEEP_LESSONS["600-images"].plan(1)) for _ in range(11)]
    open_sweep(app)
    assert len(app.dataframe[-1].value) == 10

    app.toggle(key="sweep-mine-all").set_value(True).run()

    assert not app.exception
    assert len(app.dataframe[-1].value) == 11
    lab.sweeps().remove(ME, oldest.id)
    app.run()
    assert "sweep-mine-all" not in {toggle.key for toggle in app.toggle}
