"""Whether the network is right as often as it says it is."""

from __future__ import annotations

import numpy as np
import streamlit as st

from digitlab import models
from digitlab.charts.reliability import edge_text, reliability_diagram
from digitlab.inspection import metrics
from digitlab.inspection.metrics import SamplePrediction
from digitlab.inspection.reliability import EQUAL_EDGES, Bin, Reliability, bin_numbers, reliability
from digitlab.messages import Translator, mark
from digitlab.scores import wilson
from digitlab.ui.inspect import last_used, sample_list, sample_view, state
from digitlab.ui.inspect.test_predictions import Predictions, predictions_of
from digitlab.ui.selected_model import SelectedModel
from digitlab.ui.shell import Visit

_MOST = 40  # samples on a sheet
_COLUMNS = 8
_FEW = 10  # samples: of fewer a gap may be luck
_SURE = 0.99
_FIRST = 5  # the bin that is open at first, where it has samples: 90% to 95%


def show(model: SelectedModel, visit: Visit) -> None:
    """The reliability diagram, what it comes to, and the samples of the bin that is picked."""
    t, test = visit.t, predictions_of(model, visit.t)
    found = reliability(test.labels, test.probabilities)
    st.markdown(_summary(test, t))
    st.markdown(_expected_error(test, t))
    if model.name == models.BUNDLED_NAME:
        st.caption(
            t(
                "It was trained with smoothed labels: to aim at about 97% for the truth, not at "
                "100%. That keeps it from being surer."
            )
        )
    left, right = st.columns(2, gap="medium")
    with left:
        figure = reliability_diagram(found.bins, t)
        clicked = last_used.place(
            figure, "confidence-diagram", t, len(found.bins), shows="confidence-bin"
        )
        st.caption(_about_diagram(test, found, t))
    with right:
        opened = _samples(test, found, _picked(found, clicked, t), t)
    sample_view.choose(opened, "confidence-sheet", model, test, visit)


def _summary(test: Predictions, t: Translator) -> str:
    """Mean certainty against accuracy; their difference is named where it is not luck."""
    count, right = len(test.labels), len(test.labels) - len(test.mistakes)
    confidence = float(test.probabilities.max(axis=1).mean(dtype=np.float64))
    low, high = wilson(right, count)
    if confidence > high:
        verdict = mark(
            "On average it is **{confidence}** certain, and it is right in **{accuracy}** of "
            "{count} test samples: it is too sure of itself."
        )
    elif confidence < low:
        verdict = mark(
            "On average it is **{confidence}** certain, and it is right in **{accuracy}** of "
            "{count} test samples: it could be surer of itself."
        )
    else:
        verdict = mark(
            "On average it is **{confidence}** certain, and it is right in **{accuracy}** of "
            "{count} test samples: no more apart than chance allows."
        )
    return t(
        verdict,
        confidence=f"{confidence:.1%}",
        accuracy=f"{right / count:.1%}",
        count=f"{count:,}",
    )


def _expected_error(test: Predictions, t: Translator) -> str:
    paper = reliability(test.labels, test.probabilities, EQUAL_EDGES)
    return t(
        "Expected calibration error (ECE): **{error}** percentage points. That is the mean "
        "distance between certainty and share right over all samples, which are put into {bins} "
        "bins of equal width by their certainty (Guo et al., 2017); a network that is right "
        "exactly as often as it says has 0.",
        error=f"{100 * paper.expected_error:.2f}",
        bins=len(paper.bins),
    )


def _about_diagram(test: Predictions, found: Reliability, t: Translator) -> str:
    sure = float((test.probabilities.max(axis=1) > _SURE).mean())
    scale = t(
        "Both axes are stretched towards 100%, where most samples of a trained network lie "
        "({share} of these over 99%): each bin is drawn as wide as the next. Points under "
        "the dashed line: too sure; over it: not sure enough. Long bars mean few samples.",
        share=f"{sure:.1%}",
    )
    telling = [each for each in found.bins if each.count >= _FEW]
    widest = max(telling, key=lambda each: abs(each.gap), default=found.widest)
    gap = t(
        "The largest gap, of bins with {few} samples or more, is from {low}% to {high}%: certain "
        "on average {confidence}, right in {right} of {count}.",
        few=_FEW,
        low=edge_text(widest.low),
        high=edge_text(widest.high),
        confidence=f"{widest.confidence or 0:.1%}",
        right=f"{widest.right:,}",
        count=f"{widest.count:,}",
    )
    return t.paragraph([scale, gap])


def _picked(found: Reliability, clicked: int | None, t: Translator) -> int:
    """The bin to look into: clicked in the diagram or chosen from the list, whichever was last."""
    bins = found.bins
    fullest = max(range(len(bins)), key=lambda place: bins[place].count)
    opened = state.confidence_bin(_FIRST if bins[_FIRST].count else fullest)
    if clicked is not None:
        opened.set(clicked)
    return st.selectbox(
        t("Samples that it is so certain of"),
        range(len(bins)),
        key=opened.begin(),
        on_change=last_used.forget,
        args=("confidence-diagram",),
        format_func=lambda place: t(
            "{low}% to {high}%: {count} samples",
            low=edge_text(bins[place].low),
            high=edge_text(bins[place].high),
            count=f"{bins[place].count:,}",
        ),
    )


def _samples(test: Predictions, found: Reliability, place: int, t: Translator) -> int | None:
    """The sheet of a bin; returns the sample clicked last."""
    chosen = found.bins[place]
    st.markdown(_sentence(chosen, t))
    if not chosen.count:
        return None
    inside = np.flatnonzero(bin_numbers(test.probabilities) == place)
    wrong = test.predicted[inside] != test.labels[inside]
    order = [*inside[wrong], *inside[~wrong]][:_MOST]
    shown = [
        SamplePrediction(
            int(index),
            int(test.labels[index]),
            int(test.predicted[index]),
            float(test.probabilities[index].max()),
        )
        for index in order
    ]
    title = t(
        "Certain from {low}% to {high}%: truth → read as",
        low=edge_text(chosen.low),
        high=edge_text(chosen.high),
    )
    caption = t(
        "{shown} of {count} samples, those read wrongly first",
        shown=len(shown),
        count=f"{chosen.count:,}",
    )
    places = metrics.in_rows(shown, _COLUMNS)
    return sample_list.sheet(test, places, "confidence-sheet", t, title=title, caption=caption)


def _sentence(chosen: Bin, t: Translator) -> str:
    low, high = edge_text(chosen.low), edge_text(chosen.high)
    if not chosen.count:
        return t("It is never {low}% to {high}% certain on this test set.", low=low, high=high)
    least, most = wilson(chosen.right, chosen.count)
    return t(
        "When it says {low}% to {high}%, it is right in **{right} of {count}**: {accuracy} (95% "
        "interval: {least} to {most}).",
        low=low,
        high=high,
        right=f"{chosen.right:,}",
        count=f"{chosen.count:,}",
        accuracy=f"{chosen.right / chosen.count:.1%}",
        least=f"{least:.1%}",
        most=f"{most:.1%}",
    )
