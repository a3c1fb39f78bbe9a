"""What runs and settings are called."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from digitlab import words
from digitlab.config import RunConfig
from digitlab.messages import Translator
from digitlab.presets import PRESETS
from digitlab.store import Digits, Run, Store

CNN = PRESETS["cnn-filters"]
LONGER = dataclasses.replace(CNN, epochs=CNN.epochs + 2)
WIDER = dataclasses.replace(LONGER, dense=128)


def run(home: Path, config: RunConfig, preset: str | None, *, went_on: bool) -> Run:
    store, digits = Store(home), Digits("sample", "f" * 64, 3200, 800, 1000)
    origin = store.add("me", "engine", CNN, "cnn-filters", 1, digits).id if went_on else None
    return store.add("me", "engine", config, preset, 1, digits, origin=origin)


@pytest.mark.parametrize(
    ("config", "preset", "went_on", "name"),
    [
        (CNN, "cnn-filters", False, "cnn-filters"),
        (LONGER, None, False, "cnn-filters, changed"),
        (LONGER, None, True, "cnn-filters"),
        (WIDER, None, True, "cnn-filters, changed"),
    ],
)
def test_a_run_is_its_lesson_or_a_changed_one(
    tmp_path: Path, config: RunConfig, preset: str | None, went_on: bool, name: str
) -> None:
    found = run(tmp_path, config, preset, went_on=went_on)
    assert words.run_name(found, Translator("en")) == name
    assert words.lesson(found) == "cnn-filters"


def test_more_epochs_are_a_change_but_where_a_run_goes_on(tmp_path: Path) -> None:
    t = Translator("en")
    assert words.run_changes(run(tmp_path, LONGER, None, went_on=False), t) == "Epochs = 12"
    assert words.run_changes(run(tmp_path, WIDER, None, went_on=True), t) == (
        "Units in the dense layer = 128"
    )
