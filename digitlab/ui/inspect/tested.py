"""What a network makes of its whole test set, computed once for all sessions."""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import streamlit as st

from digitlab import dataset, mistakes
from digitlab.dataset import DigitSet
from digitlab.messages import Translator
from digitlab.mistakes import Mistake
from digitlab.network import Floats, Network
from digitlab.ui import lab
from digitlab.ui.readers import Reader


@dataclass(frozen=True, eq=False)
class Tested:
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
    def read_as(self) -> npt.NDArray[np.intp]:
        """What they are read as, (N,)."""
        digits: npt.NDArray[np.intp] = self.probabilities.argmax(axis=1)
        return digits

    @functools.cached_property
    def mistakes(self) -> list[Mistake]:
        """Those read as another digit, the most certain first."""
        return mistakes.mistakes(self.labels, self.probabilities)


def tested(reader: Reader, t: Translator) -> Tested:
    """The test set as ``reader`` reads it; a run's is the one that it was tested on.

    Raises:
        LabError: the run's data set is not here any more.
    """
    run = reader.run
    digits = dataset.find(run.digits.fingerprint) if run else dataset.current().digits
    epoch = int(reader.network.about.get("epoch", 0))
    if run and "probabilities.npy" in lab.store().files(run.id):
        return _stored(run.id, epoch, digits.fingerprint)
    with st.spinner(t("The network reads the test set …")):
        return _computed(reader.name, epoch, digits.fingerprint, reader.network)


@st.cache_resource(show_spinner=False, max_entries=32)
def _stored(run: str, epoch: int, fingerprint: str) -> Tested:
    """The probabilities that the worker stored when the run ended."""
    data = lab.store().file(run, "probabilities.npy").read_bytes()
    found: Floats = np.load(io.BytesIO(data), allow_pickle=False)
    return Tested(dataset.find(fingerprint), found, f"{run}-{epoch}-{fingerprint}")


@st.cache_resource(show_spinner=False, max_entries=8)
def _computed(name: str, epoch: int, fingerprint: str, _network: Network) -> Tested:
    """For bundled networks and for runs that have not ended."""
    digits = dataset.find(fingerprint)
    found = _network.predict(digits.x_test)
    return Tested(digits, found, f"{name}-{epoch}-{fingerprint}")
