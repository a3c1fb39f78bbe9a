"""Which digit is taken for which, and the samples behind each number."""

from __future__ import annotations

import streamlit as st

from digitlab.charts.confusion import confusion_matrix
from digitlab.config import DIGITS
from digitlab.inspection import metrics
from digitlab.inspection.metrics import Counts
from digitlab.messages import Translator, mark
from digitlab.ui import clicks
from digitlab.ui.inspect import sample_list, sample_view, state
from digitlab.ui.inspect.test_predictions import Predictions, predictions_of
from digitlab.ui.selected_model import SelectedModel
from digitlab.ui.shell import Visit

_MATRIX, _SHEET = "confusion-matrix", "confusion-sheet"
_UNITS = {"counts": mark("Numbers"), "shares": mark("Row percentages")}


def show(model: SelectedModel, visit: Visit) -> None:
    """The confusion matrix; beside it the samples of the field that was chosen last."""
    t, test = visit.t, predictions_of(model, visit.t)
    matrix = metrics.confusion(test.labels, test.predicted)
    left, right = st.columns(2, gap="medium")
    worst_truth, worst_reading = metrics.worst(matrix) or (0, 0)
    state.confusion_truth(worst_truth).begin()
    state.confusion_read_as(worst_reading).begin()
    with left:
        _matrix(matrix, t)
    with right:
        with st.container(horizontal=True):
            digits = list(range(DIGITS))
            key = state.confusion_truth().key
            truth = st.selectbox(t("Truth"), digits, key=key, width=110)
            key = state.confusion_read_as().key
            predicted = st.selectbox(t("Read as"), digits, key=key, width=110)
        sample = _samples(test, truth, predicted, t)
    sample_view.choose(sample, _SHEET, model, test, visit)


def _open(field: int) -> None:
    truth, predicted = divmod(field, DIGITS)
    state.confusion_truth().set(truth)
    state.confusion_read_as().set(predicted)


def _matrix(matrix: Counts, t: Translator) -> None:
    """The chart, in which a click opens a field, and its words."""
    unit = st.segmented_control(
        t("Shown as"),
        list(_UNITS),
        key=state.CONFUSION_UNIT.begin(),
        required=True,
        format_func=lambda name: t(_UNITS[name]),
        label_visibility="collapsed",
    )
    figure = confusion_matrix(
        matrix,
        t,
        shares=unit == "shares",
        chosen=(state.confusion_truth().get(), state.confusion_read_as().get()),
    )
    clicks.answer(figure, _MATRIX, t, DIGITS * DIGITS, _open, shows=state.confusion_truth().key)
    st.caption(_in_words(matrix, t))


def _in_words(matrix: Counts, t: Translator) -> str:
    worst, wrong = metrics.worst(matrix), int(matrix.sum() - matrix.trace())
    if worst is None:
        return t("Every sample is on the diagonal: none is misread.")
    truth, predicted = worst
    return t(
        "Rows are the digit it is, columns what it is read as: right on the grey diagonal, wrong "
        "beside it, {wrong} samples in all. Only those are coloured. The largest of these fields: "
        "of {whole} samples of the digit {truth}, {count} are read as {predicted}. Click a field "
        "to see its samples.",
        wrong=f"{wrong:,}",
        whole=f"{matrix[truth].sum():,}",
        truth=truth,
        predicted=predicted,
        count=f"{matrix[truth, predicted]:,}",
    )


def _samples(test: Predictions, truth: int, predicted: int, t: Translator) -> int | None:
    """The samples of a field; returns the one clicked last."""
    found = metrics.cell(test.labels, test.probabilities, truth, predicted)
    st.markdown(_heading(len(found), truth, predicted, t))
    if not found:
        return None
    shown = sample_list.page(found, f"confusion-page-{truth}-{predicted}", t)
    return sample_list.show(test, shown, _SHEET, t)


def _heading(count: int, truth: int, predicted: int, t: Translator) -> str:
    if not count:
        return t("No {truth} is read as {predicted}.", truth=truth, predicted=predicted)
    heading = mark("**{truth}** read as **{predicted}**: {count}. The most certain first.")
    if truth == predicted:
        heading = mark(
            "**{truth}** read as **{predicted}**, which is right: {count}. The least certain first."
        )
    return t(heading, truth=truth, predicted=predicted, count=f"{count:,}")
