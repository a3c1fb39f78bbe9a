"""Data files, a full disk and a web server that the tests of the data set share."""

import contextlib
import dataclasses
import hashlib
import http.server
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from digitlab import dataset
from digitlab.dataset import DigitSet, Progress

Arrays = dict[str, npt.NDArray[Any]]

FULL = Path(__file__).parents[3] / "shared" / "data" / "mnist.npz"
needs_full = pytest.mark.skipif(not FULL.is_file(), reason="full MNIST is not beside the project")


def made(train: int = 30, test: int = 10, seed: int = 0) -> Arrays:
    rng = np.random.default_rng(seed)
    return {
        "x_train": rng.integers(0, 256, (train, 28, 28), np.uint8),
        "y_train": rng.integers(0, 10, train).astype(np.uint8),
        "x_test": rng.integers(0, 256, (test, 28, 28), np.uint8),
        "y_test": rng.integers(0, 10, test).astype(np.uint8),
    }


def write(path: Path, arrays: Arrays, save: Callable[..., None] = np.savez_compressed) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, **arrays)
    return path


def leftovers(lab: Path) -> list[str]:
    return sorted(path.name for path in (lab / "data").iterdir())


@dataclasses.dataclass
class Server:
    """A real web server on this machine with one file, and how it treats who asks for it."""

    body: bytes
    announced: int | None = None
    status: int = 200
    asked: int = 0
    url: str = ""
    gate: threading.Event = dataclasses.field(default_factory=threading.Event)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    def fetch(self, progress: Progress | None = None) -> DigitSet:
        """Download the file from here, as if it were MNIST."""
        return dataset.fetch(progress, url=self.url, sha256=self.sha256)

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        self.asked += 1
        self.gate.wait(5)
        request.send_response(self.status)
        length = len(self.body) if self.announced is None else self.announced
        request.send_header("Content-Length", str(length))
        request.end_headers()
        with contextlib.suppress(ConnectionError):  # who asked may have gone
            request.wfile.write(self.body)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + 5
    while not condition():
        assert time.perf_counter() < deadline, "it never happened"
        time.sleep(0.01)
