"""The files in the lab's folder that hold full MNIST and the sample."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from digitlab import disk
from digitlab.dataset.digits import Bytes
from digitlab.home import home


def mnist_file() -> Path:
    """Where a download is kept."""
    return home() / "data" / "mnist.npz"


def sample_file() -> Path:
    """Where the sample is kept once it was made."""
    return home() / "data" / "sample.npz"


def write(path: Path, arrays: Mapping[str, Bytes]) -> None:
    """Write an ``.npz`` so that it is there whole or not at all, whatever ends this process.

    Raises:
        StorageError: the disk is full, or the folder cannot be written.
    """
    with disk.writing(path) as partial, partial.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)
