"""A data set of digits, and its split into training, validation and test images for a run."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from digitlab.config import DIGITS, RunConfig, Value
from digitlab.messages import LabError, message

Bytes = npt.NDArray[np.uint8]
Name = Literal["mnist", "sample"]

ARRAYS = ("x_train", "y_train", "x_test", "y_test")

# The ``fingerprint`` of the original MNIST, and of the sample with its fixed split.
MNIST_FINGERPRINT = "1919c1bf377eac0e6087d80bc26c0260aa6d55f78f2ade2357176534e90bba8e"
SAMPLE_FINGERPRINT = "2cae3a5eb9f6b96ece96f91d23f8401f293fc8e12c00e5723e874d3c2c649043"


@dataclass(frozen=True, eq=False)
class DigitSet:
    """Training and test images with their labels, shared by the whole process.

    Images are uint8 (N, 28, 28), 0 is background; labels are uint8 (N,), 0 to 9. The arrays are
    read-only. ``path`` is the file that a worker reads them from, ``fingerprint`` their SHA-256.
    """

    name: Name
    x_train: Bytes = field(repr=False)
    y_train: Bytes = field(repr=False)
    x_test: Bytes = field(repr=False)
    y_test: Bytes = field(repr=False)
    path: Path
    fingerprint: str

    def __post_init__(self) -> None:
        for name in ARRAYS:
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @property
    def original(self) -> bool:
        """Whether these are MNIST's images in their original order, or the lab's sample."""
        return self.fingerprint in (MNIST_FINGERPRINT, SAMPLE_FINGERPRINT)

    @property
    def chance(self) -> float:
        """The accuracy of always predicting the most frequent test label, 0 to 1."""
        return float(counts(self.y_test).max() / len(self.y_test))

    def settings(self, config: RunConfig) -> dict[str, Value]:
        """The relevant settings, with ``train_images`` limited to the images that there are."""
        used = min(config.train_images, len(self.x_train))
        return config.relevant() | {"train_images": used}

    def split(self, config: RunConfig) -> Split:
        """The images that ``config`` trains, validates and tests on.

        Raises:
            LabError: there are too few images to keep some for validation.
        """
        count = min(config.train_images, len(self.x_train))
        if config.validation != "split":
            return Split(self, count, count, config.validation == "test")
        trained = math.floor(count * (1.0 - config.validation_split))
        if not trained:
            raise LabError(
                message(
                    "{count} training images are too few to keep some for validation. Train on "
                    "more, or validate on nothing.",
                    count=count,
                )
            )
        return Split(self, trained, count, False)


@dataclass(frozen=True)
class Split:
    """The images that one run uses, as views of the set's arrays.

    The run uses the first ``count`` training images. It trains on the first ``train_count`` of them
    and validates on the rest, as Keras's ``validation_split`` does, or on the test set.
    """

    digits: DigitSet
    train_count: int
    count: int
    on_test: bool

    @property
    def train(self) -> tuple[Bytes, Bytes]:
        """Images and labels to train on."""
        return self.digits.x_train[: self.train_count], self.digits.y_train[: self.train_count]

    @property
    def validation(self) -> tuple[Bytes, Bytes]:
        """Images and labels to validate on after each epoch; empty without validation."""
        if self.on_test:
            return self.test
        kept = slice(self.train_count, self.count)
        return self.digits.x_train[kept], self.digits.y_train[kept]

    @property
    def validation_count(self) -> int:
        """The number of validation images."""
        return len(self.validation[1])

    @property
    def test(self) -> tuple[Bytes, Bytes]:
        """Images and labels of the test set."""
        return self.digits.x_test, self.digits.y_test


def one_hot(labels: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.float32]:
    """Labels (N,) as one-hot vectors, float32 (N, 10): 1 at the digit, 0 elsewhere."""
    vectors: npt.NDArray[np.float32] = np.eye(DIGITS, dtype=np.float32)[labels]
    return vectors


def counts(labels: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
    """The number of each digit among ``labels``, int64 (10,)."""
    return np.bincount(labels, minlength=DIGITS).astype(np.int64)


def fingerprint(arrays: Mapping[str, Bytes]) -> str:
    """SHA-256, as hex digits, over the four arrays' shapes and values."""
    digest = hashlib.sha256()
    for name in ARRAYS:
        digest.update(repr((name, arrays[name].shape)).encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()
