"""The paths of full MNIST and the sample in the lab's folder."""

from __future__ import annotations

from pathlib import Path

from digitlab.home import home


def mnist_file() -> Path:
    """The path of the downloaded MNIST."""
    return home() / "data" / "mnist.npz"


def sample_file() -> Path:
    """The path of the cached sample."""
    return home() / "data" / "sample.npz"
