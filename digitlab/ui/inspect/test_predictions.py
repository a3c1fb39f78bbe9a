"""What a network makes of its whole test set, computed once for all sessions."""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import streamlit as st

from digitlab import dataset
from digitlab.dataset import DigitSet
from digitlab.inspection import explain, metrics
from digitlab.inspection.metrics import Mistake
from digitlab.messages import LabError, Translator, message
from digitlab.network import Floats, Network
from digitlab.ui import batched, lab
from digitlab.ui.selected_model import SelectedModel

_PARTS = 6 * 10_000 // batched.PART  # of six networks, 20 KB each


@dataclass(frozen=True, eq=False)
class Predictions:
    """A test set and the ten probabilities a network gave each image, float32 (N, 10).

    ``key`` names network, epoch and set: what is computed from them may be cached under it.
    """

    digits: DigitSet
    probabilities: Floats
    key: str

    @property
    def images(self) -> npt.NDArray[np.uint8]:
        """The test images, (N, 28, 28)."""
        return self.digits.x_test

    @property
    def labels(self) -> npt.NDArray[np.uint8]:
        """What they are, (N,)."""
        return self.digits.y_test

    @functools.cached_property
    def predicted(self) -> npt.NDArray[np.intp]:
        """What they are read as, (N,)."""
        digits: npt.NDArray[np.intp] = self.probabilities.argmax(axis=1)
        return digits

    @functools.cached_property
    def finite(self) -> bool:
        """Whether all probabilities are numbers."""
        return bool(np.isfinite(self.probabilities).all())

    @functools.cached_property
    def mistakes(self) -> list[Mistake]:
        """Those read as another digit, the most certain first."""
        return metrics.mistakes(self.labels, self.probabilities)


def predictions_of(model: SelectedModel, t: Translator) -> Predictions:
    """The test set as ``model`` reads it; a run's is the one that it was tested on.

    Raises:
        LabError: the run or its data set is not here any more, or its answers are not numbers.
    """
    return predictions_on(dataset.current().digits, model, t)


def predictions_on(digits: DigitSet, model: SelectedModel, t: Translator) -> Predictions:
    """The same, with ``digits`` for the networks that come with the lab: they have no own set.

    Raises:
        LabError: as ``predictions_of``.
    """
    run = model.run
    if run is None:
        return _finite(_computed(model, digits, t))
    lab.store().run(run.id)  # it may have been deleted in another tab
    known = dataset.find(run.digits.fingerprint)
    if "probabilities.npy" in lab.store().files(run.id):
        return _finite(_stored(run.id, model.epoch, known.fingerprint))
    return _finite(_computed(model, known, t))


def probabilities(network: Network, digits: DigitSet, count: int, t: Translator) -> Floats:
    """What ``network`` makes of the first ``count`` test images, float32 (count, 10).

    Each part is kept for all sessions.
    """
    key = explain.fingerprint(network)
    parts = batched.read(
        count, lambda start, stop: _part(key, digits.fingerprint, start, stop, network, digits), t
    )
    return np.concatenate(parts)


def _finite(found: Predictions) -> Predictions:
    if found.finite:
        return found
    raise LabError(
        message(
            "This network answers with values that are not numbers: its training has diverged. "
            "Train it again with a smaller learning rate."
        )
    )


@st.cache_resource(show_spinner=False, max_entries=32)
def _stored(run: str, epoch: int, fingerprint: str) -> Predictions:
    """The probabilities that the worker stored when the run ended."""
    data = lab.store().file(run, "probabilities.npy").read_bytes()
    found: Floats = np.load(io.BytesIO(data), allow_pickle=False)
    return Predictions(dataset.find(fingerprint), found, f"{run}-{epoch}-{fingerprint}")


def _computed(model: SelectedModel, digits: DigitSet, t: Translator) -> Predictions:
    """For bundled networks and for runs that have not ended."""
    key = f"{model.name}-{model.epoch}-{digits.fingerprint}"
    place = _place(key)
    if not place:
        found = probabilities(model.network, digits, len(digits.y_test), t)
        place.append(Predictions(digits, found, key))
    return place[0]


@st.cache_resource(show_spinner=False, max_entries=8)
def _place(key: str) -> list[Predictions]:
    """Where all sessions find what is computed: nothing may be drawn inside a cached function."""
    return []


@st.cache_resource(show_spinner=False, max_entries=_PARTS)
def _part(
    network: str, digits: str, start: int, stop: int, _network: Network, _digits: DigitSet
) -> Floats:
    """Probabilities of some test images; once for all sessions."""
    with np.errstate(all="ignore"):  # of weights that have grown beyond all bounds
        return _network.predict(_digits.x_test[start:stop])
