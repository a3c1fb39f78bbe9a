"""The files in the lab's folder that hold full MNIST and the sample."""

from __future__ import annotations

from pathlib import Path

from digitlab.home import home


def mnist_file() -> Path:
    """Where a download is kept."""
    return home() / "data" / "mnist.npz"


def sample_file() -> Path:
    """Where the sample is kept once it was made."""
    return home() / "data" / "sample.npz"
