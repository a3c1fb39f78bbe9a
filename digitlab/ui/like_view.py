"""The training digits that are most like one to a network, by its last hidden layer."""

from __future__ import annotations

import numpy as np
import streamlit as st

from digitlab import dataset
from digitlab.charts.picture_rows import nearest_digits
from digitlab.dataset import DigitSet
from digitlab.drawing import Picture
from digitlab.inspection import explain
from digitlab.messages import Translator
from digitlab.network import Floats, Network
from digitlab.store import Run
from digitlab.ui import batched
from digitlab.ui.selected_model import SelectedModel

MOST_IMAGES = 10_000  # that nearest digits are looked for in: NumPy reads so many in seconds
_NEIGHBOURS = 8


def show(digit: Picture, model: SelectedModel, t: Translator) -> None:
    """The training images nearest to ``digit``, uint8 (28, 28), with labels and distances.

    Raises:
        LabError: the data set that a run learned from is not here any more.
    """
    digits, count = _trained_on(model.run)
    known = _known(model.network, digits, count, t)
    own = explain.features(model.network, digit[np.newaxis])[0]
    found = explain.nearest(known, own, count=_NEIGHBOURS)
    labels = digits.y_train[found.indices].tolist()
    read = model.network.read(digit).digit
    st.html(
        nearest_digits(digits.x_train[found.indices], labels, found.distances.tolist(), read=read)
    )
    st.markdown(
        t(
            "**{same} of {count}** are labelled {digit}, as the network reads this digit.",
            same=labels.count(read),
            count=len(labels),
            digit=read,
        )
    )
    st.caption(_about_distance(model.network, digits, count, found.median, t))


def _about_distance(
    network: Network, digits: DigitSet, count: int, median: float, t: Translator
) -> str:
    total = len(digits.y_train)
    searched = (
        t("Searched: all {total} training images of this data set.", total=f"{total:,}")
        if count == total
        else t(
            "Searched: the first {count} of the {total} training images of this data set.",
            count=f"{count:,}",
            total=f"{total:,}",
        )
    )
    meaning = t(
        "Under each: its label and its distance from this digit, measured between the {units} "
        "values of the network's last hidden layer. 0 would be the same to the network; half of "
        "the images are farther than {median}.",
        units=network.layers[-1].input[0],
        median=f"{median:.1f}",
    )
    return t.paragraph([searched, meaning])


def _trained_on(run: Run | None) -> tuple[DigitSet, int]:
    """The data set in use, and how many of its training images are searched."""
    if run is None:
        digits = dataset.current().digits
        return digits, min(MOST_IMAGES, len(digits.y_train))
    digits = dataset.find(run.digits.fingerprint)
    return digits, min(MOST_IMAGES, len(digits.split(run.config).train[1]))


def _known(network: Network, digits: DigitSet, count: int, t: Translator) -> Floats:
    """The last hidden layer's values for the searched images."""
    key = explain.fingerprint(network)
    parts = batched.read(
        count,
        lambda start, stop: _features(key, digits.fingerprint, start, stop, network, digits),
        t,
    )
    return np.concatenate(parts)


@st.cache_resource(show_spinner=False, max_entries=3 * MOST_IMAGES // batched.PART)
def _features(
    network: str, digits: str, start: int, stop: int, _network: Network, _digits: DigitSet
) -> Floats:
    """The last hidden layer's values for some training images; once for all sessions."""
    return explain.features(_network, _digits.x_train[start:stop])
