"""Precision, recall and F1 of each digit, and what accuracy hides."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from digitlab.charts.digit_scores import digit_scores, scores_axis_start
from digitlab.inspection import metrics
from digitlab.inspection.metrics import DigitScores
from digitlab.messages import Translator
from digitlab.scores import wilson
from digitlab.ui import plot
from digitlab.ui.inspect.test_predictions import Predictions, predictions_of
from digitlab.ui.selected_model import SelectedModel
from digitlab.ui.shell import Visit

_EXAMPLE = 8


def show(model: SelectedModel, visit: Visit) -> None:
    """Accuracy with its interval, then digit by digit as a chart and a table."""
    t, test = visit.t, predictions_of(model, visit.t)
    scores = metrics.per_digit(test.labels, test.predicted)
    st.markdown(_accuracy(test, t))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        figure = digit_scores(scores, t)
        plot.draw(figure, t, key="digits-chart")
        st.caption(_in_words(scores, t))
    with right:
        st.dataframe(
            _table(scores, t),
            hide_index=True,
            height="content",
            column_config={t("Digit"): st.column_config.TextColumn(width=100)},
        )
        st.caption(
            t(
                "Precision: of the samples read as this digit, how many are it. Recall: of the "
                "samples that are this digit, how many are read as it. F1: their harmonic mean, "
                "near the lower of the two. The macro mean counts every digit the same, however "
                "many samples it has."
            )
        )
    with st.container(border=True):
        st.markdown(_misleading(test, scores, t))


def _accuracy(test: Predictions, t: Translator) -> str:
    count = len(test.labels)
    right = count - len(test.mistakes)
    low, high = wilson(right, count)
    return t(
        "Accuracy: **{accuracy}**, {right} of {count} test samples are read right. With so many "
        "samples its 95% interval (Wilson) is **{low} to {high}**: a difference that is small "
        "beside it may be luck.",
        accuracy=f"{right / count:.2%}",
        right=f"{right:,}",
        count=f"{count:,}",
        low=f"{low:.2%}",
        high=f"{high:.2%}",
    )


def _in_words(scores: Sequence[DigitScores], t: Translator) -> str:
    """The chart in a sentence."""
    recalls = [(s.recall, s.digit) for s in scores if s.recall is not None]
    precisions = [(s.precision, s.digit) for s in scores if s.precision is not None]
    (recall, missed), (precision, mixed) = min(recalls), min(precisions)
    said = t(
        "Lowest recall: {recall}, of the digit {missed}. Lowest precision: {precision}, of the "
        "digit {mixed}.",
        recall=f"{recall:.1%}",
        missed=missed,
        precision=f"{precision:.1%}",
        mixed=mixed,
    )
    if least := scores_axis_start(scores):
        axis = t("The share axis begins at {least}, not at 0.", least=f"{least:.0%}")
        said = t.paragraph([axis, said])
    never = [str(s.digit) for s in scores if s.precision is None and s.support]
    if not never:
        return said
    told = t(
        "Never read, and counted with a precision of 0 in the mean: {digits}.",
        digits=t.listed(never),
    )
    return t.paragraph([said, told])


def _table(scores: Sequence[DigitScores], t: Translator) -> dict[str, list[str]]:
    rows = [*scores, metrics.macro(scores)]
    counts = [s.support for s in scores]
    return {
        t("Digit"): [*(str(s.digit) for s in scores), t("Mean (macro)")],
        t("Precision"): [_percent(row.precision) for row in rows],
        t("Recall"): [_percent(row.recall) for row in rows],
        t("F1"): [_percent(row.f1) for row in rows],
        t("Number of samples"): [f"{count:,}" for count in (*counts, sum(counts))],
    }


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _misleading(test: Predictions, scores: Sequence[DigitScores], t: Translator) -> str:
    """An example from these very samples of what accuracy alone does not say."""
    count, digit = len(test.labels), scores[_EXAMPLE]
    others = count - digit.support
    return t(
        "**Why accuracy alone misleads.** Somebody is asked for each of these {count} samples: is "
        "it an {digit}? Answering no every time is right {others} times: an accuracy of {share}. "
        "Yet not one of the {support} samples that are an {digit} is found: the recall is 0%. This "
        "network's recall for the {digit} is {recall}, its precision {precision}. Look at both, "
        "digit by digit.",
        count=f"{count:,}",
        digit=_EXAMPLE,
        others=f"{others:,}",
        share=f"{others / count:.1%}",
        support=f"{digit.support:,}",
        recall=_percent(digit.recall),
        precision=_percent(digit.precision),
    )
