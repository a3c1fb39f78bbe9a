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
from digitlab.ui import batched
from digitlab.ui.selected_model import SelectedModel

MOST_IMAGES = 10_000  # that nearest digits are looked for in: NumPy reads so many in seconds
_NEIGHBOURS = 8


def show(digit: Picture, model: SelectedModel, t: Translator) -> None:
    """The training images nearest to ``digit``, uint8 (28, 28), with labels and distances.

    Raises:
        LabError: the data set that a run learned from is not here any more.
    """
    network = model.network
    if model.run is None:
        digits = dataset.current().digits
        trained_on = len(digits.y_train)
    else:
        digits = dataset.find(model.run.digits.fingerprint)
        trained_on = digits.split(model.run.config).train_count
    searched = min(MOST_IMAGES, trained_on)
    shared = explain.fingerprint(network), digits.fingerprint
    parts = batched.read(
        searched, lambda start, stop: _features(*shared, start, stop, network, digits), t
    )
    own = explain.features(network, digit[np.newaxis])[0]
    found = explain.nearest(np.concatenate(parts), own, count=_NEIGHBOURS)
    labels = digits.y_train[found.indices].tolist()
    read = network.read(digit).digit
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
    count, total = f"{searched:,}", f"{len(digits.y_train):,}"
    about = (
        t("Searched: all {total} training images of this data set.", total=total)
        if count == total
        else t(
            "Searched: the first {count} of the {total} training images of this data set.",
            count=count,
            total=total,
        )
    )
    meaning = t(
        "Under each: its label and its distance from this digit, measured between the {units} "
        "values of the network's last hidden layer. 0 would be the same to the network; half of "
        "the images are farther than {median}.",
        units=network.layers[-1].input[0],
        median=f"{found.median:.1f}",
    )
    st.caption(t.paragraph([about, meaning]))


@st.cache_resource(show_spinner=False, max_entries=3 * MOST_IMAGES // batched.PART)
def _features(
    network: str, digits: str, start: int, stop: int, _network: Network, _digits: DigitSet
) -> Floats:
    """The last hidden layer's values for some training images; once for all sessions."""
    return explain.features(_network, _digits.x_train[start:stop])
