"""A visitor's kept drawings, as Streamlit runs them, without a browser."""

from __future__ import annotations

import secrets
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from digitlab.network import Prediction
from digitlab.ui import lab


def _page() -> None:
    """A small page of its own with the kept drawings."""
    import streamlit as st

    from digitlab.messages import Translator
    from digitlab.ui.draw import saved_drawings_view
    from digitlab.ui.shell import Visit

    saved_drawings_view.show(Visit(Translator("en"), st.query_params["me"]))


@pytest.fixture
def me() -> str:
    return secrets.token_urlsafe(16)


@pytest.fixture
def app(home: Path, me: str) -> AppTest:
    at = AppTest.from_function(_page, default_timeout=120)
    at.query_params["me"] = me
    return at


def keep(me: str, label: int) -> None:
    prediction = Prediction(np.eye(10, dtype=np.float32)[label])
    lab.drawings().keep(me, label, np.full((28, 28), 7, np.uint8), prediction, "reference")


def tick(app: AppTest, row: int) -> AppTest:
    app.session_state[app.dataframe[0].key] = {
        "selection": {"rows": [row], "columns": [], "cells": []}
    }
    return app.run()


def delete(app: AppTest):
    (button,) = [one for one in app.button if one.label == "Delete the ticked ones"]
    return button


def test_the_ticked_drawing_is_deleted_and_no_other(app: AppTest, me: str) -> None:
    for label in (1, 2, 3):
        keep(me, label)
    tick(app.run(), 1)
    delete(app).click().run()
    assert not app.exception
    assert [one.label for one in lab.drawings().of(me)] == [3, 1]
    assert delete(app).disabled


def test_a_tick_does_not_pass_to_the_drawing_that_is_kept_next(app: AppTest, me: str) -> None:
    keep(me, 1)
    tick(app.run(), 0)
    assert not delete(app).disabled

    keep(me, 2)
    app.run()

    assert delete(app).disabled, "the newest drawing took the row, and the tick"
