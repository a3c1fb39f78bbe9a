"""Measures this machine's training speed; runs as a process of its own and prints JSON."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import get_args

import numpy as np

from digitlab.config import DIGITS, IMAGE_SIZE
from digitlab.dataset import DigitSet
from digitlab.progress import BatchMetrics, NumberFormat, Pace, Report
from digitlab.training.loading import lower_priority, use_threads
from digitlab.training.speed import MEASURED, Measurement

_BATCHES = {"mlp": 300, "cnn": 6}
_SECONDS = 8.0  # a format that the processor lacks is too slow to be waited for
_SLOWEST = 1.0
_STEPS = {"mlp": 20, "cnn": 1}


def measure(threads: int) -> list[Measurement]:
    """Train each measured network for a moment in each number format with so many threads."""
    use_threads(threads)
    return [
        Measurement(network, number_format, threads, _speed(network, number_format))
        for network in MEASURED
        for number_format in get_args(NumberFormat)
    ]


def _speed(network: str, number_format: NumberFormat) -> float:
    from digitlab.training.trainer import train

    images = _BATCHES[network] * MEASURED[network].batch_size
    config = dataclasses.replace(
        MEASURED[network], epochs=1, train_images=images, validation="none", patience=0
    )
    speeds = [0.0]

    def report(progress: Report) -> None:
        if isinstance(progress, BatchMetrics):
            speeds.append(progress.images_per_second)

    deadline = time.monotonic() + _SECONDS
    pace = Pace(number_format, 0, _STEPS[network])
    train(
        config, _noise(images), report, lambda name, data: None,
        lambda: time.monotonic() > deadline, pace,
    )  # fmt: skip
    return max(speeds[-1], _SLOWEST)


def _noise(images: int) -> DigitSet:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (images, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    y = rng.integers(0, DIGITS, images).astype(np.uint8)
    return DigitSet("sample", x, y, x[:1], y[:1], path=Path(), fingerprint="")


def main() -> None:
    """Print the measurements for the number of threads on the command line."""
    lower_priority()  # of the whole process: TensorFlow has started no thread yet
    print(json.dumps([dataclasses.asdict(row) for row in measure(int(sys.argv[1]))]))


if __name__ == "__main__":
    main()
