"""A set of digits, and which of its images a run trains on, validates on and tests on."""

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

# What ``fingerprint`` makes of the original MNIST, and of the sample with its fixed split.
MNIST_FINGERPRINT = "1919c1bf377eac0e6087d80bc26c0260aa6d55f78f2ade2357176534e90bba8e"
SAMPLE_FINGERPRINT = "2cae3a5eb9f6b96ece96f91d23f8401f293fc8e12c00e5723e874d3c2c649043"


@dataclass(frozen=True, eq=False)
class DigitSet:
    """Training and test images with their labels, held once for the whole process.

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
        """Whether these are MNIST's own images in their own order, or the lab's sample."""
        return self.fingerprint in (MNIST_FINGERPRINT, SAMPLE_FINGERPRINT)

    @property
    def chance(self) -> float:
        """The accuracy of giving every test image the most frequent answer, 0 to 1."""
        return float(counts(self.y_test).max() / len(self.y_test))

    def settings(self, config: RunConfig) -> dict[str, Value]:
        """The settings that have an effect on these images: more than there are means all."""
        used = min(config.train_images, len(self.x_train))
        return config.relevant() | {"train_images": used}

    def split(self, config: RunConfig) -> Split:
        """Which of these images ``config`` trains on, and which it validates on.

        Raises:
            LabError: there are too few images to train on some and validate on others.
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
    """The parts of a set that one run uses; views of its arrays, never copies.

    The run has the first ``count`` training images. It trains on the first ``train_count`` of
    them and validates on the rest, as ``validation_split`` of Keras does it, or on the test set.
    """

    digits: DigitSet
    train_count: int
    count: int
    on_test: bool

    @property
    def train(self) -> tuple[Bytes, Bytes]:
        """Images and labels that the weights are fitted to."""
        return self.digits.x_train[: self.train_count], self.digits.y_train[: self.train_count]

    @property
    def validation(self) -> tuple[Bytes, Bytes]:
        """Images and labels looked at after each epoch; empty without validation."""
        if self.on_test:
            return self.test
        kept = slice(self.train_count, self.count)
        return self.digits.x_train[kept], self.digits.y_train[kept]

    @property
    def validation_count(self) -> int:
        """How many images validation looks at; all of the test set's when it is on those."""
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
    """How many of each digit there are among ``labels``, int64 (10,)."""
    return np.bincount(labels, minlength=DIGITS).astype(np.int64)


def fingerprint(arrays: Mapping[str, Bytes]) -> str:
    """SHA-256, as hex digits, over the four arrays' shapes and values."""
    digest = hashlib.sha256()
    for name in ARRAYS:
        digest.update(repr((name, arrays[name].shape)).encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()
