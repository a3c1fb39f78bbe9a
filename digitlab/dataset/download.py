"""Downloads full MNIST from Keras's own address, checked by its SHA-256."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from digitlab import disk
from digitlab.dataset.digits import DigitSet
from digitlab.dataset.loader import load
from digitlab.home import home
from digitlab.messages import LabError, message

# Called with the bytes downloaded so far and in all; 0 in all where that is not known.
Progress = Callable[[int, int], None]

# The address and hash in keras.datasets.mnist.
MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0


class DownloadError(LabError):
    """The server could not be reached, or sent something else than MNIST."""


def mnist_file() -> Path:
    """The path of the downloaded MNIST."""
    return home() / "data" / "mnist.npz"


def fetch(
    progress: Progress | None = None, *, url: str = MNIST_URL, sha256: str = MNIST_SHA256
) -> DigitSet:
    """Full MNIST, downloaded into the lab's folder unless it is there; the write is atomic.

    Each IP address of the server has five seconds to accept the connection.

    Raises:
        DownloadError: the server cannot be reached, breaks off or sends another file.
        StorageError: the file cannot be written.
    """
    import pooch
    import requests

    path = mnist_file()
    pooch.get_logger().setLevel("WARNING")
    bar, seconds = _Bar(progress) if progress else False, (_CONNECT_SECONDS, _READ_SECONDS)
    http = pooch.HTTPDownloader(bar, chunk_size=1 << 16, timeout=seconds)

    def download(address: str, target: str, asker: object) -> None:
        Path(target).unlink()  # pooch made it readable by its owner alone
        http(address, target, asker)

    try:
        if path.is_file() and pooch.file_hash(str(path)) == sha256:
            return load(path)
        with disk.scratch(path.parent, path.name) as folder:
            pooch.retrieve(url, f"sha256:{sha256}", path.name, folder, downloader=download)
            (folder / path.name).replace(path)
    except requests.RequestException as error:
        unreached = message(
            "MNIST could not be downloaded from {host}. Check the network, or set "
            "DIGITLAB_MNIST to an mnist.npz file.",
            host=urlsplit(url).netloc,
        )
        raise DownloadError(unreached) from error
    except ValueError as error:
        other = message(
            "The file that {host} sent is not MNIST: its SHA-256 is another one. Try again, "
            "or set DIGITLAB_MNIST to an mnist.npz file.",
            host=urlsplit(url).netloc,
        )
        raise DownloadError(other) from error
    except OSError as error:
        raise disk.refused(path, error) from error
    return load(path)


class _Bar:
    """The progress bar interface of pooch, which calls a ``Progress``."""

    def __init__(self, report: Progress) -> None:
        self._report = report
        self._done = self.total = 0

    def update(self, count: int) -> None:
        self._done += count  # pooch counts the last piece as a full one
        self._report(min(self._done, self.total or self._done), self.total)

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        pass
