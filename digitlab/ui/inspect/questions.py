"""The three questions of the Inspect page, and the views that answer each, one at a time."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from digitlab.messages import mark
from digitlab.ui import shell
from digitlab.ui.inspect import (
    by_hand_view,
    confidence_view,
    confusion_view,
    digits_view,
    filters_view,
    journey_view,
    maps_view,
    misclassified_view,
    state,
    two_runs_view,
)
from digitlab.ui.selected_model import SelectedModel
from digitlab.ui.shell import Visit
from digitlab.ui.timing import timed

View = Callable[[SelectedModel, Visit], None]

_QUESTIONS: dict[str, tuple[str, dict[str, tuple[str, View]]]] = {
    "learned": (
        mark("What has it learned?"),
        {
            "filters": (mark("Filters"), filters_view.show),
            "maps": (mark("Feature maps"), maps_view.show),
            "hand": (mark("By hand"), by_hand_view.show),
        },
    ),
    "fails": (
        mark("Where does it fail?"),
        {
            "misread": (mark("Misread samples"), misclassified_view.show),
            "confusion": (mark("Confusion matrix"), confusion_view.show),
            "digits": (mark("Digit by digit"), digits_view.show),
            "confidence": (mark("Confidence"), confidence_view.show),
            "runs": (mark("Two networks"), two_runs_view.show),
        },
    ),
    "journey": (
        mark("How did it get there?"),
        {"journey": (mark("Through the epochs"), journey_view.show)},
    ),
}
_QUESTION_OF = {view: name for name, (_, views) in _QUESTIONS.items() for view in views}


def show(model: SelectedModel, visit: Visit) -> None:
    """The choice of a question and of a view, both kept in the URL, and that view."""
    t, view = visit.t, _asked()
    question = _QUESTION_OF[view]
    views = _QUESTIONS[question][1]
    state.QUESTION.set(question)
    state.VIEW.set(view)
    st.segmented_control(
        t("Question"),
        list(_QUESTIONS),
        key=state.QUESTION.key,
        required=True,
        on_change=_ask,
        label_visibility="collapsed",
        width="stretch",
        format_func=lambda name: t(_QUESTIONS[name][0]),
    )
    if len(views) > 1:
        st.pills(
            t("View"),
            list(views),
            key=state.VIEW.key,
            required=True,
            on_change=_open,
            label_visibility="collapsed",
            format_func=lambda name: t(views[name][0]),
        )
    _view(view, model, visit)


@st.fragment
def _view(view: str, model: SelectedModel, visit: Visit) -> None:
    """Only this part runs again at a click inside it."""
    with timed(view), shell.sentences(visit.t):
        _QUESTIONS[_QUESTION_OF[view]][1][view][1](model, visit)


def _asked() -> str:
    asked = st.query_params.get("view", "")
    return asked if asked in _QUESTION_OF else "filters"


def _ask() -> None:
    st.query_params["view"] = next(iter(_QUESTIONS[state.QUESTION.get()][1]))


def _open() -> None:
    st.query_params["view"] = state.VIEW.get()
