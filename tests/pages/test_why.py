"""The explanation under an answer, as Streamlit runs it, without a browser."""

from __future__ import annotations

import secrets
from pathlib import Path

import numpy as np
import pytest
from make_run import add_run
from screen import said
from streamlit.testing.v1 import AppTest

from digitlab import models
from digitlab.drawing import from_strokes
from digitlab.presets import PRESETS
from digitlab.store import Store


def _page() -> None:
    """A small page of its own: a 1 with a foot, its answer, and why."""
    import numpy as np
    import streamlit as st

    from digitlab import drawing
    from digitlab.messages import Translator
    from digitlab.ui import selected_model
    from digitlab.ui.draw import why_view
    from digitlab.ui.shell import Visit

    visit = Visit(Translator("en"), st.query_params["me"])
    model = selected_model.choose(visit)
    strokes = [np.array([[120, 60], [130, 40], [128, 230]]), np.array([[70, 232], [190, 228]])]
    found = None
    if st.toggle("drawn", value=True, key="drawn"):
        found = drawing.from_strokes(strokes, steps=why_view.steps())
        st.title(f"{model.network.read(found.digit).confidence:.6f}")
    why_view.show(found, model, visit)


@pytest.fixture
def app(home: Path) -> AppTest:
    at = AppTest.from_function(_page, default_timeout=120)
    at.query_params["me"] = secrets.token_urlsafe(16)
    return at.run()


def choose(app: AppTest, view: str | None) -> AppTest:
    app.segmented_control(key="why").set_value(view).run()
    assert not app.exception
    assert not app.error
    assert not app.warning
    return app


def test_nothing_is_worked_out_until_something_is_opened(app: AppTest) -> None:
    assert not app.exception
    assert (len(app.markdown), len(app.caption), len(app.dataframe)) == (0, 0, 0)


def test_a_step_switched_off_changes_the_answer_and_comes_back_with_another_view(
    app: AppTest,
) -> None:
    before = app.title[0].value
    choose(app, "way")
    assert app.title[0].value == before

    app.toggle(key="step-scale").set_value(False).run()
    changed = app.title[0].value
    assert changed != before
    assert "A step is switched off" in said(app)

    choose(app, "numbers")
    assert app.title[0].value == before
    choose(app, "way")
    assert app.title[0].value == before


def test_the_switches_stay_while_the_canvas_is_empty(app: AppTest) -> None:
    choose(app, "way")
    app.toggle(key="step-centre").set_value(False).run()
    app.toggle(key="drawn").set_value(False).run()
    assert "Draw a digit" in said(app)
    app.toggle(key="drawn").set_value(True).run()

    assert not app.toggle(key="step-centre").value
    assert "A step is switched off" in said(app)


def test_the_map_is_of_the_winner_or_of_the_digit_that_is_picked(app: AppTest) -> None:
    choose(app, "parts")
    winner = models.bundled().read(_digit()).digit
    assert f"does to the {winner}." in said(app)

    app.selectbox(key="parts-digit").set_value(8).run()
    app.segmented_control(key="parts-measure").set_value("logit").run()

    assert not app.exception
    assert "does to the 8." in said(app)


def test_nearest_digits_are_of_the_set_in_use(app: AppTest) -> None:
    choose(app, "like")
    assert "all 4,000 training images" in said(app)
    assert "the 256 values" in said(app)


def test_the_numbers_add_up_to_the_answer(app: AppTest) -> None:
    choose(app, "numbers")
    layers, softmax = (table.value for table in app.dataframe)
    assert len(layers) == len(models.bundled().layers) + 1
    assert max(softmax["Probability"]) == app.title[0].value
    assert sum(float(value) for value in softmax["Probability"]) == pytest.approx(1, abs=1e-5)


def test_a_run_reads_too_from_untrained_to_trained(app: AppTest, home: Path) -> None:
    _run_with_weights(home, app.query_params["me"])
    choose(app, "readers")
    (table,) = app.dataframe
    names = list(table.value["Reader"])
    assert names[0] == "The lab's own network"
    assert "Untrained" in names
    assert names[-1].startswith("mlp-64")
    slider = app.select_slider[0]
    assert slider.value == 2

    slider.set_value(0).run()

    assert not app.exception


def test_runs_that_are_called_alike_read_each_for_itself(app: AppTest, home: Path) -> None:
    for _ in range(3):  # a preset and a minute are their whole name, as those of a sweep
        _run_with_weights(home, app.query_params["me"])
    choose(app, "readers")

    (table,) = app.dataframe
    names = list(table.value["Reader"])[3:]
    assert len(set(names)) == 3
    assert set(app.selectbox(key="readers-run").options) == set(names)


def test_without_runs_the_page_says_how_to_get_one(app: AppTest) -> None:
    choose(app, "readers")
    assert "Train a network" in said(app)


def _digit() -> np.ndarray:
    strokes = [np.array([[120, 60], [130, 40], [128, 230]]), np.array([[70, 232], [190, 228]])]
    return from_strokes(strokes).digit


def _run_with_weights(home: Path, me: str) -> None:
    """A run in the store that has kept the weights of three epochs."""
    weights = models.bundled_untrained().to_bytes()
    files = {f"weights-{epoch:03d}.npz": weights for epoch in range(3)}
    add_run(Store(home), PRESETS["mlp-64"], owner=me, preset="mlp-64", files=files)
