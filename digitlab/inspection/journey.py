"""The predictions for test images after each epoch: what a network learned and forgot."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab import models
from digitlab.config import DIGITS
from digitlab.store import Run, Store

Integers = npt.NDArray[np.integer[Any]]
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Journey:
    """The predicted digits of N test samples after each epoch.

    ``epochs`` ascend, 0 is untrained. ``samples``, (N,), are ascending indices into the test set;
    ``labels``, (N,), are theirs, and ``predicted``, uint8 (epochs, N), what they are read as.
    """

    epochs: tuple[int, ...]
    samples: npt.NDArray[np.intp]
    predicted: npt.NDArray[np.uint8]
    labels: Integers

    def at(self, epoch: int) -> npt.NDArray[np.uint8]:
        """The predictions after ``epoch``, (N,)."""
        return np.asarray(self.predicted[self.epochs.index(epoch)])

    @property
    def end(self) -> npt.NDArray[np.uint8]:
        """The predictions after the last epoch, (N,)."""
        return np.asarray(self.predicted[-1])

    def of_sample(self, sample: int) -> npt.NDArray[np.uint8]:
        """What test sample ``sample``, one of ``samples``, is read as after each epoch."""
        return np.asarray(self.predicted[:, np.searchsorted(self.samples, sample)])

    def learned(self, epoch: int) -> npt.NDArray[np.intp]:
        """The samples read wrong after ``epoch`` and right at the end, ascending."""
        return self.samples[
            np.flatnonzero((self.at(epoch) != self.labels) & (self.end == self.labels))
        ]

    def forgotten(self, epoch: int) -> npt.NDArray[np.intp]:
        """The samples read right after ``epoch`` and wrong at the end, ascending."""
        return self.samples[
            np.flatnonzero((self.at(epoch) == self.labels) & (self.end != self.labels))
        ]

    def accuracy_by_digit(self) -> Shares:
        """Each digit's accuracy by epoch, 0 to 1 (epochs, 10); NaN for a digit with no samples."""
        right = self.predicted == self.labels
        shares = np.full((len(self.epochs), DIGITS), np.nan)
        for digit in np.unique(self.labels):
            shares[:, digit] = right[:, self.labels == digit].mean(axis=1)
        return shares


def of_run(store: Store, run: Run, labels: Integers) -> Journey:
    """The predictions that a run has kept, one file an epoch; there may be none yet.

    ``labels`` are those of the run's whole test set.

    Raises:
        StoreError: the run was deleted meanwhile.
    """
    samples = np.arange(len(labels))[run.tested_after_epoch]
    epochs = tuple(store.epochs_kept(run.id, "reading"))
    predicted = np.empty((len(epochs), len(samples)), np.uint8)
    for place, epoch in enumerate(epochs):
        path = store.file(run.id, f"reading-{epoch:03d}.npz")
        with np.load(path, allow_pickle=False) as reading:
            predicted[place] = reading["digit"]
    return Journey(epochs, samples, predicted, labels[samples])


@functools.cache
def of_bundled() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Training loss and accuracy (0 to 1) of the bundled network, each epoch's mean, (epochs,)."""
    with np.load(models.FOLDER / "reference-history.npz", allow_pickle=False) as history:
        return history["loss"], history["accuracy"]
