"""What runs and settings are called."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from digitlab import labels
from digitlab.config import BY_NAME, RunConfig
from digitlab.layers import layers_of
from digitlab.messages import Translator
from digitlab.presets import PRESETS
from digitlab.store import DataSetInfo, Run, Store

CNN = PRESETS["cnn-filters"]
LONGER = dataclasses.replace(CNN, epochs=CNN.epochs + 2)
WIDER = dataclasses.replace(LONGER, dense=128)


def run(home: Path, config: RunConfig, preset: str | None, *, continued: bool) -> Run:
    store, digits = Store(home), DataSetInfo("sample", "f" * 64, 3200, 800, 1000)
    origin = store.add("me", "engine", CNN, "cnn-filters", 1, digits).id if continued else None
    return store.add("me", "engine", config, preset, 1, digits, origin=origin)


@pytest.mark.parametrize(
    ("config", "preset", "continued", "name"),
    [
        (CNN, "cnn-filters", False, "cnn-filters"),
        (LONGER, None, False, "12 epochs · cnn-filters"),
        (LONGER, None, True, "cnn-filters"),
        (WIDER, None, True, "128 dense units · cnn-filters"),
    ],
)
def test_a_run_is_its_lesson_or_a_changed_one(
    tmp_path: Path, config: RunConfig, preset: str | None, continued: bool, name: str
) -> None:
    found = run(tmp_path, config, preset, continued=continued)
    assert labels.run_name(found, Translator("en")) == name
    assert labels.lesson(found) == "cnn-filters"


def test_more_epochs_are_a_change_but_where_a_run_goes_on(tmp_path: Path) -> None:
    t = Translator("en")
    assert labels.run_changes(run(tmp_path, LONGER, None, continued=False), t) == "12 epochs"
    assert labels.run_changes(run(tmp_path, WIDER, None, continued=True), t) == "128 dense units"


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (RunConfig(units1=512, dropout=0.0), "512 units, dropout 0 · mlp-128"),
        (RunConfig(hidden_layers=2, units1=256, units2=64), "256+64 units · mlp-128"),
        (RunConfig(hidden_layers=0), "no hidden layer · mlp-128"),
        (RunConfig(epochs=1), "1 epoch · mlp-128"),
        (
            RunConfig(seed=7, epochs=3, units1=100, learning_rate=0.01, optimizer="sgd"),
            "100 units, SGD, learning rate 0.01, +2 changes · mlp-128",
        ),
        (
            dataclasses.replace(CNN, blocks=2, filters2=8, kernel2=5, pool2=False),
            "32+8 filters, kernels 5x5+5x5, pooling in block 1 · cnn-filters",
        ),
        (RunConfig(filters1=8), "mlp-128"),  # it has no effect here
    ],
)
def test_a_name_says_what_was_changed_what_matters_most_first(
    tmp_path: Path, config: RunConfig, name: str
) -> None:
    assert labels.run_name(run(tmp_path, config, None, continued=False), Translator("en")) == name


def test_every_setting_can_stand_in_a_name() -> None:
    told = [name for names, _ in labels._BRIEF for name in names]
    assert sorted(told) == sorted(BY_NAME)


def test_a_sweeps_values_come_first_even_where_the_lesson_has_them(tmp_path: Path) -> None:
    found = run(tmp_path, RunConfig(epochs=3), None, continued=False)
    assert labels.run_name(found, Translator("en"), ("dropout",)) == (
        "dropout 0.2, 3 epochs · mlp-128"
    )


@pytest.mark.parametrize(
    ("seconds", "english", "japanese"),
    [
        (0.2, "1 s", "1秒"),
        (59.4, "1 min", "1分"),
        (61, "1 min 1 s", "1分1秒"),
        (300, "5 min", "5分"),
        (599.5, "10 min", "10分"),
        (754, "13 min", "13分"),
        (3590, "1 h", "1時間"),
        (71 * 60 + 12, "1 h 11 min", "1時間11分"),
        (7200, "2 h", "2時間"),
    ],
)
def test_a_length_of_time_is_rounded_as_people_say_it(
    seconds: float, english: str, japanese: str
) -> None:
    assert labels.duration(seconds, Translator("en")) == english
    assert labels.duration(seconds, Translator("ja")) == japanese


def test_what_there_is_none_of_is_not_counted() -> None:
    en, ja = Translator("en"), Translator("ja")
    assert labels.counts(en, runs=1, sweeps=0, drawings=2) == "1 run, 2 drawings"
    assert labels.counts(ja, runs=1, sweeps=0, drawings=2) == "記録1件、手書き数字2枚"
    assert labels.counts(en, sweeps=1) == "1 sweep"
    assert (labels.counts(en), labels.counts(ja)) == ("nothing", "なし")


def test_layers_have_names_and_numbers_that_a_reader_knows() -> None:
    layers = layers_of(PRESETS["cnn-keras"])
    assert [labels.layer(layer, Translator("en")) for layer in layers] == [
        "Convolution 1",
        "Convolution 2",
        "Max pooling 1",
        "Dropout",
        "Flatten",
        "Dense layer 1",
        "Dropout",
        "Output layer",
    ]
    assert [labels.layer(layer, Translator("ja")) for layer in layers] == [
        "畳み込み層1",
        "畳み込み層2",
        "最大プーリング層1",
        "ドロップアウト",
        "平坦化",
        "全結合層1",
        "ドロップアウト",
        "出力層",
    ]


@pytest.mark.parametrize(
    ("value", "decimals", "told"),
    [(-0.1234, 3, "−0.123"), (0.5, 2, "0.50"), (-12.0, 0, "−12"), (1234.5, 1, "1234.5")],
)
def test_a_number_has_a_real_minus(value: float, decimals: int, told: str) -> None:
    assert labels.fixed(value, decimals) == told


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0, "< 0.1%"),
        (0.0005, "0.1%"),
        (0.123, "12.3%"),
        (0.9994, "99.9%"),
        (0.9995, "> 99.9%"),
        (1, "> 99.9%"),
    ],
)
def test_a_probability_is_never_rounded_to_certainty(share: float, shown: str) -> None:
    assert labels.percentage(share) == shown
