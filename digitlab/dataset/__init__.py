"""The images of digits: full MNIST from a file or a download, or a sample that is always there.

``current`` says which set the lab uses and why. Every set is a validated ``.npz`` file, so that a
worker process can read the same images as the web process.
"""

from digitlab.dataset.bundled import sample
from digitlab.dataset.choice import Choice, Fetching, current, fetch_in_background, find, forget
from digitlab.dataset.digits import (
    MNIST_FINGERPRINT,
    SAMPLE_FINGERPRINT,
    DigitSet,
    Split,
    counts,
    fingerprint,
    one_hot,
)
from digitlab.dataset.download import MNIST_SHA256, MNIST_URL, DownloadError, Progress, fetch
from digitlab.dataset.file import DataFileError
from digitlab.dataset.loader import load, open_fingerprint

__all__ = [
    "MNIST_FINGERPRINT",
    "MNIST_SHA256",
    "MNIST_URL",
    "SAMPLE_FINGERPRINT",
    "Choice",
    "DataFileError",
    "DigitSet",
    "DownloadError",
    "Fetching",
    "Progress",
    "Split",
    "counts",
    "current",
    "fetch",
    "fetch_in_background",
    "find",
    "fingerprint",
    "forget",
    "load",
    "one_hot",
    "open_fingerprint",
    "sample",
]
