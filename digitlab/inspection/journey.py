"""The predictions for the test set after each epoch: what a network learned and forgot."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab import models
from digitlab.config import DIGITS
from digitlab.store import Store

Integers = npt.NDArray[np.integer[Any]]
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Journey:
    """The predicted digit of every test sample after each epoch.

    ``epochs`` ascend, 0 is untrained; ``predicted`` is uint8 (epochs, N), ``labels`` (N,).
    """

    epochs: tuple[int, ...]
    predicted: npt.NDArray[np.uint8]
    labels: Integers

    def at(self, epoch: int) -> npt.NDArray[np.uint8]:
        """The predictions after ``epoch``, (N,)."""
        return np.asarray(self.predicted[self.epochs.index(epoch)])

    @property
    def end(self) -> npt.NDArray[np.uint8]:
        """The predictions after the last epoch, (N,)."""
        return np.asarray(self.predicted[-1])

    def learned(self, epoch: int) -> npt.NDArray[np.intp]:
        """Indices of the samples wrong after ``epoch`` and right at the end, ascending."""
        return np.flatnonzero((self.at(epoch) != self.labels) & (self.end == self.labels))

    def forgotten(self, epoch: int) -> npt.NDArray[np.intp]:
        """Indices of the samples right after ``epoch`` and wrong at the end, ascending."""
        return np.flatnonzero((self.at(epoch) == self.labels) & (self.end != self.labels))

    def accuracy_by_digit(self) -> Shares:
        """Each digit's accuracy by epoch, 0 to 1 (epochs, 10); NaN for a digit with no samples."""
        right = self.predicted == self.labels
        shares = np.full((len(self.epochs), DIGITS), np.nan)
        for digit in np.unique(self.labels):
            shares[:, digit] = right[:, self.labels == digit].mean(axis=1)
        return shares


def of_run(store: Store, run_id: str, labels: Integers) -> Journey:
    """The predictions that a run has kept, one file an epoch; there may be none yet.

    ``labels`` (N,) are those of the run's test set.

    Raises:
        StoreError: the run was deleted meanwhile.
    """
    epochs = tuple(store.epochs_kept(run_id, "reading"))
    predicted = np.empty((len(epochs), len(labels)), np.uint8)
    for place, epoch in enumerate(epochs):
        path = store.file(run_id, f"reading-{epoch:03d}.npz")
        with np.load(path, allow_pickle=False) as reading:
            predicted[place] = reading["digit"]
    return Journey(epochs, predicted, labels)


@functools.cache
def of_bundled() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Training loss and accuracy (0 to 1) of the bundled network, each epoch's mean, (epochs,)."""
    with np.load(models.FOLDER / "reference-history.npz", allow_pickle=False) as history:
        return history["loss"], history["accuracy"]
