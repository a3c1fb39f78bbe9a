"""One test sample opened: its picture, its ten probabilities, and why it is read so."""

from __future__ import annotations

import functools

import streamlit as st

from digitlab import labels
from digitlab.charts.bars import probability_bars
from digitlab.charts.pixels import digit_image
from digitlab.messages import Translator, mark
from digitlab.ui import like_view, parts_view, plot
from digitlab.ui.inspect import last_used, maps_view, state
from digitlab.ui.inspect.picture import layers_of
from digitlab.ui.inspect.test_predictions import Predictions
from digitlab.ui.selected_model import SelectedModel
from digitlab.ui.shell import Visit

_WHYS = {
    "maps": mark("Feature maps"),
    "parts": mark("Parts that count"),
    "like": mark("Digits like it"),
}


def choose(
    clicked: int | None, sheet: str, model: SelectedModel, test: Predictions, visit: Visit
) -> None:
    """A box for a sample's number beside the ``sheet`` that is clicked, and the sample chosen.

    What was used last holds. ``sheet`` is the key that ``last_used`` knows the picture by.
    """
    opened, count = state.opened_sample(sheet), len(test.labels)
    if clicked is not None:
        opened.set(clicked)
    if (opened.get() or 0) >= count:  # it was chosen in a larger set
        opened.set(None)
    index = st.number_input(
        visit.t("Open a test sample: click it, or type its number (0 to {last})", last=count - 1),
        0,
        count - 1,
        value=None,
        step=1,
        key=opened.key,
        width=420,
        on_change=functools.partial(last_used.forget, sheet),
    )
    if index is not None:
        show(model, test, int(index), visit)


def show(model: SelectedModel, test: Predictions, index: int, visit: Visit) -> None:
    """Sample ``index`` of ``test``: what it is, what it is read as, and one way to see why."""
    t, picture = visit.t, test.images[index]
    with st.container(border=True, key="opened-sample"):
        st.markdown(_in_words(test, index, t))
        left, right = st.columns([2, 3])
        with left:
            title = t("Test sample {index}", index=index)
            figure = digit_image(picture, t, title=title, height=300)
            plot.draw(figure, t, key="sample-picture")
        with right:
            figure = probability_bars(test.probabilities[index], t, height=300)
            plot.draw(figure, t, key="sample-bars")
        why = st.segmented_control(
            t("Why this answer?"),
            list(_WHYS),
            key="sample-why",
            format_func=lambda name: t(_WHYS[name]),
        )
        if why == "maps":
            maps_view.all_layers(layers_of(model, picture), "sample-maps", t, by_hand=False)
        elif why == "parts":
            parts_view.show(picture, model, t, "sample-parts")
        elif why == "like":
            like_view.show(picture, model, t)


def _in_words(test: Predictions, index: int, t: Translator) -> str:
    truth, predicted = int(test.labels[index]), int(test.predicted[index])
    shares = test.probabilities[index]
    if truth == predicted:
        second = int(shares.argsort()[-2])
        return t(
            "Test sample {index} is a **{truth}** and is read as one: {confidence} certain. Second "
            "comes {second} with {share}.",
            index=index,
            truth=truth,
            confidence=labels.percentage(shares[truth]),
            second=second,
            share=labels.percentage(shares[second]),
        )
    return t(
        "Test sample {index} is a **{truth}**, read as **{predicted}**: {confidence} certain. The "
        "truth was given {share}.",
        index=index,
        truth=truth,
        predicted=predicted,
        confidence=labels.percentage(shares[predicted]),
        share=labels.percentage(shares[truth]),
    )
