"""Where a network fails: misread samples, confusion matrix, digit by digit; without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspecting import kept_run
from screen import open_page, opened_lab, said
from streamlit.testing.v1 import AppTest

from digitlab import dataset, models
from digitlab.presets import PRESETS
from digitlab.store import DataSetInfo
from digitlab.store.run_files import npy

Open = Callable[..., AppTest]


@pytest.fixture
def open_view(home: Path, me: str) -> Open:
    """Opens a view of the Inspect page for somebody new."""
    return lambda view, **query: open_page(opened_lab(me), "inspect", view=view, **query)


def sound(app: AppTest) -> AppTest:
    assert not app.exception
    assert not app.error, app.error[0].value
    return app


def run_that_reads(home: Path, wrong: dict[int, int]) -> str:
    """A run in the store that reads the test set right, but for samples read as another digit."""
    predicted = dataset.sample().y_test.copy()
    predicted[list(wrong)] = list(wrong.values())
    probabilities = (np.eye(10)[predicted] * 0.6 + 0.04).astype(np.float32)
    return untrained_run(home, 1, files={"probabilities.npy": npy(probabilities)})


def untrained_run(home: Path, epoch: int, **about: Any) -> str:
    """A run whose weights of ``epoch`` are an untrained network's."""
    networks = {epoch: models.bundled_untrained()}
    return kept_run(home, "somebody", PRESETS["mlp-64"], networks, started=False, **about).id


def eights_read_as_3(home: Path, count: int) -> dict[int, int]:
    labels = dataset.sample().y_test
    return dict.fromkeys(np.flatnonzero(labels == 8)[:count].tolist(), 3)


def test_the_choices_narrow_the_list_and_an_empty_one_says_so(open_view: Open) -> None:
    app = open_view("misread", model="mnist-only")
    assert "**10** of 1,000 test samples are misread: 99.00% are right." in said(app)
    assert "10 of 10 misread samples" in said(app)

    app.selectbox(key="misread-truth").set_value(8).run()
    assert "2 of 10 misread samples" in said(sound(app))
    app.selectbox(key="misread-read-as").set_value(5).run()
    assert "2 of 10 misread samples" in said(sound(app))
    app.slider(key="misread-certainty").set_value((90, 100)).run()
    assert "1 of 10 misread samples" in said(sound(app))
    app.slider(key="misread-certainty").set_value((0, 1)).run()
    assert "No misread sample is like that" in said(sound(app))


def test_the_order_decides_which_comes_first(open_view: Open) -> None:
    app = open_view("misread", model="mnist-only")
    first = {}
    for order in ("certain", "unsure", "close"):
        app.selectbox(key="misread-order").set_value(order).run()
        found = re.search(r"([\d.]+)% certain, ([\d.]+) percentage", said(sound(app)))
        assert found
        first[order] = float(found[1]), float(found[2])
    assert first["unsure"][0] < 50 < first["certain"][0]
    assert first["close"][1] == min(ahead for _, ahead in first.values())


def test_many_are_shown_in_pages(open_view: Open, home: Path) -> None:
    app = open_view("misread", run=run_that_reads(home, eights_read_as_3(home, 90)))
    page = app.number_input(key="misread-page-certain")
    assert (page.min, page.max) == (1, 3)
    page.set_value(3).run()
    sound(app)
    app.slider(key="misread-certainty").set_value((0, 50)).run()  # none is so unsure
    assert "No misread sample" in said(sound(app))


def test_both_sheets_show_all_there_are(open_view: Open) -> None:
    app = open_view("misread", model="mnist-only")
    app.segmented_control(key="misread-way").set_value("lesson").run()
    assert "drawn at random: 10 of 10" in said(sound(app))
    assert app.button(key="misread-others").disabled

    app.segmented_control(key="misread-way").set_value("digit").run()
    assert "2 samples of the digit 8 are read as another one, 2 others are read as 8" in said(app)
    app.selectbox(key="misread-digit").set_value(3).run()
    assert "0 samples of the digit 3" in said(sound(app))


def test_others_are_drawn_where_there_are_more(open_view: Open, home: Path) -> None:
    app = open_view("misread", run=run_that_reads(home, eights_read_as_3(home, 40)))
    app.segmented_control(key="misread-way").set_value("digit").run()
    assert "32 of these 40 are shown" in said(app)
    app.button(key="misread-others").click().run()
    assert "32 of these 40 are shown" in said(sound(app))


def test_a_network_that_misreads_nothing_says_so(open_view: Open, home: Path) -> None:
    run = run_that_reads(home, {})
    assert "**0** of 1,000 test samples are misread" in said(open_view("misread", run=run))
    assert "none is misread" in said(open_view("confusion", run=run))
    assert "100.00%" in said(open_view("digits", run=run))


def test_a_sample_opens_by_its_number_and_closes(open_view: Open, home: Path) -> None:
    wrong = eights_read_as_3(home, 1)
    (index,) = wrong
    app = open_view("misread", run=run_that_reads(home, wrong))
    assert "Test sample" not in said(app)

    app.number_input(key="misread-sheet-sample").set_value(index).run()
    assert f"Test sample {index} is a **8**, read as **3**: 64.0% certain" in said(sound(app))
    assert "The truth was given 4.0%" in said(app)
    right = 0 if index else 1
    app.number_input(key="misread-sheet-sample").set_value(right).run()
    assert "and is read as one: 64.0% certain" in said(sound(app))
    app.number_input(key="misread-sheet-sample").set_value(None).run()
    assert "Test sample" not in said(sound(app))


@pytest.mark.parametrize(
    ("why", "sentence"),
    [("maps", "Convolution 1: "), ("parts", "slides over the digit"), ("like", "training images")],
)
def test_an_open_sample_is_explained(open_view: Open, why: str, sentence: str) -> None:
    app = open_view("misread")
    app.number_input(key="misread-sheet-sample").set_value(5).run()
    assert sentence not in said(app)
    app.segmented_control(key="sample-why").set_value(why).run()
    assert sentence in said(sound(app))
    if why == "maps":
        assert "Dense layer 1: " in said(app)


def test_the_matrix_opens_at_its_largest_mistake(open_view: Open, home: Path) -> None:
    app = open_view("confusion", run=run_that_reads(home, eights_read_as_3(home, 12)))
    assert "of 100 samples of the digit 8, 12 are read as 3" in said(app)
    assert "**8** read as **3**: 12." in said(app)
    assert (
        app.selectbox(key="confusion-truth").value,
        app.selectbox(key="confusion-read-as").value,
    ) == (8, 3)


def test_the_two_boxes_choose_a_field(open_view: Open, home: Path) -> None:
    app = open_view("confusion", run=run_that_reads(home, eights_read_as_3(home, 12)))
    app.selectbox(key="confusion-read-as").set_value(8).run()
    assert "**8** read as **8**, which is right: 88. The least certain first." in said(sound(app))
    app.number_input(key="confusion-page-8-8").set_value(3).run()
    sound(app)
    app.selectbox(key="confusion-truth").set_value(0).run()
    assert "No 0 is read as 8." in said(sound(app))
    app.segmented_control(key="confusion-unit").set_value("shares").run()
    assert "No 0 is read as 8." in said(sound(app))


def test_each_digit_has_its_shares_and_accuracy_its_interval(open_view: Open, home: Path) -> None:
    app = open_view("digits", run=run_that_reads(home, eights_read_as_3(home, 50)))
    assert "**95.00%**, 950 of 1,000" in said(app)
    assert "**93.47% to 96.19%**" in said(app)
    (table,) = app.dataframe
    rows = table.value.set_index("Digit")
    assert list(rows.loc["8"]) == ["100.0%", "50.0%", "66.7%", "100"]
    assert list(rows.loc["3"]) == ["66.7%", "100.0%", "80.0%", "100"]
    assert rows.loc["Mean (macro)"]["Recall"] == "95.0%"
    assert "begins at 50%" in said(app)


def test_the_example_is_of_these_very_samples(open_view: Open) -> None:
    words = said(open_view("digits", model="mnist-only"))
    assert "is right 900 times: an accuracy of 90.0%" in words
    assert "This network's recall for the 8 is 98.0%" in words


@pytest.mark.parametrize("view", ["misread", "confusion", "digits"])
def test_a_run_that_has_not_ended_is_read_here(open_view: Open, home: Path, view: str) -> None:
    run = untrained_run(home, 0)
    assert re.search("of 100 samples|of 1,000 test samples", said(open_view(view, run=run)))


@pytest.mark.parametrize("view", ["misread", "confusion", "digits"])
def test_a_run_whose_data_are_gone_is_answered_in_a_sentence(
    open_view: Open, home: Path, view: str
) -> None:
    run = untrained_run(home, 1, digits=DataSetInfo("mnist", "0" * 64, 1, 1, 1))
    app = open_view(view, run=run)
    (error,) = app.error
    assert "went wrong" not in error.value
