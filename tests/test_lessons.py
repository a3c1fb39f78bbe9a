"""The table of the lessons' rows: every lesson is there, and each figure is judged as it should."""

import pytest

from digitlab.config import ConfigError
from digitlab.lessons import TEXTS
from digitlab.presets import PRESETS
from tools.lessons.rows import DROPOUT_RATES, LESSON_NAMES, NOTES, ROWS, Figure, rows_of, verdict


def test_every_lesson_is_trained_and_every_row_has_a_name_of_its_own() -> None:
    assert {row.preset for row in ROWS} == set(PRESETS) - {"mlp-512-dropout"}
    assert len({row.title for row in ROWS}) == len(ROWS)
    swept = [row.config for row in ROWS if row.lesson == "dropout"]
    assert [config.dropout for config in swept] == list(DROPOUT_RATES)
    assert PRESETS["mlp-512-dropout"] in swept
    assert swept[0] == PRESETS["mlp-512"]


def test_a_row_changes_no_more_than_it_says() -> None:
    changed = {row.title: row.changes for row in ROWS if row.changes and row.lesson != "dropout"}
    assert changed == {
        "cnn-keras-slow": {"epochs": 2},
        "cnn-filters: SGD": {"optimizer": "sgd", "learning_rate": 0.01},
    }


def test_a_row_has_a_run_for_each_seed() -> None:
    (row,) = rows_of("mlp-512")
    assert [config.seed for config in row.configs] == [1, 2, 3]
    assert [row.seeds for row in rows_of("cnn-keras")] == [1]


def test_what_differs_is_said_for_every_lesson_and_each_preset_has_its_text() -> None:
    assert set(NOTES) == set(LESSON_NAMES)
    assert set(TEXTS) == set(PRESETS)
    for text in TEXTS.values():
        assert text.question.endswith("?")
        assert 2 <= len(text.steps) <= 3
        assert text.look


def test_a_trial_is_smaller_and_never_larger() -> None:
    (row,) = rows_of("mlp-64")
    small = row.at_most(600, 2, 1)
    assert (small.config.train_images, small.config.epochs, small.seeds) == (600, 2, 1)
    large = row.at_most(100_000, 99, 99)
    assert (large.config, large.seeds) == (row.config, row.seeds)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([0.978], "holds"),
        ([0.9755, 0.9845, 0.98], "holds"),
        ([0.97, 0.99, 0.98], "below"),  # the mean is right, a single run is not
        ([0.973, 0.974, 0.975], "below"),
        ([0.99, 0.99, 0.99], "above"),
        ([], None),
    ],
)
def test_a_figure_is_judged_by_its_mean_and_by_each_run(
    values: list[float], found: str | None
) -> None:
    figure = Figure("test accuracy", lambda record: None, "", 0.976, 0.983, each_low=0.972)
    assert verdict(figure, values) == found
    assert verdict(Figure("anything", lambda record: None), values) is None


def test_an_unknown_lesson_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="no lesson called mlp-9000; there are mlp-128"):
        rows_of("mlp-9000")
