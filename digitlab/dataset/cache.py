"""The files in the lab's folder that hold full MNIST and the sample."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from digitlab.dataset.digits import Bytes
from digitlab.home import home
from digitlab.messages import LabError, message


def mnist_file() -> Path:
    """Where a download is kept."""
    return home() / "data" / "mnist.npz"


def sample_file() -> Path:
    """Where the sample is kept once it was made."""
    return home() / "data" / "sample.npz"


def write(path: Path, arrays: Mapping[str, Bytes]) -> None:
    """Write an ``.npz`` so that it is there whole or not at all, whatever ends this process.

    Raises:
        LabError: the disk is full, or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        try:
            with partial.open("wb") as stream:
                np.savez_compressed(stream, allow_pickle=False, **arrays)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path) from error


def unwritable(path: Path) -> LabError:
    """The error for a file that the disk did not take."""
    return LabError(
        message(
            "The lab cannot write {path}. Free some space, or set DIGITLAB_HOME to another folder.",
            path=str(path),
        )
    )
